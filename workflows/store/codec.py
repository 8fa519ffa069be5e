"""Convert records to JSON text and back."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Any, Final, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from workflows.core.batches.batch import Batch
from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.checks.partner_setup.steps import SetupStep
from workflows.core.errors.facts import Facts, text_fact
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.partners.reviewing.evidence.usage import PartnerUsage, UsageScan
from workflows.core.plans.drift import DefaultDrift
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.delegation.absence import Absence
from workflows.core.policy.delegation.profiles import KnownProfile
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.denied_notice import DeniedNotice
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.commands.partner_record import ConfirmSetup, UnconfirmSetup
from workflows.core.requests.effects import Effect, SendMessage
from workflows.core.requests.request import AccessRequest, Restored

CHECKSUM: Final = "sum"
"""The name of the member with the checksum of a stored text."""
_CHECKSUM: Final = re.compile(rf',"{CHECKSUM}":"([0-9a-f]{{16}})"\}}\Z')
STORED_NAMES: Final[Mapping[type, Mapping[str, str]]] = {
    AccessRequest: {
        "fields": "particulars",
        "previously_shown": "seen",
        "previous_fields": "seen_particulars",
        "void_decisions": "void",
        "unconfirmed_since": "unseen_since",
        "earlier_write_at": "sent_before",
    },
    Restored: {"person": "by"},
    TenantIdentity: {"typed_name": "asked"},
    DefaultDrift: {"before": "shown"},
    SetupStep: {"required_settings": "wanted"},
    Confirmation: {"step_digest": "wanted"},
    ConfirmSetup: {"step_digest": "wanted"},
    UnconfirmSetup: {"step_digest": "wanted"},
    SendMessage: {"fact": "said"},
}
"""The fields that are stored under another name: that of the version which first stored them. No other name changes."""


_BUILT_LATER: Final = (
    AccessRequest,
    Partnership,
    Drift,
    Alarm,
    UsageScan,
    PartnerUsage,
    Absence,
    DeniedNotice,
    KnownProfile,
)
"""The records that no click needs to be stored. What reads and writes them is built at first use, or before it."""


def _configure_records() -> None:
    """Tell pydantic the stored names. It reads them from an attribute of the class; the core does not import pydantic.

    NB. before the adapters below are made.
    """
    for record in {**STORED_NAMES, **dict.fromkeys(_BUILT_LATER)}:
        names = STORED_NAMES.get(record, {})
        config = ConfigDict(
            alias_generator=lambda name, names=names: names.get(name, name),
            serialize_by_alias=True,
            defer_build=record in _BUILT_LATER,
        )
        setattr(record, "__pydantic_config__", config)  # noqa: B010


_configure_records()
REQUEST: Final[TypeAdapter[AccessRequest]] = TypeAdapter(AccessRequest)
PARTNERSHIP: Final[TypeAdapter[Partnership]] = TypeAdapter(Partnership)
ALARM: Final[TypeAdapter[Alarm]] = TypeAdapter(Alarm)
DRIFT: Final[TypeAdapter[Drift]] = TypeAdapter(Drift)
PROFILE: Final[TypeAdapter[KnownProfile]] = TypeAdapter(KnownProfile)
FREEZE: Final[TypeAdapter[Freeze]] = TypeAdapter(Freeze)
BATCH: Final[TypeAdapter[Batch]] = TypeAdapter(Batch)
CAMPAIGN: Final[TypeAdapter[Campaign]] = TypeAdapter(Campaign)
ABSENCE: Final[TypeAdapter[Absence]] = TypeAdapter(Absence)
USAGE_SCAN: Final[TypeAdapter[UsageScan]] = TypeAdapter(UsageScan)
PARTNER_USAGE: Final[TypeAdapter[PartnerUsage]] = TypeAdapter(PartnerUsage)
DENIED_NOTICE: Final[TypeAdapter[DeniedNotice]] = TypeAdapter(DeniedNotice)
EFFECT: Final[TypeAdapter[Effect]] = TypeAdapter(Annotated[Effect, Field(discriminator="kind")])
FACTS: Final[TypeAdapter[Facts]] = TypeAdapter(Facts)
DETAILS: Final[TypeAdapter[dict[str, Any]]] = TypeAdapter(dict[str, Any])

_ADAPTERS: Final[tuple[TypeAdapter[Any], ...]] = (
    REQUEST,
    PARTNERSHIP,
    ALARM,
    DRIFT,
    USAGE_SCAN,
    PARTNER_USAGE,
    ABSENCE,
    DENIED_NOTICE,
    PROFILE,
)

_MAX_REMEMBERED: Final = 64
"""How many records are remembered by their text: more than are prepared or recorded at the same time."""
_MAX_BATCHES_REMEMBERED: Final = 2
"""How many batches are: each may have a thousand rows, and the text changes with every one of them."""

Record = TypeVar("Record")


def build_adapters() -> None:
    """Build what reads and writes records, so that nobody waits for it later."""
    for adapter in _ADAPTERS:
        adapter.rebuild()


def dump(adapter: TypeAdapter[Record], value: Record) -> str:
    """Return a record as JSON text with all its fields. Durations and times are ISO 8601."""
    return adapter.dump_json(value).decode()


def with_checksum(text: str) -> str:
    """Return a JSON object with a checksum of its text as the last member.

    SQLite notices damaged pages, but not a changed byte in a text. Whatever rewrites the text removes `CHECKSUM`.
    """
    return f'{text[:-1]},"{CHECKSUM}":"{_sum_of(text)}"}}'


def _sum_of(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def load(adapter: TypeAdapter[Record], text: str) -> Record:
    """Read a record from its JSON text.

    :raises pydantic.ValidationError: when the text is not a record of this kind, or not as it was written.
    """
    found = _CHECKSUM.search(text)
    if found is None:
        return adapter.validate_json(text)
    body = f"{text[: found.start()]}}}"
    if _sum_of(body) != found[1]:
        wrong = InitErrorDetails(type=PydanticCustomError("checksum", "is not as it was written"), input="")
        raise ValidationError.from_exception_data("record", [wrong], hide_input=True)
    return adapter.validate_json(body)


def load_shared(adapter: TypeAdapter[Record], text: str) -> Record:
    """Read a record from its JSON text; the same object again for the same text, if it was one of the last few.

    While a request is shown or decided, it is read many times and seldom changes. What is computed once for an object
    (`computed_once`) is not computed again then.

    NB. only for records, which nothing changes. The text is always that of the store, so no record is out of date.

    :raises pydantic.ValidationError: as `load`.
    """
    read: Callable[[TypeAdapter[Record], str], Record] = _load_batch if adapter is BATCH else _load_remembered
    return read(adapter, text)


@lru_cache(maxsize=_MAX_REMEMBERED)
def _load_remembered(adapter: TypeAdapter[Any], text: str) -> Any:
    return load(adapter, text)


@lru_cache(maxsize=_MAX_BATCHES_REMEMBERED)
def _load_batch(adapter: TypeAdapter[Any], text: str) -> Any:
    return load(adapter, text)


def stored_facts(text: str) -> Facts:
    """Read the facts that say why an effect waits or was given up; empty when none are stored.

    Earlier versions stored a sentence instead of facts. It is returned as one fact.
    """
    try:
        return load(FACTS, text) if text else ()
    except ValidationError:
        return (text_fact(text),)

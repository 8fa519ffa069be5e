"""What stands for a partner now, setting by setting, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from workflows.core.canonical import JsonObject
from workflows.core.errors import UnreadableSetting
from workflows.core.partner import B2B_PROPERTIES, IDENTITY_SYNCHRONIZATION, Property, parse_setting
from workflows.core.setting_words import (
    TITLES,
    flags_of,
    redemption_words,
    setting_words,
    strangers,
    synchronization_words,
    title,
    trust_words,
    unreadable,
)

DEFAULT_UNREAD: Final = "the default could not be read"
DEFAULT_UNSET: Final = "not set in the default either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One setting of a partner as it stands now. `words` may hold text from the tenant."""

    setting: str
    words: str
    is_own: bool
    """Set for this partner."""
    inherits: bool
    """Not set for this partner; `words` are what the tenant's default says."""


def describe_standing(configuration: JsonObject | None, default: JsonObject | None) -> tuple[Standing, ...]:
    """Say what every setting of a partner is now, and whether it is its own or the tenant's default.

    :param configuration: the partner's own document; None when it has none, so that the defaults apply to it.
    :param default: the tenant's default document; None when it could not be read.
    """
    own = configuration or {}
    return tuple(standing for name in TITLES for standing in _standings(name, own, default))


def unmanaged(configuration: JsonObject | None) -> tuple[str, ...]:
    """Name what else is set for the partner that Gatehouse neither reads nor writes, in Graph's words."""
    known = {*TITLES, "tenantId"}
    return tuple(
        sorted(
            name
            for name, value in (configuration or {}).items()
            if name not in known and "@" not in name and value not in (None, {}, False)
        )
    )


def _standings(name: str, own: JsonObject, default: JsonObject | None) -> Iterator[Standing]:
    document = own.get(name)
    if name == IDENTITY_SYNCHRONIZATION:
        # There is no default for it: a partner without a synchronization policy cannot synchronize.
        yield _standing(title(name), synchronization_words(document), document)
        return
    if name in B2B_PROPERTIES:
        words = _default_words(name, default) if document is None else setting_words(name, document)
        yield _standing(title(name), words, document, can_inherit=True)
    else:
        yield from _flag_standings(Property(name), document, default)
    if others := strangers(name, document):
        yield _standing(f"{title(name)}, other values", unreadable(others), others)


def _flag_standings(name: Property, document: object, default: JsonObject | None) -> Iterator[Standing]:
    try:
        setting = parse_setting(name, document)
    except UnreadableSetting:
        yield _standing(title(name), unreadable(document), document)
        return
    for key, label, flag in flags_of(name, setting):
        if name is Property.AUTOMATIC_REDEMPTION:
            # Its default is false for every tenant, so unset says it all.
            yield _standing(label, redemption_words(key, flag), flag)
        else:
            words = _default_trust_words(key, default) if flag is None else trust_words(flag)
            yield _standing(label, words, flag, can_inherit=True)


def _standing(setting: str, words: str, own: object, *, can_inherit: bool = False) -> Standing:
    return Standing(setting=setting, words=words, is_own=own is not None, inherits=can_inherit and own is None)


def _default_words(name: str, default: JsonObject | None) -> str:
    if default is None:
        return DEFAULT_UNREAD
    document = default.get(name)
    return DEFAULT_UNSET if document is None else setting_words(name, document)


def _default_trust_words(key: str, default: JsonObject | None) -> str:
    if default is None:
        return DEFAULT_UNREAD
    document = default.get(Property.INBOUND_TRUST)
    try:
        flag = getattr(parse_setting(Property.INBOUND_TRUST, document), key, None)
    except UnreadableSetting:
        return unreadable(document)
    return DEFAULT_UNSET if flag is None else trust_words(flag)

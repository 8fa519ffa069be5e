"""Convert records to JSON text and back."""

from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from workflows.core.errors.facts import Facts, text_fact
from workflows.core.partners.partnership import Partnership
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import Effect
from workflows.core.requests.request import AccessRequest

REQUEST: Final[TypeAdapter[AccessRequest]] = TypeAdapter(AccessRequest)
PARTNERSHIP: Final[TypeAdapter[Partnership]] = TypeAdapter(Partnership)
ALARM: Final[TypeAdapter[Alarm]] = TypeAdapter(Alarm)
EFFECT: Final[TypeAdapter[Effect]] = TypeAdapter(Annotated[Effect, Field(discriminator="kind")])
FACTS: Final[TypeAdapter[Facts]] = TypeAdapter(Facts)
DETAILS: Final[TypeAdapter[dict[str, Any]]] = TypeAdapter(dict[str, Any])

Record = TypeVar("Record")


def dump(adapter: TypeAdapter[Record], value: Record) -> str:
    """Return a record as JSON text with all its fields. Durations and times are ISO 8601."""
    return adapter.dump_json(value).decode()


def load(adapter: TypeAdapter[Record], text: str) -> Record:
    """Read a record from its JSON text.

    :raises pydantic.ValidationError: when the text is not a record of this kind.
    """
    return adapter.validate_json(text)


def stored_facts(text: str) -> Facts:
    """Read the stored facts why an effect waits or was given up; empty when nothing is stored.

    In a store of an earlier version this is another text, which is returned as one fact.
    """
    try:
        return load(FACTS, text) if text else ()
    except ValidationError:
        return (text_fact(text),)

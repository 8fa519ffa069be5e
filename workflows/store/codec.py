"""Convert records to JSON and back. No other module knows how frozen dataclasses are written."""

from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, TypeAdapter

from workflows.core.partners.partnership import Partnership
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import Effect
from workflows.core.requests.request import AccessRequest

REQUEST: Final[TypeAdapter[AccessRequest]] = TypeAdapter(AccessRequest)
PARTNERSHIP: Final[TypeAdapter[Partnership]] = TypeAdapter(Partnership)
ALARM: Final[TypeAdapter[Alarm]] = TypeAdapter(Alarm)
EFFECT: Final[TypeAdapter[Effect]] = TypeAdapter(Annotated[Effect, Field(discriminator="kind")])
DETAILS: Final[TypeAdapter[dict[str, Any]]] = TypeAdapter(dict[str, Any])

Record = TypeVar("Record")


def dump(adapter: TypeAdapter[Record], value: Record) -> str:
    """Return a record as JSON text. Durations are ISO 8601, times are UTC, no field is left out."""
    return adapter.dump_json(value).decode()


def load(adapter: TypeAdapter[Record], text: str) -> Record:
    """Read a record from its JSON text.

    :raises pydantic.ValidationError: when the text is no such record; nothing is guessed.
    """
    return adapter.validate_json(text)

"""Facts: a code with values, from which `bot/words` makes a sentence."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Values = Mapping[str, Any]
"""The named values of a fact: values that JSON can contain (text, numbers, true, false, null, lists, objects)."""

TEXT: Final = "text"
"""The code of a fact that contains a text: from another system, or stored by an earlier version. Values: `text`."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A code with values. It contains no sentence of Gatehouse."""

    code: str
    """A member of one of the enumerations of codes. It is stored, so it is never renamed without a migration."""
    values: Values = field(default_factory=dict)
    """The values of the code. They may contain text from outside."""

    def __hash__(self) -> int:
        """Hash only the code, because values may be lists. Equal facts have equal codes."""
        return hash(self.code)

    def __str__(self) -> str:
        """Return code and values for a log line; only the text when the code is `TEXT`."""
        if self.code == TEXT:
            return str(self.values.get("text", ""))
        return " ".join([str(self.code), *(f"{name}={value}" for name, value in self.values.items())])

    def as_value(self) -> dict[str, Any]:
        """Return the fact as a JSON value; `fact_from_value` reads it again."""
        return {"code": str(self.code), "values": dict(self.values)}


def fact_from_value(value: Mapping[str, Any]) -> Fact:
    """Read a fact from the JSON value that `Fact.as_value` made."""
    return Fact(str(value.get("code", "")), value.get("values") or {})


Facts = tuple[Fact, ...]
"""Several facts, shown in this order."""


def text_fact(text: str) -> Fact:
    """Return a fact that contains a text from another system."""
    return Fact(TEXT, {"text": text})


def as_values(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Return facts as JSON values; `facts_from_values` reads them again."""
    return [fact.as_value() for fact in facts]


def facts_from_values(values: Iterable[Mapping[str, Any]]) -> Facts:
    """Read facts from the JSON values that `as_values` made."""
    return tuple(map(fact_from_value, values))


def log_text(facts: Iterable[Fact]) -> str:
    """Return facts as text for one log line."""
    return " ".join(map(str, facts))


def redact_value(value: Any, redact: Callable[[str], str]) -> Any:
    """Remove secrets from every text in a JSON value; the names in its objects stay."""
    match value:
        case str():
            return redact(value)
        case Mapping():
            return {name: redact_value(inside, redact) for name, inside in value.items()}
        case list() | tuple():
            return [redact_value(inside, redact) for inside in value]
        case _:
            return value

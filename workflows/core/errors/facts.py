"""Facts: what the domain has to say, as codes and values. Each surface has one place for words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Values = Mapping[str, Any]
"""Named values of a fact, as JSON can hold them: text, numbers, true, false, null, lists, objects."""

TEXT: Final = "text"
"""The code of a fact that is a text already: from outside, or stored by an earlier version. Values: `text`."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. It contains no sentence."""

    code: str
    """A member of the enumeration of its subject. It is stored, so it is never renamed without a migration."""
    values: Values = field(default_factory=dict)
    """The values for its sentence. They may contain text from outside."""

    def __hash__(self) -> int:
        """Hash the code only, because values may be lists; facts that are equal have equal codes."""
        return hash(self.code)

    def __str__(self) -> str:
        """Return code and values for a log line; a text from outside as it is."""
        if self.code == TEXT:
            return str(self.values.get("text", ""))
        return " ".join([str(self.code), *(f"{name}={value}" for name, value in self.values.items())])

    def as_value(self) -> dict[str, Any]:
        """Return the fact as a value of another fact, or of an audit entry; see `fact_in`."""
        return {"code": str(self.code), "values": dict(self.values)}


def fact_in(value: Mapping[str, Any]) -> Fact:
    """Return the fact that `Fact.as_value` made a value of."""
    return Fact(str(value.get("code", "")), value.get("values") or {})


Facts = tuple[Fact, ...]
"""Facts that are told one after the other."""


def text_fact(text: str) -> Fact:
    """Return a fact that repeats text from outside."""
    return Fact(TEXT, {"text": text})


def as_values(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Return facts as a value of another fact, or of an alarm or an audit entry."""
    return [fact.as_value() for fact in facts]


def from_values(values: Iterable[Mapping[str, Any]]) -> Facts:
    """Return the facts in the value of another fact."""
    return tuple(map(fact_in, values))


def log_text(facts: Iterable[Fact]) -> str:
    """Return facts for a log line: codes and values; text from outside as it is."""
    return " ".join(map(str, facts))

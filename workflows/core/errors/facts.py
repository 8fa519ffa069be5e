"""Facts: what the domain has to say, as codes and values. Each surface has one place for words."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Values = Mapping[str, Any]
"""Named values of a fact, as JSON can hold them: text, numbers, true, false, null, lists, objects."""

TEXT: Final = "text"
"""The code of a fact that is a text already: from outside, or stored by an earlier version. Values: `text`."""

_MARKED: Final = re.compile(r"‹([a-z][a-z0-9_]*)(?: (\{[^‹›]*\}))?›")


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
        """Return code and values between marks: for logs, and for a stored text whose words a surface puts in.

        JSON writes every such mark inside a value as an escape.
        """
        if self.code == TEXT:
            return str(self.values.get("text", ""))
        return f"‹{self.code} {json.dumps(self.values, default=str)}›" if self.values else f"‹{self.code}›"

    def as_value(self) -> dict[str, Any]:
        """Return the fact as a value of another fact, or of an audit entry; see `fact_in`."""
        return {"code": str(self.code), "values": dict(self.values)}


def fact_in(value: Mapping[str, Any]) -> Fact:
    """Return the fact that `Fact.as_value` made a value of."""
    return Fact(str(value.get("code", "")), value.get("values") or {})


def with_facts_replaced(text: str, words: Callable[[Fact], str | None]) -> str:
    """Replace each marked fact in a text by its words.

    :param words: None for a fact that it does not know; that text is kept.
    """

    def replaced(found: re.Match[str]) -> str:
        try:
            values = json.loads(found[2]) if found[2] else {}
        except (ValueError, RecursionError):
            return found[0]
        said = words(Fact(found[1], values))
        return found[0] if said is None else said

    return _MARKED.sub(replaced, text)

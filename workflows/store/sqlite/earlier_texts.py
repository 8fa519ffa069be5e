"""Convert texts that earlier versions stored, with marks in them, to facts.

A boundary to the stored texts of those versions. A mark was a text between ‹ and ›. It was a fact (its code, and its
values as JSON) or the name of an action. It was replaced by words when the text was shown.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_MARKED: Final = re.compile(r"‹([a-z][a-z0-9_]*)(?: (\{[^‹›]*\}))?›")


@dataclass(frozen=True, slots=True)
class EarlierTexts:
    """Converts texts with marks of earlier versions."""

    actions: Mapping[str, str]
    """The text that replaces the mark of an action, by the name of the action."""

    def facts_of_text(self, text: str) -> list[dict[str, Any]]:
        """Return a text as facts: the marked facts, and the texts between them."""
        facts: list[dict[str, Any]] = []
        start = 0
        for match in _MARKED.finditer(text):
            try:
                values = json.loads(match[2]) if match[2] else {}
            except (ValueError, RecursionError):
                continue  # it only looks like a mark
            facts += [*self._plain(text[start : match.start()]), {"code": match[1], "values": values}]
            start = match.end()
        return [*facts, *self._plain(text[start:])]

    def with_facts(self, value: Any) -> Any:
        """Return a JSON value in which every text fact with marks is replaced by the marked facts.

        Texts that people typed, and answers of the tenant, are not changed.
        """
        if isinstance(value, list):
            each = (self._convert(item) if _is_text(item) else [self.with_facts(item)] for item in value)
            return [inside for items in each for inside in items]
        if not isinstance(value, dict):
            return value
        if _is_finding(value):
            return {**value, "values": {**value["values"], "text": self._with_actions(value["values"]["text"])}}
        return {
            name: self._as_one(inside) if _is_text(inside) else self.with_facts(inside)
            for name, inside in value.items()
        }

    def _convert(self, fact: dict[str, Any]) -> list[dict[str, Any]]:
        return self.facts_of_text(fact["values"]["text"]) or [fact]

    def _as_one(self, fact: dict[str, Any]) -> dict[str, Any]:
        """Return a fact with marks as one fact. When there are several facts in it, the result contains all of them."""
        facts = self._convert(fact)
        return facts[0] if len(facts) == 1 and _is_text(facts[0]) else _together(facts)

    def _plain(self, text: str) -> list[dict[str, Any]]:
        stripped = self._with_actions(text).strip()
        return [{"code": "text", "values": {"text": stripped}}] if stripped else []

    def _with_actions(self, text: str) -> str:
        for action, shown in self.actions.items():
            text = text.replace(f"‹{action}›", shown)
        return text


def _together(facts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"code": "refused", "values": {"reasons": facts}}


def _is_text(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"code", "values"} and value["code"] == "text" and _has(value)


def _is_finding(value: dict[str, Any]) -> bool:
    return "severity" in value and "source" in value and _has(value)


def _has(value: dict[str, Any]) -> bool:
    values = value.get("values")
    return isinstance(values, dict) and isinstance(values.get("text"), str)

"""The results of the writes that Graph may refuse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from workflows.core.plans.plan import Operation
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.described import undescribed
from workflows.core.settings.documents import is_same_value, says_nothing
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION
from workflows.core.settings.openness_words import way_title


class NotTaken(StrEnum):
    """Why a write that Graph may refuse did not take effect."""

    ANSWERED = "answered"
    """`reason` contains what was answered. Records of earlier versions have this only."""
    NO_ANSWER = "no_answer"
    """Graph did not answer in time."""
    NOT_SHOWN = "not_shown"
    """Graph accepted it and does not show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedWrite:
    """A write that Graph was allowed to refuse and that did not take effect: by Graph's names, and why."""

    names: tuple[str, ...]
    because: NotTaken = NotTaken.ANSWERED
    reason: str = ""
    """What was answered, in complete sentences; empty when there was no answer."""

    @property
    def details(self) -> dict[str, Any]:
        """Return what the audit log keeps of it."""
        why = {"reason": self.reason} if self.because is NotTaken.ANSWERED else {"because": self.because.value}
        return {"names": list(self.names), **why}


def shows(operation: Operation, image: JsonObject) -> bool:
    """Return whether a configuration shows everything that an operation writes. A member set to null must be empty."""
    return all(_shows(value, image.get(name)) for name, value in _body(operation).items())


def written_names(operation: Operation) -> tuple[str, ...]:
    """Return the names that a refusable operation is about.

    For a setting written together with a member, this is only the member.
    """
    body = _body(operation)
    return tuple(".".join(path) for path in undescribed(body)) or tuple(body)


def _body(operation: Operation) -> JsonObject:
    is_synchronization = operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}")
    return {IDENTITY_SYNCHRONIZATION: operation.body} if is_synchronization else operation.body


def _shows(wanted: Any, shown: Any) -> bool:
    if wanted is None:
        return says_nothing(shown)
    if isinstance(wanted, Mapping) and isinstance(shown, Mapping):
        return all(_shows(value, shown.get(name)) for name, value in wanted.items())
    return is_same_value(wanted, shown)


_REASONS: Final[Mapping[NotTaken, str]] = {
    NotTaken.ANSWERED: "",
    NotTaken.NO_ANSWER: "Microsoft Graph did not answer in time.",
    NotTaken.NOT_SHOWN: "Microsoft Graph accepted it and does not show it.",
}


def reason_words(one: RefusedWrite) -> str:
    """State why a write did not take effect."""
    return _REASONS[one.because] or one.reason


def not_taken_words(refused: Iterable[RefusedWrite]) -> str:
    """State which refusable writes did not take effect, and why."""
    return " ".join(
        f"Not taken: {'; '.join(map(way_title, one.names))}. {reason_words(one)}".strip() for one in refused
    )

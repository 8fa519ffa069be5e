"""What people said about whether an access works, from the audit entries of its request. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workflows.core.partners.history.outside_changes import RecordedEntry

_ANSWERED: Final = "answer_access_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOutcome:
    """One answer to the question whether the access works. It is what a person said; nothing was checked."""

    at: datetime
    chat_id: str
    name: str
    """The recorded name of who said it."""
    outcome: str
    """See `AccessOutcome`; the stored value."""
    what: str
    """What happened, in their words; empty unless it does not work, as the others are."""
    address: str
    application: str
    code: str


def said_outcomes(entries: Iterable[RecordedEntry]) -> Iterator[SaidOutcome]:
    """Return the answers among the accepted entries of a request, oldest first."""
    for entry in entries:
        if entry.command == _ANSWERED:
            yield SaidOutcome(
                at=entry.at,
                chat_id=entry.actor,
                name=_text(entry, "person"),
                outcome=_text(entry, "outcome"),
                what=_text(entry, "what"),
                address=_text(entry, "address"),
                application=_text(entry, "application"),
                code=_text(entry, "code"),
            )


def _text(entry: RecordedEntry, name: str) -> str:
    value = entry.details.get(name)
    return value if isinstance(value, str) else ""

"""The hand-overs of a partner's sponsor while a request's access was in force, from the audit entries. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workflows.core.partners.history.outside_changes import ACCEPTED, RecordedEntry

_PROPOSED: Final = "propose_sponsor"
HANDOVER_COMMANDS: Final = (
    _PROPOSED,
    "accept_sponsorship",
    "decline_sponsorship",
    "withdraw_sponsorship",
    "expire_handover",
    "record_sponsor_gone",
    "record_sponsor_found",
)
"""The stored names of the steps that are told; a reminder changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverStep:
    """One step: who did what, and when."""

    at: datetime
    command: str
    """The stored name of the step."""
    chat_id: str
    """Who did it."""
    name: str
    """The recorded name; empty when none was recorded."""
    proposed: str = ""
    """The name of the person who was asked; only for a proposal."""


def handover_steps(
    entries: Iterable[RecordedEntry], *, since: datetime | None, until: datetime | None, names: Mapping[str, str]
) -> Iterator[HandoverStep]:
    """Return the steps between two times, oldest first; none when nothing was written.

    :param since: when the request's result was read back.
    :param until: when a later request replaced it; None when none did.
    :param names: recorded names of people, by chat id. Who was proposed is known from the proposal too.
    """
    if since is None:
        return
    by_account: dict[str, str] = {}
    for entry in entries:
        proposed = _text(entry, "proposed")
        if proposed and (account := _text(entry, "proposed_account")):
            by_account[account] = proposed
        if entry.outcome == ACCEPTED and since <= entry.at and (until is None or entry.at < until):
            name = names.get(entry.actor) or by_account.get(entry.account or "", "")
            yield HandoverStep(at=entry.at, command=entry.command, chat_id=entry.actor, name=name, proposed=proposed)


def _text(entry: RecordedEntry, name: str) -> str:
    value = entry.details.get(name)
    return value if isinstance(value, str) else ""

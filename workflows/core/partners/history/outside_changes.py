"""The changes of a partner by others, from the audit entries: around a write, and found by a sweep."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from workflows.core.plans.drift import SettingDrift

ACCEPTED: Final = "accepted"
_OVERWRITTEN: Final = "record_overwritten"
_END_DRIFT: Final = "end_drift"
FOUND_IN_LOG: Final = "find_own_write"
"""The stored name of the audit entry with Entra's correlation ids of a request's writes. Details: `writes`, each with
`path`, `client_request_id`, `correlation_id`, `entra_entry` and `entra_at`."""
DRIFT_COMMANDS: Final = ("record_drift", "record_drift_author", "accept_drift", "ask_drift_again", _END_DRIFT)
"""The stored names of the entries about what a sweep found. They belong to a partner and to no request."""


class RecordedEntry(Protocol):
    """What is read of an audit entry."""

    @property
    def at(self) -> datetime:
        """Return when it was recorded."""

    @property
    def actor(self) -> str:
        """Return the chat id of the person, or another actor's name."""

    @property
    def account(self) -> str | None:
        """Return the actor's account, when it was known."""

    @property
    def command(self) -> str:
        """Return the stored name of the command."""

    @property
    def outcome(self) -> str:
        """Return `accepted`, `received`, or the code of a refusal."""

    @property
    def details(self) -> Mapping[str, Any]:
        """Return what the command recorded."""

    @property
    def is_readable(self) -> bool:
        """Return whether its details can be read. Otherwise they are empty here."""


class OutsideChangeKind(StrEnum):
    """When somebody else changed the partner.

    Before the plan was written, so that it was not; after it was sent; or after it was verified, found by a sweep.
    """

    BEFORE_WRITE = "before_write"
    AFTER_WRITE = "after_write"
    FOUND_BY_SWEEP = "found_by_sweep"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAcceptance:
    """An admin accepted what a sweep found until a date, and said why."""

    name: str
    account: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDrift:
    """What the audit entries say of one finding of the sweeps."""

    code: str
    """The code of the concern, a value of `ConcernCode`."""
    opens: bool
    """Whether there may be more access than was approved."""
    author: str = ""
    """Who made the change, from Entra's audit log; empty when the log names nobody."""
    author_state: str = "pending"
    """Whether the author is known, a value of `AuthorState`."""
    author_at: datetime | None = None
    """When the change was made, from the same log."""
    acceptances: tuple[RecordedAcceptance, ...] = ()
    ended_at: datetime | None = None
    """When it was over: a sweep found the partner as approved again, or different in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideChange:
    """A change by somebody else that Gatehouse found."""

    at: datetime
    """When it was found."""
    kind: OutsideChangeKind
    settings: tuple[str, ...]
    """Graph's names of the changed settings; empty when they are not known."""
    drift: RecordedDrift | None = None
    """What a sweep found; None for a change around a write."""

    @property
    def is_open(self) -> bool:
        """Return whether a sweep found it, and none found since that it is over."""
        return self.drift is not None and self.drift.ended_at is None


def changes_around_writes(entries: Iterable[RecordedEntry]) -> Iterator[OutsideChange]:
    """Return the changes by others that a request met before and after its write.

    :param entries: the accepted entries of the request.
    """
    for entry in entries:
        drift = entry.details.get("drift")
        if entry.command == _OVERWRITTEN:
            yield OutsideChange(at=entry.at, kind=OutsideChangeKind.AFTER_WRITE, settings=())
        elif isinstance(drift, Mapping):
            yield OutsideChange(at=entry.at, kind=OutsideChangeKind.BEFORE_WRITE, settings=tuple(_drifted(drift)))


def changes_found_by_sweeps(
    entries: Iterable[RecordedEntry], since: datetime | None, until: datetime | None, swept_at: datetime | None = None
) -> Sequence[OutsideChange]:
    """Return what sweeps found about a partner while the result of one request stood, oldest first.

    A finding of before counts too when a complete sweep after the read-back did not end it: the partner is so again.

    :param entries: the entries of the partner with one of `DRIFT_COMMANDS`, oldest first.
    :param since: when the result was read back; None when there is no result: nothing is returned.
    :param until: when a later request replaced it; None when it still stands.
    :param swept_at: when the last complete sweep began; None when there was none.
    """
    if since is None:
        return ()
    is_swept_since = until is None and swept_at is not None and since <= swept_at
    found: list[OutsideChange] = []
    for entry in entries:
        found_at = _time(entry.details.get("found_at"))
        if entry.outcome != ACCEPTED or found_at is None:
            continue
        last = found.pop() if found else None
        if last is None or last.drift is None or last.at != found_at:
            found += [] if last is None else [_over(last, entry.at)]
            found.append(_found(entry, found_at))
        else:
            found.append(replace(last, drift=_with_entry(last.drift, entry)))
    return [
        one
        for one in found
        if (since <= one.at and (until is None or one.at < until)) or (one.is_open and is_swept_since)
    ]


def _found(entry: RecordedEntry, found_at: datetime) -> OutsideChange:
    names = entry.details.get("settings")
    drift = RecordedDrift(code=str(entry.details.get("drift")), opens=bool(entry.details.get("opens")))
    return OutsideChange(
        at=found_at,
        kind=OutsideChangeKind.FOUND_BY_SWEEP,
        settings=tuple(map(str, names)) if isinstance(names, list | tuple) else (),
        drift=_with_entry(drift, entry),
    )


def _with_entry(drift: RecordedDrift, entry: RecordedEntry) -> RecordedDrift:
    """Return the finding with what a later entry says: who made it, who accepted it, and that it is over."""
    return replace(
        drift,
        author=str(entry.details.get("author") or ""),
        author_state=str(entry.details.get("author_state") or drift.author_state),
        author_at=_time(entry.details.get("author_at")),
        # NB. an ended finding has none any more; who had accepted it is still part of the story.
        acceptances=tuple(_acceptances(entry.details.get("acceptances"))) or drift.acceptances,
        ended_at=entry.at if entry.command == _END_DRIFT else drift.ended_at,
    )


def _over(change: OutsideChange, at: datetime) -> OutsideChange:
    if change.drift is None or change.drift.ended_at is not None:
        return change
    return replace(change, drift=replace(change.drift, ended_at=at))


def _acceptances(stored: Any) -> Iterator[RecordedAcceptance]:
    for row in _rows(stored):
        if (until := _time(row.get("until"))) is not None:
            yield RecordedAcceptance(
                name=str(row.get("name") or ""),
                account=str(row.get("account") or ""),
                until=until,
                reason=str(row.get("reason") or ""),
            )


def _drifted(drift: Mapping[str, Any]) -> Iterator[str]:
    """Return the names of the settings that somebody else changed, of a stored drift."""
    for row in _rows(drift.get("settings")):
        was, to, now = (row.get(name) for name in ("approved_from", "approved_to", "now"))
        one = SettingDrift(name=str(row.get("name")), approved_from=was, approved_to=to, now=now)
        if one.is_outside_change:
            yield one.name
    yield from (str(row.get("name")) for row in _rows(drift.get("defaults")))


def _rows(stored: Any) -> Iterator[Mapping[str, Any]]:
    return (row for row in stored if isinstance(row, Mapping)) if isinstance(stored, list | tuple) else iter(())


def _time(stored: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(stored) if isinstance(stored, str) and stored else None
    except ValueError:
        return None

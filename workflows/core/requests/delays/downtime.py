"""Gaps in which the bot did not run. After a gap, the database may be an older backup.

A request that was approved before the gap may have been applied and revoked in it. A restored database does not show
that. So a plan that opens access is written only when Entra's audit log shows no change of the partner since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.people import is_chat_user
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import MessageCode, SendMessage
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.transition import partner_of, senders_of

MAX_PAUSE_WITHOUT_GAP: Final = timedelta(minutes=15)
"""A shorter pause does not count as a gap."""
BEFORE_A_TICK: Final = timedelta(minutes=1)
"""A gap between two ticks is assumed to end this long before the second tick."""
AUDIT_KEPT_FOR: Final = timedelta(days=7)
"""Entra keeps its audit log for 30 days, and for 7 without a P1 licence ("Microsoft Entra data retention")."""

LOG_WRITTEN_WITHIN: Final = timedelta(minutes=15)
"""Entra writes its audit log some minutes late. It is complete up to this long ago."""

STARTS_WAIT_FOR: Final = LOG_WRITTEN_WITHIN
"""How long after a gap no access starts. The gap may be a clock that jumped, and the audit log is complete then."""

GAPS_KEPT_FOR: Final = timedelta(days=100)
"""How long gaps are kept. An access starts 90 days after its request at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A period in which the bot may not have run."""

    since: datetime | None
    """The last tick in the database; None when there is none."""
    until: datetime
    """When the bot ran again."""


def gap_at_start(last_tick: datetime | None, *, has_records: bool, now: datetime) -> Gap | None:
    """Return the gap before a start; None when there is none. A database without records has no gap."""
    if last_tick is None:
        return Gap(since=None, until=now) if has_records else None
    return Gap(since=last_tick, until=now) if now - last_tick > MAX_PAUSE_WITHOUT_GAP else None


def gap_at_tick(last_tick: datetime | None, *, now: datetime) -> Gap | None:
    """Return the gap between two ticks of one process; None when there is none.

    The cause is a machine that was suspended, or restored from a snapshot. The gap ends shortly before this tick, so
    that later decisions count as made after it.
    """
    if last_tick is None or now - last_tick <= MAX_PAUSE_WITHOUT_GAP:
        return None
    return Gap(since=last_tick, until=now - BEFORE_A_TICK)


def known_gaps(gaps: Sequence[Gap], now: datetime) -> tuple[Gap, ...]:
    """Return the gaps that still count: those of the last weeks.

    A gap that ends later than now is left out: the clock was set back, so that time was no downtime.
    """
    return tuple(gap for gap in gaps if now - GAPS_KEPT_FOR < gap.until <= now)


def gaps_until(gaps: Sequence[Gap], now: datetime) -> tuple[Gap, ...]:
    """Return the gaps after the clock was set back to now: what is left of each of them before now.

    What comes later was no downtime: it is still to come. Before now, the bot did not run all the same.
    """
    begun = (gap for gap in gaps if gap.since is None or gap.since < now)
    return tuple(Gap(since=gap.since, until=min(gap.until, now)) for gap in begun)


def must_starts_wait(gaps: Sequence[Gap], now: datetime) -> bool:
    """Return whether no access may start now, because a gap ended a short time ago."""
    return any(gap.until <= now < gap.until + STARTS_WAIT_FOR for gap in gaps)


def has_run_for(duration: timedelta, since: datetime, gaps: Sequence[Gap]) -> datetime:
    """Return when the bot has run for `duration` since a moment. Gaps do not count."""
    reached = since + duration
    for gap in sorted(gaps, key=lambda each_gap: each_gap.until):
        began = since if gap.since is None else max(gap.since, since)
        if began < min(gap.until, reached):
            reached += gap.until - began
    return reached


def time_of_oldest_read(request: AccessRequest, gap: Gap | None) -> datetime | None:
    """Return since when a partner must be unchanged, so that the request may be written; None: no check is needed.

    Closing needs no check. Neither does a request whose decisions were all made after the gap, on the current settings.
    Otherwise it is the earliest of these times: the read of the partner, the first decision, the start of the gap. Who
    undoes a disabling of guest accounts decides alone, by confirming what was read for it.
    """
    if gap is None or request.fields.kind is RequestKind.REVOCATION:
        return None
    decided = _decided_at(request)
    if decided >= gap.until:
        return None
    moments = [decided, gap.since]
    if request.prepared is not None:
        moments.append(request.prepared.observation.at)
    return min(moment for moment in moments if moment is not None)


def gaps_began_at(request: AccessRequest, gaps: Sequence[Gap], *, checked_until: datetime | None) -> datetime | None:
    """Return when the first gap began that matters for an approved request which waits for its start.

    Up to a gap the records are complete. So what may have happened in the tenant unseen happened since then.

    :param checked_until: the end of the last gap after which Entra's audit log showed no change; None when there is
        none.
    :returns: None when no gap matters, or when it is not known when one began.
    """
    decided = _decided_at(request)
    known_until = decided if checked_until is None else max(decided, checked_until)
    began = [gap.since for gap in gaps if gap.until > known_until]
    known = [moment for moment in began if moment is not None]
    return min(known) if known and len(known) == len(began) else None


def gaps_in_the_log(request: AccessRequest, gaps: Sequence[Gap], now: datetime) -> datetime | None:
    """Return when the first gap after a request's decisions began to which the audit log still reaches back.

    Entra may have written an entry only after the log was read for the first time.

    :returns: None when the log reaches back to none.
    """
    began = [gap.since for gap in gaps if gap.until > _decided_at(request) and gap.since is not None]
    return min((since for since in began if now - since <= AUDIT_KEPT_FOR), default=None)


def is_told_of_gap(request: AccessRequest, gap: Gap) -> bool:
    """Return whether people are told of a gap, because what they did in it with a later start may be lost."""
    return request.state is RequestState.SCHEDULED and _decided_at(request) < gap.until


def messages_after_gap(request: AccessRequest, gap: Gap) -> tuple[SendMessage, ...]:
    """Return the messages about a later start to all who could take it back in a gap: requester, sender, approvers.

    After a restore, what they did in the gap is not in the records.
    """
    approvers = (decision.person.chat_id for decision in request.decisions)
    people = dict.fromkeys(person for person in (*senders_of(request), *approvers) if is_chat_user(person))
    values = {
        "partner": partner_of(request),
        "request": request.id,
        "starts_at": request.plan.start_if_approved(gap.until + STARTS_WAIT_FOR).isoformat(),
        "since": None if gap.since is None else gap.since.isoformat(),
        "until": gap.until.isoformat(),
    }
    fact, about = Fact(MessageCode.START_AFTER_GAP, values), CommandSubject(request_id=request.id)
    return tuple(SendMessage(person=person, subject=about, fact=fact) for person in people)


def _decided_at(request: AccessRequest) -> datetime:
    """Return when the first decision was made; before one, when the request was sent, or its accounts were shown."""
    prepared, asked_at = request.prepared, request.created_at
    if prepared is not None and prepared.plan.accounts is not None:
        asked_at = prepared.observation.at
    return min((decision.at for decision in request.decisions), default=asked_at)

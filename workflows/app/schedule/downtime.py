"""Find gaps in which the bot did not run, and check Entra's audit log before an older plan opens access."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from workflows.app.storing.recorder import Recorder
from workflows.core.errors.facts import Fact
from workflows.core.requests.commands.automatic import Replan
from workflows.core.requests.delays.downtime import (
    AUDIT_KEPT_FOR,
    LOG_WRITTEN_WITHIN,
    MAX_PAUSE_WITHOUT_GAP,
    Gap,
    gap_at_start,
    gap_at_tick,
    gaps_began_at,
    gaps_in_the_log,
    gaps_until,
    is_told_of_gap,
    known_gaps,
    messages_after_gap,
    time_of_oldest_read,
)
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.partner_changes import ChangesByPartner
from workflows.intervals import LOG_READ_AGAIN_AFTER
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

LAST_TICK: Final = "last_tick"
_GAP: Final = "gap"
_GAPS: Final = "gaps"
_STARTS_TOLD: Final = "later_starts_told_of_gap"
"""The end of the last gap that people with a later start were told of."""
_UNCHANGED: Final = "unchanged_after_gap"
"""The end of the last gap after which Entra's audit log was read, and the ids of the requests that it spares."""
_LOG_READ_AT: Final = "log_read_after_gap_at"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _CheckedGap:
    """The last gap after which Entra's audit log was read, and the requests whose partner nobody had changed."""

    until: datetime | None
    unchanged: frozenset[RequestId]


async def store_tick(*, store: Store, clock: Clock) -> Gap | None:
    """Record that the bot runs now. A gap since the last tick is stored first."""
    now, last = clock.now(), await last_tick(store)
    await _shorten_gaps(last, now, store)
    gap = gap_at_tick(last, now=now)
    await _save_gap(gap, store)
    await store.save_mark(LAST_TICK, now.isoformat())
    return gap


async def store_gap_at_start(*, store: Store, clock: Clock) -> Gap | None:
    """Find the gap before a start, and store it. Must be called before any effect is performed."""
    now, last = clock.now(), await last_tick(store)
    has_records = bool(await store.history(limit=1))
    await _shorten_gaps(last, now, store)
    gap = gap_at_start(last, has_records=has_records, now=now)
    await _save_gap(gap, store)
    # The tick is stored at once, so that a process that ends before its first tick leaves no gap.
    await store.save_mark(LAST_TICK, now.isoformat())
    return gap


async def last_tick(store: Store) -> datetime | None:
    """Return when it was last recorded that the bot runs; None: never."""
    text = await store.mark(LAST_TICK)
    return None if text is None else datetime.fromisoformat(text)


async def _save_gap(gap: Gap | None, store: Store) -> None:
    if gap is not None:
        earlier_gaps = await gaps(store=store, now=gap.until)
        await store.save_mark(_GAPS, " ".join(map(_gap_text, (*earlier_gaps, gap))))
        await store.save_mark(_GAP, _gap_text(gap))


async def _shorten_gaps(last: datetime | None, now: datetime, store: Store) -> None:
    """Store what is left of the gaps when the clock was set back. Otherwise, they would not count at all."""
    if last is not None and now < last and (known := await _stored_gaps(store)):
        await store.save_mark(_GAPS, " ".join(map(_gap_text, gaps_until(known, now))))


async def gaps(*, store: Store, now: datetime) -> tuple[Gap, ...]:
    """Read the gaps of the last weeks, oldest first."""
    return known_gaps(await _stored_gaps(store), now)


async def _stored_gaps(store: Store) -> Sequence[Gap]:
    return [_read(gap_text) for gap_text in (await store.mark(_GAPS) or "").split()]


async def is_after_tick(*, store: Store, now: datetime) -> bool:
    """Return whether the last tick was shortly before `now`. Otherwise the clock has jumped, and a tick must see it."""
    last = await last_tick(store)
    return last is not None and abs(now - last) <= MAX_PAUSE_WITHOUT_GAP


async def last_gap(*, store: Store) -> Gap | None:
    """Read the newest gap; None when there was none."""
    text = await store.mark(_GAP)
    if text is None:
        return None
    return _read(text)


def _span(gap: Gap) -> dict[str, str | None]:
    return {"since": None if gap.since is None else gap.since.isoformat(), "until": gap.until.isoformat()}


def _read(text: str) -> Gap:
    since, _, until = text.partition("/")
    return Gap(since=datetime.fromisoformat(since) if since else None, until=datetime.fromisoformat(until))


def _gap_text(gap: Gap) -> str:
    since = "" if gap.since is None else gap.since.isoformat()
    return f"{since}/{gap.until.isoformat()}"


async def check_later_starts_after_gap(*, store: Store, tenant: Tenant, clock: Clock) -> None:
    """Read Entra's audit log once after a gap, for the approved requests that wait for their start.

    On the day of the start, the log may no longer reach back to the gap. A request about a partner that nobody has
    changed since the gap began keeps its approvals. While the log cannot be read, it is tried again later.
    """
    gap, now = await last_gap(store=store), clock.now()
    if gap is None or now < gap.until + LOG_WRITTEN_WITHIN:
        return
    checked, last_read = await _checked_gap(store), await store.mark(_LOG_READ_AT)
    is_just_read = last_read is not None and abs(now - datetime.fromisoformat(last_read)) < LOG_READ_AGAIN_AFTER
    if checked.until == gap.until or is_just_read:
        return
    await store.save_mark(_LOG_READ_AT, now.isoformat())
    began = [(request, await _gaps_began(request, gap, store, now)) for request in await _later_starts(store)]
    waiting = [(request, since) for request, since in began if since is not None and now - since <= AUDIT_KEPT_FOR]
    unchanged = []
    if waiting:
        try:
            changes = await tenant.tenant_settings.read_access_changes(min(since for _, since in waiting))
        except (TenantUnavailable, TenantRefused) as error:
            _log.warning("log_not_read_after_gap", reason=str(error))
            return
        logged = ChangesByPartner(changes)
        unchanged = [request.id for request, _ in waiting if not logged.about(request.plan.tenant_id)]
    await store.save_mark(_UNCHANGED, " ".join([gap.until.isoformat(), *unchanged]))


async def tell_of_gap(known: Sequence[Gap], *, recorder: Recorder, store: Store) -> None:
    """Tell those who could take back a later start that what they did in the last gap may be lost, once a gap.

    After a restore, a request may wait for its start that somebody had withdrawn or rejected.

    :param known: the gaps of the last weeks, oldest first.
    """
    if not known or await store.mark(_STARTS_TOLD) == known[-1].until.isoformat():
        return
    gap = known[-1]
    for request in await _later_starts(store):
        if is_told_of_gap(request, gap):
            await recorder.send_messages_about(
                request.id,
                messages_after_gap(request, gap),
                key=f"start_after_gap:{request.id}:{gap.until.isoformat()}",
                command="tell_of_gap",
                details=_span(gap),
            )
    # NB. after the messages: a process that ends in between goes on with those who are not told.
    await store.save_mark(_STARTS_TOLD, gap.until.isoformat())


async def _later_starts(store: Store) -> Sequence[AccessRequest]:
    """List the open requests with a plan that starts later, also those that are being decided."""
    planned = [request for request in await store.open_requests_alone() if request.prepared is not None]
    return [request for request in planned if request.plan.starts_at is not None]


async def _checked_gap(store: Store) -> _CheckedGap:
    words = (await store.mark(_UNCHANGED) or "").split()
    until = datetime.fromisoformat(words[0]) if words else None
    return _CheckedGap(until=until, unchanged=frozenset(map(RequestId, words[1:])))


async def _gaps_began(request: AccessRequest, gap: Gap, store: Store, now: datetime) -> datetime | None:
    """Return since when a partner must be unchanged for a plan that starts later; None when that is not known.

    :param gap: the newest gap.
    """
    checked = await _checked_gap(store)
    until = checked.until if request.id in checked.unchanged else None
    return gaps_began_at(request, (*await gaps(store=store, now=now), gap), checked_until=until)


async def command_after_gap(request: AccessRequest, *, store: Store, tenant: Tenant, clock: Clock) -> Replan | None:
    """Return the command that requests approval again for a plan that was approved before a gap.

    None: the plan may be written. It may be written when Entra's audit log shows that nobody has changed the partner
    since, Gatehouse included. A plan that starts later may have been checked right after the gap. Then the log is read
    again as far as it reaches back, because Entra may have written an entry late.
    """
    gap = await last_gap(store=store)
    since = time_of_oldest_read(request, gap)
    if gap is None or since is None:
        return None
    now = clock.now()
    if request.plan.starts_at is not None:
        checked = await _checked_gap(store)
        if checked.until == gap.until and request.id in checked.unchanged:
            reached = gaps_in_the_log(request, (*await gaps(store=store, now=now), gap), now)
            if reached is None:
                return None
            since = reached
        else:
            since = await _gaps_began(request, gap, store, now) or since
    begins = Fact(NoteCode.NOT_RUNNING, _span(gap))
    if now - since > AUDIT_KEPT_FOR:
        return Replan(reason=(begins, Fact(NoteCode.LOG_TOO_SHORT)))
    try:
        changes = await tenant.tenant_settings.read_partner_changes(request.plan.tenant_id, since)
    except (TenantUnavailable, TenantRefused):
        return Replan(reason=(begins, Fact(NoteCode.LOG_UNREADABLE)))
    if changes:
        return Replan(reason=(begins, Fact(NoteCode.CHANGED_SINCE_APPROVED)))
    return None

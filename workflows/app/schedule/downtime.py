"""Find gaps in which the bot did not run, and check Entra's audit log before an older plan opens access."""

from datetime import datetime
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.requests.commands.automatic import Replan
from workflows.core.requests.delays.downtime import (
    AUDIT_KEPT_FOR,
    MAX_PAUSE_WITHOUT_GAP,
    Gap,
    gap_at_start,
    gap_at_tick,
    known_gaps,
    time_of_oldest_read,
)
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

LAST_TICK: Final = "last_tick"
_GAP: Final = "gap"
_GAPS: Final = "gaps"


async def store_tick(*, store: Store, clock: Clock) -> Gap | None:
    """Record that the bot runs now. A gap since the last tick is stored first."""
    now, last_tick = clock.now(), await _last_tick(store)
    gap = gap_at_tick(last_tick, now=now)
    await _save_gap(gap, store)
    await store.save_mark(LAST_TICK, now.isoformat())
    return gap


async def store_gap_at_start(*, store: Store, clock: Clock) -> Gap | None:
    """Find the gap before a start, and store it. Must be called before any effect is performed."""
    now, last_tick = clock.now(), await _last_tick(store)
    has_records = bool(await store.history(limit=1))
    gap = gap_at_start(last_tick, has_records=has_records, now=now)
    await _save_gap(gap, store)
    # The tick is stored at once, so that a process that ends before its first tick leaves no gap.
    await store.save_mark(LAST_TICK, now.isoformat())
    return gap


async def _last_tick(store: Store) -> datetime | None:
    text = await store.mark(LAST_TICK)
    return None if text is None else datetime.fromisoformat(text)


async def _save_gap(gap: Gap | None, store: Store) -> None:
    if gap is not None:
        earlier_gaps = await gaps(store=store, now=gap.until)
        await store.save_mark(_GAPS, " ".join(map(_gap_text, (*earlier_gaps, gap))))
        await store.save_mark(_GAP, _gap_text(gap))


async def gaps(*, store: Store, now: datetime) -> tuple[Gap, ...]:
    """Read the gaps of the last weeks, oldest first."""
    text = await store.mark(_GAPS)
    return known_gaps([_read(gap_text) for gap_text in (text or "").split()], now)


async def is_after_tick(*, store: Store, now: datetime) -> bool:
    """Return whether the last tick was shortly before `now`. Otherwise the clock has jumped, and a tick must see it."""
    last_tick = await _last_tick(store)
    return last_tick is not None and abs(now - last_tick) <= MAX_PAUSE_WITHOUT_GAP


async def last_gap(*, store: Store) -> Gap | None:
    """Read the newest gap; None when there was none."""
    text = await store.mark(_GAP)
    if text is None:
        return None
    return _read(text)


def _read(text: str) -> Gap:
    since, _, until = text.partition("/")
    return Gap(since=datetime.fromisoformat(since) if since else None, until=datetime.fromisoformat(until))


def _gap_text(gap: Gap) -> str:
    since = "" if gap.since is None else gap.since.isoformat()
    return f"{since}/{gap.until.isoformat()}"


async def command_after_gap(request: AccessRequest, *, store: Store, tenant: Tenant, clock: Clock) -> Replan | None:
    """Return the command that requests approval again for a plan that was approved before a gap.

    None: the plan may be written. It may be written when Entra's audit log shows that nobody has changed the partner
    since, Gatehouse included.
    """
    gap = await last_gap(store=store)
    since = time_of_oldest_read(request, gap)
    if gap is None or since is None:
        return None
    span = {"since": None if gap.since is None else gap.since.isoformat(), "until": gap.until.isoformat()}
    begins = Fact(NoteCode.NOT_RUNNING, span)
    if clock.now() - since > AUDIT_KEPT_FOR:
        return Replan(reason=(begins, Fact(NoteCode.LOG_TOO_SHORT)))
    try:
        changes = await tenant.tenant_settings.read_partner_changes(request.plan.tenant_id, since)
    except (TenantUnavailable, TenantRefused):
        return Replan(reason=(begins, Fact(NoteCode.LOG_UNREADABLE)))
    if changes:
        return Replan(reason=(begins, Fact(NoteCode.CHANGED_SINCE_APPROVED)))
    return None

"""Time as an actor: asks what is due and issues the commands."""

from collections.abc import Awaitable

import structlog

from workflows.core.commands import AskHalf, AskReview, Expire
from workflows.core.errors import Refused
from workflows.gaps import note_tick
from workflows.ports import Clock, Store
from workflows.service import Service

_log = structlog.get_logger()


async def tick(*, service: Service, store: Store, clock: Clock) -> None:
    """Expire undecided requests, ask for reviews and remind of partners' halves: once for each due moment."""
    if gap := await note_tick(store=store, clock=clock):
        _log.warning("gap_noticed", since=str(gap.since), until=str(gap.until))
    requests, partners = await store.due(clock.now())
    # NB. after what is due: a click that came in time is stored by then, and is judged by when it came.
    clicked = {getattr(click.intent, "request_id", None) for click in await store.unjudged()} if requests else set()
    for request_id in requests:
        if request_id in clicked:
            continue
        await _unless_refused(service.advance(request_id, Expire()))
    for tenant_id in partners:
        # Which of the two is due is the record's to say; the other one is refused and leaves no trace.
        await _unless_refused(service.advance_review(tenant_id, AskReview()))
        await _unless_refused(service.advance_review(tenant_id, AskHalf()))


async def _unless_refused(work: Awaitable[object]) -> None:
    """Let a command fall that somebody else was faster with; let nothing about one record keep the others waiting."""
    try:
        await work
    except Refused:
        return
    except Exception:
        _log.exception("tick_failed_for_one")

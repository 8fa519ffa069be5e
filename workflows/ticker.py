"""Time as an actor: asks what is due and issues the commands."""

from collections.abc import Awaitable

import structlog

from workflows.core.commands import AskHalf, AskReview, Expire
from workflows.core.errors import Refused
from workflows.ports import Clock, Store
from workflows.service import Service

_log = structlog.get_logger()


async def tick(*, service: Service, store: Store, clock: Clock) -> None:
    """Expire undecided requests, ask for reviews and remind of partners' halves: once for each due moment."""
    requests, partners = await store.due(clock.now())
    for request_id in requests:
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

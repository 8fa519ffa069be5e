"""Time as an actor: asks what is due and issues the commands."""

from collections.abc import Awaitable

import structlog

from workflows.core.commands import AskReview, Expire
from workflows.core.errors import Refused
from workflows.ports import Clock, Store
from workflows.service import Service

_log = structlog.get_logger()


async def tick(*, service: Service, store: Store, clock: Clock) -> None:
    """Expire undecided requests and ask for reviews that are due, each at most once for each due moment."""
    requests, partners = await store.due(clock.now())
    for request_id in requests:
        await _unless_refused(service.advance(request_id, Expire()))
    for tenant_id in partners:
        await _unless_refused(service.advance_review(tenant_id, AskReview()))


async def _unless_refused(work: Awaitable[object]) -> None:
    """Let a command fall that somebody else was faster with; let nothing about one record keep the others waiting."""
    try:
        await work
    except Refused:
        return
    except Exception:
        _log.exception("tick_failed_for_one")

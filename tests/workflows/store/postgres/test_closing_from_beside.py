"""The command line performs a closing itself on a shared store, and nothing that another process has claimed."""

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
import structlog

from tests.workflows.core.builders import RILEY, TENANT, text_message
from tests.workflows.effects.applying import OPEN, revocation
from tests.workflows.effects.test_queue_worker import running
from tests.workflows.fakes import FixedClock
from tests.workflows.store.test_contract import put_effects
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import Apply, Effect, Prepare, SendMessage, WorkKind
from workflows.core.requests.request import RequestId
from workflows.effects.closing.performing import ClosingPerformer
from workflows.effects.queue.attempts import Attempts
from workflows.ports.effects_queue import Done
from workflows.store.postgres.store import PostgresStore

_FILED = revocation(OPEN)
REQUEST = replace(_FILED, id=RequestId("r-1"), fields=replace(_FILED.fields, target=TENANT))
OWN = (
    Prepare(request_id=REQUEST.id, closes=True),
    Apply(request_id=RequestId("r-2"), tenant_id=TENANT, closes=True),
    Apply(request_id=REQUEST.id, tenant_id=TENANT, closes=True),
)
FOREIGN = (
    Prepare(request_id=RequestId("r-3"), closes=True),
    SendMessage(person=RILEY.chat_id, subject=CommandSubject(), fact=text_message("told")),
)


@pytest.mark.parametrize("is_claimed", [False, True])
async def test_only_what_closes_the_partner_is_performed_and_each_once(store: PostgresStore, is_claimed: bool) -> None:
    await put_effects(store, *FOREIGN, *OWN)
    clock = FixedClock()
    performed: list[Effect] = []
    jobs = store.shared_queue
    held = None
    if is_claimed:
        await jobs.beat()
        held = await jobs.claim([WorkKind.CLOSE])
        assert held is not None
        assert held.effect == FOREIGN[0]
        assert await jobs.settle(held, Done())
        held = await jobs.claim([WorkKind.CLOSE])
        assert held is not None

    async def perform(effect: Effect) -> None:
        performed.append(effect)

    attempts = Attempts(clock=clock, perform=perform, may_give_up=cast(Any, None), gave_up=cast(Any, None))
    performer = ClosingPerformer(store=store, tenant=cast(Any, None), clock=clock)
    expected = [effect for effect in OWN if held is None or effect != held.effect]
    with structlog.testing.capture_logs():
        async with running(performer._runner(REQUEST, attempts)):
            for _ in range(2000):
                if len(performed) == len(expected):
                    break
                await asyncio.sleep(0.005)
    assert sorted(map(repr, performed)) == sorted(map(repr, expected))
    left = {one.lane for one in await store.pending(clock.now(), 99)}
    assert f"tell:{RILEY.chat_id}" in left

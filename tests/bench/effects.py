"""How soon the effect of a click begins after the click was stored, in each kind of store.

Nothing else runs: it is the way from the end of the commit, through the wake-up and the claim, to the performer. In the
second place another process stores the click, so only the notification of the database wakes the one that performs.
"""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from tests.bench.stage.statistics import median, milliseconds, percentile
from tests.workflows.effects.test_queue_worker import make_worker, running
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import KeyRing
from workflows.core.errors.facts import Facts
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.effects import CheckPermission, Effect
from workflows.core.requests.request import RequestId
from workflows.intervals import Pauses
from workflows.ports.audit_log import AuditEntry
from workflows.ports.effects_queue import PendingEffect
from workflows.ports.records import Commit
from workflows.ports.store import Store
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.postgres.opening.server import Server
from workflows.store.postgres.store import open_beside_bot
from workflows.store.postgres.store import open_store as open_postgres
from workflows.store.sqlite.store import open_store as open_sqlite

ROUNDS: Final = 200
_ONLY_WOKEN: Final = Pauses(due_work_read_every=3600)
"""No look at the queue by itself, which would hide a notification that is missing."""


async def effects() -> dict[str, object]:
    """Measure every way, one after the other. All figures are in milliseconds."""
    figures: dict[str, object] = {"rounds": ROUNDS}
    async with AsyncExitStack() as stack:
        clock = FixedClock()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        embedded = await open_sqlite(folder / "gatehouse.db", clock)
        stack.push_async_callback(embedded.close)
        server = Server(test_server().url(stack.enter_context(test_server().database())))
        keys = GivenKeys(KeyRing((new_key(),)))
        shared = await open_postgres(server, clock, keys=keys)
        stack.push_async_callback(shared.close)
        other = await open_beside_bot(server, clock, keys=keys)
        stack.push_async_callback(other.close)
        for name, stores, performs in (
            ("sqlite", embedded, embedded),
            ("postgresql", shared, shared),
            ("postgresql_other_process", other, shared),
        ):
            waited = await _measured(stores, performs, clock)
            figures[name] = {
                "median": milliseconds(median(waited)),
                "p95": milliseconds(percentile(waited, 95)),
                "longest": milliseconds(max(waited)),
            }
    return figures


async def _measured(stores: Store, performs: Store, clock: FixedClock) -> list[float]:
    """Return how long each effect took to begin after its commit, in seconds."""
    begun: asyncio.Queue[float] = asyncio.Queue()

    async def perform(_: Effect) -> None:
        begun.put_nowait(time.perf_counter())

    async def may_give_up(effect: Effect, reason: Facts) -> bool:
        return False

    async def gave_up(pending: PendingEffect, reason: Facts) -> None:
        return None

    worker = make_worker(
        store=performs, clock=clock, perform=perform, may_give_up=may_give_up, gave_up=gave_up, pauses=_ONLY_WOKEN
    )
    waited = []
    async with running(worker):
        await asyncio.sleep(0.5)
        for number in range(ROUNDS):
            await stores.commit(_click(number, clock))
            stored = time.perf_counter()
            if stores is performs:
                worker.wake()
            waited.append(await begun.get() - stored)
            await asyncio.sleep(0.005)
    return waited


def _click(number: int, clock: FixedClock) -> Commit:
    command = Withdraw(actor=ChatId(f"U{number % 20}"), request_id=RequestId(f"r-{number}"))
    key = f"click-{time.time_ns()}"
    entry = AuditEntry(key=key, at=clock.now(), actor=command.actor, command="withdraw", outcome="received", details={})
    return Commit(entry=entry, effects=(CheckPermission(command=command, key=key),))

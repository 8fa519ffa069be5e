"""An attempt that goes on after it was cancelled, as libraries let it: it may not write, and nothing is done twice."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog

from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import RILEY
from tests.workflows.effects.test_queue_worker import Rig, running, tell
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.jobs_database import empty_database, open_jobs
from workflows.core.requests.effects import SendMessage, WorkKind
from workflows.effects.queue.job_worker import JobWorker
from workflows.tasks import end_tasks


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep what the workers log out of the output."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def url() -> str:
    """A database without effects."""
    return await empty_database()


class Attempts:
    """What is done: the first attempt loses its first cancellation, and goes on until it is let go."""

    def __init__(self, rig: Rig) -> None:
        self.begun = 0
        self.has_lost = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_write: list[tuple[int, bool]] = []
        """Of each attempt that came so far, whether it may write."""
        self._rig = rig
        rig.act = self.act

    async def act(self, _: SendMessage) -> None:
        self.begun += 1
        number = self.begun
        if number == 1:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.has_lost.set()
            await self.may_go_on.wait()
        self.may_write.append((number, await self._rig.store.is_still_mine()))


def worker_of(rig: Rig) -> JobWorker:
    """A worker that beats often."""
    usual = rig.new_queue_worker()
    assert isinstance(usual, JobWorker)
    return JobWorker(queue=usual._queue, attempts=usual._attempts, beats_every=0.05)


async def test_an_attempt_that_goes_on_after_its_process_was_taken_for_dead_may_not_write(url: str) -> None:
    """The same process has begun the effect once more, as a new worker: only that attempt writes, and is stored."""
    async with open_jobs(url, FixedClock()) as store:
        rig = Rig(store, store.clock)
        attempts = Attempts(rig)
        rig.queue_worker = worker_of(rig)
        await rig.put(tell(RILEY.chat_id, "one"))
        async with running(rig.queue_worker):
            await rig.until(lambda: attempts.begun == 1)
            await store.execute("delete from procrastinate_workers")
            async with asyncio.timeout(LONGEST_WAIT):
                await attempts.has_lost.wait()
            await rig.until_counted(0, 0, 0)
            assert attempts.may_write == [(2, True)]
            attempts.may_go_on.set()
            await rig.until(lambda: len(attempts.may_write) == 2)
        assert attempts.may_write == [(2, True), (1, False)]
        assert await store.count_pending(rig.clock.now()) == (0, 0, 0)


async def test_a_process_that_ends_gives_back_at_once_what_goes_on_after_it_was_cancelled(url: str) -> None:
    """It is cancelled again before the one who ends the process loses patience, and gives nothing back any more."""
    async with open_jobs(url, FixedClock()) as ends, open_jobs(url, FixedClock()) as goes_on:
        rig, other = Rig(ends, ends.clock), Rig(goes_on, goes_on.clock)
        attempts = Attempts(rig)
        rig.queue_worker = worker_of(rig)
        await rig.put(tell(RILEY.chat_id, "one"))
        performing = asyncio.create_task(rig.queue_worker.run())
        await rig.until(lambda: attempts.begun == 1)
        await end_tasks([performing])
        assert attempts.has_lost.is_set()
        assert rig.performed == []
        assert await ends.execute("select 1 from procrastinate_workers") == []
        async with running(other.queue_worker):
            await other.until(lambda: other.performed == ["one"])


async def test_nothing_is_given_back_while_an_attempt_goes_on(url: str) -> None:
    """So no other process begins it beside this one."""
    async with open_jobs(url, FixedClock()) as ends, open_jobs(url, FixedClock()) as other:
        rig = Rig(ends, ends.clock)
        attempts = Attempts(rig)
        rig.queue_worker = worker_of(rig)
        await rig.put(tell(RILEY.chat_id, "one"))
        performing = asyncio.create_task(rig.queue_worker.run())
        await rig.until(lambda: attempts.begun == 1)
        performing.cancel()
        async with asyncio.timeout(LONGEST_WAIT):
            await attempts.has_lost.wait()
        await other.jobs.beat()
        assert await other.jobs.claim(tuple(WorkKind)) is None
        attempts.may_go_on.set()
        await asyncio.wait([performing])
        assert attempts.may_write == [(1, True)]
        assert await ends.count_pending(rig.clock.now()) == (0, 0, 0)

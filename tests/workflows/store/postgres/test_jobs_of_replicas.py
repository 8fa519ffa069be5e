"""Several processes perform the effects of one database: a lane in one of them at a time, and nothing is lost."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

from tests.workflows.core.builders import NOW, RILEY, SAM, TENANT
from tests.workflows.effects.test_queue_worker import Rig, running, tell, text_of
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.jobs_database import JobsStore, empty_database, open_jobs
from workflows.core.errors.facts import text_fact
from workflows.core.people import ChatId
from workflows.core.requests.effects import Apply, SendMessage, WorkKind, lane
from workflows.core.requests.request import RequestId
from workflows.effects.queue.job_worker import JobWorker
from workflows.intervals import WORKER_BEATS_EVERY, WORKER_DEAD_AFTER
from workflows.ports.effects_queue import Done, GivenUp, Outcome, PendingEffect, RetryAt, TakenOver

QUICK = timedelta(seconds=1)
"""When a process counts as dead in these tests."""
ALL = tuple(WorkKind)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep what the workers log out of the output."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def url() -> str:
    """A database without effects."""
    return await empty_database()


@dataclass(slots=True)
class Replicas:
    """Stores of several processes on one database, each with a worker of its own."""

    rigs: list[Rig]
    order: list[str] = field(default_factory=list)

    @property
    def first(self) -> Rig:
        """The first process."""
        return self.rigs[0]

    def act(self, act: Callable[[SendMessage], Awaitable[None]]) -> None:
        """Let every process do the same."""
        for rig in self.rigs:
            rig.act = act

    @property
    def performed(self) -> Counter[str]:
        """How often each text was performed to its end, in all processes."""
        return Counter(text for rig in self.rigs for text in rig.performed)


@asynccontextmanager
async def replicas(url: str, count: int) -> AsyncIterator[Replicas]:
    """Open so many stores on one database."""
    async with AsyncExitStack() as stack:
        clock = FixedClock()
        stores = [await stack.enter_async_context(open_jobs(url, clock)) for _ in range(count)]
        yield Replicas([Rig(store, clock) for store in stores])


async def claimed(store: JobsStore) -> PendingEffect:
    """Claim what comes first."""
    await store.jobs.beat()
    await store.jobs.release_due()
    found = await store.jobs.claim(ALL)
    assert found is not None
    return found


# --- lanes, over all processes ---


@pytest.mark.threats("G9")
async def test_a_lane_is_performed_in_order_by_one_process_at_a_time_and_everything_once(url: str) -> None:
    now_in: set[str] = set()
    order: dict[str, list[int]] = {}

    async def act(effect: SendMessage) -> None:
        assert effect.person not in now_in, "two processes in one lane"
        now_in.add(effect.person)
        await asyncio.sleep(0.003)
        order.setdefault(effect.person, []).append(int(text_of(effect)))
        now_in.discard(effect.person)

    async with replicas(url, 3) as all_of_them:
        all_of_them.act(act)
        await all_of_them.first.put(*(tell(ChatId(f"U{number % 4}"), str(number)) for number in range(60)))
        async with AsyncExitStack() as stack:
            for rig in all_of_them.rigs:
                await stack.enter_async_context(running(rig.queue_worker))
            await all_of_them.first.until_counted(0, 0, 0)
        assert all_of_them.performed == Counter(map(str, range(60)))
    assert order == {f"U{lane}": list(range(lane, 60, 4)) for lane in range(4)}
    assert not any(rig.given_up for rig in all_of_them.rigs)


async def test_the_next_of_a_lane_is_begun_at_once_by_whatever_process_has_room(url: str) -> None:
    """Without notifications between the processes it would wait for the next look at the queue."""
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        if text_of(effect) == "first":
            await gate.wait()

    async with replicas(url, 2) as both:
        both.act(act)
        busy, free = both.rigs
        await both.first.put(tell(RILEY.chat_id, "first"), tell(RILEY.chat_id, "second"))
        async with running(busy.queue_worker):
            await busy.until(lambda: busy.begun == ["first"])
            drained = asyncio.create_task(busy.queue_worker.drain())
            await asyncio.sleep(0)
            async with running(free.queue_worker):
                gate.set()
                await free.until(lambda: free.performed == ["second"])
            await drained


async def test_what_is_stored_by_one_process_is_begun_by_another_one_at_once(url: str) -> None:
    from workflows.intervals import Pauses

    async with replicas(url, 2) as both:
        stores, performs = both.rigs
        performs.queue_worker = performs.new_queue_worker(Pauses(due_work_read_every=3600))
        async with running(performs.queue_worker):
            await asyncio.sleep(0.1)
            await stores.put(tell(RILEY.chat_id, "now"))
            await performs.until(lambda: performs.performed == ["now"])


@pytest.mark.parametrize(
    "outcome",
    [
        RetryAt(due_at=NOW + timedelta(hours=1), error=(text_fact("busy"),)),
        RetryAt(due_at=NOW, error=(text_fact("busy"),)),
        GivenUp(error=(text_fact("never"),)),
        TakenOver(),
        Done(),
    ],
    ids=lambda one: type(one).__name__,
)
async def test_an_opening_write_that_waits_or_failed_never_holds_up_a_revocation_of_its_partner(
    url: str, outcome: Outcome
) -> None:
    opening = Apply(request_id=RequestId("r-1"), tenant_id=TENANT)
    closing = Apply(request_id=RequestId("r-2"), tenant_id=TENANT, closes=True)
    async with open_jobs(url, FixedClock()) as store:
        rig = Rig(store, store.clock)
        await rig.put(opening)
        write = await claimed(store)
        await rig.put(closing, key="closing")
        assert await store.jobs.claim(ALL) is None, "the write is being sent: the closing one waits for its end"
        assert await store.jobs.settle(write, outcome)
        await store.jobs.release_due()
        revocation = await store.jobs.claim(ALL)
        assert revocation is not None
        assert revocation.effect == closing


async def test_a_revocation_that_waits_itself_holds_up_no_second_one(url: str) -> None:
    first, second = (Apply(request_id=RequestId(name), tenant_id=TENANT, closes=True) for name in ("r-1", "r-2"))
    async with open_jobs(url, FixedClock()) as store:
        rig = Rig(store, store.clock)
        await rig.put(first, second)
        write = await claimed(store)
        assert await store.jobs.settle(write, RetryAt(due_at=NOW + timedelta(minutes=5), error=()))
        assert (await claimed(store)).effect == second


async def test_two_processes_that_begin_in_one_lane_at_the_same_moment(url: str) -> None:
    """The one sees only an opening write, the other one also a closing one that was just stored: one of them begins."""
    opening = Apply(request_id=RequestId("r-1"), tenant_id=TENANT)
    async with open_jobs(url, FixedClock()) as store:
        rig = Rig(store, store.clock)
        await rig.put(opening)
        await store.jobs.beat()
        async with await psycopg.AsyncConnection.connect(url) as other:
            await other.execute("select procrastinate_fetch_job_v2(null, null)")  # not committed yet
            await rig.put(Apply(request_id=RequestId("r-2"), tenant_id=TENANT, closes=True), key="closing")
            claim = asyncio.create_task(store.jobs.claim(ALL))
            await _until_somebody_waits_for_a_lock(store)
            await other.commit()
        assert await claim is None, "the lane is not free"


async def _until_somebody_waits_for_a_lock(store: JobsStore) -> None:
    sql = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    for _ in range(2000):
        if await store.execute(sql):
            return
        await asyncio.sleep(0.005)
    raise AssertionError("nobody waits")


# --- processes that die, stop or are suspended ---


def test_a_dead_process_is_noticed_within_a_minute() -> None:
    """It is silent for so long, then the next look of another process finds it."""
    assert timedelta(seconds=60) > WORKER_DEAD_AFTER + WORKER_BEATS_EVERY
    assert WORKER_DEAD_AFTER >= 3 * WORKER_BEATS_EVERY, "one late heartbeat is no death"


async def test_a_graceful_stop_gives_back_at_once_what_was_begun(url: str) -> None:
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        await gate.wait()

    async with replicas(url, 2) as both:
        ends, goes_on = both.rigs
        ends.act = act
        await ends.put(tell(RILEY.chat_id, "one"), tell(RILEY.chat_id, "two"))
        async with running(ends.queue_worker):
            await ends.until(lambda: ends.begun == ["one"])
        async with running(goes_on.queue_worker):
            await goes_on.until(lambda: goes_on.performed == ["one", "two"])
        assert await store_of(ends).execute("select 1 from procrastinate_workers") == []


def store_of(rig: Rig) -> JobsStore:
    """The store of a process."""
    assert isinstance(rig.store, JobsStore)
    return rig.store


async def test_what_a_dead_process_claimed_is_performed_by_another_one(url: str) -> None:
    """Whatever it had done of it: performed at least once, the lane goes on after it, and attempts are not counted."""
    async with open_jobs(url, FixedClock(), QUICK) as dead, open_jobs(url, FixedClock(), QUICK) as lives:
        rig = Rig(lives, lives.clock)
        await rig.put(tell(RILEY.chat_id, "begun"), tell(RILEY.chat_id, "behind"))
        begun = await claimed(dead)
        await lives.jobs.beat()
        assert await lives.jobs.claim(ALL) is None, "not yet: it may only be slow"
        rig.queue_worker = JobWorker(queue=lives.jobs, attempts=_attempts(rig), beats_every=0.2)
        async with running(rig.queue_worker):
            await rig.until(lambda: rig.performed == ["begun", "behind"])
        assert begun.attempts == 0


def _attempts(rig: Rig) -> Any:
    worker = rig.new_queue_worker()
    assert isinstance(worker, JobWorker)
    return worker._attempts


@pytest.mark.threats("G9")
async def test_what_its_owner_lost_is_stored_only_by_the_new_owner(url: str) -> None:
    """A process that was suspended goes on: it may not write, and none of its results is stored."""
    async with open_jobs(url, FixedClock(), QUICK) as late, open_jobs(url, FixedClock(), QUICK) as other:
        await Rig(late, late.clock).put(tell(RILEY.chat_id, "one"), tell(SAM.chat_id, "two"))
        lost, also_lost = await claimed(late), await claimed(late)
        with late.jobs.holding(lost):
            assert await late.is_still_mine()
        await asyncio.sleep(QUICK.total_seconds() + 0.1)
        with late.jobs.holding(lost):
            assert not await late.is_still_mine(), "too old, though nobody took it over yet"
        taken = await claimed(other)
        with late.jobs.holding(lost):
            assert not await late.is_still_mine()
        for outcome in (RetryAt(due_at=NOW, error=()), GivenUp(error=()), TakenOver()):
            late.jobs._claims[lost.id] = late.jobs._worker  # type: ignore[assignment]
            assert not await late.jobs.settle(lost, outcome)
        assert not await late.jobs.settle(also_lost, Done())
        with other.jobs.holding(taken):
            assert await other.is_still_mine()
        assert await other.jobs.settle(taken, Done())
        assert await other.count_pending(NOW) == (1, 0, 0)
        assert not await late.jobs.beat(), "it learns that it was taken for dead"
        assert (await claimed(late)).id != taken.id, "and goes on as a new worker"


async def test_an_attempt_settles_no_later_claim_of_the_same_process(url: str) -> None:
    """It was suspended, taken for dead, registered anew, and has begun the same effect once more."""
    async with open_jobs(url, FixedClock(), QUICK) as store, open_jobs(url, FixedClock(), QUICK) as other:
        await Rig(store, store.clock).put(tell(RILEY.chat_id, "one"))
        first = await claimed(store)
        with store.jobs.holding(first):
            await asyncio.sleep(QUICK.total_seconds() + 0.1)
            await other.jobs.beat()
            assert not await store.jobs.beat()
            again = await claimed(store)
            assert again.id == first.id
            assert not await store.is_still_mine()
            assert not await store.jobs.settle(first, Done())
        with store.jobs.holding(again):
            assert await store.jobs.beat(), "it is still known to be its own"
            assert await store.is_still_mine()
            assert await store.jobs.settle(again, Done())
        assert await store.count_pending(NOW) == (0, 0, 0)


async def test_what_ends_by_a_cancellation_that_nobody_asked_for_is_begun_again(url: str) -> None:
    attempts = 0

    async def act(_: SendMessage) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise asyncio.CancelledError

    async with replicas(url, 1) as one:
        one.act(act)
        await one.first.put(tell(RILEY.chat_id, "one"))
        one.first.queue_worker = JobWorker(
            queue=store_of(one.first).jobs, attempts=_attempts(one.first), beats_every=0.05
        )
        async with running(one.first.queue_worker):
            await one.first.until_counted(0, 0, 0)
        assert attempts == 2


async def test_one_effect_that_cannot_be_read_is_given_up_and_delays_nothing(url: str) -> None:
    async with open_jobs(url, FixedClock()) as store:
        await Rig(store, store.clock).put(tell(RILEY.chat_id, "one"), tell(RILEY.chat_id, "two"))
        await store.jobs.beat()
        await store.execute("""update procrastinate_jobs set args = jsonb_set(args, '{doc}', '"{}"') where id = 1""")
        assert await store.jobs.claim_one(1) is None
        assert [one.id for one in await store.given_up_effects()] == [1]
        assert await store.jobs.claim_one(2) is not None


async def test_outside_of_an_effect_and_as_long_as_it_lives_everything_is_its_own(url: str) -> None:
    async with open_jobs(url, FixedClock(), QUICK) as store:
        assert await store.is_still_mine()
        await Rig(store, store.clock).put(tell(RILEY.chat_id, "one"))
        effect = await claimed(store)
        for _ in range(4):
            await asyncio.sleep(QUICK.total_seconds() / 3)
            assert await store.jobs.beat()
        with store.jobs.holding(effect):
            assert await store.is_still_mine()
        assert await store.is_still_mine()


async def test_a_crash_between_any_two_steps_of_a_take_over_loses_nothing(url: str) -> None:
    """The dead worker is deleted, and the process that did that dies before it takes over what is left."""
    async with open_jobs(url, FixedClock(), QUICK) as dead, open_jobs(url, FixedClock(), QUICK) as next_one:
        await Rig(dead, dead.clock).put(tell(RILEY.chat_id, "one"))
        await claimed(dead)
        await next_one.execute("delete from procrastinate_workers")
        assert (await claimed(next_one)).lane == f"tell:{RILEY.chat_id}"


async def test_a_claim_whose_answer_was_lost_is_given_back(url: str) -> None:
    """The connection is cut after the database has claimed it: the process lives, and does not know of it."""
    async with open_jobs(url, FixedClock()) as store:
        await Rig(store, store.clock).put(tell(RILEY.chat_id, "one"), tell(SAM.chat_id, "two"))
        known = await claimed(store)
        assert await store.jobs.manager.fetch_job(queues=None, worker_id=store.jobs._worker or 0)
        assert await store.jobs.claim(ALL) is None
        await store.jobs.beat()
        again = await store.jobs.claim(ALL)
        assert again is not None
        assert again.id != known.id
        assert await store.jobs.settle(known, Done())


async def test_what_is_begun_after_a_process_was_taken_for_dead_is_not_stopped(url: str) -> None:
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        if len(rig.begun) <= 1:
            await gate.wait()

    async with open_jobs(url, FixedClock()) as store:
        rig = Rig(store, store.clock)
        rig.act = act
        rig.queue_worker = JobWorker(queue=store.jobs, attempts=_attempts(rig), beats_every=0.05)
        await rig.put(tell(RILEY.chat_id, "one"))
        async with running(rig.queue_worker):
            await rig.until(lambda: rig.begun == ["one"])
            for number in range(10):
                await store.execute("delete from procrastinate_workers")
                await rig.put(tell(SAM.chat_id, f"more {number}"), key=f"more {number}")
                await asyncio.sleep(0.06)
            await rig.until_counted(0, 0, 0)
    assert Counter(rig.performed) >= Counter(["one", *(f"more {number}" for number in range(10))])


async def test_connections_that_are_cut_end_no_worker_and_lose_nothing(url: str) -> None:
    """A restart of the database: the results are stored afterwards, and what was performed is not repeated."""
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        await gate.wait()

    async with replicas(url, 1) as one:
        rig = one.first
        rig.act = act
        await rig.put(*(tell(ChatId(f"U{number}"), str(number)) for number in range(5)))
        async with running(rig.queue_worker) as task:
            await rig.until(lambda: len(rig.begun) == 5)
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as admin:
                await admin.execute(
                    """select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()"""
                )
            gate.set()
            await asyncio.sleep(0.05)
            await rig.until_counted(0, 0, 0)
            await rig.put(tell(RILEY.chat_id, "after"), key="after")
            await rig.until(lambda: "after" in rig.performed)
            assert not task.done()
        assert one.performed == Counter([*"01234", "after"])


# --- real processes ---


@dataclass(slots=True)
class Process:
    """A process that performs effects; see `replica`."""

    name: str
    process: asyncio.subprocess.Process

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)


@asynccontextmanager
async def process(url: str, name: str, log: Path, seconds: float) -> AsyncIterator[Process]:
    """Run a process, and kill it in the end."""
    command = [sys.executable, "-m", "tests.workflows.store.postgres.replica", url, name, str(log)]
    started = await asyncio.create_subprocess_exec(
        *command, str(QUICK.total_seconds()), str(seconds), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield Process(name, started)
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def until_said(log: Path, ending: str) -> None:
    """Wait until a process has said something that ends so."""
    for _ in range(3000):
        if any(line.endswith(ending) for line in said(log)):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{ending!r} is not in {said(log)}")


def said(log: Path) -> list[str]:
    """What the processes said."""
    return log.read_text().splitlines() if log.exists() else []


async def test_a_process_that_is_killed_leaves_its_work_to_another_one(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with open_jobs(url, FixedClock(), QUICK) as store, process(url, "a", log, 600) as first:
        rig = Rig(store, store.clock)
        await rig.put(tell(RILEY.chat_id, "one"))
        await until_said(log, "a begins one")
        async with process(url, "b", log, 0):
            await rig.put(tell(RILEY.chat_id, "behind"), tell(SAM.chat_id, "other"), key="more")
            await until_said(log, "writes other")
            assert not any(line.endswith("begins behind") for line in said(log)), "its lane is not free"
            first.signal(signal.SIGKILL)
            await until_said(log, "b writes behind")
    assert [line for line in said(log) if not line.endswith("other")] == [
        "a begins one",
        "b begins one",
        "b writes one",
        "b begins behind",
        "b writes behind",
    ]


@pytest.mark.threats("G9")
async def test_a_process_that_was_suspended_does_not_write_what_another_one_has_taken_over(
    url: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with open_jobs(url, FixedClock(), QUICK) as store, process(url, "a", log, 0.3) as first:
        rig = Rig(store, store.clock)
        await rig.put(tell(RILEY.chat_id, "one"))
        await until_said(log, "a begins one")
        first.signal(signal.SIGSTOP)
        async with process(url, "b", log, 0.3):
            await until_said(log, "b writes one")
            first.signal(signal.SIGCONT)
            await rig.put(tell(RILEY.chat_id, "two"), key="more")
            await rig.until_counted(0, 0, 0)
    assert "a writes one" not in said(log)
    assert sorted(line.partition(" ")[2] for line in said(log) if "writes" in line) == ["writes one", "writes two"]


# --- lanes that are held without an effect ---


async def test_a_lane_whose_end_could_not_be_stored_is_free_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_jobs(url, FixedClock()) as store:
        await store.jobs.beat()
        execute = store.jobs._execute

        async def refuse(sql: str, values: Any = None) -> int:
            raise psycopg.OperationalError("the connection is lost")

        async def lose() -> None:
            async with store.jobs.in_lane("tenant:t") as is_free:
                assert is_free
                monkeypatch.setattr(store.jobs, "_execute", refuse)

        for _ in range(2):
            with pytest.raises(psycopg.OperationalError):
                await lose()
            monkeypatch.setattr(store.jobs, "_execute", execute)
            await store.jobs.beat()


# --- members of a batch, which are written in the lane of their batch ---


async def test_a_member_of_a_batch_and_a_plan_of_the_same_partner_are_never_written_at_once(url: str) -> None:
    """Otherwise an opening write that is on its way in one process could arrive after the block of another one."""
    closing = Apply(request_id=RequestId("r-2"), tenant_id=TENANT, closes=True)
    async with replicas(url, 2) as both:
        wave, other = (store_of(rig) for rig in both.rigs)
        await wave.jobs.beat()
        await other.jobs.beat()
        async with wave.jobs.in_lane(lane(closing)) as is_free:
            assert is_free
            await both.first.put(closing)
            assert await other.jobs.claim(ALL) is None
            async with other.jobs.in_lane(lane(closing)) as also_free:
                assert not also_free
            assert await wave.jobs.beat(), "it is known to be its own"
            assert await other.jobs.claim(ALL) is None
        revocation = await other.jobs.claim(ALL)
        assert revocation is not None
        async with wave.jobs.in_lane(lane(closing)) as is_free:
            assert not is_free
        assert await other.jobs.settle(revocation, Done())
        assert await wave.execute("select 1 from procrastinate_jobs") == []


async def test_the_turn_of_a_dead_process_holds_up_no_revocation(url: str) -> None:
    closing = Apply(request_id=RequestId("r-2"), tenant_id=TENANT, closes=True)
    async with open_jobs(url, FixedClock(), QUICK) as dead, open_jobs(url, FixedClock(), QUICK) as lives:
        await Rig(lives, lives.clock).put(closing)
        await dead.jobs.beat()
        assert await dead.jobs._take_lane(lane(closing)) is not None
        await asyncio.sleep(QUICK.total_seconds() + 0.1)
        assert (await claimed(lives)).effect == closing
        await dead.jobs.leave()


# --- what is logged ---


async def test_no_document_is_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with replicas(url, 1) as one:
        rig = one.first

        async def act(effect: SendMessage) -> None:
            raise ValueError("our own fault") if len(rig.begun) == 1 else None or OSError

        rig.act = act
        with structlog.testing.capture_logs() as logs:
            await rig.put(tell(RILEY.chat_id, "canary"))
            async with running(rig.queue_worker):
                await rig.until_counted(0, 1, 0)
        text = "\n".join([repr(vars(record)) for record in caplog.records])
        assert "canary" not in text
        assert "canary" not in repr([{k: v for k, v in log.items() if k != "exc_info"} for log in logs])

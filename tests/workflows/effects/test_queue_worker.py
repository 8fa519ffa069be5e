"""The queue, in every store: lanes side by side, order within a lane, retry or park, nothing lost.

Every test describes what both runners do: the queue worker of the embedded store, and the one of PostgreSQL, where each
effect is a job of procrastinate.
"""

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import RILEY, SAM, TENANT, text_message
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.jobs_database import JobsStore
from tests.workflows.store.stores import KINDS, place_for
from tests.workflows.world import QuickStore
from workflows.core.errors.facts import Facts, log_text
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.commands.request import CommandSubject, Withdraw
from workflows.core.requests.effects import (
    AdvanceBatch,
    Apply,
    CheckPermission,
    Effect,
    JudgeSheet,
    Prepare,
    SendMessage,
    ShowHome,
    ShowRequest,
)
from workflows.core.requests.request import BatchId, RequestId
from workflows.core.settings.model import TenantId
from workflows.effects.queue.attempts import Attempts
from workflows.effects.queue.job_worker import JobWorker
from workflows.effects.queue.queue_worker import QueueWorker
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.audit_log import AuditEntry
from workflows.ports.effects_queue import EffectsRunner, PendingEffect
from workflows.ports.notifier import NotifierBlocked, NotifierRefused, NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.records import Commit
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.store.postgres.store import PostgresStore

_PATIENCE = int(LONGEST_WAIT / 0.002)
"""How often a test looks whether something happened, two milliseconds apart."""


def make_worker(
    *,
    store: Store | JobsStore,
    clock: FixedClock,
    perform: Callable[[Effect], Awaitable[None]],
    may_give_up: Callable[[Effect, Facts], Awaitable[bool]],
    gave_up: Callable[[PendingEffect, Facts], Awaitable[None]],
    pauses: Pauses = USUAL_PAUSES,
    until_quiet: Callable[[], Awaitable[None]] | None = None,
) -> EffectsRunner:
    """Make what performs the effects of a store, with its attempts."""
    attempts = Attempts(clock=clock, perform=perform, may_give_up=may_give_up, gave_up=gave_up, pauses=pauses)
    if (shared := store.shared_queue) is not None:
        return JobWorker(queue=shared, attempts=attempts, pauses=pauses, until_quiet=until_quiet)
    assert not isinstance(store, JobsStore)
    return QueueWorker(store=store, clock=clock, attempts=attempts, pauses=pauses, until_quiet=until_quiet)


@dataclass(slots=True)
class Rig:
    """A store, a clock, and a queue worker whose performer does what each test says."""

    store: Store | JobsStore
    clock: FixedClock
    performed: list[str] = field(default_factory=list)
    """The texts of what was performed to its end, in order."""
    begun: list[str] = field(default_factory=list)
    act: Callable[[SendMessage], Awaitable[None]] | None = None
    given_up: list[Effect] = field(default_factory=list)
    """What was parked."""
    reasons: list[str] = field(default_factory=list)
    """Why, in the same order."""
    kept: frozenset[str] = frozenset()
    """The texts of what may not be given up."""
    queue_worker: EffectsRunner = field(init=False)

    def __post_init__(self) -> None:
        self.queue_worker = self.new_queue_worker()

    def new_queue_worker(self, pauses: Pauses = USUAL_PAUSES) -> EffectsRunner:
        """Make a queue worker on this store."""
        return make_worker(
            store=self.store,
            clock=self.clock,
            perform=self.perform,
            may_give_up=self.may_give_up,
            gave_up=self.gave_up,
            pauses=pauses,
        )

    async def may_give_up(self, effect: Effect, reason: Facts) -> bool:
        """Tell whether the test lets an effect be parked."""
        return not (isinstance(effect, SendMessage) and text_of(effect) in self.kept)

    async def gave_up(self, pending: PendingEffect, reason: Facts) -> None:
        """Remember what was parked, and why."""
        self.given_up.append(pending.effect)
        self.reasons.append(log_text(reason))

    async def perform(self, effect: Effect) -> None:
        """Do what the test says, then remember it."""
        assert isinstance(effect, SendMessage)
        self.begun.append(text_of(effect))
        if self.act is not None:
            await self.act(effect)
        self.performed.append(text_of(effect))

    async def put(self, *effects: Effect, key: str = "put") -> None:
        """Store effects, then wake the queue worker, as the service does."""
        entry = AuditEntry(key=key, at=self.clock.now(), actor="t", command="t", outcome="accepted", details={})
        assert await self.store.commit(Commit(entry=entry, effects=effects))
        self.queue_worker.wake()

    async def spoil(self, effect_id: int) -> None:
        """Make one stored effect unreadable."""
        if isinstance(self.store, PostgresStore):
            spoilt = "update procrastinate_jobs set args = args || jsonb_build_object('doc', '{}') where id = ?"
            await self.store._write(spoilt, effect_id)
            return
        assert isinstance(self.store, QuickStore)
        await self.store._write("update effects set doc = '{}' where id = ?", effect_id)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that the queue worker does."""
        for _ in range(_PATIENCE):
            if is_so():
                return
            await asyncio.sleep(0.002)
        raise AssertionError(f"not so: begun {self.begun}, performed {self.performed}")

    async def pass_turns(self, turns: int = 20, *, is_woken: bool = True) -> None:
        """Let the queue worker read the queue so often, and begin what it finds: to see what does not happen.

        The store answers in order, so it has answered the queue worker before it answers the count.

        :param is_woken: whether the queue worker is woken for each turn.
        """
        for _ in range(turns):
            if is_woken:
                self.queue_worker.wake()
            await asyncio.sleep(0)
            await self.store.count_pending(self.clock.now())

    async def until_counted(self, *expected: int) -> None:
        """Wait until so many effects are due, wait for later, and are parked."""
        counted: tuple[int, ...] = ()
        for _ in range(_PATIENCE):
            counted = await self.store.count_pending(self.clock.now())
            if counted == expected:
                return
            await asyncio.sleep(0.002)
        assert counted == expected


def text_of(effect: SendMessage) -> str:
    """The text of a message."""
    return str(effect.fact.values["text"])


def tell(person: ChatId, text: str) -> SendMessage:
    """An effect in that person's lane."""
    return SendMessage(person=person, subject=CommandSubject(), fact=text_message(text))


@asynccontextmanager
async def running(queue_worker: EffectsRunner) -> AsyncIterator[asyncio.Task[None]]:
    """Run the queue worker, and cancel it in the end."""
    task = asyncio.create_task(queue_worker.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep what the queue worker logs out of the output."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture(params=KINDS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """An empty queue that is not performed yet, in each kind of store."""
    clock = FixedClock()
    if request.param == "postgres":
        async with place_for("postgres", tmp_path) as place:
            place.clock = clock
            yield Rig(await place.open(), clock)
        return
    store = QuickStore(tmp_path / "gatehouse.db", clock)
    await store.open()
    yield Rig(store, clock)
    await store.close()


async def test_what_is_stored_is_performed_once_and_forgotten(rig: Rig) -> None:
    await rig.put(*(tell(ChatId(f"U{number}"), str(number)) for number in range(40)))
    async with running(rig.queue_worker):
        await rig.until_counted(0, 0, 0)
    assert Counter(rig.performed) == Counter(map(str, range(40)))


@pytest.fixture
def no_poll(rig: Rig) -> None:
    """Let the queue worker notice only what it is woken for."""
    rig.queue_worker = rig.new_queue_worker(Pauses(due_work_read_every=3600))


@pytest.mark.usefixtures("no_poll")
async def test_what_is_stored_while_it_runs_is_performed_without_waiting_for_the_poll(rig: Rig) -> None:
    async with running(rig.queue_worker):
        await asyncio.sleep(0.02)
        await rig.put(tell(RILEY.chat_id, "now"))
        await rig.until(lambda: rig.performed == ["now"])


@pytest.mark.usefixtures("no_poll")
async def test_a_lane_is_performed_one_after_the_other_oldest_first(rig: Rig) -> None:
    running_now: list[str] = []

    async def act(effect: SendMessage) -> None:
        assert running_now == []
        running_now.append(text_of(effect))
        await asyncio.sleep(0.005 if text_of(effect) == "0" else 0)
        running_now.clear()

    rig.act = act
    await rig.put(*(tell(RILEY.chat_id, str(number)) for number in range(6)))
    async with running(rig.queue_worker):
        await rig.until_counted(0, 0, 0)
    assert rig.performed == list("012345")


async def test_lanes_do_not_wait_for_each_other(rig: Rig) -> None:
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        if effect.person == RILEY.chat_id:
            await gate.wait()

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "slow"), tell(RILEY.chat_id, "behind"), tell(SAM.chat_id, "quick"))
    async with running(rig.queue_worker):
        await rig.until(lambda: rig.performed == ["quick"])
        await rig.put(tell(SAM.chat_id, "quick too"), key="more")
        await rig.until(lambda: rig.performed == ["quick", "quick too"])
        assert rig.begun.count("slow") == 1
        gate.set()
        await rig.until_counted(0, 0, 0)
    assert rig.performed == ["quick", "quick too", "slow", "behind"]


async def test_no_more_than_twelve_messages_are_sent_at_once_and_all_get_their_turn(rig: Rig) -> None:
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        await gate.wait()

    rig.act = act
    await rig.put(*(tell(ChatId(f"U{number}"), str(number)) for number in range(50)))
    async with running(rig.queue_worker):
        await rig.until(lambda: len(rig.begun) >= 12)
        await rig.pass_turns()
        assert len(rig.begun) == 12
        gate.set()
        await rig.until_counted(0, 0, 0)
    assert len(rig.performed) == 50


async def test_two_hundred_cards_and_hung_writes_delay_no_click_and_no_card(rig: Rig) -> None:
    """What decides and what shows always find some room, whatever the other one does."""
    gate = asyncio.Event()
    performed: list[str] = []

    async def perform(effect: Effect) -> None:
        performed.append(effect.kind)
        if isinstance(effect, ShowRequest | Apply):
            await gate.wait()

    rig.queue_worker = make_worker(
        store=rig.store, clock=rig.clock, perform=perform, may_give_up=rig.may_give_up, gave_up=rig.gave_up
    )
    await rig.put(*(ShowRequest(request_id=RequestId(f"r-{number}")) for number in range(200)))
    async with running(rig.queue_worker):
        await rig.until(lambda: performed.count("show_request") == 12)
        await rig.put(Prepare(request_id=RequestId("r-1")), key="click")
        await rig.until(lambda: "prepare" in performed)
        effective = [
            Apply(request_id=RequestId("r"), tenant_id=TenantId(f"00000000-0000-4000-8000-{number:012}"))
            for number in range(50)
        ]
        await rig.put(*effective, key="hung")
        await rig.until(lambda: performed.count("apply") == 4)
        gate.set()
        await rig.until_counted(0, 0, 0)
    gate.clear()
    performed.clear()
    await rig.put(*effective, key="hung again")
    async with running(rig.queue_worker):
        await rig.until(lambda: performed.count("apply") == 12)
        await rig.put(tell(RILEY.chat_id, "still told"), key="told")
        await rig.until(lambda: "tell" in performed)


async def test_files_that_many_people_give_delay_no_card_no_batch_and_no_message(rig: Rig) -> None:
    """Each takes minutes of look-ups. Thirty of them wait, two at a time are judged."""
    gate = asyncio.Event()
    begun: Counter[str] = Counter()

    async def perform(effect: Effect) -> None:
        begun[effect.kind] += 1
        if isinstance(effect, JudgeSheet):
            await gate.wait()

    rig.queue_worker = make_worker(
        store=rig.store, clock=rig.clock, perform=perform, may_give_up=rig.may_give_up, gave_up=rig.gave_up
    )
    sheets = [ImportSheet(actor=ChatId(f"U-{number}"), file_id="F1") for number in range(30)]
    await rig.put(*(JudgeSheet(command=one, key=one.actor) for one in sheets))
    async with running(rig.queue_worker):
        await rig.until(lambda: begun["judge_sheet"] == 2)
        behind: list[Effect] = [
            AdvanceBatch(batch_id=BatchId("B-1")),
            ShowHome(person=SAM.chat_id),
            tell(RILEY.chat_id, "told"),
        ]
        await rig.put(*behind, ShowRequest(request_id=RequestId("r-1")), key="behind")
        await rig.until(lambda: begun.total() == 6)
        assert begun["judge_sheet"] == 2
        gate.set()
        await rig.until_counted(0, 0, 0)
    assert begun["judge_sheet"] == 30


def check(person: Person, number: int) -> CheckPermission:
    """The check of a click of this person."""
    command = Withdraw(actor=person.chat_id, request_id=RequestId(f"r-{number}"))
    return CheckPermission(command=command, key=f"{person.chat_id}:{number}")


async def test_people_take_turns_and_an_approved_write_waits_for_no_click(rig: Rig) -> None:
    """Two hundred clicks of one person delay neither the click of another nor a write, whatever came first."""
    gate = asyncio.Event()
    begun: list[str] = []

    async def perform(effect: Effect) -> None:
        begun.append(effect.command.actor if isinstance(effect, CheckPermission) else effect.kind)
        if isinstance(effect, CheckPermission) and effect.command.actor == RILEY.chat_id:
            await gate.wait()

    rig.queue_worker = make_worker(
        store=rig.store, clock=rig.clock, perform=perform, may_give_up=rig.may_give_up, gave_up=rig.gave_up
    )
    await rig.put(*(check(RILEY, number) for number in range(200)))
    await rig.put(check(SAM, 1), Apply(request_id=RequestId("r"), tenant_id=TenantId(TENANT)), key="behind")
    async with running(rig.queue_worker):
        await rig.until(lambda: begun.count(RILEY.chat_id) >= 9)
        assert begun[:3] == ["apply", RILEY.chat_id, SAM.chat_id]
        await rig.until(lambda: begun.count(RILEY.chat_id) == 10)
        await rig.put(Apply(request_id=RequestId("r-2"), tenant_id=TenantId(TENANT)), key="while they wait")
        await rig.until(lambda: begun.count("apply") == 2)
        assert begun.count(RILEY.chat_id) == 10, "the checks wait for an answer, and leave room for the write"
        gate.set()
        await rig.until_counted(0, 0, 0)
    assert begun.count(RILEY.chat_id) == 200


async def test_while_cards_wait_for_a_place_app_homes_are_published_one_at_a_time(rig: Rig) -> None:
    """The Homes go on, so that none waits forever."""
    gate, homes = asyncio.Event(), asyncio.Event()
    begun: list[str] = []

    async def perform(effect: Effect) -> None:
        begun.append(effect.kind)
        await (homes if isinstance(effect, ShowHome) else gate).wait()

    rig.queue_worker = make_worker(
        store=rig.store, clock=rig.clock, perform=perform, may_give_up=rig.may_give_up, gave_up=rig.gave_up
    )
    await rig.put(*(Prepare(request_id=RequestId(f"r-{number}")) for number in range(20)))
    await rig.put(*(ShowHome(person=ChatId(f"U{number}")) for number in range(20)), key="homes")
    async with running(rig.queue_worker):
        await rig.until(lambda: begun.count("prepare") == 8)
        await rig.pass_turns()
        assert begun.count("show_home") == 1
        gate.set()
        await rig.until(lambda: begun.count("show_home") == 4)
        homes.set()
        await rig.until_counted(0, 0, 0)


async def test_nothing_is_begun_while_somebody_waits_for_an_answer(rig: Rig) -> None:
    """A click is acknowledged before the work of earlier clicks goes on."""
    quiet = asyncio.Event()

    async def until_quiet() -> None:
        await quiet.wait()

    rig.queue_worker = make_worker(
        store=rig.store,
        clock=rig.clock,
        perform=rig.perform,
        may_give_up=rig.may_give_up,
        gave_up=rig.gave_up,
        until_quiet=until_quiet,
    )
    await rig.put(tell(RILEY.chat_id, "later"))
    async with running(rig.queue_worker):
        await rig.pass_turns()
        assert not rig.begun
        quiet.set()
        await rig.until(lambda: rig.performed == ["later"])


async def test_outages_before_a_fault_of_our_own_do_not_count_as_attempts(rig: Rig) -> None:
    """Ten times no answer, then one unexpected fault: it is tried again, not parked."""
    errors: list[Exception] = [*(TenantUnavailable("No answer.") for _ in range(10)), ValueError("our own fault")]

    async def act(effect: SendMessage) -> None:
        if errors:
            raise errors.pop(0)

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "decided"))
    async with running(rig.queue_worker):
        for _ in range(11):
            await rig.until_counted(0, 1, 0)
            rig.clock.advance(minutes=10)
            rig.queue_worker.wake()
        await rig.until_counted(0, 0, 0)
    assert (rig.performed, rig.given_up) == (["decided"], [])


async def test_what_may_not_be_given_up_is_tried_on_at_least_every_five_minutes(rig: Rig) -> None:
    rig.kept = frozenset({"revoke"})

    async def act(effect: SendMessage) -> None:
        if len(rig.begun) < 30:
            raise NotifierRefused("Never.") if len(rig.begun) % 2 else ValueError("our own fault")

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "revoke"))
    async with running(rig.queue_worker):
        for _ in range(29):
            await rig.until_counted(0, 1, 0)
            rig.clock.advance(minutes=5)
            rig.queue_worker.wake()
        await rig.until_counted(0, 0, 0)
    assert (rig.performed, rig.given_up) == (["revoke"], [])


async def test_app_homes_come_last_and_few_at_a_time(rig: Rig) -> None:
    gate = asyncio.Event()
    performed: list[str] = []

    async def perform(effect: Effect) -> None:
        performed.append(effect.kind)
        if isinstance(effect, ShowHome):
            await gate.wait()

    rig.queue_worker = make_worker(
        store=rig.store, clock=rig.clock, perform=perform, may_give_up=rig.may_give_up, gave_up=rig.gave_up
    )
    await rig.put(*(ShowHome(person=ChatId(f"U{number}")) for number in range(20)))
    await rig.put(*(ShowRequest(request_id=RequestId(f"r-{number}")) for number in range(9)), key="cards")
    await rig.put(Prepare(request_id=RequestId("r-1")), key="click")
    async with running(rig.queue_worker):
        await rig.until(lambda: performed.count("show_home") >= 4)
        await rig.pass_turns()
        assert performed.count("show_home") == 4
        gate.set()
        await rig.until_counted(0, 0, 0)
    assert performed[:10] == ["prepare"] + ["show_request"] * 9
    assert performed.count("show_home") == 20


async def test_a_message_that_will_never_be_accepted_is_parked_and_its_lane_continues(rig: Rig) -> None:
    async def act(effect: SendMessage) -> None:
        if text_of(effect) == "never":
            raise NotifierRefused("The channel is gone.")

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "never"), tell(RILEY.chat_id, "next"))
    async with running(rig.queue_worker):
        await rig.until_counted(0, 0, 1)
        await rig.until(lambda: rig.given_up != [])
    assert rig.begun == ["never", "next"]
    assert rig.performed == ["next"]
    assert rig.given_up == [tell(RILEY.chat_id, "never")]
    assert rig.reasons == ["The channel is gone."]


@pytest.mark.parametrize(
    "error", [ValueError("our own fault"), TenantRefused(403, "no", "Refused."), KeyError("x")], ids=repr
)
async def test_a_fault_of_our_own_is_parked_after_five_attempts_and_its_lane_continues(
    rig: Rig, error: Exception
) -> None:
    """Later effects of the lane do not wait for the attempts; the people concerned are told once, at the end."""

    async def act(effect: SendMessage) -> None:
        if text_of(effect) == "broken":
            raise error

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "broken"), tell(RILEY.chat_id, "next"))
    async with running(rig.queue_worker):
        for attempt in range(1, 5):
            await rig.until_counted(0, 1, 0)
            assert rig.begun == ["broken", "next"] + ["broken"] * (attempt - 1)
            assert rig.given_up == []
            rig.clock.advance(minutes=2)
            rig.queue_worker.wake()
        await rig.until_counted(0, 0, 1)
        await rig.until(lambda: rig.given_up != [])
    assert rig.begun == ["broken", "next"] + ["broken"] * 4
    assert rig.performed == ["next"]
    assert rig.given_up == [tell(RILEY.chat_id, "broken")]


@pytest.mark.threats("G14")
async def test_one_effect_that_always_fails_among_a_hundred_is_parked_and_the_others_are_performed(rig: Rig) -> None:
    async def act(effect: SendMessage) -> None:
        if text_of(effect) == "broken":
            raise ValueError("our own fault")

    rig.act = act
    texts = [*(str(number) for number in range(50)), "broken", *(str(number) for number in range(50, 99))]
    await rig.put(*(tell(RILEY.chat_id, text) for text in texts))
    async with running(rig.queue_worker):
        for _ in range(4):
            await rig.until_counted(0, 1, 0)
            rig.clock.advance(minutes=2)
            rig.queue_worker.wake()
        await rig.until_counted(0, 0, 1)
        await rig.until(lambda: rig.given_up != [])
    assert sorted(rig.performed) == sorted(str(number) for number in range(99))
    assert rig.given_up == [tell(RILEY.chat_id, "broken")]


@pytest.mark.threats("G16")
@pytest.mark.parametrize("kind", [TenantUnavailable, PeopleDirectoryUnavailable, NotifierUnavailable])
async def test_a_system_that_does_not_answer_is_tried_for_as_long_as_it_takes(rig: Rig, kind: type[Exception]) -> None:
    """More often than an error of our own; later effects of other lanes do not wait."""

    async def act(effect: SendMessage) -> None:
        if text_of(effect) == "first" and rig.begun.count("first") <= 12:
            raise kind("No answer.")

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "first"), tell(RILEY.chat_id, "second"))
    async with running(rig.queue_worker):
        for attempt in range(1, 13):
            await rig.until(lambda attempt=attempt: rig.begun.count("first") == attempt)  # type: ignore[misc]
            await rig.until_counted(0, 1, 0)
            rig.clock.advance(minutes=2)
            rig.queue_worker.wake()
        await rig.until_counted(0, 0, 0)
    assert rig.performed == ["second", "first"]
    assert rig.begun == ["first", "second"] + ["first"] * 12
    assert rig.given_up == [], "nothing is wrong with us"


@pytest.mark.threats("G16")
@pytest.mark.parametrize("kind", [TenantUnavailable, PeopleDirectoryUnavailable, NotifierUnavailable])
async def test_a_wait_that_was_asked_for_is_honoured(rig: Rig, kind: type[TenantUnavailable]) -> None:
    async def act(effect: SendMessage) -> None:
        if len(rig.begun) == 1:
            raise kind("Too many requests.", retry_after=30.0)

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "one"))
    async with running(rig.queue_worker):
        await rig.until_counted(0, 1, 0)
        asked_for = rig.clock.now() + timedelta(seconds=30)
        assert await rig.store.count_pending(asked_for - timedelta(milliseconds=1)) == (0, 1, 0)
        assert await rig.store.count_pending(asked_for) == (1, 0, 0)
        rig.clock.advance(seconds=29.9)
        await rig.pass_turns()
        assert rig.begun == ["one"]
        rig.clock.advance(seconds=0.1)
        rig.queue_worker.wake()
        await rig.until(lambda: rig.performed == ["one"])


@pytest.mark.parametrize("asked", [301.0, 1e6, 1e308, float("inf"), float("nan"), -5.0], ids=str)
async def test_a_wait_that_is_garbage_or_too_long_is_cut_to_five_minutes(rig: Rig, asked: float) -> None:
    async def act(effect: SendMessage) -> None:
        raise NotifierUnavailable("Too many requests.", retry_after=asked)

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "one"))
    async with running(rig.queue_worker):
        await rig.until_counted(0, 1, 0)
        assert await rig.store.count_pending(rig.clock.now() + timedelta(seconds=300)) == (1, 0, 0)
        assert await rig.store.count_pending(rig.clock.now()) == (0, 1, 0), "and it is no hot loop"


async def test_what_an_admin_has_to_mend_is_tried_again_every_five_minutes_for_ever(rig: Rig) -> None:
    async def act(effect: SendMessage) -> None:
        if len(rig.begun) <= 14:
            raise NotifierBlocked("chat.postMessage: not_in_channel")

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "one"))
    async with running(rig.queue_worker):
        for attempt in range(1, 15):
            await rig.until(lambda attempt=attempt: len(rig.begun) == attempt)  # type: ignore[misc]
            await rig.until_counted(0, 1, 0)
            waits_long = await rig.store.count_pending(rig.clock.now() + timedelta(seconds=149))
            assert waits_long == ((0, 1, 0) if attempt > 10 else waits_long)
            rig.clock.advance(seconds=300)
            rig.queue_worker.wake()
        await rig.until_counted(0, 0, 0)
    assert (rig.performed, rig.given_up) == (["one"], [])


async def test_waits_grow_to_a_minute_and_are_spread(rig: Rig) -> None:
    """Between half and all of 1, 2, 4 … 60 seconds, so that effects are not repeated all at once."""

    async def act(effect: SendMessage) -> None:
        raise NotifierUnavailable("No answer.")

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "one"))
    async with running(rig.queue_worker):
        for attempt, longest in enumerate([1, 2, 4, 8, 16, 32, 60, 60, 60], start=1):
            await rig.until(lambda attempt=attempt: len(rig.begun) == attempt)  # type: ignore[misc]
            await rig.until_counted(0, 1, 0)
            before_half = rig.clock.now() + timedelta(seconds=longest / 2, milliseconds=-1)
            assert await rig.store.count_pending(before_half) == (0, 1, 0)
            rig.clock.advance(seconds=longest)
            assert (await rig.store.count_pending(rig.clock.now()))[1] == 0
            rig.queue_worker.wake()


async def test_a_clock_that_jumps_is_noticed_without_being_told(rig: Rig) -> None:
    async def act(effect: SendMessage) -> None:
        if len(rig.begun) == 1:
            raise NotifierUnavailable("Too many requests.", retry_after=3600.0)

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "one"))
    async with running(rig.queue_worker):
        await rig.until_counted(0, 1, 0)
        rig.clock.advance(hours=1)
        await rig.until(lambda: rig.performed == ["one"])


async def test_cancelling_loses_nothing(rig: Rig) -> None:
    """The running effect, the waiting ones and the untouched ones are performed after the restart."""
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        await gate.wait()

    rig.act = act
    await rig.put(*(tell(ChatId(f"U{number % 20}"), str(number)) for number in range(40)))
    async with running(rig.queue_worker):
        await rig.until(lambda: len(rig.begun) == 12)
    assert rig.performed == []
    assert await rig.store.count_pending(rig.clock.now()) == (40, 0, 0)
    again = Rig(rig.store, rig.clock)
    async with running(again.queue_worker):
        await again.until_counted(0, 0, 0)
    assert Counter(again.performed) == Counter(map(str, range(40)))
    lanes = [[text for text in again.performed if int(text) % 20 == lane] for lane in range(20)]
    assert lanes == [[str(lane), str(lane + 20)] for lane in range(20)]


async def test_a_crash_between_an_effect_and_its_mark_performs_it_once_more_and_loses_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = rig.store.shared_queue
    queue, name = (rig.store, "mark_done") if shared is None else (shared, "settle")
    reached = asyncio.Event()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    await rig.put(tell(RILEY.chat_id, "one"), tell(RILEY.chat_id, "two"))
    with monkeypatch.context() as patch:
        patch.setattr(queue, name, hang)
        async with running(rig.queue_worker):
            await reached.wait()
    assert rig.performed == ["one"]
    again = Rig(rig.store, rig.clock)
    async with running(again.queue_worker):
        await again.until_counted(0, 0, 0)
    assert again.performed == ["one", "two"]


async def test_one_effect_that_cannot_be_read_among_good_ones_delays_none(rig: Rig) -> None:
    await rig.put(*(tell(ChatId(f"U{number % 3}"), str(number)) for number in range(9)))
    await rig.spoil(4)
    async with running(rig.queue_worker):
        await rig.until_counted(0, 0, 1)
    assert sorted(rig.performed) == list("01245678"), "the fourth is “3”, the second in its lane"
    assert [text for text in rig.performed if int(text) % 3 == 0] == ["0", "6"]


async def test_a_store_that_fails_for_a_while_does_not_end_the_queue_worker(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a locked file: the work continues when that is repaired, and nothing is lost."""
    left = [sqlite3.OperationalError("database or disk is full")] * 3
    shared = rig.store.shared_queue
    queue, name = (rig.store, "pending") if shared is None else (shared, "claim")
    look = getattr(queue, name)

    async def pending(*values: Any) -> Any:
        if left:
            raise left.pop()
        return await look(*values)

    monkeypatch.setattr(queue, name, pending)
    await rig.put(tell(RILEY.chat_id, "one"))
    async with running(rig.queue_worker) as task:
        while left:
            rig.queue_worker.wake()
            await asyncio.sleep(0.002)
            assert not task.done()
        rig.queue_worker.wake()
        await rig.until_counted(0, 0, 0)
    assert rig.performed == ["one"]


async def test_a_fault_in_saying_that_something_was_given_up_delays_nothing(rig: Rig) -> None:
    async def act(effect: SendMessage) -> None:
        if text_of(effect) == "broken":
            raise ValueError("our own fault")

    async def cannot_say(pending: PendingEffect, _: Facts) -> None:
        rig.given_up.append(pending.effect)
        raise RuntimeError("nor can it be said")

    rig.act = act
    rig.queue_worker = make_worker(
        store=rig.store, clock=rig.clock, perform=rig.perform, may_give_up=rig.may_give_up, gave_up=cannot_say
    )
    await rig.put(tell(RILEY.chat_id, "broken"))
    async with running(rig.queue_worker) as task:
        for attempt in range(1, 6):
            await rig.until(lambda attempt=attempt: len(rig.begun) == attempt)  # type: ignore[misc]
            await rig.until_counted(*((0, 1, 0) if attempt < 5 else (0, 0, 1)))
            rig.clock.advance(minutes=2)
            rig.queue_worker.wake()
        await rig.until(lambda: rig.given_up != [])
        await rig.put(tell(RILEY.chat_id, "next"), key="more")
        await rig.until(lambda: rig.performed == ["next"])
        assert not task.done()
    assert len(rig.given_up) == 1


async def test_an_end_that_cannot_be_stored_is_not_performed_again_without_a_rest(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effects are performed at least once, but a full disk must not send a message a thousand times."""
    full = True
    shared = rig.store.shared_queue
    queue, name = (rig.store, "mark_done") if shared is None else (shared, "settle")
    finish = getattr(queue, name)

    async def done(*values: Any) -> Any:
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        return await finish(*values)

    monkeypatch.setattr(queue, name, done)
    await rig.put(tell(RILEY.chat_id, "one"))
    async with running(rig.queue_worker):
        await rig.until(lambda: rig.performed != [])
        await rig.pass_turns(100, is_woken=False)
        assert len(rig.performed) <= 2
        full = False
        await rig.until_counted(0, 0, 0)


async def test_an_effect_that_stores_more_effects_has_them_performed(rig: Rig) -> None:
    async def act(effect: SendMessage) -> None:
        if len(text_of(effect)) < 5:
            await rig.put(tell(effect.person, text_of(effect) + "x"), key=f"after-{text_of(effect)}")

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "x"))
    async with running(rig.queue_worker):
        await rig.until_counted(0, 0, 0)
    assert rig.performed == ["x" * count for count in range(1, 6)]


async def test_a_drain_begins_nothing_more_and_ends_with_what_is_running(rig: Rig) -> None:
    gate = asyncio.Event()

    async def act(effect: SendMessage) -> None:
        await gate.wait()

    rig.act = act
    await rig.put(tell(RILEY.chat_id, "runs"), tell(RILEY.chat_id, "behind"))
    async with running(rig.queue_worker):
        await rig.until(lambda: rig.begun == ["runs"])
        drained = asyncio.create_task(rig.queue_worker.drain())
        await asyncio.sleep(0)
        await rig.put(tell(SAM.chat_id, "later"), key="later")
        await rig.pass_turns()
        assert (rig.begun, drained.done()) == (["runs"], False)
        gate.set()
        await drained
        await rig.pass_turns()
    assert rig.performed == ["runs"]
    assert await rig.store.count_pending(rig.clock.now()) == (2, 0, 0)

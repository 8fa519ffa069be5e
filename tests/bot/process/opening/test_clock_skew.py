"""The machine's clock is compared with Slack's and Microsoft Graph's: what is wrong is told, and holds what opens."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from bot.process.app import running
from bot.process.opening.readers import GRAPH, SLACK, ClockSkew
from bot.process.settings import Settings
from bot.sandbox.server import BotHandle, Sandbox
from bot.slack import ids
from tests.bot.bot_under_test import BotUnderTest, click, eventually, health_url_of
from tests.bot.terminal.test_doctor import examined, finding
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.intervals import CLOCK_DATES_COUNT_FOR

NOW: Final = datetime(2027, 3, 1, 9, tzinfo=UTC)


@dataclass(slots=True)
class Machine:
    """A machine whose clock is wrong by some seconds."""

    wrong_by: float = 0.0
    passed: float = 0.0

    def now(self) -> datetime:
        """Return what its clock shows."""
        return NOW + timedelta(seconds=self.passed + self.wrong_by)

    def monotonic(self) -> float:
        """Return the seconds since it was switched on."""
        return self.passed

    def date(self, service_is_wrong_by: float = 0.0) -> str:
        """Return the `Date` header of a service."""
        return format_datetime(NOW + timedelta(seconds=self.passed + service_is_wrong_by), usegmt=True)


def compared(machine: Machine) -> ClockSkew:
    """Return a comparison on a machine."""
    return ClockSkew(machine, machine.monotonic)


def seconds(skew: ClockSkew) -> float | None:
    """Return how far the clock is wrong."""
    wrong_by = skew.wrong_by()
    return None if wrong_by is None else wrong_by.total_seconds()


@pytest.mark.threats("A3")
@pytest.mark.parametrize("wrong_by", [600.0, -600.0, 31.0, -31.0])
def test_a_wrong_clock_is_known_after_three_answers(wrong_by: float) -> None:
    machine = Machine(wrong_by)
    skew = compared(machine)
    for _ in range(2):
        skew.observe(SLACK, machine.date(), 0.1)
        assert seconds(skew) is None
    skew.observe(SLACK, machine.date(), 0.1)
    assert seconds(skew) == pytest.approx(wrong_by, abs=1.2)


@pytest.mark.threats("A3")
@pytest.mark.parametrize("bad", ["Mon, 01 Mar 2027 08:00:00 GMT", "Fri, 01 Jan 1971 00:00:00 GMT", "", "soon", "\x00"])
def test_two_bad_headers_of_five_change_nothing(bad: str) -> None:
    machine = Machine()
    skew = compared(machine)
    for date in (machine.date(), bad, machine.date(), bad, machine.date()):
        skew.observe(GRAPH, date, 0.0)
    assert seconds(skew) == 0


@pytest.mark.parametrize("elapsed", [40.0, 150.0, 600.0])
def test_a_slow_answer_says_nothing_against_the_clock(elapsed: float) -> None:
    """Its date may be as old as its request."""
    machine = Machine()
    skew = compared(machine)
    for _ in range(5):
        skew.observe(SLACK, machine.date(-elapsed), elapsed)
    assert seconds(skew) == 0


def test_a_slow_answer_of_a_wrong_clock_says_what_is_certain() -> None:
    machine = Machine(wrong_by=200)
    skew = compared(machine)
    for _ in range(3):
        skew.observe(SLACK, machine.date(), 50.0)
    assert seconds(skew) == pytest.approx(149, abs=1)


def test_a_part_of_a_second_is_no_difference() -> None:
    machine = Machine(wrong_by=0.9)
    skew = compared(machine)
    for _ in range(3):
        skew.observe(SLACK, machine.date(), 0.0)
    assert seconds(skew) == 0


def test_a_service_that_agrees_with_our_clock_counts_more_than_one_that_does_not() -> None:
    """Two of three clocks then agree."""
    machine = Machine()
    skew = compared(machine)
    for _ in range(3):
        skew.observe(SLACK, machine.date(7200), 0.0)
    assert seconds(skew) == pytest.approx(-7200, abs=2)
    for _ in range(3):
        skew.observe(GRAPH, machine.date(), 0.0)
    assert seconds(skew) == 0


@pytest.mark.threats("A3")
@pytest.mark.parametrize("jump", [600, -600])
def test_after_a_jump_of_our_clock_the_next_answer_counts(jump: float) -> None:
    """Also of the other service: what was compared before says nothing any more."""
    machine = Machine()
    skew = compared(machine)
    for service in (SLACK, GRAPH) * 5:
        skew.observe(service, machine.date(), 0.0)
    assert not skew.is_outdated
    machine.wrong_by, machine.passed = jump, 1
    assert (skew.is_outdated, seconds(skew)) == (True, None)
    skew.observe(SLACK, machine.date(), 5.0)
    assert seconds(skew) is None, "it was asked before the jump"
    machine.passed = 3
    skew.observe(SLACK, machine.date(), 1.0)
    assert seconds(skew) == pytest.approx(jump, abs=2)
    machine.wrong_by = 0
    for _ in range(3):
        assert skew.is_outdated
        skew.observe(SLACK, machine.date(), 0.0)
        machine.passed += 1
    assert (skew.is_outdated, seconds(skew)) == (False, 0)


@pytest.mark.threats("A3")
def test_a_clock_that_drifts_is_known_by_three_answers() -> None:
    machine = Machine()
    skew = compared(machine)
    for _ in range(100):
        machine.wrong_by += 1
        skew.observe(SLACK, machine.date(), 0.0)
    assert seconds(skew) == pytest.approx(98, abs=2)


def test_old_answers_do_not_count_and_a_service_is_asked_again() -> None:
    machine = Machine(wrong_by=600)
    skew = compared(machine)
    assert skew.is_outdated
    for _ in range(3):
        skew.observe(SLACK, machine.date(), 0.0)
    assert not skew.is_outdated
    machine.passed += 61
    assert (skew.is_outdated, seconds(skew) is not None) == (True, True)
    machine.passed += CLOCK_DATES_COUNT_FOR.total_seconds()
    assert seconds(skew) is None


# --- the bot ---


@dataclass(slots=True)
class WrongClock:
    """A bot whose clock a test sets, while Slack and Graph keep theirs."""

    bot: BotUnderTest
    file: Path

    def set(self, seconds: int) -> None:
        """Let the bot's clock be wrong from now on."""
        new = self.file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.file)

    async def answers(self) -> None:
        """Let Slack answer three times, to calls that change nothing."""
        for _ in range(3):
            await self.bot.control.post("command", user="requester", text="help")
            await self.bot.control.post("command", user="requester", text="list")
            await self.bot.idle()

    async def approve(self, request: AccessRequest) -> None:
        """Let everybody approve."""
        for approver in ("approver1", "approver2", "approver3"):
            await self.bot.interact(click(approver, ids.APPROVE, f"{request.id}:{request.plan.digest}"))
            await self.bot.idle()

    async def is_in(self, request: AccessRequest, state: RequestState) -> bool:
        """Tell whether a request is in a state."""
        stored = await self.bot.store.request(request.id)
        return stored is not None and stored.state is state

    async def is_held(self, request: AccessRequest) -> bool:
        """Tell whether an approved request says that it waits for the clock."""
        stored = await self.bot.store.request(request.id)
        return stored is not None and NoteCode.CLOCK_WRONG in [fact.code for fact in stored.note]

    def graph_writes(self) -> int:
        """Count what was sent to change a partner."""
        paths = [(one["method"], one["path"]) for one in self.bot.world.graph_log.entries]
        return len([path for method, path in paths if method != "GET" and "/partners" in path])


@pytest.fixture
async def wrong_clock(world: Sandbox, settings: Settings, tmp_path: Path) -> AsyncIterator[WrongClock]:
    """A bot with a clock of its own."""
    file = tmp_path / "bot-clock"
    file.write_text("0")
    changed = settings.model_copy(update={"gatehouse_clock_file": file})
    url = f"http://127.0.0.1:{settings.port}"
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        parts = await stack.enter_async_context(running(changed, SHORT_PAUSES))
        health_url = health_url_of(settings)
        world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url)
        yield WrongClock(BotUnderTest(world=world, settings=changed, session=session, store=parts.store, url=url), file)


@pytest.mark.threats("A3")
@pytest.mark.parametrize("wrong_by", [150, -150])
async def test_a_clock_wrong_by_two_minutes_holds_what_opens_and_recovers_by_itself(
    wrong_clock: WrongClock, wrong_by: int
) -> None:
    bot = wrong_clock.bot
    request = await bot.file_request()
    wrong_clock.set(wrong_by)
    await wrong_clock.approve(request)
    await eventually(lambda: wrong_clock.is_held(request))
    assert wrong_clock.graph_writes() == 0
    await eventually(lambda: bot.has_alarm(AlarmCode.CLOCK_WRONG))
    status, text = await bot.readiness()
    side = "ahead of" if wrong_by > 0 else "behind"
    assert (status, text.partition("\n")[0]) == (200, "ready"), "clicks are still received"
    assert side in text
    assert "nothing that opens access is written" in text
    # What waits was given a time by the wrong clock, so as much time passes for everybody.
    bot.world.clock.advance(200)
    wrong_clock.set(200)
    await eventually(lambda: wrong_clock.is_in(request, RequestState.APPLIED))
    assert wrong_clock.graph_writes() > 0

    async def is_over() -> bool:
        await wrong_clock.answers()
        return not await bot.has_alarm(AlarmCode.CLOCK_WRONG) and await bot.readiness() == (200, "ready\n")

    await eventually(is_over)


@pytest.mark.threats("A3")
async def test_closing_goes_on_while_the_clock_is_wrong(wrong_clock: WrongClock) -> None:
    bot = wrong_clock.bot
    request = await bot.file_request()
    await wrong_clock.approve(request)
    await eventually(lambda: wrong_clock.is_in(request, RequestState.APPLIED))
    await bot.idle()
    wrong_clock.set(150)
    await eventually(lambda: _is_alarmed_after_answers(wrong_clock))
    writes = wrong_clock.graph_writes()
    opened = await bot.control.post("command", user="admin", text="revoke contoso.com")
    await bot.control.post(
        "submit",
        user="admin",
        view_id=opened["view_id"],
        values={"reason": {"reason": {"value": "They left."}}, "confirm": {"confirm": {"value": "contoso.com"}}},
    )

    async def is_blocked() -> bool:
        record = await bot.store.partnership(request.plan.tenant_id)
        return record is not None and record.state.value == "revoked"

    await eventually(is_blocked)
    assert wrong_clock.graph_writes() > writes


async def _is_alarmed_after_answers(wrong_clock: WrongClock) -> bool:
    await wrong_clock.answers()
    return await wrong_clock.bot.has_alarm(AlarmCode.CLOCK_WRONG)


@pytest.mark.threats("A3")
@pytest.mark.parametrize("wrong_by", [600, -600])
async def test_a_clock_moved_by_ten_minutes_makes_the_bot_unready(wrong_clock: WrongClock, wrong_by: int) -> None:
    """Every click is refused then, because its signature is too old or too new."""
    bot = wrong_clock.bot
    await bot.file_request()
    wrong_clock.set(wrong_by)

    async def is_unready() -> bool:
        assert (await bot.command("help")).status == 401
        return not await bot.is_ready()

    await eventually(is_unready)
    assert "every click is refused: the clock is " in (await bot.readiness())[1]
    wrong_clock.set(0)
    await eventually(bot.is_ready)


@pytest.mark.threats("A3")
@pytest.mark.parametrize(("wrong_by", "is_told"), [(0, False), (45, True), (-45, True), (600, True)])
async def test_doctor_compares_the_clock(settings: Settings, tmp_path: Path, wrong_by: int, is_told: bool) -> None:
    file = tmp_path / "doctor-clock"
    file.write_text(str(wrong_by))
    status, text = await examined(settings.model_copy(update={"gatehouse_clock_file": file}))
    row = finding(text, "The machine's clock")
    assert (status, "✗" in row, "NTP" in row) == (int(is_told), is_told, is_told), text

"""Work after the acknowledgement: a few tasks at a time, in order, all of them. Too many commands are refused."""

import asyncio
from typing import Any, cast

import pytest
import structlog

from bot.slack.answers.background import Background
from bot.slack.answers.response_url import Answers
from bot.slack.blocks.message import Message, refusal
from bot.slack.payloads.models import SlashCommand
from bot.slack.words.unavailable import TOO_MANY_COMMANDS
from tests.waiting import LONGEST_WAIT

COMMAND = SlashCommand(user_id="U0REQUESTER", team_id="T0WOODGROVE", trigger_id="1.2.3", text="posture")


async def until_done(background: Background) -> None:
    """Wait until every task has ended."""
    async with asyncio.timeout(LONGEST_WAIT):
        await asyncio.gather(*background._tasks, return_exceptions=True)
    await asyncio.sleep(0)


async def test_few_tasks_run_at_the_same_time_and_all_get_their_turn_in_order() -> None:
    background = Background(max_running=3)
    begun: list[int] = []
    now, most = 0, 0

    async def work(number: int) -> None:
        nonlocal now, most
        begun.append(number)
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1

    for number in range(50):
        background.start(work(number))
    assert background.running == 50
    await until_done(background)
    assert (begun, most) == (list(range(50)), 3)


async def test_what_starts_at_once_needs_no_place_and_takes_none() -> None:
    background = Background(max_running=1)
    gate, closed, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait(until: asyncio.Event, ended: asyncio.Event) -> None:
        await until.wait()
        ended.set()

    background.start(wait(asyncio.Event(), done), at_once=True)
    background.start(wait(gate, done))
    background.start(wait(gate, done))
    free = asyncio.Event()
    free.set()
    background.start(wait(free, closed), at_once=True)
    async with asyncio.timeout(LONGEST_WAIT):
        await closed.wait()
        await asyncio.sleep(0)
        assert (background.running, done.is_set()) == (3, False)
        gate.set()
        await done.wait()
    await background.close()


async def test_a_task_that_fails_is_logged_and_gives_its_place_back() -> None:
    background = Background(max_running=1)
    done: list[str] = []

    async def fail() -> None:
        raise ValueError("no")

    async def work() -> None:
        done.append("done")

    with structlog.testing.capture_logs() as logs:
        background.start(fail())
        background.start(work())
        await until_done(background)
    assert ([entry["event"] for entry in logs], done) == (["background_failed"], ["done"])


@pytest.mark.parametrize("is_begun", [True, False])
async def test_closing_ends_tasks_that_run_and_tasks_that_wait(*, is_begun: bool) -> None:
    background = Background(max_running=1)
    for _ in range(3):
        background.start(asyncio.sleep(60))
    if is_begun:
        await asyncio.sleep(0)
    await background.close()
    await asyncio.sleep(0)
    assert background.running == 0


async def test_a_command_is_refused_politely_while_too_many_wait() -> None:
    """Fifty lists and postures a second must not pile up. What waits already is answered."""
    background = Background(max_running=1, max_waiting=2)
    gate = asyncio.Event()
    said: list[dict[str, Any]] = []

    async def ack(**answer: Any) -> None:
        said.append(answer)

    async def build(command: SlashCommand) -> Message:
        raise AssertionError("it was not to be read")

    async def wait() -> None:
        await gate.wait()

    answers = Answers(
        service=cast(Any, None),
        lookup_permission=cast(Any, None),
        directory=cast(Any, None),
        background=background,
        slack_api_url="https://slack.com/api/",
    )
    for _ in range(3):
        background.start(wait())
    assert background.is_full
    await answers.answer_later(cast(Any, ack), COMMAND, build)
    assert [one["text"] for one in said] == [refusal(TOO_MANY_COMMANDS).text]
    assert background.running == 3
    gate.set()
    await until_done(background)
    assert not background.is_full

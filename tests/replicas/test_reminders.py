"""Every reminder is sent once, whichever bot is alive when it is due."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.replicas.stage import DEAD_SOON, ReplicasStage, replicas_stage
from tests.scenarios.stage import DAY

pytestmark = [pytest.mark.replicas]
PEOPLE = ("requester", "approver1", "approver2", "approver3")
QUESTION: Final = "question of a review"
NOTICE: Final = "notice that access ends"
SAID: Final = {
    "is this access still needed?": QUESTION,
    "reminded again below": QUESTION,  # an earlier one
    "access ends soon": NOTICE,
}
UNTIL_THE_QUESTION: Final = 30 * DAY + 60
UNTIL_THE_REMINDER: Final = 3 * DAY + 60
UNTIL_THE_NOTICE: Final = 180 * DAY - 30 * DAY + 60
"""From the approval; Contoso is open for 180 days."""


async def told_in_a_week(stage: ReplicasStage, *, is_killed: bool) -> dict[str, list[str]]:
    """Ask, and let nobody decide; returns what each person was told, oldest first, by its first words.

    :param is_killed: whether the leading bot is killed whenever the clock reaches a reminder.
    """
    await stage.until_monday()
    await stage.ask()
    for _ in range(4):
        leading = await stage.leader()
        moved = asyncio.create_task(stage.call("POST", "clock", {"advance_seconds": DAY}))
        if is_killed:
            await leading.kill()
            await leading.start()
        await moved
        await stage.until_all_ready()
        await stage.tick()
        await stage.rest()
    return {
        person: [str(one["text"]).partition(" (")[0][:20] for one in await stage.direct(person)] for person in PEOPLE
    }


async def test_every_reminder_is_sent_once_while_the_leading_bot_is_killed_at_each_of_them(tmp_path: Path) -> None:
    """The oracle is one bot that nobody kills."""
    async with replicas_stage(tmp_path / "one", count=1) as stage:
        expected = await told_in_a_week(stage, is_killed=False)
    assert len(expected["approver1"]) > 2, "reminders were due"
    async with replicas_stage(tmp_path / "two", dead_after=DEAD_SOON) as stage:
        assert await told_in_a_week(stage, is_killed=True) == expected


async def clock_moved(stage: ReplicasStage, seconds: int, *, stored: str = "") -> None:
    """Move the clock, and kill the leading bot as soon as it may have noticed. It starts again.

    :param stored: the command whose next entry in the audit log is waited for first; empty: none.
    """
    await stage.tick()
    count = f"select count(*) from audit where outcome = 'accepted' and command = '{stored}'"
    leading, before = await stage.leader(), stage.rows(count)
    moved = asyncio.create_task(stage.call("POST", "clock", {"advance_seconds": seconds}))

    async def is_stored() -> bool:
        return await asyncio.to_thread(stage.rows, count) != before

    if stored:
        await stage.until(is_stored, stored)
    await leading.kill()
    await leading.start()
    await moved
    await stage.until_all_ready()
    await stage.tick()
    await stage.rest()


async def told(stage: ReplicasStage) -> Counter[tuple[str, str]]:
    """Count what each person was told about a review and about the end of access, by its subject."""
    messages = {person: await stage.direct(person) for person in (*PEOPLE, "admin")}
    return Counter(
        (person, subject)
        for person, got in messages.items()
        for one in got
        for said, subject in SAID.items()
        if said in one["text"]
    )


async def test_a_review_and_the_end_of_access_are_told_once_while_the_leading_bot_is_killed(tmp_path: Path) -> None:
    """It is killed when the clock reaches them, and when they are stored and perhaps not sent yet."""
    async with replicas_stage(tmp_path / "data", dead_after=DEAD_SOON) as stage:
        await stage.until_monday()
        await stage.open_access()
        await clock_moved(stage, UNTIL_THE_QUESTION)
        assert await told(stage) == {("requester", QUESTION): 1}
        await clock_moved(stage, UNTIL_THE_REMINDER, stored="ask_review")
        assert await told(stage) == {("requester", QUESTION): 2}
        left = UNTIL_THE_NOTICE - UNTIL_THE_QUESTION - UNTIL_THE_REMINDER
        await clock_moved(stage, left, stored="issue_end_notice")
        assert await told(stage) == {
            ("requester", QUESTION): 3,
            ("approver2", QUESTION): 1,
            ("requester", NOTICE): 1,
        }, "the question is asked of one more person; of reminders that were missed, one is sent"

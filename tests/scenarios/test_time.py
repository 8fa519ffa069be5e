"""Nobody waits for ever: reminders in each person's working hours, escalation, and a stage that nobody can pass."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from bot.sandbox.seed import PEOPLE
from tests.bot.bot_under_test import SLACK_IDS
from tests.scenarios.stage import DAY, Stage, buttons, running_stage, words
from workflows.catalog.catalog import SHIPPED

pytestmark = pytest.mark.story

HOUR: Final = 3600
ZONES: Final = {person.handle: ZoneInfo(person.time_zone) for person in PEOPLE}
CHANGES: Final = {
    "decide_within_days = 14": "decide_within_days = 5\nremind_after_days = [1]",
    'role = "security"\nquorum = 1': (
        'role = "security"\nquorum = 1\nalternates = "data-owner"\nescalate_after_days = 2'
    ),
}
"""What the template of these stories has of its own: one reminder, and alternates after two working days."""


async def playing(folder: Path, changes: dict[str, str], *, holiday: int | None = None) -> AsyncIterator[Stage]:
    """Play on a sandbox whose Guest collaboration is changed, from a Monday at 10:00 UTC.

    :param holiday: how many days after this Monday is a holiday; None for none.
    """
    templates = folder / "templates"
    shutil.copytree(SHIPPED, templates)
    file = templates / "guest-collaboration.toml"
    text = file.read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text)
    if holiday is not None:
        today = datetime.now(UTC).date()
        (templates / "holidays.toml").write_text(f"dates = [{today + timedelta(7 - today.weekday() + holiday)}]\n")
    environment = {"GATEHOUSE_TEMPLATES": str(templates)}
    async with running_stage(Stage(data=folder / "data", warm=True, environment=environment)) as stage:
        await stage.until_monday()
        yield stage


@pytest.fixture
async def with_alternates(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox whose Guest collaboration asks the data owners after two working days."""
    async for stage in playing(tmp_path, CHANGES):
        yield stage


@pytest.fixture
async def with_escalation(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox whose Guest collaboration is escalated after one working day and another one. Tuesday is a holiday."""
    changes = {'role = "security"\nquorum = 1': 'role = "security"\nquorum = 1\nescalate_after_days = 1'}
    async for stage in playing(tmp_path, changes, holiday=1):
        yield stage


@pytest.fixture
async def with_two_needed(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox whose Guest collaboration needs two people of one stage within three days."""
    changes = {"decide_within_days = 14": "decide_within_days = 3", "quorum = 1": "quorum = 2"}
    async for stage in playing(tmp_path, changes):
        yield stage


async def let_hold(stage: Stage, security: tuple[str, ...], owners: tuple[str, ...]) -> None:
    """Make Slack list these people in the user groups of the two roles, and wait until the bot has read it."""
    await stage.call("DELETE", "faults")
    groups = {"partner-security": security, "partner-data-owners": owners, "partner-admins": ("admin",)}
    listed = [{"handle": handle, "users": [SLACK_IDS[who] for who in people]} for handle, people in groups.items()]
    body = {"ok": True, "usergroups": listed}
    await stage.do("faults", target="slack", method="usergroups.list", times=100_000, body=body)
    await stage.later(90)


async def said_to(stage: Stage, user: str, said: str) -> list[dict[str, Any]]:
    """The direct messages of a person that say something, in their text or in their blocks."""
    return [one for one in await stage.direct(user) if said in f"{one['text']} {words(one)}"]


async def until(stage: Stage, hour: int, minute: int, zone: ZoneInfo) -> None:
    """Move the clock to the next time at which it shows this hour and minute in a time zone."""
    now = datetime.fromisoformat((await stage.see("clock"))["now"]).astimezone(zone)
    moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    moment = moment if moment > now else moment + timedelta(days=1)
    await stage.later(int((moment - now).total_seconds()) + 1)


async def heard(stage: Stage, user: str, said: str = "waits for your decision") -> list[str]:
    """When a person was reminded, or told something else, as their own clock shows it."""
    moments = [float(one["ts"]) for one in await said_to(stage, user, said)]
    return [f"{datetime.fromtimestamp(at, UTC).astimezone(ZONES[user]):%a %H}" for at in moments]


async def chain(stage: Stage, ts: str) -> str:
    """What the card in the channel says, above all who was asked and told."""
    return " ".join(words(await stage.card_of(ts)).split())


async def asked(stage: Stage, user: str) -> int:
    """How many messages with a button Approve a person has."""
    return len([one for one in await stage.direct(user) if "approve" in buttons(one)])


async def test_a_reminder_comes_in_working_hours_and_an_alternate_is_asked_and_approves(with_alternates: Stage) -> None:
    """Amara works in Amsterdam and Chie in Tokyo. The bot is killed after each step, and nothing comes twice."""
    stage = with_alternates
    await let_hold(stage, ("approver1", "approver3"), ("approver2",))
    ts = await stage.ask(template="guest-collaboration")
    assert [await asked(stage, user) for user in ("approver1", "approver3", "approver2")] == [1, 1, 0]
    (refused,) = await stage.press("approver2", "approve", ts)
    assert refused, "an alternate who is not asked yet has no right"

    await stage.later(DAY)
    in_amsterdam = await heard(stage, "approver1")
    assert in_amsterdam in (["Tue 11"], ["Tue 12"])
    assert await heard(stage, "approver3") == [], "it is evening in Tokyo"
    await stage.kill_the_bot()
    await stage.later(13 * HOUR)
    assert await heard(stage, "approver3") == [], "it is eight o'clock in Tokyo"
    await stage.later(HOUR)
    assert await heard(stage, "approver3") == ["Wed 09"]
    await stage.kill_the_bot()
    await stage.tick()
    assert await heard(stage, "approver1") == in_amsterdam
    assert await heard(stage, "approver3") == ["Wed 09"]
    assert await asked(stage, "approver2") == 0

    await stage.later(10 * HOUR)
    assert await asked(stage, "approver2") == 1
    assert "Also asked: Bruno Keller" in " ".join((await stage.read()).split())
    await stage.kill_the_bot()
    await stage.tick()
    assert await asked(stage, "approver2") == 1
    assert await heard(stage, "approver2") == []
    assert await stage.writes() == []
    assert await stage.press("approver2", "approve", ts) == []
    assert "active (verified" in words(await stage.card_of(ts))
    assert len(await stage.writes()) == 1


async def test_managers_and_admins_are_told_in_their_own_working_hours_and_get_no_right(with_escalation: Stage) -> None:
    """Riley decides, whose manager Bruno works in New York. Each step is due at 22:00 UTC, when nobody works."""
    stage = with_escalation
    await let_hold(stage, ("requester",), ("approver2",))
    await until(stage, 22, 0, ZoneInfo("UTC"))
    ts = await stage.ask(user="approver3", template="guest-collaboration")

    await stage.later(DAY)
    assert "Told in working hours" not in await chain(stage, ts), "Tuesday is a holiday"
    await stage.later(DAY)
    assert "Told in working hours: Bruno Keller" in await chain(stage, ts)
    await stage.kill_the_bot()
    await until(stage, 8, 45, ZONES["approver2"])
    assert await heard(stage, "approver2", "you manage Riley Park") == []
    await until(stage, 9, 0, ZONES["approver2"])
    assert await heard(stage, "approver2", "you manage Riley Park") == ["Thu 09"]
    await stage.kill_the_bot()

    await until(stage, 22, 5, ZoneInfo("UTC"))
    assert "Told in working hours: Bruno Keller, Dana Reyes" in await chain(stage, ts)
    await stage.kill_the_bot()
    await until(stage, 8, 45, ZONES["admin"])
    assert await heard(stage, "admin", "ask the approvers to decide") == []
    await until(stage, 9, 0, ZONES["admin"])
    assert await heard(stage, "admin", "ask the approvers to decide") == ["Fri 09"]

    await stage.kill_the_bot()
    await stage.tick()
    assert await heard(stage, "approver2", "you manage Riley Park") == ["Thu 09"]
    assert await heard(stage, "admin", "ask the approvers to decide") == ["Fri 09"]
    for told in ("approver2", "admin"):
        assert await stage.press(told, "approve", ts), "who is told has no right"
    assert await stage.writes() == []
    assert await stage.press("requester", "approve", ts) == []
    assert len(await stage.writes()) == 1


async def test_a_stage_that_nobody_can_pass_stops_the_clock_and_ends_after_ten_working_days(
    with_two_needed: Stage,
) -> None:
    """One of two approvers leaves. The admins are alarmed once, everybody else is told once, whenever the bot dies."""
    stage = with_two_needed
    await let_hold(stage, ("approver1", "approver2"), ("approver3",))
    ts = await stage.ask(template="guest-collaboration")
    await let_hold(stage, ("approver1",), ("approver3",))
    assert "Nobody can decide, time stopped at most until" in " ".join(words(await stage.card_of(ts)).split())
    assert len(await said_to(stage, "admin", "The role “security” has too few people")) == 1
    assert len(await said_to(stage, "requester", "cannot be approved now")) == 1
    await stage.kill_the_bot()

    await stage.later(13 * DAY)
    assert "approve" in buttons(await stage.card_of(ts)), "the three days have passed, but not in its own time"
    await stage.kill_the_bot()
    await stage.later(DAY)
    assert buttons(await stage.card_of(ts)) == []
    await stage.kill_the_bot()
    await stage.tick()
    assert "Nobody could decide: for ten working days, too few people could approve “Security”" in await stage.read()
    assert len(await said_to(stage, "admin", "The role “security” has too few people")) == 1
    assert len(await said_to(stage, "requester", "cannot be approved now")) == 1
    assert len(await said_to(stage, "requester", "1 request of yours expired")) == 1
    assert len(await said_to(stage, "approver1", "1 request expired without your decision")) == 1
    assert await said_to(stage, "approver2", "without your decision") == [], "who left is not told"
    assert await stage.writes() == []

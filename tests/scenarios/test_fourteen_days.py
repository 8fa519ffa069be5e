"""Fourteen days of silence: who gets which message on which day, at which hour of their own zone, each exactly once.

People work in Amsterdam, New York and Tokyo. One Wednesday is a holiday. The bot is killed each working day, once the
whole sandbox. Nothing of the shipped template is changed.
"""

import shutil
import signal
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.scenarios.stage import Stage, buttons, running_stage
from tests.scenarios.test_end_of_access import QUICK
from tests.scenarios.test_time import ZONES, let_hold
from workflows.catalog.catalog import SHIPPED

pytestmark = pytest.mark.story

KINDS: Final = {
    "Access request R-": "asked",
    "Reminded again on": "reminded",
    "in this reminder": "reminded",
    "waits for your decision": "reminded",
    "is not decided yet": "expires soon",
    "expired without your decision": "expired",
    "of yours expired": "expired",
}
"""What the messages of this story say now: reminders are closed when the next one is sent."""
LOOKED_AT: Final = tuple(time(hour, 30) for hour in (0, 7, 8, 9, 10, 13, 14, 23))
"""When the clock stops each day, in UTC: before nine and after nine in each of the zones, and around the deadlines."""
SATURDAY: Final = 5


def monday_of_february() -> datetime:
    """Return the first Monday of a February that is ahead, at ten o'clock UTC: then no zone changes its clocks."""
    now = datetime.now(UTC)
    firsts = [datetime(year, 2, 1, 10, tzinfo=UTC) for year in (now.year, now.year + 1)]
    mondays = [first + timedelta(days=-first.weekday() % 7) for first in firsts]
    return next(monday for monday in mondays if monday > now + timedelta(days=1))


async def until(stage: Stage, moment: datetime) -> None:
    """Move the clock to a moment, in one step: what is sent on the way is seen as sent at the end of it."""
    now = datetime.fromisoformat((await stage.see("clock"))["now"])
    await stage.do("clock", advance_seconds=int((moment - now).total_seconds()) + 1)
    await stage.tick()


async def received(stage: Stage, user: str, monday: datetime) -> list[str]:
    """List what the bot wrote to a person: in which week, when by their own clock, and what."""
    found = []
    for message in await stage.direct(user):
        at = datetime.fromtimestamp(float(message["ts"]), UTC).astimezone(ZONES[user])
        week = (at.date() - monday.date()).days // 7 + 1
        kind = next((kind for words, kind in KINDS.items() if words in message["text"]), message["text"])
        found.append(f"{week} {at:%a %H} {kind}")
    return found


async def silent_days(stage: Stage, first: datetime, last: datetime) -> None:
    """Let nobody do anything from the first day to the last one. The bot is killed each working day, at another hour.

    On Saturdays and Sundays the clock stops once: whatever is sent is seen then.
    """
    for ahead in range((last.date() - first.date()).days + 1):
        day = first.date() + timedelta(days=ahead)
        hours = LOOKED_AT if day.weekday() < SATURDAY else LOOKED_AT[-1:]
        for place, moment in enumerate(datetime.combine(day, at, UTC) for at in hours):
            if first < moment <= last:
                await until(stage, moment)
                if place == day.day % len(LOOKED_AT):
                    await stage.kill_the_bot()


async def test_fourteen_days_of_silence_are_the_templates_cadence_in_everybodys_working_hours(tmp_path: Path) -> None:
    """Reminders after one, three and five working days, and one when two are left: by ten o'clock UTC, or at nine."""
    monday = monday_of_february()
    templates = tmp_path / "templates"
    shutil.copytree(SHIPPED, templates)
    (templates / "holidays.toml").write_text(f"dates = [{(monday + timedelta(days=2)).date()}]\n")
    made = Stage(data=tmp_path / "data", warm=True, environment={**QUICK, "GATEHOUSE_TEMPLATES": str(templates)})
    async with running_stage(made) as stage:
        await until(stage, monday)
        await let_hold(stage, ("approver1", "approver2", "approver3"), ("approver2",))
        ts = await stage.ask(template="guest-collaboration")
        await silent_days(stage, monday, monday + timedelta(days=2, hours=12))
        await stage.stop(signal.SIGKILL)
        await stage.start()
        await let_hold(stage, ("approver1", "approver2", "approver3"), ("approver2",))
        await silent_days(stage, monday + timedelta(days=2, hours=13), monday + timedelta(days=15, hours=5))
        by_person = {user: await received(stage, user, monday) for user in ZONES}
        assert buttons(await stage.card_of(ts)) == []
        assert await stage.writes() == []
    assert by_person["approver1"] == [
        "1 Mon 11 asked",
        "1 Tue 11 reminded",
        "1 Fri 11 reminded",
        "2 Tue 11 reminded",
        "2 Thu 11 reminded",
        "3 Mon 11 expired",
    ]
    assert by_person["approver2"] == [
        "1 Mon 05 asked",
        "1 Tue 09 reminded",
        "1 Fri 09 reminded",
        "2 Tue 09 reminded",
        "2 Thu 09 reminded",
        "3 Mon 09 expired",
    ]
    assert by_person["approver3"] == [
        "1 Mon 19 asked",
        "1 Thu 09 reminded",
        "2 Mon 09 reminded",
        "2 Wed 09 reminded",
        "2 Fri 09 reminded",
        "3 Tue 09 expired",
    ]
    assert by_person["requester"] == ["1 Mon 11 asked", "2 Thu 11 expires soon", "3 Mon 11 expired"]
    assert [by_person[user] for user in ("admin", "guest", "outsider")] == [[], [], []]

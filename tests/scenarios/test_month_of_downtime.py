"""A thousand partners after a month in which the bot did not run: one message a person, in order, each exactly once."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.process.opening.readers import SystemClock
from tests.bench.stage.histories import partner_of, person, request_of, store_history_in, tenant_of
from tests.scenarios.stage import DAY, UNLIMITED, Stage, running_stage, words
from tests.scenarios.test_end_of_access import QUICK
from tests.waiting import LONGEST_WAIT
from workflows.core.plans.plan import AtEnd
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

pytestmark = [pytest.mark.story, pytest.mark.load]

COUNT: Final = 1000
SPONSORS: Final = ("requester", "approver1", "approver2", "approver3", "admin")
NAMED: Final = 100
"""The most partners that one message names; the others are counted, and do not count as announced."""
PATIENCE: Final = 240
"""Seconds that a thousand records may take on a loaded machine."""
_NAME: Final = re.compile(r"\b(contoso\.com|partner-\d{5}\.com)\b")


def ends_at(number: int, now: datetime) -> datetime:
    """Every partner ends within the month after the downtime, each at another time, not in the order of names.

    The half hour keeps further notices from becoming due while the story is played.
    """
    return now + timedelta(days=32, hours=(number * 7) % 650, minutes=30, seconds=number)


def records(now: datetime) -> Iterator[Commit]:
    """A thousand partners that were opened long ago, sponsored by five people."""
    for number in range(COUNT):
        tenant, at = tenant_of(number), now - timedelta(days=200)
        request = request_of(number, tenant, at, is_open=False)
        record = replace(
            partner_of(tenant, request, now),
            sponsor=person(SPONSORS[number % len(SPONSORS)]),
            ends_at=ends_at(number, now),
            at_end=AtEnd.BLOCK,
            next_review_at=now + timedelta(days=300),
        )
        entry = AuditEntry(
            key=f"made-{number}",
            at=at,
            actor="made",
            command="submit",
            outcome="accepted",
            request_id=request.id,
            details={},
        )
        yield Commit(entry=entry, request=request, partnership=record)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox with a thousand partners in the tenant and in the records, which agree."""
    data = tmp_path / "data"
    now = datetime.now(UTC)
    made = list(records(now))
    settings: dict[str, Any] = {}
    for one in made:
        assert one.request is not None
        body = dict(one.request.plan.operations[0].body or {})
        settings[str(one.request.plan.tenant_id)] = body
    async with running_stage(Stage(data=data, environment={**UNLIMITED, **QUICK}, warm=True)) as first:
        assert (await first.call("PATCH", "graph/state", {"partners": settings, "pageSize": 100}))["ok"]
    first.database.remove()
    first.database.put_new()
    await store_history_in(first.database.location, made)
    async with running_stage(
        Stage(data=data, environment={**UNLIMITED, **QUICK}, warm=True, has_slack_limits=False)
    ) as running:
        yield running


async def all_done(stage: Stage) -> None:
    """Wait until the bot has looked for what is due and has done it, however long: a thousand notices are recorded."""

    async def is_idle() -> bool:
        return bool((await stage.call("GET", "idle", timeout=LONGEST_WAIT, tick="true"))["ok"])

    await stage.until(is_idle, "the bot at rest", seconds=PATIENCE)


async def let_through(stage: Stage, count: int) -> None:
    """Let so many further messages about ends arrive. The next ones wait so long that the bot is killed before."""
    await stage.call("DELETE", "faults")
    fault = {"target": "slack", "method": "chat.postMessage", "match": "Extend"}
    if count:
        await stage.do("faults", **fault, times=count, delay_seconds=0.01)
    await stage.do("faults", **fault, times=50, delay_seconds=300)


async def recorded(stage: Stage) -> int:
    """How many of these messages are recorded as posted. Slack cannot post at most once: a kill before that repeats."""
    store = await stage.database.location.open_shared(SystemClock())
    try:
        return sum([len(await store.copies(f"end_notice:{person(user).chat_id}")) for user in SPONSORS])
    finally:
        await store.close()


async def notices(stage: Stage, user: str) -> list[dict[str, Any]]:
    """The messages about ends that one person got."""
    return [one for one in await stage.direct(user) if "ends soon" in f"{one['text']} {words(one)}"]


def listed(message: dict[str, Any]) -> list[str]:
    """The partners that a message names, in its order, each once."""
    body = " ".join(words({"blocks": [block]}) for block in message["blocks"] if block["type"] != "header")
    return list(dict.fromkeys(_NAME.findall(body)))


@pytest.mark.threats("G11")
async def test_a_thousand_partners_after_a_month_are_one_message_a_person_in_order_and_exactly_once(
    stage: Stage,
) -> None:
    """The bot is killed while the notices are made, and again while the messages are sent."""
    await all_done(stage)
    now = datetime.fromisoformat((await stage.see("clock"))["now"])
    lists = await sweeps(stage)
    assert len(lists) >= COUNT // 100
    assert [one for one in await stage.direct("admin") if "sweep" in words(one).lower()] == [], "nothing differs"

    # Killed while the notices are made, and then each time while the next person's message is on its way.
    await let_through(stage, 0)
    moved = asyncio.create_task(stage.call("POST", "clock", {"advance_seconds": 30 * DAY}))
    await asyncio.sleep(0.3)
    await stage.kill_the_bot(is_busy=True)
    await moved
    for count in (1, 2, 3):
        await let_through(stage, 1)
        await stage.kill_the_bot(is_busy=True)

        async def is_told(count: int = count) -> bool:
            return await recorded(stage) == count

        await stage.until(is_told, f"{count} messages", seconds=PATIENCE)
        assert sum([len(await notices(stage, user)) for user in SPONSORS]) == count
    await stage.call("DELETE", "faults")
    await stage.kill_the_bot(is_busy=True)
    await all_done(stage)
    await stage.call("POST", "clock", {"advance_seconds": 600})  # what Slack did not take is tried again
    await all_done(stage)
    await stage.kill_the_bot()
    await all_done(stage)

    for place, user in enumerate(SPONSORS):
        (message,) = await notices(stage, user)
        mine = [number for number in range(COUNT) if number % len(SPONSORS) == place]
        if user == "admin":  # admins also get the last notices of everybody's partners
            late = now + timedelta(days=33)
            mine += [number for number in range(COUNT) if number not in mine and ends_at(number, now) < late]
        due = sorted(mine, key=lambda number: ends_at(number, now))
        names = [tenant_of(number).default_domain for number in due]
        assert listed(message)[:NAMED] == names[:NAMED], user
        assert f"and {len(names) - NAMED} more" in words(message), user
    assert await stage.writes() == [], "nothing was blocked"


async def sweeps(stage: Stage) -> list[dict[str, Any]]:
    """The pages of the list of partners that were read."""
    return [one for one in await stage.graph("GET", "/crossTenantAccessPolicy/partners") if "inner" not in one]

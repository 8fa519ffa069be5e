"""People of tenants without an entry are refused again and again: the admins are told once, and dismiss that."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from tests.scenarios.stage import DAY, Stage, actions, words
from tests.scenarios.test_watch import told, top_view

pytestmark = pytest.mark.story

TAILSPIN: Final = "7a115b10-4444-4aaa-8bbb-0123456789a4"
CODE: Final = 500213
READING: Final = 660
"""Seconds after which it was looked once more whether a reading of the log is wanted."""
SAYS: Final = "Our settings refused"


async def now(stage: Stage) -> datetime:
    return datetime.fromisoformat((await stage.see("clock"))["now"])


async def refused(stage: Stage, *tenants: str, count: int = 6, until: datetime | None = None) -> None:
    """Let the log have so many refused sign-ins of two people of each tenant, one a day until a day."""
    example = (await stage.see("graph/state"))["state"]["signIns"][0]
    last = await now(stage) if until is None else until
    rows = [
        {
            **example,
            "id": f"{tenant}-{number}-{last:%d%H}",
            "userId": f"00000000-0000-4000-8000-00000000000{1 + number % 2}",
            "homeTenantId": tenant,
            "status": {"errorCode": CODE, "failureReason": "Not allowed.", "additionalDetails": None},
            "createdDateTime": f"{last - timedelta(days=number):%Y-%m-%dT%H:%M:%S}.0000000Z",
        }
        for tenant in tenants
        for number in range(count)
    ]
    await stage.call("PATCH", "graph/state", {"signIns": rows})


async def a_day(stage: Stage) -> None:
    """Let a day pass, and the log be read.

    The day counts from the first time that the bot looked. A bot that is only ready may not have looked yet.
    """
    await stage.tick()
    await stage.later(DAY)
    await stage.later(READING)
    await stage.rest()


async def readings(stage: Stage) -> int:
    reads = [str(one["query"]) for one in await stage.graph("GET") if one["path"].endswith("/auditLogs/signIns")]
    return len([query for query in reads if "homeTenantId ne" in query and "skiptoken" not in query])


async def read_again(stage: Stage, before: int) -> None:
    async def is_read() -> bool:
        return await readings(stage) > before

    await stage.until(is_read, "a reading of the log")
    await stage.tick()


async def press(stage: Stage, message: dict[str, Any], action_id: str) -> None:
    await stage.do("click", user="admin", action_id=action_id, channel="@admin", ts=message["ts"])
    await stage.rest()


async def the_notice(stage: Stage) -> dict[str, Any]:
    async def is_told() -> bool:
        return bool(await told(stage, "admin", SAYS))

    await stage.until(is_told, "the notice")
    await stage.tick()
    return (await told(stage, "admin", SAYS))[-1]


async def test_refused_people_are_told_once_dismissed_and_told_again_until_there_is_an_entry(stage: Stage) -> None:
    """An hour without the log says nothing; a killed bot tells nobody twice; the display name is in Details only."""
    await refused(stage, TAILSPIN)
    await stage.do("faults", target="graph", match="auditLogs/signIns", times=100, status=503)
    await stage.tick()
    await stage.later(DAY)
    for _ in range(6):
        await stage.later(READING)
    assert await readings(stage) > 0, "it was tried"
    assert await told(stage, "admin", SAYS) == [], "what cannot be read is no finding"
    await stage.call("DELETE", "faults")
    await stage.later(1_800)
    await stage.later(READING)
    notice = await the_notice(stage)
    said = words(notice)
    assert "6 sign-ins of 2 people" in said
    assert TAILSPIN in said
    assert "tailspin.com" in said
    assert "Tailspin " not in said.replace("tailspin.com", ""), "the name that the tenant has chosen"
    assert "AADSTS500213" in said
    assert actions(notice) == ["dismiss_denied", "show_denied"]
    code = [one for one in json.dumps(notice["blocks"]).split("{") if '"tailspin.com"' in one]
    assert code, "the domain stands alone"
    assert await told(stage, "requester", SAYS) == []
    assert await told(stage, "approver1", SAYS) == []

    await press(stage, notice, "show_denied")
    view = words(await top_view(stage, "admin"))
    assert "chosen by that tenant, not verified" in view
    assert "/partner request" in view
    assert SAYS in json.dumps((await stage.see("home", user="admin"))["home"])

    await stage.kill_the_bot()
    before = await readings(stage)
    await a_day(stage)
    await read_again(stage, before)
    assert len(await told(stage, "admin", SAYS)) == 1

    await press(stage, notice, "dismiss_denied")
    (dismissed,) = await told(stage, "admin", SAYS)
    assert "dismissed by" in words(dismissed)
    assert actions(dismissed) == []
    before = await readings(stage)
    await refused(stage, TAILSPIN, count=9)
    await a_day(stage)
    await read_again(stage, before)
    assert len(await told(stage, "admin", SAYS)) == 1, "it is quiet for 30 days"

    before = await readings(stage)
    await stage.later(30 * DAY)
    await refused(stage, TAILSPIN)
    await a_day(stage)
    await read_again(stage, before)
    await a_day(stage)
    assert len(await told(stage, "admin", SAYS)) == 2, "it happens again"
    await stage.open_access(target="tailspin.com")
    await stage.later(120)
    ended = (await told(stage, "admin", SAYS))[-1]
    assert "the tenant has an entry" in words(ended)
    assert len(await stage.writes()) == 1, "only what was approved was written"


async def test_a_flood_of_tenants_is_one_message_that_names_a_few(stage: Stage) -> None:
    """Whoever has many tenants causes one message, and its dismissal is for more of them too."""
    flood = [f"99999999-0000-4000-8000-{number:012}" for number in range(100)]
    await refused(stage, *flood)
    before = await readings(stage)
    await a_day(stage)
    await read_again(stage, before)
    notice = await the_notice(stage)
    assert "600 sign-ins of people of 100 tenants" in words(notice)
    assert "95 more tenants" in words(notice)
    assert sum(one in words(notice) for one in flood) == 5
    await press(stage, notice, "dismiss_denied")
    before = await readings(stage)
    await refused(stage, *(one.replace("99999999", "88888888") for one in flood))
    await a_day(stage)
    await read_again(stage, before)
    assert len(await told(stage, "admin", SAYS)) == 1

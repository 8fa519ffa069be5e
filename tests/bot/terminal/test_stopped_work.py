"""Stopped work: admins get an alarm, and retry it or give it up, in Slack or at the command line."""

import asyncio
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.sandbox.http.faults import Fault
from bot.terminal.stopped_work_command import decide_stopped_work
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, eventually
from tests.bot.surfaces import buttons, shown
from tests.workflows.fakes import FixedClock
from workflows.app.alarms import Alarms
from workflows.core.errors.facts import text_fact
from workflows.core.people import ChatId
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.request import RequestId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.store.location import StoreLocation
from workflows.store.sqlite.store import open_store

CHANNEL = "C0PARTNERAC"
ON_HOME: Any = {"container": {"type": "view", "view_id": "V1"}, "view": {"id": "V1", "type": "home"}}
"""Where the buttons are."""


async def given_up(gatehouse: BotUnderTest) -> int:
    """Let the channel's card be given up for good; returns its number. An admin's App Home is open."""
    for handle in ("admin", "approver1"):
        await gatehouse.store.save_home(ChatId(SLACK_IDS[handle]))
    body = {"ok": False, "error": "invalid_blocks"}
    gatehouse.world.faults.add(Fault(target="slack", method="chat.postMessage", match=CHANNEL, status=200, body=body))
    await gatehouse.file_request()
    (one,) = await gatehouse.store.given_up_effects()
    return one.id


async def home(gatehouse: BotUnderTest, user: str) -> dict[str, Any]:
    """Somebody's App Home."""
    found: dict[str, Any] = (await gatehouse.control.get("home", user=user))["home"]
    return found


async def cards(gatehouse: BotUnderTest) -> int:
    """Return how many cards there are in the channel."""
    return len((await gatehouse.control.get("messages", channel=CHANNEL, user="approver1"))["messages"])


async def settled(gatehouse: BotUnderTest, user: str, action: str, effect_id: int) -> None:
    """Press a button next to stopped work on an App Home, and let everything follow."""
    assert (await gatehouse.interact(click(user, action, str(effect_id), **ON_HOME))).status == 200
    await gatehouse.idle()


async def test_stopped_work_is_an_alarm_that_only_admins_see(gatehouse: BotUnderTest) -> None:
    number = await given_up(gatehouse)
    (alarm,) = await gatehouse.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.EFFECT_GIVEN_UP, str(number))
    view = await home(gatehouse, "admin")
    assert "Alarms" in shown(view)
    assert "invalid_blocks" in shown(view)
    assert {"retry_effect", "drop_effect"} <= buttons(view).keys()
    assert "invalid_blocks" in await gatehouse.told("admin")
    assert "Alarms" not in shown(await home(gatehouse, "approver1"))
    assert "invalid_blocks" not in await gatehouse.told("approver1")


async def test_an_admin_has_stopped_work_tried_again(gatehouse: BotUnderTest) -> None:
    number = await given_up(gatehouse)
    assert await cards(gatehouse) == 0
    await settled(gatehouse, "admin", "retry_effect", number)
    assert await cards(gatehouse) == 1
    assert (await gatehouse.store.given_up_effects(), await gatehouse.store.open_alarms()) == ([], [])
    assert await gatehouse.outcomes("admin") == [("want_retry_effect", "received"), ("retry_effect", "accepted")]
    assert "Fixed" in await gatehouse.told("admin")
    assert "Alarms" not in shown(await home(gatehouse, "admin"))
    await settled(gatehouse, "admin", "retry_effect", number)
    assert (await gatehouse.outcomes("admin"))[-1] == ("want_retry_effect", "not_given_up")


async def test_an_admin_gives_up_stopped_work(gatehouse: BotUnderTest) -> None:
    number = await given_up(gatehouse)
    await settled(gatehouse, "admin", "drop_effect", number)
    assert await cards(gatehouse) == 0
    assert await gatehouse.store.given_up_effects() == []

    async def is_cleared() -> bool:
        return not await gatehouse.store.open_alarms()

    await eventually(is_cleared)  # by the next look at what is wrong
    assert (await gatehouse.outcomes("admin"))[-1] == ("drop_effect", "accepted")


@pytest.mark.parametrize("action", ["retry_effect", "drop_effect"])
async def test_nobody_else_decides_about_stopped_work(gatehouse: BotUnderTest, action: str) -> None:
    number = await given_up(gatehouse)
    await settled(gatehouse, "approver1", action, number)
    assert await gatehouse.outcomes("approver1") == [(f"want_{action}", "received"), (f"want_{action}", "not_admin")]
    assert [one.id for one in await gatehouse.store.given_up_effects()] == [number]


@pytest.mark.parametrize("value", ["", "x", "-1", "1; drop table effects", "9" * 40, "１"])
async def test_a_number_that_is_none_is_refused(gatehouse: BotUnderTest, value: str) -> None:
    assert (await gatehouse.interact(click("admin", "retry_effect", value, **ON_HOME))).status == 200
    assert await gatehouse.outcomes("admin") == [("want_retry_effect", "malformed")]


async def at_the_command_line(gatehouse: BotUnderTest, number: int, *, is_retried: bool) -> tuple[int, str]:
    """Decide as another process does."""
    out = StringIO()
    console = Console(file=out, width=200)
    records, clock = gatehouse.settings.records, gatehouse.world.clock
    status = await asyncio.to_thread(
        decide_stopped_work, records, number, is_retried=is_retried, clock=clock, console=console
    )
    return status, out.getvalue()


@pytest.mark.parametrize("is_retried", [True, False])
async def test_the_command_line_does_it_itself_where_no_bot_runs(tmp_path: Path, is_retried: bool) -> None:
    """Nothing else that is due is performed, and the admins are told when the bot runs again."""
    path, clock = tmp_path / "gatehouse.db", FixedClock()
    store = await open_store(path, clock)
    entry = AuditEntry(key="k", at=clock.now(), actor="t", command="t", outcome="accepted", details={})
    effects = (ShowRequest(request_id=RequestId("r-1")), ShowRequest(request_id=RequestId("r-2")))
    await store.commit(Commit(entry=entry, effects=effects))
    await store.give_up(1, (text_fact("invalid_blocks"),))
    await Alarms(store=store, clock=clock, wake=lambda: None).raise_alarm(AlarmCode.EFFECT_GIVEN_UP, "1")
    await store.close()
    out = StringIO()
    console = Console(file=out, width=200)
    status = await asyncio.to_thread(
        decide_stopped_work, StoreLocation(path), 1, is_retried=is_retried, clock=clock, console=console
    )
    said = "No. 1 is tried again as soon as the bot runs.\n" if is_retried else "No. 1 is given up now.\n"
    assert (status, out.getvalue()) == (0, said)
    store = await open_store(path, clock)
    kinds = sorted(one.effect.kind for one in await store.pending(clock.now(), 9))
    assert kinds == ["show_alarm"] + ["show_request"] * (2 if is_retried else 1)
    assert (await store.given_up_effects(), await store.open_alarms()) == ([], [])
    await store.close()


async def test_where_there_are_no_records_nothing_is_made(tmp_path: Path) -> None:
    out = StringIO()
    path = tmp_path / "gatehouse.db"
    console = Console(file=out, width=200)
    status = decide_stopped_work(StoreLocation(path), 1, is_retried=True, clock=FixedClock(), console=console)
    assert (status, "There are no records" in out.getvalue(), path.exists()) == (1, True, False)


async def test_the_command_line_leaves_it_to_a_running_bot(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.store.sqlite.file._LOCK_SECONDS", 0.1)  # the bot does not end meanwhile
    number = await given_up(gatehouse)
    status, said = await at_the_command_line(gatehouse, number, is_retried=True)
    assert (status, said) == (0, f"No. {number} is tried again now.\n")
    await gatehouse.idle()
    assert (await cards(gatehouse), await gatehouse.store.open_alarms()) == (1, [])
    (entry,) = [one for one in await gatehouse.history() if one.command == "retry_effect"]
    assert entry.actor.startswith("os:")
    assert dict(entry.details) == {"effect": number}
    status, said = await at_the_command_line(gatehouse, number, is_retried=True)
    assert (status, "is no stopped work" in said) == (1, True)

"""The bot is unready exactly when clicks cannot be received or stored.

Admins get the alarm even when nothing can be stored.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from bot.sandbox.http.faults import Fault
from bot.slack import ids
from tests.bot.bot_under_test import BotUnderTest, click, eventually, request_values, submission
from tests.bot.records_file import file_of
from tests.bot.signing import JSON
from tests.bot.slack.inbound.test_receive import event
from workflows.core.requests.alarms import AlarmCode
from workflows.store.sqlite.store import SqliteStore

STORE = AlarmCode.STORE_NOT_WRITABLE
CLICK = click("approver1", ids.APPROVE, "R-ABCDEFGHI2:" + "0123456789abcdef" * 4)
SUBMISSION = submission("requester", ids.REQUEST_ACCESS, "", request_values("contoso.com", "trusted-partner"))
TOLD = "Gatehouse cannot store anything at the moment"


@contextmanager
def locked(gatehouse: BotUnderTest) -> Iterator[None]:
    """Lock the bot's database for writing, as a stuck backup or an open editor does."""
    other = sqlite3.connect(file_of(gatehouse.settings), isolation_level=None, timeout=5)
    other.execute("begin immediate")
    try:
        yield
    finally:
        other.execute("rollback")
        other.close()


async def is_unready(gatehouse: BotUnderTest) -> bool:
    """Tell whether the bot says that it is not ready."""
    return not await gatehouse.is_ready()


async def direct_messages(gatehouse: BotUnderTest, person: str) -> list[str]:
    """List what the bot wrote to somebody."""
    found = (await gatehouse.control.get("messages", channel=f"@{person}", user=person))["messages"]
    return [message["text"] for message in found]


@pytest.mark.usefixtures("short_lock_wait")
async def test_a_locked_database_makes_the_bot_unready_until_it_is_free(gatehouse: BotUnderTest) -> None:
    assert await gatehouse.readiness() == (200, "ready\n")
    with locked(gatehouse):
        await eventually(lambda: is_unready(gatehouse))
        status, reason = await gatehouse.readiness()
        assert (status, reason) == (
            503,
            "the records cannot be written: another program locks the database\n",
        )
        async with gatehouse.session.get(f"{gatehouse.health_url}/metrics") as response:
            assert "gatehouse_ready 0.0" in await response.text()
    await eventually(gatehouse.is_ready)


async def test_a_full_disk_makes_the_bot_unready_until_there_is_room(gatehouse: BotUnderTest) -> None:
    store = gatehouse.store
    assert isinstance(store, SqliteStore)
    (row,) = await store._query("pragma page_count")
    await store._query(f"pragma max_page_count = {row['page_count']}")
    for number in range(300):
        await gatehouse.command("list", trigger_id=f"t{number}", team_id="T0OTHER")  # each refusal is recorded
        if not await gatehouse.is_ready():
            break
    assert await gatehouse.readiness() == (503, "the records cannot be written: the disk is full\n")
    await store._query("pragma max_page_count = 1000000")
    await eventually(gatehouse.is_ready)


@pytest.mark.usefixtures("short_lock_wait")
async def test_the_admins_are_told_once_though_nothing_can_be_stored_and_it_is_stored_later(
    gatehouse: BotUnderTest,
) -> None:
    with locked(gatehouse):
        await eventually(lambda: is_told(gatehouse))
        await asyncio.sleep(1)
        (told,) = await direct_messages(gatehouse, "admin")
        assert told.startswith("Alarm: The records cannot be written: another program locks the database.")
        assert not await gatehouse.has_alarm(STORE)
    await eventually(gatehouse.is_ready)
    await eventually(lambda: is_mended(gatehouse))
    await gatehouse.idle()
    (told,) = await direct_messages(gatehouse, "admin")
    assert told.startswith("Fixed. The alarm was: The records cannot be written")
    rows = [entry for entry in await gatehouse.history() if entry.command in ("raise_alarm", "clear_alarm")]
    assert [entry.command for entry in rows] == ["raise_alarm", "clear_alarm"]
    assert not await gatehouse.has_alarm(STORE)


async def is_told(gatehouse: BotUnderTest) -> bool:
    """Tell whether an admin has an alarm."""
    return bool(await direct_messages(gatehouse, "admin"))


async def is_mended(gatehouse: BotUnderTest) -> bool:
    """Tell whether the alarm was cleared."""
    return "clear_alarm" in [entry.command for entry in await gatehouse.history()]


@pytest.mark.usefixtures("short_lock_wait")
async def test_an_alarm_that_slack_does_not_accept_is_sent_when_it_does(gatehouse: BotUnderTest) -> None:
    gatehouse.world.faults.add(Fault(target="slack", method="chat.postMessage", status=500, times=6))
    with locked(gatehouse):
        await eventually(lambda: is_told(gatehouse))


async def test_a_lock_of_a_moment_is_no_alarm(gatehouse: BotUnderTest) -> None:
    """A backup takes one; the write waits for it."""
    with locked(gatehouse):
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)
    assert await gatehouse.is_ready()
    assert await direct_messages(gatehouse, "admin") == []


async def test_a_graph_and_a_slack_that_do_not_answer_leave_the_bot_ready(gatehouse: BotUnderTest) -> None:
    """Otherwise an outage of either one would remove every replica, and no click could be stored."""
    for target in ("graph", "slack"):
        gatehouse.world.faults.add(Fault(target=target, status=503, times=100_000))
    assert (await gatehouse.interact(SUBMISSION)).json["response_action"] == "clear"

    async def is_tried_again() -> bool:
        async with gatehouse.session.get(f"{gatehouse.health_url}/metrics") as response:
            [line] = [
                one for one in (await response.text()).splitlines() if one.startswith("gatehouse_effects_waiting ")
            ]
        return float(line.partition(" ")[2]) > 0

    await eventually(is_tried_again)
    assert len(await gatehouse.store.open_requests()) == 1
    assert await gatehouse.readiness() == (200, "ready\n")
    gatehouse.world.faults.clear()


# --- who clicks ---


@pytest.fixture
async def stuck(gatehouse: BotUnderTest) -> AsyncIterator[BotUnderTest]:
    """Return a bot whose database another program locks, after the bot noticed it."""
    with locked(gatehouse):
        await eventually(lambda: is_unready(gatehouse))
        yield gatehouse


async def test_a_form_that_cannot_be_stored_says_so_and_stays_open(stuck: BotUnderTest) -> None:
    answer = await stuck.interact(SUBMISSION)
    assert answer.status == 200
    assert answer.json["response_action"] == "errors"
    assert next(iter(answer.json["errors"].values())).startswith(TOLD)


async def test_a_click_that_cannot_be_stored_fails_and_the_person_is_told(stuck: BotUnderTest) -> None:
    answer = await stuck.interact(CLICK)
    assert answer.status == 503
    await eventually(lambda: has_heard(stuck, "approver1"))


async def has_heard(gatehouse: BotUnderTest, person: str) -> bool:
    """Tell whether somebody was told that nothing was done."""
    return TOLD in await gatehouse.told(person)


@pytest.mark.usefixtures("short_lock_wait")
async def test_a_command_that_cannot_be_stored_is_answered(stuck: BotUnderTest) -> None:
    answer = await stuck.command("list", team_id="T0ANOTHER")  # a refusal, which has to be recorded
    assert answer.status == 200
    assert answer.json["response_type"] == "ephemeral"
    assert answer.json["text"].startswith(TOLD)


@pytest.mark.usefixtures("short_lock_wait")
async def test_an_event_that_cannot_be_stored_comes_again(stuck: BotUnderTest) -> None:
    """Slack sends it up to three times more ("Events API", retries)."""
    answer = await stuck.post(json.dumps(event()).encode(), JSON)
    assert answer.status == 503


@pytest.mark.usefixtures("short_lock_wait")
async def test_what_could_not_be_stored_was_not_done_and_can_be_done_again(gatehouse: BotUnderTest) -> None:
    with locked(gatehouse):
        assert (await gatehouse.interact(SUBMISSION)).json["response_action"] == "errors"
    await eventually(gatehouse.is_ready)
    assert await gatehouse.store.open_requests() == []
    assert (await gatehouse.interact(SUBMISSION)).json["response_action"] == "clear"
    assert len(await gatehouse.store.open_requests()) == 1

"""At most one card counts in each place, also after a lost answer, or when a card cannot be updated.

A card whose answer was lost is not known here, so it keeps its buttons until somebody clicks one.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.http.faults import Fault
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click
from workflows.core.requests.request import AccessRequest
from workflows.ports.records import Commit
from workflows.store.sqlite.store import SqliteStore
from workflows.store.work_thread import WorkThread

CHANNEL = "C0PARTNERAC"


def at(ts: str, channel: str = CHANNEL) -> dict[str, Any]:
    """The place of a click, as Slack says it."""
    return {"container": {"type": "message", "channel_id": channel, "message_ts": ts, "is_ephemeral": False}}


def value(request: AccessRequest) -> str:
    """Return the value of the card's buttons."""
    return f"{request.id}:{request.plan.digest}"


async def cards(gatehouse: BotUnderTest, channel: str = CHANNEL, user: str = "approver1") -> list[dict[str, Any]]:
    """Return the cards in a channel."""
    answer = await gatehouse.control.get("messages", channel=channel, user=user)
    return [message for message in answer["messages"] if not message.get("is_ephemeral")]


async def press(gatehouse: BotUnderTest, who: str, action: str, request: AccessRequest, ts: str) -> None:
    """Press a button of the card in the channel, and wait for the result."""
    assert (await gatehouse.interact(click(who, action, value(request), **at(ts)))).status == 200
    await gatehouse.idle()


async def file_request_with_lost_cards(gatehouse: BotUnderTest, times: int) -> AccessRequest:
    """File a request while Slack posts the channel's card and loses the answer, so many times."""
    gatehouse.world.faults.add(
        Fault(target="slack", method="chat.postMessage", match=CHANNEL, times=times, reset=True, after_commit=True)
    )
    request = await gatehouse.file_request()
    for _ in range(times):
        gatehouse.world.clock.advance(120)
        await gatehouse.idle()
    assert len(await cards(gatehouse)) == times + 1
    return request


async def decided(gatehouse: BotUnderTest, request: AccessRequest) -> list[str]:
    """Who decided."""
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    return [one.person.chat_id for one in stored.decisions]


def has_buttons(card: dict[str, Any]) -> bool:
    """Tell whether a decision can be clicked on a card."""
    rows = [block for block in card["blocks"] if block["type"] == "actions"]
    return any(one["action_id"] in ("approve", "reject") for row in rows for one in row["elements"])


@pytest.mark.threats("G15")
async def test_of_the_cards_whose_answers_were_lost_all_show_buttons_and_only_the_known_one_counts(
    gatehouse: BotUnderTest,
) -> None:
    """There are three cards that look the same. A click on an unknown one changes nothing except that card.

    docs/operations.md documents this; a solution for unknown cards must change both.
    """
    request = await file_request_with_lost_cards(gatehouse, times=2)
    standing = await cards(gatehouse)
    assert list(map(has_buttons, standing)) == [True, True, True]
    first, second, known = [card["ts"] for card in standing]
    for ts in (first, second):
        await press(gatehouse, "approver1", "approve", request, ts)
    assert await decided(gatehouse, request) == []
    assert await gatehouse.outcomes("approver1") == [("want_approve", "card_replaced")] * 2
    assert "This card is out of date" in await gatehouse.told("approver1")
    assert list(map(has_buttons, await cards(gatehouse))) == [False, False, True]
    await press(gatehouse, "approver1", "approve", request, known)
    assert await decided(gatehouse, request) == [SLACK_IDS["approver1"]]


async def test_a_lost_card_that_nobody_clicks_stays_as_it_was_posted(gatehouse: BotUnderTest) -> None:
    """Also when the request is over: a late click on it is refused, and closes it."""
    request = await file_request_with_lost_cards(gatehouse, times=1)
    old, _ = await cards(gatehouse)
    await gatehouse.interact(click("requester", "withdraw", request.id))
    await gatehouse.idle()
    left, closed = await cards(gatehouse)
    assert left == old
    assert not has_buttons(closed)
    await press(gatehouse, "approver1", "approve", request, old["ts"])
    assert await decided(gatehouse, request) == []
    assert not has_buttons((await cards(gatehouse))[0])


@pytest.mark.threats("G15")
async def test_a_lost_card_that_was_clicked_shows_that_it_is_out_of_date(gatehouse: BotUnderTest) -> None:
    request = await file_request_with_lost_cards(gatehouse, times=1)
    old, known = await cards(gatehouse)
    await press(gatehouse, "approver1", "reject", request, old["ts"])
    old, known = await cards(gatehouse)
    assert "out of date" in old["text"]
    assert not [block for block in old["blocks"] if block["type"] == "actions"]
    assert [block for block in known["blocks"] if block["type"] == "actions"]
    assert (await gatehouse.control.get("views", user="approver1"))["views"] == [], "no window asks for a reason"
    await press(gatehouse, "approver1", "approve", request, old["ts"])
    assert await decided(gatehouse, request) == []


@pytest.mark.threats("G15")
async def test_a_card_that_is_clicked_before_its_answer_is_lost_is_the_one_that_counts(
    gatehouse: BotUnderTest,
) -> None:
    """Nobody remembers another one in its place: the click counts, and no second card is posted."""
    gatehouse.world.faults.add(
        Fault(target="slack", method="chat.postMessage", match=CHANNEL, reset=True, after_commit=True)
    )
    gatehouse.world.faults.add(Fault(target="slack", method="chat.postMessage", match=CHANNEL, status=503, times=1000))
    request = await gatehouse.file_request()
    (only,) = await cards(gatehouse)
    await press(gatehouse, "approver1", "approve", request, only["ts"])
    assert await decided(gatehouse, request) == [SLACK_IDS["approver1"]]
    gatehouse.world.faults.clear()
    gatehouse.world.clock.advance(120)
    await gatehouse.idle()
    assert [card["ts"] for card in await cards(gatehouse)] == [only["ts"]]


@pytest.mark.parametrize("error", ["cant_update_message", "edit_window_closed"])
async def test_the_old_buttons_of_a_card_that_cannot_be_updated_answer_with_the_new_one(
    gatehouse: BotUnderTest, error: str
) -> None:
    request = await gatehouse.file_request()
    (old,) = await cards(gatehouse)
    gatehouse.world.faults.add(
        Fault(target="slack", method="chat.update", match=CHANNEL, status=200, body={"ok": False, "error": error})
    )
    await press(gatehouse, "approver1", "approve", request, old["ts"])
    _, new = await cards(gatehouse)
    await press(gatehouse, "approver2", "approve", request, old["ts"])
    assert await gatehouse.outcomes("approver2") == [("want_approve", "card_replaced")]
    assert "The newest card is in this conversation" in await gatehouse.told("approver2")
    await press(gatehouse, "approver2", "approve", request, new["ts"])
    assert await decided(gatehouse, request) == [SLACK_IDS["approver1"], SLACK_IDS["approver2"]]


async def test_a_click_on_a_known_card_and_a_direct_copy_counts(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    (copy,) = await cards(gatehouse, "@approver1")
    direct = next(one for one in await gatehouse.store.copies(f"request:{request.id}") if one.message_id == copy["ts"])
    payload = click("approver1", "approve", value(request), **at(copy["ts"], direct.channel))
    assert (await gatehouse.interact(payload)).status == 200
    await gatehouse.idle()
    assert await decided(gatehouse, request) == [SLACK_IDS["approver1"]]


def receives_clicks(task: asyncio.Task[Any]) -> bool:
    """Return whether a task handles a connection to the bot. The others look for what is due whatever people click."""
    return getattr(task.get_coro(), "__qualname__", "").startswith("RequestHandler.")


async def test_a_click_on_approve_turns_to_the_store_once_until_it_is_stored(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction that stores it also checks whether its card counts."""
    request = await gatehouse.file_request()
    (card,) = await cards(gatehouse)
    asked: list[str] = []
    original = WorkThread._result_of
    await gatehouse.idle()
    others = {task for task in asyncio.all_tasks() if not receives_clicks(task)}

    async def recorded(self: WorkThread, work: Callable[[], Any], kind: Any) -> Any:
        if asyncio.current_task() not in others:
            asked.append(kind.name)
        return await original(self, work, kind)

    monkeypatch.setattr(WorkThread, "_result_of", recorded)
    stored_after: list[int] = []
    original_commit = SqliteStore.commit

    async def commit(self: SqliteStore, commit: Commit) -> bool:
        is_new = await original_commit(self, commit)
        if commit.clicked_card is not None:
            stored_after.append(len(asked))
        return is_new

    monkeypatch.setattr(SqliteStore, "commit", commit)
    await press(gatehouse, "approver1", "approve", request, card["ts"])
    assert (asked[0], stored_after[0]) == ("WRITE", 1)
    assert await decided(gatehouse, request) == [SLACK_IDS["approver1"]]

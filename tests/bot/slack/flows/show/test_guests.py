"""`/partner guests`: admins see people page by page, the sponsor how many, everybody else one and the same answer."""

import json
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.flows.show.guests_views import MAX_SHOWN, PAGE_SIZE, parse_guests_step
from tests.bot.bot_under_test import BotUnderTest
from tests.bot.slack.flows.partner_setup.test_flow import CONTOSO
from tests.bot.surfaces import buttons as all_buttons
from tests.bot.surfaces import shown
from workflows.core.errors.raised import Refused


def buttons(blocks: Any) -> dict[str, str]:
    """Return the buttons of a list; those that disable and enable accounts are in test_guest_account_buttons."""
    return {name: value for name, value in all_buttons(blocks).items() if not name.startswith("accounts_")}


OLD = "2024-01-01T09:00:00Z"


async def answer(gatehouse: BotUnderTest, text: str, user: str) -> dict[str, Any]:
    """Type a command; returns the answer that only this person sees."""
    found = await gatehouse.control.post("command", user=user, text=text)
    await gatehouse.idle()
    message: dict[str, Any] = found["ephemeral"][-1]
    return message


async def use(gatehouse: BotUnderTest, message: dict[str, Any], action_id: str, channel: str) -> dict[str, Any]:
    """Use a button of an admin's answer; returns the answer as it is then."""
    user = "admin"
    await gatehouse.control.post("click", user=user, channel=channel, ts=message["ts"], action_id=action_id)
    await gatehouse.idle()
    messages = (await gatehouse.control.get("messages", channel=channel, user=user))["messages"]
    found: dict[str, Any] = next(one for one in messages if one["ts"] == message["ts"])
    return found


async def many_guests(gatehouse: BotUnderTest, count: int) -> None:
    """Let the tenant have so many more guests of Contoso."""
    state = (await gatehouse.control.get("graph/state"))["state"]
    (jon,) = [one for one in state["users"].values() if one["mail"] == "jon@contoso.com"]
    users = {}
    for number in range(count):
        key, mail = f"0a6f7d10-0009-4e1b-9b51-{number:012}", f"person{number:03}@contoso.com"
        users[key] = jon | {"id": key, "displayName": f"Person {number:03}", "mail": mail, "userPrincipalName": mail}
    await gatehouse.control.call("PATCH", "graph/state", {"users": users})


async def test_an_admin_sees_each_guest_with_state_and_reason(opened: BotUnderTest) -> None:
    state = (await opened.control.get("graph/state"))["state"]
    (maria,) = [one for one in state["users"].values() if one["mail"] == "maria@contoso.com"]
    changes = {"accountEnabled": False, "signInActivity": None}
    await opened.control.call("PATCH", "graph/state", {"users": {maria["id"]: changes}})
    message = await answer(opened, "guests contoso.com", "admin")
    text = shown(message["blocks"])
    assert "Guests of contoso.com" in text
    assert "Maria Lindqvist (maria@contoso.com): never signed in; disabled; found by mail domain" in text
    assert "Jon Abara" in text
    assert "This is an estimate" in text
    assert "2 guests: 1 disabled." in text
    assert buttons(message["blocks"]) == {}
    assert ("look_up", "accepted") in await opened.outcomes("admin")


async def test_the_sponsor_sees_how_many_and_no_name(opened: BotUnderTest) -> None:
    message = await answer(opened, "guests contoso.com", "requester")
    text = shown(message["blocks"])
    assert "2 guests" in text
    assert "Names are shown to admins only." in text
    assert "maria" not in json.dumps(message).lower()
    assert buttons(message["blocks"]) == {}


@pytest.mark.parametrize("typed", ["contoso.com", "fabrikam.com", "nobody.example", "no name"])
async def test_everybody_else_gets_the_same_answer(opened: BotUnderTest, typed: str) -> None:
    await answer_of_nothing(opened, f"guests {typed}")
    assert ("/partner guests", "no_guests_for_you") in await opened.outcomes("approver1")
    told = await opened.told("approver1")
    assert "Only admins can list the guests of a partner" in told
    assert "maria" not in told.lower()


async def answer_of_nothing(gatehouse: BotUnderTest, text: str) -> None:
    """Type a command as somebody who is neither admin nor sponsor."""
    await gatehouse.control.post("command", user="approver1", text=text)
    await gatehouse.idle()


async def test_pages_and_the_count_are_read_anew_for_each_click(opened: BotUnderTest) -> None:
    await many_guests(opened, PAGE_SIZE)
    first = await answer(opened, "guests contoso.com", "admin")
    channel = first["channel"]
    assert "1–15" in shown(first["blocks"])
    assert set(buttons(first["blocks"])) == {ids.GUESTS_NEXT, ids.GUESTS_COUNT}
    second = await use(opened, first, ids.GUESTS_NEXT, channel)
    assert "16–17" in shown(second["blocks"])
    assert set(buttons(second["blocks"])) == {ids.GUESTS_PAGE, ids.GUESTS_COUNT}
    counted = await use(opened, second, ids.GUESTS_COUNT, channel)
    assert "17 guests" in shown(counted["blocks"])
    again = await use(opened, counted, ids.GUESTS_PAGE, channel)
    assert "1–15" in shown(again["blocks"])


@pytest.mark.parametrize(
    "value",
    ["", "x", '{"tenant":"contoso.com","start":0}', f'{{"tenant":"{CONTOSO}","start":{MAX_SHOWN}}}'],
)
def test_the_value_of_another_button_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_guests_step(value)

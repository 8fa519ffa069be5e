"""The answer to a command has no button that was used already, and opens what it only counts."""

import json
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.blocks.blocks import button
from bot.slack.cards.partnership import partner_section_value
from bot.slack.ids import PartnerSection
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click
from tests.bot.slack.flows.partner_setup.test_flow import CONTOSO
from tests.bot.surfaces import buttons, shown


async def answer(gatehouse: BotUnderTest, text: str, user: str = "requester") -> dict[str, Any]:
    """Type a command; returns the answer that only this person sees."""
    found = await gatehouse.control.post("command", user=user, text=text)
    await gatehouse.idle()
    message: dict[str, Any] = found["ephemeral"][-1]
    return message


async def use(gatehouse: BotUnderTest, message: dict[str, Any], action_id: str) -> dict[str, Any]:
    """Use a button of an answer; returns the answer as it is then."""
    channel = message["channel"]
    await gatehouse.control.post("click", user="requester", channel=channel, ts=message["ts"], action_id=action_id)
    await gatehouse.idle()
    messages = (await gatehouse.control.get("messages", channel=channel, user="requester"))["messages"]
    found: dict[str, Any] = next(one for one in messages if one["ts"] == message["ts"])
    return found


@pytest.mark.parametrize("action_id", ["withdraw", "remind"])
async def test_an_answer_loses_its_buttons_when_one_was_used(gatehouse: BotUnderTest, action_id: str) -> None:
    await gatehouse.file_request()
    for seconds in (604_800, 103_680):  # after the last automatic reminder, on every day of a week, and a day later
        await gatehouse.control.post("clock", advance_seconds=seconds)
        await gatehouse.idle()
    shown_partner = await answer(gatehouse, "show contoso.com")
    assert action_id in buttons(shown_partner["blocks"])
    after = await use(gatehouse, shown_partner, action_id)
    assert buttons(after["blocks"]) == {}
    assert "Received. /partner show contoso.com shows the current state." in shown(after["blocks"])


async def test_a_checklist_has_no_button_of_a_step_that_was_confirmed(opened: BotUnderTest) -> None:
    checklist = await answer(opened, "checklist contoso.com")
    assert "confirm_half" in json.dumps(checklist["blocks"])
    after = await use(opened, checklist, "confirm_half")
    assert "Your click is received. /partner checklist shows its result." in shown(after["blocks"])
    was, now = (json.dumps(one["blocks"]).count('confirm_half"') for one in (checklist, after))
    assert now == was - 1
    again = await answer(opened, "checklist contoso.com")
    assert "unconfirm_half" in json.dumps(again["blocks"])


async def test_a_card_is_updated_by_what_the_click_did_and_not_replaced(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    await gatehouse.interact(click("requester", "withdraw", request.id))
    await gatehouse.idle()
    assert "Received." not in await gatehouse.told("requester")


@pytest.mark.parametrize("name", PartnerSection)
async def test_every_list_about_a_partner_opens_for_a_member_and_for_nobody_else(
    opened: BotUnderTest, name: PartnerSection
) -> None:
    assert opened.world.slack_simulator is not None
    value = partner_section_value(CONTOSO, name, 0)
    assert len(button("Show all", ids.SHOW_PARTNER_SECTION, value).to_dict()["value"]) < 2000
    for user in ("requester", "guest"):
        trigger_id = opened.world.slack_simulator.client.triggers.issue(SLACK_IDS[user])
        await opened.interact(click(user, ids.SHOW_PARTNER_SECTION, value, trigger_id=trigger_id))
    await opened.idle()
    [view] = (await opened.control.get("views", user="requester"))["views"]
    assert "contoso.com · " in shown(view)
    [refused] = (await opened.control.get("views", user="guest"))["views"]
    assert "contoso.com" not in json.dumps(refused)
    assert "guest" in json.dumps(refused)

"""Deciding in a window: it shows the whole request, stores the click as a card does, and confirms it."""

from typing import Any, Final

import pytest
from hypothesis import given, settings

from bot.sandbox.http.faults import Fault
from bot.slack.flows.decide.views import reject_view
from bot.words.requests.notes import note_words
from tests.bot.bot_under_test import BotUnderTest, click, submission
from tests.bot.surfaces import assert_sound, buttons, element, hostile_or_blank, hostile_request, shown
from tests.workflows.core import builders
from workflows.core.errors.raised import Refused
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

UNKNOWN: Final = f"R-AAAAAAAAAA:{'0' * 64}"


async def window(gatehouse: BotUnderTest, **changed: str) -> dict[str, Any]:
    """Click Review in the App Home; returns the window when it has settled."""
    home = (await gatehouse.control.get("home", user="approver1"))["home"]
    press = {"user": "approver1", "view_id": home["id"], "action_id": "review_request", **changed}
    await gatehouse.control.post("click", **press)
    return await top(gatehouse)


async def press(gatehouse: BotUnderTest, view: dict[str, Any], action_id: str) -> dict[str, Any]:
    """Click in a window; returns the top one when it has settled."""
    await gatehouse.control.post("click", user="approver1", view_id=view["id"], action_id=action_id)
    return await top(gatehouse)


async def top(gatehouse: BotUnderTest) -> dict[str, Any]:
    """The top window once nothing is left to do."""
    await gatehouse.idle()
    found: dict[str, Any] = (await gatehouse.control.get("views", user="approver1"))["views"][-1]
    return found


async def stored(gatehouse: BotUnderTest, request: AccessRequest) -> AccessRequest:
    """The request as it is stored now."""
    found = await gatehouse.store.request(request.id)
    assert found is not None
    return found


async def test_a_request_is_shown_whole_and_approved_in_its_window(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    view = await window(gatehouse)
    value = f"{request.id}:{request.plan.digest}"
    assert buttons(view) == {
        **dict.fromkeys(
            ("approve", "reject", "ask", "request_changes", "propose_less", "comment", "show_notes"), value
        ),
    }
    assert "Current approvers: Amara Okafor" in shown(view)
    for part in (request.plan.digest, "The exact Microsoft Graph operations", "Checks"):
        assert part in shown(view)
    after = await press(gatehouse, view, "approve")
    assert "Your approval is received" in shown(after)
    assert buttons(after) == {}
    assert [one.person.name for one in (await stored(gatehouse, request)).decisions] == ["Amara Okafor"]


@pytest.mark.parametrize("who", ["requester", "admin", "approver2"], ids=["requester", "no approver", "not in turn"])
async def test_who_may_not_decide_now_gets_details_without_the_buttons(gatehouse: BotUnderTest, who: str) -> None:
    request = await gatehouse.file_request()
    channel = gatehouse.settings.slack_channel
    card = (await gatehouse.control.get("messages", channel=channel, user=who))["messages"][0]
    await gatehouse.control.post("click", user=who, channel=channel, ts=card["ts"], action_id="review_request")
    await gatehouse.idle()
    view = (await gatehouse.control.get("views", user=who))["views"][-1]
    assert "The exact Microsoft Graph operations" in shown(view)
    assert not {"approve", "reject"} & set(buttons(view))
    assert (await stored(gatehouse, request)).decisions == ()


async def test_the_notes_that_are_always_true_open_on_top_of_details(gatehouse: BotUnderTest) -> None:
    await gatehouse.file_request()
    view = await window(gatehouse)
    assert "Issued tokens usually work" not in shown(view)
    notes = await press(gatehouse, view, "show_notes")
    assert notes["title"]["text"] == "Notes"
    assert "Issued tokens usually work for up to one more hour." in shown(notes)


async def test_a_rejection_from_the_window_asks_for_its_reason_on_top_of_it(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    reasoning = await press(gatehouse, await window(gatehouse), "reject")
    values = {"reason": {"reason": {"value": "Not this quarter"}}}
    await gatehouse.control.post("submit", user="approver1", view_id=reasoning["id"], values=values)
    assert "Your rejection is received" in shown(await top(gatehouse))
    assert "Not this quarter" in note_words((await stored(gatehouse, request)).note)


async def test_a_click_in_an_old_window_is_checked_and_refused_as_on_a_card(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    view = await window(gatehouse)
    await gatehouse.interact(click("requester", "withdraw", request.id))
    await gatehouse.idle()
    assert "Your approval is received" in shown(await press(gatehouse, view, "approve"))
    assert ("want_approve", "not_now") in await gatehouse.outcomes("approver1")
    assert "This request is closed" in await gatehouse.told("approver1")


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed before the answer"])
async def test_what_cannot_be_shown_is_said_once_in_the_window_or_directly(
    gatehouse: BotUnderTest, is_open: bool
) -> None:
    await gatehouse.file_request()
    if not is_open:
        gone = {"ok": False, "error": "not_found"}
        gatehouse.world.faults.add(Fault(target="slack", method="views.update", status=200, body=gone))
    view = await window(gatehouse, value=UNKNOWN)
    assert ("Gatehouse does not know this request" in shown(view)) is is_open
    assert ("review_request", "unknown_request") in await gatehouse.outcomes("approver1")
    assert ("Gatehouse does not know this request" in await gatehouse.told("approver1")) is not is_open


async def test_a_window_that_slack_does_not_update_is_followed_by_a_message(gatehouse: BotUnderTest) -> None:
    await gatehouse.file_request()
    gatehouse.world.faults.add(Fault(target="slack", method="views.update", status=503, times=9))
    await window(gatehouse, value=UNKNOWN)
    assert "Gatehouse does not know this request" in await gatehouse.told("approver1")


async def test_while_the_directory_is_away_nothing_is_shown(gatehouse: BotUnderTest) -> None:
    await gatehouse.file_request()
    home = (await gatehouse.control.get("home", user="approver1"))["home"]
    gatehouse.world.faults.add(Fault(target="slack", method="users.info", status=503, times=9))
    assert "Not possible now" in shown(await press(gatehouse, home, "review_request"))


def decision(request: AccessRequest) -> str:
    """Return the value of the decision buttons on the request's card."""
    return f"{request.id}:{request.plan.digest}"


# --- reasons ---


def test_reject_names_the_target_first_and_carries_the_digest() -> None:
    asked = builders.request()
    view = reject_view(asked)
    assert_sound(view)
    assert "Partner: contoso.com" in shown(view["blocks"][0])
    assert view["callback_id"] == "reject_reason"
    assert view["private_metadata"] == f"r-1:{asked.plan.digest}"
    assert element(view, "reason")["multiline"] is True


def test_reject_needs_a_plan() -> None:
    with pytest.raises(Refused):
        reject_view(builders.request(RequestState.PREPARING))


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_where_a_reason_is_asked_for(text: str) -> None:
    view = reject_view(hostile_request(RequestState.AWAITING_APPROVAL, RequestKind.ACCESS, text))
    assert_sound(view)
    assert "Partner: contoso.com" in shown(view["blocks"][0])


@pytest.mark.parametrize(
    ("action_id", "field", "said"),
    [
        ("comment", "remark_text", "Your comment is received"),
        ("request_changes", "reason", "Your request for changes is received"),
    ],
)
async def test_details_are_shown_again_after_something_was_written_on_top_of_them(
    gatehouse: BotUnderTest, action_id: str, field: str, said: str
) -> None:
    await gatehouse.file_request()
    writing = await press(gatehouse, await window(gatehouse), action_id)
    values = {field: "Please ask for one channel only"}
    await gatehouse.control.post("submit", user="approver1", view_id=writing["id"], values=values)
    details = await top(gatehouse)
    assert details["title"]["text"] == "Details"
    assert said in shown(details)
    assert "The exact Microsoft Graph operations" in shown(details)


@pytest.mark.parametrize("reason", ["", " \n\t "])
async def test_a_rejection_needs_a_reason(gatehouse: BotUnderTest, reason: str) -> None:
    request = await gatehouse.file_request()
    values = {"reason": {"reason": {"value": reason}}}
    answer = await gatehouse.interact(submission("approver1", "reject_reason", decision(request), values))
    assert answer.json["response_action"] == "errors"
    assert set(answer.json["errors"]) == {"reason"}
    assert await gatehouse.outcomes("approver1") == [("want_reject", "form_problems")]
    assert await gatehouse.store.request(request.id) == request


async def test_a_rejection_with_a_reason_ends_the_request(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    values = {"reason": {"reason": {"value": "Not this quarter"}}}
    answer = await gatehouse.interact(submission("approver1", "reject_reason", decision(request), values))
    await gatehouse.idle()
    assert (answer.status, answer.text) == (200, "")
    decided = await gatehouse.store.request(request.id)
    assert decided is not None
    assert decided.state is RequestState.REJECTED
    assert "Not this quarter" in await gatehouse.told("requester")


async def test_a_part_of_details_opens_on_top_and_turns_its_pages_in_place(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.cards.approval.details_parts.PER_PAGE", 1)
    monkeypatch.setattr("bot.slack.cards.approval.details.MAX_HISTORY_ENTRIES", 1)
    await gatehouse.file_request()
    view = await window(gatehouse)
    opened = await press(gatehouse, view, "show_part")
    assert (opened["title"]["text"], opened["id"] != view["id"]) == ("History", True)
    assert "1 of 2" in shown(opened)
    turned = await press(gatehouse, opened, "part_next")
    assert (turned["id"], "2 of 2" in shown(turned)) == (opened["id"], True)
    back = await press(gatehouse, turned, "part_previous")
    assert "1 of 2" in shown(back)

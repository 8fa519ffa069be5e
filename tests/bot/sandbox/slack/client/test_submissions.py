"""Submitting a modal: the client's own checks, the bot's four answers, and closing."""

from typing import Any

import pytest

from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import Answer, FakeBot, Payload
from tests.bot.sandbox.slack.samples import modal, option, plain, text_input
from tests.bot.sandbox.slack.workspace.test_views import opened

FORM = modal(
    text_input(element={"min_length": 3}),
    text_input("why", optional=True),
    text_input(
        "template",
        "pick",
        element={"type": "static_select", "options": [option("guest"), option("trusted")]},
    ),
    text_input("sponsor", "who", element={"type": "users_select"}),
)
FILLED: dict[str, Any] = {
    "domain": {"value": {"type": "plain_text_input", "value": "contoso.com"}},
    "template": {"pick": {"type": "static_select", "selected_option": {"value": "trusted"}}},
    "sponsor": "requester",
}


def answers(bot: FakeBot, answer: Answer) -> None:
    """Let the bot answer the same to everything."""

    async def same(_: Payload) -> Answer:
        return answer

    bot.answer = same


async def submit(control: Control, view: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    return await control.post("submit", user="requester", view_id=view["id"], values=values)


async def test_client_checks_before_anything_is_sent(bot: FakeBot, control: Control) -> None:
    view = await opened(bot, control, FORM)
    before = len(bot.received)
    told = await submit(control, view, {"domain": "ab"})
    assert told["errors"] == {
        "domain": "Enter at least 3 characters.",
        "template": "Please complete this required field.",
        "sponsor": "Please complete this required field.",
    }
    assert (told["sent"], told["view_id"]) == (False, view["id"])
    assert len(bot.received) == before


async def test_submission_brings_the_state_and_closes_the_view(bot: FakeBot, control: Control) -> None:
    view = await opened(bot, control, FORM)
    told = await submit(control, view, FILLED)
    values = bot.last["view"]["state"]["values"]
    assert values["domain"]["value"] == {"type": "plain_text_input", "value": "contoso.com"}
    assert values["why"]["value"] == {"type": "plain_text_input", "value": None}
    assert values["template"]["pick"]["selected_option"]["text"]["text"] == "Trusted"
    assert values["sponsor"]["who"] == {"type": "users_select", "selected_user": "U0REQUESTER"}
    assert (told["errors"], told["view_id"], told["views"]) == ({}, None, [])


async def test_errors_of_the_bot_keep_the_view(bot: FakeBot, control: Control) -> None:
    view = await opened(bot, control, FORM)
    answers(bot, {"response_action": "errors", "errors": {"domain": "Unknown domain."}})
    told = await submit(control, view, FILLED)
    assert (told["errors"], told["view_id"], told["sent"]) == ({"domain": "Unknown domain."}, view["id"], True)
    [shown] = (await control.get("views", user="requester"))["views"]
    assert shown["state"]["values"]["domain"]["value"]["value"] == "contoso.com"


async def test_update_push_clear(bot: FakeBot, control: Control) -> None:
    view = await opened(bot, control, FORM)
    answers(bot, {"response_action": "update", "view": modal(title=plain("Sure?"))})
    told = await submit(control, view, FILLED)
    assert told["view_id"] == view["id"]
    answers(bot, {"response_action": "push", "view": modal(title=plain("Really?"))})
    told = await submit(control, view, {"domain": "x"})
    assert len(told["views"]) == 2
    assert told["view_id"] == told["views"][-1] != view["id"]
    answers(bot, {"response_action": "clear"})
    told = await control.post("submit", user="requester", view_id=told["view_id"], values={"domain": "x"})
    assert (told["view_id"], told["views"]) == (None, [])


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "update"},
        {"response_action": "dance"},
    ],
)
async def test_answer_that_slack_does_not_accept(bot: FakeBot, control: Control, answer: dict[str, Any]) -> None:
    view = await opened(bot, control, FORM)
    answers(bot, answer)
    body = {"user": "requester", "view_id": view["id"], "values": FILLED}
    status, told = await control.call("POST", "submit", body)
    assert (status, told["error"]) == (502, "bad_response_action")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"nowhere": "x"}, "no_such_field"),
        ({"domain": {"other": {"type": "plain_text_input", "value": "x"}}}, "no_such_field"),
        ({"template": "third"}, "no_such_option"),
        ({"sponsor": "nobody"}, "no_such_user"),
        ({"domain": {"value": {"value": ["x"]}}}, "bad_value"),
    ],
)
async def test_values_that_do_not_fit(bot: FakeBot, control: Control, values: dict[str, Any], error: str) -> None:
    view = await opened(bot, control, FORM)
    status, told = await control.call("POST", "submit", {"user": "requester", "view_id": view["id"], "values": values})
    assert (status, told["error"]) == (400, error)


async def test_closing_is_told_when_asked_for(bot: FakeBot, control: Control) -> None:
    view = await opened(bot, control, modal(notify_on_close=True))
    await control.post("close", user="requester", view_id=view["id"])
    assert (bot.last["type"], bot.last["view"]["id"], bot.last["is_cleared"]) == ("view_closed", view["id"], False)
    assert (await control.get("views", user="requester"))["views"] == []
    quiet = await opened(bot, control)
    before = len(bot.received)
    await control.post("close", user="requester", view_id=quiet["id"])
    assert len(bot.received) == before


async def test_two_stacks_of_one_person(bot: FakeBot, control: Control) -> None:
    """As on a laptop and a phone: both can be submitted."""
    first = await opened(bot, control)
    second = await opened(bot, control)
    told = await submit(control, first, {"domain": "x"})
    assert told["views"] == [second["id"]]
    assert told["view_id"] is None
    assert (await submit(control, second, {"domain": "x"}))["views"] == []


@pytest.mark.parametrize(
    ("element", "given", "message"),
    [
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "Enter a valid number."),
        (
            {"type": "number_input", "is_decimal_allowed": False, "max_value": "9"},
            "10",
            "Enter a number of at most 9.",
        ),
        ({"type": "email_text_input"}, "x", "Enter a valid email address."),
        ({"type": "url_text_input"}, "x", "Enter a valid URL."),
        ({"max_length": 2}, "abc", "Enter at most 2 characters."),
    ],
)
async def test_client_checks_by_kind(
    bot: FakeBot, control: Control, element: dict[str, Any], given: str, message: str
) -> None:
    view = await opened(bot, control, modal(text_input(element=element)))
    assert (await submit(control, view, {"domain": given}))["errors"] == {"domain": message}

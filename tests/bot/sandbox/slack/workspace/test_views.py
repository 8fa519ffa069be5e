"""Views open by trigger, stack three high, change by hash, and keep what was put in."""

from typing import Any

from bot.sandbox.server import Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import Answer, FakeBot, Payload
from tests.bot.sandbox.slack.samples import actions, button, modal, option, plain, text_input

HOME = {"type": "home", "blocks": [actions()]}


def opens(bot: FakeBot, view: dict[str, Any] | None = None, method: str = "views.open") -> list[Payload]:
    """Let the bot open a view at whatever it is sent; gives the list of the Web API's answers."""
    answers: list[Payload] = []

    async def answer(payload: Payload) -> Answer:
        answers.append(await bot.api(method, trigger_id=payload["trigger_id"], view=view or modal()))
        return None

    bot.answer = answer
    return answers


async def opened(bot: FakeBot, control: Control, view: dict[str, Any] | None = None) -> dict[str, Any]:
    """Have a modal opened for the requester."""
    answers = opens(bot, view)
    told = await control.post("command", user="requester", text="request")
    bot.answer = None
    assert told["view_id"] == answers[0]["view"]["id"]
    found: dict[str, Any] = answers[0]["view"]
    return found


async def test_trigger_is_good_once(bot: FakeBot, control: Control) -> None:
    await opened(bot, control)
    again = await bot.api("views.open", trigger_id=bot.last["trigger_id"], view=modal())
    assert again["error"] == "exchanged_trigger_id"
    assert (await bot.api("views.open", trigger_id="1.2.x", view=modal()))["error"] == "invalid_trigger_id"


async def test_hash_changes_and_an_old_one_conflicts(bot: FakeBot, control: Control) -> None:
    view = await opened(bot, control)
    new = await bot.api("views.update", view_id=view["id"], hash=view["hash"], view=modal(title=plain("Two")))
    assert new["view"]["hash"] != view["hash"]
    assert new["view"]["id"] == view["id"]
    late = await bot.api("views.update", view_id=view["id"], hash=view["hash"], view=modal(title=plain("Three")))
    assert late["error"] == "hash_conflict"
    [shown] = (await control.get("views", user="requester"))["views"]
    assert shown["title"]["text"] == "Two"


async def test_stack_is_three_high(bot: FakeBot, control: Control) -> None:
    view = await opened(bot, control, modal(text_input(), actions(button("deeper"))))
    answers = opens(bot, modal(actions(button("deeper"))), "views.push")
    for _ in range(2):
        top = (await control.get("views", user="requester"))["views"][-1]
        await control.post("click", user="requester", view_id=top["id"], action_id="deeper")
    top = (await control.get("views", user="requester"))["views"][-1]
    assert (top["root_view_id"], top["previous_view_id"]) == (view["id"], answers[0]["view"]["id"])
    await control.post("click", user="requester", view_id=top["id"], action_id="deeper")
    assert answers[-1]["error"] == "push_limit_reached"


async def test_push_needs_a_view_below(bot: FakeBot, control: Control) -> None:
    answers = opens(bot, method="views.push")
    await control.post("command", user="requester", text="")
    assert answers[0]["error"] == "not_found"


async def test_what_was_put_in_outlives_an_update_with_the_same_ids(bot: FakeBot, control: Control) -> None:
    view = await opened(bot, control, modal(text_input(dispatch_action=True), text_input("other", "value")))
    await control.post("click", user="requester", view_id=view["id"], action_id="value", block_id="domain", value="x")
    assert bot.last["actions"][0]["value"] == "x"
    assert bot.last["view"]["state"]["values"]["domain"]["value"]["value"] == "x"
    changed = modal(text_input(element={"initial_value": "fresh"}), text_input("new", element={"initial_value": "n"}))
    answer = await bot.api("views.update", view_id=view["id"], view=changed)
    values = answer["view"]["state"]["values"]
    assert values["domain"]["value"]["value"] == "x"
    assert values["new"]["value"]["value"] == "n"


async def test_update_by_external_id(bot: FakeBot, control: Control) -> None:
    await opened(bot, control, modal(external_id="mine"))
    answer = await bot.api("views.update", external_id="mine", view=modal(external_id="mine", title=plain("Two")))
    assert answer["view"]["title"]["text"] == "Two"
    answers = opens(bot, modal(external_id="mine"))
    await control.post("command", user="admin", text="")
    assert answers[0]["error"] == "duplicate_external_id"


async def test_view_too_large(bot: FakeBot, control: Control) -> None:
    options = [{"text": plain("x" * 75), "value": f"{n}" * 30, "description": plain("ü" * 75)} for n in range(100)]
    many = [text_input(f"b{n}", element={"type": "static_select", "options": options}) for n in range(9)]
    answers = opens(bot, modal(*many))
    await control.post("command", user="requester", text="")
    assert answers[0]["error"] == "view_too_large"


async def test_home_is_published_when_opened(bot: FakeBot, control: Control) -> None:
    async def answer(payload: Payload) -> Answer:
        user_id = payload["event"]["user"]
        assert (await bot.api("views.publish", user_id=user_id, view=HOME))["ok"]
        return None

    bot.answer = answer
    home = (await control.get("home", user="requester"))["home"]
    assert home["type"] == "home"
    assert home["blocks"][0]["elements"][0]["action_id"] == "approve"
    assert bot.last["event"]["tab"] == "home"
    assert "view" not in bot.last["event"]
    assert (await control.get("views", user="requester"))["views"] == []


async def test_home_conflicts_by_hash_too(bot: FakeBot) -> None:
    first = await bot.api("views.publish", user_id="U0ADMIN0001", view=HOME)
    old = first["view"]["hash"]
    assert (await bot.api("views.publish", user_id="U0ADMIN0001", view=HOME, hash=old))["ok"]
    assert (await bot.api("views.publish", user_id="U0ADMIN0001", view=HOME, hash=old))["error"] == "hash_conflict"


async def test_trigger_of_a_home_opens_a_stack_of_its_own(bot: FakeBot, control: Control) -> None:
    home = (await bot.api("views.publish", user_id="U0ADMIN0001", view=HOME))["view"]
    answers = opens(bot)
    told = await control.post("click", user="admin", view_id=home["id"], action_id="approve")
    assert answers[0]["view"]["previous_view_id"] is None
    assert told["opened"] == answers[0]["view"]["id"]
    assert bot.last["container"] == {"type": "view", "view_id": home["id"]}
    assert "response_url" not in bot.last


async def test_nobody_else_reaches_a_view(bot: FakeBot, control: Control, sandbox: Sandbox) -> None:
    view = await opened(bot, control)
    status, answer = await control.call("POST", "submit", {"user": "admin", "view_id": view["id"], "values": {}})
    assert (status, answer["error"]) == (404, "view_not_found")


async def test_select_in_a_view(bot: FakeBot, control: Control) -> None:
    select = {"type": "static_select", "action_id": "t", "options": [option("a"), option("b")]}
    view = await opened(bot, control, modal(text_input("t", element=select, dispatch_action=True)))
    await control.post("click", user="requester", view_id=view["id"], action_id="t", selected="b")
    action = bot.last["actions"][0]
    assert action["selected_option"]["value"] == "b"
    assert action["type"] == "static_select"
    body = {"user": "requester", "view_id": view["id"], "action_id": "t", "selected": "c"}
    status, answer = await control.call("POST", "click", body)
    assert (status, answer["error"]) == (400, "no_such_option")

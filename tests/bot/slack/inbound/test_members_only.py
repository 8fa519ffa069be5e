"""Only full members look anything up: a guest is refused privately, with the reason, and the refusal is recorded."""

import json
from typing import Any

import pytest

from bot.sandbox.http.faults import Fault
from bot.slack import ids
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, request_values, submission

CONTOSO = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"


async def refusals(gatehouse: BotUnderTest, actor: str = "guest") -> list[str]:
    """The commands that were refused to somebody because they are a guest."""
    return [command for command, code in await gatehouse.outcomes(actor) if code == "workspace_guest"]


async def told(gatehouse: BotUnderTest, person: str = "guest") -> str:
    """Everything that somebody was told or has open."""
    texts = [await gatehouse.told(person)]
    texts.append(json.dumps((await gatehouse.control.get("views", user=person))["views"], ensure_ascii=False))
    return "\n".join(texts)


def graph_reads(gatehouse: BotUnderTest) -> list[str]:
    """What was asked of Graph about partners, without the bot's own first sweep."""
    entries = gatehouse.world.graph_log.entries
    paths = [one["path"] for entry in entries for one in entry.get("inner", [entry])]
    found = [path for path in paths if "crossTenant" in path]
    for swept in ("/default", "/default/m365Capabilities", "/partners"):
        found = (
            found[: (at := next((i for i, one in enumerate(found) if one.endswith(swept)), len(found)))]
            + found[at + 1 :]
        )
    return found


@pytest.mark.threats("B3")
@pytest.mark.parametrize(
    "text",
    [
        "request",
        "request tailspin.com",
        "list",
        "show contoso.com",
        "checklist contoso.com",
        "posture",
        "restore contoso.com",
        "revoke contoso.com",
        "help",
        "nonsense",
    ],
)
async def test_no_command_is_for_guests(gatehouse: BotUnderTest, text: str) -> None:
    await gatehouse.control.post("command", user="guest", text=text, channel="general")
    await gatehouse.idle()
    assert await refusals(gatehouse) == [f"/partner {text.split()[0]}"]
    assert "guest in this workspace" in await told(gatehouse) + json.dumps(
        (await gatehouse.control.get("messages", channel="general", user="guest"))["messages"]
    )
    assert graph_reads(gatehouse) == []


async def test_the_shortcut_is_not_for_guests(gatehouse: BotUnderTest) -> None:
    answer = await gatehouse.control.post("shortcut", user="guest", callback_id=ids.REQUEST_SHORTCUT)
    await gatehouse.idle()
    assert answer["view_id"] is None
    assert await refusals(gatehouse) == ["shortcut"]
    assert "guest in this workspace" in await told(gatehouse)


def form_click(action_id: str, **state: Any) -> dict[str, Any]:
    """A click in a request form, as a guest could send one from a view that was opened before."""
    view = submission("guest", ids.REQUEST_ACCESS, "", request_values("tailspin.com", "guest-collaboration"))["view"]
    payload = click("guest", action_id, "tailspin.com", view=view, container={"type": "view", "view_id": view["id"]})
    return {**payload, **state}


@pytest.mark.parametrize(
    ("action_id", "refused"),
    [(ids.TARGET, "look_up"), (ids.TEMPLATE, "look_up")],
)
async def test_a_form_looks_nothing_up_for_guests(gatehouse: BotUnderTest, action_id: str, refused: str) -> None:
    await gatehouse.interact(form_click(action_id))
    await gatehouse.idle()
    assert await refusals(gatehouse) == [refused]
    assert graph_reads(gatehouse) == []


async def test_a_part_of_details_is_not_for_guests(gatehouse: BotUnderTest) -> None:
    """The click comes from a window that was opened before."""
    request = await gatehouse.file_request()
    view = submission("guest", ids.DETAILS_PART, "", {})["view"]
    where = {"type": "view", "view_id": view["id"]}
    await gatehouse.interact(click("guest", ids.PART_NEXT, f"{request.id}:history:1", view=view, container=where))
    await gatehouse.idle()
    assert await refusals(gatehouse) == ["review_request"]


async def test_a_select_offers_nothing_to_guests(gatehouse: BotUnderTest) -> None:
    """The question comes from a view that was opened before; whoever asks twice is recorded once."""
    asked = suggestion("guest", "Bridge")
    for _ in range(2):
        answer = await gatehouse.interact(asked)
        assert answer.json == {"options": []}
    await gatehouse.idle()
    assert await refusals(gatehouse) == ["search_own"]
    assert graph_reads(gatehouse) == []


async def test_a_select_offers_our_own_groups_to_members(gatehouse: BotUnderTest) -> None:
    answer = await gatehouse.interact(suggestion("requester", "brid"))
    (option,) = answer.json["options"]
    assert option["text"]["text"] == "Bridge project"
    assert option["description"]["text"].startswith("Security group, ID ends in ")
    typed = "5f0a1b2c-0002-4d3e-8f90-a1b2c3d4e5f6"
    reads = len(graph_reads(gatehouse))
    (option,) = (await gatehouse.interact(suggestion("requester", typed))).json["options"]
    assert (option["text"]["text"], option["value"]) == (f"ID {typed}", typed)
    assert (await gatehouse.interact(suggestion("requester", "br"))).json == {"options": []}
    assert len(graph_reads(gatehouse)) == reads, "neither is searched for"


def suggestion(user: str, typed: str) -> dict[str, Any]:
    """What Slack sends while a name is typed into the select of our own group."""
    metadata = json.dumps({ids.PLACEHOLDERS_OF: "regulated-project"})
    view = submission(user, ids.REQUEST_ACCESS, metadata, {})
    asked = {"type": "block_suggestion", "action_id": "hole_project_group", "block_id": "hole_project_group"}
    return {**view, **asked, "value": typed}


@pytest.mark.parametrize(
    ("template", "placeholders"),
    [
        ("guest-collaboration", {}),
        ("regulated-project", {"hole_project_group": {"hole_project_group": {"value": "Bridge"}}}),
    ],
)
async def test_a_guest_files_nothing(gatehouse: BotUnderTest, template: str, placeholders: dict[str, Any]) -> None:
    values = {**request_values("tailspin.com", template), **placeholders}
    await gatehouse.interact(submission("guest", ids.REQUEST_ACCESS, "", values))
    await gatehouse.idle()
    assert await refusals(gatehouse) == ["submit"]
    assert await gatehouse.store.open_requests() == []
    assert graph_reads(gatehouse) == []


@pytest.mark.parametrize(
    ("action_id", "command"),
    [
        ("keep", "want_keep"),
        ("reduce", "reduce"),
        ("review_details", "review_details"),
        ("reject", "want_reject"),
        ("review_request", "review_request"),
        ("open_request", "open_request"),
    ],
)
async def test_no_window_opens_with_anything_in_it(gatehouse: BotUnderTest, action_id: str, command: str) -> None:
    request = await gatehouse.file_request()
    reads = len(graph_reads(gatehouse))
    is_card = action_id in ("reject", "review_request")
    value = f"{request.id}:{request.plan.digest}" if is_card else CONTOSO
    assert gatehouse.world.slack_simulator is not None
    trigger_id = gatehouse.world.slack_simulator.client.triggers.issue(SLACK_IDS["guest"])
    await gatehouse.interact(click("guest", action_id, value, trigger_id=trigger_id))
    await gatehouse.idle()
    assert await refusals(gatehouse) == [command]
    views = (await gatehouse.control.get("views", user="guest"))["views"]
    assert "Contoso" not in json.dumps(views)
    assert request.id.removeprefix("R-") not in json.dumps(views)
    assert not [view for view in views if view["callback_id"] == ids.REQUEST_ACCESS]
    assert len(graph_reads(gatehouse)) == reads
    assert (await told(gatehouse)).count("guest in this workspace") > 0


async def test_the_app_home_of_a_guest_has_nothing_in_it(gatehouse: BotUnderTest) -> None:
    await gatehouse.file_request()
    home = (await gatehouse.control.get("home", user="guest"))["home"]
    await gatehouse.idle()
    assert "Only full members" in json.dumps(home)
    assert "open_request" not in json.dumps(home)
    assert await refusals(gatehouse) == ["app_home_opened"]


async def test_a_look_of_a_full_member_is_recorded(gatehouse: BotUnderTest) -> None:
    """The list reads the bot's own records only, so it leaves no row."""
    for text in ("show tailspin.com", "posture", "list"):
        await gatehouse.control.post("command", user="requester", text=text)
        await gatehouse.idle()
    found = [one for one in await gatehouse.history() if one.command == "look_up"]
    assert {(entry.outcome, entry.actor) for entry in found} == {("accepted", SLACK_IDS["requester"])}
    assert sorted((entry.details["by"], entry.details["target"]) for entry in found) == [
        ("/partner posture", ""),
        ("/partner show", "tailspin.com"),
    ]


@pytest.mark.threats("B2")
async def test_outsiders_are_refused_at_the_edge(gatehouse: BotUnderTest) -> None:
    await gatehouse.control.post("command", user="outsider", text="request tailspin.com", channel="general")
    await gatehouse.idle()
    assert await gatehouse.outcomes("outsider") == [("/partner request", "outsider")]


async def test_a_form_keeps_what_was_typed_while_slack_does_not_tell_who_asks(gatehouse: BotUnderTest) -> None:
    opened = await gatehouse.control.post("command", user="requester", text="request")
    await gatehouse.control.post("clock", advance_seconds=4)  # who opened the form is not read again to fill it
    gatehouse.world.faults.add(Fault(target="slack", method="users.info", status=503, times=999))
    await gatehouse.control.post(
        "click",
        user="requester",
        view_id=opened["view_id"],
        action_id="target",
        value="contoso.com",
    )
    await gatehouse.idle()
    (view,) = (await gatehouse.control.get("views", user="requester"))["views"]
    assert "cannot be looked up now" in json.dumps(view)
    assert view["callback_id"] == ids.REQUEST_ACCESS
    assert graph_reads(gatehouse) == []

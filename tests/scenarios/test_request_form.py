"""The request form takes what people paste, offers what they may have meant, and says what can be done instead."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.scenarios.stage import CONTOSO, DAY, Stage, running_stage, words

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("request form"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One sandbox for all of these stories, every one with a partner of its own."""
    async with running_stage(Stage(data=tmp_path_factory.mktemp("form") / "data", warm=True)) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def shared(sandbox: Stage) -> Stage:
    """The sandbox of all of these stories, with Slack's whole allowance of calls."""
    await sandbox.forget_slack_calls()
    return sandbox


async def form_for(stage: Stage, typed: str, user: str = "requester") -> dict[str, Any]:
    """Open the form by the command; returns the window when the partner was looked up."""
    view_id = (await stage.do("command", user=user, text=f"/partner request {typed}"))["view_id"]
    await stage.rest()
    return await seen(stage, view_id, user)


async def seen(stage: Stage, view_id: str, user: str = "requester") -> dict[str, Any]:
    """Return the present content of a window."""
    found: list[dict[str, Any]] = (await stage.see("views", user=user))["views"]
    return next(view for view in found if view["id"] == view_id)


async def close_all(stage: Stage, user: str = "requester") -> None:
    """Close every window."""
    while views := (await stage.see("views", user=user))["views"]:
        await stage.do("close", user=user, view_id=views[-1]["id"])


@pytest.mark.parametrize(
    "typed",
    [
        "https://www.fabrikam.com/about",
        "www.fabrikam.com",
        "<http://fabrikam.com|fabrikam.com>",
        "<mailto:a@fabrikam.com|a@fabrikam.com>",
        "Ann <ann@fabrikam.com>",
        "Fabrikam.com, please",
    ],
)
async def test_the_form_and_every_command_take_the_domain_out_of_what_is_pasted(shared: Stage, typed: str) -> None:
    """The form says which name it took; showing and revoking find the same partner."""
    view = await form_for(shared, typed)
    assert "Taken from what you typed: fabrikam.com" in words(view).replace("  ", " ")
    assert "Fabrikam, Inc." in words(view)
    shown = (await shared.do("command", user="admin", text=f"/partner show {typed}"))["ephemeral"]
    await shared.rest()
    assert "Fabrikam, Inc." in words(shown[-1])
    view_id = (await shared.do("command", user="admin", text=f"/partner revoke {typed}"))["view_id"]
    await shared.rest()
    window = await seen(shared, view_id, "admin")
    assert "Type fabrikam.com to confirm" in words(window)
    pasted = {"confirm": {"confirm": typed[:300]}, "reason": {"reason": ""}}
    answer = await shared.do("submit", user="admin", view_id=view_id, values=pasted)
    assert "not what has to be typed" in answer["errors"]["confirm"], "closing is confirmed exactly or not at all"
    await close_all(shared)
    await close_all(shared, "admin")
    assert await shared.writes() == []


async def test_an_organization_is_shown_by_its_domain_and_by_its_tenant_id(shared: Stage) -> None:
    """Name and ID, before anything is sent."""
    for typed in ("fabrikam.com", "FAB0FAB0-2222-4aaa-8bbb-0123456789a2"):
        view = words(await form_for(shared, typed))
        assert "Fabrikam, Inc." in view
        assert "fab0fab0-2222-4aaa-8bbb-0123456789a2" in view
        await close_all(shared)
    assert await shared.messages() == []


async def test_two_partners_in_one_text_are_refused_and_named(shared: Stage) -> None:
    answer = await shared.fill_in(target="contoso.com or fabrikam.com")
    assert answer["errors"] == {"target": "Enter one domain, not several: contoso.com, fabrikam.com."}
    await close_all(shared)


async def test_a_refused_look_up_of_one_partner_has_one_answer_and_never_waits(shared: Stage) -> None:
    """Graph's own refusal, for this one name only: in the form, at sending, and after the approval."""
    refused = {"code": "Authorization_RequestDenied", "message": "Insufficient privileges to complete the operation."}
    fault = {"target": "graph", "match": "tailspin.com", "times": 99, "status": 403, "body": {"error": refused}}
    said = "Other look-ups work, so no permission is missing."
    await shared.do("faults", **fault)
    view = await form_for(shared, "tailspin.com")
    assert said in words(view)
    assert "send the request anyway" not in words(view)
    answer = await shared.fill_in(view_id=view["id"], target="tailspin.com")
    assert said in answer["errors"]["target"]
    assert "Ask the partner for their tenant ID" in answer["errors"]["target"]
    await close_all(shared)

    await shared.call("DELETE", "faults")
    ts = await shared.ask(target="tailspin.com", template="guest-collaboration")
    await shared.do("faults", **fault)
    await shared.press("approver1", "approve", ts)
    await shared.rest()

    assert said in await shared.read()
    assert "Nothing was written." in await shared.read()
    assert "CrossTenantInformation" not in await shared.read()
    assert [entry for entry in await shared.writes() if entry["status"] < 300] == []
    await shared.call("DELETE", "faults")


async def test_a_second_request_shows_the_first_with_the_buttons_of_who_looks(shared: Stage) -> None:
    await shared.ask(target="northwind.com")
    others = await form_for(shared, "northwind.com", "approver1")
    assert "Riley Park has an open access request for this partner" in words(others)
    assert [one["action_id"] for one in elements(others)] == ["review_request", "support"]
    await close_all(shared, "approver1")
    answer = await shared.fill_in(user="approver1", target="northwind.com")
    assert "Riley Park has an open access request for this partner" in answer["errors"]["target"]
    await close_all(shared, "approver1")

    mine = await form_for(shared, "northwind.com")
    assert "You have an open access request for this partner" in words(mine)
    assert [one["action_id"] for one in elements(mine)] == ["review_request", "edit", "withdraw"]
    await shared.do("click", user="requester", view_id=mine["id"], action_id="review_request")
    await shared.rest()
    shown = (await shared.see("views", user="requester"))["views"]
    assert "The exact Microsoft Graph operations" in words(shown[-1])
    await shared.do("close", user="requester", view_id=shown[-1]["id"])
    await shared.do("click", user="requester", view_id=mine["id"], action_id="withdraw")
    await shared.rest()
    after = await seen(shared, mine["id"])
    assert "open access request" not in words(after)
    assert elements(after) == []
    assert "withdrawn" in (await shared.card())["text"].lower()
    answer = await shared.fill_in(view_id=mine["id"], target="northwind.com", template="guest-collaboration")
    assert answer["errors"] == {}, "and now the other request can be sent"
    await shared.rest()


async def test_a_slip_is_not_found_first_and_then_the_partner_on_record_is_offered(shared: Stage) -> None:
    """A request for existing access says which duration extends it."""
    await shared.open_access()
    answer = await shared.fill_in(target="contso.com")
    assert answer["errors"]["target"] == (
        "No Microsoft Entra tenant has the domain “contso.com”. Did you mean contoso.com?"
    )
    await close_all(shared)
    for command in ("show", "revoke"):
        await shared.do("command", user="admin", text=f"/partner {command} contso.com")
        await shared.rest()
    told = words((await shared.see("views", user="admin"))["views"][-1])
    assert "Did you mean contoso.com?" in told
    await close_all(shared, "admin")

    answer = await shared.fill_in()
    assert "To extend it now, choose 365 days." in answer["errors"]["target"]
    await close_all(shared)
    await shared.later(2 * DAY)
    await shared.ask()
    assert "Access to extend" in await shared.read()
    assert (await shared.partner(CONTOSO)) is not None


def elements(view: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a window."""
    return [one for block in view["blocks"] if block["type"] == "actions" for one in block["elements"]]


# --- a group of ours by its name ---

BRIDGE = "5f0a1b2c-0002-4d3e-8f90-a1b2c3d4e5f6"
FIELD = "hole_project_group"
THEIR_IDS = {
    "hole_pilot_group": "5f0a1b2c-0001-4d3e-8f90-a1b2c3d4e5f6",
    "hole_partner_application": "5f0a1b2c-0003-4d3e-8f90-a1b2c3d4e5f6",
}


async def piloting(stage: Stage, user: str = "requester") -> str:
    """Open the form for a regulated project; returns its view's id."""
    view_id = str((await stage.do("command", user=user, text="/partner request"))["view_id"])
    await stage.do("click", user=user, view_id=view_id, action_id="template", selected="regulated-project")
    await stage.rest()
    return view_id


async def sent(stage: Stage, view_id: str, typed: str, **fields: str) -> dict[str, Any]:
    """Send the form with something typed for the group of ours."""
    filled = {"target": "litware.com", "template": "regulated-project", "duration": "90", **THEIR_IDS, **fields}
    answer = await stage.fill_in(view_id=view_id, **filled, **{FIELD: typed})
    await stage.rest()
    return answer


async def offered(stage: Stage, view_id: str, typed: str) -> list[str]:
    """What the select of our own group offers."""
    found = await stage.do("suggest", user="requester", view_id=view_id, action_id=FIELD, value=typed)
    return [one["text"]["text"] for one in found["suggest"]]


async def test_a_group_of_ours_is_found_by_name_and_the_request_is_filed_with_its_id(shared: Stage) -> None:
    """The form says before it is sent who decides, and which text to send to the partner's administrator."""
    view_id = await piloting(shared)
    view = words(await seen(shared, view_id))
    assert "Security, 1 approval" in view
    assert "The requester and chosen sponsor cannot approve." in view
    assert "Send this to the partner's administrator:" in view
    assert await offered(shared, view_id, "brid") == ["Bridge project"]
    assert await offered(shared, view_id, "br") == []
    answer = await sent(shared, view_id, "Bridge project")
    assert answer["errors"] == {}
    assert f"only group “Bridge project” ({BRIDGE})" in await shared.read()
    await close_all(shared)


async def test_hidden_memberships_are_nobodys_to_search_and_their_ids_are_only_asked_for(shared: Stage) -> None:
    """Groups of one name are told apart."""
    known = (await shared.see("graph/state"))["state"]["groups"][BRIDGE]
    others = {
        f"77777777-0000-4000-8000-00000000{number:04}": {
            **known,
            "displayName": name,
            "mail": mail,
            "groupTypes": ["Unified"],
            "visibility": visibility,
        }
        for number, (name, mail, visibility) in enumerate(
            [
                ("Twins", "twins@woodgrove.com", None),
                ("Twins", None, None),
                ("Twins", "board@woodgrove.com", "HiddenMembership"),
            ]
        )
    }
    state = {"groups": {group_id: {**group, "id": group_id} for group_id, group in others.items()}}
    assert (await shared.call("PATCH", "graph/state", state))["ok"] is True
    view_id = await piloting(shared)
    found = await shared.do("suggest", user="requester", view_id=view_id, action_id=FIELD, value="twi")
    assert [one["description"]["text"] for one in found["suggest"]] == [
        "Microsoft 365 group, twins@woodgrove.com, ID ends in 0000",
        "Microsoft 365 group, ID ends in 0001",
    ]
    answer = await sent(shared, view_id, BRIDGE, hole_pilot_group="Their pilots")
    assert "Ask them: “Please send us the Object ID of your group" in answer["errors"]["hole_pilot_group"]
    await close_all(shared)


async def test_without_the_permission_to_search_the_id_is_typed_and_the_permission_is_named(shared: Stage) -> None:
    refused = {"code": "Authorization_RequestDenied", "message": "Insufficient privileges to complete the operation."}
    await shared.do("faults", target="graph", match="/groups", times=1, status=403, body={"error": refused})
    view_id = await piloting(shared)
    assert await offered(shared, view_id, "bridge") == []
    await shared.rest()
    view = await seen(shared, view_id)
    assert "Groups cannot be searched by name" in words(view)
    assert "GroupMember.Read.All" in words(view)
    (field,) = [block["element"] for block in view["blocks"] if block.get("block_id") == FIELD]
    assert field["type"] == "plain_text_input"
    await shared.call("DELETE", "faults")
    await close_all(shared)


async def test_a_partner_is_asked_to_be_closed_by_a_command_of_its_own(shared: Stage) -> None:
    """Block is not among what people need; the form that it opens offers nothing else."""
    view_id = (await shared.do("command", user="requester", text="/partner request"))["view_id"]
    offers = words(await seen(shared, view_id))
    assert "Documents and chat as guests" in offers
    assert "Close everything for a partner" not in offers
    await close_all(shared)
    view_id = (await shared.do("command", user="requester", text="/partner block tailspin.com"))["view_id"]
    await shared.rest()
    view = await seen(shared, view_id)
    (select,) = [block["element"] for block in view["blocks"] if block.get("block_id") == "template"]
    assert [option["value"] for option in select["options"]] == ["block"]
    assert select["initial_option"]["value"] == "block"
    assert "Tailspin" in words(view)
    await close_all(shared)


async def test_a_guest_gets_no_form_and_so_learns_no_names(shared: Stage) -> None:
    """The command is answered without a window, and no group is looked for."""
    searches = len(await shared.graph(path="/groups"))
    answer = await shared.do("command", user="guest", text="/partner request")
    await shared.rest()
    assert answer["view_id"] is None
    assert (await shared.see("views", user="guest"))["views"] == []
    assert len(await shared.graph(path="/groups")) == searches

"""What approvers can see about IDs: names, IDs that nobody has, and a default that changed since the plan."""

from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, Stage, buttons, words

pytestmark = pytest.mark.story

PORTAL = "5f0a1b2c-0004-4d3e-8f90-a1b2c3d4e5f6"
BRIDGE = "5f0a1b2c-0002-4d3e-8f90-a1b2c3d4e5f6"
THEIR_GROUP = "5f0a1b2c-0001-4d3e-8f90-a1b2c3d4e5f6"
THEIR_APPLICATION = "5f0a1b2c-0003-4d3e-8f90-a1b2c3d4e5f6"
NOBODYS = "0ddba11d-0000-4d3e-8f90-a1b2c3d4e5f6"
BLOCKED = {
    "usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
HOLES = {
    "hole_pilot_group": THEIR_GROUP,
    "hole_project_group": BRIDGE,
    "hole_partner_application": THEIR_APPLICATION,
}


async def patch(stage: Stage, state: dict[str, Any]) -> None:
    """Change the tenant from outside, without the bot."""
    answer = await stage.call("PATCH", "graph/state", state)
    assert answer["ok"] is True, answer


async def asked(stage: Stage, template: str, **fields: str) -> dict[str, Any]:
    """Fill the form in with the template chosen in its list, so that it shows its placeholders; returns the answer."""
    view_id = (await stage.do("command", user="requester", text="/partner request"))["view_id"]
    await stage.do("click", user="requester", view_id=view_id, action_id="template", selected=template)
    await stage.rest()
    answer = await stage.fill_in(view_id=view_id, template=template, duration="90", **fields)
    await stage.rest()
    return answer


async def test_ids_are_shown_with_their_names_and_ids_that_are_nobodys_are_refused(stage: Stage) -> None:
    """Refused at the field, or during preparation when the field could not tell; the partner's ids are marked."""
    answer = await asked(stage, "contractor-portal", hole_portal_application=NOBODYS)
    assert answer["errors"].keys() == {"hole_portal_application"}
    assert "no application with this ID in this tenant" in answer["errors"]["hole_portal_application"]
    assert "Enterprise applications" in answer["errors"]["hole_portal_application"]

    slow = {"target": "graph", "match": f"servicePrincipals(appId='{NOBODYS}')", "times": 1, "delay_seconds": 2.3}
    await stage.do("faults", **slow)
    assert (await asked(stage, "contractor-portal", hole_portal_application=NOBODYS))["errors"] == {}
    told = " ".join(words(message) for message in await stage.direct("requester"))
    assert f"There is no application {NOBODYS} (“Portal application” on the form) in this tenant" in told
    assert await stage.writes() == []

    assert (await asked(stage, "regulated-project", **HOLES))["errors"] == {}
    card = await stage.card()
    said = await stage.read()
    assert f"only group “Bridge project” ({BRIDGE}) may use only application {THEIR_APPLICATION}" in said
    assert f"only group {THEIR_GROUP} may use only Office 365" in said, "what it may be called here says nothing"
    assert "In this tenant, group" not in said, "the change names it already"
    assert f"Only the partner knows application {THEIR_APPLICATION}" in said
    assert "these users and groups are in the partner's directory, which nobody here can read" in said
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", card["ts"]) == []
    shown = (await stage.do("command", user="requester", text="/partner show contoso.com"))["ephemeral"]
    assert f"“Bridge project” ({BRIDGE})" in words(shown[-1])
    view_id = (await stage.do("command", user="admin", text="/partner revoke contoso.com"))["view_id"]
    await stage.rest()
    [window] = [v for v in (await stage.see("views", user="admin"))["views"] if v["id"] == view_id]
    assert f"“Bridge project” ({BRIDGE})" in words(window)

    await stage.do("faults", target="graph", match="servicePrincipals", times=1000, status=403)
    fields = {"target": "fabrikam.com", "hole_portal_application": PORTAL}
    assert (await asked(stage, "contractor-portal", **fields))["errors"] == {}
    said = await stage.read()
    assert (
        "Whether the named applications are this tenant's could not be checked (permission "
        "missing). Grant the application Application.Read.All with admin consent" in said
    )
    assert "Contractor portal” (" not in said
    assert "approve" in buttons(await stage.card())


async def test_a_default_that_changed_after_the_approval_asks_again_and_an_unread_one_waits(stage: Stage) -> None:
    """Guest collaboration leaves outbound to the default: what people saw of it is what they approved."""
    ts = await stage.ask(template="guest-collaboration")
    await patch(stage, {"default": {"b2bCollaborationOutbound": BLOCKED}})
    await stage.press("approver1", "approve", ts)
    assert await stage.writes() == []
    card = await stage.read()
    assert "The tenant's default changed after this was shown" in card
    assert "B2B collaboration, outbound , by the tenant's default: was" in card
    assert '"default.b2bCollaborationOutbound": {' in card

    await stage.do("faults", target="graph", match="crossTenantAccessPolicy/default", times=1000, status=503)
    await stage.press("approver1", "approve", ts)
    assert await stage.writes() == []
    assert "The tenant's default for this partner is not known" in await stage.read()
    await stage.call("DELETE", "faults")
    await stage.later(600)
    partner = await stage.partner(CONTOSO)
    assert partner is not None
    assert partner["b2bCollaborationOutbound"] is None


async def test_the_home_leads_to_the_whole_request_and_its_window_decides(stage: Stage) -> None:
    """Review opens the card with operations, digest and checks. A click there is stored, checked and confirmed."""
    ts = await stage.ask()
    assert "approve" not in buttons((await stage.see("home", user="approver1"))["home"])
    window = await reviewed(stage, "approver1")
    card = await stage.card()
    for part in ("The exact Microsoft Graph operations", "Change ID:", "Checks", "Risk of this change:"):
        assert part in words(window), part
    await stage.do("click", user="approver1", view_id=window["id"], action_id="approve")
    await stage.rest()
    [after] = (await stage.see("views", user="approver1"))["views"]
    assert "Your approval is received" in words(after)
    assert buttons(after) == []
    assert "Amara" in await stage.read()

    window = await reviewed(stage, "approver2")
    opened = await stage.do("click", user="approver2", view_id=window["id"], action_id="reject")
    reason = {"reason": {"reason": "Not this quarter"}}
    await stage.do("submit", user="approver2", view_id=opened["views"][-1], values=reason)
    await stage.rest()
    [after] = (await stage.see("views", user="approver2"))["views"]
    assert "Your rejection is received" in words(after)
    assert "rejected" in (await stage.card())["text"]
    assert card["ts"] == ts == (await stage.card())["ts"]


async def reviewed(stage: Stage, user: str) -> dict[str, Any]:
    """Click Review in the home; returns the window once it is filled."""
    home = (await stage.see("home", user=user))["home"]
    await stage.do("click", user=user, view_id=home["id"], action_id="review_request")
    await stage.rest()
    window: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return window


async def test_a_refused_revocation_is_told_once_and_recorded(stage: Stage) -> None:
    """In the window that was opened for it; nothing more comes by direct message."""
    await stage.open_access()
    before = len(await stage.direct("approver2"))
    await stage.do("command", user="approver2", text="/partner revoke contoso.com")
    await stage.rest()
    [window] = (await stage.see("views", user="approver2"))["views"]
    assert "Only partner admins can revoke" in words(window)
    assert len(await stage.direct("approver2")) == before

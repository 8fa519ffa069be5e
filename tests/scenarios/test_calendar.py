"""The calendar with a partner: asked for, written, read back, watched, restored and revoked; or clearly refused."""

from typing import Any, Final

import pytest

from tests.scenarios.stage import CONTOSO, Stage, actions, words
from tests.scenarios.test_watch import HOUR, told, top_view

pytestmark = pytest.mark.story

BASIC: Final = "crossTenantCalendarAvailabilityBasic"
DETAILS: Final = "crossTenantCalendarAvailabilityLimitedDetails"
PERMISSION: Final = "Policy.ReadWrite.CrossTenantCapability"
PARTNERS: Final = "/policies/crossTenantAccessPolicy/partners"
ALL: Final = {"included": [{"resourceId": "All", "resourceType": "user"}], "excluded": []}


async def patch(stage: Stage, **state: Any) -> None:
    """Change the tenant behind the bot's back."""
    answer = await stage.call("PATCH", "graph/state", state)
    assert answer["ok"], answer


async def ask(stage: Stage) -> str:
    """Ask for free/busy times with Contoso; return the ts of the channel's card."""
    return await stage.ask(template="calendar-sharing", duration="365", justification="We plan the bridge together")


async def approve(stage: Stage, ts: str) -> None:
    """Approve it by security and by the data owners."""
    for approver in ("approver1", "approver2"):
        assert await stage.press(approver, "approve", ts) == []


async def allowed(stage: Stage) -> dict[str, bool]:
    """Return the capabilities of Contoso in the tenant, and whether each is allowed."""
    partner = await stage.partner() or {}
    found = partner.get("m365Capabilities") or {}
    return {name: row["inboundAccess"]["isAllowed"] for name, row in found.items()}


async def test_free_busy_is_asked_for_written_watched_restored_and_revoked(stage: Stage) -> None:
    ts = await ask(stage)
    told_before = await stage.read()
    assert "free/busy" in told_before.lower()
    assert "then blocked, default guests too" in told_before
    assert "The block at the end ends guest access by default, too." in told_before
    assert "One direction: we show ours to them" in told_before
    assert await allowed(stage) == {}
    await approve(stage, ts)
    await stage.tick()
    assert await allowed(stage) == {BASIC: True}
    writes = await stage.writes()
    assert [(one["method"], one["path"]) for one in writes] == [
        ("POST", f"/graph/v1.0{PARTNERS}"),
        ("POST", f"/graph/v1.0{PARTNERS}/{CONTOSO}/m365Capabilities"),
    ]
    assert writes[-1]["body"] == {
        "@odata.type": f"#microsoft.graph.{BASIC}",
        "inboundAccess": {"isAllowed": True, "resourceScopes": ALL},
    }
    log = await stage.graph("GET", f"{CONTOSO}/m365Capabilities")
    assert log, "read back"
    assert "active (verified)" in words(await stage.card_of(ts))
    assert any("One direction: we show ours to them" in words(one) for one in await stage.direct("requester"))

    # Somebody shows subjects and places to the partner, too.
    await stage.later(HOUR + 60)
    assert await told(stage, "admin") == []
    opened = {"inboundAccess": {"isAllowed": True}}
    await patch(stage, partners={CONTOSO: {"m365Capabilities": {DETAILS: opened}}})
    await stage.later(HOUR)
    (alarm,) = await told(stage, "admin")
    assert "There may be more access than was approved." in words(alarm)
    assert "Different: Free/busy times with subject and place (not set → everyone here)." in words(alarm)
    assert "Entra's audit log does not show changes of capabilities." in words(alarm)
    drifted = words(await stage.card_of(ts))
    assert "active, not as approved" in drifted
    assert "Free/busy times with subject and place (not set → everyone here)" in drifted

    await restore(stage)
    card = await stage.card()
    assert await stage.press("approver1", "approve", str(card["ts"])) == [], "less access needs one approver"
    await stage.tick()
    assert await allowed(stage) == {BASIC: True, DETAILS: False}
    await stage.tick()
    (over,) = await told(stage, "admin")
    assert "fixed" in words(over).lower()
    assert "not as approved" not in words(await stage.card_of(ts))

    assert (await stage.revoke())["errors"] == {}
    await stage.tick()
    assert await allowed(stage) == {BASIC: False, DETAILS: False}
    assert "blocked (verified)" in words(await stage.card())
    closed = " ".join(one["text"] for one in await stage.direct("requester"))
    assert "Nothing else is open in Microsoft Entra" in closed
    assert "Whether an organization relationship in Exchange still shows free times could not be checked" in closed
    sent = [(one["method"], one["path"].removeprefix("/graph/v1.0")) for one in await stage.writes()]
    assert all(method != "DELETE" and "/default" not in path for method, path in sent)


async def test_addresses_that_fail_delay_no_revocation_and_nothing_unread_is_called_closed(stage: Stage) -> None:
    ts = await stage.ask(template="calendar-sharing", duration="365")
    await approve(stage, ts)
    await stage.tick()
    assert await allowed(stage) == {BASIC: True}
    await stage.do("faults", target="graph", method="GET", match=f"{CONTOSO}/m365Capabilities", times=1000, status=503)
    view_id = (await stage.do("command", user="admin", text="/partner revoke contoso.com"))["view_id"]

    async def is_filled() -> bool:
        """The window is filled in when the failed reads were repeated."""
        return (await top_view(stage, "admin")).get("submit") is not None

    await stage.until(is_filled, "the window to revoke")
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": "Project ended"}}
    answer = await stage.do("submit", user="admin", view_id=view_id, values=values)
    assert answer["errors"] == {}
    await stage.rest()
    await stage.tick()
    partner = await stage.partner()
    assert partner is not None
    assert partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"
    card = words(await stage.card())
    assert "not known if everything is closed" in card
    assert "not everything closed" not in card, "nothing was read as open"
    assert "Microsoft 365 capabilities (not known)" in card


async def test_an_alarm_about_a_capability_is_not_called_fixed_when_its_list_is_lost(stage: Stage) -> None:
    ts = await stage.ask(template="guest-collaboration", justification="We plan the bridge together")
    await stage.press("approver1", "approve", ts)
    await stage.tick()
    await stage.later(HOUR + 60)
    await patch(stage, partners={CONTOSO: {"m365Capabilities": {DETAILS: {"inboundAccess": {"isAllowed": True}}}}})
    await stage.later(HOUR)
    (alarm,) = await told(stage, "admin")
    assert "Different: Free/busy times with subject and place (not set → everyone here)." in words(alarm)
    await patch(stage, hasM365Capabilities=False)
    await stage.later(HOUR)
    (still,) = await told(stage, "admin")
    assert "fixed" not in words(still).lower()
    assert "Different: Free/busy times with subject and place (not set → everyone here)." in words(still)


async def restore(stage: Stage) -> None:
    """Ask for the approved settings again, from the message about the drift."""
    message = next(one for one in await stage.direct("requester") if "restore_approved" in actions(one))
    await stage.do("click", user="requester", action_id="restore_approved", channel="@requester", ts=message["ts"])
    view = await top_view(stage, "requester")
    offered = next(one["element"] for one in view["blocks"] if one.get("block_id") == "restores")
    filled = {
        "restores": offered["initial_option"]["value"],
        "justification": "Nobody asked for subjects and places",
        "sponsor": "requester",
        "duration": "365",
    }
    values = {name: {name: value} for name, value in filled.items()}
    answer = await stage.do("submit", user="requester", view_id=view["id"], values=values)
    assert answer["errors"] == {}
    await stage.rest()


async def test_in_a_tenant_without_them_the_answer_is_clear_and_nothing_is_written(stage: Stage) -> None:
    await patch(stage, hasM365Capabilities=False)
    answer = await stage.fill_in(template="calendar-sharing", duration="365")
    await stage.rest()
    assert await stage.writes() == []
    (error,) = answer["errors"].values()
    assert "not made them available in this tenant yet" in error
    assert "there is nothing to grant" in error
    assert PERMISSION not in error


async def test_without_the_permission_it_is_named_and_nothing_is_written(stage: Stage) -> None:
    roles = (await stage.see("graph/state"))["state"]["appRoles"]
    await patch(stage, appRoles=[one for one in roles if one != PERMISSION])
    answer = await stage.fill_in(template="calendar-sharing", duration="365")
    await stage.rest()
    assert await stage.writes() == []
    (error,) = answer["errors"].values()
    assert f"does not have the permission {PERMISSION}" in error
    assert "with admin consent" in error
    assert "available in this tenant yet" not in error

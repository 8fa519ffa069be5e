"""Current settings and changes are described as they really apply: other clouds, defaults, what stays, who uses it."""

from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, Stage, words
from tests.scenarios.test_articles import asked

pytestmark = pytest.mark.story

ELSEWHERE = "0ddba11d-2222-4aaa-8bbb-0123456789a1"
PORTAL = "5717a7e0-3333-4aaa-8bbb-0123456789a2"
APPLICATION = "5f0a1b2c-0004-4d3e-8f90-a1b2c3d4e5f6"
"""One of ours that the tenant knows."""


def listed(access: str, target: str, kind: str) -> dict[str, Any]:
    return {"accessType": access, "targets": [{"target": target, "targetType": kind}]}


ALL = {
    "usersAndGroups": listed("allowed", "AllUsers", "user"),
    "applications": listed("allowed", "AllApplications", "application"),
}


async def patch(stage: Stage, state: dict[str, Any]) -> None:
    answer = await stage.call("PATCH", "graph/state", state)
    assert answer["ok"] is True, answer


async def told(stage: Stage, text: str, user: str = "admin") -> str:
    """What a command answers to its author alone."""
    await stage.do("command", user=user, text=text)
    await stage.rest()

    async def answers() -> list[dict[str, Any]]:
        found = (await stage.see("messages", channel="partner-access", user=user))["messages"]
        return [one for one in found if one.get("is_ephemeral")]

    await stage.until(answers, "an answer")
    return words((await answers())[-1])


async def window(stage: Stage, domain: str) -> str:
    """What the revoke window shows once it is filled in."""
    view_id = (await stage.do("command", user="admin", text=f"/partner revoke {domain}"))["view_id"]

    async def said() -> str:
        views = (await stage.see("views", user="admin"))["views"]
        return words(next(view for view in views if view["id"] == view_id))

    async def is_filled() -> bool:
        now = await said()
        return "Reading from Microsoft Entra" not in now and "Still checking who used this partner" not in now

    await stage.until(is_filled, "a filled window")
    text = await said()
    await stage.do("close", user="admin", view_id=view_id)
    return text


async def test_a_tenant_of_another_cloud_is_blocked_until_added_and_everything_says_so(stage: Stage) -> None:
    """Show and revoke by its ID, the form, the card; then it is added, and a revocation blocks it."""
    assert "no other cloud is enabled here" in await told(stage, f"/partner show {ELSEWHERE}")
    await patch(stage, {"crossTenantAccessPolicy": {"allowedCloudEndpoints": ["microsoftonline.us"]}})
    for answer in (await told(stage, f"/partner show {ELSEWHERE}", "approver1"), await window(stage, ELSEWHERE)):
        assert "it may be a tenant of another cloud" in answer
        assert "blocked until it is added here" in answer
        assert "nothing to show or revoke" in answer

    view_id = (await stage.do("command", user="requester", text=f"/partner request {ELSEWHERE}"))["view_id"]

    async def form() -> str:
        views = (await stage.see("views", user="requester"))["views"]
        return words(next(view for view in views if view["id"] == view_id))

    async def is_read() -> bool:
        return "Not a partner yet" in await form()

    await stage.until(is_read, "the partner of the form")
    assert "A tenant of another Microsoft cloud is blocked until it is added here" in await form()
    assert "the tenant's defaults apply to it" not in await form()
    await stage.do("close", user="requester", view_id=view_id)

    ts = await stage.ask(target=ELSEWHERE)
    card = await stage.read()
    assert "blocked for everyone (a tenant of another cloud, not added here)" in card
    assert "B2B collaboration, outbound" in card, "it comes with the default although nobody writes it"
    assert "less access" not in card.lower()
    assert "After a deletion the tenant's defaults" not in card
    assert "If this partner's settings were removed" not in card
    said = await told(stage, f"/partner show {ELSEWHERE}", "approver2")
    assert "This is a tenant of another Microsoft cloud, blocked until it is added here:" in said
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    assert await stage.partner(ELSEWHERE) is not None

    said = await window(stage, ELSEWHERE)
    assert "removing it would block it as well" in said
    assert "After a deletion the tenant's defaults" not in said
    assert (await stage.revoke(typed=ELSEWHERE, domain=ELSEWHERE))["errors"] == {}
    stands = await stage.partner(ELSEWHERE)
    assert stands is not None
    assert stands["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"


async def test_a_card_says_what_applies_now_by_default_and_what_only_a_removal_would_bring(stage: Stage) -> None:
    """Shared channels leave collaboration to the default, which is open now; a portal writes it for this partner."""
    await stage.ask(template="teams-shared-channels")
    card = await stage.read()
    assert (
        "Microsoft's default does not block B2B collaboration inbound, B2B collaboration "
        "outbound. This applies to this partner now, and the change does not affect it." in card
    )
    assert "settings were removed" not in card
    await stage.ask(template="guest-collaboration", target="fabrikam.com")
    card = await stage.read()
    assert "does not block B2B collaboration inbound. If this partner's settings were removed instead" in card
    assert "does not block B2B collaboration outbound. This applies to this partner now" in card


async def test_what_stays_open_is_named_and_the_chain_is_rated_by_it(stage: Stage) -> None:
    """With synchronization, one approver is not enough: the strongest approval policy decides, and sees all of it."""
    stands = {
        "tenantId": CONTOSO,
        "b2bDirectConnectOutbound": ALL,
        "automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": True},
        "identitySynchronization": {"tenantId": CONTOSO, "userSyncInbound": {"isSyncAllowed": True}},
    }
    await patch(stage, {"partners": {CONTOSO: stands}})
    ts = await stage.ask(template="guest-collaboration")
    card = await stage.read()
    assert "High-risk" in card
    assert "create and change user accounts in this tenant" in card
    for person in ("approver1", "approver2"):
        await stage.press(person, "approve", ts)
        assert await stage.writes() == [], "one and two approvals are not enough for what stands"
    assert "Of current access that stays: " in card
    stays = card[card.index("Stays open, not changed") :]
    for named in (
        "Identity synchronization into this tenant :  allowed",
        "B2B direct connect, outbound :  everyone here may use every application",
        "Automatic redemption, outbound",
    ):
        assert named in stays
    assert "more values" not in card


async def test_one_application_next_to_the_current_settings_needs_the_chain_of_the_current_settings(
    stage: Stage,
) -> None:
    """Contractor portal, whose own chain is one person: a third approval, of the second stage, applies it."""
    stands = {
        "tenantId": CONTOSO,
        "b2bDirectConnectOutbound": ALL,
        "automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": True},
        "identitySynchronization": {"tenantId": CONTOSO, "userSyncInbound": {"isSyncAllowed": True}},
    }
    await patch(stage, {"partners": {CONTOSO: stands}})
    found = await asked(stage, "contractor-portal", "contoso.com", duration="90", hole_portal_application=APPLICATION)
    card, ts = await stage.read(), found["ts"]
    assert "High-risk" in card
    stays = card[card.index("Stays open, not changed") :]
    for named in (
        "Identity synchronization into this tenant :  allowed",
        "B2B direct connect, outbound :  everyone here may use every application",
        "Automatic redemption, inbound",
        "Automatic redemption, outbound",
    ):
        assert named in stays
    assert "more values" not in card
    for person in ("approver1", "approver2"):
        await stage.press(person, "approve", ts)
        assert await stage.writes() == [], "one and two approvals are not enough for what stands"
    await stage.press("approver3", "approve", ts)
    assert [write["path"].rpartition("/")[2] for write in await stage.writes()] == [CONTOSO]
    partner = await stage.partner()
    assert partner is not None
    targets = partner["b2bCollaborationInbound"]["applications"]["targets"]
    assert [target["target"] for target in targets] == [APPLICATION]
    assert partner["b2bDirectConnectOutbound"] == ALL, "what stays is as it was"
    assert "active (verified" in (await stage.card())["text"]


async def test_a_long_list_is_counted_and_no_id_is_cut(stage: Stage) -> None:
    groups = [f"5717a7e0-1111-4aaa-8bbb-{number:012d}" for number in range(80)]
    people = {"accessType": "allowed", "targets": [{"target": one, "targetType": "group"} for one in groups]}
    setting = {"usersAndGroups": people, "applications": listed("allowed", PORTAL, "application")}
    await patch(stage, {"partners": {CONTOSO: {"tenantId": CONTOSO, "b2bCollaborationInbound": setting}}})
    said = await told(stage, "/partner show contoso.com", "approver1")
    said = said[said.index("Settings, read just now") :]
    line = said[said.index("B2B collaboration, inbound") : said.index("B2B collaboration, outbound")]
    assert f"group {groups[0]}, group {groups[1]}" in line
    assert "(80 in all)" in line
    assert f"may use only application {PORTAL}" in line
    assert "…" not in line
    assert line.count("5717a7e0-1111-4aaa-8bbb-") == sum(one in line for one in groups)


async def test_our_own_use_of_a_partner_is_counted_on_the_card_and_before_a_revocation(stage: Stage) -> None:
    await stage.open_access()
    card = await stage.read()
    assert "1 of our people signed in to 1 application (Contoso Portal) at the partner during the last 30 days." in card
    said = await window(stage, "contoso.com")
    assert "2 people of the partner signed in to 1 application (SharePoint Online)" in said
    assert "1 of our people signed in to 1 application (Contoso Portal) at the partner" in said
    assert said.count("These people lose access.") == 2
    asked = await stage.graph("GET", "/auditLogs/signIns")
    both = [entry for entry in asked if f"resourceTenantId eq '{CONTOSO}'" in str(entry["query"])]
    assert both
    assert all("homeTenantId eq" in str(entry["query"]) for entry in both)

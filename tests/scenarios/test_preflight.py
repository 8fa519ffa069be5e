"""What approvers see besides the change: tenant settings, look-alike domains, other clouds, outside changes."""

from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, Stage, buttons

pytestmark = pytest.mark.story

FABRIKAM = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
LOOK_ALIKE = "0ddba11d-1111-4aaa-8bbb-0123456789a1"
ELSEWHERE = "0ddba11d-2222-4aaa-8bbb-0123456789a1"


async def patch(stage: Stage, state: dict[str, Any]) -> None:
    """Change the tenant from outside, without the bot."""
    answer = await stage.call("PATCH", "graph/state", state)
    assert answer["ok"] is True, answer


async def state(stage: Stage) -> dict[str, Any]:
    """The tenant's objects."""
    found: dict[str, Any] = (await stage.see("graph/state"))["state"]
    return found


async def test_the_card_tells_the_tenant_around_the_change_and_what_could_not_be_checked(stage: Stage) -> None:
    """First with every permission. Then without one, with Conditional Access limited and SharePoint unreachable."""
    await stage.ask()
    card = await stage.read()
    for told in (
        "Microsoft's default does not block B2B collaboration inbound. If this partner's settings were removed",
        "Microsoft's default does not block B2B collaboration outbound. This applies to this partner now",
        "Required in the partner's tenant: guests, by “Require MFA for guests” (MFA: theirs is accepted).",
        "MFA registration policy could not be checked",
        "Look in Entra admin center, ID Protection, Multifactor authentication registration policy.",
        "Only admins and guest inviters can invite the partner's people.",
        "allow and deny list of domains for invitations could not be checked",
        "2 people of the partner signed in to 1 application (SharePoint Online) during the last 30 days.",
    ):
        assert told in card
    roles = [role for role in (await state(stage))["appRoles"] if role != "AuditLog.Read.All"]
    await patch(stage, {"appRoles": roles})
    await stage.later(120)
    await stage.do("faults", target="graph", match="conditionalAccess", times=1000, status=429)
    await stage.do("faults", target="graph", match="sharepoint", times=1000, status=503)
    ts = await stage.ask(target="fabrikam.com", template="guest-collaboration")
    card = await stage.read()
    assert (
        "Who of the partner signed in during the last 30 days could not be checked (permission missing). Grant the "
        "application AuditLog.Read.All with admin consent" in card
    )
    assert "SharePoint's and OneDrive's own sharing settings could not be checked (no answer)" in card
    assert "approve" in buttons(await stage.card()), "what could not be checked stops nobody"
    await stage.call("DELETE", "faults")
    assert await stage.press("approver1", "approve", ts) == []
    assert await stage.partner(FABRIKAM) is not None


@pytest.mark.threats("D3")
async def test_look_alikes_are_refused_or_told_and_another_cloud_needs_both_sides(stage: Stage) -> None:
    """Mixed scripts are refused at the field; a similar domain and an id of another cloud are shown on the card."""
    assert "mixes Cyrillic and Latin letters" in (await stage.fill_in(target="\u0441ontoso.com"))["errors"]["target"]
    assert "ask them for their tenant ID" in (await stage.fill_in(target="nobody.example"))["errors"]["target"]
    assert "no other cloud is enabled" in (await stage.fill_in(target=ELSEWHERE))["errors"]["target"]
    await stage.open_access()
    known = (await state(stage))["organizations"][CONTOSO]
    false = {**known, "tenantId": LOOK_ALIKE, "domains": ["c0ntoso.com"], "defaultDomainName": "c0ntoso.com"}
    cloud = {"allowedCloudEndpoints": ["microsoftonline.us"]}
    await patch(stage, {"organizations": {LOOK_ALIKE: false}, "crossTenantAccessPolicy": cloud})
    await stage.ask(target="c0ntoso.com")
    assert "“c0ntoso.com” looks almost the same as a partner's domain “contoso.com”" in await stage.read()
    few = (await stage.fill_in(target=ELSEWHERE, template="guest-collaboration"))["errors"]
    assert "the risk is elevated and needs 2 approvers" in few["template"], "one approver is too few for another cloud"
    ts = await stage.ask(target=ELSEWHERE)
    card = await stage.read()
    assert "Entra does not know this tenant ID in our cloud" in card
    assert "microsoftonline.us" in card
    assert "The partner is in another Microsoft cloud." in card
    assert "Cloud:  another one, or the tenant is gone: Entra cannot look it up" in card
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    assert await stage.partner(ELSEWHERE) is not None


async def test_drift_is_told_in_three_ways_and_a_service_provider_is_refused_at_apply(stage: Stage) -> None:
    """In words: before, now, and the approved value; in Graph's values too. Then the partner becomes a provider."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    trust = {"isMfaAccepted": False, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": True}
    await patch(stage, {"partners": {CONTOSO: {"inboundTrust": trust}}})
    await stage.press("approver3", "approve", ts)
    assert await stage.writes() == []
    card = await stage.read()
    assert "The partner : was  no settings of its own ; now  its own settings" in card
    assert "Trust in the partner's MFA : was  Microsoft's default: not trusted ; now  not trusted" in card
    assert "; now  not trusted ; approved:  trusted" in card
    for value in ('"approvedFrom": null', '"approvedTo": {"is', '"now": {"isMfa'):
        assert value in card
    for approver in ("approver1", "approver2"):
        assert await stage.press(approver, "approve", ts) == []
    await patch(stage, {"partners": {CONTOSO: {"isServiceProvider": True}}})
    await stage.press("approver3", "approve", ts)
    assert await stage.writes() == []
    assert "service provider of ours" in await stage.read()
    assert buttons(await stage.card()) == []


@pytest.mark.threats("D2")
async def test_a_domain_that_moves_to_another_tenant_stops_the_request(stage: Stage) -> None:
    """After the approvals, before the write; nothing is written to either tenant."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    known = (await state(stage))["organizations"][CONTOSO]
    taken = {**known, "tenantId": LOOK_ALIKE}
    await patch(stage, {"organizations": {CONTOSO: {"domains": []}, LOOK_ALIKE: taken}})
    await stage.press("approver3", "approve", ts)
    assert await stage.writes() == []
    assert f"but belongs to the tenant {LOOK_ALIKE} now" in await stage.read()

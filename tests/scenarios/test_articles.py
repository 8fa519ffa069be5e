"""The scenarios that articles tell companies to prepare for, each with its template.

All use one sandbox, each with its own partner. Tests that move the clock or break something are in other files.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.scenarios.stage import DAY, UNLIMITED, Stage, buttons, running_stage, words

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("articles"),
]

FABRIKAM = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
NORTHWIND = "d00d0000-3333-4aaa-8bbb-0123456789a3"
TAILSPIN = "7a115b10-4444-4aaa-8bbb-0123456789a4"
LITWARE = "11ec0de0-5555-4aaa-8bbb-0123456789a5"
ADATUM = "ada70000-6666-4aaa-8bbb-0123456789a6"
CONTOSO = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"

PILOT_GROUP = "5f0a1b2c-0001-4d3e-8f90-a1b2c3d4e5f6"
PROJECT_GROUP = "5f0a1b2c-0002-4d3e-8f90-a1b2c3d4e5f6"
RECORDS_SITE = "5f0a1b2c-0003-4d3e-8f90-a1b2c3d4e5f6"
PORTAL = "5f0a1b2c-0004-4d3e-8f90-a1b2c3d4e5f6"

ELSEWHERE = "0ddba11d-8282-4aaa-8bbb-0123456789a1"

Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One sandbox for the stories that do not disturb each other."""
    async with running_stage(
        Stage(data=tmp_path_factory.mktemp("articles"), environment=UNLIMITED, warm=True)
    ) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def world(sandbox: Stage) -> Stage:
    """The sandbox of all of these stories, with Slack's whole allowance of calls."""
    await sandbox.forget_slack_calls()
    return sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def alone(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox for a story that moves the clock."""
    async with running_stage(Stage(data=tmp_path / "data", warm=True)) as stage:
        yield stage


async def patch(stage: Stage, state: Json) -> None:
    """Change the tenant from outside, without the bot."""
    answer = await stage.call("PATCH", "graph/state", state)
    assert answer["ok"] is True, answer


async def newcomer(stage: Stage, tenant_id: str, domain: str) -> None:
    """Let one more organization exist somewhere in Entra."""
    known = {"displayName": domain, "domains": [domain], "defaultDomainName": domain}
    await patch(stage, {"organizations": {tenant_id: known}})


def people(access: str, *targets: tuple[str, str]) -> Json:
    """Return the users of a B2B setting in Graph's form; ("user", "AllUsers") when none are named."""
    named = targets or (("user", "AllUsers"),)
    return {"accessType": access, "targets": [{"target": id, "targetType": kind} for kind, id in named]}


def applications(access: str, id: str) -> Json:
    """Return the applications of a B2B setting in Graph's form."""
    return people(access, ("application", id))


OFFICE = {"usersAndGroups": people("allowed"), "applications": applications("allowed", "Office365")}
BLOCKED = {"usersAndGroups": people("blocked"), "applications": applications("blocked", "AllApplications")}
TRUSTED = {
    "isMfaAccepted": True,
    "isCompliantDeviceAccepted": True,
    "isHybridAzureADJoinedDeviceAccepted": True,
}
UNTRUSTED = dict.fromkeys(TRUSTED, False)


async def form_for(stage: Stage, template: str, *, view_id: str = "") -> str:
    """Open the form, or take an open one, and choose a template in its list; returns the view's id."""
    if not view_id:
        verb = "block" if template == "block" else "request"
        view_id = str((await stage.do("command", user="requester", text=f"/partner {verb}"))["view_id"])
    await stage.do("click", user="requester", view_id=view_id, action_id="template", selected=template)
    await stage.rest()
    return view_id


async def the_form(stage: Stage, view_id: str) -> Json:
    """The form as it is shown now."""
    views = (await stage.see("views", user="requester"))["views"]
    return next(view for view in views if view["id"] == view_id)


def fields(view: Json) -> dict[str, Json]:
    """The input blocks of a view by their block ids."""
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


async def asked(stage: Stage, template: str, target: str, **filled: str) -> Json:
    """Ask for access with a template; returns the channel's card. Fields of placeholders are named hole_<name>."""
    view_id = await form_for(stage, template)
    answer = await stage.fill_in(view_id=view_id, template=template, target=target, **filled)
    assert answer["errors"] == {}, answer["errors"]
    await stage.rest()
    return await stage.card()


async def approved(stage: Stage, card: Json, *approvers: str) -> Json:
    """Let people approve a card one after the other; returns the card afterwards."""
    for approver in approvers:
        assert await stage.press(approver, "approve", card["ts"]) == []
    return next(message for message in await stage.messages() if message["ts"] == card["ts"])


async def opened(stage: Stage, template: str, target: str, tenant_id: str, **filled: str) -> Json:
    """Request access, let the three approvers approve, and return the partner's settings in the tenant."""
    card = await asked(stage, template, target, **filled)
    for approver in ("approver1", "approver2", "approver3"):
        if buttons(await stage.card()):
            await stage.press(approver, "approve", card["ts"])
    partner = await stage.partner(tenant_id)
    assert partner is not None
    return partner


async def test_row_73_an_acquisition_opens_sharepoint_and_teams_with_trust_and_an_end(world: Stage) -> None:
    """Office 365 is SharePoint and Teams, and no business application such as Dynamics; it is bound in time."""
    card = await asked(world, "merger", "fabrikam.com", duration="90")
    assert "90 days" in await world.read()
    assert "MFA" in await world.read()
    card = await approved(world, card, "approver1", "approver2", "approver3")
    assert "verified" in card["text"]
    partner = await world.partner(FABRIKAM)
    assert partner is not None
    assert partner["b2bCollaborationInbound"] == OFFICE
    assert partner["b2bCollaborationOutbound"] == OFFICE
    assert partner["inboundTrust"] == TRUSTED
    assert partner["automaticUserConsentSettings"] == {"inboundAllowed": True, "outboundAllowed": True}


async def test_row_74_a_merger_opens_direct_connect_both_ways_and_says_what_the_other_side_must_do(
    world: Stage,
) -> None:
    """Only our side is set: the card says so, and never says that it works."""
    card = await asked(world, "merger", "tailspin.com")
    said = await world.read()
    assert (
        "B2B direct connect (shared channels without guest accounts) works only after the partner allows it too."
        in said
    )
    assert "sets automatic redemption, outbound" in said
    assert "sets automatic redemption, inbound" in said
    assert "4 steps for the partner's administrator, not confirmed" in said
    card = await approved(world, card, "approver1", "approver2", "approver3")
    assert "Partner setup: 4 steps for the partner's administrator" in await world.read()
    partner = await world.partner(TAILSPIN)
    assert partner is not None
    assert partner["b2bDirectConnectInbound"] == partner["b2bDirectConnectOutbound"] == OFFICE
    # The mirrored half is handed over with values filled in, both directions, and counts as unknown until then.
    await world.do("command", user="requester", text="/partner checklist tailspin.com")
    await world.rest()
    shown = (await world.see("messages", channel="partner-access", user="requester"))["messages"]
    checklist = words([message for message in shown if message.get("is_ephemeral")][-1])
    home = (await world.see("graph/state"))["state"]["organization"]["id"]
    for theirs in ("b2bDirectConnectInbound", "b2bDirectConnectOutbound"):
        assert f'partners/{home}\n{{"{theirs}": {json.dumps(OFFICE)}}}' in checklist
    assert checklist.count("Our side: done. Partner's side: not confirmed") == 4


async def test_row_75_a_regulated_project_pilots_with_one_group_then_widens_then_narrows(world: Stage) -> None:
    """The widening is a new request: its card tells what changes from what stays. To narrow needs one approver."""
    placeholders = {
        "hole_pilot_group": PILOT_GROUP,
        "hole_project_group": PROJECT_GROUP.upper(),
        "hole_partner_application": f" {RECORDS_SITE} ",
    }
    card = await asked(world, "regulated-project", "northwind.com", duration="90", **placeholders)
    assert PILOT_GROUP in await world.read()
    await approved(world, card, "approver1", "approver2", "approver3")
    pilot = {
        "usersAndGroups": people("allowed", ("group", PILOT_GROUP)),
        "applications": applications("allowed", "Office365"),
    }
    project = {
        "usersAndGroups": people("allowed", ("group", PROJECT_GROUP)),
        "applications": applications("allowed", RECORDS_SITE),
    }
    partner = await world.partner(NORTHWIND)
    assert partner is not None
    assert (partner["b2bCollaborationInbound"], partner["b2bCollaborationOutbound"]) == (pilot, project)
    assert partner["inboundTrust"] == UNTRUSTED  # our own Conditional Access stays the backstop

    card = await asked(world, "guest-collaboration", "northwind.com")
    said, _, stays = (await world.read()).partition("Stays open, not changed")
    before, after = (
        said.index(f"only group {PILOT_GROUP}"),
        said.index("everyone from the partner may use only Office 365"),
    )
    assert "B2B collaboration, inbound\nNow: " in said
    assert "More access" in said[before:after], "the value before, what it means, the value after"
    assert "B2B collaboration, outbound" not in said  # what the pilot set already is no part of the widening
    assert f"B2B collaboration, outbound :  only group {PROJECT_GROUP} may use" in stays
    assert "It replaces “Regulated project” by “Guest collaboration”" in await world.read()
    await approved(world, card, "approver1", "approver2", "approver3")  # as strict as the pilot
    write = (await world.writes())[-1]
    assert (write["method"], write["body"]) == ("PATCH", {"b2bCollaborationInbound": OFFICE})

    card = await asked(world, "regulated-project", "northwind.com", duration="90", **placeholders)
    assert "only reduces or blocks access, so one approval is enough" in await world.read()
    card = await approved(world, card, "approver1")
    assert "verified" in card["text"]
    assert (await world.writes())[-1]["body"] == {"b2bCollaborationInbound": pilot}


async def test_row_76_contractors_reach_one_portal_without_trust(world: Stage) -> None:
    """The form asks for the portal and explains each mistake at the field. Nothing is stored before it is right."""
    view_id = str((await world.do("command", user="requester", text="/partner request"))["view_id"])
    assert not any(name.startswith("hole_") for name in fields(await the_form(world, view_id)))
    count = len(await world.messages())
    filled = {"target": "litware.com", "template": "contractor-portal", "duration": "30", "justification": "Portal"}
    answer = await world.fill_in(view_id=view_id, **filled)
    assert "Portal application" in answer["errors"]["template"]

    await form_for(world, "contractor-portal", view_id=view_id)
    view = await the_form(world, view_id)
    asks = fields(view)["hole_portal_application"]
    assert asks["label"]["text"] == "Portal application"
    assert asks["element"]["type"] == "external_select"
    offered = [option["value"] for option in fields(view)["duration"]["element"]["options"]]
    assert offered == ["30", "90", "180"]
    assert fields(view)["justification"]["element"]["initial_value"] == "Portal"
    found = await world.do(
        "suggest", user="requester", view_id=view_id, action_id="hole_portal_application", value="the portal"
    )
    assert found["suggest"] == [], "nothing begins so, so nothing can be chosen"
    assert len(await world.messages()) == count

    await form_for(world, "guest-collaboration", view_id=view_id)
    assert not any(name.startswith("hole_") for name in fields(await the_form(world, view_id)))
    await form_for(world, "contractor-portal", view_id=view_id)
    answer = await world.fill_in(view_id=view_id, **filled, hole_portal_application=PORTAL)
    assert answer["errors"] == {}
    await world.rest()
    await approved(world, await world.card(), "approver1")
    partner = await world.partner(LITWARE)
    assert partner is not None
    assert partner["b2bCollaborationInbound"]["applications"] == applications("allowed", PORTAL)
    assert partner["b2bDirectConnectInbound"] == BLOCKED
    assert partner["inboundTrust"] == UNTRUSTED
    assert partner.get("automaticUserConsentSettings") in (None, {"inboundAllowed": None, "outboundAllowed": None})


async def test_row_76_every_contractor_gets_the_same_template_and_nothing_more(world: Stage) -> None:
    """Three companies, one application and one approver each; nothing of theirs is trusted; all are listed."""
    companies = {
        "c0000000-0001-4aaa-8bbb-0123456789a1": "meadow-engineering.com",
        "c0000000-0002-4aaa-8bbb-0123456789a1": "harbor-drafting.com",
        "c0000000-0003-4aaa-8bbb-0123456789a1": "summit-survey.com",
    }
    for tenant_id, domain in companies.items():
        await newcomer(world, tenant_id, domain)
        card = await asked(world, "contractor-portal", domain, duration="30", hole_portal_application=PORTAL)
        assert "Risk of this change: low" in await world.read()
        assert "verified" in (await approved(world, card, "approver1"))["text"]
    for tenant_id in companies:
        partner = await world.partner(tenant_id)
        assert partner is not None
        assert partner["b2bCollaborationInbound"] == {
            "usersAndGroups": people("allowed"),
            "applications": applications("allowed", PORTAL),
        }
        assert partner["b2bDirectConnectInbound"] == BLOCKED
        assert partner["inboundTrust"] == UNTRUSTED
        assert partner.get("identitySynchronization") is None
    answer = await world.do("command", user="approver1", text="/partner list")
    messages = (await world.see("messages", channel="partner-access", user="approver1"))["messages"]
    listed = words([*answer["ephemeral"], *(m for m in messages if m.get("is_ephemeral"))][-1])
    assert all(domain in listed for domain in companies.values())


async def test_row_77_synchronization_is_switched_off_by_a_revocation_and_what_stays_is_said(world: Stage) -> None:
    """Five hundred accounts came and all of them stay; the bot says so instead of pretending that they went."""
    partner = await opened(world, "subsidiary-synchronization", "adatum.com", ADATUM, duration="365")
    assert partner["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": True}
    assert partner["automaticUserConsentSettings"]["inboundAllowed"] is True
    synchronized = {
        f"5a5a5a5a-0000-4aaa-8bbb-{number:012d}": {
            "displayName": f"Synchronized {number}",
            "userPrincipalName": f"person{number}_adatum.com#EXT#@woodgrove.onmicrosoft.com",
            "accountEnabled": True,
            "userType": "Member",
        }
        for number in range(500)
    }
    await patch(world, {"users": synchronized})
    count = len(await world.writes())
    view_id = (await world.do("command", user="admin", text="/partner revoke adatum.com"))["view_id"]
    await world.rest()
    window = next(view for view in (await world.see("views", user="admin"))["views"] if view["id"] == view_id)
    assert "Users who are already synchronized stay. No new ones are added." in words(window)
    await world.do("close", user="admin", view_id=view_id)
    answer = await world.revoke(typed="adatum.com", domain="adatum.com")
    assert answer["errors"] == {}
    writes = (await world.writes())[count:]
    assert [(entry["method"], entry["status"]) for entry in writes] == [("PATCH", 204), ("PATCH", 204)]
    assert writes[0]["path"].endswith(f"/partners/{ADATUM}")  # the door first: it must close whatever comes after
    assert writes[1]["path"].endswith(f"/partners/{ADATUM}/identitySynchronization")
    users = (await world.see("graph/state"))["state"]["users"]
    assert all(users[user_id]["accountEnabled"] for user_id in synchronized)
    closed = await world.partner(ADATUM)
    assert closed is not None
    assert closed["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": False}
    assert closed["b2bCollaborationInbound"] == BLOCKED
    assert "already synchronized" in await world.read()


async def test_row_78_a_subsidiary_and_a_vendor_are_two_templates(alone: Stage) -> None:
    """The one gets SharePoint with trust, the other shared channels in Teams and not a guest account."""
    subsidiary = await opened(alone, "trusted-partner", "contoso.com", CONTOSO)
    vendor = await opened(alone, "teams-shared-channels", "litware.com", LITWARE)
    assert subsidiary["b2bCollaborationInbound"] == OFFICE
    assert subsidiary.get("b2bDirectConnectInbound") is None
    assert vendor.get("b2bCollaborationInbound") is None
    assert vendor["b2bDirectConnectInbound"] == vendor["b2bDirectConnectOutbound"] == OFFICE
    assert vendor["inboundTrust"] == {**UNTRUSTED, "isMfaAccepted": True}
    answer = await alone.do("command", user="approver1", text="/partner show litware.com")
    messages = (await alone.see("messages", channel="partner-access", user="approver1"))["messages"]
    shown = words([*answer["ephemeral"], *(m for m in messages if m.get("is_ephemeral"))][-1])
    # What the vendor's template does not name is inherited, and whoever looks is told what that is.
    assert "B2B collaboration, inbound :  everyone from the partner may use every application" in shown
    assert "from Microsoft's default" in shown


async def test_row_79_due_diligence_ends_with_the_project_and_asks_then(alone: Stage) -> None:
    """The end was not announced, so the sponsor is asked, and only the whole approval policy extends it."""
    placeholders = {
        "hole_pilot_group": PILOT_GROUP,
        "hole_project_group": PROJECT_GROUP,
        "hole_partner_application": RECORDS_SITE,
    }
    await opened(alone, "regulated-project", "contoso.com", CONTOSO, duration="30", **placeholders)
    await alone.later(31 * DAY)
    question = (await alone.direct("requester"))[-1]
    assert "access period ended" in question["text"]
    assert "still open" in words(question)
    assert buttons(question) == ["request_again", "close_early"]
    writes = len(await alone.writes())
    before = await alone.partner(CONTOSO)
    card = await asked(alone, "regulated-project", "contoso.com", duration="30", **placeholders)
    assert "Access to extend" in await alone.read()
    assert "No setting changes." in await alone.read()
    card = await approved(alone, card, "approver1", "approver2", "approver3")
    assert "verified" in card["text"]
    assert len(await alone.writes()) == writes
    assert await alone.partner(CONTOSO) == before
    asked_until_now = len(await alone.direct("requester"))
    await alone.later(DAY)
    assert len(await alone.direct("requester")) == asked_until_now


async def test_row_79_a_joint_venture_is_kept_until_its_end_and_by_nobody_alone_after_it(alone: Stage) -> None:
    """A Keep that is sent after the end is refused, with what to do instead. Nothing is closed unnoticed."""
    await opened(alone, "merger", "contoso.com", CONTOSO, duration="90")
    submission = await keeping(alone, "The venture builds its second plant until May")
    answer = await alone.do("submit", **submission)
    assert set(answer["errors"]) == {"attest"}, "the partner's MFA is accepted, so somebody attests it"
    submission["values"]["attest"] = {"attest": ["everybody_uses_mfa"]}
    await alone.do("submit", **submission)
    answer = await alone.do(
        "submit", **await keeping(alone, "The plant is tested until June", days_waited=24, days_until_sent=5)
    )
    await alone.rest()
    told = " ".join(
        [*answer["errors"].values(), *(m["text"] for m in answer["ephemeral"]), *await told_to_requester(alone)]
    )
    assert "The access period ended, so one person cannot extend it." in told
    assert not [one for one in await alone.direct("requester") if "keep" in buttons(one)]
    partner = await alone.partner(CONTOSO)
    assert partner is not None
    assert partner["b2bCollaborationInbound"] == OFFICE
    assert [entry["method"] for entry in await alone.writes()] == ["POST"]


async def keeping(stage: Stage, reason: str, days_waited: int = 0, days_until_sent: int = 0) -> Json:
    """Go to the next monthly review and press Keep there; returns the submission, and lets time pass before it."""
    await stage.later((31 + days_waited) * DAY)
    review = [message for message in await stage.direct("requester") if "keep" in buttons(message)][-1]
    click = {"user": "requester", "action_id": "keep", "channel": "@requester", "ts": review["ts"]}
    view_id = (await stage.do("click", **click))["views"][-1]
    await stage.later(days_until_sent * DAY)
    return {"user": "requester", "view_id": view_id, "values": {"reason": {"reason": reason}}}


async def told_to_requester(stage: Stage) -> list[str]:
    """Everything the bot wrote to the requester, whole, for their eyes only included."""
    messages = (await stage.see("messages", channel="@requester", user="requester"))["messages"]
    return [f"{message['text']} {words(message)}" for message in messages]


async def test_row_80_a_partner_that_turned_competitor_is_blocked_by_one_approver(world: Stage) -> None:
    """Four explicit blocks, no trust, no consent: never a deletion, which would fall back to the defaults."""
    await opened(world, "trusted-partner", "contoso.com", CONTOSO)
    card = await asked(world, "block", "contoso.com")
    assert "one approval is enough" in await world.read()
    assert "instead of deleting it" in await world.read()
    assert "Access does not end automatically" not in await world.read()
    await approved(world, card, "approver1")
    partner = await world.partner(CONTOSO)
    assert partner is not None
    for name in ("b2bCollaboration", "b2bDirectConnect"):
        assert partner[f"{name}Inbound"] == partner[f"{name}Outbound"] == BLOCKED
    assert partner["inboundTrust"] == UNTRUSTED
    assert partner["automaticUserConsentSettings"] == {"inboundAllowed": False, "outboundAllowed": False}
    assert not any(entry["method"] == "DELETE" for entry in await world.writes())
    told = " ".join(message["text"] for message in await world.direct("requester"))
    assert "contoso.com is blocked" in told
    answer = await world.fill_in(target="contoso.com", template="block")
    assert "already" in answer["errors"]["target"]


async def test_row_80_the_kill_switch_works_while_nobody_answers_and_slack_accepts_no_messages(alone: Stage) -> None:
    """A block waits for an approver who does not answer; an admin blocks the partner at once, by command."""
    await opened(alone, "merger", "contoso.com", CONTOSO)
    waiting = await asked(alone, "block", "contoso.com")
    view_id = (await alone.do("command", user="admin", text="/partner revoke contoso.com"))["view_id"]
    await alone.rest()
    await alone.do("faults", target="slack", method="chat.postMessage", times=1000, status=503)
    await alone.do("faults", target="slack", method="chat.update", times=1000, status=503)
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": "They compete with us now"}}
    assert (await alone.do("submit", user="admin", view_id=view_id, values=values))["errors"] == {}

    async def is_blocked() -> bool:
        return [entry["status"] for entry in await alone.writes()] == [201, 204]

    await alone.until(is_blocked, "the block")
    partner = await alone.partner(CONTOSO)
    assert partner is not None
    for name in ("b2bCollaboration", "b2bDirectConnect"):
        assert partner[f"{name}Inbound"] == partner[f"{name}Outbound"] == BLOCKED
    assert partner["inboundTrust"] == UNTRUSTED
    assert partner["automaticUserConsentSettings"] == {"inboundAllowed": False, "outboundAllowed": False}

    await alone.call("DELETE", "faults")
    await alone.later(600)
    cards = {message["ts"]: message for message in await alone.messages()}
    assert buttons(cards[waiting["ts"]]) == []
    assert any("blocked (verified" in card["text"] for card in cards.values())
    told = " ".join(message["text"] for message in await alone.direct("admin"))
    assert "contoso.com is blocked" in told


async def test_row_81_thousands_of_people_are_a_matter_of_synchronization_not_of_the_bot(world: Stage) -> None:
    """The form says who creates the accounts; the bot invites and creates nobody."""
    view_id = await form_for(world, "subsidiary-synchronization")
    shown = words(await the_form(world, view_id))
    assert "A provisioning job in the partner's tenant creates the accounts; Gatehouse creates none." in shown
    view_id = await form_for(world, "merger")
    assert "No accounts are created: for accounts, use Subsidiary, synchronized." in words(
        await the_form(world, view_id)
    )
    paths = [entry["path"] for entry in await world.writes()]
    assert not any("/invitations" in path or "/users" in path for path in paths)


@pytest.mark.threats("D5")
async def test_row_82_a_partner_in_another_cloud_is_not_guessed(world: Stage) -> None:
    """The look-up covers one cloud: an unknown ID is refused at the field, with what to do."""
    for target, cure in {
        "agency-in-another-cloud.us": "ask them for their tenant ID",
        "11111111-2222-4333-8444-555555555555": "once both tenants have enabled each other's cloud",
    }.items():
        answer = await world.fill_in(target=target, template="guest-collaboration")
        said = answer["errors"]["target"]
        assert "No Microsoft Entra tenant" in said
        assert cure in said


async def test_row_82_a_partner_in_a_sovereign_cloud_is_opened_by_its_id_with_both_sides_named(world: Stage) -> None:
    """Once the cloud is enabled here: warned of on the card, no direct connect, written by tenant id, read back."""
    await patch(world, {"crossTenantAccessPolicy": {"allowedCloudEndpoints": ["microsoftonline.us"]}})
    answer = await world.fill_in(target=ELSEWHERE, template="teams-shared-channels", duration="90")
    await world.rest()
    told = " ".join([*answer["errors"].values(), *await told_to_requester(world)])
    assert "B2B direct connect does not work with a partner in another Microsoft cloud" in told
    assert await world.partner(ELSEWHERE) is None

    card = await asked(world, "trusted-partner", ELSEWHERE)
    said = await world.read()
    assert "Entra does not know this tenant ID in our cloud, so its owner is not verified" in said
    assert "Nothing works until both tenants enable each other's cloud" in said
    assert "Removing such a partner blocks it." in said
    for approver in ("approver1", "approver2", "approver3"):
        if buttons(await world.card()):
            assert await world.press(approver, "approve", card["ts"]) == []
    assert "verified" in (await world.card())["text"]
    write = (await world.writes())[-1]
    assert (write["method"], write["status"], write["body"]["tenantId"]) == ("POST", 201, ELSEWHERE)
    await patch(world, {"crossTenantAccessPolicy": {"allowedCloudEndpoints": []}})

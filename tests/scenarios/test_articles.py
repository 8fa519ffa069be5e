"""The scenarios that companies are told to prepare for, each played with the template that is made for it.

One sandbox serves them all: each has a partner of its own. What moves the clock or breaks something stands apart.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.scenarios.stage import DAY, Stage, buttons, words

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

Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One sandbox for the stories that do not disturb each other."""
    stage = Stage(data=tmp_path_factory.mktemp("articles"))
    await stage.raise_curtain()
    yield stage
    await stage.drop_curtain()


@pytest_asyncio.fixture(loop_scope="module")
async def alone(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox for a story that moves the clock."""
    stage = Stage(data=tmp_path / "data")
    await stage.raise_curtain()
    yield stage
    await stage.drop_curtain()


def people(access: str, *targets: tuple[str, str]) -> Json:
    """One half of a B2B setting, as Graph has it; ("user", "AllUsers") where nothing is named."""
    named = targets or (("user", "AllUsers"),)
    return {"accessType": access, "targets": [{"target": id, "targetType": kind} for kind, id in named]}


def applications(access: str, id: str) -> Json:
    """The other half."""
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
        view_id = str((await stage.do("command", user="requester", text="/partner request"))["view_id"])
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
    """Ask for access with a template; returns the channel's card. Fields of holes are named hole_<name>."""
    view_id = await form_for(stage, template)
    answer = await stage.fill_in(view_id=view_id, template=template, target=target, **filled)
    assert answer["errors"] == {}, answer["errors"]
    await stage.rest()
    return await stage.card()


async def approved(stage: Stage, card: Json, *approvers: str) -> Json:
    """Let people approve a card one after the other; returns the card as it stands then."""
    for approver in approvers:
        assert await stage.press(approver, "approve", card["ts"]) == []
    return next(message for message in await stage.messages() if message["ts"] == card["ts"])


async def opened(stage: Stage, template: str, target: str, tenant_id: str, **filled: str) -> Json:
    """Ask, have it approved by the three approvers, and give what stands in the tenant then."""
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
    assert "90 days" in words(card)
    assert "MFA" in words(card)
    card = await approved(world, card, "approver1", "approver2", "approver3")
    assert "read back" in card["text"]
    partner = await world.partner(FABRIKAM)
    assert partner is not None
    assert partner["b2bCollaborationInbound"] == OFFICE
    assert partner["b2bCollaborationOutbound"] == OFFICE
    assert partner["inboundTrust"] == TRUSTED
    assert partner["automaticUserConsentSettings"] == {"inboundAllowed": True, "outboundAllowed": True}


async def test_row_74_a_merger_opens_direct_connect_both_ways_and_says_what_the_other_side_must_do(
    world: Stage,
) -> None:
    """Ours is one half: the card says so, and never that it works."""
    card = await asked(world, "merger", "tailspin.com")
    said = words(card)
    assert "B2B direct connect works only when the partner sets its half too." in said
    assert "outbound half of automatic redemption" in said
    assert "inbound half of automatic redemption" in said
    await approved(world, card, "approver1", "approver2", "approver3")
    partner = await world.partner(TAILSPIN)
    assert partner is not None
    assert partner["b2bDirectConnectInbound"] == partner["b2bDirectConnectOutbound"] == OFFICE


async def test_row_75_a_regulated_project_pilots_with_one_group_then_widens_then_narrows(world: Stage) -> None:
    """The widening is a new request whose card shows the difference only; narrowing again needs one approver."""
    holes = {
        "hole_pilot_group": PILOT_GROUP,
        "hole_project_group": PROJECT_GROUP.upper(),
        "hole_partner_application": f" {RECORDS_SITE} ",
    }
    card = await asked(world, "regulated-project", "northwind.com", duration="90", **holes)
    assert PILOT_GROUP in words(card)
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
    said = words(card)
    before, after = (
        said.index(f"only group {PILOT_GROUP}"),
        said.index("everyone from the partner may use only Office 365"),
    )
    assert before < after < said.index("opens")
    assert "B2B collaboration, outbound" not in said  # what the pilot set already is no part of the widening
    await approved(world, card, "approver1")
    write = (await world.writes())[-1]
    assert (write["method"], write["body"]) == ("PATCH", {"b2bCollaborationInbound": OFFICE})

    card = await asked(world, "regulated-project", "northwind.com", duration="90", **holes)
    assert "only narrows or closes access, so one approval is enough" in words(card)
    card = await approved(world, card, "approver1")
    assert "read back" in card["text"]
    assert (await world.writes())[-1]["body"] == {"b2bCollaborationInbound": pilot}


async def test_row_76_contractors_reach_one_portal_without_trust(world: Stage) -> None:
    """The form asks for the portal; it explains each mistake at the field, and nothing is stored until it is right."""
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
    assert "in our own directory" in asks["hint"]["text"]
    offered = [option["value"] for option in fields(view)["duration"]["element"]["options"]]
    assert offered == ["30", "90", "180"]
    assert fields(view)["justification"]["element"]["initial_value"] == "Portal"
    answer = await world.fill_in(view_id=view_id, **filled, hole_portal_application="the portal")
    assert "not an ID" in answer["errors"]["hole_portal_application"]
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


async def test_row_77_synchronization_is_switched_off_by_a_revocation_and_what_stays_is_said(world: Stage) -> None:
    """The accounts that were synchronized stay; the bot says so instead of pretending that they went."""
    partner = await opened(world, "subsidiary-synchronization", "adatum.com", ADATUM, duration="365")
    assert partner["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": True}
    assert partner["automaticUserConsentSettings"]["inboundAllowed"] is True
    answer = await world.revoke(typed="adatum.com", domain="adatum.com")
    assert answer["errors"] == {}
    closed = await world.partner(ADATUM)
    assert closed is not None
    assert closed["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": False}
    assert closed["b2bCollaborationInbound"] == BLOCKED
    assert "already synchronized" in words(await world.card())


async def test_row_78_a_subsidiary_and_a_vendor_are_two_templates(alone: Stage) -> None:
    """The one gets SharePoint with trust, the other shared channels in Teams and not a guest account."""
    subsidiary = await opened(alone, "trusted-partner", "contoso.com", CONTOSO)
    vendor = await opened(alone, "teams-shared-channels", "litware.com", LITWARE)
    assert subsidiary["b2bCollaborationInbound"] == OFFICE
    assert subsidiary.get("b2bDirectConnectInbound") is None
    assert vendor.get("b2bCollaborationInbound") is None
    assert vendor["b2bDirectConnectInbound"] == vendor["b2bDirectConnectOutbound"] == OFFICE
    assert vendor["inboundTrust"] == {**UNTRUSTED, "isMfaAccepted": True}


async def test_row_79_due_diligence_ends_with_the_project_and_asks_then(alone: Stage) -> None:
    """Nothing closes by itself: at the project's end one person cannot prolong it, and the sponsor is asked."""
    holes = {
        "hole_pilot_group": PILOT_GROUP,
        "hole_project_group": PROJECT_GROUP,
        "hole_partner_application": RECORDS_SITE,
    }
    await opened(alone, "regulated-project", "contoso.com", CONTOSO, duration="30", **holes)
    await alone.do("clock", advance_seconds=31 * DAY)
    review = (await alone.direct("requester"))[-1]
    assert "the approved time is over" in review["text"]
    assert "still open" in words(review)
    assert "revoke_review" in buttons(review)


async def test_row_80_a_partner_that_turned_competitor_is_blocked_by_one_approver(world: Stage) -> None:
    """Four explicit blocks, no trust, no consent: never a deletion, which would fall back to the defaults."""
    await opened(world, "trusted-partner", "contoso.com", CONTOSO)
    card = await asked(world, "block", "contoso.com", duration="365")
    assert "one approval is enough" in words(card)
    assert "blocked, not deleted" in words(card)
    assert "Nothing closes by itself" not in words(card)
    await approved(world, card, "approver1")
    partner = await world.partner(CONTOSO)
    assert partner is not None
    for name in ("b2bCollaboration", "b2bDirectConnect"):
        assert partner[f"{name}Inbound"] == partner[f"{name}Outbound"] == BLOCKED
    assert partner["inboundTrust"] == UNTRUSTED
    assert partner["automaticUserConsentSettings"] == {"inboundAllowed": False, "outboundAllowed": False}
    assert not any(entry["method"] == "DELETE" for entry in await world.writes())
    told = " ".join(message["text"] for message in await world.direct("requester"))
    assert "contoso.com) is blocked" in told
    answer = await world.fill_in(target="contoso.com", template="block", duration="365")
    assert "already" in answer["errors"]["target"]


async def test_row_81_thousands_of_people_are_a_matter_of_synchronization_not_of_the_bot(world: Stage) -> None:
    """The form says who creates the accounts; the bot invites and creates nobody."""
    view_id = await form_for(world, "subsidiary-synchronization")
    assert "A job in their tenant creates the accounts, for thousands as for ten" in words(
        await the_form(world, view_id)
    )
    paths = [entry["path"] for entry in await world.writes()]
    assert not any("/invitations" in path or "/users" in path for path in paths)


async def test_row_82_a_partner_in_another_cloud_is_not_guessed(world: Stage) -> None:
    """The look-up knows one cloud: what it does not find is refused at the field, with what both sides have to do."""
    for target in ("agency-in-another-cloud.us", "11111111-2222-4333-8444-555555555555"):
        answer = await world.fill_in(target=target, template="guest-collaboration")
        said = answer["errors"]["target"]
        assert "No Microsoft Entra tenant" in said
        assert "both tenants must have the other's cloud enabled first" in said

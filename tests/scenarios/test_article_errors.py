"""Eleven things that published guides get wrong about cross-tenant access: the bot says or does what is true.

One sandbox serves them all: each has a partner of its own.
"""

import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.words.findings.finding import finding_words
from tests.scenarios.stage import UNLIMITED, Stage, buttons, running_stage, words
from workflows.catalog.catalog import SHIPPED, CatalogProblems, load_catalog
from workflows.core.checks.findings import Severity
from workflows.core.checks.rules import Circumstances, check_plan
from workflows.core.plans.planning import plan_access
from workflows.core.settings.model import Property, TenantId

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("article_errors"),
]

PROJECT = Path(__file__).parents[2]
FABRIKAM = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
NORTHWIND = "d00d0000-3333-4aaa-8bbb-0123456789a3"
TAILSPIN = "7a115b10-4444-4aaa-8bbb-0123456789a4"
LITWARE = "11ec0de0-5555-4aaa-8bbb-0123456789a5"
PARTNERS = "/policies/crossTenantAccessPolicy/partners"
OBJECT_LIMIT = {"error": {"code": "BadRequest", "message": "Failure to update policy due to object limit."}}

TEMPLATE = """
title = "Ours"
description = "A template of this organization's own."
review_every_days = 30
durations_days = [90]
default_duration_days = 90
decide_within_days = 14

[[stages]]
title = "Security"
role = "security"
quorum = 1

[[stages]]
title = "Data owners"
role = "data-owner"
quorum = 2

"""
UNTRUSTING = """
[settings.b2b_direct_connect_inbound]
users = { access = "allowed", targets = ["AllUsers"] }
applications = { access = "allowed", targets = ["Office365"] }

[settings.inbound_trust]
mfa = false
"""
DAYS = timedelta(days=90)

Json = dict[str, Any]

HOLES = {
    "hole_pilot_group": "5f0a1b2c-0001-4d3e-8f90-a1b2c3d4e5f6",
    "hole_project_group": "5f0a1b2c-0002-4d3e-8f90-a1b2c3d4e5f6",
    "hole_partner_application": "5f0a1b2c-0003-4d3e-8f90-a1b2c3d4e5f6",
}
"""What the form of `regulated-project` asks for."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One sandbox for all of them."""
    async with running_stage(Stage(data=tmp_path_factory.mktemp("errors"), environment=UNLIMITED, warm=True)) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def world(sandbox: Stage) -> Stage:
    """The sandbox of all of these stories, with Slack's whole allowance of calls."""
    await sandbox.forget_slack_calls()
    return sandbox


async def patch(stage: Stage, state: Json) -> None:
    """Change the tenant from outside, without the bot."""
    answer = await stage.call("PATCH", "graph/state", state)
    assert answer["ok"] is True, answer


async def asked(stage: Stage, target: str, template: str = "guest-collaboration", **fields: str) -> Json:
    """Ask for access; returns the channel's card."""
    await stage.ask(target=target, template=template, **fields)
    return await stage.card()


async def read(stage: Stage, target: str, template: str = "guest-collaboration") -> str:
    """Ask for access; returns what an approver reads on the card and in its Details."""
    await asked(stage, target, template)
    return await stage.read()


async def opened(stage: Stage, target: str, template: str = "guest-collaboration", **fields: str) -> Json:
    """Request access and let all approvers approve; returns the card afterwards."""
    card = await asked(stage, target, template, **fields)
    for approver in ("approver1", "approver2", "approver3"):
        if buttons(await stage.card()):
            assert await stage.press(approver, "approve", card["ts"]) == []
    return await stage.card()


def newcomers_id(number: int) -> str:
    """The tenant id of a newcomer."""
    return f"0eeeeeee-{number:04d}-4aaa-8bbb-0123456789a1"


async def newcomer(stage: Stage, number: int) -> str:
    """Let one more organization exist somewhere in Entra; returns its domain."""
    domain = f"partner{number:02d}-{'abcdefgh'[number % 8] * 6}.com"
    known = {"displayName": f"Partner {number}", "domains": [domain], "defaultDomainName": domain}
    await patch(stage, {"organizations": {newcomers_id(number): known}})
    return domain


def names(value: Any) -> Iterator[str]:
    """Every member's name, however deep."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from names(item)
    elif isinstance(value, list):
        for item in value:
            yield from names(item)


def own_folder(tmp_path: Path, settings: str) -> Path:
    """A folder of templates whose one template has these settings."""
    shutil.copy(SHIPPED / "roles.toml", tmp_path)
    (tmp_path / "ours.toml").write_text(TEMPLATE + settings)
    return tmp_path


async def test_a01_the_default_is_read_each_time_and_never_assumed_to_block(world: Stage) -> None:
    """Error: the default blocks everything. Microsoft's allows B2B collaboration, and a tenant may have changed it."""
    card = await read(world, "contoso.com")
    assert "Microsoft's default: everyone from the partner may use every application" in card
    assert "Microsoft's default does not block B2B collaboration inbound. If this partner's settings were" in card
    assert "Microsoft's default does not block B2B collaboration outbound. This applies to this partner now" in card

    people = {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]}
    applications = {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]}
    before = (await world.see("graph/state"))["state"]["default"]
    closed = {"usersAndGroups": people, "applications": applications}
    await patch(world, {"default": {"b2bCollaborationInbound": closed}})
    assert (await world.see("graph/state"))["state"]["default"]["isServiceDefault"] is False
    card = await read(world, "adatum.com")
    assert "Default: blocked for everyone" in card
    assert "This tenant's default does not block B2B collaboration outbound" in card
    await patch(world, {"default": before})


async def test_a02_four_hundred_partners_are_no_limit_and_the_object_limit_is_told_by_name(world: Stage) -> None:
    """Error: at most 400 policies. There is no such limit; what an old tenant can still meet is a limit in bytes."""
    crowd: dict[str, Json] = {f"00000000-0400-4000-8000-{number:012d}": {} for number in range(401)}
    await patch(world, {"partners": crowd})
    assert "verified" in (await opened(world, "fabrikam.com"))["text"]
    assert await world.partner(FABRIKAM) is not None

    await world.do("faults", target="graph", method="POST", match="partners", times=1, status=400, body=OBJECT_LIMIT)
    card = await opened(world, "tailspin.com")
    assert "failed" in card["text"]
    said = await world.read()
    assert "Nothing was written." in said
    assert "Failure to update policy due to object limit" in said
    assert "Microsoft's object limit. The older storage of cross-tenant access settings has 25 KB" in said
    assert await world.partner(TAILSPIN) is None
    await world.do("command", user="approver1", text="/partner list")
    await world.rest()
    messages = (await world.see("messages", channel="partner-access", user="approver1"))["messages"]
    listed = words([message for message in messages if message.get("is_ephemeral")][-1])
    assert "fabrikam.com" in listed
    assert "tailspin.com" not in listed
    await patch(world, {"partners": dict.fromkeys(crowd)})


async def test_a03_a_partner_is_written_by_its_tenant_id_in_graphs_own_shape(world: Stage) -> None:
    """Error: TenantId = "contoso.onmicrosoft.com", DisplayName, IncludeUsers. The key is a GUID; no such fields."""
    await opened(world, "northwind.onmicrosoft.com")
    assert NORTHWIND in await world.read()
    write = (await world.writes())[-1]
    assert (write["method"], write["path"].endswith(PARTNERS)) == ("POST", True)
    assert write["body"]["tenantId"] == NORTHWIND
    assert write["body"]["b2bCollaborationInbound"] == {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
    }
    assert not {"displayname", "includeusers", "includeapplications"} & {name.lower() for name in names(write["body"])}
    assert "northwind.onmicrosoft.com" not in json.dumps(write)


async def test_a04_direct_connect_needs_trust_where_conditional_access_asks_for_mfa(
    world: Stage, tmp_path: Path
) -> None:
    """The article says that direct connect has no trust settings. It has, and they are needed for MFA."""
    settings = dict(load_catalog(own_folder(tmp_path, UNTRUSTING)).templates["ours"].settings)
    plan = plan_access(
        tenant_id=TenantId(LITWARE), before=None, settings=settings, template="ours", template_hash="", duration=DAYS
    )
    [error, *_] = check_plan(plan, Circumstances(asks_guests_for_mfa=True))
    assert (error.code, error.severity) == ("direct_connect_without_trust", Severity.ERROR)
    assert "AADSTS90071" in finding_words(error)

    people = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
    applications = {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]}
    stands = {"b2bDirectConnectInbound": {"usersAndGroups": people, "applications": applications}}
    await patch(world, {"partners": {LITWARE: stands}})
    untrusted = await read(world, "litware.com")
    assert "Locked out: B2B direct connect users, by “Require MFA for guests” (to fix: accept their MFA" in untrusted
    trusted = await read(world, await newcomer(world, 4), "teams-shared-channels")
    assert "Locked out" not in trusted
    assert (
        "Required in the partner's tenant: guests and B2B direct connect users, by “Require MFA for guests”" in trusted
    )


async def test_a05_there_is_no_outbound_trust_in_what_is_sent_or_in_what_can_be_asked_for(
    world: Stage, tmp_path: Path
) -> None:
    """Error: trust can be set outbound. Graph has inboundTrust only; a template that names another does not load."""
    await opened(world, "fabrikam.com", "trusted-partner", duration="90")
    sent = [name for entry in await world.writes() for name in names(entry.get("body"))]
    assert "inboundTrust" in sent
    assert {name for name in sent if "trust" in name.lower()} == {"inboundTrust"}
    assert [name.value for name in Property if "trust" in name.value.lower()] == ["inboundTrust"]
    with pytest.raises(CatalogProblems, match=r"ours\.toml: settings\.outbound_trust"):
        load_catalog(own_folder(tmp_path, "[settings.outbound_trust]\nmfa = true\n"))


async def test_a06_trusted_people_are_not_asked_again_and_conditional_access_still_applies(world: Stage) -> None:
    """The article's error: guests are asked for MFA although it is trusted.

    The partner's MFA satisfies the requirement.
    """
    tenant = await newcomer(world, 6)
    trusted = await read(world, tenant, "trusted-partner")
    assert "Required in the partner's tenant: guests, by “Require MFA for guests” (MFA: theirs is accepted)." in trusted
    assert "Conditional Access still applies." in trusted
    assert "Required in this tenant" not in trusted
    untrusted = await read(world, await newcomer(world, 60))
    assert (
        "Required in this tenant: guests, by “Require MFA for guests” (MFA: they register and use it in this tenant)."
    ) in untrusted


async def test_a07_a_revocation_does_not_claim_sessions_that_it_cannot_end(world: Stage) -> None:
    """Error: revoking sessions forces re-evaluation. revokeSignInSessions leaves external users' sessions alone."""
    domain = await newcomer(world, 7)
    await opened(world, domain)
    view_id = (await world.do("command", user="admin", text=f"/partner revoke {domain}"))["view_id"]
    await world.rest()
    window = words(next(v for v in (await world.see("views", user="admin"))["views"] if v["id"] == view_id))
    assert "Issued tokens usually work for up to one more hour. A token lifetime policy can make this longer" in window
    assert "Only their own tenant can end their sessions." in window
    await world.do("close", user="admin", view_id=view_id)
    assert (await world.revoke(typed=domain, domain=domain))["errors"] == {}
    told = " ".join(message["text"] for message in await world.direct("admin"))
    assert "Issued tokens usually work for up to one more hour, until about " in told
    assert "A token lifetime policy can make this longer" in told
    assert "Only the partner can end sessions in its own tenant" in told
    assert not [entry for entry in await world.graph() if "revokesigninsessions" in entry["path"].lower()]


async def test_a08_revoking_writes_explicit_blocks_and_deletes_nothing(world: Stage) -> None:
    """Error: deleting the organization revokes at once. It would fall back to the defaults, which usually allow."""
    domain = await newcomer(world, 8)
    await opened(world, domain)
    assert (await world.revoke(typed=domain, domain=domain))["errors"] == {}
    write = (await world.writes())[-1]
    assert (write["method"], write["path"].endswith(newcomers_id(8))) == ("PATCH", True)
    for name in ("b2bCollaborationInbound", "b2bCollaborationOutbound", "b2bDirectConnectInbound"):
        assert {setup["accessType"] for setup in write["body"][name].values()} == {"blocked"}
    assert await world.partner(newcomers_id(8)) is not None
    said = await world.read()
    assert "instead of deleting it. After a deletion the tenant's defaults would apply" in said
    assert not [entry for entry in await world.graph() if entry["method"] == "DELETE"]


async def test_a09_only_verified_organizations_is_no_option_and_is_not_offered(tmp_path: Path, world: Stage) -> None:
    """Error: the default can be "allow only verified organizations". The default object has nothing like it."""
    for settings, key in (
        ("[settings]\nonly_verified_organizations = true\n", r"settings\.only_verified_organizations"),
        ("[settings.default]\naccess = 'allowed'\n", r"settings\.default"),
    ):
        folder = tmp_path / str(len(key))
        folder.mkdir()
        with pytest.raises(CatalogProblems, match=rf"ours\.toml: {key}"):
            load_catalog(own_folder(folder, settings))
    assert "verified" not in json.dumps([entry.get("body") for entry in await world.writes()]).lower()
    assert not [entry for entry in await world.writes() if entry["path"].rstrip("/").endswith("/default")]


@pytest.mark.threats("D8")
async def test_a10_redemption_has_two_sides_and_ours_alone_is_never_called_working(world: Stage) -> None:
    """Error: redemption is one switch. It takes home outbound and resource inbound; the default is always off."""
    await patch(world, {"default": {"automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": True}}})
    card = await read(world, await newcomer(world, 10), "trusted-partner")
    assert "Now: off (not set)" in card
    assert "After: on (works only after the partner sets outbound too)" in card
    assert "Their people still see the consent prompt until the partner sets automatic redemption, outbound" in card
    assert "Gatehouse cannot see or set that." in card
    off = {"inboundAllowed": False, "outboundAllowed": False}
    await patch(world, {"default": {"automaticUserConsentSettings": off}})


def product_files() -> Iterator[Path]:
    """The product's own code and templates, the simulators left out."""
    for folder in ("bot", "workflows"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in (".py", ".toml") and "sandbox" not in path.parts:
                yield path


async def test_a11_refused_sign_ins_are_known_by_microsofts_codes_and_by_no_invented_name(world: Stage) -> None:
    """Error: the log says CrossTenantAccessPolicyDenied. No page has it; sign-ins fail with AADSTS codes."""
    del world
    page = (PROJECT / "docs" / "troubleshooting.md").read_text()
    text = {path: path.read_text() for path in product_files()}
    assert not [path for path, said in text.items() if "crosstenantaccesspolicydenied" in said.lower()]
    used = {code for said in text.values() for code in re.findall(r"AADSTS\d+", said)}
    assert used
    assert used <= set(re.findall(r"^\| (AADSTS\d+)", page, re.MULTILINE))
    for code, meaning in (("AADSTS500212", "outbound"), ("AADSTS500213", "inbound")):
        [row] = [line for line in page.splitlines() if line.startswith(f"| {code}")]
        assert meaning in row.lower()

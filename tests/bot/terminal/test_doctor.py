"""The doctor against a whole world: says what is wrong, what cures it, and changes nothing."""

import io
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console

from bot.process.settings import Settings
from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import TEAM_ID, USER_GROUPS
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.workspace import people
from bot.terminal.doctor import PERMISSIONS, SCOPES, capabilities, examine, tenant_settings
from tests.bot.bot_under_test import BotUnderTest
from tests.bot.records_file import file_of
from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FakeTenant
from workflows.app.alarms import Alarms
from workflows.app.evidence.denied.denied_sign_ins import TOO_MANY_TENANTS_AT
from workflows.app.schedule.freezing.freezes import Freezes
from workflows.core.audit.chain import written_key
from workflows.core.checks.tenant_facts import CapabilityAccess
from workflows.core.errors.facts import text_fact
from workflows.core.people import ChatId
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import ShowHome, ShowRequest
from workflows.core.requests.request import RequestId
from workflows.entra.transport.claims import claims_in
from workflows.ports.audit_log import AuditEntry
from workflows.ports.guest_accounts import PERMISSIONS as GUEST_PERMISSIONS
from workflows.ports.records import Commit
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.store.audit_keys import new_key
from workflows.store.sqlite.store import open_store


async def examined(settings: Settings) -> tuple[int, str]:
    """Give the exit status and what was printed, on paper so wide that no finding is broken."""
    paper = io.StringIO()
    return await examine(settings, Console(file=paper, width=800, color_system=None)), paper.getvalue()


def finding(text: str, subject: str) -> str:
    """Give the row of one finding."""
    return next(row for row in text.splitlines() if subject in row)


def methods(world: Sandbox) -> set[str]:
    """The methods of all requests to Graph. Of a batch, those of the requests in it."""
    entries = [one for entry in world.graph_log.entries for one in entry.get("inner") or [entry]]
    return {entry["method"] for entry in entries}


def answer(**body: Any) -> Fault:
    """Let Slack answer its next auth.test so."""
    whole = {"ok": True, "team_id": TEAM_ID, "team": "Woodgrove", "user": "gatehouse", **body}
    scopes = ",".join(sorted(SCOPES - {"usergroups:read"}))
    return Fault(target="slack", method="auth.test", body=whole, headers={"x-oauth-scopes": scopes})


async def test_when_all_is_well(settings: Settings, world: Sandbox) -> None:
    status, text = await examined(settings)
    assert status == 0, text
    assert "✗" not in text
    assert "Woodgrove" in finding(text, "Slack: the app")
    assert "trusted-partner" in finding(text, "Templates")
    assert "2 people" in finding(text, "Role data-owner")
    assert methods(world) == {"GET"}
    assert not [entry for entry in world.slack_log.entries if "post" in entry["path"].rpartition("/")[2].lower()]


async def test_a_missing_scope_is_named(settings: Settings, world: Sandbox) -> None:
    world.faults.add(answer())
    status, text = await examined(settings)
    assert status == 1
    row = finding(text, "Slack: the app")
    assert "missing usergroups:read" in row
    assert "manifest.yml" in row


async def test_another_workspaces_token_is_named(settings: Settings, world: Sandbox) -> None:
    world.faults.add(answer(team_id="T0ANOTHER"))
    status, text = await examined(settings)
    assert status == 1
    assert "SLACK_TEAM_ID" in finding(text, "T0ANOTHER")


async def test_a_wrong_channel_is_named(settings: Settings) -> None:
    status, text = await examined(settings.model_copy(update={"slack_channel": "C0NOWHERE"}))
    assert status == 1
    row = finding(text, "approval channel")
    assert "invalid_channel" in row
    assert "SLACK_CHANNEL" in row


@pytest.mark.parametrize(
    ("members", "needs"), [((), "Needs 2"), (("approver2",), "Needs 2")], ids=["nobody", "too few"]
)
async def test_a_role_without_enough_people_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, members: tuple[str, ...], needs: str
) -> None:
    groups = [
        (id_, handle, name, members if handle == "partner-data-owners" else held)
        for id_, handle, name, held in USER_GROUPS
    ]
    monkeypatch.setattr(people, "USER_GROUPS", tuple(groups))
    status, text = await examined(settings)
    assert status == 1
    row = finding(text, "Role data-owner")
    assert ("1 person" if len(members) == 1 else f"{len(members)} people") in row
    assert needs in row
    assert "partner-data-owners" in row


async def test_one_admin_is_no_fault_and_cannot_end_a_freeze(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [
        (id_, handle, name, ("admin",) if handle == "partner-admins" else held)
        for id_, handle, name, held in USER_GROUPS
    ]
    monkeypatch.setattr(people, "USER_GROUPS", tuple(groups))
    status, text = await examined(settings)
    assert status == 0
    row = finding(text, "Role admin")
    assert "– 1 person" in row
    assert "A freeze is ended by two admins: add people to partner-admins" in row


async def test_a_user_group_that_does_not_exist_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renamed group has no members, and adding people to it does not help."""
    groups = [(id_, handle.replace("owners", "keepers"), name, held) for id_, handle, name, held in USER_GROUPS]
    monkeypatch.setattr(people, "USER_GROUPS", tuple(groups))
    status, text = await examined(settings)
    assert status == 1
    row = finding(text, "Role data-owner")
    assert "0 people. The user group @partner-data-owners does not exist or is off." in row
    assert "correct roles.toml" in row


async def test_a_slack_that_is_away_is_named(settings: Settings, world: Sandbox) -> None:
    world.faults.add(Fault(target="slack", reset=True, times=4))  # each call is tried twice
    status, text = await examined(settings)
    assert status == 1
    for subject in ("Slack: the app", "approval channel"):
        assert "✗" in finding(text, subject)


@pytest.mark.parametrize(
    ("path", "subject", "permission"),
    [
        ("/organization", "our tenant", "Organization.Read.All"),
        ("crossTenantAccessPolicy/default", "default configuration", "Policy.Read.All"),
        ("findTenantInformation", "find a tenant", "CrossTenantInformation.ReadBasic.All"),
    ],
)
async def test_an_entra_that_refuses_is_named_with_the_permission(
    settings: Settings, world: Sandbox, path: str, subject: str, permission: str
) -> None:
    world.faults.add(Fault(target="graph", match=path, status=403, times=10))
    status, text = await examined(settings)
    assert status == 1
    assert finding(text, subject).count(permission) == 1, "said, and not twice in one row"


async def test_a_credential_that_cannot_be_used_is_a_finding(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not depend on it is looked at all the same."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "")
    status, text = await examined(settings)
    assert status == 1
    assert "AZURE_CLIENT_SECRET" in finding(text, "Entra: the credential")
    assert "trusted-partner" in finding(text, "Templates")
    assert "✓" in finding(text, "approval channel")


@pytest.mark.parametrize("setting", ["graph_url", "azure_authority_host"])
async def test_a_network_that_leads_nowhere_is_a_finding(settings: Settings, setting: str) -> None:
    status, text = await examined(settings.model_copy(update={setting: "https://127.0.0.1:1"}))
    assert status == 1
    assert "✗" in finding(text, "our tenant")


# --- the records ---


async def give_up(store: Store, error: str) -> None:
    """Store an effect and give it up."""
    entry = AuditEntry(key=error, at=NOW, actor="U0ADMIN0001", command="tell", outcome="accepted", details={})
    # A bot that runs must not perform it before it is given up.
    show = ShowRequest(request_id=RequestId(f"R-{error[:1]}"), not_before=NOW + timedelta(days=36_500))
    await store.commit(Commit(entry=entry, effects=(show,)))
    (pending,) = await store.pending(datetime(9000, 1, 1, tzinfo=UTC), 9)
    await store.give_up(pending.id, (text_fact(error),))


async def test_what_was_given_up_is_listed_and_left_alone(settings: Settings, world: Sandbox) -> None:
    store = await open_store(file_of(settings), world.clock)
    for error in ("chat.postMessage: channel_not_found", "invalid_blocks [json-pointer:/blocks/0] [/red]"):
        await give_up(store, error)
    await store.close()
    before = {file.name: file.read_bytes() for file in file_of(settings).parent.iterdir()}
    status, text = await examined(settings)
    assert status == 1
    assert "channel_not_found" in finding(text, "card:R-c")
    assert "[json-pointer:/blocks/0] [/red]" in finding(text, "card:R-i")
    assert {file.name: file.read_bytes() for file in file_of(settings).parent.iterdir()} == before


async def test_how_much_work_waits_and_since_when_it_is_due_is_said(settings: Settings, world: Sandbox) -> None:
    store = await open_store(file_of(settings), world.clock)
    entry = AuditEntry(key="homes", at=world.clock.now(), actor="t", command="t", outcome="accepted", details={})
    homes = tuple(ShowHome(person=ChatId(f"U{number}")) for number in range(2))
    await store.commit(Commit(entry=entry, effects=homes))
    _, text = await examined(settings)
    assert "✓ 2, the oldest due since " in finding(text, "waiting work")
    world.clock.advance(601)
    _, text = await examined(settings)
    assert "– 2, the oldest due since " in finding(text, "waiting work")
    assert "Start the bot. If it runs, see what its /readyz and its log say" in finding(text, "waiting work")
    for effect in await store.pending(world.clock.now(), 9):
        await store.retry(effect.id, world.clock.now() + timedelta(minutes=1), ())
    _, text = await examined(settings)
    assert "2, none of it due" in finding(text, "waiting work")
    await store.close()


async def test_a_running_bot_is_not_disturbed(gatehouse: BotUnderTest) -> None:
    status, text = await examined(gatehouse.settings)
    assert status == 0, text
    assert "none" in finding(text, "stopped work")
    assert "none" in finding(text, "waiting work")
    await give_up(gatehouse.store, "chat.postMessage: channel_not_found")
    status, text = await examined(gatehouse.settings)
    assert status == 1
    assert "channel_not_found" in finding(text, "card:R-c")
    await gatehouse.file_request()


async def test_records_that_are_none_are_named(settings: Settings) -> None:
    file_of(settings).write_text("not a database, but as long as the header of one: " + "x" * 100)
    status, text = await examined(settings)
    assert status == 1
    assert "DATABASE_URL" in finding(text, "stopped work")
    assert "DATABASE_URL" in finding(text, "open alarms")


async def test_where_no_bot_ever_ran_there_are_no_records(settings: Settings) -> None:
    _, text = await examined(settings)
    assert "Records" not in text
    assert not file_of(settings).exists()


async def test_tokens_are_not_printed(settings: Settings, world: Sandbox) -> None:
    world.faults.add(Fault(target="slack", status=500, times=100))
    _, text = await examined(settings)
    assert settings.slack_bot_token.get_secret_value() not in text


# --- what is optional ---


@pytest.mark.parametrize(
    ("read", "subject"),
    [("read_sign_ins", "Entra: sign-ins of partners"), ("read_guests_active", "Entra: last sign-in of guests")],
)
async def test_a_missing_optional_permission_is_named_and_is_no_fault(read: str, subject: str) -> None:
    tenant = FakeTenant()
    tenant.tenant_settings.script.fail(f"surroundings.{read}", TenantRefused(403, "", "Insufficient privileges."))
    found = {finding.subject: finding for finding in await tenant_settings(tenant)}
    assert all(finding.is_optional for finding in found.values())
    assert {name for name, finding in found.items() if finding.advice} == {subject}
    assert "AuditLog.Read.All" in found[subject].advice


# --- what the bot may do ---


def granting(world: Sandbox, *roles: str) -> None:
    """Let the application have these permissions and no others."""
    assert world.entra is not None
    world.entra.merge({"appRoles": list(roles)})


async def test_the_permission_to_write_is_looked_at_without_writing(settings: Settings, world: Sandbox) -> None:
    status, text = await examined(settings)
    assert status == 0, text
    assert "✓ Policy.ReadWrite.CrossTenantAccess" in finding(text, "the permission to write")
    granting(world, *(PERMISSIONS - {"Policy.ReadWrite.CrossTenantAccess"}))
    status, text = await examined(settings)
    assert status == 1
    assert "Grant Policy.ReadWrite.CrossTenantAccess, with admin consent" in finding(text, "the permission to write")
    assert methods(world) == {"GET"}


@pytest.mark.parametrize(
    ("access", "mark", "says", "cure"),
    [
        (CapabilityAccess.AVAILABLE, "✓", "granted, and available", ""),
        (CapabilityAccess.NOT_GRANTED, "–", "not granted", "grant Policy.ReadWrite.CrossTenantCapability, with admin"),
        (CapabilityAccess.NOT_AVAILABLE, "–", "not available in this tenant yet", "Microsoft gives it to one tenant"),
    ],
)
async def test_microsoft_365_capabilities_are_optional(
    settings: Settings, world: Sandbox, access: CapabilityAccess, mark: str, says: str, cure: str
) -> None:
    granted = set(PERMISSIONS)
    if access is CapabilityAccess.NOT_GRANTED:
        granted -= {"Policy.ReadWrite.CrossTenantCapability"}
    granting(world, *granted)
    assert world.entra is not None
    world.entra.merge({"hasM365Capabilities": access is not CapabilityAccess.NOT_AVAILABLE})
    status, text = await examined(settings)
    row = finding(text, "Microsoft 365 capabilities")
    assert status == 0
    assert f"{mark} " in row
    assert says in row
    assert cure in row


async def test_capabilities_that_cannot_be_looked_at_are_no_missing_permission() -> None:
    tenant = FakeTenant()
    tenant.script.fail("tenant.capability_access", TenantUnavailable("throttled"))
    found = await capabilities(tenant)
    assert ("throttled" in found.state, found.advice) == (True, "Try again later")


@pytest.mark.threats("F1")
async def test_permissions_that_are_too_wide_are_a_fault_until_they_are_allowed_by_name(
    settings: Settings, world: Sandbox
) -> None:
    granting(world, *PERMISSIONS)
    _, text = await examined(settings)
    assert "other permissions" not in text
    granting(world, *PERMISSIONS, "Directory.ReadWrite.All", "Mail.Send")
    status, text = await examined(settings)
    assert status == 1
    row = finding(text, "other permissions")
    assert "✗ more than the bot needs: Directory.ReadWrite.All, Mail.Send. Nothing that opens access is written" in row
    allowed = {"gatehouse_allowed_permissions": "Directory.ReadWrite.All, Mail.Send"}
    status, text = await examined(settings.model_copy(update=allowed))
    assert status == 0
    assert "✓ more than the bot needs, allowed by GATEHOUSE_ALLOWED_PERMISSIONS" in finding(text, "other permissions")


@pytest.mark.threats("F1")
async def test_each_missing_permission_is_named_with_what_is_missing_without_it(
    settings: Settings, world: Sandbox
) -> None:
    granting(world, *(PERMISSIONS - {"User.Read.All", "SharePointTenantSettings.Read.All"}))
    status, text = await examined(settings)
    assert status == 1
    assert "✗ User.Read.All: nobody is recognized" in finding(text, "missing permissions")
    optional = finding(text, "optional permissions")
    assert "– SharePointTenantSettings.Read.All: it is not checked" in optional


# --- the application for guest accounts ---


def granting_guests(world: Sandbox, *roles: str) -> None:
    """Let the application for guest accounts have these permissions and no others."""
    assert world.entra is not None
    world.entra.merge({"guestsAppRoles": list(roles)})


async def test_the_application_for_guest_accounts_is_checked_without_writing(
    settings: Settings, world: Sandbox
) -> None:
    _, text = await examined(settings)
    assert "✓ has its permissions" in finding(text, "the application for guest accounts")
    assert "✓ answers" in finding(text, "guest accounts: our tenant")
    assert "✓ answers" in finding(text, "guest accounts: directory roles")
    assert "guest accounts: other permissions" not in text


async def test_without_it_one_line_says_what_is_not_possible(settings: Settings, world: Sandbox) -> None:
    status, text = await examined(settings.model_copy(update={"guests_azure_client_id": None}))
    assert status == 0
    rows = [row for row in text.splitlines() if "guest accounts" in row]
    assert len(rows) == 1
    assert "– not set up: Gatehouse cannot disable or enable guest accounts" in rows[0]
    assert "GUESTS_AZURE_CLIENT_ID" in rows[0]


async def test_what_the_application_for_guest_accounts_lacks_is_named(settings: Settings, world: Sandbox) -> None:
    granting_guests(world, "User.Read.All", "GroupMember.Read.All")
    status, text = await examined(settings)
    assert status == 1
    row = finding(text, "the application for guest accounts")
    missing = "RoleManagement.Read.Directory, User.EnableDisableAccount.All"
    assert f"✗ missing: {missing}" in row
    assert f"Grant {missing}, with admin consent" in row
    assert "needs the permission RoleManagement.Read.Directory" in finding(text, "guest accounts: directory roles")


async def test_what_the_application_for_guest_accounts_has_too_much_is_named(
    settings: Settings, world: Sandbox
) -> None:
    granting_guests(world, *GUEST_PERMISSIONS, "User.ReadWrite.All")
    status, text = await examined(settings)
    assert status == 1
    assert "✗ more than it needs: User.ReadWrite.All" in finding(text, "guest accounts: other permissions")


async def test_one_application_for_both_is_allowed_and_said(settings: Settings, world: Sandbox) -> None:
    assert world.authority is not None
    granting(world, *PERMISSIONS, *GUEST_PERMISSIONS)
    same = {
        "guests_azure_client_id": settings.azure_client_id,
        "guests_azure_client_secret": SecretStr(world.authority.client_secret),
    }
    status, text = await examined(settings.model_copy(update=same))
    assert status == 0
    assert "the bot's own application" in finding(text, "the application for guest accounts")
    assert "other permissions" not in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"guests_azure_client_secret": SecretStr("a wrong secret")}, "AADSTS7000215"),
        (
            {
                "guests_azure_client_secret": SecretStr(""),
                "guests_azure_client_certificate_path": "/nowhere/certificate.pem",
            },
            "GUESTS_AZURE_CLIENT_CERTIFICATE_PATH: No such file",
        ),
    ],
)
async def test_a_credential_for_guest_accounts_that_cannot_be_used_is_named(
    settings: Settings, world: Sandbox, changed: dict[str, Any], said: str
) -> None:
    status, text = await examined(settings.model_copy(update=changed))
    assert status == 1
    row = finding(text, "the application for guest accounts")
    assert "✗ Entra refused the credentials for guest accounts" in row
    assert said in row


def test_the_permissions_for_guest_accounts_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    section = page.partition("## Disabling guest accounts")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+(?:\.\w+)+)` \|", section, re.MULTILINE)) == GUEST_PERMISSIONS


def test_the_permissions_are_those_that_the_readme_asks_for() -> None:
    table = (Path(__file__).parents[3] / "README.md").read_text()
    assert set(re.findall(r"^ +\| `(\w+(?:\.\w+)+)` \|", table, re.MULTILINE)) == PERMISSIONS


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "e30.W10.x", "e30.eyJyb2xlcyI6NX0.x", "..", "e30.bnVsbA.x"])
def test_a_token_that_cannot_be_read_says_nothing(token: str) -> None:
    assert claims_in(token).permissions is None


def test_a_token_without_permissions_has_none() -> None:
    assert claims_in("e30.e30.x").permissions == frozenset()


async def test_another_tenant_than_the_one_that_is_set_is_named(settings: Settings) -> None:
    other = "0c0ffee0-1111-4aaa-8bbb-0123456789a1"
    status, text = await examined(settings.model_copy(update={"azure_tenant_id": other}))
    assert status == 1
    row = finding(text, "our tenant")
    assert settings.azure_tenant_id in row
    assert "AZURE_TENANT_ID" in row


async def test_open_alarms_are_listed_next_to_a_running_bot(gatehouse: BotUnderTest) -> None:
    _, text = await examined(gatehouse.settings)
    assert "✓ none" in finding(text, "open alarms")
    clock = gatehouse.world.clock
    alarms = Alarms(store=gatehouse.store, clock=clock, wake=lambda: None)
    values = {"partner": "Contoso [/red]", "request": "R-1", "reason": "is_archived"}
    await alarms.raise_alarm(AlarmCode.CARD_NOT_POSTED, "R-1", values)
    await alarms.raise_alarm(AlarmCode.ROLE_EMPTY, "security", {"role": "security"})
    await alarms.clear_alarm(AlarmCode.ROLE_EMPTY, "security")
    status, text = await examined(gatehouse.settings)
    assert status == 1
    row = finding(text, "open alarms")
    assert "Contoso [/red]: Slack does not accept the card (R-1): is_archived." in row
    assert "Make sure that the approval channel" in row
    assert text.count("open alarms") == 1


async def test_records_that_are_older_than_alarms_have_none(settings: Settings, world: Sandbox) -> None:
    store = await open_store(file_of(settings), world.clock)
    await store.close()
    with closing(sqlite3.connect(file_of(settings))) as db:
        db.execute("drop table alarms")
    _, text = await examined(settings)
    assert "✓ none" in finding(text, "open alarms")


async def test_a_freeze_is_named_with_who_and_why_and_how_it_ends(gatehouse: BotUnderTest) -> None:
    _, text = await examined(gatehouse.settings)
    assert "Records: freeze" not in text or "✓" in finding(text, "Records: freeze")
    alarms = Alarms(store=gatehouse.store, clock=gatehouse.world.clock, wake=lambda: None)
    freezes = Freezes(store=gatehouse.store, clock=gatehouse.world.clock, alarms=alarms, wake=lambda: None)
    await freezes.freeze_without_person(key="freeze", user="os:root", reason="Incident [/red] 7")
    status, text = await examined(gatehouse.settings)
    assert status == 1
    row = finding(text, "Records: freeze")
    assert "Frozen by root at the command line: Incident [/red] 7." in row
    assert "Two admins end it in Slack, with /partner unfreeze" in row


async def test_a_freeze_that_cannot_be_read_is_a_finding(settings: Settings, world: Sandbox) -> None:
    store = await open_store(file_of(settings), world.clock)
    await store.close()
    with closing(sqlite3.connect(file_of(settings))) as db:
        db.execute("insert into freezes (id, version, doc) values ('freeze', 1, 'x')")
        db.commit()
    status, text = await examined(settings)
    assert status == 1
    assert "It cannot be read whether writing is frozen." in finding(text, "Records: freeze")


@pytest.mark.threats("G7")
async def test_a_freeze_that_was_removed_in_the_file_is_not_reported_as_none(
    settings: Settings, world: Sandbox
) -> None:
    """The bot is stopped, so nothing else says it."""
    store = await open_store(file_of(settings), world.clock)
    alarms = Alarms(store=store, clock=world.clock, wake=lambda: None)
    freezes = Freezes(store=store, clock=world.clock, alarms=alarms, wake=lambda: None)
    await freezes.freeze_without_person(key="freeze", user="os:root", reason="Incident 7")
    await store.close()
    _, text = await examined(settings)
    assert ("✓" in finding(text, "as signed"), "✗ since" in finding(text, "Records: freeze")) == (True, True)
    with closing(sqlite3.connect(file_of(settings))) as db:
        db.execute("delete from freezes")
        db.commit()
    status, text = await examined(settings)
    assert (status, "✗" in finding(text, "as signed")) == (1, True)
    row = finding(text, "Records: freeze")
    assert "✗ none in the record, which is not verified" in row
    assert "Run gatehouse audit verify" in row


@pytest.mark.threats("G7")
async def test_records_that_are_too_many_to_verify_quickly_are_not_called_verified(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.terminal.posture.records_check.MAX_ENTRIES", -1)
    _, text = await examined(gatehouse.settings)
    assert "– not verified here" in finding(text, "as signed")
    assert "– none in the record, which is not verified" in finding(text, "Records: freeze")


async def test_refused_sign_ins_of_more_tenants_than_are_told_apart_are_a_note(gatehouse: BotUnderTest) -> None:
    before, text = await examined(gatehouse.settings)
    assert "refused sign-ins" not in text
    await gatehouse.store.save_mark(TOO_MANY_TENANTS_AT, gatehouse.world.clock.now().isoformat())
    status, text = await examined(gatehouse.settings)
    row = finding(text, "refused sign-ins")
    assert "of more than 1000 tenants, so some are left out" in row
    assert "Look in the sign-in log for partners that you expect" in row
    assert status == before, "any stranger can cause it"
    await gatehouse.store.save_mark(TOO_MANY_TENANTS_AT, "")
    assert "refused sign-ins" not in (await examined(gatehouse.settings))[1]


async def test_refused_sign_ins_that_cannot_be_read_are_a_finding(settings: Settings) -> None:
    file_of(settings).write_bytes(b"Dear diary, " * 500)
    _, text = await examined(settings)
    assert "cannot be read as Gatehouse's records" in finding(text, "refused sign-ins")


async def test_a_server_that_is_away_is_named_without_its_password(settings: Settings) -> None:
    url = "postgresql://gatehouse:canary-password@127.0.0.1:1/gatehouse"
    key = SecretStr(written_key(new_key()))
    status, text = await examined(settings.model_copy(update={"database_url": url, "audit_key": key}))
    assert status == 1
    for subject in ("Records: stopped work", "Records: freeze", "Records: open alarms"):
        assert "gatehouse at 127.0.0.1 cannot be used as a database" in finding(text, subject)
    for subject in ("Records: stopped work", "Records: open alarms", "Database: its server"):
        assert "Follow the message" in finding(text, subject), "the message says what to do"
    assert "canary" not in text

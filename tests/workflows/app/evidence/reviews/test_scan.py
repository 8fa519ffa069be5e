"""One scan for all partners: what was read is stored, what could not be read is never reported as nothing."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, TENANT, partnership
from tests.workflows.store.test_contract import put
from tests.workflows.world import World
from workflows.app.evidence.reviews.gathering import gather_evidence, names_of_people
from workflows.app.evidence.reviews.lockouts import lockouts_of
from workflows.app.evidence.reviews.scan import UsageScanner
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.partnership import PartnershipState
from workflows.core.partners.reviewing.evidence import usage
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence, SettingsState, UseState
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.partners.reviewing.evidence.usage import WINDOW, GuestFinding, GuestMatch, SourceRead, UsageScan
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS
from workflows.core.settings.model import TenantId
from workflows.ports.guest_accounts import AccountRoles
from workflows.ports.tenant import Account, TenantRefused, TenantUnavailable, WrongTenant

DAY = timedelta(days=1)
OTHER = TenantId("99999999-0000-4000-8000-000000000001")
FORBIDDEN = TenantRefused(403, "Authentication_MSGraphPermissionMissing", "AuditLog.Read.All is missing.")
NO_LICENCE = TenantRefused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "No premium licence.")
THROTTLED = TenantUnavailable("Too many requests.", 300.0, is_throttled=True)
MARIA = GuestAccount(
    id=PersonId("maria"), mail="maria@contoso.com", state="Accepted", activity=GuestActivity(succeeded_at=NOW - DAY)
)
PENDING = GuestAccount(id=PersonId("pat"), mail="pat@contoso.com", state="PendingAcceptance", activity=GuestActivity())


def sign_in(person: str = "maria", days: int = 1, home: TenantId = TENANT) -> SignIn:
    return SignIn(user_id=PersonId(person), home=home, at=NOW - days * DAY, is_success=True)


def scanner(world: World, accounts: Any = None) -> UsageScanner:
    return UsageScanner(
        store=world.store,
        tenant=world.tenant,
        clock=world.clock,
        check_lockouts=lockouts_of(tenant=world.tenant, store=world.store, clock=world.clock),
        wake=lambda: world.woken.append(True),
        guest_limits=lambda _: USUAL_LIMITS,
        accounts=accounts,
    )


async def scan(world: World) -> UsageScan:
    return await scanner(world).scan(due_before=world.clock.now() + DAY)


async def evidence(world: World) -> PartnerEvidence:
    record = await world.store.partnership(TENANT)
    assert record is not None
    return await gather_evidence(record, store=world.store, now=world.clock.now())


@pytest.fixture
async def known(world: World) -> World:
    """Contoso is recorded, with no review due."""
    await put(world.store, partnership(version=1))
    return world


async def test_sign_ins_and_guests_are_counted_once_for_each_partner(known: World) -> None:
    around = known.tenant.tenant_settings
    around.sign_in_pages = [[sign_in(), sign_in("jon", 3)], [sign_in(days=2), sign_in("stranger", 1, OTHER)]]
    around.guest_pages = [[MARIA], [PENDING, GuestAccount(id=PersonId("x"), mail="x@example.com")]]
    found = await scan(known)
    assert (found.sign_ins, found.guests) == (
        SourceRead(rows=4, is_complete=True),
        SourceRead(rows=3, is_complete=True),
    )
    assert (found.covers_window, found.guests_not_matched, found.missing_permissions) == (True, 1, ())
    shown = await evidence(known)
    assert (shown.use.state, shown.use.people, shown.use.last_at) == (UseState.USED, 2, NOW - DAY)
    assert shown.guests is not None
    assert (shown.guests.usage.count, shown.guests.usage.never_came) == (2, 1)
    assert shown.guests.usage.matches == {GuestMatch.SIGN_IN: 1, GuestMatch.MAIL: 1}
    assert await known.store.partner_usage(OTHER) is None, "nothing is kept of tenants that are no partners"
    assert ("gatehouse", "scan_usage", "accepted") in await known.log()


@pytest.mark.parametrize(
    ("error", "reason", "permission"),
    [
        (FORBIDDEN, UnreadableReason.FORBIDDEN, ("AuditLog.Read.All",)),
        (NO_LICENCE, UnreadableReason.NO_LICENCE, ()),
        (THROTTLED, UnreadableReason.THROTTLED, ()),
        (TenantUnavailable("No answer."), UnreadableReason.UNREACHABLE, ()),
    ],
)
async def test_a_log_that_cannot_be_read_makes_nobody_unused(
    known: World, error: Exception, reason: UnreadableReason, permission: tuple[str, ...]
) -> None:
    known.script.fail("surroundings.read_foreign_sign_ins", error)
    found = await scan(known)
    assert (found.sign_ins.unread, found.missing_permissions) == (reason, permission)
    shown = await evidence(known)
    assert (shown.use.state, shown.is_unused, shown.use.unread) == (UseState.UNKNOWN, False, reason)


async def test_when_page_three_fails_what_was_read_counts_as_at_least(known: World) -> None:
    around = known.tenant.tenant_settings
    around.sign_in_pages = [[sign_in()], [sign_in("jon")], [sign_in("never read")]]
    known.script.fail("surroundings.read_foreign_sign_ins", TenantUnavailable("No answer."), on=3)
    found = await scan(known)
    assert (found.sign_ins.rows, found.is_complete, found.reaches_back_to) == (2, False, NOW - DAY)
    shown = await evidence(known)
    assert (shown.use.people, shown.use.is_at_least) == (2, True)


async def test_a_long_log_ends_at_the_bound(known: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.app.evidence.reviews.scan.MAX_SIGN_INS", 2)
    monkeypatch.setattr("workflows.app.evidence.reviews.scan.MAX_GUESTS", 1)
    around = known.tenant.tenant_settings
    around.sign_in_pages = [[sign_in(), sign_in("jon")], [sign_in("never read")]]
    around.guest_pages = [[MARIA], [PENDING]]
    found = await scan(known)
    assert (found.sign_ins, found.guests) == (SourceRead(rows=2), SourceRead(rows=1))
    shown = await evidence(known)
    assert shown.use.is_at_least
    assert shown.guests is not None
    assert shown.guests.is_at_least


async def test_an_empty_log_that_does_not_reach_back_proves_nothing(known: World) -> None:
    assert (await scan(known)).covers_window
    assert (await evidence(known)).is_unused
    known.tenant.tenant_settings.log_reaches_back = False
    known.clock.advance(hours=1)
    found = await scan(known)
    assert (found.covers_window, found.reaches_back_to) == (False, None)
    assert (await evidence(known)).use.state is UseState.NOT_SEEN
    known.tenant.tenant_settings.sign_in_pages = [[sign_in("stranger", 9, OTHER), sign_in("stranger", 2, OTHER)]]
    known.clock.advance(hours=1)
    assert (await scan(known)).reaches_back_to == NOW - 9 * DAY, "times may come out of order"


async def test_without_the_permission_guests_are_counted_without_their_last_sign_in(known: World) -> None:
    known.tenant.tenant_settings.guest_pages = [[MARIA], [PENDING]]
    known.script.fail("surroundings.read_guests_active", FORBIDDEN, on=2)
    found = await scan(known)
    assert (found.guests, found.activity.permission) == (SourceRead(rows=2, is_complete=True), "AuditLog.Read.All")
    assert found.missing_permissions == ("AuditLog.Read.All",)
    shown = (await evidence(known)).guests
    assert shown is not None
    assert (shown.usage.count, shown.usage.never_came) == (2, 1)
    assert (shown.is_activity_known, shown.is_at_least) == (False, False)


async def test_guests_that_cannot_be_read_at_all_are_not_none(known: World) -> None:
    known.script.fail("surroundings.read_guests_active", NO_LICENCE)
    known.script.fail("surroundings.read_guests", FORBIDDEN)
    found = await scan(known)
    assert (found.guests.unread, found.missing_permissions) == (UnreadableReason.FORBIDDEN, ("User.Read.All",))
    assert (await evidence(known)).guests is None
    known.script.fail("surroundings.read_guests_active", THROTTLED)
    known.clock.advance(hours=1)
    assert (await scan(known)).guests.unread is UnreadableReason.THROTTLED


async def test_another_tenants_log_is_not_read(known: World) -> None:
    known.tenant.found = OTHER
    with pytest.raises(WrongTenant):
        await scan(known)
    assert await known.store.usage_scan() is None


async def test_two_partners_with_one_domain_share_their_guests_and_say_so(known: World) -> None:
    moved = replace(partnership(version=1).identity, tenant_id=OTHER)
    await put(known.store, partnership(version=1, identity=moved))
    known.tenant.tenant_settings.guest_pages = [[PENDING]]
    await scan(known)
    shown = (await evidence(known)).guests
    assert shown is not None
    assert (shown.usage.count, shown.usage.shared_with) == (1, (OTHER,))


async def test_a_revoked_partner_is_not_counted(world: World) -> None:
    await put(world.store, partnership(version=1, state=PartnershipState.REVOKED))
    world.tenant.tenant_settings.sign_in_pages = [[sign_in()]]
    await scan(world)
    assert await world.store.partner_usage(TENANT) is None


async def test_open_reviews_are_updated_when_a_scan_has_news(world: World) -> None:
    due = {"state": PartnershipState.REVIEW_DUE, "next_review_at": NOW + 3 * DAY, "version": 1}
    await put(
        world.store, partnership(**due), partnership(**due, identity=replace(partnership().identity, tenant_id=OTHER))
    )

    async def updated() -> int:
        await scan(world)
        lanes = await world.lanes()
        await world.settle()
        return len(lanes)

    assert await updated() == 2, "the first evidence"
    world.clock.advance(hours=12)
    assert await updated() == 0
    world.script.fail("surroundings.read_foreign_sign_ins", FORBIDDEN)
    world.clock.advance(hours=12)
    assert await updated() == 0
    world.clock.advance(hours=12)
    assert await updated() == 2, "complete now"
    world.clock.advance(days=3)
    assert await updated() == 2, "what the cards show is old"


async def test_lockouts_are_checked_for_due_reviews_in_one_read_of_the_list(known: World) -> None:
    await known.opened()
    record = await known.store.partnership(TENANT)
    assert record is not None
    known.tenant.tenant_settings.policies = [BLOCKS_GUESTS]
    await scan(known)
    assert (await evidence(known)).lockout is None, "its review is not due"
    known.clock.advance(days=30)
    await scan(known)
    found = (await evidence(known)).lockout
    assert found is not None
    assert found.locked_out is not None
    assert found.locked_out["verdicts"][0]["policy"] == "No guests"
    known.script.fail("tenant.read_default", TenantUnavailable("No answer."))
    known.clock.advance(hours=1)
    await scan(known)
    assert (await evidence(known)).lockout is None
    known.script.fail("surroundings.read_conditional_access", FORBIDDEN)
    known.clock.advance(hours=1)
    await scan(known)
    assert (await evidence(known)).lockout is not None


async def test_evidence_tells_drift_and_names_people_when_entra_answers(known: World) -> None:
    shown = await evidence(known)
    assert (shown.settings.state, shown.taken_at, shown.use.state) == (
        SettingsState.AS_APPROVED,
        None,
        UseState.UNKNOWN,
    )
    assert await names_of_people(shown, known.tenant) == {}
    known.tenant.tenant_settings.guest_pages = [[MARIA, PENDING]]
    known.tenant.accounts.append(
        Account(id=PersonId("maria"), name="Maria", mail="maria@contoso.com", is_enabled=True, is_member=False)
    )
    await scan(known)
    assert await names_of_people(await evidence(known), known.tenant) == {"maria": "Maria"}
    known.script.fail("tenant.accounts_by_id", TenantUnavailable("No answer."))
    assert await names_of_people(await evidence(known), known.tenant) == {}


async def test_what_a_sweep_found_is_in_the_evidence(world: World) -> None:
    await world.opened()
    await world.sweep()
    shown = await evidence(world)
    assert (shown.settings.state, shown.settings.checked_at) == (SettingsState.AS_APPROVED, world.clock.now())
    assert shown.approval is not None
    assert len(shown.approval.approvers) == 3
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": False})
    await world.sweep()
    assert (await evidence(world)).settings.state is SettingsState.DRIFTED


def test_the_bounds_are_those_that_docs_name() -> None:
    assert (usage.MAX_SIGN_INS, usage.MAX_GUESTS, usage.MAX_LISTED, WINDOW) == (50_000, 50_000, 25, 30 * DAY)


BLOCKS_GUESTS: dict[str, Any] = {
    "id": "11111111-0000-4000-8000-000000000001",
    "displayName": "No guests",
    "state": "enabled",
    "conditions": {
        "clientAppTypes": ["all"],
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["All"]},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["block"]},
}


async def test_guests_with_a_directory_role_are_a_finding_and_roles_that_were_not_read_are_said(known: World) -> None:
    async def roles() -> dict[PersonId, AccountRoles]:
        return {MARIA.id: AccountRoles(names=("Guest Inviter",))}

    async def refused() -> dict[PersonId, AccountRoles]:
        raise FORBIDDEN

    known.tenant.tenant_settings.guest_pages = [[MARIA]]
    before = known.clock.now() + DAY
    await scanner(known, SimpleNamespace(is_configured=True, roles=roles)).scan(due_before=before)
    shown = (await evidence(known)).guests
    assert shown is not None
    assert (shown.usage.findings, shown.roles.is_complete) == ({GuestFinding.DIRECTORY_ROLE: 1}, True)
    known.clock.advance(hours=1)
    await scanner(known, SimpleNamespace(is_configured=True, roles=refused)).scan(due_before=before)
    shown = (await evidence(known)).guests
    assert shown is not None
    assert (shown.usage.findings, shown.roles.unread) == ({}, UnreadableReason.FORBIDDEN)

"""The guests of one partner are read page by page: each row at once, none twice, and what was not read is named."""

import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, TENANT, identity, partnership
from tests.workflows.world import World
from workflows.app.evidence.guests.listing import AskedGuests, GuestReading, GuestsRead, Progress, asked_guests
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter, GuestRow
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS
from workflows.ports.guest_accounts import AccountRoles
from workflows.ports.tenant import Account, TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import AccountPage

DAY = timedelta(days=1)
ASKED = AskedGuests(identity=identity(), domains=("contoso.com",))
FORBIDDEN = TenantRefused(403, "Authorization_RequestDenied", "Insufficient privileges")


def account(number: object, mail: str, **changes: Any) -> GuestAccount:
    return GuestAccount(id=PersonId(str(number)), mail=mail, principal_name="x#EXT#@woodgrove.com", **changes)


async def read(
    world: World, take: Callable[[GuestRow], bool] | None = None, **more: Any
) -> tuple[list[GuestRow], GuestsRead]:
    rows: list[GuestRow] = []

    def keep(row: GuestRow) -> bool:
        rows.append(row)
        return True

    usual: dict[str, Any] = {"asked": ASKED, "tenant": world.tenant, "clock": world.clock, "also_own": True}
    found = await GuestReading(take=take or keep, **usual, **more).read()
    return rows, found


async def test_guests_come_first_and_who_is_found_by_a_sign_in_alone_comes_after_them(world: World) -> None:
    settings = world.tenant.tenant_settings
    old = GuestActivity(succeeded_at=NOW - 100 * DAY)
    settings.guest_pages = [
        [account(1, "maria@contoso.com", activity=old, created_at=NOW - 400 * DAY), account(2, "x@example.com")],
        [account(3, "jo@contoso.com", user_type="member")],
    ]
    settings.sign_in_pages = [
        [SignIn(user_id=PersonId(one), home=TENANT, at=NOW - DAY, is_success=True) for one in ("1", "2", "gone")]
    ]
    world.tenant.accounts.append(
        Account(id=PersonId("2"), name="Xenia", mail="x@example.com", is_enabled=True, is_member=False)
    )
    rows, found = await read(world)
    assert [(row.account.id, row.match) for row in rows] == [
        ("1", GuestMatch.MAIL),
        ("3", GuestMatch.MAIL),
        ("2", GuestMatch.SIGN_IN),
    ]
    assert (rows[0].finding, rows[2].last_sign_in_at) == (GuestFinding.UNUSED, NOW - DAY)
    assert (found.tally.count, found.tally.members, found.is_complete) == (3, 1, True)
    assert found.missing_permissions == ()


async def test_reading_ends_where_no_more_rows_are_wanted(world: World) -> None:
    settings = world.tenant.tenant_settings
    settings.guest_pages = [[account(number, "a@contoso.com")] for number in range(5)]
    rows: list[GuestRow] = []

    def two(row: GuestRow) -> bool:
        rows.append(row)
        return len(rows) < 2

    _, found = await read(world, two)
    assert (len(rows), found.is_complete, found.guests.rows) == (2, False, 2)
    assert not [name for name in world.script.calls if "sign_ins" in str(name)]
    settings.guest_pages = []
    settings.sign_in_pages = [[SignIn(user_id=PersonId("2"), home=TENANT, at=NOW, is_success=True)]]
    world.tenant.accounts.append(
        Account(id=PersonId("2"), name="Xenia", mail="x@example.com", is_enabled=True, is_member=True)
    )
    await read(world, lambda _: False)


async def test_without_the_permission_the_accounts_are_read_and_nobody_is_named_as_unused(world: World) -> None:
    world.tenant.tenant_settings.guest_pages = [[account(1, "a@contoso.com", created_at=NOW - 999 * DAY)]]
    world.script.fail("surroundings.guest_page_active", FORBIDDEN)
    world.script.fail("surroundings.read_foreign_sign_ins", TenantUnavailable("no answer"))
    rows, found = await read(world)
    assert [row.finding for row in rows] == [None]
    assert found.activity.unread is UnreadableReason.FORBIDDEN
    assert found.sign_ins.unread is UnreadableReason.UNREACHABLE
    assert (found.missing_permissions, found.is_complete) == (("AuditLog.Read.All",), False)


async def test_a_list_that_breaks_off_is_not_read_twice(world: World) -> None:
    world.script.fail("surroundings.guest_page_active", TenantUnavailable("no answer"))
    _, found = await read(world)
    assert (found.guests.unread, found.is_complete) == (UnreadableReason.UNREACHABLE, False)


@pytest.mark.parametrize("typed", ["contoso.com", "sub.contoso.com"])
def test_every_known_domain_of_the_partner_counts(typed: str) -> None:
    record = partnership()
    found = asked_guests(replace(identity(), typed_name=typed), record, USUAL_LIMITS)
    assert {record.identity.default_domain, typed} <= set(found.domains)
    assert asked_guests(record.identity, None, USUAL_LIMITS).domains


async def test_own_accounts_come_after_the_guests_and_are_no_guests(world: World) -> None:
    settings = world.tenant.tenant_settings
    settings.guest_pages = [[account(1, "a@contoso.com")]]
    own = GuestAccount(id=PersonId("own"), mail="Own@contoso.com", user_type="member")
    settings.own_account_pages = [[account(1, "a@contoso.com"), own]]
    settings.sign_in_pages = [[SignIn(user_id=PersonId("own"), home=TENANT, at=NOW - DAY, is_success=True)]]
    rows, found = await read(world)
    assert [(row.account.id, row.match) for row in rows] == [("1", GuestMatch.MAIL), ("own", GuestMatch.OWN_ACCOUNT)]
    assert (found.tally.count, found.tally.own_accounts, found.is_complete) == (1, 1, True)
    assert settings.own_domains == [("contoso.com",)]


async def test_a_domain_that_is_ours_names_no_own_accounts(world: World) -> None:
    """A domain that moved to our tenant is in the addresses of all our own people."""
    settings = world.tenant.tenant_settings
    settings.domains = ["contoso.com", "woodgrove.com"]
    _, found = await read(world)
    assert (settings.own_domains, found.own_accounts.is_complete) == ([], True)


async def test_own_accounts_are_only_listed_where_they_are_asked_for(world: World) -> None:
    """Whoever disables guests never sees them."""
    settings = world.tenant.tenant_settings
    settings.own_account_pages = [[GuestAccount(id=PersonId("own"), mail="a@contoso.com", user_type="member")]]
    reading = GuestReading(asked=ASKED, tenant=world.tenant, clock=world.clock, take=lambda _: True)
    found = await reading.read()
    assert (found.tally.own_accounts, found.is_complete, settings.own_domains) == (0, True, [])


@pytest.mark.parametrize("name", ["verified_domains", "own_account_page"])
async def test_own_accounts_that_cannot_be_read_are_named_and_the_list_goes_on(world: World, name: str) -> None:
    settings = world.tenant.tenant_settings
    settings.guest_pages = [[account(1, "a@contoso.com")]]
    settings.sign_in_pages = [[SignIn(user_id=PersonId("2"), home=TENANT, at=NOW - DAY, is_success=True)]]
    world.tenant.accounts.append(
        Account(id=PersonId("2"), name="Xenia", mail="x@example.com", is_enabled=True, is_member=True)
    )
    world.script.fail(f"surroundings.{name}", FORBIDDEN)
    rows, found = await read(world)
    assert [row.account.id for row in rows] == ["1", "2"]
    assert (found.own_accounts.unread, found.is_complete) == (UnreadableReason.FORBIDDEN, False)
    assert found.missing_permissions in (("Organization.Read.All",), ("User.Read.All",))


@pytest.mark.parametrize(
    ("only", "asks"),
    [
        (GuestFilter.OPEN_INVITATIONS, {"guest_page_active"}),
        (GuestFilter.UNUSED, {"guest_page_active"}),
        (GuestFilter.DISABLED, {"guest_page_active", "read_foreign_sign_ins"}),
    ],
)
async def test_a_filter_reads_only_what_can_have_such_guests(world: World, only: GuestFilter, asks: set[str]) -> None:
    settings = world.tenant.tenant_settings
    settings.guest_pages = [
        [account(1, "a@contoso.com", state="PendingAcceptance"), account(2, "b@contoso.com", is_enabled=False)]
    ]
    rows: list[GuestRow] = []

    def keep(row: GuestRow) -> bool:
        rows.append(row)
        return True

    found = await GuestReading(
        asked=ASKED, tenant=world.tenant, clock=world.clock, take=keep, also_own=True, only=only
    ).read()
    assert all(only.takes(row) for row in rows)
    assert (len(rows), found.is_complete) == (0 if only is GuestFilter.UNUSED else 1, True)
    assert {str(call).removeprefix("surroundings.") for call in world.script.calls if "surr" in str(call)} == asks


class Roles:
    """The application for guest accounts: who has a directory role, or why that cannot be read."""

    def __init__(self, *, is_configured: bool = True, error: Exception | None = None) -> None:
        self.is_configured = is_configured
        self._error = error

    async def roles(self) -> dict[PersonId, AccountRoles]:
        """Return the roles of one guest."""
        if self._error is not None:
            raise self._error
        return {PersonId("1"): AccountRoles(names=("Guest Inviter", "User Administrator"))}


async def test_guests_with_a_directory_role_are_named_with_it(world: World) -> None:
    world.tenant.tenant_settings.guest_pages = [[account(1, "a@contoso.com"), account(2, "b@contoso.com")]]
    rows, found = await read(world, accounts=Roles())
    assert [row.roles for row in rows] == [("Guest Inviter", "User Administrator"), ()]
    assert (found.tally.with_roles, found.roles.is_complete) == (1, True)


@pytest.mark.parametrize(
    ("accounts", "unread"),
    [
        (None, None),
        (Roles(is_configured=False), None),
        (Roles(error=FORBIDDEN), UnreadableReason.FORBIDDEN),
        (Roles(error=TenantUnavailable("no answer")), UnreadableReason.UNREACHABLE),
    ],
)
async def test_roles_that_cannot_be_read_are_never_no_role_and_the_list_goes_on(
    world: World, accounts: Roles | None, unread: UnreadableReason | None
) -> None:
    world.tenant.tenant_settings.guest_pages = [[account(1, "a@contoso.com")]]
    rows, found = await read(world, accounts=accounts)
    assert (len(rows), found.roles.is_complete, found.roles.unread) == (1, False, unread)
    assert found.is_complete, "every account was read"
    assert found.missing_permissions == (
        ("RoleManagement.Read.Directory",) if unread is UnreadableReason.FORBIDDEN else ()
    )


async def test_how_far_the_reading_is_is_told_after_each_page_and_before_the_sign_ins(world: World) -> None:
    world.tenant.tenant_settings.guest_pages = [[account(1, "a@contoso.com")], [account(2, "b@contoso.com")]]
    told: list[Progress] = []

    async def tell(progress: Progress) -> None:
        told.append(progress)

    reading = GuestReading(
        asked=ASKED, tenant=world.tenant, clock=world.clock, take=lambda _: True, also_own=True, tell=tell
    )
    await reading.read()
    assert [(one.part.value, one.rows, one.found) for one in told] == [
        ("guests", 1, 1),
        ("guests", 2, 2),
        ("own_accounts", 0, 2),
        ("sign_ins", 0, 2),
    ]


@pytest.mark.load
async def test_fifty_thousand_guests_take_no_more_memory_than_a_few(world: World) -> None:
    """Pages are made when they are asked for; the first row is given before the second page is made."""
    made: list[int] = []
    given_after: list[int] = []

    async def guest_page(link: str | None, **_: Any) -> AccountPage:
        page = int(link or 0)
        made.append(page)
        accounts = [account(f"{page}-{number}", f"p{page}n{number}@contoso.com") for number in range(500)]
        return AccountPage(accounts=accounts, next_link=None if page == 99 else str(page + 1))

    async def nothing(*_: Any, **__: Any) -> Any:
        return True

    async def no_own(*_: Any, **__: Any) -> AccountPage:
        return AccountPage(accounts=[], next_link=None)

    settings = SimpleNamespace(
        guest_page=guest_page,
        own_account_page=no_own,
        verified_domains=world.tenant.tenant_settings.verified_domains,
        read_foreign_sign_ins=nothing,
    )
    tenant: Any = SimpleNamespace(tenant_settings=settings, verify_home=nothing, home=world.tenant.home)

    def take(_: GuestRow) -> bool:
        given_after.append(len(made)) if len(given_after) < 1 else None
        return True

    async with peak() as highest:
        found = await GuestReading(asked=ASKED, tenant=tenant, clock=world.clock, take=take).read()
    assert found.tally.count == 50_000
    assert given_after == [1], "the first row came with the first page"
    assert highest[0] < 5_000_000, "bytes: a page and two numbers for each row"


@asynccontextmanager
async def peak() -> AsyncIterator[list[int]]:
    """Measure the most memory that Python allocated."""
    found = [0]
    tracemalloc.start()
    try:
        yield found
        found[0] = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

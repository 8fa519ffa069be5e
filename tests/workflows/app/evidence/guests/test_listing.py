"""The guests of one partner are read page by page: each row at once, none twice, and what was not read is named."""

import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, TENANT, identity, partnership
from tests.workflows.world import World
from workflows.app.evidence.guests.listing import AskedGuests, GuestReading, GuestsRead, asked_guests
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch
from workflows.core.people import PersonId
from workflows.core.policy.reviews.guest_limits import USUAL_LIMITS
from workflows.ports.tenant import Account, TenantRefused, TenantUnavailable

DAY = timedelta(days=1)
ASKED = AskedGuests(identity=identity(), domains=("contoso.com",))
FORBIDDEN = TenantRefused(403, "Authorization_RequestDenied", "Insufficient privileges")


def account(number: object, mail: str, **changes: Any) -> GuestAccount:
    return GuestAccount(id=PersonId(str(number)), mail=mail, principal_name="x#EXT#@woodgrove.com", **changes)


async def read(world: World, take: Callable[[GuestRow], bool] | None = None) -> tuple[list[GuestRow], GuestsRead]:
    rows: list[GuestRow] = []

    def keep(row: GuestRow) -> bool:
        rows.append(row)
        return True

    found = await GuestReading(asked=ASKED, tenant=world.tenant, clock=world.clock, take=take or keep).read()
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
    world.script.fail("surroundings.read_guests_active", FORBIDDEN)
    world.script.fail("surroundings.read_foreign_sign_ins", TenantUnavailable("no answer"))
    rows, found = await read(world)
    assert [row.finding for row in rows] == [None]
    assert found.activity.unread is UnreadableReason.FORBIDDEN
    assert found.sign_ins.unread is UnreadableReason.UNREACHABLE
    assert (found.missing_permissions, found.is_complete) == (("AuditLog.Read.All",), False)


async def test_a_list_that_breaks_off_is_not_read_twice(world: World) -> None:
    world.script.fail("surroundings.read_guests_active", TenantUnavailable("no answer"))
    _, found = await read(world)
    assert (found.guests.unread, found.is_complete) == (UnreadableReason.UNREACHABLE, False)


@pytest.mark.parametrize("typed", ["contoso.com", "sub.contoso.com"])
def test_every_known_domain_of_the_partner_counts(typed: str) -> None:
    record = partnership()
    found = asked_guests(replace(identity(), typed_name=typed), record, USUAL_LIMITS)
    assert {record.identity.default_domain, typed} <= set(found.domains)
    assert asked_guests(record.identity, None, USUAL_LIMITS).domains


async def test_fifty_thousand_guests_take_no_more_memory_than_a_few(world: World) -> None:
    """Pages are made when they are asked for; the first row is given before the second page is made."""
    made: list[int] = []
    given_after: list[int] = []

    async def read_guests(take: Callable[[Sequence[GuestAccount]], bool], **_: Any) -> bool:
        for page in range(100):
            made.append(page)
            take([account(f"{page}-{number}", f"p{page}n{number}@contoso.com") for number in range(500)])
        return True

    async def no_sign_ins(*_: Any, **__: Any) -> bool:
        return True

    async def verify_home(**_: Any) -> None:
        return None

    settings = SimpleNamespace(read_guests=read_guests, read_foreign_sign_ins=no_sign_ins)
    tenant = SimpleNamespace(tenant_settings=settings, verify_home=verify_home, home=world.tenant.home)

    def take(_: GuestRow) -> bool:
        given_after.append(len(made)) if len(given_after) < 1 else None
        return True

    async with peak() as highest:
        reading = GuestReading(asked=ASKED, tenant=tenant, clock=world.clock, take=take)
        found = await reading.read()
    assert found.tally.count == 50_000
    assert given_after == [1], "the first row came with the first page"
    assert highest[0] < 5_000_000, "bytes: a page and a number for each row"


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

"""The guests of one partner, row by row: each with its reason, none twice, and hardly any memory."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, TENANT
from workflows.core.partners.reviewing.evidence.guest_listing import (
    GuestFilter,
    GuestList,
    GuestRow,
    GuestTally,
    SeenAccounts,
)
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity, Oddity
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS

DAY = timedelta(days=1)


def account(number: str, mail: str = "", **changes: object) -> GuestAccount:
    values = {"id": PersonId(number), "mail": mail, "principal_name": "x#EXT#@woodgrove.com", **changes}
    return GuestAccount(**values)  # type: ignore[arg-type]


def listing(**parts: Any) -> GuestList:
    return GuestList(TENANT, ("contoso.com", TENANT), USUAL_LIMITS, now=NOW, **parts)


def places(rows: Iterable[GuestRow]) -> list[tuple[str, int]]:
    return [(row.account.id, row.place) for row in rows]


def test_each_row_has_its_reason_and_only_the_same_address_is_named_as_such() -> None:
    page = [
        account("1", "Maria@Contoso.com"),
        account("2", "maria@contoso.COM"),
        account("3", "maria+test@contoso.com"),
        account("4", "maria@example.com"),
        account("5", issuers=("contoso.com",)),
        account("6", principal_name="jo_contoso.com#EXT#@woodgrove.com"),
    ]
    rows = list(listing().rows_of(page))
    assert [(row.account.id, row.match) for row in rows] == [
        ("1", GuestMatch.MAIL),
        ("2", GuestMatch.MAIL),
        ("3", GuestMatch.MAIL),
        ("5", GuestMatch.ISSUER),
        ("6", GuestMatch.NAME),
    ]
    assert [row.oddities for row in rows] == [(), (Oddity.SAME_ADDRESS,), (), (), ()]


def test_who_is_found_by_a_sign_in_is_not_listed_twice() -> None:
    found = listing()
    list(found.rows_of([account("1", "maria@contoso.com")]))
    assert not found.is_new(PersonId("1"))
    assert found.is_new(PersonId("2"))
    row = found.row_of_sign_in(account("2", "m@eu.example"), NOW - DAY)
    assert row is not None
    assert (row.match, row.last_sign_in_at, row.finding) == (GuestMatch.SIGN_IN, NOW - DAY, None)
    assert not found.is_new(PersonId("2"))


def test_the_state_of_a_row_is_what_entra_keeps() -> None:
    open_since = NOW - 40 * DAY
    (pending, seen) = listing().rows_of(
        [
            account("1", "a@contoso.com", state="PendingAcceptance", state_since=open_since),
            account("2", "b@contoso.com", activity=GuestActivity(tried_at=NOW - DAY)),
        ]
    )
    assert (pending.pending_since, pending.last_sign_in_at) == (open_since, None)
    assert (seen.pending_since, seen.last_sign_in_at) == (None, NOW - DAY)


def test_the_tally_counts_each_kind() -> None:
    tally = GuestTally()
    for row in (
        GuestRow(account=account("1", state="PendingAcceptance"), match=GuestMatch.MAIL, roles=("Guest Inviter",)),
        GuestRow(account=account("2", is_enabled=False, is_synchronized=True), match=GuestMatch.MAIL),
        GuestRow(account=account("3", user_type="member"), match=GuestMatch.NAME, finding=GuestFinding.UNUSED),
        GuestRow(account=account("4", user_type="member", is_enabled=False), match=GuestMatch.OWN_ACCOUNT),
    ):
        tally.add(row)
    assert (tally.count, tally.pending, tally.disabled, tally.members, tally.synchronized) == (3, 1, 1, 1, 1)
    assert tally.matches == {GuestMatch.MAIL: 2, GuestMatch.NAME: 1}
    assert tally.findings == {GuestFinding.UNUSED: 1}
    assert tally.with_roles == 1
    assert tally.own_accounts == 1, "an own account is no guest, and counted nowhere else"


def test_a_list_is_read_in_parts_forwards_and_backwards() -> None:
    seen = SeenAccounts()
    page = [account(str(number), f"{number % 2}@contoso.com") for number in range(4)]
    assert places(listing(seen=seen).rows_of(page[:2])) == [("0", 0), ("1", 1)]
    newer = [account("new", "0@contoso.com"), *page]
    on = listing(seen=seen)
    rows = list(on.rows_of(newer, begin=2))
    assert places(rows) == [("new", 2), ("2", 3), ("3", 4)], "who is new comes in the part that is read, nobody twice"
    assert {row.oddities for row in rows} == {(Oddity.SAME_ADDRESS,)}
    back = list(listing(seen=seen, is_shown_before=True).rows_of([account("newer", "9@contoso.com"), *page]))
    assert places(back) == [("0", 0), ("1", 1), ("2", 3), ("3", 4)]
    assert [row.oddities for row in back][:2] == [(), ()], "only a later account has the address of an earlier one"
    assert [on.is_wanted(PersonId(one), 3) for one in ("2", "1", "nobody")] == [True, False, True]
    assert not listing(seen=seen, is_shown_before=True).is_wanted(PersonId("nobody"), 0)


def test_an_own_account_with_their_address_is_named_as_such_and_no_guest_is_listed_twice() -> None:
    found = listing()
    list(found.rows_of([account("guest", "ann@contoso.com")]))
    own = account("own", "Ann@Contoso.com", principal_name="ann@woodgrove.com", user_type="member", is_enabled=False)
    invited = account("invited", "bo@contoso.com", user_type="member")
    rows = list(found.own_rows_of([account("guest", "ann@contoso.com"), own, invited], begin=1))
    assert [(row.account.id, row.match, row.is_own_account) for row in rows] == [
        ("own", GuestMatch.OWN_ACCOUNT, True),
        ("invited", GuestMatch.MAIL, False),
    ]
    assert [row.oddities for row in rows] == [(Oddity.SAME_ADDRESS,), (Oddity.INVITED_MEMBER,)]
    assert rows[0].finding is None
    assert found.known_domains == ("contoso.com",)


def test_an_own_account_is_never_a_finding() -> None:
    old = account("own", "a@contoso.com", created_at=NOW - 999 * DAY, activity=GuestActivity(), principal_name="a@b.c")
    (as_guest,) = listing().rows_of([old])
    (as_own,) = listing().own_rows_of([old])
    assert (as_guest.finding, as_own.finding) == (GuestFinding.UNUSED, None)


@pytest.mark.parametrize(
    ("only", "ids"),
    [
        (GuestFilter.EVERYBODY, ["pending", "unused", "disabled", "usual"]),
        (GuestFilter.ROLES, ["usual"]),
        (GuestFilter.OPEN_INVITATIONS, ["pending"]),
        (GuestFilter.UNUSED, ["unused"]),
        (GuestFilter.DISABLED, ["disabled"]),
    ],
)
def test_a_filter_takes_the_rows_of_one_kind_and_keeps_their_places(only: GuestFilter, ids: list[str]) -> None:
    page = [
        account("pending", "p@contoso.com", state="PendingAcceptance"),
        account("unused", "u@contoso.com", activity=GuestActivity(succeeded_at=NOW - 100 * DAY)),
        account("disabled", "d@contoso.com", is_enabled=False),
        account("usual", "s@contoso.com", activity=GuestActivity(succeeded_at=NOW - DAY)),
    ]
    rows = list(listing(only=only, roles={PersonId("usual"): ("Guest Inviter",)}).rows_of(page))
    assert [row.account.id for row in rows] == ids
    assert {row.account.id for row in rows if row.roles} == {"usual"} & set(ids)
    assert all(page[row.place].id == row.account.id for row in rows)
    assert only.takes_recent_users is (only not in (GuestFilter.OPEN_INVITATIONS, GuestFilter.UNUSED))

"""The guests of one partner, row by row: each with its reason, none twice, and hardly any memory."""

from datetime import timedelta

from tests.workflows.core.builders import NOW, TENANT
from workflows.core.partners.reviewing.evidence.guest_listing import GuestList, GuestRow, GuestTally
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity, Oddity
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch
from workflows.core.people import PersonId
from workflows.core.policy.reviews.guest_limits import USUAL_LIMITS

DAY = timedelta(days=1)


def account(number: str, mail: str = "", **changes: object) -> GuestAccount:
    values = {"id": PersonId(number), "mail": mail, "principal_name": "x#EXT#@woodgrove.com", **changes}
    return GuestAccount(**values)  # type: ignore[arg-type]


def listing() -> GuestList:
    return GuestList(TENANT, ("contoso.com", TENANT), USUAL_LIMITS, now=NOW)


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
        GuestRow(account=account("1", state="PendingAcceptance"), match=GuestMatch.MAIL),
        GuestRow(account=account("2", is_enabled=False, is_synchronized=True), match=GuestMatch.MAIL),
        GuestRow(account=account("3", user_type="member"), match=GuestMatch.NAME, finding=GuestFinding.UNUSED),
    ):
        tally.add(row)
    assert (tally.count, tally.pending, tally.disabled, tally.members, tally.synchronized) == (3, 1, 1, 1, 1)
    assert tally.matches == {GuestMatch.MAIL: 2, GuestMatch.NAME: 1}
    assert tally.findings == {GuestFinding.UNUSED: 1}

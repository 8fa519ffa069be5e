"""Guests are matched with partners by what Graph shows of them; how is always recorded."""

from datetime import timedelta

import pytest

from tests.workflows.core.builders import NOW, TENANT
from workflows.core.partners.reviewing.evidence.guest_matching import GuestCount, domains_of, match_guest
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount, GuestActivity
from workflows.core.partners.reviewing.evidence.usage import MAX_LISTED, GuestMatch, ListedGuest
from workflows.core.people import PersonId
from workflows.core.settings.model import TenantId

FABRIKAM = TenantId("99999999-0000-4000-8000-000000000001")
DOMAINS = domains_of([(TENANT, ("Contoso.com", TENANT)), (FABRIKAM, ("fabrikam.com", "", "shared.com"))])


def guest(name: str = "maria", **changes: object) -> GuestAccount:
    return GuestAccount(id=PersonId(name), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (guest("known", mail="x@contoso.com"), (GuestMatch.SIGN_IN, (FABRIKAM,))),
        (guest(issuers=("ExternalAzureAD", "contoso.com"), mail="x@fabrikam.com"), (GuestMatch.ISSUER, (TENANT,))),
        (guest(mail="Maria@CONTOSO.com. "), (GuestMatch.MAIL, (TENANT,))),
        (guest(principal_name="maria_lind_contoso.com#EXT#@woodgrove.com"), (GuestMatch.NAME, (TENANT,))),
        (guest(principal_name="contoso.com#EXT#@woodgrove.com"), None),
        (guest(principal_name="maria@contoso.com"), None),
        (guest(mail="maria@eu.contoso.com"), None),
        (guest(), None),
    ],
)
def test_what_names_the_partner_of_a_guest(found: GuestAccount, expected: object) -> None:
    assert match_guest(found, DOMAINS, {PersonId("known"): FABRIKAM}) == expected


@pytest.mark.parametrize(
    ("found", "has_come"),
    [
        (guest(state="PendingAcceptance"), False),
        (guest(state="Accepted"), None),
        (guest(state="Accepted", activity=GuestActivity()), False),
        (guest(state="Accepted", activity=GuestActivity(tried_at=NOW)), True),
        (guest(state="PendingAcceptance", activity=GuestActivity(succeeded_at=NOW)), True),
    ],
)
def test_whether_a_guest_ever_came(found: GuestAccount, has_come: bool | None) -> None:
    assert found.has_come is has_come


def test_guests_are_counted_with_what_is_known_of_them() -> None:
    count = GuestCount(DOMAINS, {PersonId("known"): TENANT})
    last = NOW - timedelta(days=3)
    for one in (
        guest("known", state="PendingAcceptance"),
        guest("pending", mail="a@contoso.com", state="PendingAcceptance", is_enabled=False),
        guest("came", mail="b@contoso.com", activity=GuestActivity(succeeded_at=last)),
        guest("stranger", mail="c@example.com"),
    ):
        count.add(one)
    found = count.of(TENANT)
    assert (found.count, found.never_came, found.disabled, found.last_sign_in_at) == (3, 1, 1, last)
    assert found.matches == {GuestMatch.SIGN_IN: 1, GuestMatch.MAIL: 2}
    assert found.listed[0] == ListedGuest(
        id=PersonId("known"), match=GuestMatch.SIGN_IN, has_come=True, is_enabled=True
    )
    assert (count.rows, count.not_matched, count.of(FABRIKAM).count) == (4, 1, 0)


def test_a_domain_of_two_partners_counts_for_both_and_names_the_other() -> None:
    count = GuestCount(domains_of([(TENANT, ["shared.com"]), (FABRIKAM, ["shared.com"])]), {})
    for number in range(MAX_LISTED + 1):
        count.add(guest(str(number), mail="x@shared.com"))
    assert count.of(TENANT).shared_with == (FABRIKAM,)
    assert count.of(FABRIKAM).shared_with == (TENANT,)
    assert (count.of(TENANT).count, len(count.of(TENANT).listed)) == (MAX_LISTED + 1, MAX_LISTED)

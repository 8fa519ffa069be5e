"""What a guest account is, what a review finds about it, and what is unusual about it."""

from datetime import timedelta

import pytest

from tests.workflows.core.builders import NOW
from workflows.core.partners.reviewing.evidence.guest_matching import GuestCount, domains_of
from workflows.core.partners.reviewing.evidence.guest_state import (
    GuestAccount,
    GuestActivity,
    Oddity,
    finding_about,
    oddities_of,
)
from workflows.core.partners.reviewing.evidence.usage import MAX_LISTED, GuestFinding
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS, GuestLimits
from workflows.core.settings.model import TenantId

DAY = timedelta(days=1)
TENANT = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
NAME = "maria_contoso.com#EXT#@woodgrove.com"


def guest(**changes: object) -> GuestAccount:
    values = {"id": PersonId("maria"), "mail": "maria@contoso.com", "principal_name": NAME, **changes}
    return GuestAccount(**values)  # type: ignore[arg-type]


def active(days: int, created: int = 400) -> GuestAccount:
    return guest(created_at=NOW - created * DAY, activity=GuestActivity(tried_at=NOW - days * DAY))


PENDING = {"state": "PendingAcceptance"}


@pytest.mark.parametrize(
    ("account", "found"),
    [
        (active(90), None),
        (active(91), GuestFinding.UNUSED),
        (guest(created_at=NOW - 91 * DAY, activity=GuestActivity()), GuestFinding.UNUSED),
        (guest(created_at=NOW - 2 * DAY, activity=GuestActivity()), None),
        (guest(activity=GuestActivity()), None),
        (guest(created_at=NOW - 400 * DAY), None),
        (guest(**PENDING, state_since=NOW - 31 * DAY), GuestFinding.OLD_INVITATION),
        (guest(**PENDING, created_at=NOW - 31 * DAY), GuestFinding.OLD_INVITATION),
        (guest(**PENDING, state_since=NOW - 30 * DAY, created_at=NOW - 400 * DAY), None),
        (guest(**PENDING), None),
        (guest(is_enabled=False, created_at=NOW - 400 * DAY, activity=GuestActivity()), None),
    ],
)
def test_what_is_a_finding_and_what_is_not_known_is_none(account: GuestAccount, found: GuestFinding | None) -> None:
    assert finding_about(account, USUAL_LIMITS, NOW) is found
    assert finding_about(account, USUAL_LIMITS, NOW, has_signed_in=True) is None, "the log is newer"


def test_the_template_sets_the_limits() -> None:
    limits = GuestLimits(unused_after=200 * DAY, invited_before=3 * DAY)
    assert finding_about(active(199), limits, NOW) is None
    assert finding_about(active(201), limits, NOW) is GuestFinding.UNUSED
    assert finding_about(guest(**PENDING, state_since=NOW - 4 * DAY), limits, NOW) is GuestFinding.OLD_INVITATION


@pytest.mark.parametrize(
    ("account", "same", "unusual"),
    [
        (guest(), False, ()),
        (guest(user_type="member"), False, (Oddity.INVITED_MEMBER,)),
        (guest(principal_name="maria@woodgrove.com"), False, (Oddity.NOT_INVITED,)),
        (guest(principal_name="maria@woodgrove.com", state="Accepted"), False, ()),
        (guest(principal_name="maria@woodgrove.com", user_type="member"), False, ()),
        (guest(is_synchronized=True), True, (Oddity.SYNCHRONIZED, Oddity.SAME_ADDRESS)),
    ],
)
def test_what_is_unusual_is_named(account: GuestAccount, same: bool, unusual: tuple[Oddity, ...]) -> None:
    assert oddities_of(account, has_same_address=same) == unusual


def test_a_scan_counts_findings_by_the_limits_of_each_partner_and_lists_them_first() -> None:
    other = TenantId("99999999-0000-4000-8000-000000000001")
    domains = domains_of([(TENANT, ["contoso.com"]), (other, ["contoso.com"])])
    count = GuestCount(domains, {}, {other: GuestLimits(unused_after=300 * DAY)}, now=NOW)
    for number in range(MAX_LISTED):
        count.add(guest(id=PersonId(f"used-{number}"), activity=GuestActivity(succeeded_at=NOW)))
    for number in range(2):
        count.add(guest(id=PersonId(f"ghost-{number}"), activity=GuestActivity(succeeded_at=NOW - 100 * DAY)))
    found = count.of(TENANT)
    assert found.findings == {GuestFinding.UNUSED: 2}
    assert [one.finding for one in found.listed[:3]] == [GuestFinding.UNUSED, GuestFinding.UNUSED, None]
    assert (len(found.listed), found.limits) == (MAX_LISTED, USUAL_LIMITS)
    assert count.of(other).findings == {}
    assert count.of(other).limits.unused_after == 300 * DAY


def test_an_enabled_guest_with_a_directory_role_is_a_finding_whether_used_or_not() -> None:
    people = [PersonId(one) for one in ("unused", "used", "disabled")]
    count = GuestCount(domains_of([(TENANT, ["contoso.com"])]), {}, now=NOW, with_roles=people)
    for person, days, is_enabled in zip(people, (100, 1, 1), (True, True, False), strict=True):
        activity = GuestActivity(succeeded_at=NOW - days * DAY)
        count.add(guest(id=person, activity=activity, is_enabled=is_enabled))
    found = count.of(TENANT)
    assert found.findings == {GuestFinding.DIRECTORY_ROLE: 2, GuestFinding.UNUSED: 1}
    assert {one.id: one.finding for one in found.listed} == {
        "unused": GuestFinding.DIRECTORY_ROLE,
        "used": GuestFinding.DIRECTORY_ROLE,
        "disabled": None,
    }

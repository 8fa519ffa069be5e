"""Sign-ins are counted by partner and person while they are read, in any order, with bounded memory."""

from datetime import datetime, timedelta

from tests.workflows.core.builders import NOW, TENANT
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn, SignInCount, later
from workflows.core.partners.reviewing.evidence.usage import MAX_LISTED, MAX_PEOPLE, WINDOW
from workflows.core.people import PersonId
from workflows.core.settings.model import TenantId

OTHER = TenantId("99999999-0000-4000-8000-000000000001")
DAY = timedelta(days=1)


def sign_in(person: str, at: datetime | None, home: TenantId = TENANT, *, is_success: bool = True) -> SignIn:
    return SignIn(user_id=PersonId(person), home=home, at=at, is_success=is_success)


def counted(*sign_ins: SignIn) -> SignInCount:
    count = SignInCount([TENANT], since=NOW - WINDOW, until=NOW)
    for one in sign_ins:
        count.add(one)
    return count


def test_different_people_and_the_last_sign_in_are_counted_in_any_order() -> None:
    count = counted(
        sign_in("maria", NOW - 3 * DAY),
        sign_in("jon", NOW - 9 * DAY),
        sign_in("maria", NOW - DAY),
        sign_in("maria", NOW - 5 * DAY),
        sign_in("jon", None),
        sign_in("blocked", NOW, is_success=False),
        sign_in("stranger", NOW, OTHER),
    )
    found = count.of(TENANT)
    assert found.last_by_person == {"maria": NOW - DAY, "jon": NOW - 9 * DAY}
    assert (found.last_at, found.failed, found.has_more_people) == (NOW - DAY, 1, False)
    assert found.latest_people() == ("maria", "jon")
    assert count.tenant_by_person() == {"maria": TENANT, "jon": TENANT}
    assert (count.rows, count.oldest_at) == (7, NOW - 9 * DAY)
    assert count.of(OTHER).last_by_person == {}, "people of tenants that are not recorded are not kept"


def test_times_before_the_period_do_not_count_and_later_ones_count_as_now() -> None:
    count = counted(sign_in("early", NOW - WINDOW - DAY), sign_in("ahead", NOW + DAY))
    assert count.of(TENANT).last_by_person == {"ahead": NOW}
    assert count.oldest_at == NOW


def test_people_beyond_the_limit_are_not_told_apart_and_few_are_listed() -> None:
    count = counted(*(sign_in(f"{number:05}", NOW) for number in range(MAX_PEOPLE + 2)), sign_in("00000", NOW - DAY))
    found = count.of(TENANT)
    assert (len(found.last_by_person), found.has_more_people) == (MAX_PEOPLE, True)
    assert len(found.latest_people()) == MAX_LISTED
    assert counted(sign_in("a", None), sign_in("b", NOW)).of(TENANT).latest_people() == ("b", "a")


def test_the_later_of_two_times() -> None:
    assert later(None, None) is None
    assert later(NOW, None) == NOW
    assert later(NOW, NOW + DAY) == NOW + DAY


def test_a_sign_in_without_a_home_tenant_may_be_of_any_partner() -> None:
    """Unknown is not unused: the count is then not complete."""
    nobody = TenantId("")
    assert not counted(sign_in("a", NOW)).has_unknown_home
    assert not counted(sign_in("a", NOW, nobody, is_success=False)).has_unknown_home
    assert counted(sign_in("a", NOW, nobody)).has_unknown_home

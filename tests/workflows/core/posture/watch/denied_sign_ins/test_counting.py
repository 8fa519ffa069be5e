"""Denied sign-ins are counted by tenant while the log is read, in any order, with bounded memory."""

from datetime import datetime, timedelta

import pytest

from tests.workflows.core.builders import NOW, TENANT
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.partners.reviewing.evidence.usage import WINDOW
from workflows.core.people import PersonId
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES
from workflows.core.posture.watch.denied_notice import DeniedTenant
from workflows.core.posture.watch.denied_sign_ins.counting import (
    MAX_PEOPLE,
    MAX_TENANTS,
    OUR_CODES,
    DenialCount,
    Thresholds,
)
from workflows.core.settings.model import TenantId

UNKNOWN = TenantId("99999999-0000-4000-8000-000000000001")
DAY = timedelta(days=1)
EVERY = Thresholds(sign_ins=1, days=1, people=1)
DENIED = 500213


def denied(
    person: str = "maria", at: datetime | None = NOW, home: TenantId = UNKNOWN, code: int | None = DENIED
) -> SignIn:
    return SignIn(user_id=PersonId(person), home=home, at=at, is_success=code == 0, code=code)


def counted(*sign_ins: SignIn, counted_from: dict[TenantId, datetime] | None = None) -> DenialCount:
    count = DenialCount([TENANT], since=NOW - WINDOW, until=NOW, counted_from=counted_from or {})
    for one in sign_ins:
        count.add(one)
    return count


def test_the_codes_are_those_that_an_entry_could_let_in_from_the_one_list() -> None:
    assert set(OUR_CODES) == {500213, 90071}
    assert SIGN_IN_CODES.keys() > OUR_CODES


def test_sign_ins_people_days_and_codes_are_counted_in_any_order() -> None:
    count = counted(
        denied("maria", NOW - 2 * DAY),
        denied("jon", NOW - 9 * DAY, code=90071),
        denied("maria", NOW - DAY),
        denied("maria", NOW - DAY),
        denied("ahead", NOW + DAY),
        denied("early", NOW - WINDOW - DAY),
        denied("other cause", code=50020),
        denied("success", code=0),
        denied("no code", code=None),
        denied("of a partner", home=TENANT),
    )
    assert count.found(EVERY) == (
        DeniedTenant(
            tenant_id=UNKNOWN,
            sign_ins=5,
            people=3,
            has_more_people=False,
            days=4,
            first_at=NOW - 9 * DAY,
            last_at=NOW,
            codes=(DENIED, 90071),
        ),
    )
    assert not count.is_partial


@pytest.mark.parametrize(
    ("sign_ins", "is_told"),
    [
        ([denied(), denied(), denied()], False),
        ([denied(), denied(at=NOW - DAY)], False),
        ([denied(), denied(), denied(at=NOW - DAY)], True),
        ([denied(), denied(), denied("jon")], True),
        ([denied(""), denied(""), denied("")], False),
    ],
)
def test_one_person_who_tries_again_on_one_day_is_not_told(sign_ins: list[SignIn], is_told: bool) -> None:
    assert bool(counted(*sign_ins).found(Thresholds(sign_ins=3, days=2, people=2))) is is_told


def test_those_with_the_most_people_come_first() -> None:
    others = [TenantId(f"99999999-0000-4000-8000-00000000000{number}") for number in range(2, 5)]
    count = counted(
        denied(home=others[2]),
        denied(home=others[1]),
        denied(home=others[0]),
        denied(home=others[0]),
        denied(),
        denied("jon"),
    )
    assert [one.tenant_id for one in count.found(EVERY)] == [UNKNOWN, others[0], others[1], others[2]]


def test_what_cannot_be_placed_makes_the_numbers_at_least() -> None:
    assert counted(denied(home=TenantId(""))).is_partial
    assert counted(denied(at=None)).is_partial
    nobody = counted(denied(""), denied("00000000-0000-0000-0000-000000000000"))
    assert [(one.people, one.has_more_people, one.sign_ins) for one in nobody.found(EVERY)] == [(0, True, 2)]
    assert not nobody.is_partial


def test_tenants_and_people_beyond_the_limits_are_not_told_apart() -> None:
    flood = [denied(home=TenantId(f"flood-{number}")) for number in range(MAX_TENANTS)]
    assert not counted(*flood).has_too_many_tenants
    count = counted(*flood, *flood, denied(home=TenantId("one more")), denied("jon", home=TenantId("flood-1")))
    assert (len(count.found(EVERY)), count.is_partial, count.has_too_many_tenants) == (MAX_TENANTS, True, True)
    assert count.found(EVERY)[0].people == 2, "a known tenant still counts"
    (one,) = counted(*(denied(f"{number}") for number in range(MAX_PEOPLE + 2)), denied("0")).found(EVERY)
    assert (one.people, one.has_more_people, one.sign_ins) == (MAX_PEOPLE, True, MAX_PEOPLE + 3)


def test_a_thousand_tenants_that_try_once_do_not_hide_one_whose_people_try_every_day() -> None:
    flood = [denied(home=TenantId(f"flood-{number}")) for number in range(MAX_TENANTS)]
    people = [denied(f"person-{number}", NOW - number % 10 * DAY) for number in range(20)]
    count = counted(*flood, *people, denied(home=TenantId("one more")))
    (found,) = count.found(Thresholds(sign_ins=5, days=2, people=2))
    assert (found.tenant_id, found.sign_ins, found.people) == (UNKNOWN, 20, 20)
    assert len(count.found(EVERY)) == MAX_TENANTS
    assert count.has_too_many_tenants


def test_what_was_before_a_dismissal_does_not_count() -> None:
    rows = [denied(at=NOW - 3 * DAY), denied(at=NOW - DAY)]
    (one,) = counted(*rows, counted_from={UNKNOWN: NOW - 2 * DAY}).found(EVERY)
    assert (one.sign_ins, one.first_at) == (1, NOW - DAY)

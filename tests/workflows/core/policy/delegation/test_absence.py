"""Absences: which are refused, who stands in at a moment, and who ends one."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, current_roles
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.people import ADMIN, AUDITOR, CurrentRoles, Person, PersonId
from workflows.core.policy.delegation.absence import (
    MAX_ABSENCE,
    MAX_NOTE_CHARACTERS,
    Absence,
    absence_id,
    active_absences,
    chain_of,
    end_absence,
    represented_people,
    require_absence,
    stand_in_of,
)

ROLES = current_roles(amara="security", bruno="security", chie="security data-owner", dana=ADMIN)


def day(number: float) -> datetime:
    """A day from now."""
    return NOW + timedelta(days=number)


def away(
    person: Person, delegate: Person, begin: float = 0, end: float = 7, *, number: int = 1, by: Person | None = None
) -> Absence:
    """An absence, set by the person unless told otherwise."""
    return Absence(
        id=absence_id(person.id, number),
        version=1,
        person=person,
        delegate=delegate,
        from_=day(begin),
        until=day(end),
        set_by=by or person,
        set_at=NOW,
    )


def refused(
    absence: Absence, *known: Absence, roles: CurrentRoles = ROLES, manager: PersonId | None = None
) -> R | None:
    """Return why an absence is refused; None when it is not."""
    try:
        require_absence(absence, known, current_roles=roles, next_manager=manager, now=NOW)
    except Refused as error:
        return R(error.code)
    return None


def test_a_delegate_who_holds_the_role_is_accepted() -> None:
    assert refused(away(AMARA, BRUNO)) is None
    assert refused(away(AMARA, BRUNO, by=DANA)) is None


@pytest.mark.parametrize(
    ("absence", "code"),
    [
        (away(AMARA, BRUNO, 3, 3), R.ABSENCE_ENDS_BEFORE_START),
        (away(AMARA, BRUNO, 3, 2), R.ABSENCE_ENDS_BEFORE_START),
        (away(AMARA, BRUNO, -3, 0), R.ABSENCE_OVER),
        (away(AMARA, BRUNO, 0, MAX_ABSENCE.days + 0.1), R.ABSENCE_TOO_LONG),
        (away(AMARA, BRUNO, 5, MAX_ABSENCE.days + 5.1), R.ABSENCE_TOO_LONG),
        (replace(away(AMARA, BRUNO), note="n" * (MAX_NOTE_CHARACTERS + 1)), R.ABSENCE_NOTE_TOO_LONG),
        (away(AMARA, AMARA), R.DELEGATE_IS_SELF),
        (away(AMARA, DANA), R.DELEGATE_WITHOUT_ROLE),
        (away(AMARA, DANA, by=DANA), R.DELEGATE_WITHOUT_ROLE),
        (away(AMARA, BRUNO, by=CHIE), R.ONLY_ADMINS_SET_ABSENCES),
    ],
)
def test_bad_input_is_refused(absence: Absence, code: R) -> None:
    assert refused(absence) is code


def test_the_longest_absence_is_accepted() -> None:
    assert refused(away(AMARA, BRUNO, 5, MAX_ABSENCE.days + 5)) is None
    assert refused(replace(away(AMARA, BRUNO), note="n" * MAX_NOTE_CHARACTERS)) is None


def test_a_person_has_one_absence_at_a_time() -> None:
    assert refused(away(AMARA, BRUNO, 10, 12, number=2), away(AMARA, CHIE, 0, 3)) is R.ALREADY_AWAY
    assert refused(away(AMARA, BRUNO, 10, 12, number=2), away(AMARA, CHIE, -5, -3)) is None
    ended = replace(away(AMARA, CHIE, -5, 3), ended_at=NOW)
    assert refused(away(AMARA, BRUNO, number=2), ended) is None


def test_the_role_of_an_auditor_makes_nobody_a_delegate() -> None:
    roles = current_roles(amara=f"security {AUDITOR}", bruno=AUDITOR)
    assert refused(away(AMARA, BRUNO), roles=roles) is R.DELEGATE_WITHOUT_ROLE


def test_of_a_manager_without_a_role_the_next_manager_or_whom_an_admin_names() -> None:
    roles = current_roles(dana=ADMIN, bruno="security")
    assert refused(away(AMARA, BRUNO), roles=roles) is R.DELEGATE_WITHOUT_ROLE
    assert refused(away(AMARA, BRUNO), roles=roles, manager=CHIE.id) is R.DELEGATE_WITHOUT_ROLE
    assert refused(away(AMARA, BRUNO), roles=roles, manager=BRUNO.id) is None
    assert refused(away(AMARA, BRUNO, by=DANA), roles=roles) is None


def test_delegates_in_a_circle_are_refused_in_overlapping_times() -> None:
    back = away(BRUNO, AMARA, 2, 4)
    assert refused(away(AMARA, BRUNO, 0, 3), back) is R.DELEGATES_IN_A_CIRCLE
    assert refused(away(AMARA, BRUNO, 4, 6), back) is None
    assert refused(away(AMARA, BRUNO, 0, 2), back) is None
    longer = (away(BRUNO, CHIE, 1, 5), away(CHIE, AMARA, 3, 8))
    assert refused(away(AMARA, BRUNO, 0, 4), *longer) is R.DELEGATES_IN_A_CIRCLE
    # The three are never away at the same time.
    assert refused(away(AMARA, BRUNO, 0, 3), *longer) is None


def test_a_circle_of_others_that_a_race_left_does_not_stop_the_check() -> None:
    race = (away(BRUNO, CHIE), away(CHIE, BRUNO))
    assert refused(away(AMARA, BRUNO), *race) is R.DELEGATES_IN_A_CIRCLE


def test_the_first_delegate_who_is_there_stands_in() -> None:
    first, second = away(AMARA, BRUNO), away(BRUNO, CHIE, 2, 4)
    assert stand_in_of(AMARA.id, active_absences([first, second], day(1))) == BRUNO
    assert stand_in_of(AMARA.id, active_absences([first, second], day(3))) == CHIE
    assert stand_in_of(AMARA.id, active_absences([first, second], day(4))) == BRUNO
    assert stand_in_of(AMARA.id, active_absences([first, second], day(7))) is None
    assert represented_people(CHIE.id, active_absences([first, second], day(3))) == (first, second)
    assert represented_people(BRUNO.id, active_absences([first, second], day(3))) == ()


def test_in_a_circle_nobody_stands_in() -> None:
    active = (away(AMARA, BRUNO), away(BRUNO, AMARA))
    assert stand_in_of(AMARA.id, active) is None
    assert len(list(chain_of(AMARA.id, active))) == 2


def test_of_two_absences_of_one_person_the_earlier_one_counts() -> None:
    first, second = away(AMARA, BRUNO, 0, 5), away(AMARA, CHIE, 1, 9, number=2)
    assert active_absences([second, first], day(2)) == (first,)
    assert active_absences([second, first], day(6)) == (second,)


def test_the_person_or_an_admin_ends_an_absence() -> None:
    absence = away(AMARA, BRUNO)
    ended = end_absence(absence, AMARA, current_roles=ROLES, now=day(2))
    assert (ended.version, ended.ended_at, ended.ended_by, ended.end) == (2, day(2), AMARA, day(2))
    assert ended.is_active(day(1))
    assert not ended.is_active(day(2))
    assert end_absence(absence, DANA, current_roles=ROLES, now=day(2)).ended_by == DANA
    with pytest.raises(Refused) as other:
        end_absence(absence, BRUNO, current_roles=ROLES, now=day(2))
    assert other.value.code is R.ONLY_ADMINS_SET_ABSENCES
    with pytest.raises(Refused) as again:
        end_absence(ended, AMARA, current_roles=ROLES, now=day(2))
    assert again.value.code is R.ABSENCE_HAS_ENDED

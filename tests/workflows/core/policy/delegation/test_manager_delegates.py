"""Who decides in place of a manager who is away: the next manager, or whom an admin names."""

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA
from tests.workflows.core.policy.delegation.test_absence import away
from workflows.core.policy.delegation.manager_delegates import ManagerDelegate, manager_delegate


def test_the_next_manager_stands_in() -> None:
    active = (away(AMARA, BRUNO),)
    assert manager_delegate(AMARA.id, active, {AMARA.id: BRUNO.id}) == ManagerDelegate(person=BRUNO)
    assert manager_delegate(AMARA.id, active, {AMARA.id: CHIE.id}) is None
    assert manager_delegate(AMARA.id, active, {}) is None


def test_whom_an_admin_names_stands_in_and_the_admin_is_known() -> None:
    active = (away(AMARA, BRUNO, by=DANA),)
    assert manager_delegate(AMARA.id, active, {}) == ManagerDelegate(person=BRUNO, named_by=(DANA,))


def test_an_admin_does_not_name_themselves() -> None:
    assert manager_delegate(AMARA.id, (away(AMARA, DANA, by=DANA),), {}) is None


def test_who_takes_part_in_a_request_names_nobody_to_approve_it() -> None:
    active = (away(AMARA, BRUNO), away(BRUNO, CHIE, by=DANA))
    for not_by, delegate in (((), CHIE), ((AMARA.id,), CHIE), ((DANA.id,), None)):
        found = manager_delegate(AMARA.id, active, {AMARA.id: BRUNO.id}, not_by)
        assert (found and found.person) == delegate


def test_every_step_of_a_chain_must_be_allowed() -> None:
    active = (away(AMARA, BRUNO), away(BRUNO, CHIE, by=DANA))
    assert manager_delegate(AMARA.id, active, {AMARA.id: BRUNO.id}) == ManagerDelegate(person=CHIE, named_by=(DANA,))
    assert manager_delegate(AMARA.id, active, {BRUNO.id: CHIE.id}) is None


def test_nobody_stands_in_for_who_is_there_or_in_a_circle() -> None:
    assert manager_delegate(AMARA.id, (), {}) is None
    assert manager_delegate(AMARA.id, (away(AMARA, BRUNO), away(BRUNO, AMARA)), {}) is None

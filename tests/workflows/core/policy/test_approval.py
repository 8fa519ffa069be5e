"""How approvals are counted: distinct people over the whole chain, on one digest, by the roles of today."""

from datetime import timedelta

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    NOW,
    RILEY,
    SAM,
    SECURITY,
    STAGES,
    WHOLE_CHAIN,
    access_plan,
    approval,
    current_roles,
    everybody,
)
from workflows.core.errors.facts import Fact
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.policy.approval import Choice, Decision, NotCountedReason, Verdict, evaluate
from workflows.core.policy.template import Stage

DIGEST = access_plan().digest
EXCLUDED = frozenset({RILEY.id, SAM.id})


def judge(
    *decisions: Decision, on: CurrentRoles | None = None, stages: tuple[Stage, ...] = STAGES, display: bool = False
) -> Verdict:
    """Evaluate on the usual roles, or with `display` on none."""
    today = None if display else on or everybody()
    return evaluate(stages, decisions, digest=DIGEST, excluded=EXCLUDED, current_roles=today)


@pytest.mark.parametrize(
    ("count", "counted", "open_stage", "missing"),
    [
        (0, ((), ()), 0, 1),
        (1, ((AMARA,), ()), 1, 2),
        (2, ((AMARA,), (BRUNO,)), 1, 1),
        (3, ((AMARA,), (BRUNO, CHIE)), None, 0),
    ],
)
def test_stages_fill_one_after_the_other(
    count: int, counted: tuple[tuple[Person, ...], ...], open_stage: int | None, missing: int
) -> None:
    verdict = judge(*WHOLE_CHAIN[:count])
    assert verdict == Verdict(counted_people=counted, open_stage=open_stage, missing=missing, not_counted=())
    assert verdict.is_complete is (count == 3)


def test_people_are_named_in_the_order_of_their_decisions() -> None:
    verdict = judge(approval(AMARA, 0), approval(CHIE, 1), approval(BRUNO, 1, at=NOW - timedelta(days=1)))
    assert verdict.counted_people == ((AMARA,), (CHIE, BRUNO))


def test_the_first_stage_that_lacks_somebody_is_open_even_when_a_later_one_is_full() -> None:
    verdict = judge(*WHOLE_CHAIN, on=everybody(amara=""))
    assert (verdict.open_stage, verdict.missing, verdict.counted_people) == (0, 1, ((), (BRUNO, CHIE)))


def test_an_approval_of_another_digest_does_not_count() -> None:
    earlier = approval(AMARA, 0, digest=access_plan(template_hash="hash-0").digest)
    assert judge(earlier) == Verdict(
        counted_people=((), ()),
        open_stage=0,
        missing=1,
        not_counted=(Fact(NotCountedReason.EARLIER_VERSION, {"person": "Amara"}),),
    )


@pytest.mark.threats("C1")
@pytest.mark.parametrize("excluded", [RILEY, SAM])
def test_an_excluded_person_does_not_count_even_if_a_decision_was_stored(excluded: Person) -> None:
    for display in (False, True):
        verdict = judge(approval(excluded, 0), display=display)
        assert verdict.counted_people == ((), ())
        assert verdict.not_counted == (Fact(NotCountedReason.MAY_NOT, {"person": excluded.name}),)


def test_a_person_counts_once_in_one_stage() -> None:
    verdict = judge(approval(AMARA, 0), approval(BRUNO, 1), approval(BRUNO, 1))
    assert (verdict.counted_people, verdict.missing) == (((AMARA,), (BRUNO,)), 1)
    assert verdict.not_counted == (Fact(NotCountedReason.COUNTS_ONCE, {"person": "Bruno"}),)


@pytest.mark.threats("C2")
def test_a_person_counts_once_over_the_whole_chain() -> None:
    verdict = judge(
        approval(AMARA, 0), approval(AMARA, 1), approval(BRUNO, 1), on=everybody(amara="security data-owner")
    )
    assert (verdict.counted_people, verdict.missing) == (((AMARA,), (BRUNO,)), 1)
    assert verdict.not_counted == (Fact(NotCountedReason.COUNTS_ONCE, {"person": "Amara"}),)


@pytest.mark.threats("C2")
def test_one_account_behind_two_chat_users_is_one_person() -> None:
    twin = Person(id=BRUNO.id, chat_id=CHIE.chat_id, name="Bruno (mobile)")
    verdict = judge(approval(AMARA, 0), approval(BRUNO, 1), approval(twin, 1))
    assert (verdict.counted_people, verdict.missing) == (((AMARA,), (BRUNO,)), 1)


def test_who_lost_the_role_no_longer_counts_and_the_reason_names_the_stage() -> None:
    verdict = judge(*WHOLE_CHAIN[:2], on=everybody(bruno="security"))
    assert (verdict.counted_people, verdict.open_stage, verdict.missing) == (((AMARA,), ()), 1, 2)
    assert verdict.not_counted == (Fact(NotCountedReason.LOST_ROLE, {"person": "Bruno", "stage": "Data owners"}),)


def test_an_approval_that_does_not_count_does_not_use_its_person_up() -> None:
    """Amara decided for security, lost that role and is a data owner now: there she counts."""
    verdict = judge(approval(AMARA, 0), approval(AMARA, 1), on=everybody(amara="data-owner"))
    assert verdict.counted_people == ((), (AMARA,))


def test_for_display_everybody_is_accepted_as_eligible() -> None:
    assert judge(*WHOLE_CHAIN, display=True).is_complete
    assert judge(*WHOLE_CHAIN, on=current_roles()).counted_people == ((), ())


def test_a_rejection_is_never_counted_as_an_approval() -> None:
    verdict = judge(approval(AMARA, 0, choice=Choice.REJECT))
    assert verdict == Verdict(counted_people=((), ()), open_stage=0, missing=1, not_counted=())


def test_more_approvals_than_the_quorum_leave_nothing_missing() -> None:
    stages = (Stage(title="Security", role=SECURITY, quorum=1),)
    verdict = judge(approval(AMARA, 0), approval(DANA, 0), on=everybody(dana="security"), stages=stages)
    assert verdict == Verdict(counted_people=((AMARA, DANA),), open_stage=None, missing=0, not_counted=())


def test_a_chain_without_stages_is_complete() -> None:
    assert judge(stages=()).is_complete


def test_every_discounted_approval_has_its_own_reason_in_order() -> None:
    verdict = judge(approval(SAM, 0), approval(DANA, 0), approval(AMARA, 0), approval(AMARA, 0))
    assert verdict.not_counted == (
        Fact(NotCountedReason.MAY_NOT, {"person": "Sam"}),
        Fact(NotCountedReason.LOST_ROLE, {"person": "Dana", "stage": "Security"}),
        Fact(NotCountedReason.COUNTS_ONCE, {"person": "Amara"}),
    )


def test_current_roles_are_exactly_the_given_roles() -> None:
    today = current_roles(dana="admin security")
    assert today.holds(DANA.id, ADMIN)
    assert today.holds(DANA.id, SECURITY)
    assert not today.holds(DANA.id, STAGES[1].role)
    assert not today.holds(AMARA.id, SECURITY)
    assert not CurrentRoles().holds(DANA.id, ADMIN)

"""A stage that a manager decides: who is asked, whose approval counts, and what follows when the manager changes."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    NOW,
    RILEY,
    SECURITY,
    approval,
    noted,
    prepared,
    request,
)
from tests.workflows.core.builders import situation as at
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import CurrentRoles, Person
from workflows.core.policy.approval import NotCountedReason
from workflows.core.policy.relations import REQUESTER_MANAGER, NoHolderReason, RelationHolder, Relations
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.automatic import RecordRelations, Reopen
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, Escalation, EscalationStep, RequestState

STAGES = (Stage(title="Manager", role=REQUESTER_MANAGER, quorum=1), Stage(title="Security", role=SECURITY, quorum=1))
BOTH = (approval(BRUNO, 0), approval(AMARA, 1))
ROLES = CurrentRoles(roles={BRUNO.id: frozenset({REQUESTER_MANAGER}), AMARA.id: frozenset({SECURITY})})


def manager(person: Person | None) -> Relations:
    problem = NoHolderReason.NO_MANAGER if person is None else None
    return Relations(
        holders=(RelationHolder(role=REQUESTER_MANAGER, whose=RILEY.name, person=person, problem=problem),)
    )


def waiting(state: RequestState = RequestState.AWAITING_APPROVAL) -> AccessRequest:
    return request(state, prepared=prepared(stages=STAGES, relations=manager(BRUNO)), decisions=())


def test_it_waits_for_the_one_person_who_has_the_role() -> None:
    who = eligibility(waiting())
    assert who.relations.chat_ids(REQUESTER_MANAGER) == {BRUNO.chat_id}
    assert who.waits_for == f"requester-manager:{BRUNO.chat_id}"
    assert eligibility(replace(waiting(), decisions=BOTH)).waits_for is None


def test_the_approval_counts_while_the_person_is_the_manager() -> None:
    decided = replace(waiting(), decisions=BOTH)
    assert decided.verdict(ROLES).is_complete
    (lost,) = decided.verdict(CurrentRoles(roles={**ROLES.roles, BRUNO.id: frozenset()})).not_counted
    assert (lost.code, lost.values["stage"]) == (NotCountedReason.LOST_ROLE, "Manager")


def test_another_manager_is_asked_and_the_card_shows_it() -> None:
    transition = advance(waiting(), RecordRelations(relations=manager(CHIE)), at())
    assert transition.request.require_prepared().relations == manager(CHIE)
    assert transition.effects == (ShowRequest(request_id=transition.request.id),)


@pytest.mark.parametrize("now", [manager(CHIE), manager(None)])
def test_what_the_former_manager_approved_is_void_and_the_others_stay(now: Relations) -> None:
    decided = replace(waiting(), decisions=BOTH)
    after = advance(decided, RecordRelations(relations=now), at()).request
    assert ([one.person for one in after.decisions], [one.person for one in after.void_decisions]) == ([AMARA], [BRUNO])
    assert [fact.code for fact in after.asked_again] == [NotCountedReason.LOST_ROLE, NoteCode.STAGE_OPEN_AGAIN]
    assert (after.round, eligibility(after).verdict.open_stage) == (1, 0)


def test_the_same_manager_changes_nothing() -> None:
    with pytest.raises(Refused) as refused:
        advance(waiting(), RecordRelations(relations=manager(BRUNO)), at())
    assert refused.value.code is RefusalCode.NOT_POSSIBLE_IN_THIS_STATE


def test_a_manager_who_is_back_leaves_the_approval_of_the_delegate() -> None:
    (away,) = manager(BRUNO).holders
    absent = Relations(holders=(replace(away, delegate=CHIE),))
    asked = replace(waiting(), prepared=prepared(stages=STAGES, relations=absent))
    decided = replace(asked, decisions=(approval(CHIE, 0),))
    after = advance(decided, RecordRelations(relations=manager(BRUNO)), at()).request
    assert (after.decisions, after.void_decisions, after.round) == (decided.decisions, (), 0)


def test_a_renamed_manager_leaves_what_the_manager_and_the_delegate_approved() -> None:
    decided = replace(waiting(), decisions=BOTH)
    after = advance(decided, RecordRelations(relations=manager(replace(BRUNO, name="Bruno Maurer"))), at()).request
    assert (after.decisions, after.round) == (BOTH, 0)


def test_what_an_alternate_approved_stays_when_the_manager_changes() -> None:
    escalated = (Escalation(stage=0, step=EscalationStep.ALTERNATES, at=NOW),)
    decided = replace(waiting(), decisions=(approval(DANA, 0),), escalations=escalated)
    after = advance(decided, RecordRelations(relations=manager(CHIE)), at()).request
    assert (after.decisions, after.round, after.escalations) == (decided.decisions, 0, escalated)


def test_a_stage_that_a_new_manager_decides_escalates_from_the_beginning() -> None:
    told = tuple(Escalation(stage=0, step=step, at=NOW) for step in EscalationStep)
    decided = replace(waiting(), decisions=BOTH, escalations=told, expiry_told_at=NOW)
    after = advance(decided, RecordRelations(relations=manager(CHIE)), at()).request
    assert (after.round, after.escalations, after.expiry_told_at) == (1, (), None)


@pytest.mark.parametrize("now", [manager(CHIE), None])
def test_an_approval_of_a_former_manager_opens_the_stage_again(now: Relations | None) -> None:
    approved = replace(waiting(RequestState.APPLYING), decisions=BOTH)
    left = replace(at(), current_roles=CurrentRoles(roles={**ROLES.roles, BRUNO.id: frozenset()}))
    after = advance(approved, Reopen(reason=noted("Bruno is no manager."), relations=now), left).request
    assert after.state is RequestState.AWAITING_APPROVAL
    assert [one.person for one in after.decisions] == [AMARA]
    assert after.require_prepared().relations == (now or manager(BRUNO))

"""Who may decide now: what is shown, who is asked and who is accepted always agree."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    DATA_OWNER,
    MALLORY,
    NOW,
    RILEY,
    SAM,
    SECURITY,
    WHOLE_CHAIN,
    access_plan,
    approval,
    everybody,
    particulars,
    request,
)
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Person, Role
from workflows.core.requests.deciding import is_approved_and_unwritten, require_may_decide
from workflows.core.requests.eligibility import IneligibleReason, OpenStage, current_eligibility, eligibility
from workflows.core.requests.request import AccessRequest, EditRecord, RequestKind, RequestState

EVERYONE = (RILEY, SAM, AMARA, BRUNO, CHIE, MALLORY)
ALL_ROLES = everybody(**{one.name.lower(): "security data-owner" for one in EVERYONE})
SECURITY_ASKED = OpenStage(role=SECURITY, title="Security", missing=1)


@pytest.mark.parametrize(
    ("count", "stages"),
    [
        (0, (SECURITY_ASKED, OpenStage(role=DATA_OWNER, title="Data owners", missing=2))),
        (1, (OpenStage(role=DATA_OWNER, title="Data owners", missing=2),)),
        (2, (OpenStage(role=DATA_OWNER, title="Data owners", missing=1),)),
    ],
)
def test_the_stages_that_still_need_approvals_start_with_the_one_that_decides_now(
    count: int, stages: tuple[OpenStage, ...]
) -> None:
    who = current_eligibility(request(decisions=WHOLE_CHAIN[:count]))
    assert who is not None
    assert who.open_stages == stages


def test_a_later_stage_whose_approvals_are_in_needs_none_less_than_none() -> None:
    """An approver of the first stage lost the role: the second one is whole, and one more than whole."""
    decisions = (approval(BRUNO, 1), approval(CHIE, 1), approval(MALLORY, 1))
    assert [stage.missing for stage in eligibility(request(decisions=decisions)).open_stages] == [1, 0]


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.AWAITING_APPROVAL])
def test_nobody_is_asked_about_what_is_not_to_be_decided(state: RequestState) -> None:
    assert current_eligibility(request(state)) is None


def test_nobody_is_asked_once_the_chain_is_complete() -> None:
    assert current_eligibility(request(decisions=WHOLE_CHAIN)) is None
    assert eligibility(request(decisions=WHOLE_CHAIN)).open_stages == ()


def test_requester_sponsor_and_who_counts_are_barred_by_account_and_by_chat_id() -> None:
    who = eligibility(request(decisions=WHOLE_CHAIN[:1]))
    for someone, bar in (
        (RILEY, IneligibleReason.REQUESTER),
        (SAM, IneligibleReason.SPONSOR),
        (AMARA, IneligibleReason.COUNTED),
        (BRUNO, None),
    ):
        assert who.ineligible_reason(someone.chat_id) is bar
        assert who.ineligible_reason(ChatId("U-OTHER"), someone.id) is bar, "another chat id of the same account"
        assert who.ineligible_reason(RILEY.chat_id, someone.id) is bar, (
            "where the account is known, the chat id says nothing"
        )
    assert who.eligible_members([one.chat_id for one in EVERYONE]) == {BRUNO.chat_id, CHIE.chat_id, MALLORY.chat_id}
    assert (who.approved_stage(AMARA.id), who.approved_stage(BRUNO.id)) == (0, None)


def test_the_chat_id_by_which_somebody_was_named_is_barred_too() -> None:
    """A person may have two: the form names one, and the directory answers with another."""
    asked = replace(particulars(), requester=ChatId("W-RILEY"), sponsor=ChatId("W-SAM"))
    who = eligibility(request(fields=asked))
    assert who.eligible_members([ChatId("W-RILEY"), ChatId("W-SAM"), RILEY.chat_id, SAM.chat_id, AMARA.chat_id]) == {
        AMARA.chat_id
    }


@pytest.mark.threats("C1")
def test_whoever_edited_a_request_may_not_decide_on_it() -> None:
    """It is the requester by the rules of an edit; who may decide does not depend on them."""
    edited = request(edits=(EditRecord(person=AMARA, at=NOW),), decisions=WHOLE_CHAIN[:1])
    who = eligibility(edited)
    assert who.ineligible_reason(AMARA.chat_id) is IneligibleReason.REQUESTER
    assert who.ineligible_reason(ChatId("U-OTHER"), AMARA.id) is IneligibleReason.REQUESTER
    assert AMARA.chat_id in who.chat_ids
    assert who.eligible_members([AMARA.chat_id, BRUNO.chat_id]) == {BRUNO.chat_id}
    assert edited.verdict().counted_people[0] == (), "nor does an approval of theirs count"
    assert not _is_let_through(edited, AMARA)


def test_who_gave_the_file_of_a_row_may_not_decide_and_is_named_so() -> None:
    who = eligibility(request(drafter=MALLORY))
    assert who.drafter == {MALLORY.id, MALLORY.chat_id}
    assert who.ineligible_reason(MALLORY.chat_id) is IneligibleReason.DRAFTER
    assert who.ineligible_reason(ChatId("U-OTHER"), MALLORY.id) is IneligibleReason.DRAFTER


def test_the_sender_is_barred_by_the_chat_id_of_the_form_while_the_account_is_not_known() -> None:
    asked = replace(particulars(), submitter=ChatId("W-MALLORY"))
    who = eligibility(request(fields=asked))
    assert who.submitter == {ChatId("W-MALLORY")}
    assert who.ineligible_reason(ChatId("W-MALLORY")) is IneligibleReason.SUBMITTER
    assert who.chat_ids == {RILEY.chat_id, SAM.chat_id, ChatId("W-MALLORY")}


def test_without_a_sender_nobody_is_barred_for_it() -> None:
    who = eligibility(request())
    assert who.submitter == frozenset()
    assert who.chat_ids == {RILEY.chat_id, SAM.chat_id}


def test_an_editor_is_barred_by_account_and_by_chat_id_and_by_nothing_else() -> None:
    who = eligibility(request(edits=(EditRecord(person=AMARA, at=NOW),)))
    assert who.requester == {RILEY.id, RILEY.chat_id, AMARA.id, AMARA.chat_id}


def _is_let_through(known: AccessRequest, someone: Person) -> bool:
    try:
        require_may_decide(known, someone, access_plan().digest, current_roles=ALL_ROLES, now=known.created_at)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("count", [0, 1, 2])
def test_who_is_asked_is_exactly_who_is_accepted(count: int) -> None:
    """Everybody has every role here, so only the request itself makes a difference."""
    known = request(decisions=WHOLE_CHAIN[:count])
    who = current_eligibility(known)
    assert who is not None
    asked = who.eligible_members(one.chat_id for one in EVERYONE)
    assert asked == {one.chat_id for one in EVERYONE if _is_let_through(known, one)}


def test_the_roles_of_all_stages_are_known_also_after_the_last_approval() -> None:
    """The alternates of a stage are among them once they were asked."""
    complete = request(decisions=WHOLE_CHAIN)
    assert eligibility(complete).all_roles == (SECURITY, DATA_OWNER)
    stages = tuple(replace(stage, alternates=Role("deputies")) for stage in complete.require_prepared().stages)
    asked = replace(eligibility(complete), stages=stages)
    assert asked.all_roles == (SECURITY, DATA_OWNER)
    assert replace(asked, escalated=(1,)).all_roles == (SECURITY, DATA_OWNER, Role("deputies"))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request(RequestState.APPLYING), True),
        (request(RequestState.SCHEDULED), True),
        (replace(request(RequestState.APPLYING), writing_since=NOW), False),
        (replace(request(RequestState.APPLYING), batch=BATCH), False),
        (request(RequestState.APPLYING, RequestKind.REVOCATION), False),
        (request(), False),
        (request(RequestState.APPLIED), False),
    ],
)
def test_an_approved_request_is_unwritten_until_a_write_is_stored(asked: AccessRequest, expected: bool) -> None:
    assert is_approved_and_unwritten(asked) is expected

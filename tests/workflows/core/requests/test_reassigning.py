"""Reassigning an approval: only admins, only to holders of the role, and who reassigns decides nothing any more."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    DATA_OWNER,
    EXPIRY,
    NOW,
    RILEY,
    SAM,
    approval,
    person,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.people import ADMIN, Person
from workflows.core.policy.approval import NotCountedReason
from workflows.core.requests.commands.people import Reassign
from workflows.core.requests.commands.request import Approve
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.eligibility import IneligibleReason, eligibility
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, BatchId, EditRecord, Support
from workflows.core.requests.transitions.taking_part.reassigning import (
    MAX_REASON_CHARACTERS,
    MAX_REASSIGNMENTS,
    require_enough_asked,
)
from workflows.core.requests.transitions.transition import Situation, Transition

DIGEST = request().plan.digest
ERIN = person("Erin")
SECOND_SECURITY = {"erin": "security"}


def reassign(
    to: Person = ERIN,
    *,
    of: Person = AMARA,
    by: Person = DANA,
    digest: str = DIGEST,
    reason: str = " on leave ",
    about: AccessRequest | None = None,
    at: Situation | None = None,
    **roles: str,
) -> Transition:
    """Let an admin reassign an approval of the open stage."""
    command: Reassign[Person] = Reassign(
        actor=by, request_id=request().id, digest=type(DIGEST)(digest), from_person=of, to_person=to, reason=reason
    )
    now = at or situation(**{**SECOND_SECURITY, **roles})
    return advance(request(decisions=()) if about is None else about, command, now)


def refused(**changes: object) -> R:
    """Return why it is refused."""
    with pytest.raises(Refused) as error:
        reassign(**changes)  # type: ignore[arg-type]
    return R(error.value.code)


def test_the_new_person_gets_a_message_and_the_record_says_who_why_and_when() -> None:
    moved = reassign()
    [made] = moved.request.reassignments
    assert (made.stage, made.from_person, made.to_person, made.by) == (0, AMARA, ERIN, DANA)
    assert (made.reason, made.at, made.round) == ("on leave", NOW, 0)
    shown, message = moved.effects
    assert isinstance(shown, ShowRequest)
    assert isinstance(message, SendMessage)
    assert (message.person, message.fact.code) == (ERIN.chat_id, MessageCode.REASSIGNED_TO_YOU)
    assert eligibility(moved.request).stand_ins[0].delegate == ERIN.chat_id
    assert moved.request.require_prepared().stages == request().require_prepared().stages


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"by": BRUNO}, R.ONLY_ADMINS_REASSIGN),
        ({"digest": "0" * 64}, R.CARD_OUT_OF_DATE),
        ({"at": situation(EXPIRY)}, R.EXPIRED),
        ({"reason": "  "}, R.REASSIGN_REASON_MISSING),
        ({"reason": "n" * (MAX_REASON_CHARACTERS + 1)}, R.REASSIGN_REASON_TOO_LONG),
        ({"of": BRUNO}, R.REASSIGNED_FROM_NOBODY),
        ({"of": RILEY}, R.REASSIGNED_FROM_NOBODY),
        ({"to": AMARA}, R.REASSIGNED_TO_SAME),
        ({"to": BRUNO}, R.REASSIGNED_TO_WITHOUT_ROLE),
        ({"to": SAM}, R.REASSIGNED_TO_EXCLUDED),
        ({"to": RILEY}, R.REASSIGNED_TO_EXCLUDED),
        ({"to": DANA, "dana": "admin security"}, R.REASSIGNED_TO_EXCLUDED),
    ],
)
def test_a_reassignment_that_would_help_nobody_is_refused(changes: dict[str, object], code: R) -> None:
    assert refused(**changes) is code


def test_the_admin_who_reassigned_does_not_decide() -> None:
    moved = reassign(dana="admin security").request
    assert eligibility(moved).ineligible_reason(DANA.chat_id, DANA.id) is IneligibleReason.REASSIGNER
    approve: Approve[Person] = Approve(actor=DANA, request_id=moved.id, digest=DIGEST)
    with pytest.raises(Refused) as error:
        advance(moved, approve, situation(dana="admin security"))
    assert error.value.code is R.REASSIGNER_MAY_NOT_DECIDE


def test_an_approval_of_who_reassigned_counts_nowhere() -> None:
    """Also where the approval was stored at the same time, and when everybody is read again before the write."""
    moved = reassign().request
    moved = replace(moved, decisions=(approval(DANA, 0),))
    roles = situation(dana="admin security").current_roles
    for current_roles in (None, roles):
        verdict = moved.verdict(current_roles)
        assert verdict.counted_people[0] == ()
        assert [fact.code for fact in verdict.not_counted] == [NotCountedReason.MAY_NOT]


def test_an_admin_who_has_approved_cannot_reassign() -> None:
    """Otherwise their approval would not count any more, and fewer people would have decided than before."""
    about = request(decisions=(approval(DANA, 0),))
    assert refused(about=about, of=BRUNO, to=CHIE, dana="admin security") is R.REASSIGNER_HAS_APPROVED


@pytest.mark.parametrize("by", [RILEY, SAM, ERIN, person("Fay")])
def test_an_admin_who_takes_part_does_not_choose_who_is_asked(by: Person) -> None:
    """Requester, sponsor, editor and supporter: nobody directs their own request to somebody they prefer."""
    about = request(decisions=(), edits=(EditRecord(person=ERIN, at=NOW),), supports=(Support(person=by, at=NOW),))
    if by in (RILEY, SAM, ERIN):
        about = replace(about, supports=())
    to, roles = person("Gil"), {"gil": "security", by.name.lower(): ADMIN}
    assert refused(about=about, to=to, by=by, **roles) is R.REASSIGNER_TAKES_PART


def test_an_admin_who_reassigned_before_reassigns_again() -> None:
    moved = reassign().request
    assert len(reassign(about=moved, of=ERIN, to=AMARA).request.reassignments) == 2


def test_to_somebody_who_has_approved_is_refused() -> None:
    about = request(decisions=(approval(AMARA, 0), approval(CHIE, 1)))
    changes: dict[str, object] = {"about": about, "of": BRUNO}
    assert refused(**changes, to=CHIE) is R.REASSIGNED_TO_DECIDED
    assert refused(**changes, to=AMARA, amara="security data-owner") is R.REASSIGNED_TO_DECIDED
    assert refused(about=about, of=CHIE, to=BRUNO) is R.REASSIGNED_FROM_NOBODY


def test_the_same_approval_is_not_reassigned_twice() -> None:
    moved = reassign().request
    assert refused(about=moved, to=person("Fay"), fay="security") is R.REASSIGNED_FROM_NOBODY
    again = reassign(about=moved, of=ERIN, to=AMARA).request
    assert [one.person for one in eligibility(again).stand_ins] == [ERIN.chat_id]


def test_the_number_of_reassignments_is_bounded() -> None:
    moved = reassign().request
    many = replace(moved, reassignments=moved.reassignments * MAX_REASSIGNMENTS)
    assert refused(about=many) is R.REASSIGNED_TOO_OFTEN


def test_it_is_not_possible_without_an_open_stage_or_in_a_batch() -> None:
    decided = request(decisions=(approval(AMARA, 0), approval(BRUNO, 1), approval(CHIE, 1)))
    assert refused(about=decided) is R.ALL_APPROVALS_GIVEN
    assert refused(about=replace(request(decisions=()), batch=BatchId("B-1"))) is R.IN_A_BATCH


def test_in_a_new_round_everybody_is_asked_and_the_admin_still_does_not_decide() -> None:
    moved = reassign().request
    later = replace(moved, round=1, edits=(EditRecord(person=RILEY, at=NOW),))
    assert eligibility(later).stand_ins == ()
    assert DANA.id in eligibility(later).excluded_ids


def test_who_decided_in_whose_place_is_recorded_and_counts_once() -> None:
    start = request(decisions=())
    approve: Approve[Person] = Approve(actor=AMARA, request_id=start.id, digest=DIGEST, on_behalf_of=ERIN)
    assert approve.audit_details() == {
        "digest": DIGEST,
        "account": AMARA.id,
        "on_behalf_of": ERIN.id,
        "on_behalf_of_name": "Erin",
    }
    moved = advance(start, approve, situation()).request
    [decision] = moved.decisions
    assert (decision.on_behalf_of, decision.names) == (ERIN, "Amara for Erin")
    verdict = moved.verdict()
    assert verdict.name_of(AMARA) == "Amara for Erin"
    assert verdict.name_of(BRUNO) == "Bruno"
    assert verdict.counted_people == ((AMARA,), ())
    again: Approve[Person] = Approve(actor=AMARA, request_id=start.id, digest=DIGEST)
    with pytest.raises(Refused) as error:
        advance(moved, again, situation(amara=f"security {DATA_OWNER}"))
    assert error.value.code is R.ALREADY_DECIDED


def test_a_click_names_whom_it_is_about() -> None:
    click = Reassign(
        actor=DANA.chat_id,
        request_id=request().id,
        digest=DIGEST,
        from_person=AMARA.chat_id,
        to_person=ERIN.chat_id,
        reason="why",
    )
    assert click.audit_details() == {"digest": DIGEST, "from": AMARA.chat_id, "to": ERIN.chat_id, "reason": "why"}


def left(*able: Person, of: Person = BRUNO, to: Person = CHIE, about: AccessRequest | None = None) -> None:
    """Check whether enough of these people are asked after a reassignment in the stage of the data owners."""
    start = request(decisions=(approval(AMARA, 0),)) if about is None else about
    require_enough_asked(start, of, to, able={one.chat_id for one in able})


def test_a_reassignment_that_leaves_too_few_people_asked_is_refused_with_names() -> None:
    """Two of two data owners must approve: one of them cannot be asked in place of the other."""
    with pytest.raises(Refused) as error:
        left(BRUNO, CHIE)
    assert error.value.code is R.REASSIGNED_LEAVES_TOO_FEW
    assert error.value.fact.values == {
        "from": "Bruno",
        "to": "Chie",
        "stage": "Data owners",
        "role": DATA_OWNER,
        "missing": 2,
        "asked": 1,
    }


def test_a_reassignment_that_leaves_enough_people_asked_is_allowed() -> None:
    left(BRUNO, CHIE, ERIN)
    left(CHIE, about=request(decisions=(approval(AMARA, 0), approval(BRUNO, 1))), of=ERIN)


def test_to_somebody_whose_approval_was_reassigned_before_leaves_as_many_people_asked() -> None:
    start = request(decisions=(approval(AMARA, 0),))
    moved = reassign(about=start, of=BRUNO, to=ERIN, erin="data-owner").request
    left(BRUNO, CHIE, ERIN, about=moved, of=CHIE, to=BRUNO)
    with pytest.raises(Refused):
        left(BRUNO, CHIE, ERIN, about=moved, of=CHIE, to=ERIN)

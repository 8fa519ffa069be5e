"""Who may ask, answer and comment, what is refused with which cure, and when the clock stops."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    DANA,
    EXPIRY,
    MALLORY,
    MILLISECOND,
    NOW,
    QUESTION,
    REQUEST,
    RILEY,
    SAM,
    approval,
    edit,
    noted,
    person,
    prepared,
    request,
    situation,
)
from workflows.core.conversation.remarks import (
    MAX_ASKED,
    MAX_OPEN_QUESTIONS,
    MAX_REMARKS,
    MAX_TEXT,
    RemarkId,
    RemarkKind,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.policy.working_time import WorkingCalendar, add_working_days
from workflows.core.requests.commands.automatic import Replan
from workflows.core.requests.commands.clicks import written_text
from workflows.core.requests.commands.request import Answer, Approve, Ask, Comment, Withdraw
from workflows.core.requests.deadlines.clock_stops import resume_when_over
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, RequestState, StopCause
from workflows.core.requests.transitions.conversation import require_may_answer, require_remarks_possible
from workflows.core.requests.transitions.transition import Situation

HOUR = timedelta(hours=1)
ANSWERED = replace(QUESTION, id=RemarkId("2"), kind=RemarkKind.ANSWER, person=RILEY, asked=(), answers="1")
WAITS = request()
ASKED = request(remarks=(QUESTION,))


def ask(actor: Person = AMARA, text: str = "Which sites?", *asked: Person) -> Ask[Person]:
    return Ask(actor=actor, request_id=REQUEST, text=text, asked=asked or (RILEY,))


def answer(actor: Person = RILEY, text: str = "Two.", question: str = "1") -> Answer[Person]:
    return Answer(actor=actor, request_id=REQUEST, question=RemarkId(question), text=text)


def comment(actor: Person = SAM, text: str = "I agree.") -> Comment[Person]:
    return Comment(actor=actor, request_id=REQUEST, text=text)


def after(before: AccessRequest, command: Any, moment: Situation | None = None) -> AccessRequest:
    return advance(before, command, moment or situation()).request


def refusal(before: AccessRequest, command: Any, moment: Situation | None = None) -> Refused:
    with pytest.raises(Refused) as refused:
        advance(before, command, moment or situation())
    return refused.value


def test_a_question_is_recorded_with_whom_it_asks_and_stops_the_clock() -> None:
    """NOW is a Monday: five working days later is the next Monday."""
    transition = advance(WAITS, ask(AMARA, "  Which sites?\n", RILEY, SAM), situation())
    [question] = transition.request.remarks
    assert question.kind is RemarkKind.QUESTION
    assert (question.person, question.text, question.asked, question.at) == (AMARA, "Which sites?", (RILEY, SAM), NOW)
    assert question.stops_clock
    assert transition.effects == (ShowRequest(request_id=REQUEST),)
    stop = transition.request.clock_stop
    assert stop is not None
    assert stop.cause is StopCause.QUESTION
    assert stop.ends_by == add_working_days(NOW, 5, WorkingCalendar())
    assert transition.request.expires_at == EXPIRY + (stop.ends_by - NOW)


def test_an_answer_lets_the_clock_run_again_with_the_time_that_was_left() -> None:
    stopped = after(WAITS, ask())
    answered = after(stopped, answer(), situation(NOW + 5 * HOUR))
    assert answered.clock_stop is None
    assert answered.expires_at == EXPIRY + 5 * HOUR
    assert [one.kind for one in answered.remarks] == [RemarkKind.QUESTION, RemarkKind.ANSWER]
    assert answered.remarks[1].answers == answered.remarks[0].id


def test_the_clock_stays_stopped_until_the_last_question_is_answered() -> None:
    both = after(after(WAITS, ask()), ask(BRUNO), situation(NOW + HOUR))
    assert len(both.clock_stops) == 1
    first = after(both, answer(), situation(NOW + 2 * HOUR))
    assert first.clock_stop is not None
    last = after(first, answer(question="2"), situation(NOW + 3 * HOUR))
    assert last.clock_stop is None
    assert last.expires_at == EXPIRY + 3 * HOUR


def test_a_question_of_somebody_who_cannot_decide_stops_no_clock() -> None:
    """An admin, and an approver who has approved already."""
    for actor, before in ((DANA, WAITS), (AMARA, request(decisions=(approval(AMARA, 0),)))):
        asked = after(before, ask(actor))
        assert not asked.remarks[0].stops_clock
        assert asked.clock_stop is None
        assert asked.expires_at == EXPIRY
        assert after(asked, answer()).expires_at == EXPIRY


def test_questions_stop_the_clock_for_five_working_days_together_at_most() -> None:
    stopped = after(WAITS, ask())
    assert stopped.clock_stop is not None
    over = stopped.clock_stop.ends_by
    again = after(stopped, ask(BRUNO), situation(over + HOUR))
    assert again.clock_stop is None, "the first stop took all the time there is"
    assert again.expires_at == stopped.expires_at
    assert resume_when_over(stopped, over - MILLISECOND) is stopped
    assert resume_when_over(WAITS, over) is WAITS


def test_an_answer_that_arrived_in_time_counts_from_its_arrival() -> None:
    stopped = after(WAITS, ask())
    late = Situation(now=stopped.expires_at + HOUR, received_at=NOW + HOUR, current_roles=situation().current_roles)
    assert after(stopped, answer(), late).expires_at == EXPIRY + HOUR


@pytest.mark.threats("C4")
def test_a_comment_changes_no_plan_so_a_click_on_the_card_from_before_it_counts() -> None:
    commented = after(WAITS, comment(SAM))
    assert commented.plan.digest == WAITS.plan.digest
    approve = Approve(actor=AMARA, request_id=REQUEST, digest=WAITS.plan.digest)
    assert [one.person for one in after(commented, approve).decisions] == [AMARA]


@pytest.mark.parametrize("command", [ask(), answer(), comment()])
def test_nothing_is_written_after_the_deadline(command: Any) -> None:
    assert refusal(ASKED, command, situation(EXPIRY)).code is RefusalCode.EXPIRED


@pytest.mark.parametrize(
    ("actor", "may_comment"), [(RILEY, True), (SAM, True), (MALLORY, False)], ids=["requester", "sponsor", "other"]
)
def test_who_never_decides_cannot_ask_and_learns_whether_to_comment(actor: Person, may_comment: bool) -> None:
    """Riley and Sam hold every approver's role."""
    refused = refusal(WAITS, ask(actor, "?", DANA))
    assert refused.code is RefusalCode.MAY_NOT_ASK
    assert refused.fact.values == {"may_comment": may_comment}


@pytest.mark.parametrize("actor", [AMARA, BRUNO, DANA])
def test_approvers_of_every_stage_and_admins_may_ask_and_comment(actor: Person) -> None:
    assert after(WAITS, ask(actor)).remarks[0].person == actor
    assert after(WAITS, comment(actor)).remarks[0].kind is RemarkKind.COMMENT


def test_who_has_nothing_to_do_with_a_request_cannot_comment_until_asked() -> None:
    assert refusal(WAITS, comment(MALLORY)).code is RefusalCode.MAY_NOT_COMMENT
    asked = after(WAITS, ask(AMARA, "?", MALLORY))
    assert after(asked, comment(MALLORY)).remarks[1].person == MALLORY


def test_who_is_asked_and_the_requester_can_answer_and_nobody_else() -> None:
    asked = request(remarks=(replace(QUESTION, asked=(CHIE,)),))
    assert after(asked, answer(CHIE)).remarks[1].person == CHIE
    assert after(asked, answer(RILEY)).remarks[1].person == RILEY
    sent = replace(asked, prepared=prepared(submitter=DANA))
    assert after(sent, answer(DANA)).remarks[1].person == DANA, "who sent it for the requester has the same card"
    refused = refusal(asked, answer(BRUNO))
    assert refused.code is RefusalCode.MAY_NOT_ANSWER
    assert refused.fact.values == {"asked": ["Chie"]}
    own = replace(QUESTION, person=CHIE, asked=(CHIE,))
    with pytest.raises(Refused):
        require_may_answer(asked, own, CHIE)


def test_a_question_is_answered_once_and_must_exist() -> None:
    answered = request(remarks=(QUESTION, ANSWERED))
    again = refusal(answered, answer())
    assert (again.code, again.fact.values) == (RefusalCode.ALREADY_ANSWERED, {"name": "Riley"})
    assert refusal(WAITS, answer()).code is RefusalCode.UNKNOWN_QUESTION


@pytest.mark.parametrize("before_and_command", [(WAITS, ask), (ASKED, answer), (WAITS, comment)])
def test_an_empty_and_a_long_text_are_refused(before_and_command: Any) -> None:
    before, make = before_and_command
    actor = {ask: AMARA, answer: RILEY, comment: SAM}[make]
    assert refusal(before, make(actor, " \n")).code is RefusalCode.REMARK_EMPTY
    long = refusal(before, make(actor, "x" * (MAX_TEXT + 1)))
    assert long.code is RefusalCode.REMARK_TOO_LONG
    assert long.fact.values == {"maximum": MAX_TEXT, "characters": MAX_TEXT + 1}
    assert after(before, make(actor, "x" * MAX_TEXT))


def test_whom_a_question_may_ask_is_limited() -> None:
    assert refusal(WAITS, Ask(actor=AMARA, request_id=REQUEST, text="?", asked=())).code is RefusalCode.NOBODY_ASKED
    assert refusal(WAITS, ask(AMARA, "?", AMARA, RILEY)).code is RefusalCode.NOBODY_ASKED
    many = tuple(person(f"P{number}") for number in range(MAX_ASKED + 1))
    assert refusal(WAITS, ask(AMARA, "?", *many)).code is RefusalCode.TOO_MANY_ASKED


def test_open_questions_of_one_person_and_remarks_of_a_request_are_limited() -> None:
    questions = tuple(replace(QUESTION, id=RemarkId(str(number))) for number in range(1, MAX_OPEN_QUESTIONS + 1))
    full = request(remarks=questions)
    assert refusal(full, ask()).code is RefusalCode.ASKED_TOO_MANY
    assert after(full, ask(BRUNO)), "the limit is that of one person"
    assert after(after(full, answer()), ask()), "an answered question does not count"
    comments = tuple(
        replace(QUESTION, id=RemarkId(str(number)), kind=RemarkKind.COMMENT) for number in range(2, MAX_REMARKS + 1)
    )
    most = request(remarks=(QUESTION, *comments))
    assert refusal(most, comment()).code is RefusalCode.REMARKS_FULL
    assert refusal(most, ask(BRUNO)).code is RefusalCode.REMARKS_FULL
    assert after(most, answer()), "an open question can always be answered"


@pytest.mark.parametrize("again", [edit(), Replan(reason=noted("The partner changed."))], ids=["edit", "replan"])
def test_a_new_plan_keeps_the_questions_and_stops_its_own_time_while_one_is_open(again: Any) -> None:
    stopped = after(WAITS, ask())
    planned = after(stopped, again, situation(NOW + HOUR))
    assert planned.remarks == stopped.remarks
    assert planned.state is RequestState.PREPARING
    stop = planned.clock_stop
    assert stop is not None
    assert planned.clock_stops[0].ended_at == NOW + HOUR
    assert planned.expires_at == stop.deadline + (stop.ends_by - stop.began_at)
    answered = after(planned, answer(), situation(NOW + 2 * HOUR))
    assert answered.clock_stop is None
    assert answered.expires_at == stop.deadline + HOUR


def test_a_new_plan_without_an_open_question_has_its_usual_time() -> None:
    answered = after(after(WAITS, ask()), answer())
    assert after(answered, edit(), situation(NOW + HOUR)).clock_stop is None


def test_a_member_of_a_batch_takes_no_remarks_and_a_closed_request_neither() -> None:
    for command in (ask(), answer(), comment()):
        refused = refusal(replace(ASKED, batch=BATCH), command)
        assert (refused.code, refused.fact.values) == (RefusalCode.IN_A_BATCH, {"batch": BATCH, "writes": True})
    by_hand = refusal(request(batch=BATCH), Withdraw(actor=RILEY.chat_id, request_id=REQUEST))
    assert by_hand.fact.values == {"batch": BATCH}


def test_a_window_is_refused_for_the_same_reasons() -> None:
    require_remarks_possible(ASKED, NOW)
    require_remarks_possible(request(RequestState.PREPARING), NOW, is_answer=True)
    for before, now, code in (
        (request(RequestState.PREPARING), NOW, RefusalCode.NOT_POSSIBLE_IN_THIS_STATE),
        (request(RequestState.APPLIED), NOW, RefusalCode.NOT_POSSIBLE_IN_THIS_STATE),
        (request(batch=BATCH), NOW, RefusalCode.IN_A_BATCH),
        (ASKED, EXPIRY, RefusalCode.EXPIRED),
    ):
        with pytest.raises(Refused) as refused:
            require_remarks_possible(before, now)
        assert refused.value.code is code


def test_only_written_clicks_have_a_text_to_show_back() -> None:
    assert written_text(Comment(actor=SAM.chat_id, request_id=REQUEST, text="I agree.")) == "I agree."
    assert written_text(Withdraw(actor=RILEY.chat_id, request_id=REQUEST)) == ""

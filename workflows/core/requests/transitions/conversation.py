"""Questions, answers and comments about a request that waits for approvals: who may write, and what that changes.

A question of somebody who may still decide stops the clock of the request, and the answer to the last such question
lets it run again. A remark changes nothing that is decided on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from workflows.core.conversation.remarks import (
    MAX_ASKED,
    MAX_OPEN_QUESTIONS,
    MAX_REMARKS,
    MAX_TEXT,
    Remark,
    RemarkKind,
    answer_to,
    counts_towards_limit,
    next_remark_id,
    open_questions,
    question_of,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.policy.approval import deciding_roles
from workflows.core.requests.commands.request import Answer, Ask, Comment
from workflows.core.requests.deadlines.clock_stops import (
    is_answer_awaited,
    resume_clock,
    resume_when_over,
    stop_clock,
)
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.eligibility import IneligibleReason, eligibility
from workflows.core.requests.request import AccessRequest, RequestState, StopCause
from workflows.core.requests.transitions.transition import Situation, Transition, changed, not_possible_now

_MAY_ASK_ANYHOW = (None, IneligibleReason.COUNTED)
"""Who has approved may ask as well. Who may never decide may only comment."""


def ask(request: AccessRequest, command: Ask[Person], situation: Situation) -> Transition:
    """Record a question. It stops the clock when its author may still decide."""
    actor, roles = command.actor, situation.current_roles
    _require_in_time(request, situation)
    require_may_ask(request, actor, roles)
    require_question(request, actor, command.text, command.asked)
    question = new_remark(request, RemarkKind.QUESTION, actor, command.text, situation)
    stops = may_still_decide(request, actor, roles)
    question = replace(question, asked=command.asked, stops_clock=stops)
    if stops:
        running = resume_when_over(request, situation.now)
        request = stop_clock(running, StopCause.QUESTION, question.at, situation.calendar)
    return _with_remark(request, question, situation)


def answer(request: AccessRequest, command: Answer[Person], situation: Situation) -> Transition:
    """Record the answer to a question."""
    _require_in_time(request, situation)
    question = require_open_question(request, command.question)
    require_may_answer(request, question, command.actor)
    require_text(command.text)
    remark = new_remark(request, RemarkKind.ANSWER, command.actor, command.text, situation)
    request = replace(request, remarks=(*request.remarks, replace(remark, answers=question.id)))
    if not is_answer_awaited(request):
        request = resume_clock(request, StopCause.QUESTION, remark.at)
    return _stored(request, situation)


def comment(request: AccessRequest, command: Comment[Person], situation: Situation) -> Transition:
    """Record a comment."""
    _require_in_time(request, situation)
    require_may_comment(request, command.actor, situation.current_roles)
    require_comment(request, command.text)
    remark = new_remark(request, RemarkKind.COMMENT, command.actor, command.text, situation)
    return _with_remark(request, remark, situation)


def require_remarks_possible(request: AccessRequest, now: datetime, *, is_answer: bool = False) -> None:
    """Check that a request waits for approvals. The lifecycle checks it again; this is for a window.

    :param is_answer: whether it is about an answer, which is possible while the request is prepared again as well.
    :raises Refused: otherwise; for a member of a batch; and after the deadline.
    """
    if request.batch is not None:
        raise Refused(RefusalCode.IN_A_BATCH, batch=request.batch, writes=True)
    states = (RequestState.AWAITING_APPROVAL, *([RequestState.PREPARING] if is_answer else []))
    if request.state not in states:
        raise not_possible_now(request)
    if now >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)


def require_text(text: str) -> None:
    """Check the text of a remark.

    :raises Refused: when it is empty or too long.
    """
    if not text.strip():
        raise Refused(RefusalCode.REMARK_EMPTY)
    if len(text.strip()) > MAX_TEXT:
        raise Refused(RefusalCode.REMARK_TOO_LONG, maximum=MAX_TEXT, characters=len(text.strip()))


def require_comment(request: AccessRequest, text: str) -> None:
    """Check the text of a comment, and the number of remarks.

    :raises Refused: when the text is empty or too long, or there are too many remarks.
    """
    require_text(text)
    if sum(map(counts_towards_limit, request.remarks)) >= MAX_REMARKS:
        raise Refused(RefusalCode.REMARKS_FULL, maximum=MAX_REMARKS)


def require_question(request: AccessRequest, actor: Person, text: str, asked: Sequence[Person]) -> None:
    """Check a question: its text, whom it names, and how many questions are open.

    :raises Refused: when a limit is exceeded, or nobody else is asked.
    """
    require_comment(request, text)
    if not asked or actor.id in {person.id for person in asked}:
        raise Refused(RefusalCode.NOBODY_ASKED)
    if len(asked) > MAX_ASKED:
        raise Refused(RefusalCode.TOO_MANY_ASKED, maximum=MAX_ASKED)
    own = [one for one in open_questions(request.remarks) if one.person.id == actor.id]
    if len(own) >= MAX_OPEN_QUESTIONS:
        raise Refused(RefusalCode.ASKED_TOO_MANY, maximum=MAX_OPEN_QUESTIONS)


def require_open_question(request: AccessRequest, question_id: str) -> Remark:
    """Return a question that has no answer yet.

    :raises Refused: when there is no such question, or it is answered.
    """
    question = question_of(request.remarks, question_id)
    if question is None:
        raise Refused(RefusalCode.UNKNOWN_QUESTION)
    if (earlier := answer_to(request.remarks, question)) is not None:
        raise Refused(RefusalCode.ALREADY_ANSWERED, name=earlier.person.name)
    return question


def require_may_answer(request: AccessRequest, question: Remark, actor: Person) -> None:
    """Check that a person was asked, or is the requester or who sent the request for them.

    :raises Refused: otherwise, and for the author of the question.
    """
    is_asked = actor.id in {person.id for person in question.asked} or request.is_filed_by(None, actor.id)
    if not is_asked or actor.id == question.person.id:
        raise Refused(RefusalCode.MAY_NOT_ANSWER, asked=[person.name for person in question.asked])


def require_may_ask(request: AccessRequest, actor: Person, current_roles: CurrentRoles) -> None:
    """Check that a person may decide on a stage of a request, or is an admin, and is none of those who never decide.

    :raises Refused: otherwise.
    """
    reason = eligibility(request).ineligible_reason(actor.chat_id, actor.id)
    if reason not in _MAY_ASK_ANYHOW or not _holds_any_role(request, actor, current_roles):
        raise Refused(RefusalCode.MAY_NOT_ASK, may_comment=may_comment(request, actor, current_roles))


def require_may_comment(request: AccessRequest, actor: Person, current_roles: CurrentRoles) -> None:
    """Check that a person has to do with a request, see `may_comment`.

    :raises Refused: otherwise.
    """
    if not may_comment(request, actor, current_roles):
        raise Refused(RefusalCode.MAY_NOT_COMMENT)


def may_comment(request: AccessRequest, actor: Person, current_roles: CurrentRoles) -> bool:
    """Return whether a person has to do with a request: may decide on it, was asked, is an admin or is named on it."""
    people = eligibility(request)
    named = people.ineligible_reason(actor.chat_id, actor.id) is not None
    asked = {person.id for one in request.remarks for person in one.asked}
    return named or actor.id in asked or _holds_any_role(request, actor, current_roles)


def _holds_any_role(request: AccessRequest, actor: Person, current_roles: CurrentRoles) -> bool:
    """Return whether a person is an admin, or has a role that decides in a stage now."""
    stages = request.require_prepared().stages
    roles = (role for index, _ in enumerate(stages) for role in deciding_roles(stages, index, request.escalated))
    return any(current_roles.holds(actor.id, role) for role in (ADMIN, *roles))


def may_still_decide(request: AccessRequest, actor: Person, current_roles: CurrentRoles) -> bool:
    """Return whether a person may decide in the open stage of a request, or in a later one."""
    people = eligibility(request)
    if people.ineligible_reason(actor.chat_id, actor.id) is not None:
        return False
    return any(current_roles.holds(actor.id, role) for stage in people.open_stages for role in stage.roles)


def _require_in_time(request: AccessRequest, situation: Situation) -> None:
    received: datetime = situation.received_at or situation.now
    if received >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)


def new_remark(request: AccessRequest, kind: RemarkKind, actor: Person, text: str, situation: Situation) -> Remark:
    """Return a remark that is not recorded yet."""
    at = situation.received_at or situation.now
    return Remark(id=next_remark_id(request.remarks), kind=kind, person=actor, text=text.strip(), at=at)


def _with_remark(request: AccessRequest, remark: Remark, situation: Situation) -> Transition:
    return _stored(replace(request, remarks=(*request.remarks, remark)), situation)


def _stored(request: AccessRequest, situation: Situation) -> Transition:
    request = changed(request, request.state, situation)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))

"""Reassign an approval: an admin has somebody else of the same role asked. It changes nobody's right but the admin's.

The number of approvals stays as it is, and the admin may not decide on the request from then on.
"""

from collections.abc import Collection
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, ChatId, CurrentRoles, Person
from workflows.core.policy.approval import holds_stage
from workflows.core.policy.delegation.asking import Reassignment, StandIn, people_left_asked
from workflows.core.requests.commands.people import Reassign
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.eligibility import Eligibility, IneligibleReason, eligibility
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.transition import Situation, Transition, changed, partner_of

MAX_REASSIGNMENTS: Final = 20
"""How often the approvals of one request can be reassigned."""
MAX_REASON_CHARACTERS: Final = 500


def reassign(request: AccessRequest, command: Reassign[Person], situation: Situation) -> Transition:
    received = situation.received_at or situation.now
    if received >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    if command.digest != request.plan.digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE)
    roles = situation.current_roles
    stage = require_may_reassign(request, command.actor, roles)
    require_from(request, stage, command.from_person, current_roles=roles)
    require_to(request, stage, command.from_person, command.to_person, by=command.actor, current_roles=roles)
    made = Reassignment(
        stage=stage,
        from_person=command.from_person,
        to_person=command.to_person,
        by=command.actor,
        at=received,
        reason=require_reason(command.reason),
        round=request.round,
    )
    request = changed(request, request.state, situation, reassignments=(*request.reassignments, made))
    values = {"partner": partner_of(request), "request": request.id, "by": made.by.name, "from": made.from_person.name}
    message = SendMessage(
        person=made.to_person.chat_id,
        subject=CommandSubject(request_id=request.id),
        fact=Fact(MessageCode.REASSIGNED_TO_YOU, {**values, "reason": made.reason}),
    )
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), message))


def require_may_reassign(request: AccessRequest, actor: Person, current_roles: CurrentRoles) -> int:
    """Check that a person may reassign an approval of a request now.

    :returns: the index of the open stage.
    :raises Refused: for everybody but admins, for an admin who takes part or has approved, and when nothing is open.
    """
    if not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_REASSIGN)
    people = eligibility(request)
    if people.approved_stage(actor.id) is not None:
        raise Refused(RefusalCode.REASSIGNER_HAS_APPROVED)
    if people.ineligible_reason(actor.chat_id, actor.id) not in (None, IneligibleReason.REASSIGNER):
        raise Refused(RefusalCode.REASSIGNER_TAKES_PART)  # nobody chooses who decides on what they take part in
    if len(request.reassignments) >= MAX_REASSIGNMENTS:
        raise Refused(RefusalCode.REASSIGNED_TOO_OFTEN, limit=MAX_REASSIGNMENTS)
    if people.verdict.open_stage is None:
        raise Refused(RefusalCode.ALL_APPROVALS_GIVEN)
    return people.verdict.open_stage


def require_reason(reason: str) -> str:
    """Return the reason without spaces around it.

    :raises Refused: when it is missing or too long.
    """
    text = reason.strip()
    if not text:
        raise Refused(RefusalCode.REASSIGN_REASON_MISSING)
    if len(text) > MAX_REASON_CHARACTERS:
        raise Refused(RefusalCode.REASSIGN_REASON_TOO_LONG, length=len(text), limit=MAX_REASON_CHARACTERS)
    return text


def require_from(request: AccessRequest, stage: int, person: Person, *, current_roles: CurrentRoles) -> None:
    """Check that a person is one of those whose approval can be reassigned. They may be away.

    :raises Refused: when they do not have the role, may not decide, or their approval was reassigned already.
    """
    people, asked = eligibility(request), eligibility(request).stages[stage]
    is_reassigned = any(one.person == person.chat_id for one in people.stand_ins)
    is_excluded = people.ineligible_reason(person.chat_id, person.id) is not None
    if is_reassigned or is_excluded or not holds_stage(person, stage, people.stages, people.escalated, current_roles):
        raise Refused(RefusalCode.REASSIGNED_FROM_NOBODY, name=person.name, stage=asked.title)


def require_to(
    request: AccessRequest,
    stage: int,
    from_person: Person,
    to_person: Person,
    *,
    by: Person,
    current_roles: CurrentRoles,
) -> None:
    """Check that a person can be asked in place of another one: a holder of the role who may decide.

    :raises Refused: for anybody else.
    """
    people, name = eligibility(request), to_person.name
    if to_person.id == from_person.id:
        raise Refused(RefusalCode.REASSIGNED_TO_SAME, name=name)
    reason = _reason_against(people, to_person, by)
    if reason is IneligibleReason.COUNTED:
        raise Refused(RefusalCode.REASSIGNED_TO_DECIDED, name=name)
    if reason is not None:
        raise Refused(RefusalCode.REASSIGNED_TO_EXCLUDED, name=name)
    asked = people.stages[stage]
    if not holds_stage(to_person, stage, people.stages, people.escalated, current_roles):
        raise Refused(RefusalCode.REASSIGNED_TO_WITHOUT_ROLE, name=name, stage=asked.title, role=asked.role)


def require_enough_asked(
    request: AccessRequest, from_person: Person, to_person: Person, *, able: Collection[ChatId]
) -> None:
    """Check that no fewer people are asked after a reassignment than approvals are missing in the open stage.

    :param able: everybody who may decide in the open stage, without who reassigns.
    :raises Refused: when it leaves too few: the request would wait for who is not asked any more.
    """
    people = eligibility(request)
    stage = people.open_stages[0]
    made = StandIn(person=from_person.chat_id, name=from_person.name, delegate=to_person.chat_id, is_away=False)
    before = [one for one in people.stand_ins if one.person not in (made.person, made.delegate)]
    asked = people_left_asked(frozenset(able), [*before, made])
    if len(asked) < stage.missing:
        raise Refused(
            RefusalCode.REASSIGNED_LEAVES_TOO_FEW,
            to=to_person.name,
            stage=stage.title,
            role=stage.role,
            missing=stage.missing,
            asked=len(asked),
            **{"from": from_person.name},
        )


def _reason_against(people: Eligibility, person: Person, by: Person) -> IneligibleReason | None:
    """Return why a person may not decide. Who reassigns may not, from then on."""
    return IneligibleReason.REASSIGNER if person.id == by.id else people.ineligible_reason(person.chat_id, person.id)

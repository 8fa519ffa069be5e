"""Check who may decide on a request, and until when.

Requester, submitter, sponsor, supporters, the partner's recent sponsors and the authors of adopted settings never may.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, CurrentRoles, Person, PersonId, Role
from workflows.core.plans.closing import closes_everything, writes_only_reductions
from workflows.core.policy.approval import Choice, deciding_roles, holds_stage
from workflows.core.requests.eligibility import Eligibility, IneligibleReason, OpenStage, eligibility
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

_NEVER_DECIDE: Final = {
    IneligibleReason.REQUESTER: RefusalCode.REQUESTER_MAY_NOT_DECIDE,
    IneligibleReason.SPONSOR: RefusalCode.SPONSOR_MAY_NOT_DECIDE,
    IneligibleReason.PARTNER_SPONSOR: RefusalCode.PARTNER_SPONSOR_MAY_NOT_DECIDE,
    IneligibleReason.AUTHOR: RefusalCode.AUTHOR_MAY_NOT_DECIDE,
    IneligibleReason.REASSIGNER: RefusalCode.REASSIGNER_MAY_NOT_DECIDE,
    IneligibleReason.SUBMITTER: RefusalCode.SUBMITTER_MAY_NOT_DECIDE,
    IneligibleReason.DRAFTER: RefusalCode.DRAFTER_MAY_NOT_DECIDE,
    IneligibleReason.SUPPORTER: RefusalCode.SUPPORTER_MAY_NOT_DECIDE,
}


def access_ends_at(request: AccessRequest) -> datetime | None:
    """Return when the requested access ends: on the chosen day, or a duration after the last approval.

    The duration counts from the day on which the access starts when that is later, so that its whole length is given.

    None when it has no end. A missing approval never gives None, because such access would be recorded without end.

    :raises Refused: while there is no plan yet.
    :raises AssertionError: when the end counts from the last approval and there is none. No rule asks for it then, so
        that is a programming error in Gatehouse, and nothing is written or recorded.
    """
    plan = request.plan
    if plan.ends_at is not None or plan.duration is None:
        return plan.ends_at
    approvals = [decision.at for decision in request.decisions if decision.choice is Choice.APPROVE]
    if not approvals:
        raise AssertionError(f"{request.id} has no approval, so the end of its access is not known")
    return plan.end_if_approved(max(approvals))


def is_too_late(request: AccessRequest, now: datetime) -> bool:
    """Return whether the end of the requested access has passed, so that its plan must not be written any more.

    It is never too late to close or to reduce access.

    :raises Refused: while there is no plan yet.
    """
    plan, ends_at = request.plan, access_ends_at(request)
    return ends_at is not None and now >= ends_at and not (closes_everything(plan) or writes_only_reductions(plan))


def is_in_time(request: AccessRequest, digest: str, received_at: datetime | None) -> bool:
    """Return whether a click is about the newest plan of a request and was stored before the request expired.

    :param digest: the digest of the plan that the clicked card showed.
    :param received_at: when the click was stored; None when that is not known, which never counts as in time.
    """
    is_asked = request.state is RequestState.AWAITING_APPROVAL and request.plan.digest == digest
    return is_asked and received_at is not None and received_at < request.expires_at


def require_may_decide(
    request: AccessRequest,
    actor: Person,
    digest: str,
    *,
    current_roles: CurrentRoles,
    now: datetime,
    may_repeat: bool = False,
) -> int | None:
    """Check that a person may decide on a request now.

    :param digest: the digest of the plan that the clicked card showed.
    :param may_repeat: whether a person who has approved already may decide again, in order to reject.
    :returns: the index of the stage; None when the approval chain is complete with the current roles.
    :raises Refused: when this person may not decide.
    """
    prepared, people = request.require_prepared(), eligibility(request, current_roles)
    ends_at = prepared.plan.ends_at
    if ends_at is not None and is_too_late(request, now):
        raise Refused(RefusalCode.LAST_DAY_PASSED, ends_at=ends_at.isoformat())
    if now >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    if digest != prepared.plan.digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE)
    return deciding_stage(people, actor, current_roles=current_roles, may_repeat=may_repeat)


def require_may_reject_scheduled(
    request: AccessRequest, actor: Person, digest: str, *, current_roles: CurrentRoles
) -> int:
    """Check that a person may reject an approved request that waits for its start. It does not expire.

    An admin may, whoever they are: nothing is opened by it.

    :param digest: the digest of the plan that the clicked card showed.
    :returns: the index of the stage in which the person's approval counts; of the last stage for an admin without one.
    :raises Refused: when this person may not reject it.
    """
    prepared = request.require_prepared()
    if digest != prepared.plan.digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE)
    stage = eligibility(request, current_roles).approved_stage(actor.id)
    if stage is not None:
        return stage
    if not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.MAY_NOT_REJECT_SCHEDULED)
    return len(prepared.stages) - 1


def is_begun(request: AccessRequest) -> bool:
    """Return whether a rejection cannot stop an approved request any more, because a write of it was stored.

    What only closes, and what changes guest accounts, is never stopped by a rejection.
    """
    fields = request.fields
    is_closing = fields.kind is RequestKind.REVOCATION
    return is_closing or fields.account_change is not None or request.was_sent


def is_approved_and_unwritten(request: AccessRequest) -> bool:
    """Return whether a request has all approvals and a rejection still stops it: it waits for its start or its write.

    A member of a batch is rejected with its batch.
    """
    is_waiting = request.state is RequestState.APPLYING and request.batch is None and not is_begun(request)
    return is_waiting or request.state is RequestState.SCHEDULED


def require_may_reject_unwritten(
    request: AccessRequest, actor: Person, digest: str, *, current_roles: CurrentRoles
) -> int:
    """Check that a person may reject an approved request of which nothing was written yet. It does not expire.

    Everybody may who could decide on it while it waited, whether they approved it or not, and an admin. Who may never
    decide on it, such as its requester, may not, also as an admin: they can freeze, or revoke the partner.

    :param digest: the digest of the plan that the clicked card showed.
    :returns: the index of the stage of the person; of the last stage for an admin without one.
    :raises Refused: when this person may not reject it.
    """
    prepared, people = request.require_prepared(), eligibility(request, current_roles)
    if digest != prepared.plan.digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE)
    approved_in = people.approved_stage(actor.id)
    if approved_in is not None:
        return approved_in
    stages = range(len(people.stages))
    held = [index for index in stages if holds_stage(actor, index, people.stages, people.escalated, current_roles)]
    ineligible = people.ineligible_reason(actor.chat_id, actor.id)
    if ineligible in _NEVER_DECIDE:
        raise Refused(_NEVER_DECIDE[ineligible])
    if not held and not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.NOT_AN_APPROVER)
    return held[0] if held else len(prepared.stages) - 1


def approved_at(request: AccessRequest, actor: Person, digest: str) -> datetime | None:
    """Return when a person approved this plan, when that approval counts as far as it is stored; None otherwise."""
    if (
        request.prepared is None
        or request.plan.digest != digest
        or eligibility(request).approved_stage(actor.id) is None
    ):
        return None
    return max(one.at for one in request.decisions if one.person.id == actor.id)


def deciding_stage(
    people: Eligibility, actor: Person, *, current_roles: CurrentRoles, may_repeat: bool = False
) -> int | None:
    """Return the index of the stage in which a person decides now; None when the approval chain is complete already.

    :param may_repeat: whether a person who has approved already may decide again, in order to reject.
    :raises Refused: when this person may not decide.
    """
    verdict, ineligible = people.verdict, people.ineligible_reason(actor.chat_id, actor.id)
    if ineligible in _NEVER_DECIDE:
        raise Refused(_NEVER_DECIDE[ineligible])
    if verdict.open_stage is None and _holds_any_stage(people, actor, current_roles):
        return None
    if ineligible is IneligibleReason.COUNTED:
        if may_repeat:
            return people.approved_stage(actor.id)
        raise Refused(RefusalCode.ALREADY_DECIDED)
    if verdict.open_stage is None:
        raise Refused(RefusalCode.NOT_AN_APPROVER)
    _require_role_of_stage(people, verdict.open_stage, actor, current_roles)
    return verdict.open_stage


def roles_as_decided(request: AccessRequest, actor: Person, current_roles: CurrentRoles) -> CurrentRoles | None:
    """Return the roles with which an approval is checked that decides nothing alone; None when everybody must be read.

    Earlier approvers count with the role that they had when they approved. They are read again when the last approval
    is given, and before the plan is written. Everybody must be read now when this approval would be the last one, or
    would be refused, or when the approval chain is complete already, because then somebody does not count any more.

    :param current_roles: the current roles of the actor.
    """
    if request.prepared is None or request.state is not RequestState.AWAITING_APPROVAL:
        return None
    decided = _roles_when_approved(request)
    assumed = CurrentRoles(roles={**decided, **current_roles.roles})
    open_stages = eligibility(request, assumed).open_stages
    may_decide = any(current_roles.holds(actor.id, role) for role in open_stages[0].roles)
    if actor.id in decided or _is_one_missing(open_stages) or not may_decide:
        return None
    return assumed


def next_approval_is_last(request: AccessRequest) -> bool:
    """Return whether one more approval completes the chain, so that the earlier approvers are read again with it."""
    if request.prepared is None or request.state is not RequestState.AWAITING_APPROVAL:
        return False
    return _is_one_missing(eligibility(request, CurrentRoles(roles=_roles_when_approved(request))).open_stages)


def _roles_when_approved(request: AccessRequest) -> dict[PersonId, frozenset[Role]]:
    stages, digest = request.require_prepared().stages, request.plan.digest
    return {
        decision.person.id: frozenset(deciding_roles(stages, decision.stage, request.escalated))
        for decision in request.decisions
        if decision.choice is Choice.APPROVE and decision.digest == digest
    }


def _is_one_missing(open_stages: Sequence[OpenStage]) -> bool:
    return sum(stage.missing for stage in open_stages) <= 1


def _holds_any_stage(people: Eligibility, actor: Person, current_roles: CurrentRoles) -> bool:
    indexes = range(len(people.stages))
    return any(holds_stage(actor, index, people.stages, people.escalated, current_roles) for index in indexes)


def _require_role_of_stage(people: Eligibility, open_stage: int, actor: Person, current_roles: CurrentRoles) -> None:
    """Refuse a person who does not have a role that decides in the open stage."""
    stages = people.stages
    if holds_stage(actor, open_stage, stages, people.escalated, current_roles):
        return
    stage = stages[open_stage]
    for later in stages[open_stage + 1 :]:
        if current_roles.holds(actor.id, later.role):
            raise Refused(RefusalCode.NOT_YOUR_TURN, stage=stage.title, later=later.title)
    raise Refused(RefusalCode.NOT_AN_APPROVER, stage=stage.title, role=stage.role)

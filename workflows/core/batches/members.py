"""The members of a batch: which requests one decision may decide, by which chain, and how they get the decisions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowCode, RowState
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import ApprovalChain, is_as_strict, merged_chain
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.recent_sponsors import merged
from workflows.core.people import Person
from workflows.core.plans.changes import changed_kinds
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.plan import Plan
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.relations import relation_roles
from workflows.core.policy.risk import Risk, RiskLevel, risk_for_approval
from workflows.core.policy.template import Stage
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.posture.adoption.authorship import chains_with_one_more
from workflows.core.requests.commands.automatic import AcceptBatchDecisions, EndWithBatch
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import Digest, JsonObject, computed_once
from workflows.core.settings.model import TenantId
from workflows.core.settings.open_access import access_kinds, possibly_open

_TOLD: Final = frozenset({Severity.ERROR, Severity.WARNING})
MANY: Final = 50
"""With more members than this, one approver more decides."""

_ENDED_AS: Final = {
    BatchState.REJECTED: RequestState.REJECTED,
    BatchState.WITHDRAWN: RequestState.WITHDRAWN,
    BatchState.EXPIRED: RequestState.EXPIRED,
    BatchState.STOPPED: RequestState.STOPPED,
}


def batch_chains(
    chains: Iterable[ApprovalChain], members: int, admin_title: str, *, has_unknown_author: bool = False
) -> tuple[ApprovalChain, ...]:
    """Return the chains that may decide on a batch, in the order in which they are tried.

    The chain is at least as strict as that of each member. With more than `MANY` members it asks for one approver
    more, where there is one.

    :param chains: the chains of the members; each different one is enough.
    :param admin_title: the title of the role `admin`.
    :param has_unknown_author: whether the chains are those of a draft, without the approver more that a member needs
        whose author is not known.
    """
    found: tuple[ApprovalChain, ...] = (merged_chain(dict.fromkeys(chains)),)
    for is_needed in (has_unknown_author, members > MANY):
        if is_needed:
            found = tuple(dict.fromkeys(more for one in found for more in chains_with_one_more(one, admin_title)))
    return found


def why_alone(risk: Risk, stages: Sequence[Stage] = ()) -> Facts:
    """Return why a partner with this risk is decided alone; empty when it may be decided with others.

    :param stages: the approval chain of the partner. A manager of one requester cannot decide for many.
    """
    if risk.level is RiskLevel.HIGH:
        return (Fact(RowCode.HIGH_RISK, {"reasons": [one.value for one in risk.reasons]}),)
    return (Fact(RowCode.BY_RELATION),) if relation_roles(stage.role for stage in stages) else ()


def why_row_alone(plan: Plan, record: Partnership | None, *, drafted: Digest | None = None) -> Facts:
    """Return why the row of a sheet is decided alone, besides its risk and its chain; empty when it need not be.

    :param record: the partner's record now; None without one.
    :param drafted: the digest of the settings that the partner had in the draft; None while there is no draft.
    """
    if closes_everything(plan):
        return (Fact(RowCode.CLOSES),)
    state = record.state if record is not None and record.is_closed else None
    is_blocked = plan.before is not None and not unblocked_settings(plan.before)
    if state is not None or is_blocked:
        return (Fact(RowCode.REOPENS, {"state": state}),)
    return (Fact(RowCode.EXISTS_NOW),) if plan.before is not None and drafted == settings_digest(None) else ()


def accepted_decisions(batch: Batch, row: BatchRow, request: AccessRequest) -> AcceptBatchDecisions:
    """Return the command that gives a member the decisions on its batch.

    :raises Refused: when the batch is not approved, or not for exactly the plan of this request, or when its chain is
        weaker than the request needs.
    """
    prepared = request.require_prepared()
    refused = Refused(RefusalCode.NOT_APPROVED_IN_BATCH, batch=batch.id)
    is_planned = row.state is RowState.PLANNED and row.request_id == request.id
    is_same_plan = prepared.plan.digest == row.plan_digest and prepared.plan.tenant_id == row.tenant_id
    if batch.state is not BatchState.APPLYING or batch.digest is None or not _is_approved(batch):
        raise refused
    if not (is_planned and is_same_plan and is_as_strict(batch.stages, prepared.stages)):
        raise refused
    approvals = [one for one in batch.decisions if one.choice is Choice.APPROVE]
    return AcceptBatchDecisions(
        batch=batch.id,
        batch_digest=batch.digest,
        plan_digest=prepared.plan.digest,
        stages=batch.stages,
        roles=batch.roles,
        decisions=_on_plan(batch, approvals, request),
    )


@computed_once
def _is_approved(batch: Batch) -> bool:
    """Return whether the batch has every approval. Each of its members asks, and each answer looks at every row."""
    return batch.verdict().is_complete


def with_row_sponsors(batch: Batch, sponsors: Mapping[TenantId, Sequence[Person]]) -> Batch:
    """Return a batch whose rows name every present and recent sponsor of their partner.

    Whoever is named on a row already stays: nobody may decide again because time has passed. A row that has ended gets
    nobody more: an admin who closed a partner without a record is its sponsor on record.

    :param sponsors: the recent sponsors of each partner with a record.
    """
    rows = tuple(
        row
        if row.state is RowState.ENDED
        else replace(row, partner_sponsors=merged(row.partner_sponsors, sponsors.get(row.tenant_id, ())))
        for row in batch.rows
    )
    return batch if rows == batch.rows else replace(batch, rows=rows)


def end_with(batch: Batch, request: AccessRequest) -> EndWithBatch | None:
    """Return the command that ends a member with its batch; None for a batch that may still be approved."""
    state = _ENDED_AS.get(batch.state)
    if state is None:
        return None
    has_decisions = request.prepared is None or request.batch is None
    decided = () if has_decisions else _on_plan(batch, batch.decisions, request)
    return EndWithBatch(state=state, note=batch.note, decisions=decided)


def rows_to_end(batch: Batch) -> tuple[BatchRow, ...]:
    """Return the rows of a batch that has ended whose requests must still be ended."""
    scheduled = (RowState.SCHEDULED,) if batch.ends_scheduled else ()
    return batch.in_state(RowState.WAITING, RowState.ALONE, RowState.PLANNED, *scheduled)


def ended_with(batch: Batch, row: BatchRow, request: AccessRequest) -> BatchRow:
    """Return what a row became whose batch has ended, from its request after that was ended, if it could be."""
    values = {"state": batch.state.value, "note": as_values(batch.note)}
    ended = replace(row, state=RowState.ENDED, reason=(Fact(RowCode.STOPPED, values),))
    if row.state is not RowState.SCHEDULED:
        return ended if request.batch == batch.id and request.is_terminal else row_after(row, request)
    if request.state is RequestState.APPLIED:
        return replace(row, state=RowState.APPLIED)
    # Where its day came first, it goes on: something of it may be written.
    return ended if request.is_terminal else replace(row, state=RowState.LEFT)


def _on_plan(batch: Batch, decisions: Sequence[Decision], request: AccessRequest) -> tuple[Decision, ...]:
    """Return the decisions on what the batch decides as decisions on the plan of a member that it contains."""
    digest = request.plan.digest
    return tuple(
        replace(decision, digest=digest, batch_digest=decision.digest)
        for decision in decisions
        if decision.digest == batch.digest
    )


def row_after(row: BatchRow, request: AccessRequest) -> BatchRow:
    """Return what a row became, from its request as it is stored: planned, applied, gone on alone, or ended.

    :param request: the request of the row, after it was filed.
    """
    if request.batch is None and row.request_id == request.id:
        return _left(row, request)
    if request.state is RequestState.APPLIED:
        return replace(row, state=RowState.APPLIED)
    if request.is_terminal:
        values = {"state": request.state.value, "note": as_values(request.note)}
        return replace(row, state=RowState.ENDED, reason=(Fact(RowCode.STOPPED, values),))
    if row.state is RowState.WAITING and request.state is RequestState.AWAITING_APPROVAL:
        prepared = request.require_prepared()
        plan, default = prepared.plan, prepared.observation.default
        adoption = plan.adoption
        standing = plan.before if adoption is not None else plan.configuration_after()
        return replace(
            row,
            state=RowState.PLANNED,
            # NB. from the plan: the draft may be days old, and the tenant's default may have changed since.
            template=plan.template if adoption is None else adoption.equal_template,
            risk=risk_for_approval(plan, default).level,
            openings=_openings(standing, default, is_cross_cloud=plan.is_cross_cloud),
            access_changes=None if adoption is not None else changed_kinds(plan, default),
            is_author_known=adoption is None or adoption.is_author_known,
            findings=() if row.asked is None else warnings_of(prepared.findings),
            request_id=request.id,
            plan_digest=prepared.plan.digest,
            stages=prepared.stages,
            authors=prepared.authors,
            partner_sponsors=prepared.partner_sponsors,
            template_title=prepared.template_title,
            reason=(),
            duration=plan.duration,
            at_end=plan.at_end,
        )
    return row


def _left(row: BatchRow, request: AccessRequest) -> BatchRow:
    if row.state in (RowState.LEFT, RowState.SCHEDULED):
        return row
    if request.state is RequestState.SCHEDULED:
        return replace(row, state=RowState.SCHEDULED, reason=())
    is_planned_again = request.prepared is None or not request.decisions
    code = RowCode.PLANNED_AGAIN if is_planned_again else RowCode.APPROVAL_AGAIN
    return replace(row, state=RowState.LEFT, reason=row.reason or (Fact(code),))


def openings_after(plan: Plan, default: JsonObject | None) -> tuple[str, ...]:
    """Return the kinds of access that may be open once a plan is applied, by their names in `open_access`."""
    return _openings(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud)


def _openings(configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool) -> tuple[str, ...]:
    kinds = access_kinds(configuration, default, is_cross_cloud=is_cross_cloud)
    return tuple(kind.name for kind in possibly_open(kinds))


def warnings_of(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that approvers must consider. The others are equal for most rows; the request has them.

    Beside people whom Conditional Access locks out, it is said if that is an estimate. That its policies could not be
    read is always said.
    """
    codes = {one.code for one in findings}
    said = {FindingCode.CONDITIONAL_ACCESS_UNREADABLE}
    if FindingCode.CA_LOCKED_OUT in codes:
        said |= {FindingCode.CA_SHARED, FindingCode.CA_ESTIMATE}
    return tuple(one for one in findings if one.severity in _TOLD or one.code in said)

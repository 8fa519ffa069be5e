"""The answer Reduce: which templates certainly give less than what is set now, and the review that is answered so."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from workflows.core.errors.raised import CodedError, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.answers.keeping import (
    attestation_end,
    has_attestation_ended,
    mfa_attestation,
    next_review,
    refuses_mfa,
)
from workflows.core.partners.reviewing.silence import answered
from workflows.core.partners.reviewing.sponsor_handover import with_new_sponsor
from workflows.core.people import Person
from workflows.core.plans.closing import closes_everything, only_reduces_access
from workflows.core.plans.plan import Plan, changes
from workflows.core.plans.planning import plan_access
from workflows.core.policy.template import Template
from workflows.core.requests.commands.review_event import ReviewReasonCode
from workflows.core.requests.request import AccessRequest, ObservedPartner


def templates_with_less_access(observation: ObservedPartner, templates: Iterable[Template]) -> tuple[Template, ...]:
    """Return the templates whose request would certainly only reduce access; the smallest change comes first.

    Templates with placeholders are left out: whether they reduce depends on the ids that are entered. So are those
    that close everything, which Revoke does.

    :param observation: the partner as it is set now.
    """
    plans = [(template, _plan(observation, template)) for template in templates if not template.placeholders]
    less = [
        (len(changes(plan)), template.name, template)
        for template, plan in plans
        if plan is not None and only_reduces_access(plan) and not closes_everything(plan)
    ]
    return tuple(template for _, _, template in sorted(less, key=lambda found: found[:2]))


def require_reducible(record: Partnership, now: datetime) -> None:
    """Check that a reduction can be an answer now.

    :raises Refused: when no review waits, or the access cannot be kept with less either.
    """
    domain = record.identity.default_domain
    if record.state is not PartnershipState.REVIEW_DUE:
        raise Refused(RefusalCode.NOT_DUE_YET, what="answered_review")
    if not record.is_as_approved:
        raise Refused(RefusalCode.SETTINGS_NOT_APPROVED, domain=domain)
    if record.is_past_its_end(now):
        raise Refused(RefusalCode.ACCESS_PERIOD_ENDED, domain=domain)


def answered_by_reduction(
    record: Partnership, request: AccessRequest, now: datetime, *, asks_attestation: bool
) -> Partnership:
    """Return the record after a reduction was read back, with its review answered when the request was the answer.

    It is none when settings stay that nobody approved, when the access has ended, or when it was requested by a sponsor
    who is not the sponsor any more, or has no account. Nor is it one while an attestation of the partner's MFA is
    asked and none counts, unless their MFA is not accepted any more; then the record says why its review stays open.

    :param record: the record with the reduction; its review is still due.
    :param asks_attestation: whether the template of the reduction asks for an attestation.
    """
    prepared, plan = request.require_prepared(), request.plan
    is_answer = (
        record.state is PartnershipState.REVIEW_DUE
        and request.fields.answers_review_of == record.identity.tenant_id
        and only_reduces_access(plan)
        and plan.kept_approval is None
        and record.basis is SettingsBasis.APPROVED
        and not record.is_past_its_end(now)
        and not _was_sponsor(record, prepared.requester)
    )
    if not is_answer:
        return record
    if _needs_attestation(record, plan, now, asks_attestation=asks_attestation):
        return replace(record, not_attested_after=request.id)
    reason = request.fields.justification
    answer = Attestation(person=prepared.requester, reason=reason, at=now, reduced_by=request.id)
    return replace(
        answered(with_new_sponsor(record, prepared.requester, now)),
        next_review_at=next_review(
            record.review_interval, record.ends_at, now, attestation_end(record.attestations, now)
        ),
        review_reasons=(),
        regular_review_at=None,
        attestations=(*record.attestations, answer),
    )


def _needs_attestation(record: Partnership, plan: Plan, now: datetime, *, asks_attestation: bool) -> bool:
    """Return whether an attestation has to be given, which a reduction does not do."""
    is_reason = any(reason.code is ReviewReasonCode.ATTESTATION_ENDED for reason in record.review_reasons)
    has_ended = has_attestation_ended(record.attestations, now)
    is_missing = asks_attestation and mfa_attestation(record.attestations, now) is None
    return (is_reason or has_ended or is_missing) and not refuses_mfa(plan)


def _was_sponsor(record: Partnership, person: Person) -> bool:
    """Return whether a person was the sponsor when they requested a reduction, and may not answer for it now."""
    if person.id == record.sponsor.id:
        return record.sponsor_gone_at is not None
    return any(former.person.id == person.id for former in record.former_sponsors)


def _plan(observation: ObservedPartner, template: Template) -> Plan | None:
    """Return the plan of a request with this template; None when it would change nothing, or cannot be made."""
    try:
        return plan_access(
            tenant_id=observation.identity.tenant_id,
            before=observation.configuration,
            settings=template.settings,
            template=template.name,
            template_hash=template.content_hash,
            duration=template.default_duration,
            is_cross_cloud=not observation.identity.is_resolved,
        )
    except CodedError:
        return None

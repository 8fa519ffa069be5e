"""The partner's record after a request was written: opened, closed, or not as approved. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from workflows.core.checks.partner_setup.confirmations import open_steps, valid_confirmations
from workflows.core.checks.partner_setup.steps import setup_of
from workflows.core.partners.approval_policy import is_live, stricter
from workflows.core.partners.closing.lifting import lifted_partnership
from workflows.core.partners.closing.suspension import suspended_partnership
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.answers.keeping import attestation_end, next_review
from workflows.core.partners.reviewing.recent_sponsors import sponsor_since_approval, with_earlier_sponsors
from workflows.core.partners.reviewing.reducing import answered_by_reduction
from workflows.core.partners.reviewing.review_events import kept_events
from workflows.core.partners.reviewing.setup_reviews import with_prompts
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.policy.risk import risk_of_result, weakness_of
from workflows.core.policy.template import Stage
from workflows.core.requests.deciding import access_ends_at
from workflows.core.requests.notes import not_applied
from workflows.core.requests.request import AccessRequest, PreparedRequest, RequestId
from workflows.core.settings.canonical import JsonObject


def unapproved_partnership(
    request: AccessRequest,
    earlier: Partnership | None,
    now: datetime,
    *,
    configuration: JsonObject | None,
    basis: SettingsBasis,
) -> Partnership:
    """Return the record of a partner whose current settings are not the approved ones. A review is due at once.

    :param configuration: the current settings; None when the partner has none of its own.
    :param basis: why nobody approved them. Unless they are a part of a reduction, the access ends now.
    """
    record = _new_record(request, earlier, now, configuration=configuration or {}, basis=basis)
    if record.is_closed:
        return record  # it stays suspended, and a sweep says that it is not blocked
    return replace(record, next_review_at=now, not_applied=not_applied(request) if request.applied_part else ())


def opened_partnership(
    request: AccessRequest, earlier: Partnership | None, now: datetime, *, asks_attestation: bool = True
) -> Partnership:
    """Return the record of a partner whose access was just applied and read back.

    A request with an approval chain that is strong enough for all current settings sets the end, reviews and
    responsible people. Otherwise the existing record keeps them, with its open review. This is the case after a
    reduction with one approver, see `stages_for`. Confirmations of unchanged steps of the partner setup stay valid.

    :param earlier: the partner's record before; None when there is none.
    :param asks_attestation: see `RecordApplied`.
    """
    configuration = request.plan.configuration_after()
    if request.fields.lifts and earlier is not None and earlier.suspension is not None:
        record = lifted_partnership(request, earlier, now)
        return _with_setup(record, earlier, configuration, request.require_prepared(), now)
    return _new_record(
        *(request, earlier, now),
        configuration=configuration,
        basis=SettingsBasis.APPROVED,
        asks_attestation=asks_attestation,
    )


def _new_record(
    request: AccessRequest,
    earlier: Partnership | None,
    now: datetime,
    *,
    configuration: JsonObject | None,
    basis: SettingsBasis,
    asks_attestation: bool = True,
) -> Partnership:
    prepared, attestations = request.require_prepared(), () if earlier is None else earlier.attestations
    if earlier is not None and _stays_suspended(earlier, prepared, basis):
        return replace(earlier, version=earlier.version + 1)
    ends_at = _end_of_settings(request, earlier, now, basis)
    record = Partnership(
        identity=prepared.observation.identity,
        version=1 if earlier is None else earlier.version + 1,
        state=PartnershipState.ACTIVE,
        sponsor=sponsor_since_approval(request, earlier) or prepared.sponsor,
        template=_recorded_template(prepared),
        template_title=prepared.template_title,
        is_adopted=prepared.plan.adoption is not None,
        restored_from=_restored_from(prepared),
        request_id=request.id,
        since=now,
        ends_at=ends_at,
        review_interval=prepared.review_interval,
        next_review_at=next_review(prepared.review_interval, ends_at, now, attestation_end(attestations, now)),
        attestations=attestations,
        review_events=kept_events(earlier),
        stages=_approval_policy_from(prepared, earlier),
        basis=basis,
        at_end=prepared.plan.at_end if basis is SettingsBasis.APPROVED else AtEnd.ASK,
        on_silence=prepared.plan.on_silence if basis is SettingsBasis.APPROVED else OnSilence.ESCALATE,
        left_out=prepared.plan.left_out,
    )
    is_prolonged = basis is SettingsBasis.APPROVED and _may_prolong(prepared)
    if earlier is not None and is_live(earlier) and not is_prolonged:
        record = _with_earlier_terms(earlier, record)
        record = answered_by_reduction(record, request, now, asks_attestation=asks_attestation)
    return with_earlier_sponsors(_with_setup(record, earlier, configuration, prepared, now), earlier, now)


def _stays_suspended(earlier: Partnership, prepared: PreparedRequest, basis: SettingsBasis) -> bool:
    """Return whether a suspended partner, which somebody opened outside, was only reduced. Its whole chain lifts it.

    What is still open was not approved. So it stays recorded as blocked, a sweep goes on to report it, and nobody
    can lift it before it is blocked again.
    """
    is_whole = basis in (SettingsBasis.APPROVED, SettingsBasis.PARTLY_REDUCED)
    return earlier.state is PartnershipState.SUSPENDED and is_whole and only_reduces_access(prepared.plan)


def _recorded_template(prepared: PreparedRequest) -> str:
    """Return the template of the settings. Adopted settings have only the template that gives exactly them."""
    adoption = prepared.plan.adoption
    return prepared.plan.template if adoption is None else adoption.equal_template


def _restored_from(prepared: PreparedRequest) -> RequestId | None:
    """Return the request that a restoration undid; None for settings that are again as they were approved."""
    restored = prepared.restored
    return restored.request_id if restored and restored.policy_title and not restored.is_result else None


def _end_of_settings(
    request: AccessRequest, earlier: Partnership | None, now: datetime, basis: SettingsBasis
) -> datetime | None:
    match basis:
        case SettingsBasis.APPROVED:
            return access_ends_at(request)
        case SettingsBasis.PARTLY_REDUCED if earlier is not None:
            return earlier.ends_at
        case _:
            return now


def _with_earlier_terms(earlier: Partnership, new: Partnership) -> Partnership:
    """Return the earlier record with those fields of the new one that a weaker approval chain may change.

    The next review and the end can only become earlier. A reduction does not approve the access that it leaves as it
    is: if the earlier settings were not the approved ones, that stays recorded.
    """
    is_still_unapproved = new.basis is SettingsBasis.APPROVED and not earlier.is_as_approved
    return replace(
        earlier,
        version=new.version,
        state=new.state if earlier.is_closed else earlier.state,
        suspension=None,
        not_closed=None,
        template=new.template,
        template_title=new.template_title,
        left_out=new.left_out,
        is_adopted=new.is_adopted,
        restored_from=new.restored_from,
        request_id=new.request_id,
        since=new.since,
        ends_at=_earlier(earlier.ends_at, new.ends_at),
        review_interval=_earlier(earlier.review_interval, new.review_interval),
        next_review_at=_earlier(earlier.next_review_at, new.next_review_at),
        stages=new.stages,
        basis=earlier.basis if is_still_unapproved else new.basis,
        not_applied=earlier.not_applied if is_still_unapproved else (),
        at_end=earlier.at_end if is_still_unapproved or new.is_as_approved else AtEnd.ASK,
        on_silence=earlier.on_silence if is_still_unapproved or new.is_as_approved else OnSilence.ESCALATE,
    )


def _approval_policy_from(prepared: PreparedRequest, earlier: Partnership | None) -> tuple[Stage, ...]:
    """Return the partner's new approval policy. The approval of a reduction by one person does not change it."""
    if earlier is None or not is_live(earlier):
        return prepared.stages
    return earlier.stages if only_reduces_access(prepared.plan) else stricter(earlier.stages, prepared.stages)


def _with_setup(
    record: Partnership,
    earlier: Partnership | None,
    current: JsonObject | None,
    prepared: PreparedRequest,
    now: datetime,
) -> Partnership:
    observed = prepared.observation
    setup = setup_of(current, observed.default, is_cross_cloud=not observed.identity.is_resolved).steps
    confirmations = () if earlier is None else valid_confirmations(setup, earlier.confirmations)
    is_set = earlier is not None and earlier.remind_setup_at is not None and open_steps(setup, confirmations)
    reminded = earlier if is_set else None
    with_steps = replace(
        record,
        setup=setup,
        confirmations=confirmations,
        remind_setup_at=reminded.remind_setup_at if reminded else None,
        setup_reminder_asked_by=reminded.setup_reminder_asked_by if reminded else None,
        setup_reminder_asked_at=reminded.setup_reminder_asked_at if reminded else None,
    )
    # NB. counted anew: who has just done something for this partner is not reminded of it tomorrow.
    return with_prompts(replace(with_steps, setup_prompt_at=None, setup_prompts=0), now)


def closed_partnership(request: AccessRequest, earlier: Partnership | None, now: datetime) -> Partnership:
    """Return the record of a partner that was just blocked and read back.

    A partner that is revoked stays revoked when a suspension is confirmed later.

    :param earlier: the partner's record before; None when there is none.
    """
    if request.is_suspension and (earlier is None or is_live(earlier)):
        return with_earlier_sponsors(suspended_partnership(request, earlier, now), earlier, now)
    prepared = request.require_prepared()
    record = Partnership(
        identity=prepared.observation.identity,
        version=1 if earlier is None else earlier.version + 1,
        state=PartnershipState.REVOKED,
        sponsor=prepared.sponsor if earlier is None else earlier.sponsor,
        template=request.fields.template,
        template_title=prepared.template_title,
        request_id=request.id,
        since=now,
        ends_at=None,
        review_interval=None,
        next_review_at=None,
        attestations=() if earlier is None else earlier.attestations,
        not_closed=request.not_closed,
    )
    return with_earlier_sponsors(record, earlier, now)


def _may_prolong(prepared: PreparedRequest) -> bool:
    if only_reduces_access(prepared.plan):
        return False
    whole = risk_of_result(prepared.plan, prepared.observation.default)
    return weakness_of(prepared.stages, whole.level) is None


_Moment = TypeVar("_Moment", datetime, timedelta)


def _earlier(earlier: _Moment | None, new: _Moment | None) -> _Moment | None:
    """Return the earlier or shorter of the old and the new value; None when neither is set."""
    return min((partnership for partnership in (earlier, new) if partnership is not None), default=None)

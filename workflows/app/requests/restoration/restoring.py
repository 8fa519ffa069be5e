"""Plan a restoration and find who decides on it; for the form, and when the stored request is prepared."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from workflows.app.requests.proposing import chain_of
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.checks.findings import Finding
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.lifting import liftable_request
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.replacement import replacement_findings
from workflows.core.partners.restoration.deciding_template import deciding_template, with_deciding_template
from workflows.core.partners.restoration.not_restored import restoration_findings
from workflows.core.partners.restoration.restorable import FIELD, ended_at, has_approved_result, is_restorable
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.plans.default_drift import with_inheritance
from workflows.core.plans.plan import Plan
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestId
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store

MAX_REQUESTS: Final = 1000
"""How many requests about one partner are read, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """The plan that undoes an earlier change, made from the current settings."""

    change: AccessRequest
    plan: Plan
    template: Template
    """The template whose approval chain decides."""
    stages: tuple[Stage, ...]
    findings: tuple[Finding, ...]


async def restorable_changes(tenant_id: TenantId, *, store: Store) -> tuple[AccessRequest, ...]:
    """List the changes of one partner that can be undone, newest first."""
    requests = await store.requests_for(tenant_id, MAX_REQUESTS)
    return tuple(sorted(filter(is_restorable, requests), key=ended_at, reverse=True))


async def change_of(
    restored_request_id: str, tenant_id: TenantId, *, store: Store, is_result: bool = False
) -> AccessRequest:
    """Load the change of this partner that is to be undone.

    :param is_result: whether its result is to be restored.
    :raises InvalidField: when there is no request with this id, it is another partner's, or it changed nothing.
    """
    if not restored_request_id:
        raise InvalidField(FIELD, RefusalCode.CHANGE_NOT_CHOSEN)
    change = await store.request(RequestId(restored_request_id))
    may_be_used = has_approved_result if is_result else is_restorable
    if change is None or not may_be_used(change) or change.plan.tenant_id != tenant_id:
        raise InvalidField(FIELD, RefusalCode.CHANGE_UNKNOWN, request=restored_request_id)
    return change


async def propose_restoration(
    restored_request_id: str,
    observation: ObservedPartner,
    *,
    duration: timedelta | None,
    at: datetime,
    store: Store,
    catalog: Catalog,
    is_result: bool = False,
) -> Restoration:
    """Plan a restoration from the observed settings, and find the approval chain that decides on it.

    :param is_result: whether the settings after that request are restored, as they were approved.
    :param duration: how long the access lasts; None for the default of the template whose chain decides.
    :param at: the start of that time; the findings name its end.
    :raises InvalidField: when a field must change; the error names the field.
    :raises NothingToChange: when the partner has these settings already.
    :raises UnreadableSetting: when an earlier value cannot be written again.
    """
    tenant_id = observation.identity.tenant_id
    change = await change_of(restored_request_id, tenant_id, store=store, is_result=is_result)
    restored = change.plan.approved_settings.configuration if is_result else change.plan.before
    plan = _plan(restored, observation, duration, undone_plan=None if is_result else change.plan)
    requests = await store.requests_for(tenant_id, MAX_REQUESTS)
    template = deciding_template(
        plan, restored, requests=requests, templates=catalog.templates, default=observation.default
    )
    period = _checked_duration(duration, template)
    record = await store.partnership(tenant_id)
    plan = with_inheritance(
        replace(with_deciding_template(plan, template, record), duration=period), observation.default
    )
    policy = await current_policy(record, past=store, catalog=catalog)
    stages = chain_of(plan, template, observation, policy)
    findings = (
        *restoration_findings(change, observation.configuration, is_result=is_result),
        *replacement_findings(record, plan, template, stages, period, at),
    )
    return Restoration(change=change, plan=plan, template=template, stages=stages, findings=findings)


async def propose_lift(
    record: Partnership | None,
    observation: ObservedPartner,
    *,
    at: datetime,
    within: timedelta,
    store: Store,
    catalog: Catalog,
) -> Restoration:
    """Plan the lift of a suspension: the settings that were last approved, until the end that was approved.

    The partner's whole approval chain decides, because its approval policy still counts.

    :param record: the record of the suspended partner.
    :param within: how old the suspension may be.
    :raises Refused: when it cannot be lifted.
    :raises InvalidField, NothingToChange, UnreadableSetting: as `propose_restoration` does.
    """
    configuration = observation.configuration
    is_drifted = configuration is None or bool(unblocked_settings(configuration))
    record, restores, ends_at = liftable_request(record, now=at, within=within, is_drifted=is_drifted)
    tenant_id = observation.identity.tenant_id
    change = await change_of(restores, tenant_id, store=store, is_result=True)
    restored = change.plan.approved_settings.configuration
    plan = _plan(restored, observation, None, undone_plan=None)
    requests = await store.requests_for(tenant_id, MAX_REQUESTS)
    template = deciding_template(
        plan, restored, requests=requests, templates=catalog.templates, default=observation.default
    )
    plan = replace(
        with_deciding_template(plan, template, record),
        at_end=record.at_end,
        duration=timedelta(days=max(1, (ends_at - at).days)),
        ends_at=ends_at,
    )
    plan = with_inheritance(plan, observation.default)
    policy = await current_policy(record, past=store, catalog=catalog)
    stages = chain_of(plan, template, observation, policy)
    findings = restoration_findings(change, configuration, is_result=True)
    return Restoration(change=change, plan=plan, template=template, stages=stages, findings=findings)


def _plan(
    earlier: JsonObject | None, observation: ObservedPartner, duration: timedelta | None, *, undone_plan: Plan | None
) -> Plan:
    """Compute the operations that restore settings. The template whose approval chain decides is chosen later.

    :param earlier: the settings to restore; None for a partner without its own.
    :param duration: how long it shall last, which counts for the risk; None when nobody chose.
    :raises InvalidField: for a partner of another cloud that had no settings before: they would be inherited.
    """
    if earlier is None and not observation.identity.is_resolved:
        raise InvalidField(FIELD, RefusalCode.OTHER_CLOUD_NOT_RESTORABLE)
    return plan_restoration(
        tenant_id=observation.identity.tenant_id,
        current_configuration=observation.configuration,
        earlier_configuration=earlier,
        duration=duration,
        undone_plan=undone_plan,
        is_cross_cloud=not observation.identity.is_resolved,
    )


def _checked_duration(duration: timedelta | None, template: Template) -> timedelta:
    """Return how long the restored access lasts; the template's default when nobody chose.

    :raises InvalidField: when it is longer than the template allows.
    """
    longest = template.durations[-1]
    if duration is not None and duration > longest:
        raise InvalidField("duration", RefusalCode.DURATION_TOO_LONG, template=template.title, days=longest.days)
    return duration or template.default_duration

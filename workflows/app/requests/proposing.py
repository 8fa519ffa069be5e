"""Make the plan of a request, its approval chain and its findings; for forms, files and stored requests."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from workflows.app.requests.open_request import account_of_other_chat_id, open_request_about, open_request_fact
from workflows.catalog.catalog import Catalog
from workflows.core.checks.findings import Finding, require_no_errors
from workflows.core.checks.partner_rules import check_partner
from workflows.core.checks.rules import Circumstances, check_plan
from workflows.core.errors.raised import InvalidField, NothingToChange
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import ApprovalPolicy, approval_chain_for
from workflows.core.partners.extension import (
    at_end_of,
    extends,
    may_be_renewed,
    no_extension_error,
    on_silence_of,
)
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.replacement import with_end_of_capabilities
from workflows.core.people import ChatId
from workflows.core.plans.default_drift import with_inheritance
from workflows.core.plans.plan import AtEnd, Plan, changes
from workflows.core.plans.planning import plan_access
from workflows.core.plans.renewal import plan_renewal
from workflows.core.plans.writes.capability_writes import are_capabilities_read
from workflows.core.policy.left_out import known_parts
from workflows.core.policy.risk import risk_for_approval, risk_of_result, weakness_of
from workflows.core.policy.template import Stage, Template, filled_settings
from workflows.core.requests.request import ObservedPartner, RequestId
from workflows.core.settings.model import M365_CAPABILITIES
from workflows.partner_lookup.target import FIELD
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.records import RecordsReader
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

START_DATE: Final = "start_date"
"""The name of the form's field for the start of the access."""
_MAX_REASONS: Final = 3
"""How many reasons of a risk are shown at the form's field."""


def current_template(catalog: Catalog, name: str) -> Template:
    """Return the template of this name.

    :raises InvalidField: when there is no template of this name any more.
    """
    template = catalog.templates.get(name)
    if template is None:
        raise InvalidField("template", RefusalCode.NO_SUCH_TEMPLATE, template=name)
    return template


def access_plan(
    observation: ObservedPartner,
    template: Template,
    duration: timedelta,
    placeholders: Mapping[str, str] = MappingProxyType({}),
    *,
    record: Partnership | None,
    now: datetime,
    ends_at: datetime | None = None,
    starts_at: datetime | None = None,
    is_extension_asked: bool = False,
    left_out: tuple[str, ...] = (),
) -> Plan:
    """Compute the plan of an access request; a renewal when the partner has these settings already.

    :param placeholders: the values typed for the template's placeholders, by name.
    :param record: the partner's record, if there is one: only access opened by Gatehouse can be renewed.
    :param ends_at: the requested end, when a day was chosen in place of a duration.
    :param starts_at: the requested start, when a later day was chosen. The duration counts from it.
    :param is_extension_asked: whether the plan before this one was an extension.
    :raises InvalidField: when a placeholder's value is missing or wrong, or the start comes after the present access
        was blocked.
    :raises NothingToChange: when the partner has these settings already, for the same time or longer. The error says
        which request would extend the access.
    """
    _require_start_before_block(starts_at, record)
    begins, left_out = max(now, starts_at or now), known_parts(template.settings, left_out)
    period = (ends_at or begins + duration) - now
    try:
        plan = _settings_plan(observation, template, duration, placeholders, left_out, record=record)
    except NothingToChange as nothing:
        if not may_be_renewed(record, period, now):
            raise no_extension_error(record, template, period, now) from nothing
        plan = _renewal(observation, template, duration)
    is_extending = extends(plan, record, period, now, is_asked=is_extension_asked)
    plan = replace(plan, ends_at=ends_at, starts_at=starts_at, extends=is_extending, left_out=left_out)
    return with_inheritance(_with_terms(plan, record, template), observation.default)


def _settings_plan(
    observation: ObservedPartner,
    template: Template,
    duration: timedelta,
    placeholders: Mapping[str, str],
    left_out: tuple[str, ...],
    *,
    record: Partnership | None,
) -> Plan:
    settings = filled_settings(template, placeholders, left_out)
    return plan_access(
        tenant_id=observation.identity.tenant_id,
        before=observation.configuration,
        settings=with_end_of_capabilities(settings, template, record, observation.configuration),
        template=template.name,
        template_hash=template.content_hash,
        duration=duration,
        is_cross_cloud=not observation.identity.is_resolved,
    )


def _require_start_before_block(starts_at: datetime | None, record: Partnership | None) -> None:
    """Check that the plan is not made for settings that Gatehouse itself blocks before the start.

    :raises InvalidField: otherwise.
    """
    if starts_at is None or record is None or record.is_closed or record.at_end is not AtEnd.BLOCK:
        return
    if record.ends_at is not None and record.ends_at < starts_at:
        raise InvalidField(START_DATE, RefusalCode.START_AFTER_BLOCK, ends_at=record.ends_at.isoformat())


def _with_terms(plan: Plan, record: Partnership | None, template: Template) -> Plan:
    """Return the plan with what happens at the end of the access, and when nobody answers a review."""
    return replace(plan, at_end=at_end_of(plan, record, template), on_silence=on_silence_of(plan, record, template))


def _renewal(observation: ObservedPartner, template: Template, duration: timedelta) -> Plan:
    return plan_renewal(
        tenant_id=observation.identity.tenant_id,
        before=observation.configuration,
        template=template.name,
        template_hash=template.content_hash,
        duration=duration,
        is_cross_cloud=not observation.identity.is_resolved,
    )


def labels_of(template: Template, placeholders: Mapping[str, str]) -> dict[str, str]:
    """Return the label of each placeholder's field, by the id that was typed into it."""
    return {
        value.lower(): placeholder.label
        for placeholder in template.placeholders
        if (value := placeholders.get(placeholder.name))
    }


def chain_of(plan: Plan, template: Template, observation: ObservedPartner, policy: ApprovalPolicy) -> tuple[Stage, ...]:
    """Return the stages that decide on a plan: those of the template and of the partner's current approval chain."""
    level = risk_of_result(plan, observation.default).level
    return approval_chain_for(plan, template.stages, policy, level)


def check_proposal(
    observation: ObservedPartner, plan: Plan, stages: tuple[Stage, ...], circumstances: Circumstances | None = None
) -> tuple[Finding, ...]:
    """Check a partner, a plan and its approval chain against the rules, before approval is requested.

    :param circumstances: other facts that the rules need; None: only the tenant's default, if it was read.
    :returns: the findings that the approvers must know.
    :raises UnfitPlan: at the field that must change.
    """
    about_partner = check_partner(observation.identity.tenant_id, observation.configuration)
    about_plan = check_plan(plan, circumstances or Circumstances(default=observation.default))
    findings = require_no_errors(about_partner, FIELD) + require_no_errors(about_plan, "template")
    risk = risk_for_approval(plan, observation.default)
    weak = weakness_of(stages, risk.level)
    if weak is not None:
        raise InvalidField(
            "template",
            RefusalCode.APPROVAL_POLICY_TOO_WEAK,
            is_cross_cloud=plan.is_cross_cloud,
            weakness=weak.as_value(),
            reasons=[reason.value for reason in risk.reasons[:_MAX_REASONS]],
        )
    return findings


async def check_proposal_in(
    tenant: Tenant,
    observation: ObservedPartner,
    plan: Plan,
    stages: tuple[Stage, ...],
    circumstances: Circumstances | None = None,
) -> tuple[Finding, ...]:
    """Check as `check_proposal` does. Where capabilities would be written and were not read, the tenant is asked why.

    :raises UnfitPlan: at the field that must change.
    """
    known = circumstances or Circumstances(default=observation.default)
    is_written = any(change.name == M365_CAPABILITIES for change in changes(plan))
    if is_written and not are_capabilities_read(plan, known.default):
        with suppress(TenantUnavailable, TenantRefused):
            known = replace(known, capability_access=await tenant.capability_access())
    return check_proposal(observation, plan, stages, known)


def require_time_left(ends_at: datetime | None, now: datetime) -> None:
    """Check that the requested end of the access has not passed while the request waited.

    :raises InvalidField: when the end has passed.
    """
    if ends_at is not None and ends_at <= now:
        raise InvalidField("duration", RefusalCode.END_DATE_PASSED)


async def require_no_other_request(
    store: RecordsReader,
    observation: ObservedPartner,
    request_id: RequestId | None,
    asker: ChatId | None = None,
    directory: PeopleDirectory | None = None,
) -> None:
    """Check that no other request about the same tenant is open: two plans from one state cannot both be applied.

    :param request_id: the id of the request itself; None before it is stored.
    :param asker: the person who reads the refusal.
    :param directory: used to find out whether one person filed both; None when no person asks.
    :raises InvalidField: when there is one; the error names it.
    """
    other = await open_request_about(observation.identity.tenant_id, records=store, ignored_id=request_id)
    if other is not None:
        account = None
        if asker is not None and directory is not None:
            account = await account_of_other_chat_id(other, asker, directory)
        raise InvalidField(FIELD, RefusalCode.OPEN_REQUEST, **open_request_fact(other, asker, account).values)

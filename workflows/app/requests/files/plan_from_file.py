"""Make the plan of a request from a file, without a requester and without storing anything."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workflows.app.requests.files.loaded_records import LoadedRecords
from workflows.app.requests.files.parsed_request import ParsedRequest, PlanImpossible, key_of, parse_request
from workflows.app.requests.proposing import (
    access_plan,
    chain_of,
    check_proposal_in,
    labels_of,
    require_no_other_request,
)
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.catalog.request_files import RequestFile
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source, require_no_errors
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, NothingToChange, UnreadableSetting
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.partners.replacement import replacement_findings
from workflows.core.plans.plan import Plan
from workflows.core.policy.template import Stage, Template
from workflows.core.posture.watch.kept_approval import kept_approval_findings, with_kept_approval
from workflows.core.requests.request import ObservedPartner
from workflows.core.settings.canonical import Digest
from workflows.partner_lookup.lookup import look_up
from workflows.partner_lookup.target import FIELD
from workflows.ports.clock import Clock
from workflows.ports.tenant import Tenant
from workflows.preflight.preflight import Preflight


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """The result of planning a request from a file."""

    observation: ObservedPartner
    template: Template
    duration: timedelta
    plan: Plan | None
    """None: the partner has these settings already, and there is nothing to change."""
    digest: Digest | None = None
    """The plan's digest, when there is a plan."""
    stages: tuple[Stage, ...] = ()
    findings: tuple[Finding, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the users, groups and applications of our tenant that the plan contains, by their ids."""
    how_to_extend: Fact | None = None
    """When there is nothing to change: which request would extend the access. None when the records do not show it."""
    access: AccessReport = field(default_factory=AccessReport)
    """The effect of Conditional Access on the partner's people who have access after the plan."""


async def plan_request(
    file: RequestFile, *, tenant: Tenant, records: Records | None, catalog: Catalog, clock: Clock
) -> PlannedRequest:
    """Make the plan that this request would have if it were filed now.

    :param records: None when there are none to read; the result says so.
    :raises PlanImpossible: naming every key that must change.
    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    """
    parsed = parse_request(file, catalog, clock.now())
    loaded = LoadedRecords(records or Records())
    try:
        observation = await look_up(parsed.target, tenant=tenant, clock=clock, records=loaded)
        return await _plan(parsed, observation, loaded, records=records, tenant=tenant, catalog=catalog, clock=clock)
    except InvalidField as error:
        raise PlanImpossible({key_of(error.field): error.fact}) from error
    except UnreadableSetting as error:
        raise PlanImpossible({"partner": error.fact}) from error


async def _plan(
    parsed_file: ParsedRequest,
    observation: ObservedPartner,
    records_read: LoadedRecords,
    *,
    records: Records | None,
    tenant: Tenant,
    catalog: Catalog,
    clock: Clock,
) -> PlannedRequest:
    template, placeholders = parsed_file.template, parsed_file.placeholders
    now, record = clock.now(), None if records is None else records.partnerships.get(observation.identity.tenant_id)
    try:
        plan = plan_of(parsed_file, observation, record=record, now=now)
    except NothingToChange as nothing:
        # Without records it is not known who opened the partner, and until when.
        instead = None if records is None else nothing.fact
        return _nothing_to_change(parsed_file, observation, instead)
    plan = plan if records is None else with_kept_approval(plan, record, _recorded_plan(records, record))
    policy = await current_policy(record, past=records_read, catalog=catalog)
    stages = chain_of(plan, template, observation, policy)
    preflight = Preflight(tenant=tenant, store=records_read, clock=clock)
    result = await preflight.check(observation, plan, labels_of(template, placeholders))
    return PlannedRequest(
        observation=observation,
        template=template,
        duration=parsed_file.duration,
        plan=plan,
        digest=plan.digest,
        stages=stages,
        findings=(
            *replacement_findings(record, plan, template, stages, (plan.end_if_approved(now) or now) - now, now),
            *kept_approval_findings(plan),
            *await check_proposal_in(tenant, observation, plan, stages, result.circumstances),
            *require_no_errors(result.findings, FIELD),
            *[record_finding async for record_finding in _record_findings(records_read, records, observation)],
        ),
        names=result.names,
        access=result.access,
    )


def plan_of(parsed: ParsedRequest, observation: ObservedPartner, *, record: Partnership | None, now: datetime) -> Plan:
    """Return the plan of a parsed request.

    :raises InvalidField, NothingToChange: as `access_plan` does.
    """
    return access_plan(
        observation,
        parsed.template,
        parsed.duration,
        parsed.placeholders,
        record=record,
        now=now,
        ends_at=parsed.ends_at,
        starts_at=parsed.starts_at,
    )


def _nothing_to_change(parsed: ParsedRequest, observation: ObservedPartner, instead: Fact | None) -> PlannedRequest:
    return PlannedRequest(
        observation=observation, template=parsed.template, duration=parsed.duration, plan=None, how_to_extend=instead
    )


def _recorded_plan(records: Records, record: Partnership | None) -> Plan | None:
    """Return the plan of the record's request; None without a record, and when the request cannot be read."""
    recorded = None if record is None else records.requests.get(record.request_id)
    return None if recorded is None else recorded.plan


async def _record_findings(
    records_read: LoadedRecords, records: Records | None, observation: ObservedPartner
) -> AsyncIterator[Finding]:
    if records is None:
        yield Finding(code=FindingCode.RECORDS_UNREADABLE, severity=Severity.UNCHECKED, source=Source.RECORDS)
        return
    try:
        await require_no_other_request(records_read, observation, None)
    except InvalidField as error:
        yield Finding(
            code=FindingCode.OPEN_REQUEST,
            severity=Severity.WARNING,
            source=Source.RECORDS,
            values={"refusal": error.fact.as_value()},
        )

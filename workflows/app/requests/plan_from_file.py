"""Make the plan of a request from a file, without a requester and without storing anything."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from workflows.app.requests.field_checks import Problems, checked_start
from workflows.app.requests.proposing import (
    START_DATE,
    access_plan,
    chain_of,
    check_proposal,
    current_template,
    labels_of,
    require_no_other_request,
)
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.catalog.request_files import RequestFile
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source, require_no_errors
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import DomainError, InvalidField, NothingToChange, UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.partners.replacement import replacement_findings
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.policy.offers import closes_a_partner
from workflows.core.policy.placeholders import parse_placeholder
from workflows.core.policy.template import Stage, Template
from workflows.core.posture.watch.kept_approval import kept_approval_findings, with_kept_approval
from workflows.core.requests.request import AccessRequest, ObservedPartner
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookup import look_up
from workflows.partner_lookup.target import FIELD, normalize_target
from workflows.ports.clock import Clock
from workflows.ports.tenant import Tenant
from workflows.preflight.preflight import Preflight

_KEYS: Final = {FIELD: "partner", "duration": "duration_days", START_DATE: "starts_on"}
"""The form's fields, each with the file's key."""
_NOT_IN_A_FILE: Final = frozenset({"revoke", "restore"})
"""Kinds of request that no file asks for."""


class PlanImpossible(DomainError):
    """No plan can be made. `problems` contains each problem, by the file's key."""

    def __init__(self, problems: Mapping[str, Fact]) -> None:
        super().__init__("\n".join(f"{key}: {problem}" for key, problem in problems.items()))
        self.problems = dict(problems)


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


class _ParsedFile(NamedTuple):
    """The fields of a request file, parsed."""

    target: str
    template: Template
    duration: timedelta
    placeholders: Mapping[str, str]
    starts_at: datetime | None


@dataclass(frozen=True, slots=True)
class _LoadedRecords:
    """Records that were read before, with the interface `RecordsReader`."""

    records: Records

    async def open_requests_about(self, tenant_id: TenantId, *, only_planned: bool = False) -> Sequence[AccessRequest]:
        """List the requests that are not terminal; `open_request_about` chooses among them."""
        return self.records.open_requests()

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant that were read, newest first; very old ones are not included."""
        whole = (request for request in self.records.requests.values() if isinstance(request, AccessRequest))
        requests_of_partner = (request for request in whole if request.prepared and request.plan.tenant_id == tenant_id)
        return sorted(requests_of_partner, key=lambda request: request.created_at, reverse=True)[:limit]

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership."""
        return tuple(partnership.identity for partnership in self.records.partnerships.values())


async def plan_request(
    file: RequestFile, *, tenant: Tenant, records: Records | None, catalog: Catalog, clock: Clock
) -> PlannedRequest:
    """Make the plan that this request would have if it were filed now.

    :param records: None when there are none to read; the result says so.
    :raises PlanImpossible: naming every key that must change.
    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    """
    parsed = _parse_file(file, catalog, clock.now())
    loaded = _LoadedRecords(records or Records())
    try:
        observation = await look_up(parsed.target, tenant=tenant, clock=clock, records=loaded)
        return await _plan(parsed, observation, loaded, records=records, tenant=tenant, catalog=catalog, clock=clock)
    except InvalidField as error:
        raise PlanImpossible({_key(error.field): error.fact}) from error
    except UnreadableSetting as error:
        raise PlanImpossible({"partner": error.fact}) from error


async def _plan(
    parsed_file: _ParsedFile,
    observation: ObservedPartner,
    records_read: _LoadedRecords,
    *,
    records: Records | None,
    tenant: Tenant,
    catalog: Catalog,
    clock: Clock,
) -> PlannedRequest:
    _, template, duration, placeholders, starts_at = parsed_file
    now, record = clock.now(), None if records is None else records.partnerships.get(observation.identity.tenant_id)
    try:
        plan = access_plan(observation, template, duration, placeholders, record=record, now=now, starts_at=starts_at)
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
        duration=duration,
        plan=plan,
        digest=plan.digest,
        stages=stages,
        findings=(
            *replacement_findings(record, plan, template, stages, (plan.end_if_approved(now) or now) - now, now),
            *kept_approval_findings(plan),
            *check_proposal(observation, plan, stages, result.circumstances),
            *require_no_errors(result.findings, FIELD),
            *[record_finding async for record_finding in _record_findings(records_read, records, observation)],
        ),
        names=result.names,
        access=result.access,
    )


def _nothing_to_change(parsed: _ParsedFile, observation: ObservedPartner, instead: Fact | None) -> PlannedRequest:
    return PlannedRequest(
        observation=observation, template=parsed.template, duration=parsed.duration, plan=None, how_to_extend=instead
    )


def _recorded_plan(records: Records, record: Partnership | None) -> Plan | None:
    """Return the plan of the record's request; None without a record, and when the request cannot be read."""
    recorded = None if record is None else records.requests.get(record.request_id)
    return None if recorded is None else recorded.plan


def _parse_file(file: RequestFile, catalog: Catalog, now: datetime) -> _ParsedFile:
    """Parse the fields that need no lookup; report every problem at once."""
    problems: dict[str, Fact] = {}
    target, template = "", None
    try:
        target = normalize_target(file.partner)
    except InvalidField as error:
        problems["partner"] = error.fact
    if file.template in _NOT_IN_A_FILE:
        problems["template"] = Fact(RefusalCode.NOT_IN_A_FILE, {"kind": file.template})
    else:
        try:
            template = current_template(catalog, file.template)
        except InvalidField:
            template_names = list(catalog.templates)
            problems["template"] = Fact(
                RefusalCode.NO_SUCH_TEMPLATE, {"template": file.template, "known": template_names}
            )
    if template is not None:
        problems.update(_problems_with(template, file))
    starts_at, wrong_start = _parse_start(file, template, now)
    problems |= wrong_start
    if problems or template is None:
        raise PlanImpossible(problems)
    duration = template.default_duration if file.duration_days is None else timedelta(days=file.duration_days)
    placeholders = {
        placeholder.name: file.placeholders.get(placeholder.name, "") for placeholder in template.placeholders
    }
    return _ParsedFile(target, template, duration, placeholders, starts_at)


def _parse_start(file: RequestFile, template: Template | None, now: datetime) -> tuple[datetime | None, Problems]:
    if file.starts_on is None:
        return None, {}
    if template is not None and closes_a_partner(template):
        return None, {"starts_on": Fact(RefusalCode.START_DATE_WRONG, {"template": template.title})}
    problems: Problems = {}
    starts_at = checked_start(file.starts_on.isoformat(), now, problems)
    return starts_at, {_key(field): problem for field, problem in problems.items()}


def _problems_with(template: Template, file: RequestFile) -> Iterator[tuple[str, Fact]]:
    allowed_days = [duration.days for duration in template.durations]
    if file.duration_days is not None and file.duration_days not in allowed_days:
        values = {"template": template.title, "days": allowed_days}
        yield "duration_days", Fact(RefusalCode.DURATION_NOT_OFFERED, values)
    for placeholder in template.placeholders:
        try:
            parse_placeholder(placeholder, file.placeholders.get(placeholder.name, ""))
        except InvalidField as error:
            problem = {"label": placeholder.label, "problem": error.fact.as_value()}
            yield _key(error.field), Fact(RefusalCode.PLACEHOLDER_WRONG_IN_FILE, problem)
    placeholder_names = [placeholder.name for placeholder in template.placeholders]
    for name in file.placeholders:
        if name not in placeholder_names:
            unknown = {"template": template.title, "known": placeholder_names}
            yield f"placeholders.{name}", Fact(RefusalCode.PLACEHOLDER_UNKNOWN, unknown)


async def _record_findings(
    records_read: _LoadedRecords, records: Records | None, observation: ObservedPartner
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


def _key(form_field: str) -> str:
    if form_field.startswith("hole_"):
        return f"placeholders.{form_field.removeprefix('hole_')}"
    return _KEYS.get(form_field, form_field)

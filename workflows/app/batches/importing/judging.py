"""Judge the rows of a sheet as the form judges a request, without a person. No request is made of it.

Three steps: what a row says by itself; which tenant it names, looked up in groups; what it would change. The partners'
settings and the tenant's default are read once for all rows. It is long because all steps of a row are here.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from workflows.app.batches.importing.asking import asked_access, cell_problems
from workflows.app.batches.importing.sponsors import find_sponsors
from workflows.app.requests.files.loaded_records import LoadedRecords
from workflows.app.requests.files.parsed_request import ParsedRequest, PlanImpossible, key_of, parse_request
from workflows.app.requests.files.plan_from_file import plan_of
from workflows.app.requests.files.row_request import request_of_row
from workflows.app.requests.open_request import open_request_fact
from workflows.app.requests.proposing import chain_of, check_proposal
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.batches.members import why_alone, why_row_alone
from workflows.core.batches.sheets.columns import Column
from workflows.core.batches.sheets.doubles import with_doubles
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict, refused_if_shorter
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.checks.conditional_access.findings import access_findings
from workflows.core.checks.findings import Finding
from workflows.core.checks.rules import Circumstances
from workflows.core.errors.facts import Facts
from workflows.core.errors.raised import InvalidField, NothingToChange, UnreadableSetting
from workflows.core.partners.records import Records
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.policy.risk import risk_for_approval
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.posture.watch.kept_approval import with_kept_approval
from workflows.core.requests.request import AccessRequest, ObservedPartner
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookalike_index import LookalikeIndex
from workflows.partner_lookup.lookalikes import lookalike_findings
from workflows.partner_lookup.lookup import identify
from workflows.partner_lookup.target import normalize_target
from workflows.ports.clock import Clock
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.shared_access import AGAIN_AFTER, KeptEvaluations, SharedAccess

AT_ONCE: Final = 20
"""How many names are looked up together: one request to Graph."""

MAX_PAUSE_SECONDS: Final = 150.0
"""The longest pause that is waited for: the longest of Graph's periods for this service."""

Keep = Callable[[Mapping[str, TenantIdentity]], Awaitable[None]]
"""Stores the tenants that were found together, by the name that was looked up."""


async def keep_nothing(_: Mapping[str, TenantIdentity]) -> None:
    """Store nothing."""


OnFound = Callable[[str, TenantIdentity | None], None]
"""Called with each name that was looked up, and its tenant; None when there is none, or it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantAtOnce:
    """What is equal for all rows, read once."""

    configurations: Mapping[TenantId, JsonObject]
    """The own configuration of every partner in the tenant."""
    default: JsonObject
    own_domains: frozenset[str]
    read_at: datetime


@dataclass(slots=True, kw_only=True)
class _Row:
    """A row while it is judged."""

    row: SheetRow
    target: str = ""
    """The name of the partner in canonical form, also of a row that is wrong elsewhere; empty when it is none."""
    request: ParsedRequest | None = None
    identity: TenantIdentity | None = None
    reason: Facts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetJudging:
    """Judges the rows of one sheet."""

    tenant: Tenant
    catalog: Catalog
    clock: Clock
    records: Records
    known: Mapping[str, TenantIdentity] = field(default_factory=dict)
    """Tenants that were looked up before, by the name in canonical form."""
    keep: Keep = keep_nothing
    """Called after each group of names, so that a report that is interrupted looks up only the others."""
    evaluations: KeptEvaluations = field(default_factory=KeptEvaluations)
    """What Entra answered about Conditional Access for many partners before."""
    again_after: tuple[float, ...] = AGAIN_AFTER
    """Seconds before throttled names are looked up again, where Graph names no pause."""
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def read_tenant(self) -> TenantAtOnce:
        """Read what is equal for all rows.

        :raises TenantUnavailable, TenantRefused: when it cannot be read now.
        """
        await self.tenant.verify_home(must_be_known=True)
        return TenantAtOnce(
            configurations={TenantId(str(one["tenantId"]).lower()): one for one in await self.tenant.read_partners()},
            default=await self.tenant.read_default(),
            own_domains=frozenset(await self.tenant.tenant_settings.verified_domains()),
            read_at=self.clock.now(),
        )

    async def judge(
        self, sheet_rows: Iterable[SheetRow], at_once: TenantAtOnce, on_found: OnFound = lambda *_: None
    ) -> AsyncIterator[JudgedRow]:
        """Yield each row with what it would change, in the order of the sheet."""
        rows = []
        for row in sheet_rows:
            rows.append(self._parsed(row))
            await asyncio.sleep(0)  # ten thousand rows take many seconds, and the bot answers clicks in between
        await self._look_up(rows, on_found)
        _add_doubles(rows)
        sponsors = await find_sponsors((one.row for one in rows), tenant=self.tenant)
        for one in rows:
            one.row, one.reason = sponsors.checked(one.row), one.reason or sponsors.why_unread(one.row)
        planning = _Planning.of(self, rows, at_once)
        for one in rows:
            yield sponsors.named_in(await planning.judged(one))
            await asyncio.sleep(0)

    def _parsed(self, row: SheetRow) -> _Row:
        """Return a row with its request, as far as it is right by itself."""
        target = _target_of(row)
        if row.problems:
            return _Row(row=row, target=target)
        try:
            request = parse_request(request_of_row(row, self.catalog), self.catalog, self.clock.now())
            return _Row(row=_with_problems(row, *cell_problems(row, request)), target=target, request=request)
        except PlanImpossible as error:
            problems = (CellProblem(*problem) for problem in error.problems.items())
            return _Row(row=_with_problems(row, *problems), target=target)

    async def _look_up(self, rows: Sequence[_Row], on_found: OnFound) -> None:
        """Find the tenant of each row that names one, each name once: a row that is wrong elsewhere names it too."""
        by_name: dict[str, list[_Row]] = {}
        for one in rows:
            if one.target:
                by_name.setdefault(one.target, []).append(one)
        names = list(by_name)
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            for usual_pause in (*self.again_after, None):
                throttled = await self._find_together(some, by_name, on_found)
                pause = max((error.retry_after or usual_pause or 0.0 for error in throttled.values()), default=0.0)
                if not throttled or usual_pause is None or pause > MAX_PAUSE_SECONDS:
                    break
                await self.rest(pause)
                some = list(throttled)
            for name in throttled:
                on_found(name, None)
            found = {name: by_name[name][0].identity for name in names[start : start + AT_ONCE]}
            new = {name: one for name, one in found.items() if one is not None and name not in self.known}
            if kept := {name: one for name, one in new.items() if one.is_resolved}:
                await self.keep(kept)

    async def _find_together(
        self, names: Sequence[str], by_name: Mapping[str, Sequence[_Row]], on_found: OnFound
    ) -> Mapping[str, TenantUnavailable]:
        """Look up names in one request to Graph. Returns those that Graph throttled, with the pause it asks for."""
        async with self.tenant.together() as reads:
            started = {name: reads.start(self._find(name, by_name[name], on_found)) for name in names}
            found = {name: await read for name, read in started.items()}
        return {name: error for name, error in found.items() if error is not None}

    async def _find(self, name: str, rows: Sequence[_Row], on_found: OnFound) -> TenantUnavailable | None:
        identity = self.known.get(name)
        reason: Facts = ()
        if identity is None:
            try:
                identity = await identify(name, tenant=self.tenant, records=LoadedRecords(self.records))
            except InvalidField as error:
                for one in rows:
                    one.row = _with_problems(one.row, CellProblem(Column.PARTNER, error.fact))
            except (TenantUnavailable, TenantRefused) as error:
                reason = error.facts
                if isinstance(error, TenantUnavailable) and error.is_throttled:
                    for one in rows:
                        one.reason = reason
                    return error
        for one in rows:
            one.identity, one.reason = identity, reason
        on_found(name, identity)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planning:
    """Makes the plan of each row."""

    judging: SheetJudging
    at_once: TenantAtOnce
    past: LoadedRecords
    partners: LookalikeIndex
    """The domains of all recorded partners, and of all rows."""
    recorded: AbstractSet[str]
    """The domains of all recorded partners."""
    names_of: Mapping[TenantId, AbstractSet[str]]
    """Every name that is known of a tenant: its own names do not imitate it."""
    own: LookalikeIndex
    access: SharedAccess
    open_requests: Mapping[TenantId, AccessRequest]

    @classmethod
    def of(cls, judging: SheetJudging, rows: Sequence[_Row], at_once: TenantAtOnce) -> "_Planning":
        records = judging.records
        recorded = [one.identity for one in records.partnerships.values()]
        identities = [*recorded, *(one.identity for one in rows if one.identity is not None)]
        names_of: defaultdict[TenantId, set[str]] = defaultdict(set)
        for one in rows:
            if one.identity is not None:
                names_of[one.identity.tenant_id].add(one.target)
        for identity in identities:
            names_of[identity.tenant_id] |= {identity.default_domain, identity.typed_name}
        names = {name for found in names_of.values() for name in found if "." in name}
        return cls(
            judging=judging,
            at_once=at_once,
            past=LoadedRecords(records),
            partners=LookalikeIndex(names),
            recorded={name for one in recorded for name in (one.default_domain, one.typed_name)},
            names_of=names_of,
            own=LookalikeIndex(at_once.own_domains),
            access=SharedAccess(tenant_settings=judging.tenant.tenant_settings, kept=judging.evaluations),
            open_requests={
                one.plan.tenant_id: one
                for one in records.open_requests()
                if one.prepared is not None and one.fields.account_change is None
            },
        )

    async def judged(self, one: _Row) -> JudgedRow:
        """Return a row with its plan, or why it has none."""
        problems, identity = one.row.problems, one.identity
        if one.reason and not problems:
            return JudgedRow(row=one.row, verdict=RowVerdict.NOT_READ, reason=one.reason)
        if problems or one.request is None or identity is None:
            return JudgedRow(row=one.row, verdict=RowVerdict.REFUSED, problems=problems, identity=identity)
        try:
            return await self._planned(one.row, one.request, identity)
        except InvalidField as error:
            problem = CellProblem(key_of(error.field), error.fact)
        except UnreadableSetting as error:
            problem = CellProblem(Column.PARTNER, error.fact)
        return JudgedRow(row=one.row, verdict=RowVerdict.REFUSED, problems=(problem,), identity=identity)

    async def _planned(self, row: SheetRow, request: ParsedRequest, identity: TenantIdentity) -> JudgedRow:
        judging, tenant_id = self.judging, identity.tenant_id
        # NB. the name that has a tenant: of www.contoso.com that may be contoso.com. It is looked up again later.
        identity = replace(identity, typed_name=identity.typed_name or request.target)
        configuration, default = self.at_once.configurations.get(tenant_id), self.at_once.default
        observation = ObservedPartner(
            identity=identity, configuration=configuration, default=default, at=self.at_once.read_at
        )
        try:
            plan = self._plan(observation, request)
        except NothingToChange as nothing:
            same = JudgedRow(row=row, verdict=RowVerdict.UNCHANGED, identity=identity, nothing=nothing.fact)
            return refused_if_shorter(same)
        if (other := self.open_requests.get(tenant_id)) is not None:
            problem = CellProblem(Column.PARTNER, open_request_fact(other, None))
            return JudgedRow(row=row, verdict=RowVerdict.REFUSED, problems=(problem,), identity=identity)
        record = judging.records.partnerships.get(tenant_id)
        policy = await current_policy(record, past=self.past, catalog=judging.catalog)
        stages = chain_of(plan, request.template, observation, policy)
        access = await self.access.report(plan, default)
        known = Circumstances(default=default, asks_guests_for_mfa=access.requires_mfa_trust)
        findings = check_proposal(observation, plan, stages, known)
        risk = risk_for_approval(plan, default)
        return JudgedRow(
            row=row,
            verdict=RowVerdict.ADD if configuration is None else RowVerdict.CHANGE,
            identity=identity,
            asked=asked_access(row, request),
            settings=settings_digest(configuration),
            plan=plan,
            default=default,
            risk=risk.level,
            stages=stages,
            findings=(*findings, *self._lookalikes(identity), *access_findings(access)),
            access=access,
            alone=(*why_alone(risk, stages), *why_row_alone(plan, record)),
            closed=None if record is None else record.closed_as,
        )

    def _plan(self, observation: ObservedPartner, request: ParsedRequest) -> Plan:
        records = self.judging.records
        record = records.partnerships.get(observation.identity.tenant_id)
        plan = plan_of(request, observation, record=record, now=self.judging.clock.now())
        recorded = None if record is None else records.requests.get(record.request_id)
        return with_kept_approval(plan, record, None if recorded is None else recorded.plan)

    def _lookalikes(self, identity: TenantIdentity) -> Sequence[Finding]:
        names = [name for name in (identity.typed_name, identity.default_domain) if "." in name]
        near = {other for name in names for other in self.partners.near(name)} - self.names_of[identity.tenant_id]
        own = {other for name in names for other in self.own.near(name)}
        recorded = near & self.recorded
        return lookalike_findings(identity, own_domains=own, partners=recorded, in_file=near - recorded)


def _add_doubles(rows: Sequence[_Row]) -> None:
    """Give each row the problem that it is a double, if it is one.

    Rows that are wrong by themselves are compared, too: they may contradict another row.
    """
    partner_of = {one.row.number: one.target if one.identity is None else one.identity.tenant_id for one in rows}
    for one, row in zip(rows, with_doubles([one.row for one in rows], partner_of), strict=True):
        one.row = row


def _target_of(row: SheetRow) -> str:
    """Return the name of a row's partner in canonical form; empty when the cell names none."""
    try:
        return normalize_target(row.partner) if row.partner else ""
    except InvalidField:
        return ""


def _with_problems(row: SheetRow, *problems: CellProblem) -> SheetRow:
    return replace(row, problems=(*row.problems, *problems))

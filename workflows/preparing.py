"""Turns a stored request into one that can be decided: people, tenant, plan, chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from workflows.catalog import Catalog
from workflows.core.commands import RecordDelayed, RecordPrepared, RecordUnfit
from workflows.core.default_drift import with_inheritance
from workflows.core.errors import InvalidField, NothingToChange, Refused, UnreadableSetting
from workflows.core.findings import Finding, require_fit
from workflows.core.partner import TenantId
from workflows.core.partner_rules import check_partner
from workflows.core.partnership import Partnership, PartnershipState
from workflows.core.people import ChatId, Person
from workflows.core.plan import Plan, TenantIdentity, plan_access, plan_revocation
from workflows.core.renewal import may_be_renewed, plan_renewal
from workflows.core.request import (
    AccessRequest,
    Observation,
    Particulars,
    Prepared,
    RequestId,
    RequestKind,
    RequestState,
    Restored,
)
from workflows.core.restoring import restored
from workflows.core.risk import chain_is_enough, risk_of
from workflows.core.rules import Circumstances, check_plan
from workflows.core.shifts import plan_shift
from workflows.core.template import Stage, Template, filled, stages_for
from workflows.lookup import look_up, read_both
from workflows.ports import (
    Clock,
    Directory,
    DirectoryUnavailable,
    Register,
    Store,
    Tenant,
    TenantRefused,
    TenantUnavailable,
)
from workflows.preflight import Preflight
from workflows.restoring import propose_restoration
from workflows.service import Service
from workflows.sponsors import sponsor_words
from workflows.target import FIELD, is_tenant_id

_FRESH: Final = timedelta(minutes=10)
"""How old the form's observation may be. Applying compares with the tenant again, so this only spares a read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """Performs Prepare. Safe to repeat: a request that is not PREPARING any more is left alone."""

    service: Service
    store: Store
    tenant: Tenant
    directory: Directory
    catalog: Catalog
    clock: Clock

    async def prepare(self, request_id: RequestId) -> None:
        """Make the plan, or record why there can be none.

        :raises TenantUnavailable, DirectoryUnavailable: after recording that the request waits.
        """
        request = await self.store.request(request_id)
        if request is None or request.state is not RequestState.PREPARING:
            return
        try:
            prepared = await self._prepared(request)
        except (TenantUnavailable, DirectoryUnavailable) as error:
            await self._record(request_id, RecordDelayed(reason=f"{error} Gatehouse keeps trying."))
            raise
        except TenantRefused as error:
            if error.status in (401, 403):
                reason = f"{error.reason} The request waits until an admin has mended that."
                await self._record(request_id, RecordDelayed(reason=reason))
                raise TenantUnavailable(reason) from error
            await self._record(request_id, RecordUnfit(code=error.code, reason=error.reason))
        except (Refused, InvalidField, NothingToChange, UnreadableSetting) as error:
            code = getattr(error, "code", type(error).__name__)
            await self._record(request_id, RecordUnfit(code=code, reason=str(error)))
        else:
            await self._record(request_id, RecordPrepared(prepared=prepared))

    async def _record(self, request_id: RequestId, command: RecordPrepared | RecordUnfit | RecordDelayed) -> None:
        """Store what was found out, unless the request was withdrawn or expired while it was being prepared."""
        try:
            await self.service.advance(request_id, command)
        except Refused as refused:
            if refused.code != "not_now":
                raise

    async def _prepared(self, request: AccessRequest) -> Prepared:
        if request.particulars.kind is RequestKind.REVOCATION:
            # Who asked was judged when it was asked for; closing must not hang on the directory once more.
            requester = request.submitter or await self.directory.identify(request.particulars.requester)
            return await self._prepared_revocation(request, requester)
        requester = await self.directory.identify(request.particulars.requester)
        sponsor = requester
        if request.particulars.sponsor != request.particulars.requester:
            sponsor = await self._sponsor(request.particulars.sponsor)
        observation = await self._observe(request)
        await require_no_other_request(self.store, observation, request.id)
        proposal = await self._proposed(request.particulars, observation)
        plan, template, stages = proposal.plan, proposal.template, proposal.stages
        preflight = Preflight(tenant=self.tenant, store=self.store, clock=self.clock)
        is_put_back = request.particulars.kind is RequestKind.RESTORATION
        labels = labels_of(template, request.particulars.holes)
        survey = await preflight.survey(observation, plan, labels, is_put_back=is_put_back)
        findings = (
            *proposal.findings,
            *checked(observation, plan, stages, survey.circumstances),
            *require_fit(survey.findings, FIELD),
        )
        await require_chain(self.directory, stages, {requester.chat_id, sponsor.chat_id})
        return Prepared(
            observation=observation,
            requester=requester,
            sponsor=sponsor,
            plan=plan,
            template_title=proposal.title,
            stages=stages,
            review_interval=template.review_interval,
            findings=findings,
            names=survey.names,
            restored=proposal.restored,
        )

    async def _proposed(self, particulars: Particulars, observation: Observation) -> "_Proposal":
        if particulars.kind is RequestKind.RESTORATION:
            found = await propose_restoration(
                particulars.restores or "",
                observation,
                duration=particulars.duration,
                store=self.store,
                catalog=self.catalog,
            )
            was = restored(found.change)
            return _Proposal(found.plan, found.template, found.stages, found.title, found.findings, was)
        template = current_template(self.catalog, particulars.template)
        known = await self.store.partnership(observation.identity.tenant_id)
        duration = particulars.duration or template.default_duration
        plan = access_plan(observation, template, duration, particulars.holes, known=known, now=self.clock.now())
        return _Proposal(plan, template, chain_of(plan, template), template.title)

    async def _prepared_revocation(self, request: AccessRequest, requester: Person) -> Prepared:
        identity, partnership = await identify_partner(request.particulars.target, store=self.store, tenant=self.tenant)
        configuration, default = await read_both(identity.tenant_id, tenant=self.tenant)
        plan = plan_revocation(tenant_id=identity.tenant_id, before=configuration)
        # Where every block stands already there is nothing to write; it is read back and recorded all the same.
        return Prepared(
            observation=Observation(
                identity=identity, configuration=configuration, default=default, at=self.clock.now()
            ),
            requester=requester,
            sponsor=requester if partnership is None else partnership.sponsor,
            plan=plan,
            template_title="Revoke",
            stages=(),
            review_interval=None,
        )

    async def _sponsor(self, chat_id: ChatId) -> Person:
        try:
            return await self.directory.identify(chat_id)
        except Refused as refused:
            raise InvalidField("sponsor", sponsor_words(refused)) from refused

    async def _observe(self, request: AccessRequest) -> Observation:
        seen = request.observation
        if seen is not None and self.clock.now() - seen.at < _FRESH:
            return seen
        return await look_up(request.particulars.target, tenant=self.tenant, clock=self.clock)


class _Proposal(NamedTuple):
    """What is to be written, and whose chain decides on it."""

    plan: Plan
    template: Template
    stages: tuple[Stage, ...]
    title: str
    findings: tuple[Finding, ...] = ()
    restored: Restored | None = None


def current_template(catalog: Catalog, name: str) -> Template:
    """Look a template up.

    :raises InvalidField: when there is none of this name any more.
    """
    template = catalog.templates.get(name)
    if template is None:
        raise InvalidField("template", f"There is no template “{name}” any more. Choose one from the list.")
    return template


def access_plan(
    observation: Observation,
    template: Template,
    duration: timedelta,
    holes: Mapping[str, str] = MappingProxyType({}),
    *,
    known: Partnership | None,
    now: datetime,
) -> Plan:
    """Compute the plan of an access request; a renewal where the partner has these settings already.

    :param holes: what was typed for the template's holes, by their names.
    :param known: the partner's record, if there is one: only what was opened here can be renewed.
    :raises InvalidField: when a hole is not filled in properly.
    :raises NothingToChange: when the partner has these settings already, and for as long.
    """
    tenant_id, before = observation.identity.tenant_id, observation.configuration
    settings = filled(template, holes)
    name, content = template.name, template.content_hash
    try:
        plan = plan_access(
            tenant_id=tenant_id,
            before=before,
            settings=settings,
            template=name,
            template_hash=content,
            duration=duration,
        )
    except NothingToChange:
        if not may_be_renewed(known, duration, now):
            raise
        plan = plan_renewal(tenant_id=tenant_id, before=before, template=name, template_hash=content, duration=duration)
    return with_inheritance(plan, observation.default)


def labels_of(template: Template, holes: Mapping[str, str]) -> dict[str, str]:
    """Give the label of the field that each id of the form was typed into, by id."""
    return {value.lower(): hole.label for hole in template.holes if (value := holes.get(hole.name))}


def chain_of(plan: Plan, template: Template) -> tuple[Stage, ...]:
    """Give the stages that decide on a plan: all of the template's, or one approver where it only closes access."""
    # NB. without the tenant's default, which is no part of what is approved: what narrows only because the default
    # happens to be open today (an explicit "allowed" over it) is no proven narrowing.
    return stages_for(plan_shift(plan), template)


def checked(
    observation: Observation, plan: Plan, stages: tuple[Stage, ...], around: Circumstances | None = None
) -> tuple[Finding, ...]:
    """Hold a partner, a plan and its chain against the rules, before anybody is asked.

    :param around: what is known around the plan; None: the tenant's default, as far as the observation has it.
    :returns: what the approvers must know.
    :raises Unfit: at the field that has to change.
    """
    about_partner = check_partner(observation.identity.tenant_id, observation.configuration)
    about_plan = check_plan(plan, around or Circumstances(default=observation.default))
    found = require_fit(about_partner, FIELD) + require_fit(about_plan, "template")
    is_cross_cloud = not observation.identity.is_resolved
    weak = chain_is_enough(stages, risk_of(plan, observation.default, is_cross_cloud=is_cross_cloud).level)
    if weak:
        where = "For a partner of another cloud, and over" if is_cross_cloud else "Over"
        raise InvalidField("template", f"{where} what stands for this partner now, {weak}. Choose another template.")
    return found


async def require_no_other_request(store: Register, observation: Observation, request_id: RequestId | None) -> None:
    """Refuse a second open request about one tenant: two plans from one before-image cannot both be true.

    :raises InvalidField: naming the open one.
    """
    for other in await store.open_requests():
        if other.id == request_id or other.prepared is None:
            continue
        if other.prepared.plan.tenant_id == observation.identity.tenant_id:
            who = other.prepared.requester.name
            raise InvalidField("target", f"{who} has an open request for this tenant ({other.id}); wait for its end.")


async def require_chain(directory: Directory, stages: tuple[Stage, ...], excluded: set[ChatId]) -> None:
    """Refuse a request that nobody could ever approve.

    :raises InvalidField: naming the stage that lacks people.
    """
    taken: set[ChatId] = set(excluded)
    for stage in stages:
        free = await _holders(directory, stage) - taken
        if len(free) < stage.quorum:
            raise InvalidField(
                "template",
                f"The stage “{stage.title}” needs {_counted(stage.quorum)} beside the requester and the sponsor; "
                f"the role “{stage.role}” has {len(free)} left. Ask an admin to add people to it, or somebody else "
                "to file this.",
            )
        if len(free) == stage.quorum:
            taken |= free


def _counted(people: int) -> str:
    return "1 person" if people == 1 else f"{people} people"


async def _holders(directory: Directory, stage: Stage) -> frozenset[ChatId]:
    return await directory.holders(stage.role)


async def identify_partner(target: str, *, store: Store, tenant: Tenant) -> tuple[TenantIdentity, Partnership | None]:
    """Find the partner that a command names: by what Entra says the name leads to now, and by our own records.

    A domain can vanish or move: our records then still find the tenant that was opened under it, and where two tenants
    are possible none is taken. A tenant ID that has settings here is a partner, whoever it is: showing and closing it
    needs no name.

    :raises Refused: when nothing or more than one tenant is meant.
    :raises TenantUnavailable, TenantRefused: when only Entra could tell.
    """
    records = await store.partnerships()
    named = [p for p in records if target in (p.identity.tenant_id, p.identity.default_domain, p.identity.asked)]
    if is_tenant_id(target) and named:
        return named[0].identity, named[0]
    live = [p for p in named if p.state is not PartnershipState.REVOKED]
    try:
        found = await tenant.find(target)
    except (TenantUnavailable, TenantRefused):
        if len(live or named) == 1:
            return (live or named)[0].identity, (live or named)[0]
        # NB. nobody said that the tenant is in another cloud, so it must not be recorded as one that is.
        if nameless := await _nameless(target, tenant, is_resolved=True):
            return nameless, None
        raise
    possible = {p.identity.tenant_id for p in live} | ({found.tenant_id} if found else set())
    if len(possible) > 1:
        raise Refused(
            "ambiguous_name",
            f"“{target}” led to another tenant before. Name the tenant ID you mean: {', '.join(sorted(possible))}.",
        )
    if found is not None and found.tenant_id == await tenant.home():
        raise Refused("own_tenant", f"“{target}” is our own tenant; it is no partner.")
    if found is not None:
        return found, await store.partnership(found.tenant_id)
    if named:
        return (live or named)[0].identity, (live or named)[0]
    if nameless := await _nameless(target, tenant, is_resolved=False):
        return nameless, None
    kind = "tenant ID" if is_tenant_id(target) else "domain"
    raise Refused("unknown_tenant", f"No Microsoft Entra tenant has the {kind} “{target}”. See /partner list.")


async def _nameless(target: str, tenant: Tenant, *, is_resolved: bool) -> TenantIdentity | None:
    """Take a tenant ID for a partner because it has settings in our tenant; None for what has none.

    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    """
    if not is_tenant_id(target) or await tenant.read_partner(TenantId(target)) is None:
        return None
    return TenantIdentity(
        tenant_id=TenantId(target), display_name=target, default_domain="", asked=target, is_resolved=is_resolved
    )

"""Check, before every write that opens access, that the plan is still approved by people who may approve it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from workflows.app.approvers.manager_delegates import KnownAbsences
from workflows.app.approvers.managers import read_relations, related_of
from workflows.app.approvers.role_groups import group_problem_of
from workflows.app.approvers.stage_holders import roles_for
from workflows.app.requests.people_checks import require_may_request
from workflows.catalog.catalog import Catalog, changed_rules
from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.partners.reviewing.recent_sponsors import sponsor_since_approval
from workflows.core.people import CurrentRoles
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.drift import Drift
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.relations import Relations
from workflows.core.requests.commands.automatic import Reopen, Replan, Stop
from workflows.core.requests.notes import NoteCode, is_first_plan, not_written
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.settings.canonical import JsonObject
from workflows.effects.applying.default_check import changed_default, needs_default
from workflows.partner_lookup.lookup import never_a_partner
from workflows.partner_lookup.resolving import LookupRefused, is_same_tenant, resolve_again
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import ReadsTogether, Tenant

NextStep: TypeAlias = Callable[[AccessRequest], Facts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """The reason why an approved request must not be written."""

    reason: Facts
    command_type: type[Stop] | type[Reopen] | type[Replan]
    """The class of the command for a request of which nothing was sent."""
    next_step: NextStep
    """Returns facts for the reason: that nothing was written, and what happens next."""
    current_roles: CurrentRoles | None = None
    """The roles with which the approvals were counted, when approvals are missing."""
    drift: Drift | None = None
    relations: Relations | None = None
    """Who has the relation roles of the request now, when approvals are missing."""

    def command_before_first_write(self, request: AccessRequest) -> Stop | Reopen | Replan:
        """Return the command for a request of whose plan nothing was sent."""
        reason = (*self.reason, *self.next_step(request))
        if self.command_type is Replan:
            return Replan(reason=reason, drift=self.drift, has_written_nothing=True)
        if self.command_type is Reopen:
            return Reopen(reason=reason, relations=self.relations)
        return Stop(reason=reason)

    def command_after_write(self, reason: Fact) -> Replan:
        """Return the command for a request that was sent already: a new plan, which needs a new approval.

        :param reason: the first fact of the reason.
        """
        return Replan(reason=(*self.reason, reason), drift=self.drift)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReads:
    """What is read again before a plan is written, started together. An error is raised where it is awaited."""

    identity: Awaitable[TenantIdentity | None]
    """The tenant to which the approved name belongs now."""
    current_roles: Awaitable[CurrentRoles]
    """The roles that the people who decided have now."""
    default: Awaitable[JsonObject] | None
    """The tenant's default; None when no inherited value was approved."""
    group_problem: Awaitable[Fact | None] | None = None
    """Why an Entra group that keeps a role cannot decide; None when that is not checked."""

    @classmethod
    def start(
        cls,
        reads: ReadsTogether,
        request: AccessRequest,
        *,
        tenant: Tenant,
        directory: PeopleDirectory,
        catalog: Catalog | None,
        store: Store | None = None,
    ) -> "ApprovalReads":
        """Start the reads for a request that opens access.

        :param store: has the absences; None: no delegate of a manager counts.
        """
        return cls(
            identity=reads.start(resolve_again(request, tenant=tenant)),
            current_roles=reads.start(_roles_now(request, directory, store)),
            default=reads.start(tenant.read_default()) if needs_default(request) else None,
            group_problem=None
            if catalog is None
            else reads.start(group_problem_of(request, tenant=tenant, catalog=catalog)),
        )


async def _roles_now(request: AccessRequest, directory: PeopleDirectory, store: Store | None) -> CurrentRoles:
    """Read the roles of everybody who decided, each as a delegate if they were one at their decision."""
    people = [decision.person for decision in request.decisions]
    return await roles_for(request, people, directory, await _known_absences(request, store))


async def _known_absences(request: AccessRequest, store: Store | None) -> KnownAbsences | None:
    if store is None:
        return None
    return KnownAbsences(absences=await store.absences(request.created_at), at=request.changed_at)


async def find_objection(
    request: AccessRequest,
    *,
    tenant: Tenant,
    directory: PeopleDirectory,
    catalog: Catalog | None,
    store: Store | None = None,
    started: ApprovalReads | None = None,
) -> Objection | None:
    """Check the partner's identity, template, roles, approvals and inherited values.

    :param catalog: the current templates and roles; None: they are not compared.
    :param store: see `ApprovalReads.start`.
    :param started: the reads, when they were started already together with other reads.
    :returns: the first reason not to write the request; None when everything is as it was approved.
    :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now.
    """
    if request.fields.kind is RequestKind.REVOCATION:
        return None
    if (never := await never_a_partner(request.plan.tenant_id, tenant=tenant)) is not None:
        return Objection(reason=(never,), command_type=Stop, next_step=_reasons_to_stop)
    async with tenant.together() as reads:
        started = started or ApprovalReads.start(
            reads, request, tenant=tenant, directory=directory, catalog=catalog, store=store
        )
        found = await _found_objection(request, started, catalog, directory, store)
    if found is None and catalog is not None and request.plan.starts_at is not None:
        return await _may_not_request(request, catalog, directory, tenant)
    return found


async def _found_objection(
    request: AccessRequest,
    started: ApprovalReads,
    catalog: Catalog | None,
    directory: PeopleDirectory,
    store: Store | None,
) -> Objection | None:
    wrong_tenant = await _wrong_tenant(request, started.identity)
    if wrong_tenant is not None:
        return wrong_tenant
    prepared = request.require_prepared()
    if prepared.plan.starts_at is not None and (gone := await _person_gone(request, directory, store)) is not None:
        return gone
    if catalog is not None and (changed_rule := changed_rules(prepared.plan, prepared.roles, catalog)):
        return Objection(reason=(changed_rule.fact,), command_type=Replan, next_step=_approval_again)
    try:
        current_roles = await started.current_roles
    except PeopleDirectoryRefused as error:
        raise PeopleDirectoryUnavailable(error.facts) from error  # an approved plan waits until this is repaired
    verdict = request.verdict(current_roles)
    if not verdict.is_complete:
        return Objection(
            reason=verdict.not_counted,
            command_type=Reopen,
            next_step=_stage_open_again,
            current_roles=current_roles,
            relations=await _relations_now(request, directory, store),
        )
    if started.group_problem is not None and (problem := await started.group_problem) is not None:
        return Objection(reason=(problem,), command_type=Replan, next_step=_approval_again)
    default_change = None if started.default is None else await changed_default(request, started.default)
    if default_change is None:
        return None
    return Objection(
        reason=default_change.reason,
        command_type=Replan,
        next_step=_reasons_to_ask_again,
        drift=default_change.drift,
    )


async def _relations_now(request: AccessRequest, directory: PeopleDirectory, store: Store | None) -> Relations | None:
    """Return who has the relation roles of the request now, so that they are asked; None when no stage has one."""
    prepared = request.require_prepared()
    if not prepared.relations.holders:
        return None
    related, roles = related_of(request), [stage.role for stage in prepared.stages]
    try:
        return await read_relations(related, roles, directory=directory, known=await _known_absences(request, store))
    except PeopleDirectoryRefused as error:
        raise PeopleDirectoryUnavailable(error.facts) from error


async def _person_gone(request: AccessRequest, directory: PeopleDirectory, store: Store | None) -> Objection | None:
    """Return the objection that the requester, who sent it for them, or the sponsor may not be named any more.

    Weeks may pass between the approval and the start of an access. The sponsor answers for it from then on: who is
    named on the request, or who took over the partner while it waited.
    """
    prepared = request.require_prepared()
    record = None if store is None else await store.partnership(prepared.plan.tenant_id)
    sender = () if prepared.submitter is None else (prepared.submitter,)
    for person in (prepared.requester, *sender, sponsor_since_approval(request, record) or prepared.sponsor):
        try:
            found = await directory.identify(person.chat_id)
        except PeopleDirectoryRefused as error:
            raise PeopleDirectoryUnavailable(error.facts) from error
        except Refused as refused:
            reason = (Fact(NoteCode.PERSON_GONE, {"name": person.name}), *refused.facts)
        else:
            if found.id == person.id:
                continue
            reason = (Fact(NoteCode.PERSON_GONE, {"name": person.name}),)
        return Objection(reason=reason, command_type=Stop, next_step=_reasons_to_stop)
    return None


async def _may_not_request(
    request: AccessRequest, catalog: Catalog, directory: PeopleDirectory, tenant: Tenant
) -> Objection | None:
    """Return the objection that who sent the request may not send it any more, on the day of its start.

    Who may request is no part of what approvers approve, so a change of it is seen only here.
    """
    prepared = request.require_prepared()
    template = catalog.templates.get(prepared.plan.template)
    if template is None or only_reduces_access(prepared.plan):
        return None
    people = directory.for_one_check()
    try:
        await require_may_request(template, prepared.requester, prepared.submitter, directory=people, tenant=tenant)
    except PeopleDirectoryRefused as error:
        raise PeopleDirectoryUnavailable(error.facts) from error
    except InvalidField:
        names = {"name": (prepared.submitter or prepared.requester).name, "template": template.title}
        reason = (Fact(NoteCode.MAY_NOT_REQUEST_NOW, names),)
        return Objection(reason=reason, command_type=Stop, next_step=_reasons_to_stop)
    return None


async def _wrong_tenant(request: AccessRequest, identity_read: Awaitable[TenantIdentity | None]) -> Objection | None:
    prepared = request.require_prepared()
    try:
        identity = await identity_read
    except LookupRefused as refused:
        return Objection(reason=refused.facts, command_type=Stop, next_step=_reasons_to_stop)
    if is_same_tenant(request, identity):
        return None
    values = {
        "target": request.fields.target,
        "tenant": prepared.plan.tenant_id,
        "now": None if identity is None else identity.tenant_id,
    }
    return Objection(reason=(Fact(NoteCode.LEADS_ELSEWHERE, values),), command_type=Stop, next_step=_ask_partner_first)


def _reasons_to_stop(request: AccessRequest) -> Facts:
    return (not_written(request),)


def _ask_partner_first(request: AccessRequest) -> Facts:
    return (not_written(request), Fact(NoteCode.ASK_PARTNER_FIRST))


def _approval_again(request: AccessRequest) -> Facts:
    return (not_written(request), Fact(NoteCode.ASKED_AGAIN))


def _stage_open_again(request: AccessRequest) -> Facts:
    return (Fact(NoteCode.STAGE_OPEN_AGAIN, {"is_first": is_first_plan(request)}),)


def _reasons_to_ask_again(request: AccessRequest) -> Facts:
    return (Fact(NoteCode.ASKED_WITH_DEFAULT, {"is_first": is_first_plan(request)}),)

"""Prepare a stored request for approval: identify people and tenant, make the plan, choose the approval chain.

It is long because every kind of request is prepared here.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, NamedTuple

from workflows.app.adoption.adopting import Adopting, AdoptionTerms
from workflows.app.alarms import Alarms
from workflows.app.approvers.managers import Related
from workflows.app.approvers.required_people import RequiredPeople
from workflows.app.requests.open_request import open_request_fact
from workflows.app.requests.people_checks import (
    identify_requester,
    require_may_request,
    require_may_restore_or_adopt,
)
from workflows.app.requests.proposing import (
    access_plan,
    chain_of,
    check_proposal_in,
    current_template,
    labels_of,
    require_no_other_request,
    require_time_left,
)
from workflows.app.requests.restoration.restoring import propose_lift, propose_restoration
from workflows.app.schedule.revocation_alarms import report_refused_revocation
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.checks.findings import Finding, require_no_errors
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import CodedError, InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import chain_rule
from workflows.core.partners.closing.lifting import USUAL_LIFT_WITHIN, require_may_lift
from workflows.core.partners.replacement import replacement_findings, require_capabilities_read
from workflows.core.partners.restoration.restorable import restored_summary
from workflows.core.partners.reviewing.recent_sponsors import sponsors_of
from workflows.core.people import Person
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.plans.renewal import is_extension
from workflows.core.policy.template import Stage, Template, roles_of
from workflows.core.posture.watch.kept_approval import kept_approval_findings, with_kept_approval
from workflows.core.requests.commands.automatic import RecordDelayed, RecordPrepared, RecordUnfit
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import (
    AccessRequest,
    ObservedPartner,
    PreparedRequest,
    RequestFields,
    RequestId,
    RequestKind,
    RequestState,
    Restored,
)
from workflows.core.requests.transitions.planning import NO_PARTNER
from workflows.core.requests.transitions.resending import remaining_pause
from workflows.core.requests.transitions.transition import partner_of
from workflows.effects.applying.guest_accounts.preparing import AccountPreparation
from workflows.effects.applying.overtaken_block import stop_if_overtaken
from workflows.intervals import FORM_ANSWERED_WITHIN
from workflows.partner_lookup.identifying import identify_partner
from workflows.partner_lookup.lookup import look_up, read_both_alone
from workflows.partner_lookup.target import FIELD
from workflows.ports.audit_log import RestsOn
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.records import OtherOpenRequest, RecordsReader
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.preflight import Preflight
from workflows.preflight.shared_access import KeptEvaluations, SharedAccess

_FRESH: Final = timedelta(minutes=10)
"""The greatest age of the form's observation. An older one is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparer:
    """Performs Prepare. May be repeated safely: a request that is no longer PREPARING is not changed."""

    service: Service
    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    catalog: Catalog
    clock: Clock
    alarms: Alarms
    guest_accounts: GuestAccounts | None = None
    """The guest accounts of our tenant; None: none are changed."""
    records: RecordsReader | None = None
    """What is read of other requests and partners; None: the store. For many requests at once it is read once."""
    lift_within: timedelta = USUAL_LIFT_WITHIN
    """How old a suspension may be to be lifted."""
    asks_about_each: bool = True
    """See `Preflight`."""
    shared_access: SharedAccess | None = None
    """See `Preflight`."""
    evaluations: KeptEvaluations = field(default_factory=KeptEvaluations)
    """What Entra answered about Conditional Access for many partners, also for the next ones."""

    async def prepare(self, request_id: RequestId) -> None:
        """Make the plan and store it, or store why no plan can be made.

        :raises TenantUnavailable: after storing that the request waits, and in the pause before a revocation is planned
            again.
        :raises PeopleDirectoryUnavailable: after storing that the request waits.
        """
        request = await self.store.request(request_id)
        if request is None or request.state is not RequestState.PREPARING:
            return
        if await stop_if_overtaken(request, store=self.store, service=self.service):
            return
        if (pause := remaining_pause(request, self.clock.now())) is not None:
            raise TenantUnavailable((Fact(NoteCode.KEEPS_CHANGING),), pause.total_seconds())
        try:
            began_ago = self.clock.now() - request.changed_at + FORM_ANSWERED_WITHIN
            prepared = await replace(self, directory=self.directory.for_one_check(began_ago))._prepare_by_kind(request)
            await self._require_as_signed(request, prepared.plan)
        except (TenantUnavailable, PeopleDirectoryUnavailable) as error:
            await self._record(request_id, RecordDelayed(reason=(*error.facts, Fact(NoteCode.KEEPS_TRYING))))
            raise
        except (TenantRefused, CodedError) as error:
            await self._not_prepared(request, error)
        else:
            await self._record(request_id, RecordPrepared(prepared=prepared))

    async def _require_as_signed(self, request: AccessRequest, plan: Plan) -> None:
        """Check that the plan was made from records as signed entries say: the partner's sets the approval chain.

        :raises TenantUnavailable: when something other than Gatehouse changed one, unless the request only closes.
        """
        about = RestsOn(request_id=request.id, tenant_id=plan.tenant_id, whole_log=False)
        if request.fields.kind is not RequestKind.REVOCATION and await self.store.unproven(about):
            raise TenantUnavailable((Fact(NoteCode.NOT_AS_SIGNED),))

    async def _not_prepared(self, request: AccessRequest, error: CodedError | TenantRefused) -> None:
        """Store that no plan can be made. A revocation ends with this only when there is no partner.

        :raises TenantUnavailable: for every other revocation, after storing that it waits.
        """
        has_no_partner = isinstance(error, Refused) and error.code in NO_PARTNER
        if request.fields.kind is RequestKind.REVOCATION and not has_no_partner:
            await self._record(request.id, RecordDelayed(reason=(*error.facts, Fact(NoteCode.KEEPS_TRYING))))
            raise await report_refused_revocation(self.alarms, request.id, partner_of(request), error.facts) from error
        if isinstance(error, TenantRefused) and error.status in (401, 403):
            reason = (*error.facts, Fact(NoteCode.WAITS_FOR_ADMIN))
            await self._record(request.id, RecordDelayed(reason=reason))
            raise TenantUnavailable(reason) from error
        unfit = RecordUnfit(code=error.code, reason=error.facts, edition=len(request.edits))
        await self._record(request.id, unfit)

    async def _record(self, request_id: RequestId, command: RecordPrepared | RecordUnfit | RecordDelayed) -> None:
        """Store the result, unless the request was withdrawn or expired while it was being prepared."""
        try:
            await self.service.advance(request_id, command)
        except OtherOpenRequest as error:
            # Two requests about one tenant were prepared at the same time, and the other one was stored first.
            other = await self.store.request(error.other)
            reason = error.facts if other is None else (open_request_fact(other, None),)
            edition = command.prepared.plan.edition if isinstance(command, RecordPrepared) else 0
            await self._record(request_id, RecordUnfit(code=RefusalCode.OPEN_REQUEST, reason=reason, edition=edition))
        except Refused as refused:
            if refused.code is not RefusalCode.NOT_POSSIBLE_IN_THIS_STATE:
                raise

    async def _prepare_by_kind(self, request: AccessRequest) -> PreparedRequest:
        if (change := request.fields.account_change) is not None:
            return await self._account_preparation.prepare(request, change)
        if request.fields.kind is RequestKind.REVOCATION:
            # The requester was checked when they clicked. Closing must not depend on a second check.
            requester = request.submitter or await self.directory.identify(request.fields.requester)
            return await self._prepared_revocation(request, requester)
        return await self._prepare_request(request)

    async def _prepare_request(self, request: AccessRequest) -> PreparedRequest:
        fields, directory = request.fields, self.directory
        requester, submitter = await identify_requester(fields.requester, fields.submitter, directory=directory)
        sponsor, observation = await self._sponsor(fields, requester), await self._observe(request)
        await require_no_other_request(self._read_records, observation, request.id, requester.chat_id, directory)
        proposal = await self._propose(request, observation, requester, sponsor)
        plan, template, stages = _with_edition(proposal.plan, request), proposal.template, proposal.stages
        await self._require_may_request(fields, proposal, requester, submitter)
        labels, is_other = labels_of(template, fields.placeholders), fields.kind is not RequestKind.ACCESS
        result = await self._preflight.check(observation, plan, labels, is_restoration=is_other)
        checked = await check_proposal_in(self.tenant, observation, plan, stages, result.circumstances)
        findings = (*proposal.findings, *checked, *require_no_errors(result.findings, FIELD))
        recent = sponsors_of(await self.store.partnership(plan.tenant_id), self.clock.now())
        sent_by = () if submitter is None else (submitter,)
        others = (*sent_by, *request.editors, *request.drafters, *request.supporters, *proposal.authors, *recent)
        related = Related(requester=requester, sponsor=sponsor, others=others)
        relations = await self._required_people.check(stages, related, submitter)
        return PreparedRequest(
            observation=observation,
            requester=requester,
            sponsor=sponsor,
            plan=plan,
            template_title=proposal.title,
            stages=stages,
            review_interval=template.review_interval,
            findings=findings,
            names=result.names,
            restored=proposal.restored,
            roles=self.catalog.role_hashes(roles_of(stages)),
            chain_rule=chain_rule(plan, stages, template.stages),
            authors=proposal.authors,
            partner_sponsors=recent,
            relations=relations,
            submitter=submitter,
            remind_after=template.remind_after,
        )

    @property
    def _account_preparation(self) -> AccountPreparation:
        return AccountPreparation(
            store=self.store,
            tenant=self.tenant,
            directory=self.directory,
            catalog=self.catalog,
            clock=self.clock,
            accounts=self.guest_accounts,
        )

    @property
    def _read_records(self) -> RecordsReader:
        return self.records or self.store

    @property
    def _preflight(self) -> Preflight:
        return Preflight(
            tenant=self.tenant,
            store=self._read_records,
            clock=self.clock,
            asks_about_each=self.asks_about_each,
            shared_access=self.shared_access,
        )

    @property
    def _required_people(self) -> RequiredPeople:
        return RequiredPeople(
            store=self.store, tenant=self.tenant, directory=self.directory, catalog=self.catalog, clock=self.clock
        )

    async def _require_may_request(
        self, fields: RequestFields, proposal: "_Proposal", requester: Person, submitter: Person | None
    ) -> None:
        """Check who sends a request, with the roles of now. What certainly only reduces access, everybody may send."""
        if only_reduces_access(proposal.plan):
            return
        directory, template = self.directory, proposal.template
        if fields.kind is RequestKind.ACCESS:
            await require_may_request(template, requester, submitter, directory=directory, tenant=self.tenant)
        elif not fields.lifts:
            await require_may_restore_or_adopt(template, requester, directory=directory)

    async def _propose(
        self, request: AccessRequest, observation: ObservedPartner, requester: Person, sponsor: Person
    ) -> "_Proposal":
        """Propose a plan, with what counts as approved after it. The one approver of a reduction approves no drift."""
        proposal = await self._propose_by_kind(request, observation, requester, sponsor)
        record = await self.store.partnership(proposal.plan.tenant_id)
        recorded = None if record is None else await self.store.request(record.request_id)
        recorded_plan = recorded.plan if recorded and recorded.prepared else None
        require_capabilities_read(record, recorded_plan, proposal.plan)
        plan = with_kept_approval(proposal.plan, record, recorded_plan)
        return proposal._replace(plan=plan, findings=(*proposal.findings, *kept_approval_findings(plan)))

    async def _propose_by_kind(
        self, request: AccessRequest, observation: ObservedPartner, requester: Person, sponsor: Person
    ) -> "_Proposal":
        fields, before = request.fields, request.previously_shown
        if fields.kind is RequestKind.ADOPTION:
            return await self._proposed_adoption(request, observation, requester, sponsor)
        if fields.kind is RequestKind.RESTORATION:
            return await self._proposed_restoration(fields, observation, requester)
        template = current_template(self.catalog, fields.template)
        record = await self.store.partnership(observation.identity.tenant_id)
        duration = fields.duration or template.default_duration
        now, ends_at = self.clock.now(), fields.ends_at
        require_time_left(ends_at, now)
        plan = access_plan(
            observation,
            template,
            duration,
            fields.placeholders,
            record=record,
            now=now,
            ends_at=ends_at,
            starts_at=fields.starts_at,
            is_extension_asked=before is not None and is_extension(before.plan),
            left_out=fields.left_out,
        )
        policy = await current_policy(record, past=self.store, catalog=self.catalog)
        stages = chain_of(plan, template, observation, policy)
        period = (plan.end_if_approved(now) or now) - now
        findings = replacement_findings(record, plan, template, stages, period, now)
        return _Proposal(plan, template, stages, template.title, findings)

    async def _proposed_restoration(
        self, fields: RequestFields, observation: ObservedPartner, requester: Person
    ) -> "_Proposal":
        now, store, catalog = self.clock.now(), self.store, self.catalog
        if fields.lifts:
            record = await store.partnership(observation.identity.tenant_id)
            if record is not None:
                require_may_lift(record, requester, await self.directory.current_roles([requester]))
            found = await propose_lift(
                record, observation, at=now, within=self.lift_within, store=store, catalog=catalog
            )
        else:
            found = await propose_restoration(
                fields.restores or "",
                observation,
                duration=fields.duration,
                at=now,
                store=store,
                catalog=catalog,
                is_result=fields.restores_result,
            )
        title = found.template.title
        restored = restored_summary(found.change, is_result=fields.restores_result)
        restored = replace(restored, policy_title=title, is_lift=fields.lifts)
        return _Proposal(found.plan, found.template, found.stages, title, found.findings, restored)

    async def _proposed_adoption(
        self, request: AccessRequest, observation: ObservedPartner, requester: Person, sponsor: Person
    ) -> "_Proposal":
        adopting = Adopting(store=self.store, tenant=self.tenant, directory=self.directory, catalog=self.catalog)
        terms = AdoptionTerms(
            owner=requester.id,
            sponsor=sponsor.id,
            excluded=frozenset({requester.chat_id, sponsor.chat_id}),
            related=Related(requester=requester, sponsor=sponsor),
            duration=request.fields.duration,
        )
        found = await adopting.propose(observation, terms, self.clock.now())
        title = "" if found.equal is None else found.equal.title
        return _Proposal(found.plan, found.decides, found.stages, title, found.findings, authors=found.authors)

    async def _prepared_revocation(self, request: AccessRequest, requester: Person) -> PreparedRequest:
        identity, partnership = await identify_partner(request.fields.target, store=self.store, tenant=self.tenant)
        configuration, default = await read_both_alone(identity.tenant_id, tenant=self.tenant)
        plan = plan_revocation(
            tenant_id=identity.tenant_id,
            before=configuration,
            default=default,
            is_cross_cloud=not identity.is_resolved,
        )
        # A plan without operations is valid: everything is blocked already. It is still read back and recorded.
        return PreparedRequest(
            observation=ObservedPartner(
                identity=identity, configuration=configuration, default=default, at=self.clock.now()
            ),
            requester=requester,
            sponsor=requester if partnership is None else partnership.sponsor,
            plan=plan,
            template_title="Suspend" if request.is_suspension else "Revoke",
            stages=(),
            review_interval=None,
        )

    async def _sponsor(self, fields: RequestFields, requester: Person) -> Person:
        if fields.sponsor == fields.requester:
            return requester
        try:
            return await self.directory.identify(fields.sponsor)
        except Refused as refused:
            raise InvalidField("sponsor", RefusalCode.SPONSOR_REFUSED, refused=refused.fact.as_value()) from refused

    async def _observe(self, request: AccessRequest) -> ObservedPartner:
        seen = request.observation
        if seen is not None and self.clock.now() - seen.at < _FRESH:
            return seen
        return await look_up(request.fields.target, tenant=self.tenant, clock=self.clock, records=self.store)


def _with_edition(plan: Plan, request: AccessRequest) -> Plan:
    """Return the plan of the request's edition; the same object if it is that, for which much is computed already."""
    edition = len(request.edits)
    return plan if plan.edition == edition else replace(plan, edition=edition)


class _Proposal(NamedTuple):
    """A plan, and the template whose approval chain decides on it."""

    plan: Plan
    template: Template
    stages: tuple[Stage, ...]
    title: str
    findings: tuple[Finding, ...] = ()
    restored: Restored | None = None
    authors: tuple[Person, ...] = ()

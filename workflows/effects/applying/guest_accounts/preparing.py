"""Prepare a change of guest accounts: who is shown, and who decides after the admin has confirmed it."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from workflows.app.approvers.managers import Related
from workflows.app.approvers.required_people import RequiredPeople
from workflows.app.evidence.guests.account_planning import AccountPlanning, AskedAccounts
from workflows.app.reads.known_freeze import known_freeze
from workflows.app.requests.proposing import chain_of
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import chain_rule, strongest_template
from workflows.core.partners.closing.guest_accounts import needs_chain, require_may_enable
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.recent_sponsors import sponsors_of
from workflows.core.people import Person
from workflows.core.plans.accounts import AccountChange, AccountPlan
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.policy.reviews.terms import USUAL_LIMITS
from workflows.core.policy.template import Stage, Template, roles_of
from workflows.core.requests.request import AccessRequest, ObservedPartner, PreparedRequest
from workflows.partner_lookup.identifying import identify_partner
from workflows.partner_lookup.lookup import read_both_alone
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts, usable_accounts
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant


class _Deciding(NamedTuple):
    """The plan as it is decided on, the approval chain, and the template that it comes from."""

    plan: Plan
    stages: tuple[Stage, ...]
    template: Template | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPreparation:
    """Prepares requests that change guest accounts. It writes nothing."""

    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    catalog: Catalog
    clock: Clock
    accounts: GuestAccounts | None

    async def prepare(self, request: AccessRequest, change: AccountChange) -> PreparedRequest:
        """Return the accounts to show, and who decides.

        :raises Refused, InvalidField: when it is not possible; the request ends.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read. Then
            nothing is planned.
        """
        requester = request.submitter or await self.directory.identify(request.fields.requester)
        identity, record = await identify_partner(request.fields.target, store=self.store, tenant=self.tenant)
        configuration, default = await read_both_alone(identity.tenant_id, tenant=self.tenant)
        observation = ObservedPartner(
            identity=identity, configuration=configuration, default=default, at=self.clock.now()
        )
        if change is AccountChange.ENABLE:
            require_may_enable(record, configuration)
        accounts = await self._accounts(request, change, identity, record, requester)
        deciding = await self._deciding(request, observation, record, accounts)
        sponsor = requester if record is None else record.sponsor
        recent = sponsors_of(record, self.clock.now())
        related = Related(requester=requester, sponsor=sponsor, others=recent)
        prepared = PreparedRequest(
            observation=observation,
            requester=requester,
            sponsor=sponsor,
            plan=deciding.plan,
            template_title=_TITLES[change],
            stages=deciding.stages,
            review_interval=None,
            partner_sponsors=recent,
        )
        return await self._with_chain(prepared, deciding, related)

    async def _with_chain(self, prepared: PreparedRequest, deciding: _Deciding, related: Related) -> PreparedRequest:
        """Return the same with what the approval chain needs. Without one, nobody else has to be there."""
        stages, template = deciding.stages, deciding.template
        if not stages or template is None:
            return prepared
        people = RequiredPeople(
            store=self.store, tenant=self.tenant, directory=self.directory, catalog=self.catalog, clock=self.clock
        )
        return replace(
            prepared,
            roles=self.catalog.role_hashes(roles_of(stages)),
            chain_rule=chain_rule(deciding.plan, stages, template.stages),
            relations=await people.check(stages, related, None),
            remind_after=template.remind_after,
        )

    async def _accounts(
        self,
        request: AccessRequest,
        change: AccountChange,
        identity: TenantIdentity,
        record: Partnership | None,
        requester: Person,
    ) -> AccountPlan:
        if (usable := usable_accounts(self.accounts)) is None:
            raise Refused(RefusalCode.GUESTS_NOT_CONFIGURED)
        planning = AccountPlanning(tenant=self.tenant, accounts=usable, store=self.store, clock=self.clock)
        fields = request.fields
        if fields.undoes is not None:
            freeze = await known_freeze(self.store)
            if freeze is not None:
                cause = {} if freeze.hold is None else {"cause": freeze.hold.cause.value}
                raise Refused(RefusalCode.UNDO_DURING_FREEZE, name=freeze.by, reason=freeze.reason, **cause)
            return await planning.plan_undo(await self.store.request(fields.undoes), requester, identity.tenant_id)
        template = self._template(record)
        asked = AskedAccounts(
            identity=identity,
            record=record,
            limits=USUAL_LIMITS if template is None else template.guest_limits,
            change=change,
            chosen=fields.accounts,
            only_found=fields.only_found,
        )
        return await planning.plan(asked)

    def _template(self, record: Partnership | None) -> Template | None:
        return None if record is None else self.catalog.templates.get(record.template)

    async def _deciding(
        self,
        request: AccessRequest,
        observation: ObservedPartner,
        record: Partnership | None,
        accounts: AccountPlan,
    ) -> _Deciding:
        """Return the plan with the approval chain that decides on it: none where the admin decides alone."""
        plan = Plan(
            tenant_id=observation.identity.tenant_id,
            operations=(),
            before=observation.configuration,
            template=request.fields.kind.value,
            template_hash="",
            duration=None,
            is_cross_cloud=not observation.identity.is_resolved,
            edition=len(request.edits),
            accounts=accounts,
        )
        of_partner, is_undo = self._template(record), request.fields.undoes is not None
        if not needs_chain(accounts.change, record, of_partner, is_undo=is_undo):
            return _Deciding(plan, (), None)
        template = of_partner or strongest_template(self.catalog.templates.values())
        plan = replace(plan, template=template.name, template_hash=template.content_hash)
        policy = await current_policy(record, past=self.store, catalog=self.catalog)
        return _Deciding(plan, chain_of(plan, template, observation, policy), template)


_TITLES = {AccountChange.DISABLE: "Disable guest accounts", AccountChange.ENABLE: "Enable guest accounts"}

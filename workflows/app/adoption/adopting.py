"""Plan an adoption and find who decides on it; for the form, and when the stored request is prepared."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workflows.app.approvers.managers import Related, read_relations
from workflows.app.approvers.possible_chain import require_chain
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.checks.findings import Finding
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import ApprovalChain, approval_chain_for, strongest_template
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.replacement import adoption_replacement_findings, replacement_findings
from workflows.core.partners.reviewing.recent_sponsors import sponsors_of
from workflows.core.people import ADMIN, ChatId, Person, PersonId
from workflows.core.plans.plan import Plan
from workflows.core.policy.risk import risk_for_approval
from workflows.core.policy.template import Stage, Template
from workflows.core.posture.adoption.adoptable import approved_until, require_adoptable
from workflows.core.posture.adoption.adoption_plan import plan_adoption
from workflows.core.posture.adoption.authorship import (
    LOG_READ_FOR,
    Authorship,
    UnknownAuthor,
    adoption_findings,
    authorship_of,
    chains_with_one_more,
)
from workflows.core.posture.adoption.equal_template import equal_template
from workflows.core.requests.request import AccessRequest, ObservedPartner
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import PartnerChange
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable


@dataclass(frozen=True, slots=True)
class ProposedAdoption:
    """The plan that adopts the current settings, and who decides on it."""

    plan: Plan
    decides: Template
    """The template whose approval chain, durations and review interval apply."""
    equal: Template | None
    """The template that gives exactly these settings; None when there is none."""
    stages: tuple[Stage, ...]
    authors: tuple[Person, ...]
    partner_sponsors: tuple[Person, ...]
    """Who is the sponsor on record, or was in the last 90 days."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionTerms:
    """What people choose about an adoption."""

    owner: PersonId
    sponsor: PersonId
    excluded: frozenset[ChatId]
    """The chat ids of the requester and the sponsor, who may not decide."""
    duration: timedelta | None
    """None for the default of the template whose chain decides."""
    related: Related | None = None
    """The requester and the sponsor, whose managers may have to decide; None before both are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopting:
    """Plans adoptions from what was read in the tenant."""

    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    catalog: Catalog

    async def propose(self, observation: ObservedPartner, terms: AdoptionTerms, now: datetime) -> ProposedAdoption:
        """Plan the adoption of the observed settings, and find the approval chain that decides on it.

        :raises InvalidField: when they cannot be adopted, or a field must change; the error names the field.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when people cannot be read now.
        """
        tenant_id = observation.identity.tenant_id
        record = await self.store.partnership(tenant_id)
        recorded = None if record is None else await self.store.request(record.request_id)
        configuration = require_adoptable(observation, record, recorded, terms.duration, now)
        equal = equal_template(configuration, self.catalog.templates.values())
        decides = equal or strongest_template(self.catalog.templates.values())
        duration = _checked_duration(terms.duration, decides)
        found, authors = await self._authorship(tenant_id, record, recorded, now)
        plan = plan_adoption(
            observation,
            configuration,
            decides=decides,
            equal=equal,
            duration=duration,
            owner=terms.owner,
            sponsor=terms.sponsor,
            authorship=found,
        )
        recent = sponsors_of(record, now)
        excluded = terms.excluded | {person.chat_id for person in (*authors, *recent) if person.chat_id}
        stages = await self._stages(plan, decides, observation, record, excluded, terms.related)
        findings = adoption_findings(found, authors, has_template=equal is not None)
        findings += (
            adoption_replacement_findings(record, plan, decides, duration, now)
            if equal is None
            else replacement_findings(record, plan, equal, stages, duration, now)
        )
        return ProposedAdoption(plan, decides, equal, stages, authors, recent, findings)

    async def _authorship(
        self, tenant_id: TenantId, record: Partnership | None, recorded: AccessRequest | None, now: datetime
    ) -> tuple[Authorship, tuple[Person, ...]]:
        changes = await read_changes(tenant_id, now, tenant=self.tenant, is_recent_enough=True)
        found = authorship_of(changes, since=approved_until(record, recorded), now=now)
        authors = await self.directory.people_of(found.authors)
        if found.is_known and not all(author.chat_id for author in authors):
            found = replace(found, unknown=UnknownAuthor.NOT_IN_CHAT)
        return replace(found, authors=tuple(author.id for author in authors)), authors

    async def _stages(
        self,
        plan: Plan,
        decides: Template,
        observation: ObservedPartner,
        record: Partnership | None,
        excluded: frozenset[ChatId],
        related: Related | None,
    ) -> ApprovalChain:
        """Return the chain of the template and of the partner, strong enough for the risk of all that stands.

        While the author is not known, it has one approver more.
        """
        policy = await current_policy(record, past=self.store, catalog=self.catalog)
        level = risk_for_approval(plan, observation.default).level
        chain = approval_chain_for(plan, decides.stages, policy, level)
        if plan.adoption is not None and plan.adoption.is_author_known:
            return chain
        chains = chains_with_one_more(chain, self.catalog.roles[ADMIN].title)
        return await self._first_possible(chains, await self.directory.all_ids(excluded), related)

    async def _first_possible(
        self, chains: Sequence[ApprovalChain], excluded: Collection[ChatId], related: Related | None
    ) -> ApprovalChain:
        """Return the first chain that enough people can complete; the first of all where nobody can."""
        relations, roles = None, {stage.role for chain in chains for stage in chain}
        if related is not None:
            relations = await read_relations(related, roles, directory=self.directory)
        for chain in chains:
            try:
                await require_chain(self.directory, chain, excluded, relations=relations)
            except InvalidField:
                continue
            return chain
        return chains[0]


async def read_changes(
    tenant_id: TenantId, now: datetime, *, tenant: Tenant, is_recent_enough: bool = False
) -> Sequence[PartnerChange] | None:
    """Read the changes of a partner in Entra's audit log, as far back as it may go; None when it cannot be read.

    :param is_recent_enough: whether the log may have been read up to a minute ago: to make a plan, never to check one.
    """
    settings, since = tenant.tenant_settings, now - LOG_READ_FOR
    try:
        if is_recent_enough:
            return await settings.recent_partner_changes(tenant_id, since)
        return await settings.read_partner_changes(tenant_id, since)
    except (TenantUnavailable, TenantRefused):
        return None


def _checked_duration(duration: timedelta | None, template: Template) -> timedelta:
    """Return how long the adopted settings are approved.

    :raises InvalidField: when it is longer than the template allows whose chain decides.
    """
    if duration is not None and duration > template.longest:
        days = template.longest.days
        raise InvalidField("duration", RefusalCode.DURATION_TOO_LONG, template=template.title, days=days)
    return duration or template.default_duration

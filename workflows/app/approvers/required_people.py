"""Check that enough people can decide on a request, and that nobody of it chose its approvers.

A boundary: preparing a request and accepting a proposal must check the same.
"""

from dataclasses import dataclass

from workflows.app.approvers.manager_delegates import KnownAbsences
from workflows.app.approvers.managers import Related, read_relations
from workflows.app.approvers.possible_chain import require_chain
from workflows.app.approvers.role_groups import role_group_problem
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.policy.relations import Relations
from workflows.core.policy.template import Stage
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredPeople:
    """Reads who holds the stages of a request, and checks them."""

    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    catalog: Catalog
    clock: Clock

    async def check(self, stages: tuple[Stage, ...], related: Related, submitter: Person | None) -> Relations:
        """Check that enough people can decide, and return who has the relation roles.

        :param submitter: who sent it on behalf of the requester; None when the requester did.
        :raises InvalidField: when a stage cannot be passed; the error names it, and the people.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now.
        """
        now = self.clock.now()
        known = KnownAbsences(absences=await self.store.absences(now), at=now)
        relations = await read_relations(
            related, [stage.role for stage in stages], directory=self.directory, known=known
        )
        requester, sponsor = related.requester, related.sponsor
        sent_by = () if submitter is None else (submitter,)
        named_by = (admin for holder in relations.holders for admin in holder.named_by)
        people = (requester, sponsor, *related.others, *named_by)
        own = {sponsor.chat_id} - {person.chat_id for person in (requester, *sent_by)}
        excluded = {person.chat_id for person in people}
        await require_chain(self.directory, stages, excluded, own, relations=relations)
        problem = await role_group_problem(stages, people, tenant=self.tenant, catalog=self.catalog)
        if problem is not None:
            raise InvalidField("template", RefusalCode(problem.code), **problem.values)
        return relations

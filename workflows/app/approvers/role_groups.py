"""Check the Entra groups that keep the roles of a request's stages: nobody may have chosen their own approvers."""

from collections.abc import Iterable, Sequence

from workflows.catalog.catalog import Catalog
from workflows.core.checks.approver_groups import group_problem
from workflows.core.errors.facts import Fact
from workflows.core.people import Person, Role
from workflows.core.policy.template import Stage, roles_of
from workflows.core.requests.request import AccessRequest
from workflows.ports.tenant import Tenant


async def role_group_problem(
    stages: Sequence[Stage], people: Iterable[Person], *, tenant: Tenant, catalog: Catalog
) -> Fact | None:
    """Read the groups of the stages' roles now, and return why one of them cannot decide; None when all of them can.

    Nothing is read when no role is kept by an Entra group.

    :param people: the people who may not decide.
    :raises TenantUnavailable, TenantRefused: when a group or its owners cannot be read.
    """
    if not (group_ids := groups_of(roles_of(stages), catalog)):
        return None
    return group_problem(group_ids, await tenant.approver_groups(group_ids), people)


async def group_problem_of(request: AccessRequest, *, tenant: Tenant, catalog: Catalog) -> Fact | None:
    """Return why a group cannot decide on a prepared request; see `role_group_problem`."""
    prepared, reassigners = request.require_prepared(), (reassignment.by for reassignment in request.reassignments)
    named_by = (admin for holder in prepared.relations.holders for admin in holder.named_by)
    people = (*request.taking_part, *reassigners, *named_by)
    return await role_group_problem(prepared.stages, people, tenant=tenant, catalog=catalog)


def groups_of(roles: Iterable[Role], catalog: Catalog) -> Sequence[str]:
    """Return the ids of the Entra groups that keep these roles, each once, in lower case."""
    sources = (catalog.roles.get(role) for role in roles)
    return sorted({group.lower() for source in sources if source is not None for group in source.entra_groups})


async def unsafe_groups(*, tenant: Tenant, catalog: Catalog) -> Sequence[Fact]:
    """Return why groups that keep a role can decide on no request, whoever asks; one fact a group.

    Nothing is read when no role is kept by an Entra group.

    :raises TenantUnavailable, TenantRefused: when a group or its owners cannot be read.
    """
    if not (group_ids := groups_of(catalog.roles, catalog)):
        return ()
    groups = await tenant.approver_groups(group_ids)
    problems = [group_problem([group_id], groups, ()) for group_id in group_ids]
    return [problem for problem in problems if problem is not None]

"""Check the Entra groups that keep the roles of a request's stages: nobody may have chosen their own approvers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.catalog.catalog import Catalog
from workflows.core.checks.approver_groups import ApproverGroup, group_problem
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
    groups = await tenant.approver_groups(group_ids)
    return group_problem(group_ids, groups, people, accepted_groups(roles_of(stages), catalog))


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


def accepted_groups(roles: Iterable[Role], catalog: Catalog) -> frozenset[str]:
    """Return the ids of the synchronized groups that every one of these roles accepts that names them."""
    sources = [source for role in roles if (source := catalog.roles.get(role)) is not None]
    accepted = {group.lower() for source in sources for group in source.accept_synchronized_groups}
    refused = {
        group.lower()
        for source in sources
        for group in source.entra_groups
        if group.lower() not in map(str.lower, source.accept_synchronized_groups)
    }
    return frozenset(accepted - refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedGroups:
    """The groups that keep roles, as far as no request is needed to judge them."""

    problems: Sequence[Fact] = ()
    """Why groups can decide on no request, whoever asks; one fact a group."""
    accepted: Sequence[ApproverGroup] = ()
    """The synchronized groups that decide because an admin accepted them."""


async def judge_groups(*, tenant: Tenant, catalog: Catalog) -> JudgedGroups:
    """Read the groups that keep a role, and judge them. Nothing is read when no role is kept by an Entra group.

    :raises TenantUnavailable, TenantRefused: when a group or its owners cannot be read.
    """
    if not (group_ids := groups_of(catalog.roles, catalog)):
        return JudgedGroups()
    groups, accepted = await tenant.approver_groups(group_ids), accepted_groups(catalog.roles, catalog)
    problems = [group_problem([group_id], groups, (), accepted) for group_id in group_ids]
    return JudgedGroups(
        problems=[problem for problem in problems if problem is not None],
        accepted=[one for one in groups if one.problem is not None and one.problem_unless_accepted(accepted) is None],
    )

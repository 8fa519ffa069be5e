"""Read who decides in place of managers who are away, at a moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows.core.people import CurrentRoles, PersonId, Role
from workflows.core.policy.delegation.absence import Absence, active_absences, chain_of
from workflows.core.policy.delegation.manager_delegates import ManagerDelegate, manager_delegate
from workflows.core.policy.relations import with_relation_roles
from workflows.ports.people_directory import PeopleDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAbsences:
    """The absences to look for delegates in, and the moment that counts for who has not decided yet."""

    absences: Sequence[Absence]
    at: datetime


async def delegates_of(
    managers: Collection[PersonId],
    absences: Sequence[Absence],
    at: datetime,
    directory: PeopleDirectory,
    *,
    not_by: Collection[PersonId],
) -> Mapping[PersonId, ManagerDelegate]:
    """Return the delegate of each manager who is away at a moment and has one. The next managers are read now.

    :param not_by: who takes part in the request, and so cannot name its approver.

    :raises TenantUnavailable, TenantRefused: when a manager cannot be read.
    """
    active = active_absences(absences, at)
    away = {absence.person.id for manager in managers for absence in chain_of(manager, active)}
    if not away:
        return {}
    read = await directory.managers(sorted(away))
    able = {person: one.id for person, one in read.items() if one is not None and one.is_enabled and one.is_member}
    found = {manager: manager_delegate(manager, active, able, not_by) for manager in managers}
    return {manager: delegate for manager, delegate in found.items() if delegate is not None}


async def with_delegates(
    current_roles: CurrentRoles,
    holders: Mapping[Role, PersonId],
    people: Mapping[PersonId, datetime],
    known: KnownAbsences,
    directory: PeopleDirectory,
    *,
    not_by: Collection[PersonId],
) -> CurrentRoles:
    """Return the roles of people in one request, with those of managers in whose place they decide or decided.

    The admins who named a delegate have no role in the request.

    :param holders: the account that has each relation role.
    :param people: when each person decided who has decided.
    :param not_by: who takes part in the request.
    """
    named_by: set[PersonId] = set()
    for person in current_roles.roles:
        at = people.get(person, known.at)
        delegates = await delegates_of(set(holders.values()), known.absences, at, directory, not_by=not_by)
        named_by |= {admin.id for delegate in delegates.values() for admin in delegate.named_by}
        held = {role: person for role, manager in holders.items() if _is(delegates.get(manager), person)}
        current_roles = with_relation_roles(current_roles, held)
    roles = {person: frozenset() if person in named_by else held for person, held in current_roles.roles.items()}
    return CurrentRoles(roles=roles)


def _is(delegate: ManagerDelegate | None, person: PersonId) -> bool:
    return delegate is not None and delegate.person.id == person

"""Find who has the relation roles of a request: read managers from Entra, and find their chat users."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from workflows.app.approvers.manager_delegates import KnownAbsences, delegates_of
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Person, PersonId, Role
from workflows.core.policy.delegation.manager_delegates import ManagerDelegate
from workflows.core.policy.relations import (
    RELATIONS,
    NoHolderReason,
    RelatedTo,
    RelationHolder,
    Relations,
    relation_roles,
)
from workflows.core.requests.request import AccessRequest
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused
from workflows.ports.tenant import Account

ManagersRead: TypeAlias = Callable[[Sequence[PersonId]], Awaitable[Mapping[PersonId, Account | None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """The people of a request to whom somebody may be related."""

    requester: Person
    sponsor: Person
    others: tuple[Person, ...] = ()
    """Who else takes part in the request. Nobody who does may name the delegate of a manager."""

    @property
    def taking_part(self) -> frozenset[PersonId]:
        """Return the accounts of everybody who takes part."""
        return frozenset(person.id for person in (self.requester, self.sponsor, *self.others))

    @property
    def people(self) -> tuple[Person, Person]:
        """Return both of them."""
        return self.requester, self.sponsor

    def person(self, to: RelatedTo) -> Person:
        """Return one of them."""
        return self.requester if to is RelatedTo.REQUESTER else self.sponsor


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundManager:
    """The account that has a relation role in Entra, or why nobody can have the role."""

    role: Role
    whose: str
    """The name of the person whose manager this is."""
    account: Account | None

    @property
    def problem(self) -> NoHolderReason | None:
        """Return why this account cannot decide; None when it can."""
        if self.account is None:
            return NoHolderReason.NO_MANAGER
        if not self.account.is_enabled:
            return NoHolderReason.DISABLED
        return None if self.account.is_member else NoHolderReason.GUEST


async def manager_accounts(
    related: Related, roles: Sequence[Role], *, managers: ManagersRead
) -> tuple[FoundManager, ...]:
    """Return which account has each of these relation roles in Entra.

    :param managers: reads the manager of each account, see `PeopleDirectory.managers`.
    :raises TenantUnavailable, TenantRefused: when a manager cannot be read.
    """
    asked = {role: related.person(RELATIONS[role].to) for role in roles}
    first = await managers(sorted({person.id for person in asked.values()}))
    above = {role: manager for role, person in asked.items() if (manager := first.get(person.id))}
    two_steps = {role: manager for role, manager in above.items() if RELATIONS[role].steps > 1}
    second = await managers(sorted({one.id for one in two_steps.values()})) if two_steps else {}
    return tuple(
        FoundManager(role=role, whose=manager.name, account=second.get(manager.id))
        if (manager := two_steps.get(role)) is not None
        else FoundManager(role=role, whose=person.name, account=above.get(role))
        for role, person in asked.items()
    )


def able_accounts(found: Collection[FoundManager]) -> Mapping[Role, PersonId]:
    """Return the account of each relation role that an enabled member account has."""
    return {one.role: one.account.id for one in found if one.account is not None and one.problem is None}


def related_of(request: AccessRequest) -> Related:
    """Return the people of a prepared request."""
    prepared = request.require_prepared()
    return Related(requester=prepared.requester, sponsor=prepared.sponsor, others=request.taking_part)


async def read_relations(
    related: Related, roles: Collection[Role], *, directory: PeopleDirectory, known: KnownAbsences | None = None
) -> Relations:
    """Read who has the relation roles among some roles now. A manager must be exactly one enabled member account with
    one chat user.

    :param roles: the roles of the stages; the others are ignored.
    :param known: the absences in which a manager's delegate is looked for; None: nobody is away.
    :raises PeopleDirectoryUnavailable, PeopleDirectoryRefused: when a manager's chat user cannot be read.
    :raises TenantUnavailable, TenantRefused: when a manager cannot be read.
    """
    if not (wanted := relation_roles(roles)):
        return Relations()
    found = await manager_accounts(related, wanted, managers=directory.managers)
    able = sorted(set(able_accounts(found).values()))
    delegates = (
        {}
        if known is None
        else await delegates_of(able, known.absences, known.at, directory, not_by=related.taking_part)
    )
    people = {person.id: person for person in (await directory.people_of(able) if able else ())}
    able_people = {account: await _identified(person, directory) for account, person in people.items()}
    return Relations(holders=tuple(_holder(one, able_people, delegates) for one in found))


def _holder(
    found: FoundManager, people: Mapping[PersonId, Person | None], delegates: Mapping[PersonId, ManagerDelegate]
) -> RelationHolder:
    delegate = None if found.account is None else delegates.get(found.account.id)
    account, problem = found.account, found.problem
    person = None if account is None or problem is not None else people.get(account.id)
    if problem is None and person is None:
        problem = NoHolderReason.NOT_IN_CHAT
    return RelationHolder(
        role=found.role,
        whose=found.whose,
        person=person,
        problem=problem,
        name="" if account is None or person is not None else account.name,
        delegate=None if delegate is None else delegate.person,
        named_by=() if delegate is None else delegate.named_by,
    )


async def _identified(person: Person, directory: PeopleDirectory) -> Person | None:
    """Return the person of an account as a click would identify them; None when no click could."""
    if not person.chat_id:
        return None
    try:
        identified = await directory.identify(person.chat_id)
    except PeopleDirectoryRefused:
        raise
    except Refused:
        return None
    return identified if identified.id == person.id else None


async def read_relations_of(
    requester: ChatId, sponsor: ChatId, roles: Collection[Role], *, directory: PeopleDirectory
) -> Relations:
    """Read who has the relation roles among some roles, for people who are known by their chat ids.

    :raises Refused: when one of them is no full member with exactly one account.
    :raises: as `read_relations`.
    """
    if not relation_roles(roles):
        return Relations()
    asked = await directory.identify(requester)
    other = asked if sponsor == requester else await directory.identify(sponsor)
    return await read_relations(Related(requester=asked, sponsor=other), roles, directory=directory)

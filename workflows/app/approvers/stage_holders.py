"""Find who holds a stage of a request now: the members of its role, or the person who has it by relation.

This is the one place that answers it. Cards, forms, reminders, the App Home and decisions all ask here.
"""

from collections.abc import Sequence
from datetime import datetime

from workflows.app.approvers.manager_delegates import KnownAbsences, with_delegates
from workflows.app.approvers.managers import able_accounts, manager_accounts, related_of
from workflows.core.people import ChatId, CurrentRoles, Person, Role
from workflows.core.policy.relations import RELATIONS, Relations, holders_in_key, relation_roles, with_relation_roles
from workflows.core.requests.request import AccessRequest
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store


async def holders_for(
    role: Role, relations: Relations, directory: PeopleDirectory, *, is_asking: bool = False
) -> frozenset[ChatId]:
    """List the chat ids of the people who hold a stage with this role.

    :param relations: who has the relation roles of the request.
    :param is_asking: whether this only finds people to ask: whether they are active is then known from the last hours.
    """
    if role in RELATIONS:
        return relations.chat_ids(role)
    return await (directory.known_holders(role) if is_asking else directory.holders(role))


async def roles_for(
    request: AccessRequest, people: Sequence[Person], directory: PeopleDirectory, known: KnownAbsences | None = None
) -> CurrentRoles:
    """Read which roles people have now for the stages of a request: from roles.toml, and by relation.

    The requester's and the sponsor's managers are read again each time.

    :param known: the absences in which a manager's delegate is looked for; None: no delegate holds a stage.
    """
    current_roles, prepared = await directory.current_roles(people), request.prepared
    wanted = () if prepared is None else relation_roles(stage.role for stage in prepared.stages)
    if prepared is None or not wanted:
        return current_roles
    related = related_of(request)
    found = await manager_accounts(related, wanted, managers=directory.managers)
    able = able_accounts(found)
    current_roles = with_relation_roles(current_roles, able)
    if known is None:
        return current_roles
    decided = {decision.person.id: decision.at for decision in request.decisions}
    return await with_delegates(current_roles, able, decided, known, directory, not_by=related.taking_part)


async def roles_at(
    request: AccessRequest, people: Sequence[Person], at: datetime, *, directory: PeopleDirectory, store: Store
) -> CurrentRoles:
    """Read which roles people have now for the stages of a request, also as the delegate of a manager.

    :param at: the moment whose absences count for who has not decided yet.
    """
    known = KnownAbsences(absences=await store.absences(request.created_at), at=at)
    return await roles_for(request, people, directory, known)


async def holders_by_key(key: Role, directory: PeopleDirectory) -> frozenset[ChatId]:
    """List the chat ids of the people for whom something waits.

    :param key: a role, or a relation role with the person who has it, see `waiting_key`.
    """
    named = holders_in_key(key)
    return await directory.holders(key) if named is None else named


async def waited_roles_of(
    chat_ids: frozenset[ChatId], waited_for: Sequence[Role], directory: PeopleDirectory
) -> list[Role]:
    """Return for which of the roles that requests wait for a person could decide.

    :param chat_ids: the chat ids of the person.
    :param waited_for: what the store says that requests wait for, see `waiting_key`.
    """
    roles = []
    for key in waited_for:
        if chat_ids & await holders_by_key(key, directory):
            roles.append(key)
    return roles

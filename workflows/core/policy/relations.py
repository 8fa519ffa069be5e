"""Roles that follow from the people of one request: the manager of the requester or of the sponsor, and theirs.

Nobody defines them in roles.toml. Who has one is read from Entra for each request: when it is prepared, again at every
decision and again before the plan is written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role


class RelatedTo(StrEnum):
    """The person of a request to whom somebody is related."""

    REQUESTER = "requester"
    SPONSOR = "sponsor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """How the holder of a role is related to a person of the request."""

    to: RelatedTo
    steps: int
    """How many steps up: 1 for the manager, 2 for the manager's manager."""


REQUESTER_MANAGER: Final = Role("requester-manager")
REQUESTER_MANAGERS_MANAGER: Final = Role("requester-managers-manager")
SPONSOR_MANAGER: Final = Role("sponsor-manager")
SPONSOR_MANAGERS_MANAGER: Final = Role("sponsor-managers-manager")

RELATIONS: Final[Mapping[Role, Relation]] = {
    REQUESTER_MANAGER: Relation(to=RelatedTo.REQUESTER, steps=1),
    REQUESTER_MANAGERS_MANAGER: Relation(to=RelatedTo.REQUESTER, steps=2),
    SPONSOR_MANAGER: Relation(to=RelatedTo.SPONSOR, steps=1),
    SPONSOR_MANAGERS_MANAGER: Relation(to=RelatedTo.SPONSOR, steps=2),
}
"""The relation roles. Their names are reserved: roles.toml must not define them."""


class NoHolderReason(StrEnum):
    """Why nobody has a relation role of a request."""

    NO_MANAGER = "no_manager"
    """The person has no manager in Entra, or the manager is no user account."""
    DISABLED = "disabled"
    """The manager's account is disabled."""
    GUEST = "guest"
    """The manager's account is that of a guest."""
    NOT_IN_CHAT = "not_in_chat"
    """No full member of the chat system belongs to exactly this account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationHolder:
    """Who has a relation role of a request, or why nobody has it."""

    role: Role
    whose: str
    """The name of the person whose manager this is."""
    person: Person | None = None
    """None when nobody has the role."""
    problem: NoHolderReason | None = None
    """None when somebody has the role."""
    name: str = ""
    """The name of a manager who cannot decide; empty when there is none."""
    delegate: Person | None = None
    """Who decides in place of a manager who is away; None: nobody does."""
    named_by: tuple[Person, ...] = ()
    """The admins who named the delegate, and so may not decide."""

    def as_values(self) -> dict[str, Any]:
        """Return the values of a message about it: `whose`, `problem` and `manager`."""
        problem, manager = self.problem, self.name if self.person is None else self.person.name
        return {"whose": self.whose, "problem": problem and problem.value, "manager": manager}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """Who has each relation role that the stages of one request name."""

    holders: tuple[RelationHolder, ...] = ()

    def holder_of(self, role: Role) -> RelationHolder | None:
        """Return who has a relation role; None for every other role, and when it was not read."""
        return next((holder for holder in self.holders if holder.role == role), None)

    def person_of(self, role: Role) -> Person | None:
        """Return the manager who has a relation role; None when nobody has it, and for every other role."""
        holder = self.holder_of(role)
        return None if holder is None else holder.person

    def chat_ids(self, role: Role) -> frozenset[ChatId]:
        """Return the chat ids of who has a relation role, and of the delegate; empty when nobody has it."""
        holder = self.holder_of(role)
        people = () if holder is None else (holder.person, holder.delegate)
        return frozenset(person.chat_id for person in people if person is not None)


NO_RELATIONS: Final = Relations()
"""Of a request whose stages name no relation role, and of a batch, which is never decided by relation."""


def relation_roles(roles: Iterable[Role]) -> tuple[Role, ...]:
    """Return the relation roles among some roles, each once, in a fixed order."""
    named = frozenset(roles)
    return tuple(role for role in RELATIONS if role in named)


def with_relation_roles(current_roles: CurrentRoles, holders: Mapping[Role, PersonId]) -> CurrentRoles:
    """Return the current roles of people, with the relation roles that they have in one request.

    Nobody is added: a person who is not among the current roles has no enabled account or no chat user now.

    :param holders: the account that has each relation role now.
    """
    held_by: dict[PersonId, set[Role]] = {}
    for role, account in holders.items():
        held_by.setdefault(account, set()).add(role)
    return CurrentRoles(
        roles={person: roles | held_by.get(person, set()) for person, roles in current_roles.roles.items()}
    )


def waiting_key(role: Role, relations: Relations) -> Role:
    """Return what a request waits for: a role, and for a relation role also the chat id of the person who has it.

    It is stored with the request, so that those for whom it waits find it. No role has a colon in its name.
    """
    return Role(f"{role}:{','.join(sorted(relations.chat_ids(role)))}") if role in RELATIONS else role


def holders_in_key(key: Role) -> frozenset[ChatId] | None:
    """Return the chat ids of those for whom a request waits; None when it waits for the members of a role.

    :param key: what it waits for, see `waiting_key`.
    """
    _, colon, chat_ids = key.partition(":")
    return frozenset(ChatId(one) for one in chat_ids.split(",") if one) if colon else None

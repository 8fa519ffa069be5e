"""Judge the Entra groups that keep a role: who could join one alone, and whether people of a request own one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person, PersonId


class GroupProblem(StrEnum):
    """Why the members of a group cannot decide."""

    PUBLIC = "public"
    """Everybody in the tenant can join it alone."""
    OWNERS_UNREADABLE = "owners_unreadable"
    """Graph does not show its owners: it is synchronized from another directory, or it is a distribution list."""
    OWNED = "owned"
    """A person of the request owns it, and could choose its members."""
    MISSING = "missing"
    """There is no such group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproverGroup:
    """An Entra group that keeps a role, as Graph shows it."""

    id: str
    name: str
    is_public: bool
    shows_owners: bool
    owners: frozenset[PersonId] = frozenset()
    is_synchronized: bool = False
    """Whether it is a security group without mail that a directory of our own keeps.

    Who can change its members is known only there.
    """

    @property
    def problem(self) -> GroupProblem | None:
        """Return why its members can decide on no request; None when they can."""
        if self.is_public:
            return GroupProblem.PUBLIC
        return None if self.shows_owners else GroupProblem.OWNERS_UNREADABLE

    def problem_unless_accepted(self, accepted: Collection[str]) -> GroupProblem | None:
        """Return the problem, without that of a synchronized security group that an admin accepted knowingly.

        Other groups whose owners Graph does not show are never accepted: people can join a distribution list alone,
        whichever directory keeps it.
        """
        is_accepted = self.is_synchronized and self.id in accepted
        return None if is_accepted and self.problem is GroupProblem.OWNERS_UNREADABLE else self.problem


def group_problem(
    group_ids: Iterable[str],
    groups: Collection[ApproverGroup],
    people: Iterable[Person],
    accepted: Collection[str] = (),
) -> Fact | None:
    """Return why the members of one of these groups cannot decide on a request; None when all of them can.

    :param group_ids: the groups that keep the roles of the stages.
    :param groups: what Graph shows of them. A group that is not among them does not exist.
    :param people: the people who may not decide: the requester, the sponsor, who edited the request, and so on.
    :param accepted: the ids of synchronized groups that an admin accepted, although nobody can see who owns them.
    """
    known = {group.id: group for group in groups}
    by_account = {person.id: person.name for person in people}
    for group_id in group_ids:
        group = known.get(group_id)
        problem, owner = GroupProblem.MISSING if group is None else group.problem_unless_accepted(accepted), ""
        if group is not None and problem is None and (owning := sorted(group.owners & by_account.keys())):
            problem, owner = GroupProblem.OWNED, by_account[owning[0]]
        if problem is not None:
            values = {"group": group_id if group is None else group.name, "problem": problem.value, "owner": owner}
            return Fact(RefusalCode.GROUP_CANNOT_DECIDE, values)
    return None

"""Who decides in place of a manager who is away, where a stage asks for the manager of somebody. Pure.

This is the only delegate who holds a stage by an absence: nobody else has the role of a manager. It must be the next
manager, or somebody whom an admin names, and that admin does not decide.

A boundary: every other absence only chooses who is asked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from workflows.core.people import Person, PersonId
from workflows.core.policy.delegation.absence import Absence, chain_of, stand_in_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerDelegate:
    """The delegate of a manager who is away."""

    person: Person
    named_by: tuple[Person, ...] = ()
    """The admins who named the delegate. They do not decide on the request."""


def manager_delegate(
    manager: PersonId,
    active: Sequence[Absence],
    next_managers: Mapping[PersonId, PersonId | None],
    not_by: Collection[PersonId] = (),
) -> ManagerDelegate | None:
    """Return who decides in place of a manager; None when the manager is there, or nobody can.

    :param active: the absences at the moment, see `active_absences`.
    :param next_managers: the manager of everybody who is away along the chain, with an enabled member account.
    :param not_by: who takes part in the request, and so cannot name its approver.
    """
    stand_in = stand_in_of(manager, active)
    if stand_in is None:
        return None
    chain = list(chain_of(manager, active))
    named_by = tuple(absence.set_by for absence in chain if absence.is_set_by_admin)
    if any(admin.id == stand_in.id or admin.id in not_by for admin in named_by):
        return None  # nobody makes themselves an approver, or chooses who approves what they take part in
    if any(not one.is_set_by_admin and next_managers.get(one.person.id) != one.delegate.id for one in chain):
        return None
    return ManagerDelegate(person=stand_in, named_by=named_by)

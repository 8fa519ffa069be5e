"""Count the decisions on a request: which stages of its approval chain are complete, and who must still decide.

A chain is ordered stages, each with a role and a number of required approvals. `partners.approval_policy` chooses it.

The same `Verdict` is used to show who must still decide, and to decide whether the request is approved.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workflows.core.errors.facts import Fact
from workflows.core.people import CurrentRoles, Person, PersonId, Role
from workflows.core.policy.delegation.profiles import ProfileChange
from workflows.core.policy.template import Stage
from workflows.core.settings.canonical import Digest


class Choice(StrEnum):
    """What an approver decided."""

    APPROVE = "approve"
    REJECT = "reject"


class NotCountedReason(StrEnum):
    """Why an approval does not count."""

    EARLIER_VERSION = "earlier_version"
    """Values: `person`."""
    MAY_NOT = "may_not"
    """Values: `person`."""
    COUNTS_ONCE = "counts_once"
    """Values: `person`."""
    LOST_ROLE = "lost_role"
    """Values: `person`, `stage` (its title)."""


class ChainRule(StrEnum):
    """The rule that asks for the approval chain of a plan. The values are stored."""

    ONE_APPROVER = "one_approver"
    """The plan certainly only reduces access, so one approver is enough."""
    TEMPLATE = "template"
    """The chain of the requested template."""
    STRICTER = "stricter"
    """Stricter than the template's chain: the partner's current chain, or the risk of all settings after the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision of an approver, on the digest of exactly one plan."""

    person: Person
    choice: Choice
    stage: int
    digest: Digest
    reason: str
    at: datetime
    batch_digest: Digest | None = None
    """What the person approved when that was a batch: its digest, which covers the plan with `digest`."""
    on_behalf_of: Person | None = None
    """The absent person in whose place the person was asked; None when they were asked for themselves.

    It changes no count: the approval counts by the role that the person holds, and once.
    """
    asked_at: datetime | None = None
    """When the approvers of the stage were asked; None where that is not stored."""
    profile_changes: tuple[ProfileChange, ...] = ()
    """What had changed in the person's profile shortly before the decision, when the risk is high. It changes no count.
    """

    @property
    def names(self) -> str:
        """Return who decided, and in whose place."""
        return self.person.name if self.on_behalf_of is None else names_of_both(self.person, self.on_behalf_of)


def names_of_both(person: Person, absent: Person) -> str:
    """Return the name of who decided, and of the absent person in whose place."""
    return f"{person.name} for {absent.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of evaluating an approval chain: the approvals that count, and what is missing."""

    counted_people: tuple[tuple[Person, ...], ...]
    """For each stage, the people whose approval counts, in the order of their decisions."""
    open_stage: int | None
    """Index of the stage that waits for approvals; None when the approval chain is complete."""
    missing: int
    """How many approvals the open stage still needs; 0 when the approval chain is complete."""
    not_counted: tuple[Fact, ...]
    """Why each other approval does not count. The codes are `NotCountedReason`."""
    on_behalf_of: Mapping[PersonId, Person] = field(default_factory=dict)
    """In whose place a counted person was asked. People who were asked for themselves are not in it."""

    def name_of(self, person: Person) -> str:
        """Return the name of somebody whose approval counts, and in whose place they were asked."""
        absent = self.on_behalf_of.get(person.id)
        return person.name if absent is None else names_of_both(person, absent)

    @property
    def is_complete(self) -> bool:
        """Return whether every stage has enough approvals."""
        return self.open_stage is None


def evaluate(
    stages: tuple[Stage, ...],
    decisions: tuple[Decision, ...],
    *,
    digest: Digest,
    excluded: frozenset[PersonId],
    current_roles: CurrentRoles | None,
    escalated: Collection[int] = (),
) -> Verdict:
    """Count the approvals of people who are not excluded, approved this digest and have the role now, each once.

    :param escalated: the indexes of the stages whose alternates were asked. Only there their approvals count.
    :param current_roles: the current roles. None counts every decision without checking roles, which is only for
        display.
    """
    counted: list[list[Person]] = [[] for _ in stages]
    not_counted: list[Fact] = []
    seen: set[PersonId] = set()
    for decision in decisions:
        if decision.choice is not Choice.APPROVE:
            continue
        person = decision.person
        if decision.digest != digest:
            not_counted.append(Fact(NotCountedReason.EARLIER_VERSION, {"person": person.name}))
        elif person.id in excluded:
            not_counted.append(Fact(NotCountedReason.MAY_NOT, {"person": person.name}))
        elif person.id in seen:
            not_counted.append(Fact(NotCountedReason.COUNTS_ONCE, {"person": person.name}))
        elif current_roles is not None and not holds_stage(person, decision.stage, stages, escalated, current_roles):
            lost = {"person": person.name, "stage": stages[decision.stage].title}
            not_counted.append(Fact(NotCountedReason.LOST_ROLE, lost))
        else:
            seen.add(person.id)
            counted[decision.stage].append(person)
    return _verdict(stages, counted, not_counted, decisions)


def _verdict(
    stages: tuple[Stage, ...],
    counted: Sequence[Sequence[Person]],
    not_counted: Sequence[Fact],
    decisions: tuple[Decision, ...],
) -> Verdict:
    missing = [max(0, stage.quorum - len(people)) for stage, people in zip(stages, counted, strict=True)]
    return Verdict(
        counted_people=tuple(map(tuple, counted)),
        open_stage=next((index for index, number in enumerate(missing) if number), None),
        missing=next(filter(None, missing), 0),
        not_counted=tuple(not_counted),
        on_behalf_of={one.person.id: one.on_behalf_of for one in decisions if one.on_behalf_of is not None},
    )


def holds_stage(
    person: Person,
    index: int,
    stages: tuple[Stage, ...],
    escalated: Collection[int],
    current_roles: CurrentRoles,
) -> bool:
    """Return whether a person has a role that decides in a stage now."""
    return any(current_roles.holds(person.id, role) for role in deciding_roles(stages, index, escalated))


def deciding_roles(stages: Sequence[Stage], index: int, escalated: Collection[int]) -> tuple[Role, ...]:
    """Return the roles whose members decide in a stage: its own, and its alternates' once they were asked."""
    stage = stages[index]
    return (stage.role,) if stage.alternates is None or index not in escalated else (stage.role, stage.alternates)

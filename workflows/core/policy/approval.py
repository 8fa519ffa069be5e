"""The approval chain: ordered stages with a quorum, evaluated with the current approvers.

What is shown ("who must still decide") and what is enforced come from the same Verdict.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workflows.core.errors.facts import Fact
from workflows.core.people import Person, PersonId, Roster
from workflows.core.policy.template import Stage
from workflows.core.settings.canonical import Digest


class Choice(StrEnum):
    """What an approver decided."""

    APPROVE = "approve"
    REJECT = "reject"


class DiscountCode(StrEnum):
    """Why an approval does not count."""

    EARLIER_VERSION = "earlier_version"
    """Values: `person`."""
    MAY_NOT = "may_not"
    """Values: `person`."""
    COUNTS_ONCE = "counts_once"
    """Values: `person`."""
    LOST_ROLE = "lost_role"
    """Values: `person`, `stage` (its title)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision of an approver, on the digest of exactly one plan."""

    person: Person
    choice: Choice
    stage: int
    digest: Digest
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How many stages of the chain are complete, and which approvals count."""

    counted: tuple[tuple[Person, ...], ...]
    """For each stage the people whose approval counts, in the order of their decisions."""
    open_stage: int | None
    """Index of the stage that waits for approvals; None when the chain is complete."""
    missing: int
    """How many approvals the open stage still needs."""
    discounted: tuple[Fact, ...]
    """The reason for each approval that does not count; codes: `DiscountCode`."""

    @property
    def is_complete(self) -> bool:
        """Return whether every stage has its quorum."""
        return self.open_stage is None


def evaluate(
    stages: tuple[Stage, ...],
    decisions: tuple[Decision, ...],
    *,
    digest: Digest,
    excluded: frozenset[PersonId],
    roster: Roster | None,
) -> Verdict:
    """Count the approvals of distinct people who are not excluded, approved this digest, and hold the role now.

    One person counts once in the whole chain.

    :param roster: None counts every decision as eligible; for display only, never to decide.
    """
    counted: list[list[Person]] = [[] for _ in stages]
    discounted: list[Fact] = []
    seen: set[PersonId] = set()
    for decision in decisions:
        if decision.choice is not Choice.APPROVE:
            continue
        person = decision.person
        if decision.digest != digest:
            discounted.append(Fact(DiscountCode.EARLIER_VERSION, {"person": person.name}))
        elif person.id in excluded:
            discounted.append(Fact(DiscountCode.MAY_NOT, {"person": person.name}))
        elif person.id in seen:
            discounted.append(Fact(DiscountCode.COUNTS_ONCE, {"person": person.name}))
        elif roster is not None and not roster.holds(person.id, stages[decision.stage].role):
            title = stages[decision.stage].title
            discounted.append(Fact(DiscountCode.LOST_ROLE, {"person": person.name, "stage": title}))
        else:
            seen.add(person.id)
            counted[decision.stage].append(person)
    for index, stage in enumerate(stages):
        missing = stage.quorum - len(counted[index])
        if missing > 0:
            return Verdict(
                counted=tuple(map(tuple, counted)), open_stage=index, missing=missing, discounted=tuple(discounted)
            )
    return Verdict(counted=tuple(map(tuple, counted)), open_stage=None, missing=0, discounted=tuple(discounted))

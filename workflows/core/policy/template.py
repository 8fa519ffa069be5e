"""A template: one kind of access that can be requested."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from workflows.core.people import Role
from workflows.core.policy.placeholders import Placeholder, fill
from workflows.core.settings.breadth import AccessChange
from workflows.core.settings.model import Property, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of an approval chain: `quorum` distinct people who hold `role`."""

    title: str
    role: Role
    quorum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRule:
    """The number of a ticket that a request must or may name."""

    pattern: str
    """A regular expression for the whole number."""
    hint: str = ""
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One kind of access: what a request writes, who decides on it, and how often it is reviewed."""

    name: str
    title: str
    description: str
    settings: Mapping[Property, Setting]
    """Only the settings named here are written. None writes an explicit "inherit". For placeholders see `filled`."""
    stages: tuple[Stage, ...]
    review_interval: timedelta
    durations: tuple[timedelta, ...]
    """The durations that the requester may choose from, shortest first."""
    default_duration: timedelta
    decide_within: timedelta
    """How long a request of this kind may stay undecided."""
    content_hash: str
    """SHA-256 of the template's meaning. A request keeps it, and becomes invalid when it changes."""
    placeholders: tuple[Placeholder, ...] = ()
    """The ids that the requester enters, in the order of the form."""
    need: str = ""
    """What people need who choose it, in their words; empty: its title says it."""
    purpose: str = ""
    """The group in which the form offers it; empty: with the others that have none."""
    ticket: TicketRule | None = None
    """None: the form asks for no ticket."""
    may_end_on_date: bool = False
    """Whether the requester may choose the day of the end, instead of one of the durations."""

    @property
    def longest(self) -> timedelta:
        """Return the longest duration that can be requested."""
        return self.durations[-1]


def filled(template: Template, values: Mapping[str, str]) -> Mapping[Property, Setting]:
    """Return the template's settings with the ids of a request in place of its placeholders.

    :param values: what was typed, by the placeholder's name.
    :raises InvalidField: for the first field with a missing or wrong value; it names the field and the correction.
    """
    return fill(template.settings, template.placeholders, values)


def stages_for(access: AccessChange, template: Template) -> tuple[Stage, ...]:
    """Return the chain that a plan of this template needs. Closing access needs fewer approvals than opening it.

    :param access: the effect of the whole plan. Only a certain reduction of access needs the shorter chain.
    """
    if access in (AccessChange.NARROWS, AccessChange.CLOSES):
        return (replace(template.stages[0], quorum=1),)
    return template.stages

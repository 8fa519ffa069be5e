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
class Template:
    """What a request of this kind writes, who decides on it, and how often it is looked at again."""

    name: str
    title: str
    description: str
    settings: Mapping[Property, Setting]
    """Only the settings named here are written; None writes an explicit "inherit". Placeholders: see `filled`."""
    stages: tuple[Stage, ...]
    review_interval: timedelta
    durations: tuple[timedelta, ...]
    """What the requester may choose from, shortest first."""
    default_duration: timedelta
    decide_within: timedelta
    """How long a request of this kind may stay undecided."""
    content_hash: str
    """SHA-256 of the template's meaning; a request keeps it and is void when it changes."""
    placeholders: tuple[Placeholder, ...] = ()
    """The ids that the requester fills in, in the order in which the form asks for them."""


def filled(template: Template, values: Mapping[str, str]) -> Mapping[Property, Setting]:
    """Give the template's settings with the ids of a request in place of its placeholders.

    :param values: what was typed, by the placeholder's name.
    :raises InvalidField: naming the field `hole_<name>` that is not filled in properly, and the cure.
    """
    return fill(template.settings, template.placeholders, values)


def stages_for(access: AccessChange, template: Template) -> tuple[Stage, ...]:
    """Give the chain that a plan of this template needs: closing access needs fewer hands than opening it.

    :param shift: what the whole plan does to the access. Anything but a proven narrowing needs the whole chain.
    """
    if access in (AccessChange.NARROWS, AccessChange.CLOSES):
        return (replace(template.stages[0], quorum=1),)
    return template.stages

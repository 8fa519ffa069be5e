"""A template: one kind of access that can be requested."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from workflows.core.partner import Property, Setting
from workflows.core.people import Role


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
    """Only the settings named here are written; None writes an explicit "inherit"."""
    stages: tuple[Stage, ...]
    review_interval: timedelta
    durations: tuple[timedelta, ...]
    """What the requester may choose from, shortest first."""
    default_duration: timedelta
    decide_within: timedelta
    """How long a request of this kind may stay undecided."""
    content_hash: str
    """SHA-256 of the template's meaning; a request keeps it and is void when it changes."""

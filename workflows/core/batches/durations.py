"""How long the members of a batch may be approved: nobody longer than the template allows that decides on it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from workflows.core.policy.template import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedDurations:
    """The durations that a draft offers."""

    days: tuple[int, ...]
    """Shortest first; empty only when there is no template."""
    default_days: int
    differing: tuple[Template, ...] = ()
    """The templates, when they have no duration in common. Then each member may get a shorter one than was chosen."""


def offered_durations(templates: Sequence[Template]) -> OfferedDurations:
    """Return what a draft offers for members on which these templates decide.

    Durations that every template has. Without any: those with which every member gets a duration of its own template,
    up to the shortest of their longest durations where that is possible.
    """
    if not templates:
        return OfferedDurations(days=(), default_days=0)
    offered = [{duration.days for duration in template.durations} for template in templates]
    shared = sorted(set.intersection(*offered))
    usual = min(template.default_duration.days for template in templates)
    if shared:
        return OfferedDurations(days=tuple(shared), default_days=usual if usual in shared else shared[0])
    least = max(min(days) for days in offered)
    most = max(least, min(max(days) for days in offered))
    days = tuple(sorted(day for day in set.union(*offered) if least <= day <= most))
    return OfferedDurations(days=days, default_days=days[0], differing=tuple(templates))


def duration_within(template: Template, chosen: timedelta) -> timedelta | None:
    """Return the longest duration of a template that is not longer than the chosen one; None when all are longer."""
    return max((one for one in template.durations if one <= chosen), default=None)

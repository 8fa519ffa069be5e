"""The three-way difference after an outside change: approved from, approved to, current value."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from workflows.core.plans.plan import Plan
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_same_value
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION, Property
from workflows.core.settings.words import NOT_SET, setting_words, synchronization_words, title, unreadable

NO_PARTNER: Final = "no settings of its own"
_KEY: Final = "tenantId"
_DECLARED: Final = frozenset(Property)


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """One setting in Graph's own values. None means that the partner does not set it."""

    name: str
    approved_from: Any
    approved_to: Any
    now: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultDivergence:
    """One setting of the tenant's default that the partner would inherit, in Graph's own values."""

    name: str
    shown: Any
    """The value when the plan was made and shown."""
    now: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How the current settings differ from the state before an approved plan, and from the state after it."""

    existed: bool
    """Whether the partner had its own settings when the plan was made."""
    exists: bool
    """Whether it has its own settings now."""
    settings: tuple[Divergence, ...]
    """What somebody else changed, and what the plan was to write, by Graph's names."""
    defaults: tuple[DefaultDivergence, ...] = ()
    """Changes of the tenant's default that the partner would inherit."""


class DefaultLine(NamedTuple):
    """One inherited setting of a drift, in words."""

    setting: str
    shown: str
    now: str


class DriftLine(NamedTuple):
    """One setting of a drift, in words."""

    setting: str
    approved_from: str
    approved_to: str
    now: str


def three_way(plan: Plan, observed: JsonObject | None) -> Drift:
    """Compare the configuration read just before writing with the states before and after the plan.

    Undeclared members are compared too.
    """
    ends = (plan.before or {}, plan.image_after() or {}, observed or {})
    names = dict.fromkeys(name for end in ends for name in end if name != _KEY)
    return Drift(
        existed=plan.before is not None,
        exists=observed is not None,
        settings=tuple(
            Divergence(name=name, approved_from=before, approved_to=after, now=now)
            for name in names
            for before, after, now in [tuple(end.get(name) for end in ends)]
            if not (is_same_value(before, after) and is_same_value(before, now))
        ),
    )


def drift_lines(drift: Drift) -> tuple[DriftLine, ...]:
    """Describe a drift in words. A created or removed partner configuration comes first."""
    words = [DriftLine(title(one.name), *_values(one)) for one in drift.settings]
    if drift.existed is not drift.exists:
        own = "its own settings"
        sides = (own if drift.existed else NO_PARTNER, own, own if drift.exists else NO_PARTNER)
        words.insert(0, DriftLine("The partner", *sides))
    return tuple(words)


def default_lines(drift: Drift) -> tuple[DefaultLine, ...]:
    """Describe the changes of the tenant's default that the partner would inherit."""
    return tuple(
        DefaultLine(title(one.name), _words(one.name, one.shown), _words(one.name, one.now)) for one in drift.defaults
    )


def _values(one: Divergence) -> tuple[str, str, str]:
    before, after, now = (_words(one.name, value) for value in (one.approved_from, one.approved_to, one.now))
    return before, after, now


def _words(name: str, value: Any) -> str:
    if name == IDENTITY_SYNCHRONIZATION:
        return synchronization_words(value)
    if name in _DECLARED:
        return setting_words(name, value)
    return NOT_SET if value is None else unreadable(value)

"""An outside change in words: what was approved, and the current value."""

from typing import Any, Final, NamedTuple

from bot.words.settings.values import NOT_SET, setting_words, synchronization_words, title, unreadable
from workflows.core.plans.drift import Drift, SettingDrift
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION, Property

NO_PARTNER: Final = "no settings of its own"
_DECLARED: Final = frozenset(Property)


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


def _values(one: SettingDrift) -> tuple[str, str, str]:
    before, after, now = (_words(one.name, value) for value in (one.approved_from, one.approved_to, one.now))
    return before, after, now


def _words(name: str, value: Any) -> str:
    if name == IDENTITY_SYNCHRONIZATION:
        return synchronization_words(value)
    if name in _DECLARED:
        return setting_words(name, value)
    return NOT_SET if value is None else unreadable(value)

"""The effect of a plan in plain words, from what was read and computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from bot.words.sentences import counted
from bot.words.settings.capabilities import CAPABILITY_TITLES
from bot.words.settings.values import (
    NO_NAMES,
    NOT_SET,
    REDEMPTION_TITLES,
    TITLES,
    TRUST_TITLES,
    capability_words,
    redemption_words,
    setting_words,
    synchronization_words,
    target_words,
    title,
    trust_words,
    unreadable,
)
from workflows.core.plans.changes import BeforeAfter, ChangeSubject, SettingChange, SettingPart, setting_changes
from workflows.core.plans.plan import Plan
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import parse_targets
from workflows.core.settings.model import CapabilityName, Property

EFFECTS: Final[Mapping[AccessChange, str]] = {
    AccessChange.OPENS: "More access",
    AccessChange.REDUCES: "Less access",
    AccessChange.CLOSES: "Blocked",
    AccessChange.SAME: "No change",
    AccessChange.UNKNOWN: "Not known whether more or less access",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One setting of a plan in words, before and after.

    The words may contain text from the tenant (target ids, unreadable values). Show them as plain text.
    """

    setting: str
    before: str
    after: str
    access: AccessChange

    @property
    def opens(self) -> bool | None:
        """Return True for more access, False for less access, None when it is neither or not known."""
        return self.access.opens

    @property
    def effect(self) -> str:
        """Return the effect in words."""
        return EFFECTS[self.access]


def describe_changes(
    plan: Plan, default: JsonObject | None = None, names: Mapping[str, str] = NO_NAMES
) -> tuple[ChangeLine, ...]:
    """Describe every written setting before and after the plan.

    :param default: the tenant's default configuration, used to describe inherited values; None when it is not known.
    :param names: the names of the ids in the plan, from our own directory.
    """
    context = _ChangeContext(BeforeAfter.of(plan, default), names)
    return tuple(_line(item, context) for item in setting_changes(plan, default))


def duration_words(duration: timedelta) -> str:
    """Return a duration in its largest whole unit: "180 days", "1 year (365 days)", "36 hours"."""
    seconds = int(duration.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % size == 0:
            return _years(seconds // size) if unit == "day" else counted(seconds // size, unit)
    return counted(seconds, "second")


class _ChangeContext(NamedTuple):
    """The data that is needed to describe a change in words."""

    states: BeforeAfter
    names: Mapping[str, str]


def _line(item: SettingChange, context: _ChangeContext) -> ChangeLine:
    before, after = _DESCRIBERS[item.part](item, context)
    return ChangeLine(
        setting=subject_title(item.subject),
        before=before,
        after=after,
        access=item.access,
    )


def subject_title(subject: ChangeSubject) -> str:
    """Return the title of a setting, of one of its flags, or of its other values."""
    if subject.is_unknown_members:
        return f"{title(subject.name)}, other values"
    if subject.name == Property.M365_CAPABILITIES and subject.key:
        return CAPABILITY_TITLES[subject.key]
    if subject.key:
        return (TRUST_TITLES if subject.name == Property.INBOUND_TRUST else REDEMPTION_TITLES)[subject.key]
    return title(subject.name) if subject.name in TITLES else f"Setting that Gatehouse does not know ({subject.name})"


BeforeAfterWords = tuple[str, str]
"""The words of a setting before and after."""


def _targets(item: SettingChange, context: _ChangeContext) -> BeforeAfterWords:
    name, states = Property(item.name), context.states
    before, after = (
        target_words(name, parse_targets(name, document), side.targets[name], context.names)
        for document, side in ((item.before, states.before), (item.after, states.after))
    )
    return before, after


def _flag(item: SettingChange, context: _ChangeContext) -> BeforeAfterWords:
    name, key, states = Property(item.name), item.key, context.states
    if name is Property.INBOUND_TRUST:
        before = trust_words(item.before, states.before.flags[name, key])
        return before, trust_words(item.after, states.after.flags[name, key])
    return redemption_words(key, item.before), redemption_words(key, item.after)


def _synchronization(item: SettingChange, _: _ChangeContext) -> BeforeAfterWords:
    return synchronization_words(item.before), synchronization_words(item.after)


def _capability(item: SettingChange, context: _ChangeContext) -> BeforeAfterWords:
    name = CapabilityName(item.key)
    before, after = (
        capability_words(entry, side.capabilities[name], context.names)
        for entry, side in zip((item.before, item.after), context.states, strict=True)
    )
    return before, after


def _whole_setting(item: SettingChange, _: _ChangeContext) -> BeforeAfterWords:
    return setting_words(item.name, item.before), setting_words(item.name, item.after)


def _unknown_members(item: SettingChange, _: _ChangeContext) -> BeforeAfterWords:
    before, after = (unreadable(value) if value else NOT_SET for value in (item.before, item.after))
    return before, after


def _capabilities_not_read(_: SettingChange, __: _ChangeContext) -> BeforeAfterWords:
    return "could not be read", "could not be read, perhaps all are on"


_DESCRIBERS: Final[Mapping[SettingPart, Callable[[SettingChange, _ChangeContext], BeforeAfterWords]]] = {
    SettingPart.TARGETS: _targets,
    SettingPart.FLAG: _flag,
    SettingPart.SYNCHRONIZATION: _synchronization,
    SettingPart.CAPABILITY: _capability,
    SettingPart.CAPABILITIES_NOT_READ: _capabilities_not_read,
    SettingPart.NO_FLAGS: _whole_setting,
    SettingPart.UNREADABLE: _whole_setting,
    SettingPart.UNKNOWN_MEMBERS: _unknown_members,
}


def _years(days: int) -> str:
    if days % 365 == 0:
        return f"{counted(days // 365, 'year')} ({days} days)"
    return counted(days, "day")

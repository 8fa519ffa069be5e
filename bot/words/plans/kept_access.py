"""Access that a partner has already, that its request does not ask for, and that no decision on the request closes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.words.names.actions import COMMANDS, Action
from bot.words.plans.short_changes import (
    PROMPTED_PEOPLE,
    SUBJECTS,
    TRUST_NOUNS,
    flag_nouns,
    targets_in_words,
    whose_words,
)
from bot.words.settings.capabilities import allowed_words
from bot.words.settings.open_access import unknown_settings_words
from bot.words.settings.values import NO_NAMES, title
from workflows.core.plans.changes import SettingPart
from workflows.core.plans.current_settings import (
    CurrentSetting,
    current_settings,
    settings_that_stay_open,
    unmanaged_settings,
)
from workflows.core.plans.drift import Drift
from workflows.core.plans.plan import Plan
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_same_value
from workflows.core.settings.effective import EffectiveSettings, effective_settings
from workflows.core.settings.model import SERVICE_PROPERTIES, CapabilityName, Property

OPENED_OUTSIDE: Final = "Opened outside Gatehouse, not part of this request"
NOT_APPROVED_HERE: Final = "Open already, not changed by this request"
_INHERITED: Final = " (from the default)"
STAYS_OPEN: Final = "Approve and Reject both leave this open."
_FLAGS: Final[Mapping[tuple[str, bool], str]] = {
    (Property.INBOUND_TRUST, True): "We accept their {}",
    (Property.INBOUND_TRUST, False): "Perhaps we accept their {}",
    (Property.AUTOMATIC_REDEMPTION, True): "No consent prompt {}, once the partner sets it too",
    (Property.AUTOMATIC_REDEMPTION, False): "Perhaps no consent prompt {}",
}
"""By setting, and whether it is certain."""


def kept_access_words(
    plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES, *, outside_change: Drift | None = None
) -> tuple[str, ...]:
    """Return in a few words what a partner has and the plan does not change, one text a kind of access.

    The texts may contain names from the directory: show them as plain text.

    :param default: the tenant's default configuration; None when it is not known.
    :param names: the names of the ids in the configuration, from our own directory.
    :param outside_change: when given, only the access that it changed is returned, without the access that the
        plan before it asked for as well.
    """
    settings = [
        setting for setting in settings_that_stay_open(plan, default) if setting.name != Property.TENANT_RESTRICTIONS
    ]
    unmanaged = unmanaged_settings(plan.configuration_after())
    if outside_change is not None:
        changed = {change.name for change in outside_change.outside_changes}
        settings = [
            setting
            for setting in settings
            if setting.name in changed and not _is_asked_for(setting, outside_change, default)
        ]
        unmanaged = tuple(name for name in unmanaged if name in changed)
    effective = effective_settings(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud)
    others = [unknown_settings_words(unmanaged)] if unmanaged else []
    return (
        *_flags(settings),
        *(_words(setting, effective, names) for setting in settings if setting.part is not _FLAG),
        *others,
    )


def open_now_words(plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES) -> tuple[str, ...]:
    """Return in a few words what a partner can do before a plan, with what it gets from the tenant's default.

    The texts may contain names from the directory: show them as plain text.
    """
    effective = effective_settings(plan.before, default, is_cross_cloud=plan.is_cross_cloud)
    stands = [
        replace(one, value=effective.flags[Property(one.name), one.key].value)
        if one.part is _FLAG and one.inherits
        else one
        for one in current_settings(plan.before, default, is_cross_cloud=plan.is_cross_cloud)
        if one.may_allow_access and one.name != Property.TENANT_RESTRICTIONS and not _gives_nothing(one, default)
    ]
    own, inherited = ([one for one in stands if one.inherits is is_inherited] for is_inherited in (False, True))
    unmanaged = unmanaged_settings(plan.before)
    return (
        *_flags(own),
        *(_words(one, effective, names) for one in own if one.part is not _FLAG),
        *([unknown_settings_words(unmanaged)] if unmanaged else []),
        *(f"{text}{_INHERITED}" for text in _flags(inherited)),
        *(f"{_words(one, effective, names)}{_INHERITED}" for one in inherited if one.part is not _FLAG),
    )


def close_words(partner: str, *, is_opened_outside: bool) -> tuple[str, str, str]:
    """State who can close it and how: the words before the command, the command, and the words after it.

    :param partner: the partner's domain or tenant id, as it is typed.
    :param is_opened_outside: whether the access was opened outside Gatehouse while the request waited.
    """
    before = "Recommended: Reject, and ask an admin to run " if is_opened_outside else "An admin can close it with "
    return before, f"{COMMANDS[Action.REVOKE]} {partner}", " (blocks the whole partner)."


_FLAG: Final = SettingPart.FLAG


def _gives_nothing(one: CurrentSetting, default: JsonObject | None) -> bool:
    """Return whether it is a setting of a service that neither the partner nor the default sets."""
    return one.inherits and one.name in SERVICE_PROPERTIES and default is not None and default.get(one.name) is None


def _is_asked_for(kept: CurrentSetting, outside_change: Drift, default: JsonObject | None) -> bool:
    """Return whether the plan that was made before the outside change leads to the same value."""
    planned = {setting.name: setting.approved_to for setting in outside_change.settings}
    planned_settings = (
        current_setting
        for current_setting in current_settings(planned, default)
        if current_setting.subject == kept.subject
    )
    return any(is_same_value(setting.value, kept.value) for setting in planned_settings)


def _flags(settings: Sequence[CurrentSetting]) -> Iterator[str]:
    for (name, is_certain), text in _FLAGS.items():
        labels = TRUST_NOUNS if name == Property.INBOUND_TRUST else PROMPTED_PEOPLE
        kept = [
            labels[setting.key]
            for setting in settings
            if setting.part is _FLAG and setting.name == name and (setting.value is True) is is_certain
        ]
        if kept:
            yield text.format(flag_nouns(kept))


def _words(one: CurrentSetting, effective: EffectiveSettings, names: Mapping[str, str]) -> str:
    if one.part is SettingPart.TARGETS:
        name = Property(one.name)
        return f"{SUBJECTS.get(name, title(name))}: {targets_in_words(name, effective.targets[name], names)}"
    if one.part is SettingPart.CAPABILITY:
        return allowed_words(one.key, whose_words(effective.capabilities[CapabilityName(one.key)], names))
    if one.part is SettingPart.SYNCHRONIZATION and one.value is not None:
        return "Their administrators create and change accounts here (synchronization)"
    if one.part is SettingPart.UNKNOWN_MEMBERS:
        return f"{title(one.name)}: other values that Gatehouse does not know"
    return f"{title(one.name)}: a value that Gatehouse cannot read"

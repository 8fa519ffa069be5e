"""An outside change in words: the value from which the plan was made, the current value, and what the plan sets."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from bot.words.settings.values import (
    NOT_SET,
    flags_of,
    redemption_words,
    setting_words,
    synchronization_words,
    target_words,
    title,
    trust_words,
    unreadable,
)
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.drift import Drift, SettingDrift
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import parse_setting
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import FLAGS, IDENTITY_SYNCHRONIZATION, TARGET_PROPERTIES, Property

NO_PARTNER: Final = "no settings of its own"
OWN_SETTINGS: Final = "its own settings"
UNKNOWN_SETTING: Final = "A setting that Gatehouse does not know"
_DECLARED: Final = frozenset(Property)


class DefaultLine(NamedTuple):
    """One inherited setting of a drift, in words."""

    setting: str
    before: str
    now: str


class DriftLine(NamedTuple):
    """One setting that was changed outside Gatehouse, in words."""

    setting: str
    before: str
    """The value from which the plan was made."""
    now: str
    planned_value: str | None
    """The value that the approved plan sets; None when it does not write the setting."""


def drift_lines(
    drift: Drift, default: JsonObject | None = None, *, with_graph_names: bool = False
) -> tuple[DriftLine, ...]:
    """Describe the settings that were changed outside Gatehouse.

    A created or removed partner configuration comes first.

    :param default: the tenant's default configuration, for values that are not set; None when it is not known.
    :param with_graph_names: whether settings that Gatehouse does not know are named as in Microsoft Graph.
    """
    lines: list[DriftLine] = []
    for outside_change in drift.outside_changes:
        lines += list(_flag_lines(outside_change, default)) or [
            _line(outside_change, default, with_graph_names=with_graph_names)
        ]
    return (*existence_lines(drift), *lines)


def existence_lines(drift: Drift) -> tuple[DriftLine, ...]:
    """State that the partner's own configuration was created or removed outside Gatehouse; empty otherwise."""
    if drift.existed is drift.exists:
        return ()
    before, now = (OWN_SETTINGS if exists else NO_PARTNER for exists in (drift.existed, drift.exists))
    return (DriftLine("The partner", before, now, None),)


def default_lines(drift: Drift) -> tuple[DefaultLine, ...]:
    """Describe the changes of the tenant's default that the partner would inherit."""
    return tuple(
        DefaultLine(title(default.name), _words(default.name, default.before), _words(default.name, default.now))
        for default in drift.defaults
    )


def _flag_lines(drift: SettingDrift, default: JsonObject | None) -> Iterator[DriftLine]:
    """Describe each flag that changed; nothing for other settings and for values that cannot be read."""
    if drift.name not in FLAGS:
        return
    name, effective = Property(drift.name), effective_settings(None, default)
    try:
        sides = [parse_setting(name, value) for value in (drift.approved_from, drift.now, drift.approved_to)]
    except (UnreadableSetting, ValueError):
        return
    for rows in zip(*(flags_of(name, side) for side in sides), strict=True):
        key, label, _ = rows[0]
        flags = [flag for _, _, flag in rows]
        if flags[0] is flags[1]:
            continue
        if name is Property.INBOUND_TRUST:
            words = [trust_words(flag, effective.flags[name, key]) for flag in flags]
        else:
            words = [redemption_words(key, flag) for flag in flags]
        yield DriftLine(label, words[0], words[1], words[2] if drift.is_planned else None)


def _line(drift: SettingDrift, default: JsonObject | None, *, with_graph_names: bool) -> DriftLine:
    before, planned, now = (
        _words(drift.name, value, default) for value in (drift.approved_from, drift.approved_to, drift.now)
    )
    unknown = f"{UNKNOWN_SETTING} ({drift.name})" if with_graph_names else UNKNOWN_SETTING
    setting = title(drift.name) if drift.name in _DECLARED else unknown
    return DriftLine(setting, before, now, planned if drift.is_planned else None)


def _words(name: str, value: Any, default: JsonObject | None = None) -> str:
    if name == IDENTITY_SYNCHRONIZATION:
        return synchronization_words(value)
    if name not in _DECLARED:
        return NOT_SET if value is None else unreadable(value)
    if value is None and name in TARGET_PROPERTIES:
        return target_words(name, None, effective_settings(None, default).targets[Property(name)])
    return setting_words(name, value)

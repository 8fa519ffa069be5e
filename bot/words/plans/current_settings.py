"""A partner's current settings in words, setting by setting."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.words.plans.changes import subject_title
from bot.words.settings.values import (
    DEFAULT_UNSET,
    NO_NAMES,
    capability_words,
    redemption_words,
    setting_words,
    synchronization_words,
    target_words,
    trust_words,
    unreadable,
)
from workflows.core.plans import current_settings as facts
from workflows.core.plans.changes import SettingPart
from workflows.core.plans.current_settings import CurrentSetting
from workflows.core.plans.plan import Plan
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import parse_targets
from workflows.core.settings.effective import EffectiveFlag, EffectiveSettings, Origin, effective_settings
from workflows.core.settings.model import CapabilityName, Property, configurations

DEFAULT_UNREAD: Final = "the default could not be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentLine:
    """One current setting of a partner in words. `words` may contain text from the tenant."""

    setting: str
    words: str
    fact: CurrentSetting

    @property
    def is_own(self) -> bool:
        """Return whether it is set for this partner."""
        return self.fact.is_own


def describe_current(
    configuration: JsonObject | None,
    default: JsonObject | None,
    names: Mapping[str, str] = NO_NAMES,
    *,
    is_cross_cloud: bool = False,
) -> tuple[CurrentLine, ...]:
    """Describe every current setting of a partner. An inherited one has the value of the tenant's default.

    :param configuration: the partner's own document; None when it has none, so that the defaults apply.
    :param default: the tenant's default document; None when it could not be read.
    :param names: the display names for the ids in the configuration, from our own directory.
    :param is_cross_cloud: whether the partner is in another Microsoft cloud. The tenant's default does not apply to
        such a partner while it has no configuration of its own.
    """
    current = facts.current_settings(configuration, default, is_cross_cloud=is_cross_cloud)
    return _lines(current, effective_settings(configuration, default, is_cross_cloud=is_cross_cloud), default, names)


def describe_unchanged(
    plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES
) -> tuple[CurrentLine, ...]:
    """Describe the settings of a partner that stay as they are, because a plan does not write them."""
    effective = effective_settings(facts.without_written_settings(plan), default)
    return _lines(facts.unchanged_settings(plan, default), effective, default, names)


def describe_staying_open(
    plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES
) -> tuple[CurrentLine, ...]:
    """Describe what a plan leaves open: settings of the partner that still allow access and that it does not change."""
    effective = effective_settings(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud)
    return _lines(facts.settings_that_stay_open(plan, default), effective, default, names)


def _lines(
    settings: Iterable[CurrentSetting],
    effective: EffectiveSettings,
    default: JsonObject | None,
    names: Mapping[str, str],
) -> tuple[CurrentLine, ...]:
    return tuple(
        CurrentLine(
            setting=subject_title(setting.subject),
            words=_words(setting, effective, default, names),
            fact=setting,
        )
        for setting in settings
    )


def _words(
    current: CurrentSetting, effective: EffectiveSettings, default: JsonObject | None, names: Mapping[str, str]
) -> str:
    match current.part:
        case SettingPart.SYNCHRONIZATION:
            return synchronization_words(current.value)
        case SettingPart.TARGETS:
            return _target_words(Property(current.name), current, effective, default, names)
        case SettingPart.CAPABILITY:
            return capability_words(current.value, effective.capabilities[CapabilityName(current.key)], names)
        case SettingPart.FLAG:
            return _flag_words(Property(current.name), current, effective, default)
        case _:
            return unreadable(current.value)


def _target_words(
    name: Property,
    current: CurrentSetting,
    effective: EffectiveSettings,
    default: JsonObject | None,
    names: Mapping[str, str],
) -> str:
    own, applied = parse_targets(name, current.value), effective.targets[name]
    if own is not None:
        return target_words(name, own, applied, names)
    if current.origin is Origin.NOT_ADDED:
        return target_words(name, None, applied)
    if None not in configurations(applied.setting):
        return target_words(name, applied.setting, names=names)
    if default is None:
        return DEFAULT_UNREAD
    document = default.get(name)
    return DEFAULT_UNSET if document is None else setting_words(name, document)


def _flag_words(
    name: Property, current: CurrentSetting, effective: EffectiveSettings, default: JsonObject | None
) -> str:
    if name is Property.AUTOMATIC_REDEMPTION:
        return redemption_words(current.key, current.value)
    flag = effective.flags[name, current.key]
    if flag.origin is Origin.NOT_ADDED:
        return trust_words(None, flag)
    return trust_words(current.value) if current.value is not None else _default_trust_words(flag, default)


def _default_trust_words(flag: EffectiveFlag, default: JsonObject | None) -> str:
    if default is None:
        return DEFAULT_UNREAD
    if flag.value is not None:
        return trust_words(flag.value)
    return unreadable(default.get(Property.INBOUND_TRUST)) if flag.origin is Origin.UNREADABLE else DEFAULT_UNSET

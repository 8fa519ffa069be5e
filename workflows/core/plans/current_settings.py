"""List the current settings of a partner: its own values, and where inherited values come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.changes import ChangeSubject, SettingPart, setting_changes, unknown_members
from workflows.core.plans.plan import Plan, changes
from workflows.core.settings.access_change import AccessChange, is_certainly_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import entry_of, known_names
from workflows.core.settings.documents import has_no_value, parse_setting, parse_targets
from workflows.core.settings.effective import (
    SYNCHRONIZATION_FLAG,
    EffectiveSettings,
    EffectiveTargets,
    Origin,
    effective_settings,
)
from workflows.core.settings.model import FLAGS, IDENTITY_SYNCHRONIZATION, Property


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSetting:
    """One current setting of a partner, or one flag of it."""

    name: str
    """Graph's name of the setting."""
    part: SettingPart
    key: str = ""
    """The model's name of a flag, or Graph's name of a capability."""
    value: Any
    """The partner's own value: a document, a flag, or None when it has none. It may contain text from the tenant."""
    inherits: bool
    """Whether it is not set for this partner, so that the tenant's default applies."""
    origin: Origin
    """Where the effective value comes from."""
    may_allow_access: bool = True
    """False when it certainly allows nobody in and trusts nothing."""

    @property
    def is_own(self) -> bool:
        """Return whether it is set for this partner."""
        return self.value is not None

    @property
    def subject(self) -> ChangeSubject:
        """Return the setting or flag that it is about. A change of the same setting or flag has an equal subject."""
        return ChangeSubject.of(self.name, self.part, self.key)


def current_settings(
    configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> tuple[CurrentSetting, ...]:
    """List every current setting of a partner, and whether it is its own or the tenant's default.

    :param configuration: the partner's configuration in our tenant; None when there is none: the defaults apply.
    :param default: the tenant's default document; None when it could not be read.
    :param is_cross_cloud: whether it is in another Microsoft cloud: without a configuration no default applies.
    """
    own, effective = configuration or {}, effective_settings(configuration, default, is_cross_cloud=is_cross_cloud)
    return tuple(entry for name in Property for entry in _current_settings(name, own, effective))


def without_written_settings(plan: Plan) -> JsonObject:
    """Return the partner's configuration before a plan, without the settings that the plan writes."""
    written = {change.name for change in changes(plan)}
    return {name: value for name, value in (plan.before or {}).items() if name not in written}


def unchanged_settings(plan: Plan, default: JsonObject | None) -> tuple[CurrentSetting, ...]:
    """List the settings of a partner that a plan does not write."""
    return tuple(entry for entry in current_settings(without_written_settings(plan), default) if entry.is_own)


def settings_that_stay_open(plan: Plan, default: JsonObject | None) -> tuple[CurrentSetting, ...]:
    """List the settings that a plan does not write and that allow access, or may allow it."""
    changed_settings = {
        setting_change.subject
        for setting_change in setting_changes(plan, default)
        if setting_change.access is not AccessChange.SAME
    }
    after = current_settings(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud)
    return tuple(
        setting
        for setting in after
        if setting.is_own and setting.may_allow_access and setting.subject not in changed_settings
    )


def unmanaged_settings(configuration: JsonObject | None) -> tuple[str, ...]:
    """Return Graph's names of the partner's other settings, which Gatehouse neither reads nor writes."""
    documented_names = {*Property, "tenantId"}
    return tuple(
        sorted(
            name
            for name, value in (configuration or {}).items()
            if name not in documented_names and "@" not in name and not has_no_value(value)
        )
    )


def _current_settings(
    name: Property, configuration: JsonObject, effective: EffectiveSettings
) -> Iterator[CurrentSetting]:
    document = configuration.get(name)
    if name == IDENTITY_SYNCHRONIZATION:
        # There is no default for it: a partner without a synchronization policy cannot synchronize.
        origin = Origin.MICROSOFT_DEFAULT if document is None else Origin.SET_HERE
        may_allow_access = effective.flags[name, SYNCHRONIZATION_FLAG].value is not False
        yield CurrentSetting(
            name=name,
            part=SettingPart.SYNCHRONIZATION,
            value=document,
            inherits=False,
            origin=origin,
            may_allow_access=may_allow_access,
        )
    elif name is Property.M365_CAPABILITIES:
        yield from _capabilities_current(document, effective)
        return
    elif name in FLAGS:
        yield from _flag_current(name, document, effective)
    else:
        yield _target_current(name, document, effective.targets[name])
    if others := unknown_members(name, document):
        yield CurrentSetting(
            name=name,
            part=SettingPart.UNKNOWN_MEMBERS,
            value=others,
            inherits=False,
            origin=Origin.SET_HERE,
            may_allow_access=not has_no_value(others),
        )


def _capabilities_current(document: Any, effective: EffectiveSettings) -> Iterator[CurrentSetting]:
    """Return each capability that is set for the partner, or that the default switches on; nothing when not read."""
    name = Property.M365_CAPABILITIES
    try:
        own = set() if parse_setting(name, document) is None else set(known_names(document))
    except UnreadableSetting:
        yield CurrentSetting(
            name=name, part=SettingPart.UNREADABLE, value=document, inherits=False, origin=Origin.UNREADABLE
        )
        return
    for capability, found in effective.capabilities.items():
        if capability in own or (document is not None and found.inherits and not is_certainly_blocked(found.setting)):
            yield CurrentSetting(
                name=name,
                part=SettingPart.CAPABILITY,
                key=capability,
                value=entry_of(document, capability),
                inherits=capability not in own,
                origin=found.origins[0],
                may_allow_access=not is_certainly_blocked(found.setting),
            )


def _target_current(name: Property, document: Any, effective: EffectiveTargets) -> CurrentSetting:
    origin = Origin.SET_HERE if Origin.SET_HERE in effective.origins else effective.origins[0]
    try:
        own = parse_targets(name, document)
    except UnreadableSetting:
        return CurrentSetting(name=name, part=SettingPart.UNREADABLE, value=document, inherits=False, origin=origin)
    can_inherit = own is None and origin is not Origin.NOT_ADDED
    return CurrentSetting(
        name=name,
        part=SettingPart.TARGETS,
        value=document,
        inherits=can_inherit and document is None,
        origin=origin,
        may_allow_access=not is_certainly_blocked(effective.certain_setting),
    )


def _flag_current(name: Property, document: Any, effective: EffectiveSettings) -> Iterator[CurrentSetting]:
    try:
        setting = parse_setting(name, document)
    except UnreadableSetting:
        yield CurrentSetting(
            name=name, part=SettingPart.UNREADABLE, value=document, inherits=False, origin=Origin.UNREADABLE
        )
        return
    for key in FLAGS[name]:
        own, flag = getattr(setting, key, None), effective.flags[name, key]
        # Automatic redemption's default is false for every tenant, so the value is known even when it is not set.
        can_inherit = name is not Property.AUTOMATIC_REDEMPTION and flag.origin is not Origin.NOT_ADDED
        yield CurrentSetting(
            name=name,
            part=SettingPart.FLAG,
            key=key,
            value=own,
            inherits=can_inherit and own is None,
            origin=flag.origin,
            may_allow_access=flag.value is not False,
        )

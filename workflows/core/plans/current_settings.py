"""The current settings of a partner, setting by setting, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.changes import unknown_members
from workflows.core.plans.plan import Plan, changes
from workflows.core.plans.words import describe
from workflows.core.settings.breadth import AccessChange, is_certainly_blocked
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import parse_setting, parse_targets, says_nothing
from workflows.core.settings.effective import (
    SYNCHRONIZATION_FLAG,
    Effective,
    EffectiveFlag,
    EffectiveTargets,
    Origin,
    effective,
)
from workflows.core.settings.model import FLAGS, IDENTITY_SYNCHRONIZATION, Property, configurations
from workflows.core.settings.words import (
    NO_NAMES,
    REDEMPTION_TITLES,
    TITLES,
    TRUST_TITLES,
    redemption_words,
    setting_words,
    synchronization_words,
    target_words,
    title,
    trust_words,
    unreadable,
)

DEFAULT_UNREAD: Final = "the default could not be read"
DEFAULT_UNSET: Final = "not set in the default either"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSetting:
    """One current setting of a partner. `words` may contain text from the tenant."""

    setting: str
    words: str
    is_own: bool
    """Whether it is set for this partner."""
    inherits: bool
    """Whether it is not set for this partner. `words` then describe the tenant's default."""
    origin: Origin
    """Where the effective value comes from."""
    lets_in: bool = True
    """False when it certainly allows nobody in and trusts nothing."""


def describe_current(
    configuration: JsonObject | None,
    default: JsonObject | None,
    names: Mapping[str, str] = NO_NAMES,
    *,
    is_cross_cloud: bool = False,
) -> tuple[CurrentSetting, ...]:
    """Describe every current setting of a partner, and whether it is its own or the tenant's default.

    :param configuration: the partner's own document; None when it has none, so that the defaults apply.
    :param default: the tenant's default document; None when it could not be read.
    :param names: the names in our own directory of its ids, by id.
    :param is_cross_cloud: whether it is in another Microsoft cloud: without a configuration no default applies.
    """
    own, applies = configuration or {}, effective(configuration, default, is_cross_cloud=is_cross_cloud)
    return tuple(entry for name in TITLES for entry in _current_settings(Property(name), own, default, applies, names))


def untouched(
    plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES
) -> tuple[CurrentSetting, ...]:
    """Describe the settings of a partner that stay as they are, because a plan does not write them."""
    written = {change.name for change in changes(plan)}
    rest = {name: value for name, value in (plan.before or {}).items() if name not in written}
    return tuple(entry for entry in describe_current(rest, default, names) if entry.is_own)


def staying_open(
    plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES
) -> tuple[CurrentSetting, ...]:
    """Describe what a plan leaves open: settings of the partner that still allow access and that it does not change."""
    changed = {line.setting for line in describe(plan, default) if line.effect != AccessChange.SAME}
    after = describe_current(plan.image_after(), default, names, is_cross_cloud=plan.is_cross_cloud)
    return tuple(one for one in after if one.is_own and one.lets_in and one.setting not in changed)


def unmanaged(configuration: JsonObject | None) -> tuple[str, ...]:
    """Return Graph's names of the partner's other settings, which Gatehouse neither reads nor writes."""
    known = {*TITLES, "tenantId"}
    return tuple(
        sorted(
            name
            for name, value in (configuration or {}).items()
            if name not in known and "@" not in name and not says_nothing(value)
        )
    )


def _current_settings(
    name: Property, own: JsonObject, default: JsonObject | None, applies: Effective, names: Mapping[str, str]
) -> Iterator[CurrentSetting]:
    document = own.get(name)
    if name == IDENTITY_SYNCHRONIZATION:
        # There is no default for it: a partner without a synchronization policy cannot synchronize.
        origin = Origin.MICROSOFT_DEFAULT if document is None else Origin.SET_HERE
        lets_in = applies.flags[name, SYNCHRONIZATION_FLAG].value is not False
        yield _current_setting(title(name), synchronization_words(document), document, origin, lets_in=lets_in)
    elif name in FLAGS:
        yield from _flag_current(name, document, default, applies)
    else:
        yield _target_current(name, document, default, applies.targets[name], names)
    if others := unknown_members(name, document):
        lets_in = not says_nothing(others)
        words = unreadable(others)
        yield _current_setting(f"{title(name)}, other values", words, others, Origin.SET_HERE, lets_in=lets_in)


def _target_current(
    name: Property,
    document: object,
    default: JsonObject | None,
    applies: EffectiveTargets,
    names: Mapping[str, str],
) -> CurrentSetting:
    origin = Origin.SET_HERE if Origin.SET_HERE in applies.origins else applies.origins[0]
    lets_in = not is_certainly_blocked(applies.certain)
    try:
        own = parse_targets(name, document)
    except UnreadableSetting:
        return _current_setting(title(name), unreadable(document), document, origin)
    if own is not None:
        return _current_setting(title(name), target_words(name, own, applies, names), document, origin, lets_in=lets_in)
    if origin is Origin.NOT_ADDED:
        return _current_setting(title(name), target_words(name, None, applies), document, origin, lets_in=lets_in)
    is_known = None not in configurations(applies.setting)
    words = target_words(name, applies.setting, names=names) if is_known else _default_words(name, default)
    return _current_setting(title(name), words, document, origin, can_inherit=True, lets_in=lets_in)


def _flag_current(
    name: Property, document: object, default: JsonObject | None, applies: Effective
) -> Iterator[CurrentSetting]:
    try:
        setting = parse_setting(name, document)
    except UnreadableSetting:
        yield _current_setting(title(name), unreadable(document), document, Origin.UNREAD)
        return
    for key in FLAGS[name]:
        own, flag = getattr(setting, key, None), applies.flags[name, key]
        lets_in = flag.value is not False
        if name is Property.AUTOMATIC_REDEMPTION:
            # Its default is false for every tenant, so the value is known even when it is not set.
            yield _current_setting(
                REDEMPTION_TITLES[key], redemption_words(key, own), own, flag.origin, lets_in=lets_in
            )
        elif flag.origin is Origin.NOT_ADDED:
            yield _current_setting(TRUST_TITLES[key], trust_words(None, flag), own, flag.origin, lets_in=lets_in)
        else:
            words = trust_words(own) if own is not None else _default_trust_words(flag, default)
            yield _current_setting(TRUST_TITLES[key], words, own, flag.origin, can_inherit=True, lets_in=lets_in)


def _current_setting(
    setting: str, words: str, own: object, origin: Origin, *, can_inherit: bool = False, lets_in: bool = True
) -> CurrentSetting:
    is_own = own is not None
    return CurrentSetting(
        setting=setting,
        words=words,
        is_own=is_own,
        inherits=can_inherit and not is_own,
        origin=origin,
        lets_in=lets_in,
    )


def _default_words(name: Property, default: JsonObject | None) -> str:
    if default is None:
        return DEFAULT_UNREAD
    document = default.get(name)
    return DEFAULT_UNSET if document is None else setting_words(name, document)


def _default_trust_words(flag: EffectiveFlag, default: JsonObject | None) -> str:
    if default is None:
        return DEFAULT_UNREAD
    if flag.value is not None:
        return trust_words(flag.value)
    return unreadable(default.get(Property.INBOUND_TRUST)) if flag.origin is Origin.UNREAD else DEFAULT_UNSET

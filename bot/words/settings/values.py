"""The texts that describe one setting of a partner, for readers who are not administrators.

It is long because all settings name the same people, groups and applications, and in the same words.
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from bot.words.names.found_object import object_name
from bot.words.names.microsoft_apps import microsoft_app_name
from bot.words.sentences import place_to_cut
from bot.words.settings.capabilities import CAPABILITY_TITLES
from workflows.core.checks.target_checks import shown_name
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.settings.access_change import has_two_deny_lists, is_certainly_blocked
from workflows.core.settings.capabilities import entries, parse_capabilities
from workflows.core.settings.certainty import Doubt, blocks_all, list_doubt, setting_doubts
from workflows.core.settings.documents import parse_setting, parse_targets
from workflows.core.settings.effective import EffectiveFlag, EffectiveTargets, Origin
from workflows.core.settings.id_owner import Owner, owner_of
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    IDENTITY_SYNCHRONIZATION,
    OFFICE_365,
    TARGET_PROPERTIES,
    AccessType,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetListName,
    TargetSetting,
    configurations,
    is_guid,
    lists_of,
)

INHERITS: Final = "the tenant's default (value not known)"
DEFAULT_UNSET: Final = "not set in the default either"
NOT_SET: Final = "not set"
OFF_UNSET: Final = "off (not set)"
ALLOWED: Final = "allowed"
NOT_ALLOWED: Final = "not allowed"
NOT_ALLOWED_UNSET: Final = "not allowed (not set)"
UNREADABLE: Final = "this version cannot read this value"
MAX_LIST_CHARACTERS: Final = 300
"""Characters for the targets of one list. At least one target is named. Names are never cut; the rest is counted."""
MAX_RAW_CHARACTERS: Final = 300
"""Characters of a value that cannot be read."""
NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})

TITLES: Final[Mapping[str, str]] = {
    Property.B2B_COLLABORATION_INBOUND: "B2B collaboration, inbound",
    Property.B2B_COLLABORATION_OUTBOUND: "B2B collaboration, outbound",
    Property.B2B_DIRECT_CONNECT_INBOUND: "B2B direct connect, inbound",
    Property.B2B_DIRECT_CONNECT_OUTBOUND: "B2B direct connect, outbound",
    Property.INBOUND_TRUST: "Inbound trust",
    Property.AUTOMATIC_REDEMPTION: "Automatic redemption",
    IDENTITY_SYNCHRONIZATION: "Identity synchronization into this tenant",
    Property.TENANT_RESTRICTIONS: "Tenant restrictions",
    Property.M365_COLLABORATION_INBOUND: "Microsoft 365 collaboration, inbound",
    Property.M365_COLLABORATION_OUTBOUND: "Microsoft 365 collaboration, outbound",
    Property.APP_SERVICE_CONNECT_INBOUND: "App Service connect, inbound",
    Property.M365_CAPABILITIES: "Microsoft 365 capabilities",
}
TRUST_TITLES: Final[Mapping[str, str]] = {
    "mfa": "Trust in the partner's MFA",
    "compliant_device": "Trust in the partner's compliant devices",
    "hybrid_joined_device": "Trust in the partner's hybrid joined devices",
}
REDEMPTION_TITLES: Final[Mapping[str, str]] = {
    "inbound": "Automatic redemption, inbound",
    "outbound": "Automatic redemption, outbound",
}
DOUBTS: Final[Mapping[Doubt, str]] = {
    Doubt.EMPTY_LIST: "Microsoft does not document what an empty list means",
    Doubt.UNKNOWN_WORD: "a target is neither an ID nor a word that Microsoft Graph knows",
    Doubt.WRONG_TYPE: "a target has a type that does not belong in its list",
    Doubt.ALL_AND_SOME: "Microsoft does not document what “all” together with single targets means",
    Doubt.BLOCK_OF_ONE_LIST: "one list blocks everything and the other does not; a complete block needs both",
    Doubt.ONE_LIST_ONLY: "one list is set and the other is not; Microsoft does not document what then applies",
}
"""The text of each doubt; each text continues a sentence."""

ORIGINS: Final[Mapping[Origin, str]] = {
    Origin.SET_HERE: "set here",
    Origin.TENANT_DEFAULT: "the tenant's default",
    Origin.MICROSOFT_DEFAULT: "Microsoft's default",
    Origin.UNREADABLE: "could not be read",
    Origin.NOT_ADDED: "a tenant of another cloud, not added here",
}
_DEFAULTS: Final[Mapping[Origin, str]] = {
    Origin.TENANT_DEFAULT: "Default",
    Origin.MICROSOFT_DEFAULT: "Microsoft's default",
}
_OUTBOUND: Final = frozenset(
    {
        Property.B2B_COLLABORATION_OUTBOUND,
        Property.B2B_DIRECT_CONNECT_OUTBOUND,
        Property.M365_COLLABORATION_OUTBOUND,
        Property.M365_CAPABILITIES,
    }
)
_CAPABILITIES: Final = Property.M365_CAPABILITIES.value
_LIST_TITLES: Final = {ALL_USERS: "people", ALL_APPLICATIONS: "applications"}
_RESERVED: Final = {
    ALL_APPLICATIONS: "every application",
    OFFICE_365: "Office 365",
    ALL_MICROSOFT_APPS: "all Microsoft apps, also those added later",
}


def title(name: str) -> str:
    """Return the title of a setting; an unknown setting keeps Graph's name."""
    return TITLES.get(name, name)


def part_title(name: str) -> str:
    """Return the title of a setting, or of one flag of automatic redemption: `<setting>.<direction>`."""
    setting, _, direction = name.partition(".")
    return REDEMPTION_TITLES[direction] if direction else title(setting)


def target_words(
    name: str,
    setting: TargetSetting | None,
    effective: EffectiveTargets | None = None,
    names: Mapping[str, str] = NO_NAMES,
) -> str:
    """State who may use what, in the direction of the setting `name`.

    :param setting: the partner's own value.
    :param effective: the effective value; used to describe inherited values.
    :param names: the names of the ids in the setting, from our own directory.
    """
    if setting is None:
        if effective is not None and effective.is_unset:
            return DEFAULT_UNSET
        if effective is None or None in configurations(effective.setting):
            return INHERITS
        return inherited_value_words(target_words(name, effective.setting, names=names), effective.origins[0])
    words = _list_texts(name, setting, effective, names)
    doubts = list(setting_doubts(setting))
    if None in configurations(setting) and any(configurations(setting)):
        doubts.append(Doubt.ONE_LIST_ONLY)
    return f"{words} (not certain: {'; '.join(DOUBTS[doubt] for doubt in doubts)})" if doubts else words


def _list_texts(name: str, setting: TargetSetting, effective: EffectiveTargets | None, names: Mapping[str, str]) -> str:
    if has_two_deny_lists(setting):
        people, applications = configurations(setting)
        return (
            f"blocked people: {_target_names_words(name, people, names)}; "
            f"blocked applications: {_target_names_words(name, applications, names)} "
            "(not certain: check how Entra combines two such lists)"
        )
    if is_certainly_blocked(setting):
        return "blocked for everyone"
    target_lists = [
        _target_list(name, target_list, configuration, names)
        for target_list, configuration in _lists_words(name, setting)
    ]
    if None not in target_lists and not setting_doubts(setting):
        return " may use ".join(filter(None, target_lists))
    from_default = (None,) * len(target_lists) if effective is None else configurations(effective.setting)
    origins = (Origin.UNREADABLE,) * len(target_lists) if effective is None else effective.origins
    kinds = lists_of(Property(name))
    return "; ".join(
        f"{_LIST_TITLES[kind.word_for_all]}: "
        f"{words or inherited_value_words(_target_list(name, kind, default, names), origin)}"
        for kind, words, default, origin in zip(kinds, target_lists, from_default, origins, strict=True)
    )


def inherited_value_words(words: str | None, origin: Origin) -> str:
    """State that a value is inherited, and the value itself where it is known.

    None: it is not known, or a default that was read does not have it.
    """
    if words is None and origin.is_inherited:
        return DEFAULT_UNSET
    if words is not None and origin is Origin.NOT_ADDED:
        return f"{words} ({ORIGINS[origin]})"
    if words is None or origin is Origin.UNREADABLE:
        return INHERITS
    return f"{_DEFAULTS.get(origin, 'Default')}: {words}"


def trust_words(flag: bool | None, effective: EffectiveFlag | None = None) -> str:
    """State whether the partner's MFA or devices are trusted.

    :param flag: the partner's own value.
    :param effective: the effective value, used to describe an inherited value.
    """
    if flag is not None:
        return "trusted" if flag else "not trusted"
    if effective is None or effective.value is None:
        return DEFAULT_UNSET if effective is not None and effective.origin.is_inherited else INHERITS
    return inherited_value_words(trust_words(effective.value), effective.origin)


def redemption_words(direction: str, flag: bool | None) -> str:
    """State whether our side suppresses the consent prompt, and which flag the partner must set too.

    An unset flag is off: the tenant's default for it is read-only and false (Graph:
    "crossTenantAccessPolicyConfigurationDefault").
    """
    if not flag:
        return OFF_UNSET if flag is None else "off"
    other = "outbound" if direction == "inbound" else "inbound"
    return f"on (works only after the partner sets {other} too)"


def synchronization_words(document: Any) -> str:
    """State whether the partner may synchronize users into this tenant, from the policy's document."""
    inbound = document.get("userSyncInbound") if isinstance(document, Mapping) else document
    flag = inbound.get("isSyncAllowed") if isinstance(inbound, Mapping) else inbound
    if flag is None:
        return NOT_ALLOWED_UNSET
    if not isinstance(flag, bool) or not isinstance(inbound, Mapping):
        return unreadable(document)
    return ALLOWED if flag else NOT_ALLOWED


def capability_words(entry: Any, effective: EffectiveTargets | None = None, names: Mapping[str, str] = NO_NAMES) -> str:
    """State whose data one Microsoft 365 capability shows to the partner, or what may be booked.

    :param entry: the partner's own entry; None when it is not set for the partner.
    :param effective: the effective value; used to describe an inherited one.
    """
    if entry is None:
        if effective is None or None in configurations(effective.setting):
            return NOT_SET
        return inherited_value_words(_whose_words(configurations(effective.setting)[0], names), effective.origins[0])
    found = parse_capabilities([entry])
    return _whose_words(found.items[0].people, names) if found is not None and found.items else unreadable(entry)


def _whose_words(people: TargetConfiguration | None, names: Mapping[str, str]) -> str:
    if people is None:
        return "not certain of whom"
    if blocks_all(people):
        return "off"
    shown = _target_list(_CAPABILITIES, lists_of(Property.M365_COLLABORATION_OUTBOUND)[0], people, names) or ""
    return f"of {shown.removeprefix('only ')}"


def setting_words(name: str, document: Any) -> str:
    """Describe a complete setting of a `Property` on one line. A value that cannot be read is shown unchanged."""
    try:
        property_name = Property(name)
        if property_name in TARGET_PROPERTIES:
            return target_words(name, parse_targets(property_name, document))
        setting = parse_setting(property_name, document)
    except (UnreadableSetting, ValueError):
        return NOT_SET if document is None else unreadable(document)
    if property_name is Property.IDENTITY_SYNCHRONIZATION:
        return synchronization_words(document)
    if property_name is Property.M365_CAPABILITIES:
        return _capabilities_words(document)
    if property_name is Property.AUTOMATIC_REDEMPTION:
        parts = [f"{label}: {redemption_words(key, flag)}" for key, label, flag in flags_of(property_name, setting)]
    elif setting is None:
        return INHERITS
    else:
        parts = [f"{label}: {trust_words(flag)}" for _, label, flag in flags_of(property_name, setting)]
    return "; ".join(parts)


def _capabilities_words(document: Any) -> str:
    if document is None:
        return NOT_SET
    words = [
        f"{CAPABILITY_TITLES.get(entry.name, shown_name(entry.name))}: "
        f"{unreadable(entry.document) if entry.capability is None else capability_words(entry.document)}"
        for entry in entries(document)
    ]
    return "; ".join(words) or NOT_SET


def flags_of(name: Property, setting: Setting) -> Iterator[tuple[str, str, bool | None]]:
    """List the flags of a trust or redemption setting: the model's name, the label, the value (None: not set)."""
    labels = TRUST_TITLES if name is Property.INBOUND_TRUST else REDEMPTION_TITLES
    for key, label in labels.items():
        yield key, label, getattr(setting, key, None)


def unreadable(value: Any) -> str:
    """Show a value as raw JSON, without a statement on whether it allows access."""
    # NB. escaped to ASCII, so that hidden characters in a value of unknown shape become visible.
    text = json.dumps(value, default=str)
    if len(text) > MAX_RAW_CHARACTERS:
        place = place_to_cut(text, MAX_RAW_CHARACTERS)
        text = f"{text[:place]}… {len(text) - place} more characters"
    return f"{text} ({UNREADABLE})"


def _lists_words(name: str, setting: TargetSetting) -> Iterator[tuple[TargetListName, TargetConfiguration | None]]:
    yield from zip(lists_of(Property(name)), configurations(setting), strict=True)


def _target_list(
    name: str, target_list: TargetListName, configuration: TargetConfiguration | None, names: Mapping[str, str]
) -> str | None:
    """Describe what one list allows; None when it is not set."""
    if configuration is None:
        return None
    everything = "every application"
    if target_list.word_for_all == ALL_USERS:
        everything = "everyone here" if name in _OUTBOUND else "everyone from the partner"
    is_blocked = configuration.access is AccessType.BLOCKED
    if not configuration.targets:
        return f"an empty list of {configuration.access} targets"
    if blocks_all(configuration):
        return "nobody" if target_list.word_for_all == ALL_USERS else "no application"
    is_certain = list_doubt(target_list.word_for_all, configuration) is None
    if is_certain and any(target.id == target_list.word_for_all for target in configuration.targets):
        return everything
    if is_blocked:
        return f"{everything} except {_target_names_words(name, configuration, names)}"
    return f"only {_target_names_words(name, configuration, names)}"


def _target_names_words(name: str, configuration: TargetConfiguration | None, names: Mapping[str, str]) -> str:
    """List the targets of a list by name, without cutting a name. The targets that do not fit are counted."""
    targets = () if configuration is None else configuration.targets
    target_names: list[str] = []
    characters_left = MAX_LIST_CHARACTERS
    for target in targets:
        words = _target(name, target, names)
        characters_left -= len(words) + 2
        if target_names and characters_left < 0:
            break
        target_names.append(words)
    if more := len(targets) - len(target_names):
        target_names.append(f"{more} more ({len(targets)} in all)")
    return ", ".join(target_names) or "nothing"


def _target(name: str, target: Target, names: Mapping[str, str]) -> str:
    if target.id in _RESERVED:
        return _RESERVED[target.id]
    # NB. only where the id must be of our directory: an equal id there proves nothing about the partner's object.
    is_ours, kind = owner_of(Property(name), target.type) is Owner.OURS, target.type.value
    known_name = (names.get(target.id.lower()) if is_ours else None) or microsoft_app_name(target)
    if known_name is None:
        return f"{kind} {target.id if is_guid(target.id) else shown_name(target.id)}"
    return f"{kind} “{object_name(known_name)}” ({target.id})"

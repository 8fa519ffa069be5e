"""Convert a partner's settings to and from Graph's documents, and compare documents by meaning.

A *document* is the JSON object that Graph sends and accepts.
"""

from collections.abc import Mapping
from typing import Any, Final, assert_never

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import (
    INBOUND_ACCESS,
    capability_document,
    normal_entry,
    parse_capabilities,
)
from workflows.core.settings.model import (
    FLAGS,
    IS_SYNC_ALLOWED,
    M365_CAPABILITIES,
    TARGET_PROPERTIES,
    USER_SYNC_INBOUND,
    AccessType,
    AppServiceConnect,
    AutomaticRedemption,
    B2BSetting,
    Capabilities,
    Capability,
    FlagSetting,
    IdentitySynchronization,
    InboundTrust,
    M365CollaborationInbound,
    M365CollaborationOutbound,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetSetting,
    TargetType,
    is_guid,
    lists_of,
    named_lists,
    target_setting,
)


def to_document(setting: Setting) -> Any:
    """Convert one setting to Graph's document: complete lists, only flags that are set, None for "inherits".

    :returns: an object; for capabilities a list of objects.
    """
    match setting:
        case None:
            return None
        case InboundTrust():
            return _flags_document(setting, FLAGS[Property.INBOUND_TRUST])
        case AutomaticRedemption():
            return _flags_document(setting, FLAGS[Property.AUTOMATIC_REDEMPTION])
        case IdentitySynchronization():
            return {USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: setting.is_allowed}}
        case Capabilities():
            return [capability_document(capability) for capability in setting.items]
        case Capability():
            return capability_document(setting)
        case B2BSetting() | M365CollaborationInbound() | M365CollaborationOutbound() | AppServiceConnect():
            return {
                target_list.graph_name: _targets_document(configuration)
                for target_list, configuration in named_lists(setting)
            }
        case _:
            assert_never(setting)


def parse_setting(name: Property, document: object) -> Setting:
    """Read one setting from a Graph document.

    :raises UnreadableSetting: when this version does not know the form of the document, or a value in it.
    """
    if name in TARGET_PROPERTIES:
        return parse_targets(name, document)
    if name is Property.M365_CAPABILITIES:
        return parse_capabilities(document)
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise UnreadableSetting(RefusalCode.SETTING_NOT_AN_OBJECT, setting=name.value, found=type(document).__name__)
    if name is Property.IDENTITY_SYNCHRONIZATION:
        return _parse_synchronization(document)
    flags = _parse_flags(name, document, FLAGS[name])
    return InboundTrust(**flags) if name is Property.INBOUND_TRUST else AutomaticRedemption(**flags)


def parse_targets(name: Property, document: object) -> TargetSetting | None:
    """Read one setting of `TARGET_PROPERTIES` from a Graph document.

    :raises UnreadableSetting: when this version does not know the form of the document, or a value in it.
    """
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise UnreadableSetting(RefusalCode.SETTING_NOT_AN_OBJECT, setting=name.value, found=type(document).__name__)
    return target_setting(
        name, [_parse_targets(name, document.get(target_list.graph_name)) for target_list in lists_of(name)]
    )


def normalize(value: Any) -> Any:
    """Return a normal form that is equal for documents with the same meaning.

    Nulls and OData annotations are removed, because an absent member and null both mean "inherits". Target lists are
    sorted, and GUIDs are in lower case. Undocumented members stay, so that a change of one is found. An empty list of
    capabilities is equal to none.
    """
    if isinstance(value, Mapping):
        if INBOUND_ACCESS in value and (entry := normal_entry(value)) is not None:
            return entry
        members = {
            key: normalize(item) for key, item in value.items() if not key.startswith("@odata.") and "@" not in key
        }
        if members.get(M365_CAPABILITIES) == []:
            del members[M365_CAPABILITIES]
        return {key: item for key, item in members.items() if item not in (None, {})}
    if isinstance(value, list | tuple):
        return sorted((normalize(item) for item in value), key=_order)
    if isinstance(value, str) and is_guid(value):
        return value.lower()
    return value


def has_no_value(value: Any) -> bool:
    """Return whether a value of Graph is empty: null, false, or an object or list of only empty values."""
    if isinstance(value, Mapping):
        return all(has_no_value(item) for key, item in value.items() if "@" not in key)
    if isinstance(value, list | tuple):
        return all(has_no_value(item) for item in value)
    return value is None or value is False


def is_equivalent(left: JsonObject | None, right: JsonObject | None) -> bool:
    """Return whether two documents mean the same configuration. None means that there is no configuration."""
    if left is None or right is None:
        return left is None and right is None
    return bool(left == right or normalize(left) == normalize(right))


def is_same_value(left: Any, right: Any) -> bool:
    """Return whether two values of one member mean the same. None means absent or null."""
    return bool(left == right or normal_value(left) == normal_value(right))


_MEMBER: Final = "member"


def normal_value(value: Any) -> Any:
    """Return the normal form of one member's value. None means absent, null, or an empty object or list."""
    normal = normalize({_MEMBER: value}).get(_MEMBER)
    return None if normal == [] else normal


def _targets_document(configuration: TargetConfiguration | None) -> dict[str, Any] | None:
    if configuration is None:
        return None
    return {
        "accessType": configuration.access.value,
        "targets": [{"target": target.id, "targetType": target.type.value} for target in configuration.targets],
    }


def _flags_document(setting: FlagSetting, names: Mapping[str, str]) -> dict[str, Any]:
    return {graph: value for ours, graph in names.items() if (value := getattr(setting, ours)) is not None}


def _parse_targets(name: Property, document: object) -> TargetConfiguration | None:
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise UnreadableSetting(RefusalCode.SETTING_WITHOUT_TARGETS, setting=name.value, document=document)
    try:
        return TargetConfiguration(
            access=AccessType(document["accessType"]),
            targets=tuple(
                Target(type=TargetType(item["targetType"]), id=_text(item["target"])) for item in document["targets"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableSetting(RefusalCode.TARGETS_UNKNOWN, setting=name.value, document=document) from error


def _parse_synchronization(document: Mapping[str, Any]) -> IdentitySynchronization:
    inbound = document.get(USER_SYNC_INBOUND)
    flag = inbound.get(IS_SYNC_ALLOWED) if isinstance(inbound, Mapping) else inbound
    if flag is not None and (not isinstance(flag, bool) or not isinstance(inbound, Mapping)):
        raise UnreadableSetting(RefusalCode.SYNCHRONIZATION_UNKNOWN)
    return IdentitySynchronization(is_allowed=flag)


def _parse_flags(name: Property, document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, bool | None]:
    flags: dict[str, bool | None] = {}
    for ours, graph in names.items():
        value = document.get(graph)
        if value is not None and not isinstance(value, bool):
            raise UnreadableSetting(RefusalCode.FLAG_UNKNOWN, setting=name.value, flag=graph, value=value)
        flags[ours] = value
    return flags


def _order(item: Any) -> str:
    """Return a sort key that is the same for every order of an object's members."""
    return repr(sorted(item.items())) if isinstance(item, Mapping) else repr(item)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r}")
    return value

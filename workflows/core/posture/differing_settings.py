"""Compare a partner's current settings with those that were last approved and read back."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.core.plans.plan import Plan
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import is_list_missing, without_switched_off
from workflows.core.settings.documents import has_no_value, is_same_value
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION, M365_CAPABILITIES, USER_SYNC_INBOUND, Property
from workflows.core.settings.undocumented_members import (
    DEVICES,
    changed_undocumented_members,
    undocumented_members,
    without_undocumented_members,
)

_SETTINGS: Final = tuple(name.value for name in Property)


def differing_settings(plan: Plan, observed_configuration: JsonObject) -> tuple[str, ...]:
    """Return Graph's names of the settings that differ from those that `plan` approves; empty when none differs.

    A changed member that v1.0 does not describe counts, but not one that became empty. For a partner that the plan
    created, only described members are compared, because the service adds others. Approved Microsoft 365 capabilities
    whose list could not be read are not compared; `are_capabilities_unread` says so. Where none were approved, entries
    that are certainly off are no difference: they were possibly there before the list could be read.
    """
    approved = plan.approved_settings
    expected = approved.configuration or {}
    if are_capabilities_unread(plan, observed_configuration):
        expected = {name: value for name, value in expected.items() if name != M365_CAPABILITIES}
    if not expected.get(M365_CAPABILITIES) and M365_CAPABILITIES in observed_configuration:
        listed = without_switched_off(observed_configuration[M365_CAPABILITIES])
        observed_configuration = {**observed_configuration, M365_CAPABILITIES: listed}
    names = [
        name
        for name in dict.fromkeys((*expected, *observed_configuration, *_SETTINGS))
        if name in _SETTINGS
        and expected.get(name) != observed_configuration.get(name)  # most are equal as they are, which is soon seen
        and not is_same_value(_compared(name, expected), _compared(name, observed_configuration))
    ]
    here = {".".join(path): value for path, value in undocumented_members(observed_configuration).items()}
    names += [
        name
        for name in changed_undocumented_members(expected, observed_configuration)
        if not has_no_value(here.get(name)) and (not approved.is_created or name.partition(".")[0] == M365_CAPABILITIES)
    ]
    return tuple(names)


def are_capabilities_unread(plan: Plan, observed_configuration: JsonObject) -> bool:
    """Return whether capabilities were approved, and the list was not read: nothing is known about them."""
    return is_list_missing(plan.approved_settings.configuration, observed_configuration)


def _compared(name: str, configuration: JsonObject) -> Any:
    """Return one setting without members that are never written: a policy's name and key, and Graph's `devices`."""
    value: Any = without_undocumented_members(name, configuration.get(name))
    if name == IDENTITY_SYNCHRONIZATION and isinstance(value, Mapping):
        value = {USER_SYNC_INBOUND: value.get(USER_SYNC_INBOUND)}
    if name == Property.TENANT_RESTRICTIONS and isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if key != DEVICES}
    return value

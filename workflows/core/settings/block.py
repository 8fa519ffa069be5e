"""The block that a revocation writes, and which parts of it a configuration lacks."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import normal_value, to_document
from workflows.core.settings.model import CLOSED, IDENTITY_SYNCHRONIZATION, IS_SYNC_ALLOWED, USER_SYNC_INBOUND, Property
from workflows.core.settings.undocumented_members import without_undocumented_members

BLOCK: Final[Mapping[str, Any]] = {name.value: to_document(setting) for name, setting in CLOSED.items()}
"""The settings of the block as Graph's documents. Synchronization is not among them: it has its own endpoint."""
_NORMAL_BLOCK: Final = {name: normal_value(blocked_value) for name, blocked_value in BLOCK.items()}


def unblocked_settings(configuration: JsonObject) -> tuple[Property, ...]:
    """Return the settings that a partner's own configuration does not block explicitly; empty when all are blocked.

    A setting counts as blocked when it has the effect of a block. Members that v1.0 does not describe are ignored here;
    `open_access.access_kinds` lists them.
    """
    unblocked = [
        Property(name)
        for name, blocked_value in _NORMAL_BLOCK.items()
        if normal_value(without_undocumented_members(name, configuration.get(name))) != blocked_value
    ]
    if is_synchronization_allowed(configuration):
        unblocked.append(Property.IDENTITY_SYNCHRONIZATION)
    return tuple(unblocked)


def is_synchronization_allowed(document: JsonObject) -> bool:
    """Return whether the partner may synchronize users into this tenant: a policy exists and does not forbid it.

    A policy that cannot be read counts as allowing it, so that a revocation switches it off.
    """
    policy = document.get(IDENTITY_SYNCHRONIZATION)
    if policy is None:
        return False
    inbound = policy.get(USER_SYNC_INBOUND) if isinstance(policy, Mapping) else None
    return not (isinstance(inbound, Mapping) and inbound.get(IS_SYNC_ALLOWED) is False)

"""The block that a revocation has to write: which of it a configuration does not show."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.described import described_part
from workflows.core.settings.documents import is_same_value, to_document
from workflows.core.settings.model import CLOSED, IDENTITY_SYNCHRONIZATION, Property

BLOCK: Final[Mapping[str, Any]] = {name.value: to_document(setting) for name, setting in CLOSED.items()}
"""The settings as Graph takes them; synchronization has an address of its own."""


def not_blocked(configuration: JsonObject) -> tuple[Property, ...]:
    """Name what is not blocked explicitly in a partner's own configuration; empty when the whole block stands.

    Judged by effect: members that v1.0 does not describe neither make the block nor break it (see `openness.ways`).
    """
    found = [
        Property(name)
        for name, wanted in BLOCK.items()
        if not is_same_value(described_part(name, configuration.get(name)), wanted)
    ]
    if is_synchronization_allowed(configuration):
        found.append(Property.IDENTITY_SYNCHRONIZATION)
    return tuple(found)


def is_synchronization_allowed(document: JsonObject) -> bool:
    """Tell whether the partner may synchronize users into this tenant: there is a policy, and it does not say no.

    A policy that cannot be read counts as a yes, so that a revocation switches it off.
    """
    policy = document.get(IDENTITY_SYNCHRONIZATION)
    if policy is None:
        return False
    inbound = policy.get("userSyncInbound") if isinstance(policy, Mapping) else None
    return not (isinstance(inbound, Mapping) and inbound.get("isSyncAllowed") is False)

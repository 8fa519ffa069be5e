"""How what stands for a partner differs from what was last approved, written and read back."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.core.canonical import JsonObject
from workflows.core.documents import means_the_same
from workflows.core.partner import IDENTITY_SYNCHRONIZATION, Property
from workflows.core.plan import Plan, is_confirmed

_NOT_SETTINGS: Final = frozenset({"tenantId", "isServiceProvider", "isInMultiTenantOrganization"})
"""The key, and what the service says of the partner; nobody sets these."""
_DECLARED: Final = frozenset(name.value for name in Property)


def differing(plan: Plan, observed: JsonObject) -> tuple[str, ...]:
    """Name the settings, in Graph's words, that are not as `plan` left them; empty when all are.

    Of a partner that the plan created, only what the model knows is compared: the service adds fields of its own.
    """
    if is_confirmed(plan, observed):
        return ()
    expected = plan.image_after() or {}
    names = dict.fromkeys(name for image in (expected, observed) for name in image if "@" not in name)
    return tuple(
        name
        for name in names
        if name not in _NOT_SETTINGS
        and (name in _DECLARED or plan.before is not None)
        and not means_the_same(_compared(name, expected), _compared(name, observed))
    )


def _compared(name: str, image: JsonObject) -> JsonObject:
    """Give one setting without what a write never says: a policy's own name and key, and Graph's `devices`."""
    value: Any = image.get(name)
    if name == IDENTITY_SYNCHRONIZATION and isinstance(value, Mapping):
        value = {"userSyncInbound": value.get("userSyncInbound")}
    if name == Property.TENANT_RESTRICTIONS and isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if key != "devices"}
    return {"": value}

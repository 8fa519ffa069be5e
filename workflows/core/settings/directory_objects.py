"""The users, groups and applications that settings name by id: whose directory each belongs to."""

from enum import StrEnum
from typing import Final

from workflows.core.settings.model import Property, TargetType

_TENANT_RESTRICTIONS: Final = "tenantRestrictions"


class Owner(StrEnum):
    """Whose directory an id belongs to."""

    OURS = "ours"
    THEIRS = "theirs"


def owner_of(name: Property, kind: TargetType) -> Owner:
    """Tell whose directory the ids of a setting belong to.

    People belong to the tenant they come from, applications to the tenant that offers them (Entra: "Configure
    cross-tenant access settings for B2B collaboration"). Tenant restrictions speak of the partner's accounts and
    applications only.
    """
    if name.value == _TENANT_RESTRICTIONS:
        return Owner.THEIRS
    is_inbound = name.value.endswith("Inbound")
    return Owner.OURS if is_inbound is (kind is TargetType.APPLICATION) else Owner.THEIRS

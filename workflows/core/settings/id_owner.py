"""Find the tenant that the id of a user, group or application in a setting belongs to."""

from enum import StrEnum

from workflows.core.settings.model import Property, TargetType


class Owner(StrEnum):
    """The tenant that an id belongs to."""

    OURS = "ours"
    THEIRS = "theirs"


def owner_of(name: Property, kind: TargetType) -> Owner:
    """Return the tenant that the ids of one kind in a setting belong to.

    Users belong to the tenant they come from, applications to the tenant that offers them (Entra: "Configure
    cross-tenant access settings for B2B collaboration"). Tenant restrictions contain only accounts and applications of
    the partner.
    """
    if name is Property.TENANT_RESTRICTIONS:
        return Owner.THEIRS
    is_inbound = name.value.endswith("Inbound")
    return Owner.OURS if is_inbound is (kind is TargetType.APPLICATION) else Owner.THEIRS

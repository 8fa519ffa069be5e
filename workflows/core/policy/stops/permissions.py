"""The permissions of Microsoft Graph that Gatehouse needs, and how a token's permissions compare with them.

Source of the names: "Microsoft Graph permissions reference".
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

WRITES_PARTNERS: Final = "Policy.ReadWrite.CrossTenantAccess"
WRITES_CAPABILITIES: Final = "Policy.ReadWrite.CrossTenantCapability"
REQUIRED: Final = frozenset(
    {
        "Organization.Read.All",
        "Policy.Read.All",
        WRITES_PARTNERS,
        "CrossTenantInformation.ReadBasic.All",
        "User.Read.All",
    }
)
"""What the bot's application cannot work without."""
OPTIONAL: Final = frozenset(
    {
        "GroupMember.Read.All",
        "AuditLog.Read.All",
        "Application.Read.All",
        "SharePointTenantSettings.Read.All",
        WRITES_CAPABILITIES,
    }
)
"""What a company may leave out. Then something is not shown, or cannot be done."""
FOR_GUESTS: Final = frozenset(
    {"User.EnableDisableAccount.All", "User.Read.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}
)
"""What the application for guest accounts needs, and no others. Groups can have roles, so their members are read, too.
"""
_DIRECTORY: Final = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
_IN_DIRECTORY: Final = frozenset(
    {"Organization.Read.All", "User.Read.All", "GroupMember.Read.All", "Application.Read.All"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionReport:
    """What a token has too few and too many. Names in alphabetical order."""

    missing: tuple[str, ...]
    missing_optional: tuple[str, ...]
    surplus: tuple[str, ...]
    allowed: tuple[str, ...]
    """What is not needed, and a setting allows by name."""


def compare_permissions(
    granted: Collection[str],
    *,
    required: Collection[str],
    optional: Collection[str] = (),
    allowed: Collection[str] = (),
) -> PermissionReport:
    """Compare the permissions in a token with those that are needed.

    A wider permission stands for the one that is needed, and is surplus as well.

    :param allowed: what is no surplus, because a setting names it.
    """
    extra = set(granted) - set(required) - set(optional)
    return PermissionReport(
        missing=tuple(sorted(one for one in required if not _has(granted, one))),
        missing_optional=tuple(sorted(one for one in optional if not _has(granted, one))),
        surplus=tuple(sorted(extra - set(allowed))),
        allowed=tuple(sorted(extra & set(allowed))),
    )


def _has(granted: Collection[str], needed: str) -> bool:
    wider = {needed, needed.replace(".Read.", ".ReadWrite.")}
    if needed in _IN_DIRECTORY:
        wider |= _DIRECTORY
    return not wider.isdisjoint(granted)

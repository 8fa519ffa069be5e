"""What the tenant's authorization policy lets guests see, and whom it lets invite them: as Entra has it."""

from collections.abc import Iterator
from typing import Any, Final

from workflows.core.settings.canonical import JsonObject
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import TenantSettings

_SEES: Final = {
    "2af84b1e-32c8-42b7-82bc-daa82404023b": "only their own directory objects (most restrictive)",
    "10dae51f-b6af-4016-8d66-8c2a99b929b3": "limited properties and memberships of directory objects",
    "a0b1b346-4d3e-4e8b-98f8-753987be4970": "the same as members (most inclusive)",
}
"""What guests see, by `guestUserRoleId` (Graph: "authorizationPolicy resource type")."""
_INVITES: Final = {
    "none": "nobody",
    "adminsAndGuestInviters": "only who has a role for it, such as Guest Inviter",
    "adminsGuestInvitersAndAllMembers": "every member of the tenant",
    "everyone": "everybody, also guests",
}
"""Who may invite guests, by `allowInvitesFrom`."""


async def read_guest_policy(settings: TenantSettings) -> JsonObject | None:
    """Return the authorization policy; None when it cannot be read."""
    try:
        return await settings.read_authorization()
    except (TenantRefused, TenantUnavailable):
        return None


def guest_policy_lines(policy: JsonObject | None) -> Iterator[str]:
    """Word what guests see and who may invite them. A value that is not known is shown as it is."""
    if policy is None:
        yield "Guests: what they see and who may invite them could not be checked"
        return
    sees, invites = policy.get("guestUserRoleId"), policy.get("allowInvitesFrom")
    yield f"Guests see: {_SEES.get(str(sees), f'not known ({sees})')}"
    yield f"Guests may be invited by: {_INVITES.get(str(invites), f'not known ({invites})')}"


def guest_policy_json(policy: JsonObject | None) -> dict[str, Any]:
    """Return both values as Graph has them; null where they are not known."""
    known = policy or {}
    return {
        "read": policy is not None,
        "guest_user_role_id": known.get("guestUserRoleId"),
        "allow_invites_from": known.get("allowInvitesFrom"),
    }

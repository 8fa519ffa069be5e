"""Directory roles: which there are at the start, who has them, and who has one now."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox import seed
from bot.sandbox.entra.tenant.stable_ids import stable_id

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
GUEST_INVITER = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
_NAMES = {
    GLOBAL_ADMINISTRATOR: "Global Administrator",
    GUEST_INVITER: "Guest Inviter",
    USER_ADMINISTRATOR: "User Administrator",
}
"""The ids of built-in roles are the same in every tenant ("Microsoft Entra built-in roles")."""


def directory_roles() -> dict[str, Any]:
    """Return the roles, and who has them at the start: one of our people is a global administrator."""
    administrator = next(person.entra_id for person in seed.PEOPLE if person.handle == "approver3")
    row = assignment(stable_id("global administrator"), str(administrator), GLOBAL_ADMINISTRATOR)
    return {
        "roleDefinitions": {role: _definition(role, name) for role, name in _NAMES.items()},
        "roleAssignments": {row["id"]: row},
        "roleAssignmentScheduleInstances": {},
        "roleEligibilitySchedules": {},
    }


def _definition(role: str, name: str) -> dict[str, Any]:
    is_builtin = {"isBuiltIn": True, "isEnabled": True, "version": "1"}
    return {"id": role, "displayName": name, "description": None, "templateId": role, **is_builtin}


def assignment(key: str, principal_id: str, role_id: str) -> dict[str, Any]:
    """Return a role assignment in the whole directory. `principal_id` is a user, a group or an application."""
    return {"id": key, "principalId": principal_id, "roleDefinitionId": role_id, "directoryScopeId": "/"}


def has_role(objects: Mapping[str, Any], user_id: str) -> bool:
    """Return whether a user has a directory role now, also as a member of a group."""
    rows = (*objects["roleAssignments"].values(), *objects["roleAssignmentScheduleInstances"].values())
    principals = {str(row.get("principalId")).lower() for row in rows}
    return user_id in principals or any(user_id in members_of(objects, group) for group in principals)


def members_of(objects: Mapping[str, Any], group_id: str) -> set[str]:
    """Return the users in a group and in its inner groups; empty when there is no such group."""
    return {member for member in _inner(objects, group_id, set()) if member in objects["users"]}


def _inner(objects: Mapping[str, Any], group_id: str, seen: set[str]) -> Iterator[str]:
    if group_id in seen or group_id not in objects["groups"]:
        return
    seen.add(group_id)
    for member in objects["groups"][group_id]["members"]:
        yield member
        yield from _inner(objects, member, seen)

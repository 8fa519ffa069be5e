"""Check the users and applications that a cross-tenant setting names: the rules that the types cannot express.

Microsoft documents the rules ("crossTenantAccessPolicyTarget", "Cross-tenant access overview") but not their error
texts, which are ours.
"""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.entra.odata.calls import bad_request
from bot.sandbox.entra.types.cross_tenant_access import B2B_SETTINGS
from bot.sandbox.entra.types.property_checks import is_guid

EVERYBODY = "AllUsers"
EVERY_APP = "AllApplications"
APP_SUITES = ("Office365", "AllMicrosoftApps")


def require_consistent(image: Mapping[str, Any], touched: frozenset[str], *, is_default: bool) -> None:
    """Check each setting of `image` that `touched` names; null (inherit) is always accepted.

    :raises Refusal: 400 for targets of the wrong kind, or "all" together with other targets. Also for users without
        applications, or a block of all users but not of all applications (and the reverse).
    """
    for name in sorted(touched):
        value = image.get(name)
        if value is None:
            continue
        if name in B2B_SETTINGS or name == "tenantRestrictions":
            _require_pair(name, value)
            if is_default and name.endswith("Inbound"):
                _require_everybody(name, value["usersAndGroups"])
        elif name == "m365CollaborationInbound":
            _require_target_list(name, "users", value.get("users"))
        elif name == "m365CollaborationOutbound":
            _require_target_list(name, "usersAndGroups", value.get("usersAndGroups"))
        elif name == "appServiceConnectInbound":
            _require_target_list(name, "applications", value.get("applications"))


def _require_pair(name: str, value: Mapping[str, Any]) -> None:
    users, apps = value.get("usersAndGroups"), value.get("applications")
    _require_target_list(name, "usersAndGroups", users)
    _require_target_list(name, "applications", apps)
    if users is None or apps is None:  # NB. impossible after the two lines above; for the type checker
        return
    if _blocks_all(users, EVERYBODY) and not _blocks_all(apps, EVERY_APP):
        raise bad_request(f"{name}: when all users are blocked, all applications must be blocked.")
    if _blocks_all(apps, EVERY_APP) and not _blocks_all(users, EVERYBODY):
        if users["accessType"] == "allowed":
            raise bad_request(f"{name}: users are allowed, so at least one application must be allowed.")
        raise bad_request(f"{name}: when all applications are blocked, all users must be blocked.")


def _blocks_all(target_list: Mapping[str, Any], everything: str) -> bool:
    return target_list["accessType"] == "blocked" and any(row["target"] == everything for row in target_list["targets"])


def _require_target_list(name: str, list_name: str, target_list: Mapping[str, Any] | None) -> None:
    where = f"{name}.{list_name}"
    if not isinstance(target_list, Mapping):  # NB. a change from outside may have left anything here
        raise bad_request(f"{where} must be specified.")
    if target_list.get("accessType") is None:
        raise bad_request(f"{where}: accessType must be specified.")
    targets = target_list.get("targets") or []
    if not targets:
        raise bad_request(f"{where}: at least one target must be specified.")
    for row in targets:
        _require_target(where, row, is_app=list_name == "applications")
    names = [row["target"] for row in targets]
    if len(names) > 1 and {EVERYBODY, EVERY_APP} & set(names):
        raise bad_request(f"{where}: '{EVERYBODY}' or '{EVERY_APP}' cannot be combined with other targets.")


def _require_target(where: str, row: Mapping[str, Any], *, is_app: bool) -> None:
    target, kind = row.get("target"), row.get("targetType")
    if not target or kind is None:
        raise bad_request(f"{where}: each target needs target and targetType.")
    if (kind == "application") != is_app:
        raise bad_request(f"{where}: targetType '{kind}' does not fit here.")
    if is_app:
        fits = target == EVERY_APP or target in APP_SUITES or is_guid(target)
    else:
        fits = is_guid(target) or (target == EVERYBODY and kind == "user")
    if not fits:
        raise bad_request(f"{where}: '{target}' is not a valid target of type '{kind}'.")


def _require_everybody(name: str, users: Mapping[str, Any]) -> None:
    if any(row["target"] != EVERYBODY for row in users["targets"]):
        raise bad_request(
            f"{name}: users and groups cannot be targeted in the inbound default; only '{EVERYBODY}' can."
        )

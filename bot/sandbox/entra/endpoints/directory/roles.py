"""Answer `/roleManagement/directory`: roles, who has them now, and who may activate them."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.entra.endpoints.listing import Listing, page_answer
from bot.sandbox.entra.odata.calls import Answer, Call, Refusal
from bot.sandbox.entra.odata.query import names_in_expand
from bot.sandbox.entra.tenant.tenant import Tenant

_ROOT = "roleManagement/directory"
_DEFINITIONS = Listing(context=f"{_ROOT}/roleDefinitions", type_name="unifiedRoleDefinition")
_NAVIGATIONS = frozenset({"principal"})


def list_definitions(tenant: Tenant, call: Call) -> Answer:
    """List the roles (GET)."""
    return page_answer(tenant, call, tenant.objects["roleDefinitions"].values(), _DEFINITIONS)


def list_assignments(tenant: Tenant, call: Call) -> Answer:
    """List who has a role (GET)."""
    return _list(tenant, call, "roleAssignments", "unifiedRoleAssignment")


def list_assignment_instances(tenant: Tenant, call: Call) -> Answer:
    """List who has a role now, activated ones included (GET)."""
    _require_licence(tenant)
    return _list(tenant, call, "roleAssignmentScheduleInstances", "unifiedRoleAssignmentScheduleInstance")


def list_eligibility_schedules(tenant: Tenant, call: Call) -> Answer:
    """List who may activate a role (GET)."""
    _require_licence(tenant)
    return _list(tenant, call, "roleEligibilitySchedules", "unifiedRoleEligibilitySchedule")


def _require_licence(tenant: Tenant) -> None:
    """Refuse the lists of Privileged Identity Management without a licence for it."""
    if not tenant.objects["hasPremiumLicence"]:
        raise Refusal(
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        )


def _list(tenant: Tenant, call: Call, name: str, type_name: str) -> Answer:
    """List the rows of one kind, with what each is about when it is asked for with `$expand=principal`."""
    rows = list(tenant.objects[name].values())
    if names_in_expand(call, type_name, _NAVIGATIONS):
        rows = [{**row, "principal": _principal(tenant.objects, str(row.get("principalId")).lower())} for row in rows]
    listing = Listing(context=f"{_ROOT}/{name}", type_name=type_name, expandable=_NAVIGATIONS)
    return page_answer(tenant, call, rows, listing)


def _principal(objects: Mapping[str, Any], object_id: str) -> dict[str, Any] | None:
    """Return a user, group or application with its type; null for one that was deleted."""
    for name, kind in (("users", "user"), ("groups", "group"), ("servicePrincipals", "servicePrincipal")):
        if (row := objects[name].get(object_id)) is not None:
            return {"@odata.type": f"#microsoft.graph.{kind}", "id": object_id, "displayName": row.get("displayName")}
    return None

"""Answer `/auditLogs`: sign-ins and directory audits, newest first."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.sandbox.entra.endpoints.listing import Listing, page_answer
from bot.sandbox.entra.odata.calls import Answer, Call, not_found
from bot.sandbox.entra.odata.filters import Filterable
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, names_in_select, only_properties, require_options
from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.report_access import require_premium
from bot.sandbox.entra.tenant.tenant import Tenant

_KEPT_FOR = timedelta(days=30)
"""How long Entra ID P1 and P2 keep sign-ins."""
_TEXT = frozenset({"eq", "startswith"})
_TIME = frozenset({"eq", "ge", "gt", "le", "lt"})
_SIGN_INS = Filterable(
    resource="SignIn",
    allows={
        **dict.fromkeys(
            (
                "id",
                "userId",
                "userPrincipalName",
                "userDisplayName",
                "appId",
                "appDisplayName",
                "ipAddress",
            ),
            _TEXT,
        ),
        **dict.fromkeys(("homeTenantId", "resourceTenantId"), _TEXT | {"ne"}),
        "createdDateTime": _TIME,
        "status/errorCode": frozenset({"eq"}),
    },
)
_AUDITS = Filterable(
    resource="DirectoryAudit",
    allows={
        **dict.fromkeys(("id", "category", "activityDisplayName", "loggedByService", "correlationId"), _TEXT),
        "result": frozenset({"eq"}),
        "operationType": frozenset({"eq"}),
        "activityDateTime": _TIME,
        "initiatedBy/app/appId": frozenset({"eq"}),
        "initiatedBy/app/displayName": _TEXT,
        "initiatedBy/user/id": frozenset({"eq"}),
        "initiatedBy/user/userPrincipalName": _TEXT,
        "targetResources": frozenset({"any"}),
        "targetResources/id": frozenset({"eq"}),
        "targetResources/displayName": _TEXT,
    },
)


def list_sign_ins(tenant: Tenant, call: Call) -> Answer:
    """List the sign-ins of the last 30 days (GET)."""
    require_premium(tenant.objects)
    tenant.take_report_turn()
    begins_at = stamp(tenant.now() - _KEPT_FOR)
    rows = [row for row in tenant.objects["signIns"] if str(row.get("createdDateTime")) >= begins_at]
    listing = Listing(context="auditLogs/signIns", type_name="signIn", filterable=_SIGN_INS, largest_page=1000)
    return page_answer(tenant, call, _newest_first(rows, "createdDateTime"), listing)


def get_sign_in(tenant: Tenant, call: Call) -> Answer:
    """Return one sign-in (GET)."""
    require_premium(tenant.objects)
    return _one(call, tenant.objects["signIns"], "auditLogs/signIns", "signIn")


def list_audits(tenant: Tenant, call: Call) -> Answer:
    """List the directory audit entries (GET)."""
    tenant.take_report_turn()
    listing = Listing(
        context="auditLogs/directoryAudits", type_name="directoryAudit", filterable=_AUDITS, largest_page=1000
    )
    return page_answer(tenant, call, _newest_first(tenant.objects["directoryAudits"], "activityDateTime"), listing)


def get_audit(tenant: Tenant, call: Call) -> Answer:
    """Return one directory audit entry (GET)."""
    return _one(call, tenant.objects["directoryAudits"], "auditLogs/directoryAudits", "directoryAudit")


def _newest_first(rows: list[dict[str, Any]], moment: str) -> list[dict[str, Any]]:
    # The place in the log breaks ties: entries of one instant stay newest first, too.
    numbered = sorted(enumerate(rows), key=lambda pair: (str(pair[1].get(moment)), pair[0]), reverse=True)
    return [row for _, row in numbered]


def _one(call: Call, rows: list[Mapping[str, Any]], context: str, type_name: str) -> Answer:
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    for row in rows:
        if row.get("id") == call.params["id"]:
            names = names_in_select(call, type_name, row) or tuple(row)
            return Answer(status=200, body=entity(call, f"{context}/$entity", only_properties(row, names)))
    raise not_found(call.params["id"])

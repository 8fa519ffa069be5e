"""Answer `/servicePrincipals`: the applications that this tenant uses."""

import re
from collections.abc import Iterator
from typing import Any

from bot.sandbox.entra.endpoints.listing import Listing, page_answer, shown_row
from bot.sandbox.entra.odata.calls import Answer, Call, bad_request, not_found
from bot.sandbox.entra.odata.filters import Filterable
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, names_in_select, require_options
from bot.sandbox.entra.tenant.tenant import Tenant

_ARGUMENTS = re.compile(r"appId='([^']*)'")
_EXACT = frozenset({"eq", "ne", "in"})
_SELECTABLE = frozenset(
    {
        "id",
        "accountEnabled",
        "appDisplayName",
        "appId",
        "appOwnerOrganizationId",
        "deletedDateTime",
        "displayName",
        "servicePrincipalType",
        "signInAudience",
    }
)
_SERVICE_PRINCIPALS = Listing(
    context="servicePrincipals",
    type_name="servicePrincipal",
    selectable=_SELECTABLE,
    searchable=frozenset({"displayName"}),
    filterable=Filterable(
        resource="ServicePrincipal",
        allows={
            "id": _EXACT,
            "appId": _EXACT,
            "displayName": _EXACT | {"startswith"},
            "accountEnabled": frozenset({"eq"}),
            "servicePrincipalType": frozenset({"eq"}),
        },
        needs_advanced=frozenset({"ne", "not"}),
    ),
)


def list_service_principals(tenant: Tenant, call: Call) -> Answer:
    """List the service principals (GET)."""
    return page_answer(tenant, call, tenant.objects["servicePrincipals"].values(), _SERVICE_PRINCIPALS)


def get_service_principal(tenant: Tenant, call: Call) -> Answer:
    """Return one by its object id (GET)."""
    return _answer_with_one(call, tenant.objects["servicePrincipals"].get(call.params["servicePrincipalId"].lower()))


def get_by_app_id(tenant: Tenant, call: Call) -> Answer:
    """Return one by its application id (GET `servicePrincipals(appId='…')`)."""
    match = _ARGUMENTS.fullmatch(call.params["arguments"])
    if match is None:
        raise bad_request("Resource not found for the segment 'servicePrincipals'.")
    return _answer_with_one(call, next(_with_app_id(tenant, match[1].lower()), None), match[1])


def _with_app_id(tenant: Tenant, app_id: str) -> Iterator[dict[str, Any]]:
    return (row for row in tenant.objects["servicePrincipals"].values() if str(row["appId"]).lower() == app_id)


def _answer_with_one(call: Call, row: dict[str, Any] | None, asked: str = "") -> Answer:
    require_options(call, ENTITY_OPTIONS - {"$expand"})
    names = names_in_select(call, "servicePrincipal", _SELECTABLE)
    if row is None:
        raise not_found(asked or call.params["servicePrincipalId"])
    row_shown = shown_row(row, names, _SERVICE_PRINCIPALS)
    return Answer(status=200, body=entity(call, "servicePrincipals/$entity", row_shown))

"""Answer `/identityGovernance/accessReviews/definitions`: definitions are stored, but no review ever runs."""

import uuid
from typing import Any

from bot.sandbox.entra.endpoints.listing import Listing, page_answer
from bot.sandbox.entra.odata.calls import Answer, Call, bad_request, json_object, not_found
from bot.sandbox.entra.odata.query import ENTITY_OPTIONS, entity, require_options
from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.audit_entries import by_app
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.property_checks import anything, check_properties, many, nullable, read_only, text

_CONTEXT = "identityGovernance/accessReviews/definitions"
_BODY = {
    "displayName": nullable(text),
    "descriptionForAdmins": nullable(text),
    "descriptionForReviewers": nullable(text),
    "scope": nullable(anything),
    "instanceEnumerationScope": nullable(anything),
    "reviewers": many(anything),
    "fallbackReviewers": many(anything),
    "additionalNotificationRecipients": many(anything),
    "stageSettings": many(anything),
    "settings": nullable(anything),
    **dict.fromkeys(("id", "status", "createdBy", "createdDateTime", "lastModifiedDateTime", "instances"), read_only),
}


def list_definitions(tenant: Tenant, call: Call) -> Answer:
    """List the access review definitions (GET)."""
    listing = Listing(context=_CONTEXT, type_name="accessReviewScheduleDefinition", selectable=_BODY, largest_page=100)
    return page_answer(tenant, call, tenant.objects["accessReviews"].values(), listing)


def create_definition(tenant: Tenant, call: Call) -> Answer:
    """Create a definition (POST): 201."""
    body = json_object(call)
    check_properties(body, "accessReviewScheduleDefinition", _BODY)
    for name in ("displayName", "scope"):
        if not body.get(name):
            raise bad_request(f"Property '{name}' is required.")
    app = by_app(call.app_id)["app"]
    definition = {
        "id": str(uuid.uuid4()),
        "createdDateTime": stamp(tenant.now()),
        "lastModifiedDateTime": stamp(tenant.now()),
        "status": "NotStarted",
        "createdBy": {"id": app["servicePrincipalId"], "displayName": app["displayName"]},
        **{name: value for name, value in body.items() if name != "@odata.type"},
    }
    tenant.objects["accessReviews"][definition["id"]] = definition
    tenant.touch()
    return Answer(status=201, body=entity(call, f"{_CONTEXT}/$entity", definition))


def get_definition(tenant: Tenant, call: Call) -> Answer:
    """Return one definition (GET)."""
    require_options(call, ENTITY_OPTIONS - {"$expand", "$select"})
    return Answer(status=200, body=entity(call, f"{_CONTEXT}/$entity", _existing(tenant, call)))


def delete_definition(tenant: Tenant, call: Call) -> Answer:
    """Delete one definition (DELETE)."""
    del tenant.objects["accessReviews"][_existing(tenant, call)["id"]]
    tenant.touch()
    return Answer(status=204)


def list_instances(tenant: Tenant, call: Call) -> Answer:
    """List the instances (GET): none, because no review runs here."""
    definition = _existing(tenant, call)
    listing = Listing(context=f"{_CONTEXT}('{definition['id']}')/instances", type_name="accessReviewInstance")
    return page_answer(tenant, call, [], listing)


def list_decisions(tenant: Tenant, call: Call) -> Answer:
    """Refuse to list an instance's decisions (GET): 404, because there are no instances."""
    _existing(tenant, call)
    raise not_found(call.params["instanceId"])


def _existing(tenant: Tenant, call: Call) -> dict[str, Any]:
    definition: dict[str, Any] | None = tenant.objects["accessReviews"].get(call.params["id"].lower())
    if definition is None:
        raise not_found(call.params["id"])
    return definition

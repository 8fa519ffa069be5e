"""Answer `/tenantRelationships/findTenantInformationBy…`: the tenant of a domain name or tenant id."""

import re
from typing import Any

from bot.sandbox.entra.odata.calls import Answer, Call, Refusal
from bot.sandbox.entra.odata.query import entity
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.entra.types.property_checks import is_guid

_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}")


def find_by_domain(tenant: Tenant, call: Call) -> Answer:
    """Find a tenant by domain (GET findTenantInformationByDomainName(domainName='…')); quotes are doubled."""
    domain = _argument(call, "domainName").lower()
    if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
        raise Refusal(400, "BadRequest", f"Invalid domain name '{domain}'.")
    for row in tenant.objects["organizations"].values():
        if domain in (str(name).lower() for name in row.get("domains") or ()):
            return _answer_with_tenant(call, row)
    raise _unknown()


def find_by_id(tenant: Tenant, call: Call) -> Answer:
    """Find a tenant by id (GET findTenantInformationByTenantId(tenantId='…'))."""
    tenant_id = _argument(call, "tenantId")
    if not is_guid(tenant_id):
        raise Refusal(400, "BadRequest", f"Invalid tenant id '{tenant_id}'.")
    row = tenant.objects["organizations"].get(tenant_id.lower())
    if row is None:
        raise _unknown()
    return _answer_with_tenant(call, row)


def _argument(call: Call, name: str) -> str:
    text = call.params["arguments"].strip()
    given, equals, value = text.partition("=")
    match = _QUOTED.fullmatch(value.strip())
    if given.strip() != name or not equals or match is None:
        raise Refusal(400, "BadRequest", f"Bad function argument: {name}='…' is expected, quoted.")
    return match.group(1).replace("''", "'")


def _answer_with_tenant(call: Call, row: dict[str, Any]) -> Answer:
    body = {name: row.get(name) for name in ("tenantId", "federationBrandName", "displayName", "defaultDomainName")}
    return Answer(status=200, body=entity(call, "microsoft.graph.tenantInformation", body))


def _unknown() -> Refusal:
    return Refusal(404, "Directory_ObjectNotFound", "Unable to read the company information from the directory.")

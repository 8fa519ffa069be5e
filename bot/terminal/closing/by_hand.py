"""The calls that close a partner by hand, with their exact bodies, for when Gatehouse cannot do it. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from workflows.core.checks.partner_setup.powershell import quote
from workflows.core.plans.plan import PARTNERS_PATH, Operation, Plan
from workflows.core.settings.block import BLOCK
from workflows.core.settings.capabilities import capability_body
from workflows.core.settings.model import (
    IDENTITY_SYNCHRONIZATION,
    IS_SYNC_ALLOWED,
    M365_CAPABILITIES,
    NOBODY,
    USER_SYNC_INBOUND,
    Capability,
    CapabilityName,
    is_tenant_id,
)

_DOMAIN: Final = re.compile(r"[a-z0-9.-]+", re.ASCII)
_SCOPES: Final = ("Policy.ReadWrite.CrossTenantAccess", "Policy.ReadWrite.CrossTenantCapability")
"""The second one is for the capabilities of Microsoft 365 only."""


def by_hand_text(target: str, graph_url: str, plan: Plan | None) -> str:
    """Return the PowerShell that blocks a partner and reads it back.

    :param target: the normalized domain or tenant id.
    :param plan: the planned block; None when the settings could not be read. Then every call of a block is listed.
    """
    return "\n".join(_lines(target, graph_url.rstrip("/"), plan))


def _lines(target: str, graph_url: str, plan: Plan | None) -> Iterator[str]:
    yield "To close it by hand, run this in PowerShell as somebody who may write the policy:"
    yield ""
    yield f"Connect-MgGraph -Scopes {', '.join(map(quote, _SCOPES))}"
    yield f"$graph = {quote(graph_url)}"
    if plan is not None:
        yield f"$tenant = {quote(plan.tenant_id)}"
    elif is_tenant_id(target):
        yield f"$tenant = {quote(target)}"
    else:
        target = target if _DOMAIN.fullmatch(target) else "PARTNER.EXAMPLE"
        lookup = f"/tenantRelationships/findTenantInformationByDomainName(domainName='{target}')"
        yield f'$tenant = (Invoke-MgGraphRequest -Method GET -Uri "$graph{lookup}").tenantId'
        yield "$tenant    # check that this is the partner"
    yield from _planned(plan) if plan is not None else _unread()
    yield from _capabilities()
    yield ""
    yield "# Read it back. It is closed when every setting says blocked or false:"
    yield f'Invoke-MgGraphRequest -Method GET -Uri "$graph{PARTNERS_PATH}/$tenant" -OutputType Json'
    yield ""
    yield "Never delete the entry: the tenant's default would apply, which usually allows access."


def _planned(plan: Plan) -> Iterator[str]:
    if not plan.operations:
        yield "# Every block is set already. Only read it back."
    for operation in plan.operations:
        yield from _call(operation.method, operation.path.replace(plan.tenant_id, "$tenant"), _body(operation))


def _unread() -> Iterator[str]:
    """Return the calls for settings that could not be read: the block, or a new entry, and no synchronization."""
    partner = f"{PARTNERS_PATH}/$tenant"
    yield from _call("PATCH", partner, quote(_json(BLOCK)))
    yield "# Only if that says that the entry is not found:"
    body = {"tenantId": "TENANT", **BLOCK}
    # NB. PowerShell's -replace does not tell letters by their case: it would change the name of the member as well.
    yield from _call("POST", PARTNERS_PATH, f"({quote(_json(body))} -creplace 'TENANT', $tenant)")
    yield "# Only if users are synchronized from there (not found is good, too):"
    off = {USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: False}}
    yield from _call("PATCH", f"{partner}/{IDENTITY_SYNCHRONIZATION}", quote(_json(off)))


def _capabilities() -> Iterator[str]:
    """Return the calls that switch off what is on of Microsoft 365 capabilities, and list them.

    It is always there: the planned block knows only those that could be read.
    """
    address = f"{PARTNERS_PATH}/$tenant/{M365_CAPABILITIES}"
    yield ""
    yield "# Calendars and other Microsoft 365 capabilities have their own list. Forbidden does not mean: empty."
    yield "# Not found means that your tenant does not have them yet."
    off = capability_body(Capability(name=CapabilityName.FREE_BUSY, people=NOBODY))
    body = quote(_json(off)).replace(str(CapabilityName.FREE_BUSY), "TYPE")
    yield f'foreach ($one in (Invoke-MgGraphRequest -Method GET -Uri "$graph{address}").value) {{'
    yield "  if (-not $one.inboundAccess.isAllowed -or $one.name -eq 'crossTenantMigration') { continue }"
    yield f"  $body = ({body} -creplace 'TYPE', $one.name)"
    yield f'  Invoke-MgGraphRequest -Method PATCH -Uri "$graph{address}/$($one.name)" -Body $body'
    yield "}"
    yield f'Invoke-MgGraphRequest -Method GET -Uri "$graph{address}" -OutputType Json'


def _call(method: str, path: str, body: str) -> Iterator[str]:
    yield f"$body = {body}"
    yield f'Invoke-MgGraphRequest -Method {method} -Uri "$graph{path}" -Body $body'


def _body(operation: Operation) -> str:
    return quote(_json(operation.body))


def _json(body: Any) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=True)

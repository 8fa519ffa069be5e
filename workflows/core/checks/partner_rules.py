"""Find tenants that cannot be partners, and tenants whose settings another service changes too."""

from collections.abc import Iterator
from typing import Final

from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.settings.canonical import JsonObject

MICROSOFT_SUPPORT: Final = "b4c546a4-7dac-46a6-a7dd-ed822a11efd3"
"""The tenant that Microsoft's support adds on its own while a support case is open."""

_PAGE: Final = "Graph: “crossTenantAccessPolicyConfigurationPartner”"
_OVERVIEW: Final = "Entra: “Cross-tenant access overview”"


def check_partner(tenant_id: str, configuration: JsonObject | None) -> tuple[Finding, ...]:
    """List the findings about a tenant as a partner. They do not depend on the requested access.

    :param configuration: the tenant's own configuration; None when it has none.
    """
    return tuple(_partner_findings(tenant_id, configuration or {}))


def _partner_findings(tenant_id: str, configuration: JsonObject) -> Iterator[Finding]:
    if tenant_id == MICROSOFT_SUPPORT:
        yield Finding(
            code=FindingCode.MICROSOFT_SUPPORT,
            severity=Severity.ERROR,
            source=_OVERVIEW,
        )
    if configuration.get("isServiceProvider") is True:
        yield Finding(
            code=FindingCode.SERVICE_PROVIDER,
            severity=Severity.ERROR,
            source=_PAGE,
        )
    if configuration.get("isInMultiTenantOrganization") is True:
        yield Finding(
            code=FindingCode.MULTI_TENANT_ORGANIZATION,
            severity=Severity.WARNING,
            source=_PAGE,
        )

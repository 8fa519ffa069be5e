"""Which tenants cannot be partners, or are changed by somebody else too, whatever access is requested."""

from collections.abc import Iterator
from typing import Final

from workflows.core.checks.findings import Finding, Severity
from workflows.core.settings.canonical import JsonObject

MICROSOFT_SUPPORT: Final = "b4c546a4-7dac-46a6-a7dd-ed822a11efd3"
"""The tenant that Microsoft's support adds on its own while a support case is open."""

_PAGE: Final = "Graph: “crossTenantAccessPolicyConfigurationPartner”"
_OVERVIEW: Final = "Entra: “Cross-tenant access overview”"


def check_partner(tenant_id: str, configuration: JsonObject | None) -> tuple[Finding, ...]:
    """List the reasons against this tenant as a partner, whatever access is requested.

    :param configuration: its own configuration as read; None when it has none.
    """
    return tuple(_partner_findings(tenant_id, configuration or {}))


def _partner_findings(tenant_id: str, configuration: JsonObject) -> Iterator[Finding]:
    if tenant_id == MICROSOFT_SUPPORT:
        yield Finding(
            code="microsoft_support",
            severity=Severity.ERROR,
            text="This is the tenant of Microsoft's own support. Microsoft adds it by itself while a support case is "
            "open; it is no partner to open anything to.",
            source=_OVERVIEW,
        )
    if configuration.get("isServiceProvider") is True:
        yield Finding(
            code="service_provider",
            severity=Severity.ERROR,
            text="This tenant is a service provider of ours (delegated administration). Its settings belong to that "
            "relationship and cannot be removed, so Gatehouse does not open anything to it. Change it in the Microsoft "
            "Entra admin center together with the contract.",
            source=_PAGE,
        )
    if configuration.get("isInMultiTenantOrganization") is True:
        yield Finding(
            code="multi_tenant_organization",
            severity=Severity.WARNING,
            text="This tenant is in our multi-tenant organization. The organization's own templates write its settings "
            "too and may overwrite what is approved here.",
            source=_PAGE,
        )

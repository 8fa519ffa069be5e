"""Import when the tenant is opened what the SDK and its libraries would import at the first request."""

import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from kiota_abstractions.method import Method
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from workflows.entra.addresses import request_to

_IMPORTED_LATE: Final = (
    "anyio._backends._asyncio",
    "azure.core.pipeline.transport._aiohttp",
    "azure.core.rest._aiohttp",
    "encodings.utf_8_sig",
)
"""What the libraries import at the first request, on the event loop."""
_OPTIONAL: Final = "sniffio"
"""A package that the HTTP library looks for at each of its locks, on the disk when it is not installed."""


def import_early() -> None:
    """Import what the first request would, and remember that the optional package is not there."""
    for name in _IMPORTED_LATE:
        import_module(name)
    if _OPTIONAL not in sys.modules and find_spec(_OPTIONAL) is None:
        sys.modules[_OPTIONAL] = None  # type: ignore[assignment]


def load_builders(adapter: GraphRequestAdapter) -> None:
    """Import the builders at the start. The SDK imports them at first use, which would delay the first click."""
    with warnings.catch_warnings():
        # During the import, the builders warn about their own deprecated inner classes.
        warnings.simplefilter("ignore", DeprecationWarning)
        graph = GraphServiceClient(request_adapter=adapter)
        policy = graph.policies.cross_tenant_access_policy
        partner = policy.partners.by_cross_tenant_access_policy_configuration_partner_tenant_id("")
        relationships = graph.tenant_relationships
        for builder in (
            graph.organization,
            graph.users,
            graph.users.by_user_id(""),
            graph.groups.by_group_id("").transitive_members,
            graph.service_principals,
            graph.service_principals_with_app_id(""),
            graph.policies.authorization_policy,
            graph.identity.conditional_access.policies,
            graph.identity.conditional_access.evaluate,
            graph.admin.sharepoint.settings,
            graph.audit_logs.sign_ins,
            graph.audit_logs.directory_audits,
            policy,
            policy.default,
            policy.default.m365_capabilities,
            partner.m365_capabilities.by_m365_capability_base_name(""),
            partner.identity_synchronization,
            relationships.find_tenant_information_by_domain_name_with_domain_name(""),
            relationships.find_tenant_information_by_tenant_id_with_tenant_id(""),
        ):
            request_to(Method.GET, builder)

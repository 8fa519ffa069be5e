"""The addresses of Graph: requests for reads, and the only addresses that can be written."""

import re
from typing import Final

from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from workflows.core.plans.plan import Operation
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION, is_guid

_WRITABLE: Final = re.compile(
    r"/policies/crossTenantAccessPolicy/partners"
    rf"(?:/(?P<tenant>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(?P<sync>/{IDENTITY_SYNCHRONIZATION})?)?"
)


def request_to(method: Method, builder: BaseRequestBuilder, **query: str | int | list[str]) -> RequestInformation:
    """Return a request for the address of a builder.

    The builder's own methods are not used. They need a model as the body, and identitySynchronization has none for
    PATCH.
    """
    request = RequestInformation(method, builder.url_template, builder.path_parameters)
    request.query_parameters.update({f"%24{name}": value for name, value in query.items()})
    request.headers.try_add("Accept", "application/json")
    return request


def request_to_link(link: str) -> RequestInformation:
    """Return a request for the next page of a list. The link is used unchanged."""
    request = RequestInformation(Method.GET)
    request.url = link
    request.headers.try_add("Accept", "application/json")
    return request


def writable_address(graph: GraphServiceClient, operation: Operation) -> BaseRequestBuilder:
    """Return the builder for an operation of a plan.

    Allowed are POST to the partners, PATCH to one partner, and PUT or PATCH to its synchronization policy.

    :raises ValueError: for every other method or address.
    """
    match = _WRITABLE.fullmatch(operation.path)
    if match is None or operation.method not in _methods(match):
        raise ValueError(f"{operation.method} {operation.path} is not one partner's own configuration")
    partners = graph.policies.cross_tenant_access_policy.partners
    address: BaseRequestBuilder = partners
    if match["tenant"] is not None:
        partner = partners.by_cross_tenant_access_policy_configuration_partner_tenant_id(match["tenant"])
        address = partner.identity_synchronization if match["sync"] else partner
    elif not is_guid(str(operation.body.get("tenantId"))):
        raise ValueError(f"{operation.method} {operation.path} names no partner by its tenant id")
    return address


def _methods(address: re.Match[str]) -> tuple[str, ...]:
    if address["tenant"] is None:
        return ("POST",)
    return ("PUT", "PATCH") if address["sync"] else ("PATCH",)

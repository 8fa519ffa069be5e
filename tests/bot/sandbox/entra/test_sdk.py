"""Microsoft's own SDK against the simulator: partners, synchronization, tenants, users."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Self

import httpx
import pytest
from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph.generated.models.cross_tenant_access_policy_b2_b_setting import CrossTenantAccessPolicyB2BSetting
from msgraph.generated.models.cross_tenant_access_policy_configuration_partner import (
    CrossTenantAccessPolicyConfigurationPartner,
)
from msgraph.generated.models.cross_tenant_access_policy_inbound_trust import CrossTenantAccessPolicyInboundTrust
from msgraph.generated.models.cross_tenant_access_policy_target import CrossTenantAccessPolicyTarget
from msgraph.generated.models.cross_tenant_access_policy_target_configuration import (
    CrossTenantAccessPolicyTargetConfiguration,
)
from msgraph.generated.models.cross_tenant_access_policy_target_configuration_access_type import (
    CrossTenantAccessPolicyTargetConfigurationAccessType as AccessType,
)
from msgraph.generated.models.cross_tenant_access_policy_target_type import CrossTenantAccessPolicyTargetType as Kind
from msgraph.generated.models.cross_tenant_identity_sync_policy_partner import CrossTenantIdentitySyncPolicyPartner
from msgraph.generated.models.cross_tenant_user_sync_inbound import CrossTenantUserSyncInbound
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from bot.sandbox.entra import EntraSimulator
from tests.bot.sandbox.entra.conftest import CONTOSO, TOKEN, Graph

# Builders are imported when they are first used, and warn about themselves then.
pytestmark = pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning")


class _Credential:
    """An azure-identity credential that has its token already."""

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        return AccessToken(TOKEN, int(datetime.now(UTC).timestamp()) + 3600)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


@pytest.fixture
async def client(graph: Graph) -> AsyncIterator[GraphServiceClient]:
    provider = AzureIdentityAuthenticationProvider(
        _Credential(), scopes=["https://graph.microsoft.com/.default"], allowed_hosts=["127.0.0.1"]
    )
    http = httpx.AsyncClient(trust_env=False)
    adapter = GraphRequestAdapter(provider, client=http)
    adapter.base_url = graph.base
    yield GraphServiceClient(request_adapter=adapter)
    await http.aclose()


def _blocked() -> CrossTenantAccessPolicyB2BSetting:
    def configuration(name: str, kind: Kind) -> CrossTenantAccessPolicyTargetConfiguration:
        target = CrossTenantAccessPolicyTarget(target=name, target_type=kind)
        return CrossTenantAccessPolicyTargetConfiguration(access_type=AccessType.Blocked, targets=[target])

    return CrossTenantAccessPolicyB2BSetting(
        users_and_groups=configuration("AllUsers", Kind.User),
        applications=configuration("AllApplications", Kind.Application),
    )


async def test_the_life_of_a_partner(client: GraphServiceClient, simulator: EntraSimulator) -> None:
    partners = client.policies.cross_tenant_access_policy.partners
    trust = CrossTenantAccessPolicyInboundTrust(is_mfa_accepted=True, is_compliant_device_accepted=True)
    made = await partners.post(CrossTenantAccessPolicyConfigurationPartner(tenant_id=CONTOSO, inbound_trust=trust))
    assert made is not None
    assert made.tenant_id == CONTOSO
    one = partners.by_cross_tenant_access_policy_configuration_partner_tenant_id(CONTOSO)
    change = CrossTenantAccessPolicyConfigurationPartner(
        b2b_collaboration_inbound=_blocked(), additional_data={"inboundTrust": None}
    )
    assert await one.patch(change) is None
    read = await one.get()
    assert read is not None
    assert read.inbound_trust is None
    assert read.b2b_collaboration_inbound is not None
    assert read.b2b_collaboration_inbound.users_and_groups is not None
    assert read.b2b_collaboration_inbound.users_and_groups.access_type is AccessType.Blocked
    sync = CrossTenantIdentitySyncPolicyPartner(user_sync_inbound=CrossTenantUserSyncInbound(is_sync_allowed=True))
    await one.identity_synchronization.put(sync)
    with pytest.raises(ODataError) as refused:
        await one.delete()
    assert refused.value.response_status_code == 400
    await one.identity_synchronization.delete()
    await one.delete()
    assert simulator.state()["partners"] == {}


async def test_refusals_reach_the_sdk_with_code_and_request_id(client: GraphServiceClient) -> None:
    partners = client.policies.cross_tenant_access_policy.partners
    await partners.post(CrossTenantAccessPolicyConfigurationPartner(tenant_id=CONTOSO))
    with pytest.raises(ODataError) as refused:
        await partners.post(CrossTenantAccessPolicyConfigurationPartner(tenant_id=CONTOSO))
    assert refused.value.response_status_code == 409
    assert refused.value.error is not None
    assert refused.value.error.code == "Request_MultipleObjectsWithSameKeyValue"
    assert refused.value.error.inner_error is not None
    assert refused.value.error.inner_error.request_id
    assert refused.value.error.inner_error.date is not None


async def test_paging_by_next_link(client: GraphServiceClient, simulator: EntraSimulator) -> None:
    simulator.page_size = 1
    simulator.merge({"emptyPages": True, "partners": {CONTOSO: {}, "fab0fab0-2222-4aaa-8bbb-0123456789a2": {}}})
    partners = client.policies.cross_tenant_access_policy.partners
    page, found = await partners.get(), []
    while page is not None:
        found += [row.tenant_id for row in page.value or []]
        page = await partners.with_url(page.odata_next_link).get() if page.odata_next_link else None
    assert len(found) == 2


async def test_tenants_and_users(client: GraphServiceClient) -> None:
    relationships = client.tenant_relationships
    found = await relationships.find_tenant_information_by_domain_name_with_domain_name("contoso.com").get()
    assert found is not None
    assert found.tenant_id == CONTOSO
    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        filter="mail eq 'admin@woodgrove.com'", select=["id", "accountEnabled", "userType"], top=2
    )
    users = await client.users.get(RequestConfiguration(query_parameters=query))
    assert users is not None
    assert [(user.account_enabled, user.user_type) for user in users.value or []] == [(True, "Member")]
    organization = await client.organization.get()
    assert organization is not None
    assert organization.value

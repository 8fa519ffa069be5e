"""The name of a partner's tenant: its domain where there is one, else its id."""

from dataclasses import replace

from tests.workflows.core.builders import TENANT, identity
from workflows.core.plans.plan import TenantIdentity


def test_a_tenant_of_which_only_the_id_is_known_is_named_by_it() -> None:
    without_names = TenantIdentity.without_names(TENANT)
    assert (without_names.name, without_names.typed_name) == (TENANT, TENANT)
    assert without_names.display_name == TENANT
    assert not without_names.is_resolved
    assert TenantIdentity.without_names(TENANT, is_resolved=True).is_resolved


def test_a_tenant_is_named_by_its_domain_and_never_by_the_name_that_it_chose() -> None:
    assert replace(identity(), display_name="fabrikam.com").name == "contoso.com"
    for domain in ("", " "):
        assert replace(identity(), default_domain=domain).name == TENANT

"""Which tenants and applications a policy names."""

from typing import Any

import pytest

from tests.workflows.core.policies import ALL_KINDS, external, policy
from workflows.core.checks.conditional_access.application_coverage import named_applications
from workflows.core.checks.conditional_access.policy import parse_policy
from workflows.core.checks.conditional_access.scope import named_tenants


@pytest.mark.parametrize(
    ("users", "tenants"),
    [
        ({"includeUsers": ["All"]}, set()),
        ({"includeGuestsOrExternalUsers": external()}, set()),
        ({"includeGuestsOrExternalUsers": external(ALL_KINDS, "Tenant-A", "tenant-b")}, {"tenant-a", "tenant-b"}),
        ({"includeUsers": ["All"], "excludeGuestsOrExternalUsers": external(ALL_KINDS, "tenant-c")}, {"tenant-c"}),
        (
            {
                "includeGuestsOrExternalUsers": external(ALL_KINDS, "tenant-a"),
                "excludeGuestsOrExternalUsers": external(ALL_KINDS, "TENANT-A", "tenant-c"),
            },
            {"tenant-a", "tenant-c"},
        ),
        ({"includeGuestsOrExternalUsers": "an odd value"}, set()),
    ],
)
def test_a_tenant_is_named_where_its_people_are_included_or_excluded(users: dict[str, Any], tenants: set[str]) -> None:
    """Compared without case, as ids of tenants are."""
    assert named_tenants(parse_policy(policy("mfa", users=users))) == tenants


def test_an_application_is_named_unless_it_is_excluded() -> None:
    rule = {"includeApplications": ["app-1", "App-2", "All", "None"], "excludeApplications": ["APP-1"]}
    assert named_applications(parse_policy(policy("mfa", applications=rule))) == ("App-2",)

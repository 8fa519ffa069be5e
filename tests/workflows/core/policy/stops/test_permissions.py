"""The permissions in a token, compared with those that are needed."""

import pytest

from workflows.core.policy.stops.permissions import FOR_GUESTS, OPTIONAL, REQUIRED, compare_permissions


@pytest.mark.threats("F1")
@pytest.mark.parametrize("name", sorted(REQUIRED | OPTIONAL))
def test_each_permission_that_is_left_out_is_named_as_needed_or_optional(name: str) -> None:
    report = compare_permissions((REQUIRED | OPTIONAL) - {name}, required=REQUIRED, optional=OPTIONAL)
    assert (report.missing, report.missing_optional) == (((name,), ()) if name in REQUIRED else ((), (name,)))
    assert report.surplus == ()


@pytest.mark.threats("F1")
def test_what_is_not_needed_is_surplus_until_it_is_allowed_by_name() -> None:
    granted = REQUIRED | {"Directory.ReadWrite.All", "Mail.Send"}
    report = compare_permissions(granted, required=REQUIRED, optional=OPTIONAL)
    assert report.surplus == ("Directory.ReadWrite.All", "Mail.Send")
    report = compare_permissions(granted, required=REQUIRED, optional=OPTIONAL, allowed=["Mail.Send", "Files.Read.All"])
    assert (report.surplus, report.allowed) == (("Directory.ReadWrite.All",), ("Mail.Send",))


def test_a_wider_permission_stands_for_the_one_that_is_needed_and_is_surplus() -> None:
    granted = (REQUIRED - {"User.Read.All", "Policy.Read.All"}) | {"Directory.Read.All", "Policy.ReadWrite.All"}
    report = compare_permissions(granted, required=REQUIRED)
    assert (report.missing, report.surplus) == ((), ("Directory.Read.All", "Policy.ReadWrite.All"))


def test_the_application_for_guest_accounts_needs_no_permission_for_policies() -> None:
    report = compare_permissions(FOR_GUESTS | REQUIRED, required=FOR_GUESTS)
    assert "Policy.ReadWrite.CrossTenantAccess" in report.surplus

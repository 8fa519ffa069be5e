"""A partner is named by its domain, and a notification has no ID of Entra."""

import pytest

from bot.words.names.partners import notified_name, verified_name, without_ids

TENANT = "5A5E1F50-1c1f-4a8a-9d30-1d2f00c0ffee"


@pytest.mark.parametrize(
    ("stored", "verified", "notified"),
    [
        ("contoso.com", "contoso.com", "contoso.com"),
        (TENANT, TENANT, "a partner without a known domain"),
        ("Contoso Ltd (contoso.com)", "contoso.com", "contoso.com"),
        ("contoso.com (contoso.com) (fabrikam.com)", "fabrikam.com", "fabrikam.com"),
        ("Approved\n(contoso.com)", "Approved\n(contoso.com)", "Approved\n(contoso.com)"),
        (f"contoso.com ({TENANT})", TENANT, "a partner without a known domain"),
        ("", "", ""),
    ],
)
def test_the_verified_part_of_a_stored_name_is_shown(stored: str, verified: str, notified: str) -> None:
    assert verified_name(stored) == verified
    assert notified_name(stored) == notified


def test_ids_are_left_out_of_a_text() -> None:
    assert without_ids(f"No group {TENANT}, see {TENANT}.") == "No group [ID], see [ID]."
    assert without_ids("R-2026-0001-0002 and 12345678-1234") == "R-2026-0001-0002 and 12345678-1234"

"""Mail addresses are equal up to ASCII case, and a role counts only for whom the current roles name."""

import pytest

from tests.workflows.core.builders import AMARA, SECURITY, current_roles
from workflows.core.people import ADMIN, PersonId, is_same_mail, mail_in_lower_case


@pytest.mark.threats("B6")
@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("amara@contoso.com", "amara@contoso.com", True),
        ("Amara@Contoso.COM", "amara@contoso.com", True),
        ("amara@contoso.com", "bruno@contoso.com", False),
        ("Kim@contoso.com", "kim@contoso.com", True),
        ("\u212aim@contoso.com", "kim@contoso.com", False),
        ("stra\u00dfe@contoso.com", "strasse@contoso.com", False),
    ],
)
def test_addresses_are_compared_by_ascii_case_only(one: str, other: str, is_same: bool) -> None:
    """KELVIN SIGN looks like a K, and `lower` makes one of it: its owner would count as somebody else."""
    assert is_same_mail(one, other) is is_same
    assert (mail_in_lower_case(one) == mail_in_lower_case(other)) is is_same


def test_who_is_without_current_roles_has_no_role() -> None:
    known = current_roles(amara="security")
    assert known.holds(AMARA.id, SECURITY)
    assert not known.holds(AMARA.id, ADMIN)
    assert not known.holds(PersonId("nobody"), SECURITY)

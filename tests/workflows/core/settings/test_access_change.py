"""Whether a change of one list opens or reduces: decided by equal ids only; other overlaps are not known."""

import pytest

from tests.workflows.core.settings.test_effective import A1, A2, G1, G2, INBOUND, listed
from workflows.core.settings.access_change import AccessChange, flag_change, has_two_deny_lists, targets_change
from workflows.core.settings.documents import parse_targets
from workflows.core.settings.model import TargetSetting


def lists(users: tuple[str, ...], applications: tuple[str, ...]) -> TargetSetting:
    """A setting: for each list its access type and its ids."""
    found = parse_targets(INBOUND, {"usersAndGroups": listed(*users), "applications": listed(*applications)})
    assert found is not None
    return found


Lists = tuple[tuple[str, ...], tuple[str, ...]]
EVERYBODY = ("allowed", "AllUsers")
EVERYTHING = ("allowed", "AllApplications")


@pytest.mark.parametrize(
    ("before", "after", "access"),
    [
        ((EVERYBODY, ("allowed", A1)), (EVERYBODY, ("allowed", A1, A2)), AccessChange.OPENS),
        ((EVERYBODY, ("allowed", A1, A2)), (EVERYBODY, ("allowed", A1)), AccessChange.REDUCES),
        ((EVERYBODY, ("allowed", A1, A2)), (EVERYBODY, ("allowed", A2, A1)), AccessChange.SAME),
        ((EVERYBODY, ("allowed", A1)), (EVERYBODY, ("allowed", A2)), AccessChange.UNKNOWN),
        ((EVERYBODY, ("allowed", A1)), (EVERYBODY, EVERYTHING), AccessChange.OPENS),
        ((EVERYBODY, EVERYTHING), (EVERYBODY, ("allowed", A1)), AccessChange.REDUCES),
        ((EVERYBODY, ("blocked", A1)), (EVERYBODY, ("blocked", A1, A2)), AccessChange.REDUCES),
        ((EVERYBODY, ("blocked", A1, A2)), (EVERYBODY, ("blocked", A1)), AccessChange.OPENS),
        ((EVERYBODY, ("allowed", A1)), (EVERYBODY, ("blocked", A2)), AccessChange.UNKNOWN),
        ((("allowed", G1), ("allowed", A1)), (EVERYBODY, ("allowed", A1)), AccessChange.OPENS),
        ((("allowed", G1), ("allowed", A1)), (("allowed", G2), ("allowed", A1)), AccessChange.UNKNOWN),
    ],
)
def test_two_lists_are_compared_by_the_ids_they_name(
    before: tuple[tuple[str, ...], tuple[str, ...]],
    after: tuple[tuple[str, ...], tuple[str, ...]],
    access: AccessChange,
) -> None:
    assert targets_change(lists(*before), lists(*after)) is access


def test_two_lists_of_exceptions_are_not_compared() -> None:
    """Microsoft does not document for certain how Entra combines them."""
    both = lists(("blocked", G1), ("blocked", A1))
    assert has_two_deny_lists(both)
    for other in (lists(("blocked", G1, G2), ("blocked", A1)), lists(EVERYBODY, ("allowed", A1))):
        assert targets_change(both, other) is targets_change(other, both) is AccessChange.UNKNOWN


@pytest.mark.parametrize(
    ("before", "after", "access"),
    [
        (None, None, AccessChange.SAME),
        (True, True, AccessChange.SAME),
        (False, True, AccessChange.OPENS),
        (None, True, AccessChange.OPENS),
        (True, False, AccessChange.CLOSES),
        (None, False, AccessChange.CLOSES),
        (True, None, AccessChange.UNKNOWN),
        (False, None, AccessChange.OPENS),
    ],
)
def test_a_flag_that_goes_back_to_an_unknown_default_is_no_narrowing(
    before: bool | None, after: bool | None, access: AccessChange
) -> None:
    assert flag_change(before, after) is access

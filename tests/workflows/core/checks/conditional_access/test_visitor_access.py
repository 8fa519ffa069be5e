"""Who can come in is read from what certainly applies; what is not certain counts as open."""

from typing import Any, Final

from workflows.core.checks.conditional_access.application_coverage import ALL
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.visitor_access import visitor_access_under
from workflows.core.settings.documents import to_document
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import BLOCK_ALL, CLOSED
from workflows.core.settings.open_access import access_kinds

PORTAL: Final = "aaaaaaaa-0000-4000-8000-000000000001"
SHUT: Final = {name.value: to_document(setting) for name, setting in CLOSED.items()}
EVERYBODY: Final = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
ONE: Final = {"accessType": "allowed", "targets": [{"target": PORTAL, "targetType": "application"}]}


def entries(own: dict[str, Any] | None, *, is_cross_cloud: bool = False) -> dict[VisitorType, tuple[str, ...]]:
    """Tell who comes in to what, with nothing inherited."""
    effective = effective_settings(own, SHUT, is_cross_cloud=is_cross_cloud)
    found = visitor_access_under(effective, access_kinds(own, SHUT, is_cross_cloud=is_cross_cloud))
    return {entry.visitor: entry.applications for entry in found}


def test_both_lists_of_its_own_open_what_they_name() -> None:
    both = {"b2bCollaborationInbound": {"usersAndGroups": EVERYBODY, "applications": ONE}}
    assert entries(both) == {VisitorType.GUEST: (PORTAL,)}


def test_one_list_next_to_one_that_is_not_set_counts_as_open_to_everything() -> None:
    """The default would shut it, but whether that list is inherited is not documented."""
    for lists in ({"usersAndGroups": EVERYBODY, "applications": None}, {"usersAndGroups": None, "applications": ONE}):
        assert entries({"b2bCollaborationInbound": lists}) == {VisitorType.GUEST: (ALL,)}
        assert entries({"b2bDirectConnectInbound": lists}) == {VisitorType.DIRECT_CONNECT: (ALL,)}


def test_a_block_of_one_list_counts_as_open() -> None:
    block: Any = to_document(BLOCK_ALL)
    assert entries({"b2bCollaborationInbound": {**block, "usersAndGroups": EVERYBODY}}) == {VisitorType.GUEST: (ALL,)}


def test_what_a_synchronization_policy_may_let_in_next_to_users_counts_as_members() -> None:
    both = {"b2bCollaborationInbound": {"usersAndGroups": EVERYBODY, "applications": ONE}}
    off: dict[str, Any] = {"userSyncInbound": {"isSyncAllowed": False}}
    assert set(entries({**both, "identitySynchronization": off})) == {VisitorType.GUEST}
    groups = {**off, "groupSyncInbound": {"isSyncAllowed": True}}
    assert set(entries({**both, "identitySynchronization": groups})) == {VisitorType.GUEST, VisitorType.MEMBER}


def test_nobody_comes_in_from_another_cloud_before_its_tenant_is_added() -> None:
    default = {"b2bCollaborationInbound": {"usersAndGroups": EVERYBODY, "applications": ONE}}
    assert (
        visitor_access_under(
            effective_settings(None, default, is_cross_cloud=True), access_kinds(None, default, is_cross_cloud=True)
        )
        == ()
    )
    assert visitor_access_under(effective_settings({}, default), access_kinds({}, default)) != ()

"""The model of a partner's configuration: Graph's names, and what closed means."""

import ast
from pathlib import Path
from typing import Final

from tests.sources import modules_naming
from workflows.core.settings import model
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import (
    BLOCK_ALL,
    CLOSED,
    FLAGS,
    IS_SYNC_ALLOWED,
    USER_SYNC_INBOUND,
    Property,
    is_tenant_id,
)

CORE: Final = Path(model.__file__).parents[1]
MEMBERS: Final = {
    *(name.value for name in Property),
    *(graph_name for flags in FLAGS.values() for graph_name in flags.values()),
    USER_SYNC_INBOUND,
    IS_SYNC_ALLOWED,
}


def test_one_file_of_the_core_spells_the_members_of_the_policy() -> None:
    """So a new member is added in one place, and every other file finds it there."""
    spelled = {
        path.name
        for path, tree in modules_naming(MEMBERS, CORE.rglob("*.py"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in MEMBERS
    }
    assert spelled == {"model.py"}


def test_only_a_guid_in_lower_case_is_the_id_of_a_tenant() -> None:
    tenant_id = "5a5e1f50-1c1f-4a8a-9d30-1d2f00c0ffee"
    assert is_tenant_id(tenant_id)
    assert not any(is_tenant_id(text) for text in ("contoso.com", "", tenant_id.upper(), f"{tenant_id}0"))


def test_the_properties_are_written_exactly_as_graph_spells_them() -> None:
    assert [name.value for name in Property] == [
        "b2bCollaborationInbound",
        "b2bCollaborationOutbound",
        "b2bDirectConnectInbound",
        "b2bDirectConnectOutbound",
        "inboundTrust",
        "automaticUserConsentSettings",
        "identitySynchronization",
        "tenantRestrictions",
        "m365CollaborationInbound",
        "m365CollaborationOutbound",
        "appServiceConnectInbound",
        "m365Capabilities",
    ]


def test_closed_blocks_four_directions_and_takes_trust_and_consent_back() -> None:
    block = {
        "usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "blocked",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }
    assert to_document(BLOCK_ALL) == block
    assert {name.value: to_document(setting) for name, setting in CLOSED.items()} == {
        "b2bCollaborationInbound": block,
        "b2bCollaborationOutbound": block,
        "b2bDirectConnectInbound": block,
        "b2bDirectConnectOutbound": block,
        "inboundTrust": {
            "isMfaAccepted": False,
            "isCompliantDeviceAccepted": False,
            "isHybridAzureADJoinedDeviceAccepted": False,
        },
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
    }

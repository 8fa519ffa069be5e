"""What a revocation writes besides its block: last, separately, and restored by a restore."""

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given

from tests.workflows.core.builders import TENANT, access_plan, closed_document
from tests.workflows.core.strategies import PROPERTY, partner_documents
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import NothingToChange
from workflows.core.partners.restoration.not_restored import settings_not_restored
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.plans.plan import Operation, Plan, is_confirmed
from workflows.core.plans.planning import plan_revocation
from workflows.core.plans.writes.refused_writes import is_shown, written_names
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.open_access import AccessState, OpenAccess, access_kinds, possibly_open

PARTNER: Final = f"/policies/crossTenantAccessPolicy/partners/{TENANT}"
EVERYBODY: Final = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
NOBODY: Final = {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]}
NOTHING: Final = {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]}
OFF: Final = {"userSyncInbound": {"isSyncAllowed": False}}
TRUST: Final = closed_document()["inboundTrust"]


def document(**settings: Any) -> dict[str, Any]:
    return {"tenantId": TENANT, **settings}


def optional(before: JsonObject | None, default: JsonObject | None = None) -> list[tuple[str, JsonObject]]:
    """What is written last: the end of the address, and the body."""
    plan = plan_revocation(tenant_id=TENANT, before=before, default={} if default is None else default)
    assert plan.operations == (*plan.required_operations, *plan.optional)
    assert all(operation.method == "PATCH" for operation in plan.optional)
    return [(operation.path.removeprefix(PARTNER), operation.body) for operation in plan.optional]


def test_settings_of_services_are_blocked_in_one_write_where_they_are_not_closed() -> None:
    default = {"m365CollaborationOutbound": {"usersAndGroups": EVERYBODY}}
    own = document(appServiceConnectInbound="unreadable", m365CollaborationInbound={"users": NOBODY})
    assert optional(own, default) == [
        (
            "",
            {
                "m365CollaborationOutbound": {"usersAndGroups": NOBODY},
                "appServiceConnectInbound": {"applications": NOTHING},
            },
        )
    ]
    assert optional(None, default) == [("", {"m365CollaborationOutbound": {"usersAndGroups": NOBODY}})]
    assert optional(document()) == []


def test_without_the_default_every_setting_of_a_service_is_blocked() -> None:
    (operation,) = plan_revocation(tenant_id=TENANT, before=document()).optional
    assert set(operation.body) == {
        *("m365CollaborationInbound", "m365CollaborationOutbound", "appServiceConnectInbound"),
    }


@pytest.mark.parametrize(
    ("own", "written"),
    [
        ({"places": {"a": True}, "newer": 1, "quiet": {"b": False}}, [("", {"places": None}), ("", {"newer": None})]),
        (
            {"inboundTrust": {"isMfaAccepted": True, "isPasskeyAccepted": True, "isQuiet": False}},
            [("", {"inboundTrust": {**TRUST, "isPasskeyAccepted": None}})],
        ),
        (
            {"m365CollaborationOutbound": {"usersAndGroups": None, "newer": 1}},
            [("", {"m365CollaborationOutbound": {"usersAndGroups": NOBODY, "newer": None}})],
        ),
        (
            {"b2bCollaborationInbound": {"usersAndGroups": {**NOBODY, "until": "x"}, "newer": 1}},
            [
                (
                    "",
                    {
                        "b2bCollaborationInbound": {
                            **closed_document()["b2bCollaborationInbound"],
                            "usersAndGroups": {**NOBODY, "until": None},
                            "newer": None,
                        }
                    },
                )
            ],
        ),
        # What stands in a list's entry goes with the list; tenant restrictions bind our own people.
        ({"b2bCollaborationInbound": {"usersAndGroups": {**NOBODY, "targets": [{"newer": 1}]}}}, []),
        ({"tenantRestrictions": {"newer": 1}}, []),
        (
            {"identitySynchronization": {**OFF, "groupSyncInbound": {"isSyncAllowed": True, "newer": 1}, "other": 1}},
            [
                ("/identitySynchronization", {"groupSyncInbound": {"isSyncAllowed": False, "newer": None}}),
                ("/identitySynchronization", {"other": None}),
            ],
        ),
        (
            {
                "identitySynchronization": {
                    "userSyncInbound": {"isSyncAllowed": False, "newer": 1},
                    "groupSyncInbound": 7,
                }
            },
            [
                ("/identitySynchronization", {"userSyncInbound": {"isSyncAllowed": False, "newer": None}}),
                ("/identitySynchronization", {"groupSyncInbound": {"isSyncAllowed": False}}),
            ],
        ),
    ],
)
def test_members_that_nobody_knows_are_set_to_null_next_to_the_blocks_own_values(
    own: dict[str, Any], written: list[tuple[str, JsonObject]]
) -> None:
    assert optional(document(**own)) == written


@PROPERTY
@given(partner_documents(TENANT))
def test_with_every_write_taken_only_what_the_default_opens_is_left(before: dict[str, Any]) -> None:
    plan = plan_revocation(tenant_id=TENANT, before=before, default={})
    configuration = plan.configuration_after() or {}
    assert possibly_open(access_kinds(configuration, {})) == ()
    assert all(is_shown(operation, configuration) for operation in plan.optional)
    assert is_confirmed(plan, plan.configuration_after(len(plan.required_operations)))
    assert plan_revocation(tenant_id=TENANT, before=configuration, default={}).operations == ()


def test_only_what_may_be_refused_is_in_a_digest_as_such() -> None:
    plan = plan_revocation(tenant_id=TENANT, before=document(places=1), default={})
    as_ever = replace(plan, operations=tuple(replace(one, may_be_refused=False) for one in plan.operations))
    assert plan.digest != as_ever.digest


def test_the_window_promises_what_the_plan_does_and_names_what_it_cannot_close() -> None:
    plan = plan_revocation(tenant_id=TENANT, before=document(inboundTrust={"isPasskeyAccepted": True}), default={})
    said = consequences(plan, {})
    assert Fact(Consequence.NOT_DELETED) in said
    assert Fact(Consequence.WRITTEN_LAST, {"names": ["inboundTrust.isPasskeyAccepted"]}) in said
    said = consequences(plan, {"places": True})
    assert Fact(Consequence.KEPT) in said
    assert Fact(Consequence.NOT_CLOSED, {"ways": [{"name": "places", "opening": "not known"}]}) in said
    done = consequences(plan, {}, is_applied=True, not_closed=[OpenAccess(name="newer", opening=AccessState.UNKNOWN)])
    assert Consequence.WRITTEN_LAST not in [one.code for one in done]
    assert Fact(Consequence.NOT_CLOSED, {"ways": [{"name": "newer", "opening": "not known"}]}) in done


# --- an access plan ---


def test_an_access_plan_neither_sends_nor_loses_members_that_nobody_knows() -> None:
    before = document(inboundTrust={"isCompliantDeviceAccepted": True, "isPasskeyAccepted": True}, places={"a": True})
    plan = access_plan(before)
    (operation,) = plan.operations
    assert operation.body["inboundTrust"] == {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}
    after = plan.configuration_after() or {}
    assert after["inboundTrust"] == {**operation.body["inboundTrust"], "isPasskeyAccepted": True}
    assert after["places"] == {"a": True}
    for observed in (after, {**after, "inboundTrust": operation.body["inboundTrust"]}, {**after, "places": 7}):
        assert is_confirmed(plan, observed)


def test_a_setting_of_the_wrong_type_does_not_break_an_access_plan() -> None:
    (operation,) = access_plan(document(inboundTrust=7)).operations
    assert operation.body["inboundTrust"] == {"isMfaAccepted": True}


# --- a restore ---


def restoration(before: JsonObject, default: JsonObject | None = None) -> tuple[Plan, JsonObject, Plan]:
    """Return a revocation, the settings after it, and the plan that restores the earlier ones."""
    revocation = plan_revocation(tenant_id=TENANT, before=before, default=default or {})
    now = revocation.configuration_after() or {}
    return (
        revocation,
        now,
        plan_restoration(
            tenant_id=TENANT, current_configuration=now, earlier_configuration=before, undone_plan=revocation
        ),
    )


def test_a_restore_puts_back_what_the_revocation_set_to_null_and_that_may_be_refused() -> None:
    before = document(
        inboundTrust={"isMfaAccepted": True, "isPasskeyAccepted": True, "isNewerAccepted": 1},
        places={"a": True, "@odata.type": "#x"},
        identitySynchronization={**OFF, "groupSyncInbound": {"isSyncAllowed": True}},
    )
    revocation, now, plan = restoration(before)
    assert [(one.path.removeprefix(PARTNER), one.body) for one in plan.optional] == [
        (
            "",
            {
                "inboundTrust": {
                    "isMfaAccepted": True,
                    "isCompliantDeviceAccepted": None,
                    "isHybridAzureADJoinedDeviceAccepted": None,
                    "isPasskeyAccepted": True,
                    "isNewerAccepted": 1,
                }
            },
        ),
        ("", {"places": {"a": True}}),
        ("/identitySynchronization", {"groupSyncInbound": {"isSyncAllowed": True}}),
    ]
    assert all("isPasskeyAccepted" not in str(one.body) for one in plan.required_operations)
    assert settings_not_restored(now, before, revocation) == ()
    assert is_confirmed(plan, plan.configuration_after(len(plan.required_operations)))


def test_a_restore_never_writes_a_value_without_a_name_nor_what_the_change_did_not_touch() -> None:
    before = document(places=["unknownFutureValue"], newer=[{"a": 1, "a@odata.type": "#x"}])
    revocation, now, plan = restoration(before)
    assert [one.body for one in plan.optional] == [{"newer": [{"a": 1}]}]
    assert settings_not_restored(now, before, revocation) == ("places",)
    other = plan_restoration(
        tenant_id=TENANT, current_configuration=now, earlier_configuration=before, undone_plan=access_plan(before)
    )
    assert other.optional == ()
    with pytest.raises(NothingToChange):
        plan_restoration(
            tenant_id=TENANT, current_configuration=before, earlier_configuration=before, undone_plan=revocation
        )


# --- what a write shows ---


def test_a_write_is_shown_by_what_it_names() -> None:
    null = Operation(method="PATCH", path=PARTNER, body={"inboundTrust": {**TRUST, "newer": None}, "places": None})
    shown = document(inboundTrust={**TRUST, "newer": False}, places={"a": None})
    assert is_shown(null, shown)
    assert not is_shown(null, {**shown, "places": True})
    assert not is_shown(null, {**shown, "inboundTrust": None})
    assert written_names(null) == ("inboundTrust.newer", "places")
    services = Operation(method="PATCH", path=PARTNER, body={"m365CollaborationInbound": {"users": NOBODY}})
    assert written_names(services) == ("m365CollaborationInbound",)
    policy = Operation(method="PATCH", path=f"{PARTNER}/identitySynchronization", body={"groupSyncInbound": None})
    assert written_names(policy) == ("identitySynchronization.groupSyncInbound",)
    assert is_shown(policy, document(identitySynchronization={"groupSyncInbound": None}))
    assert not is_shown(policy, document(identitySynchronization={"groupSyncInbound": 7}))

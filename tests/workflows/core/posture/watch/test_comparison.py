"""What of a posture is drift, whether it opens access, and when two findings are the same."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, TENANT, access_plan, identity, partnership, prepared
from tests.workflows.core.builders import request as a_request
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.records import Records
from workflows.core.plans.default_drift import with_inheritance
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import PartnerPosture
from workflows.core.posture.partner_posture import PostureInputs, evaluate_partner
from workflows.core.posture.watch.comparison import (
    DRIFT_CODES,
    default_drift_of,
    drift_of,
    inherits_other_values,
    is_compared,
)
from workflows.core.posture.watch.drift import FoundDrift
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import normal_value
from workflows.core.settings.open_access import AccessState, OpenAccess

PLAN = access_plan()
APPROVED = PLAN.configuration_after() or {}
ALLOW_ALL = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
BLOCK_ALL = {
    "usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
CLOSED_DEFAULT = {
    "b2bCollaborationInbound": BLOCK_ALL,
    "b2bCollaborationOutbound": BLOCK_ALL,
    "b2bDirectConnectInbound": BLOCK_ALL,
    "b2bDirectConnectOutbound": BLOCK_ALL,
    "inboundTrust": {
        "isMfaAccepted": False,
        "isCompliantDeviceAccepted": False,
        "isHybridAzureADJoinedDeviceAccepted": False,
    },
}
BLOCKED = {"tenantId": TENANT, **BLOCK}


def applied(plan: Plan = PLAN, **changes: Any) -> AccessRequest:
    """The request whose plan was applied last."""
    return replace(a_request(RequestState.APPLIED), prepared=prepared(plan=plan), **changes)


def evaluated(
    configuration: JsonObject | None,
    record: Partnership | None,
    request: AccessRequest | None,
    default: JsonObject | None = CLOSED_DEFAULT,
    **changes: Any,
) -> PartnerPosture:
    """The posture of Contoso with one record."""
    records = Records(
        partnerships={} if record is None else {TENANT: record},
        requests={} if request is None else {request.id: request},
    )
    inputs = PostureInputs.of(default, records, records, NOW)
    return evaluate_partner(TENANT, configuration, identity(), replace(inputs, **changes))


def found(configuration: JsonObject | None, **more: Any) -> FoundDrift | None:
    """The drift of Contoso, which was opened by `PLAN`."""
    request = applied()
    partner = evaluated(configuration, partnership(request_id=request.id), request, **more)
    return drift_of(partner, request.plan)


def revoked(**changes: Any) -> Partnership:
    """The record of Contoso after a block."""
    record = partnership(state=PartnershipState.REVOKED, request_id=applied().id)
    return replace(record, ends_at=None, next_review_at=None, **changes)


def test_what_is_as_approved_is_no_drift() -> None:
    assert found(APPROVED) is None


@pytest.mark.parametrize(
    ("changed", "opens"),
    [
        ({"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}}, True),
        ({"b2bCollaborationInbound": ALLOW_ALL}, True),
        ({"b2bCollaborationInbound": BLOCK_ALL}, False),
        ({"inboundTrust": {"isMfaAccepted": False}}, False),
        ({"somethingNew": {"isOn": True}}, None),
    ],
    ids=["more trust", "opened", "blocked", "less trust", "not described, of a partner that the plan created"],
)
def test_a_changed_setting_is_drift(changed: dict[str, Any], opens: bool | None) -> None:
    drift = found({**APPROVED, **changed})
    if opens is None:
        assert drift is None
        return
    assert drift is not None
    assert drift.code is ConcernCode.DIFFERS_FROM_APPROVED
    assert set(drift.settings) <= set(changed)
    assert drift.opens is opens


def test_what_was_approved_and_what_is_there_is_kept_for_what_differs() -> None:
    drift = found({**APPROVED, "b2bDirectConnectInbound": ALLOW_ALL})
    assert drift is not None
    assert list(drift.current_values) == ["b2bDirectConnectInbound"]
    assert drift.approved_values.get("b2bDirectConnectInbound") == normal_value(APPROVED.get("b2bDirectConnectInbound"))
    assert drift.restores_less is ("b2bDirectConnectInbound" in APPROVED)
    closed = found({**APPROVED, "b2bCollaborationInbound": BLOCK_ALL})
    assert closed is not None
    assert (closed.opens, closed.restores_less) == (False, False), "to restore it gives more"
    many = [{"target": f"{number:036}", "targetType": "user"} for number in range(100)]
    long = {**ALLOW_ALL, "usersAndGroups": {"accessType": "allowed", "targets": many}}
    longest = found({**APPROVED, "b2bDirectConnectInbound": long})
    assert longest is not None
    assert (longest.settings, longest.current_values) == (("b2bDirectConnectInbound",), {}), "too long to be kept"
    absent = found(None)
    assert absent is not None
    assert (absent.approved_values, absent.current_values, absent.restores_less) == ({}, {}, False)


def test_order_letter_case_and_annotations_do_not_count() -> None:
    ids = ["AAAAAAAA-0000-0000-0000-000000000001", "bbbbbbbb-0000-0000-0000-000000000002"]

    def listed(order: list[str], **more: Any) -> JsonObject:
        targets = [{"target": one, "targetType": "group"} for one in order]
        return {
            **APPROVED,
            "b2bCollaborationInbound": {"usersAndGroups": {"accessType": "allowed", "targets": targets}},
            **more,
        }

    one, other = found(listed(ids)), found(listed([ids[1].upper(), ids[0].lower()], **{"x@odata.context": "y"}))
    assert one is not None
    assert other is not None
    assert one.fingerprint == other.fingerprint
    different = found(listed(ids[:1]))
    assert different is not None
    assert different.fingerprint != one.fingerprint


def test_an_undescribed_setting_and_what_cannot_be_read_count_as_more_access() -> None:
    plan = access_plan({"tenantId": TENANT})
    request = applied(plan)
    record = partnership(request_id=request.id)
    for changed in ({"somethingNew": {"isOn": True}}, {"inboundTrust": {"isMfaAccepted": "perhaps"}}):
        configuration = {**(plan.configuration_after() or {}), **changed}
        drift = drift_of(evaluated(configuration, record, request), plan)
        assert drift is not None
        assert drift.opens


def test_values_that_cannot_be_written_again_are_drift_all_the_same() -> None:
    unknown = {"usersAndGroups": {"accessType": "unknownFutureValue", "targets": []}}
    drift = found({**APPROVED, "b2bCollaborationInbound": unknown})
    assert drift is not None
    assert drift.opens
    odd = evaluated({"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": 2**70}, "x@odata.y": "z"}, None, None)
    added, again = drift_of(odd, None), drift_of(odd, None)
    assert added is not None
    assert again is not None
    assert added.fingerprint == again.fingerprint


def test_a_deleted_partner_is_absent_and_opens_what_the_default_opens() -> None:
    drift = found(None)
    assert drift is not None
    assert (drift.code, drift.settings, drift.opens) == (ConcernCode.ABSENT, (), False)
    open_default = found(None, default={"b2bCollaborationInbound": ALLOW_ALL})
    assert open_default is not None
    assert open_default.opens
    unread = found(None, default=None)
    assert unread is not None
    assert unread.opens, "what is not certain counts as more"
    assert drift.fingerprint == unread.fingerprint == open_default.fingerprint, "a changed default is its own drift"


def test_a_partner_without_a_record_is_drift_unless_nothing_is_open() -> None:
    added = drift_of(evaluated({"tenantId": TENANT, "b2bCollaborationInbound": ALLOW_ALL}, None, None), None)
    assert added is not None
    assert (added.code, added.opens) == (ConcernCode.UNKNOWN_TO_GATEHOUSE, True)
    assert drift_of(evaluated(BLOCKED, None, None), None) is None
    assert drift_of(evaluated({"tenantId": TENANT}, None, None), None) is None


def test_known_foreign_writers_are_named() -> None:
    configuration = {**APPROVED, "inboundTrust": None, "isServiceProvider": True, "isInMultiTenantOrganization": True}
    drift = found(configuration)
    assert drift is not None
    assert drift.writers == (ConcernCode.MULTI_TENANT_ORGANIZATION, ConcernCode.SERVICE_PROVIDER)


def test_a_revoked_partner_that_is_open_again_is_drift() -> None:
    record = revoked(not_closed=())
    plan = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT})
    opened = drift_of(evaluated({**BLOCKED, "b2bCollaborationInbound": ALLOW_ALL}, record, applied(plan)), plan)
    assert opened is not None
    assert (opened.code, opened.opens) == (ConcernCode.REVOKED_BUT_OPEN, True)
    assert "b2bCollaborationInbound" in opened.settings
    deleted = drift_of(evaluated(None, record, applied(plan)), plan)
    assert deleted is not None
    assert (deleted.code, deleted.opens) == (ConcernCode.REVOKED_BUT_ABSENT, False)
    implicit = drift_of(evaluated({**BLOCKED, "b2bCollaborationInbound": None}, record, applied(plan)), plan)
    assert implicit is not None
    assert (implicit.code, implicit.opens) == (ConcernCode.REVOKED_NOT_EXPLICIT, False)
    assert drift_of(evaluated(BLOCKED, record, applied(plan)), plan) is None


def test_a_suspended_partner_is_compared_with_its_block() -> None:
    suspended = revoked(state=PartnershipState.SUSPENDED)
    assert drift_of(evaluated(BLOCKED, suspended, applied()), PLAN) is None
    drift = drift_of(evaluated({**BLOCKED, "b2bCollaborationInbound": ALLOW_ALL}, suspended, applied()), PLAN)
    assert drift is not None
    assert (drift.code, drift.opens, drift.is_suspended) == (ConcernCode.REVOKED_BUT_OPEN, True, True)


def test_what_a_revocation_left_open_is_known() -> None:
    configuration = {**BLOCKED, "b2bCollaborationInbound": ALLOW_ALL}
    left = (OpenAccess(name="b2bCollaborationInbound", opening=AccessState.OPEN),)
    assert drift_of(evaluated(configuration, revoked(not_closed=left), applied()), PLAN) is None
    assert drift_of(evaluated(configuration, revoked(not_closed=None), applied()), PLAN) is not None


def test_what_was_not_compared_is_neither_drift_nor_as_approved() -> None:
    request = applied()
    record = partnership(request_id=request.id)
    changed = {**APPROVED, "b2bCollaborationInbound": ALLOW_ALL}
    written = evaluated(changed, record, request, being_changed=frozenset({TENANT}))
    unreadable = evaluated(changed, record, None)
    for partner in (written, unreadable):
        assert not is_compared(partner)
        assert drift_of(partner, PLAN) is None
    assert is_compared(evaluated(changed, record, request))


def test_a_part_of_a_change_is_told_in_another_way() -> None:
    request = replace(applied(), state=RequestState.FAILED, applied_part=1)
    partner = evaluated({**APPROVED, "inboundTrust": None}, partnership(request_id=request.id), request)
    drift = drift_of(partner, request.plan)
    assert drift is not None
    assert drift.is_told


def test_a_changed_default_names_the_partners_that_inherit_it() -> None:
    plan = with_inheritance(PLAN, CLOSED_DEFAULT)
    opened = {**CLOSED_DEFAULT, "b2bCollaborationInbound": ALLOW_ALL}
    drift = default_drift_of(CLOSED_DEFAULT, opened, approved_plans={"contoso.com": plan, "old.com": PLAN})
    assert drift is not None
    assert (drift.code, drift.settings, drift.opens) == (
        ConcernCode.DEFAULT_CHANGED,
        ("b2bCollaborationInbound",),
        True,
    )
    assert drift.touches == ("contoso.com",), "of a plan without inherited values nothing is known"
    assert default_drift_of(CLOSED_DEFAULT, {**CLOSED_DEFAULT, "@odata.context": "x", "isServiceDefault": True}) is None
    closed = default_drift_of(opened, CLOSED_DEFAULT)
    assert closed is not None
    assert not closed.opens
    assert not inherits_other_values(plan, CLOSED_DEFAULT)
    unknown = default_drift_of(CLOSED_DEFAULT, {**CLOSED_DEFAULT, "somethingNew": {"isOn": True}})
    assert unknown is not None
    assert unknown.opens


def test_every_code_is_listed_once() -> None:
    assert len(set(DRIFT_CODES)) == len(DRIFT_CODES)

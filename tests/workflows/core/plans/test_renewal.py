"""An extension writes nothing, has the risk of opening everything, and extends what its chain may open."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from tests.workflows.core.builders import (
    DANA,
    DATA_OWNER,
    NOW,
    SECURITY,
    TENANT,
    WHOLE_CHAIN,
    access_plan,
    partnership,
    prepared,
    request,
)
from tests.workflows.core.strategies import partner_documents
from workflows.core.partners.extension import may_be_renewed
from workflows.core.partners.outcome.new_records import opened_partnership, unapproved_partnership
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.plans.changes import setting_changes
from workflows.core.plans.plan import Plan, count_written, is_confirmed
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.plans.renewal import is_renewal, plan_of_all_settings, plan_of_extended_access, plan_renewal
from workflows.core.policy.risk import RiskLevel, RiskReason, risk_of
from workflows.core.policy.template import Stage
from workflows.core.requests.request import ObservedPartner, RequestState
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.block import BLOCK
from workflows.core.settings.documents import has_no_value, is_equivalent
from workflows.core.settings.model import InboundTrust, Property

STANDS = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True},
    "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}},
}
CLOSED_DEFAULT = {
    "isServiceDefault": False,
    "b2bCollaborationInbound": None,
    "inboundTrust": {
        "isMfaAccepted": False,
        "isCompliantDeviceAccepted": False,
        "isHybridAzureADJoinedDeviceAccepted": False,
    },
}


def renewal(before: dict[str, Any] | None = None, days: int = 90) -> Plan:
    """Return an extension of the current settings."""
    return plan_renewal(
        tenant_id=TENANT,
        before=before or STANDS,
        template="trusted-partner",
        template_hash="hash-1",
        duration=timedelta(days=days),
    )


def test_a_renewal_writes_nothing_and_is_confirmed_by_the_current_settings() -> None:
    plan = renewal()
    assert is_renewal(plan)
    assert plan.operations == ()
    assert plan.configuration_after() == STANDS
    assert is_confirmed(plan, STANDS)
    assert count_written(plan, STANDS) == 0
    assert count_written(plan, {**STANDS, "inboundTrust": None}) is None


def test_how_long_and_the_current_settings_are_part_of_what_is_approved() -> None:
    digests = {renewal().digest, renewal(days=91).digest, renewal({"tenantId": TENANT}).digest}
    assert len(digests) == 3


def test_neither_a_plan_that_writes_nor_a_revocation_without_writes_is_a_renewal() -> None:
    assert not is_renewal(access_plan())
    closed = plan_revocation(tenant_id=TENANT, default={}, before=None).configuration_after()
    nothing = plan_revocation(tenant_id=TENANT, default={}, before=closed)
    assert nothing.operations == ()
    assert not is_renewal(nothing)


@pytest.mark.parametrize(
    ("known", "days", "may"),
    [
        ({}, 90, False),  # it ends on the same day
        ({}, 91, True),
        ({"state": PartnershipState.REVIEW_DUE}, 91, True),
        ({"state": PartnershipState.REVOKED}, 91, False),
        ({"ends_at": None}, 91, False),
        ({"ends_at": NOW - timedelta(days=3)}, 30, True),
    ],
)
def test_only_what_is_prolonged_by_a_day_or_more_is_renewed(known: dict[str, Any], days: int, may: bool) -> None:
    assert may_be_renewed(partnership(**known), timedelta(days=days), NOW) is may
    assert not may_be_renewed(None, timedelta(days=days), NOW)


def test_a_renewal_has_the_risk_of_opening_everything() -> None:
    risk = risk_of(renewal(), CLOSED_DEFAULT)
    assert risk.level is RiskLevel.HIGH
    assert RiskReason.SYNCHRONIZATION in risk.reasons
    assert RiskReason.ALL_TRUST in risk.reasons


def test_a_synchronization_that_cannot_be_read_has_the_risk_as_if_it_were_on() -> None:
    plan = renewal({"tenantId": TENANT, "identitySynchronization": "on"})
    assert risk_of(plan, CLOSED_DEFAULT).level is RiskLevel.HIGH


@given(partner_documents(TENANT))
def test_opening_it_again_leads_to_the_same(document: dict[str, Any]) -> None:
    plan = renewal(document)
    again = plan_of_all_settings(plan)
    assert again.before is None
    configuration, wanted = again.configuration_after() or {}, plan.configuration_after() or {}
    for name in Property:
        assert is_equivalent({"": said(configuration.get(name))}, {"": said(wanted.get(name))}), name


def said(setting: Any) -> Any:
    """A setting without what sets nothing."""
    return None if has_no_value(setting) else setting


OPENED = partnership(review_interval=timedelta(days=7))


def test_what_the_service_shows_of_every_partner_weighs_nothing() -> None:
    placeholder = {
        "isServiceProvider": False,
        "isInMultiTenantOrganization": False,
        "crossCloudMeetingConfiguration": {"inboundAllowed": None, "outboundAllowed": None},
        "tenantRestrictions": {"devices": {"mode": "x"}, "usersAndGroups": None, "applications": None},
    }
    bare = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}
    assert risk_of(renewal({**bare, **placeholder}), CLOSED_DEFAULT) == risk_of(renewal(bare), CLOSED_DEFAULT)


def test_extended_access_is_compared_with_a_partner_that_is_closed_as_far_as_its_own_settings_go() -> None:
    """Also where the default allows more: nothing that stands is shown as less, and nothing inherited as opened."""
    open_default = {"inboundTrust": {"isMfaAccepted": True, "isHybridAzureADJoinedDeviceAccepted": True}}
    before = {**STANDS, "b2bDirectConnectInbound": BLOCK["b2bDirectConnectInbound"]}
    plan = plan_of_extended_access(renewal(before))
    assert plan.before == {
        "tenantId": TENANT,
        "inboundTrust": {"isMfaAccepted": False, "isCompliantDeviceAccepted": False},
        "b2bDirectConnectInbound": BLOCK["b2bDirectConnectInbound"],
    }
    assert is_equivalent(plan.configuration_after(), before)
    found = {(item.name, item.key): item.access for item in setting_changes(plan, open_default)}
    opened = {one for one, access in found.items() if access is AccessChange.OPENS}
    assert opened == {("inboundTrust", "mfa"), ("inboundTrust", "compliant_device"), ("identitySynchronization", "")}
    assert set(found.values()) <= {AccessChange.OPENS, AccessChange.SAME}


def test_extended_access_of_another_cloud_and_of_values_that_cannot_be_read() -> None:
    other_cloud = replace(renewal(), is_cross_cloud=True)
    assert plan_of_extended_access(other_cloud) == plan_of_all_settings(other_cloud)
    odd = plan_of_extended_access(renewal({"tenantId": TENANT, "inboundTrust": "on"}))
    assert odd.before == {"tenantId": TENANT, "inboundTrust": BLOCK["inboundTrust"]}
    assert plan_of_extended_access(replace(renewal(), before=None)).before == {"tenantId": TENANT}


def test_a_value_that_cannot_be_read_has_the_highest_risk() -> None:
    odd = {"tenantId": TENANT, "b2bCollaborationInbound": {"usersAndGroups": {"accessType": "sometimes"}}}
    assert risk_of(renewal(odd), CLOSED_DEFAULT).level is RiskLevel.HIGH


def changed(
    stages: tuple[Stage, ...], before: dict[str, Any] | None, now: datetime, known_before: Partnership = OPENED
) -> Partnership:
    """The record after a change that opens a bit more was approved by these stages, and applied, at `now`."""
    plan = access_plan(before)
    known = prepared(
        plan=plan,
        stages=stages,
        observation=ObservedPartner(
            identity=partnership().identity, configuration=before, default=CLOSED_DEFAULT, at=NOW
        ),
    )
    decided = tuple(replace(decision, at=now) for decision in WHOLE_CHAIN)
    return opened_partnership(request(RequestState.APPLYING, prepared=known, decisions=decided), known_before, now)


def test_a_chain_that_may_open_all_of_it_prolongs_it() -> None:
    strong = (Stage(title="A", role=SECURITY, quorum=2), Stage(title="B", role=DATA_OWNER, quorum=1))
    later = NOW + timedelta(days=60)
    assert changed(strong, STANDS, later).ends_at == later + timedelta(days=90)


def test_a_chain_too_weak_for_all_current_settings_neither_prolongs_it_nor_puts_its_review_off() -> None:
    """Two may open trust and redemption, but not prolong the synchronization that three approved."""
    weak = (Stage(title="A", role=SECURITY, quorum=2),)
    later = NOW + timedelta(days=20)
    alone = changed(weak, {"tenantId": TENANT}, later)
    assert (alone.ends_at, alone.next_review_at) == (later + timedelta(days=90), later + timedelta(days=30))
    record = changed(weak, STANDS, later)
    assert (record.ends_at, record.next_review_at) == (OPENED.ends_at, OPENED.next_review_at)
    assert record.review_interval == timedelta(days=7)


def test_a_weak_chain_leaves_the_open_review_and_the_sponsor_and_names_the_current_settings() -> None:
    """One approver of a reduction must not answer a review, end its escalation, or choose who answers for the rest."""
    asked = replace(OPENED, state=PartnershipState.REVIEW_DUE, reminders=2, template_title="Merger", sponsor=DANA)
    weak = (Stage(title="A", role=SECURITY, quorum=1),)
    record = changed(weak, STANDS, NOW + timedelta(days=20), asked)
    assert record == replace(
        asked,
        version=4,
        request_id=record.request_id,
        template_title="Trusted partner",
        since=NOW + timedelta(days=20),
        setup=record.setup,
        setup_prompt_at=record.setup_prompt_at,
        confirmations=record.confirmations,
    )


@pytest.mark.parametrize("is_extending", [True, False])
def test_a_reduction_gives_the_requested_time_only_where_it_extends(is_extending: bool) -> None:
    """An extension that was planned again, because somebody else opened more, is a reduction with a new period."""
    plan = plan_access(
        tenant_id=TENANT,
        before=STANDS,
        settings={Property.INBOUND_TRUST: InboundTrust(mfa=False, compliant_device=False)},
        template="guest-collaboration",
        template_hash="hash-1",
        duration=timedelta(days=90),
    )
    late = OPENED.ends_at + timedelta(days=7) if OPENED.ends_at else NOW
    seen = ObservedPartner(identity=OPENED.identity, configuration=STANDS, default=CLOSED_DEFAULT, at=NOW)
    strong = (Stage(title="A", role=SECURITY, quorum=2), Stage(title="B", role=DATA_OWNER, quorum=1))
    known = prepared(plan=replace(plan, extends=is_extending), stages=strong, observation=seen)
    decided = tuple(replace(decision, at=late) for decision in WHOLE_CHAIN)
    asked = request(RequestState.APPLYING, prepared=known, decisions=decided)
    record = opened_partnership(asked, OPENED, late)
    assert record.ends_at == (late + timedelta(days=90) if is_extending else OPENED.ends_at)
    assert record.is_past_its_end(late) is not is_extending


def test_after_somebody_overwrote_it_the_approved_time_is_over() -> None:
    """Nobody approved the current settings, so they can be neither extended nor kept by one person."""
    late = NOW + timedelta(days=20)
    known = prepared()
    for before in (None, OPENED):
        asked, basis = request(RequestState.APPLYING, prepared=known), SettingsBasis.OVERWRITTEN
        record = unapproved_partnership(asked, before, late, configuration=STANDS, basis=basis)
        assert record.ends_at == late
        assert record.is_past_its_end(late)

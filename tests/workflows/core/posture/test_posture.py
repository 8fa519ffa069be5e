"""The posture of one partner: how far each kind of access is open, the risk, and the concerns."""

from typing import Any, Final

import pytest

from bot.words.plans.current_settings import describe_current
from bot.words.posture.concerns import concern_words
from tests.workflows.core.builders import NOW, TENANT, closed_document, identity, partnership, request
from workflows.core.checks.partner_rules import MICROSOFT_SUPPORT
from workflows.core.errors.facts import text_fact
from workflows.core.partners.records import Records
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.risk import RiskLevel, RiskReason
from workflows.core.posture.default_posture import default_posture
from workflows.core.posture.model import ConcernSeverity, PartnerPosture, Posture, RecordState, sorted_partners
from workflows.core.posture.partner_posture import PostureInputs, evaluate_partner
from workflows.core.requests.request import RequestState
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import Origin
from workflows.core.settings.model import B2B_PROPERTIES, Property, TenantId
from workflows.core.settings.open_access import AccessState

OTHER: Final = TenantId("0b0b0b0b-0000-4000-8000-000000000001")


def lists(people: str = "AllUsers", applications: str = "AllApplications", access: str = "allowed") -> dict[str, Any]:
    """One B2B setting as Graph writes it."""
    kind = "user" if people == "AllUsers" else "group"
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": people, "targetType": kind}]},
        "applications": {"accessType": access, "targets": [{"target": applications, "targetType": "application"}]},
    }


ALL: Final = lists()
NOBODY: Final = lists(access="blocked")
OFFICE: Final = lists(applications="Office365")
TRUST: Final = {
    "isMfaAccepted": True,
    "isCompliantDeviceAccepted": True,
    "isHybridAzureADJoinedDeviceAccepted": False,
}
CLOSED_DEFAULT: Final = {
    **{name.value: NOBODY for name in B2B_PROPERTIES},
    "inboundTrust": dict.fromkeys(TRUST, False),
    "isServiceDefault": False,
}
MICROSOFTS: Final = {
    "b2bCollaborationInbound": ALL,
    "b2bCollaborationOutbound": ALL,
    "b2bDirectConnectInbound": NOBODY,
    "b2bDirectConnectOutbound": NOBODY,
    "inboundTrust": dict.fromkeys(TRUST, False),
    "isServiceDefault": True,
}


def inputs(
    default: JsonObject | None = CLOSED_DEFAULT, records: Records | None = None, **changes: Any
) -> PostureInputs:
    """Return what was read about a partner; without records unless they are given."""
    usual: dict[str, Any] = {"being_changed": frozenset(), "unfinished": {}, "now": NOW}
    return PostureInputs(default=default, records=records, **{**usual, **changes})


def judged(own: JsonObject | None, around: PostureInputs | None = None, tenant_id: TenantId = TENANT) -> PartnerPosture:
    """Return the posture of a partner with the document `own` and its tenant id."""
    document = None if own is None else {"tenantId": tenant_id, **own}
    return evaluate_partner(tenant_id, document, None, around or inputs())


def codes(posture: PartnerPosture) -> list[str]:
    """The codes of its concerns, in order."""
    return [concern.code for concern in posture.concerns]


# --- what stands -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "opening"),
    [
        (ALL, AccessState.OPEN),
        (OFFICE, AccessState.PARTLY),
        (lists(OTHER), AccessState.PARTLY),
        (lists(OTHER, OTHER, "blocked"), AccessState.PARTLY),
        (NOBODY, AccessState.CLOSED),
        ({**ALL, "applications": NOBODY["applications"]}, AccessState.UNKNOWN),
        ({**NOBODY, "applications": OFFICE["applications"]}, AccessState.UNKNOWN),
        ({**NOBODY, "applications": {**OFFICE["applications"], "accessType": "blocked"}}, AccessState.UNKNOWN),
        ({**ALL, "usersAndGroups": {"accessType": "allowed", "targets": []}}, AccessState.UNKNOWN),
        (None, AccessState.CLOSED),
        ({"usersAndGroups": 7}, AccessState.UNKNOWN),
    ],
)
def test_how_far_a_way_is_open(own: Any, opening: AccessState) -> None:
    posture = judged({"b2bCollaborationInbound": own})
    assert posture.b2b_access[Property.B2B_COLLABORATION_INBOUND].opening is opening


def test_what_is_inherited_is_marked_and_merged() -> None:
    posture = judged({"b2bDirectConnectInbound": NOBODY}, inputs(MICROSOFTS))
    inbound = posture.b2b_access[Property.B2B_COLLABORATION_INBOUND]
    assert (inbound.opening, inbound.targets.inherits) == (AccessState.OPEN, True)
    assert not posture.b2b_access[Property.B2B_DIRECT_CONNECT_INBOUND].targets.inherits
    assert posture.trust["mfa"].origin is Origin.MICROSOFT_DEFAULT
    assert "inherits_open_default" in codes(posture)
    assert "Microsoft's own default" in concern_words(posture.concerns[0])


def test_a_list_that_inherits_is_not_certain_and_said_to_be() -> None:
    """People are limited here, the applications are null: what then applies is not documented."""
    target_list = {"usersAndGroups": lists(OTHER)["usersAndGroups"], "applications": None}
    for default in ({**CLOSED_DEFAULT, "b2bCollaborationInbound": ALL}, CLOSED_DEFAULT):
        posture = judged({"b2bCollaborationInbound": target_list}, inputs(default))
        assert "not_certain" in codes(posture)
        assert posture.is_risk_certain is False


def test_only_outbound_collaboration_by_default_is_a_note() -> None:
    posture = judged({"b2bCollaborationInbound": NOBODY}, inputs(MICROSOFTS))
    assert [(one.code, one.severity) for one in posture.concerns] == [("inherits_open_default", ConcernSeverity.NOTE)]


def test_without_the_default_nothing_inherited_is_claimed() -> None:
    posture = judged({}, inputs(None))
    assert {direction.opening for direction in posture.b2b_access.values()} == {AccessState.UNKNOWN}
    assert posture.trust["mfa"].value is None
    assert codes(posture) == []
    assert not posture.is_risk_certain


# --- risk ------------------------------------------------------------------------------------------------------------


def test_a_closed_partner_is_of_low_risk_for_no_reason() -> None:
    posture = evaluate_partner(TENANT, closed_document(), None, inputs(MICROSOFTS))
    assert (posture.risk.level, posture.risk.reasons, posture.is_risk_certain) == (RiskLevel.LOW, (), True)
    assert codes(posture) == []


def test_what_is_inherited_counts_for_the_risk() -> None:
    assert judged({}, inputs(CLOSED_DEFAULT)).risk.level is RiskLevel.LOW
    assert judged({}, inputs(MICROSOFTS)).risk.level is RiskLevel.ELEVATED
    assert judged({"b2bDirectConnectInbound": ALL}).risk.level is RiskLevel.HIGH


def test_a_value_that_cannot_be_read_makes_the_risk_the_most_it_can_be() -> None:
    posture = judged({"inboundTrust": {"isMfaAccepted": "perhaps"}})
    assert posture.risk.level is RiskLevel.HIGH
    assert not posture.is_risk_certain
    assert codes(posture) == ["unreadable"]
    assert posture.concerns[0].severity is ConcernSeverity.UNCHECKED
    assert "Inbound trust" in concern_words(posture.concerns[0])


def test_synchronization_is_risky_and_warned_of() -> None:
    policy = {"tenantId": TENANT, "displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": True}}
    posture = judged({"identitySynchronization": policy})
    assert codes(posture) == ["synchronization_on"]
    assert posture.risk.level is RiskLevel.HIGH
    off = judged({"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": False}}})
    assert (codes(off), off.risk.level, off.synchronization.value) == ([], RiskLevel.LOW, False)


def test_a_synchronization_policy_of_unknown_shape_is_not_called_off() -> None:
    posture = judged({"identitySynchronization": "on"})
    assert codes(posture) == ["unreadable"]
    assert posture.synchronization.value is None
    assert posture.risk.level is RiskLevel.HIGH


def test_a_partner_of_another_cloud_says_so_in_its_risk() -> None:
    other = TenantIdentity(
        tenant_id=TENANT, display_name=TENANT, default_domain="", typed_name=TENANT, is_resolved=False
    )
    posture = evaluate_partner(TENANT, {"tenantId": TENANT, "b2bCollaborationInbound": ALL}, other, inputs())
    assert RiskReason.CROSS_CLOUD in posture.risk.reasons
    assert posture.name == TENANT


# --- warnings about the settings alone -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "is_warned"),
    [
        ({"inboundTrust": TRUST, "b2bCollaborationInbound": ALL}, True),
        ({"inboundTrust": TRUST, "b2bDirectConnectInbound": ALL}, True),
        ({"inboundTrust": TRUST, "b2bCollaborationInbound": OFFICE}, False),
        ({"inboundTrust": TRUST, "b2bCollaborationInbound": NOBODY}, False),
        ({"inboundTrust": TRUST, "b2bCollaborationOutbound": ALL}, False),
        ({"inboundTrust": {**TRUST, "isMfaAccepted": False}, "b2bCollaborationInbound": ALL}, False),
        ({"inboundTrust": {**TRUST, "isCompliantDeviceAccepted": False}, "b2bCollaborationInbound": ALL}, False),
        ({"inboundTrust": {"isMfaAccepted": "x"}, "b2bCollaborationInbound": ALL}, False),
        ({"inboundTrust": TRUST, "b2bCollaborationInbound": {"usersAndGroups": ALL["usersAndGroups"]}}, False),
    ],
)
def test_trust_in_everything_while_reaching_every_application(own: JsonObject, is_warned: bool) -> None:
    assert ("all_trust_all_applications" in codes(judged(own))) is is_warned


def test_what_is_not_known_is_no_open_way() -> None:
    """An unknown application list is not reported as unlimited."""
    own = {"inboundTrust": TRUST, "b2bCollaborationInbound": {"usersAndGroups": ALL["usersAndGroups"]}}
    assert "all_trust_all_applications" not in codes(judged(own, inputs(None)))


@pytest.mark.parametrize(
    ("own", "tenant_id", "code"),
    [
        ({"isServiceProvider": True}, TENANT, "service_provider"),
        ({"isInMultiTenantOrganization": True}, TENANT, "multi_tenant_organization"),
        ({}, TenantId(MICROSOFT_SUPPORT), "microsoft_support"),
    ],
)
def test_who_else_writes_a_partner(own: JsonObject, tenant_id: TenantId, code: str) -> None:
    assert codes(judged(own, tenant_id=tenant_id)) == [code]


def test_members_that_are_not_known_could_not_be_checked_but_devices_is_known() -> None:
    assert codes(judged({"b2bCollaborationInbound": {**NOBODY, "places": ["moon"]}})) == ["unreadable"]
    assert codes(judged({"tenantRestrictions": {**NOBODY, "devices": {"mode": "x"}}})) == []


def test_what_else_is_set_is_named() -> None:
    assert judged({"crossCloudMeetingConfiguration": {"inboundAllowed": True}}).unmanaged_settings == (
        "crossCloudMeetingConfiguration",
    )


# --- the default -----------------------------------------------------------------------------------------------------


def test_microsofts_default_is_open_for_collaboration_and_said_to_be_theirs() -> None:
    posture = default_posture(MICROSOFTS)
    assert [one.code for one in posture.concerns] == [
        "default_open_b2b_collaboration_inbound",
        "default_open_b2b_collaboration_outbound",
        "default_is_microsofts",
    ]
    assert posture.is_service_default
    assert describe_current(None, posture.document)[0].words == "everyone from the partner may use every application"
    assert [one.severity for one in posture.concerns] == [
        ConcernSeverity.WARNING,
        ConcernSeverity.WARNING,
        ConcernSeverity.NOTE,
    ]


def test_a_closed_default_has_nothing_to_be_said_of() -> None:
    assert default_posture(CLOSED_DEFAULT).concerns == ()


def test_direct_connect_and_trust_for_everybody() -> None:
    posture = default_posture({**CLOSED_DEFAULT, "b2bDirectConnectInbound": OFFICE, "inboundTrust": TRUST})
    assert [one.code for one in posture.concerns] == [
        "default_trusts_everybody",
        "default_open_b2b_direct_connect_inbound",
    ]
    assert posture.concerns[0].severity is ConcernSeverity.ALERT
    assert "every other tenant" in concern_words(posture.concerns[0])
    assert "partly open" in concern_words(posture.concerns[1])


def test_a_default_that_cannot_be_read_is_said_not_checked() -> None:
    posture = default_posture(None, (text_fact("Entra refused."),))
    assert [one.code for one in posture.concerns] == ["default_unread"]
    assert "Entra refused." in concern_words(posture.concerns[0])
    assert not posture.is_read
    partly = default_posture({**CLOSED_DEFAULT, "b2bDirectConnectInbound": "open"})
    assert [one.code for one in partly.concerns] == ["default_unreadable"]


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_gravest_comes_first_then_the_riskiest_then_the_name() -> None:
    records = Records(partnerships={TENANT: partnership()}, requests={request().id: request(RequestState.APPLIED)})
    kept = evaluate_partner(TENANT, None, None, inputs(records=records))
    calm, risky = judged({}, tenant_id=OTHER), judged({"b2bDirectConnectInbound": ALL})
    assert sorted_partners([calm, risky, kept]) == (kept, risky, calm)
    assert calm.severity is None


def test_a_posture_counts_its_concerns() -> None:
    partner = judged({}, inputs(MICROSOFTS))
    posture = Posture(
        read_at=NOW,
        home=None,
        default=default_posture(MICROSOFTS),
        partners=(partner,),
        partner_count=1,
        records_are_read=False,
        unanswered=0,
    )
    assert [posture.count(severity) for severity in ConcernSeverity] == [1, 0, 3, 0]
    assert partner.record_state is RecordState.NOT_READ


def test_who_it_is_comes_from_the_records_before_a_lookup() -> None:
    looked_up = TenantIdentity(tenant_id=TENANT, display_name="Evil", default_domain="evil.example", typed_name="x")
    records = Records(partnerships={TENANT: partnership()})
    assert evaluate_partner(TENANT, {"tenantId": TENANT}, looked_up, inputs(records=records)).identity == identity()
    assert evaluate_partner(TENANT, {"tenantId": TENANT}, looked_up, inputs(records=Records())).identity == looked_up

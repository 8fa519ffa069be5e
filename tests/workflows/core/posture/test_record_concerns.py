"""Differences between current settings and our records: none is missed, and none is reported wrongly."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.words.posture.concerns import concern_words
from tests.workflows.core.builders import (
    NOW,
    TENANT,
    access_plan,
    closed_document,
    identity,
    partnership,
    prepared,
    request,
)
from tests.workflows.core.posture.test_posture import ALL, CLOSED_DEFAULT, MICROSOFTS, NOBODY, codes, inputs
from tests.workflows.core.settings.test_capabilities import FREE_BUSY, MIGRATION, SOME, shown
from tests.workflows.core.settings.test_capabilities import people_of as people_of_entry
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.records import Records, changed_between
from workflows.core.plans.planning import plan_access
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.differing_settings import differing_settings
from workflows.core.posture.model import ConcernSeverity, PartnerPosture, RecordState
from workflows.core.posture.partner_posture import PostureInputs, evaluate_partner
from workflows.core.posture.watch.comparison import drift_of, is_compared
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Capabilities, Capability, Property, TenantId
from workflows.core.settings.open_access import AccessState

EVERYONE: Final = people_of_entry(shown())
APPLIED: Final = request(RequestState.APPLIED)
REVOKED: Final = partnership(state=PartnershipState.REVOKED, ends_at=None, next_review_at=None)
AS_APPROVED: Final = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": True},
    "automaticUserConsentSettings": {"inboundAllowed": True},
}


def kept(one: Partnership | None = None, *requests: AccessRequest, **changes: Any) -> Records:
    """Records of one partnership and these requests."""
    known = {} if one is None else {one.identity.tenant_id: one}
    return Records(partnerships=known, requests={each.id: each for each in requests}, **changes)


def judged(configuration: JsonObject | None, records: Records, **changes: Any) -> PartnerPosture:
    """Return the posture of the tenant with these records and a closed default."""
    return evaluate_partner(TENANT, configuration, None, inputs(records=records, **changes))


# --- a partner that the records know ---------------------------------------------------------------------------------


def test_the_current_settings_as_approved_is_no_concern() -> None:
    posture = judged(AS_APPROVED, kept(partnership(), APPLIED))
    assert codes(posture) == []
    assert posture.record_state is RecordState.KEPT
    assert posture.name == "contoso.com"


def test_what_was_changed_since_is_named() -> None:
    posture = judged({**AS_APPROVED, "b2bDirectConnectInbound": ALL}, kept(partnership(), APPLIED))
    assert codes(posture)[0] == "differs_from_approved"
    assert "B2B direct connect, inbound" in concern_words(posture.concerns[0])
    assert "Inbound trust" not in concern_words(posture.concerns[0])


def test_what_was_overwritten_says_that_it_was_not_approved_as_it_is() -> None:
    overwritten = request(RequestState.OVERWRITTEN)
    posture = judged({**AS_APPROVED, "inboundTrust": None}, kept(partnership(), overwritten))
    assert "not the approved ones" in concern_words(posture.concerns[0])
    assert codes(judged(AS_APPROVED, kept(partnership(), overwritten))) == []


def test_without_the_request_nothing_is_compared_and_that_is_said() -> None:
    posture = judged(AS_APPROVED, kept(partnership()))
    assert [(one.code, one.severity) for one in posture.concerns] == [("not_compared", ConcernSeverity.UNCHECKED)]


def test_a_partner_that_we_are_writing_is_not_compared() -> None:
    posture = judged({"tenantId": TENANT}, kept(partnership(), APPLIED), being_changed=frozenset({TENANT}))
    assert codes(posture) == ["being_written"]


def test_a_record_that_cannot_be_read_is_neither_known_nor_unknown() -> None:
    posture = judged(AS_APPROVED, kept(unreadable=frozenset({TENANT})))
    assert codes(posture) == ["record_unreadable"]
    assert posture.record_state is RecordState.UNREADABLE


# --- revoked ---------------------------------------------------------------------------------------------------------


def test_a_revoked_partner_that_is_blocked_is_no_concern() -> None:
    assert codes(judged(closed_document(), kept(REVOKED))) == []


@pytest.mark.parametrize(
    ("changes", "default", "code", "words"),
    [
        ({"b2bCollaborationInbound": ALL}, CLOSED_DEFAULT, "revoked_but_open", "but open now: B2B collaboration"),
        ({"b2bCollaborationInbound": None}, MICROSOFTS, "revoked_but_open", "but open now"),
        ({"b2bCollaborationInbound": None}, None, "revoked_but_open", "maybe open now"),
        ({"b2bCollaborationInbound": None}, CLOSED_DEFAULT, "revoked_not_explicit", "but not blocked explicitly"),
        ({"inboundTrust": {"isMfaAccepted": True}}, CLOSED_DEFAULT, "revoked_but_open", "Trust in the partner's MFA"),
        (
            {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}},
            CLOSED_DEFAULT,
            "revoked_but_open",
            "but open now: Identity",
        ),
        ({"identitySynchronization": 7}, CLOSED_DEFAULT, "revoked_but_open", "maybe open now: Identity"),
    ],
)
def test_a_revoked_partner_that_is_not_blocked(
    changes: JsonObject, default: JsonObject | None, code: str, words: str
) -> None:
    document = {**closed_document(), **changes}
    posture = evaluate_partner(TENANT, document, None, inputs(default, kept(REVOKED)))
    found = next(one for one in posture.concerns if one.code == code)
    assert words in concern_words(found)
    assert found.severity is (ConcernSeverity.ALERT if code == "revoked_but_open" else ConcernSeverity.WARNING)


# --- not in the tenant -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "default", "code", "severity", "words"),
    [
        (partnership(), MICROSOFTS, "absent", ConcernSeverity.WARNING, "Recorded as active"),
        (partnership(), CLOSED_DEFAULT, "absent", ConcernSeverity.WARNING, "and is closed now"),
        (REVOKED, MICROSOFTS, "revoked_but_absent", ConcernSeverity.ALERT, "allows: B2B collaboration, inbound"),
        (REVOKED, None, "revoked_but_absent", ConcernSeverity.ALERT, "could not be read"),
        (REVOKED, CLOSED_DEFAULT, "revoked_but_absent", ConcernSeverity.WARNING, "and is closed now"),
        (
            REVOKED,
            {**CLOSED_DEFAULT, "b2bDirectConnectInbound": 7},
            "revoked_but_absent",
            ConcernSeverity.ALERT,
            "direct connect, inbound (not known)",
        ),
    ],
)
def test_a_partner_of_the_records_that_the_tenant_does_not_list(
    record: Partnership, default: JsonObject | None, code: str, severity: ConcernSeverity, words: str
) -> None:
    posture = evaluate_partner(TENANT, None, None, inputs(default, kept(record)))
    assert (posture.concerns[0].code, posture.concerns[0].severity) == (code, severity)
    assert words in concern_words(posture.concerns[0])
    assert not posture.has_settings


# --- not in the records ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configuration", "severity"),
    [
        ({"tenantId": TENANT, "b2bCollaborationInbound": ALL}, ConcernSeverity.WARNING),
        ({"tenantId": TENANT}, ConcernSeverity.NOTE),
        (closed_document(), ConcernSeverity.NOTE),
    ],
)
def test_a_partner_that_was_added_outside(configuration: JsonObject, severity: ConcernSeverity) -> None:
    posture = judged(configuration, kept())
    assert [(one.code, one.severity) for one in posture.concerns] == [("unknown_to_gatehouse", severity)]
    assert posture.record_state is RecordState.NONE


def test_without_records_nobody_is_called_unknown() -> None:
    posture = evaluate_partner(TENANT, {"tenantId": TENANT, "b2bCollaborationInbound": ALL}, None, inputs())
    assert codes(posture) == []
    assert posture.record_state is RecordState.NOT_READ


def test_a_request_that_was_given_up_before_its_end_is_named_instead() -> None:
    failed = request(RequestState.FAILED, writing_since=NOW)
    posture = judged({"tenantId": TENANT}, kept(None, failed), unfinished={TENANT: failed})
    assert codes(posture) == ["unfinished"]
    assert failed.id in concern_words(posture.concerns[0])


def test_a_tenant_without_partner_and_record_has_no_concern() -> None:
    assert codes(judged(None, kept())) == []


# --- what is due -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"ends_at": NOW}, ["time_is_over"]),
        ({"state": PartnershipState.REVIEW_DUE, "reminders": 0, "next_review_at": NOW}, []),
        (
            {"state": PartnershipState.REVIEW_DUE, "reminders": 0, "next_review_at": NOW - timedelta(hours=2)},
            ["review_overdue"],
        ),
        ({"state": PartnershipState.REVIEW_DUE, "reminders": 1}, ["review_overdue"]),
        ({"state": PartnershipState.REVIEW_DUE, "reminders": 2}, ["review_overdue"]),
        ({"next_review_at": NOW - timedelta(minutes=5)}, []),
        ({"next_review_at": NOW - timedelta(hours=2)}, ["review_overdue"]),
        ({"next_review_at": None}, []),
        ({"state": PartnershipState.REVOKED, "ends_at": NOW - timedelta(days=1)}, []),
    ],
)
def test_what_is_overdue(changes: dict[str, Any], found: list[str]) -> None:
    record = partnership(**changes)
    document = closed_document() if record.state is PartnershipState.REVOKED else AS_APPROVED
    posture = judged(document, kept(record, APPLIED))
    assert codes(posture) == found
    if record.state is PartnershipState.REVIEW_DUE and found:
        said = {0: "nobody was asked", 1: "asked once", 2: "asked twice"}[record.reminders]
        assert said in concern_words(posture.concerns[0])


# --- the difference --------------------------------------------------------------------------------------------------


def test_of_a_created_partner_only_what_the_model_knows_is_compared() -> None:
    observed = {**AS_APPROVED, "crossCloudMeetingConfiguration": {"inboundAllowed": True}, "isServiceProvider": True}
    assert differing_settings(access_plan(), observed) == ()


def test_of_a_changed_partner_undeclared_settings_count_and_facts_do_not() -> None:
    plan = access_plan({"tenantId": TENANT, "isServiceProvider": None})
    assert differing_settings(plan, {**AS_APPROVED, "isServiceProvider": True}) == ()
    assert differing_settings(plan, {**AS_APPROVED, "places": {"moon": True}}) == ("places",)
    assert differing_settings(plan, {**AS_APPROVED, "places": {"moon": False}}) == ()
    assert differing_settings(plan, {**AS_APPROVED, "places@odata.context": "x", "inboundTrust": None}) == (
        "inboundTrust",
    )


def test_what_a_write_never_says_is_no_difference() -> None:
    """The service names a synchronization policy itself, and `devices` is not supported."""
    before = {
        "tenantId": TENANT,
        "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}},
        "tenantRestrictions": NOBODY,
    }
    now = {
        **AS_APPROVED,
        "identitySynchronization": {"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": True}},
        "tenantRestrictions": {**NOBODY, "devices": {"mode": "allowed"}},
    }
    assert differing_settings(access_plan(before), now) == ()


# --- records ---------------------------------------------------------------------------------------------------------


def test_what_moved_between_two_looks_is_not_compared() -> None:
    other = TenantId("0b0b0b0b-0000-4000-8000-000000000002")
    writing = request(RequestState.APPLYING, writing_since=NOW, id=RequestId("r-2"))
    before, after = kept(partnership(), APPLIED), kept(partnership(version=4), APPLIED)
    assert changed_between(before, before) == frozenset()
    assert changed_between(before, after) == {TENANT}
    assert changed_between(kept(), kept(None, writing)) == {TENANT}
    assert changed_between(kept(None, writing), kept()) == {TENANT}
    assert changed_between(kept(), kept(replace(partnership(), identity=_named(other)))) == {other}


def test_for_the_comparison_the_first_read_needs_only_what_is_open() -> None:
    writing = request(RequestState.APPLYING, writing_since=NOW, id=RequestId("r-2"))
    first = kept(partnership(), APPLIED, writing)
    assert set(first.requests) == {APPLIED.id, "r-2"}
    assert set(first.for_comparison().requests) == {"r-2"}
    for second in (kept(partnership(), APPLIED), kept(partnership(version=4), APPLIED), kept()):
        assert changed_between(first.for_comparison(), second) == changed_between(first, second)


def test_of_one_partner_only_its_record_is_compared() -> None:
    known = kept(partnership(), APPLIED)
    assert (known.record_of(TENANT).partnerships, known.record_of(TENANT).requests) == (known.partnerships, {})
    other = TenantId("0b0b0b0b-0000-4000-8000-000000000002")
    assert known.record_of(other).partnerships == {}
    assert changed_between(known.record_of(TENANT), kept(partnership(version=4), APPLIED)) == {TENANT}


def test_what_was_given_up_is_known_by_its_tenant_the_newest_last() -> None:
    failed = request(RequestState.FAILED, writing_since=NOW)
    later = request(RequestState.STOPPED, writing_since=NOW, id=RequestId("r-3"), changed_at=NOW + timedelta(minutes=1))
    never_wrote = request(RequestState.REJECTED, id=RequestId("r-4"))
    records = kept(None, later, failed, never_wrote, APPLIED, request(RequestState.PREPARING, id=RequestId("r-5")))
    assert records.unfinished_requests() == {TENANT: later}
    assert [one.id for one in records.open_requests()] == ["r-5"]


def test_a_scene_without_records_on_both_sides_has_none() -> None:
    records = kept(partnership())
    assert PostureInputs.of(None, None, None, NOW).records is None
    assert PostureInputs.of(None, None, records, NOW).records is None
    whole = PostureInputs.of(CLOSED_DEFAULT, kept(), records, NOW)
    assert whole.records == records
    assert whole.being_changed == {TENANT}
    assert whole.unfinished == {}


def _named(tenant_id: TenantId) -> Any:
    return replace(partnership().identity, tenant_id=tenant_id)


# --- another Microsoft cloud -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("default", [MICROSOFTS, CLOSED_DEFAULT, None])
@pytest.mark.parametrize("state", [PartnershipState.ACTIVE, PartnershipState.REVOKED])
def test_a_partner_of_another_cloud_that_is_not_listed_is_blocked_whatever_the_default_says(
    default: JsonObject | None, state: PartnershipState
) -> None:
    record = partnership(state=state, identity=replace(identity(), is_resolved=False))
    posture = evaluate_partner(TENANT, None, None, inputs(default, kept(record)))
    concern = posture.concerns[0]
    assert concern.severity is ConcernSeverity.WARNING
    assert "blocked until it is added again" in concern_words(concern)
    assert "default" not in concern_words(concern)
    assert {direction.opening for direction in posture.b2b_access.values()} == {AccessState.CLOSED}
    assert not any(flag.value for flag in posture.trust.values())
    assert (posture.risk.level, posture.is_risk_certain, posture.is_blocked_until_added) == (RiskLevel.LOW, True, True)


def test_a_partner_of_another_cloud_that_is_listed_has_its_settings_and_the_default() -> None:
    record = partnership(identity=replace(identity(), is_resolved=False))
    posture = evaluate_partner(TENANT, {"tenantId": TENANT}, None, inputs(MICROSOFTS, kept(record)))
    assert not posture.is_blocked_until_added
    assert {direction.opening for direction in posture.b2b_access.values()} == {AccessState.OPEN, AccessState.CLOSED}


def test_a_suspended_partner_is_compared_with_its_block_and_named_so() -> None:
    suspended = partnership(state=PartnershipState.SUSPENDED)
    assert codes(judged(closed_document(), kept(suspended))) == []
    (opened,) = [
        one
        for one in judged({**closed_document(), "b2bCollaborationInbound": ALL}, kept(suspended)).concerns
        if one.code == "revoked_but_open"
    ]
    assert concern_words(opened).startswith("Suspended earlier, but open now")
    assert concern_words(opened).endswith("Suspend it again, or revoke it.")
    (absent,) = [one for one in judged(None, kept(suspended)).concerns if one.code == "revoked_but_absent"]
    assert concern_words(absent).startswith("Suspended earlier, but the tenant has no settings")


def with_calendars(**changes: Any) -> AccessRequest:
    """The request of a partner for which free/busy times were approved, as it was applied."""
    plan = plan_access(
        tenant_id=TENANT,
        before={**AS_APPROVED, "m365Capabilities": []},
        settings={Property.M365_CAPABILITIES: Capabilities(items=(Capability(name=FREE_BUSY, people=EVERYONE),))},
        template="calendar-sharing",
        template_hash="",
        duration=timedelta(days=90),
    )
    return request(RequestState.APPLIED, prepared=prepared(plan=plan), **changes)


def test_approved_capabilities_of_which_no_list_was_read_are_not_known_and_never_gone() -> None:
    records = kept(partnership(), with_calendars())
    assert is_compared(judged({**AS_APPROVED, "m365Capabilities": [shown()]}, records))
    found = judged(AS_APPROVED, records)
    assert [code for code in codes(found) if "approved" in code or "capabilities" in code] == ["capabilities_not_read"]
    assert not is_compared(found)
    assert drift_of(found, with_calendars().plan) is None
    more = judged({**AS_APPROVED, "b2bDirectConnectInbound": ALL}, records)
    assert {"differs_from_approved", "capabilities_not_read"} <= set(codes(more))


@pytest.mark.parametrize(
    ("listed", "differs"),
    [
        ([shown()], False),
        ([shown(lastModifiedDateTime="2027-03-01T09:00:00Z", newer=None)], False),
        ([shown(is_allowed=False)], True),
        ([], True),
        ([shown(), MIGRATION], True),
        ([shown([SOME])], True),
    ],
)
def test_every_difference_of_a_capability_is_drift_and_no_other_form_of_the_same(
    listed: list[Any], differs: bool
) -> None:
    found = judged({**AS_APPROVED, "m365Capabilities": listed}, kept(partnership(), with_calendars()))
    assert ("differs_from_approved" in codes(found)) is differs


@pytest.mark.parametrize(("listed", "opens"), [([shown([SOME])], False), ([shown(), MIGRATION], True)])
def test_drift_of_a_capability_says_whether_it_may_show_more(listed: list[Any], opens: bool) -> None:
    found = judged({**AS_APPROVED, "m365Capabilities": listed}, kept(partnership(), with_calendars()))
    drift = drift_of(found, with_calendars().plan)
    assert drift is not None
    assert drift.opens is opens


def test_a_capability_that_nobody_approved_is_drift_and_an_empty_list_is_none() -> None:
    records = kept(partnership(), APPLIED)
    assert codes(judged({**AS_APPROVED, "m365Capabilities": []}, records)) == []
    assert "differs_from_approved" in codes(judged({**AS_APPROVED, "m365Capabilities": [shown()]}, records))


@pytest.mark.parametrize("listed", [[shown()], []])
def test_an_unknown_partner_with_capabilities_is_not_only_a_note(listed: list[Any]) -> None:
    found = judged({"tenantId": TENANT, "m365Capabilities": listed}, kept())
    [concern] = [one for one in found.concerns if one.code == "unknown_to_gatehouse"]
    assert concern.severity is (ConcernSeverity.WARNING if listed else ConcernSeverity.NOTE)

"""The evidence of one review: what is not known is never unused, never approved, never clean."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.reviews.evidence import EvidenceTopic, evidence_lines
from tests.workflows.core.builders import (
    AMARA,
    NOW,
    REDEEM_STEP,
    RILEY,
    SAM,
    TENANT,
    approval,
    partnership,
    prepared,
    request,
)
from tests.workflows.core.settings.test_capabilities import shown
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.partnership import Attestation, SettingsBasis
from workflows.core.partners.reviewing.evidence.partner_evidence import (
    PartnerEvidence,
    SettingsCheck,
    SettingsState,
    Use,
    UseState,
    approval_of,
    evidence_of,
    settings_check,
    was_looked_for,
)
from workflows.core.partners.reviewing.evidence.usage import (
    WINDOW,
    EvidenceSource,
    GuestMatch,
    GuestUsage,
    ListedGuest,
    Lockout,
    PartnerUsage,
    SourceRead,
    UsageScan,
)
from workflows.core.people import PersonId
from workflows.core.policy.approval import Choice
from workflows.core.requests.request import AccessRequest, Closing, RequestKind, RequestState

DAY = timedelta(days=1)
WHOLE = SourceRead(rows=9, is_complete=True)
CUT = SourceRead(rows=9)
REFUSED = SourceRead(unread=UnreadableReason.FORBIDDEN, permission="AuditLog.Read.All")
CHECK = SettingsCheck(state=SettingsState.AS_APPROVED, checked_at=NOW)
USAGE = PartnerUsage(
    tenant_id=TENANT, taken_at=NOW, people=2, last_sign_in_at=NOW - DAY, listed=(PersonId("a"), PersonId("b"))
)


def scan(**changes: Any) -> UsageScan:
    usual: dict[str, Any] = {
        "taken_at": NOW,
        "since": NOW - WINDOW,
        "sign_ins": WHOLE,
        "guests": WHOLE,
        "activity": WHOLE,
        "reaches_back_to": NOW - WINDOW,
    }
    return UsageScan(**{**usual, **changes})


def evidence(of: UsageScan | None, usage: PartnerUsage | None = None) -> PartnerEvidence:
    return evidence_of(partnership(), request=None, scan=of, usage=usage, settings=CHECK)


def test_a_used_partner_has_people_and_a_last_day() -> None:
    found = evidence(scan(), USAGE)
    assert found.use == Use(
        state=UseState.USED,
        last_at=NOW - DAY,
        people=2,
        reaches_back_to=NOW - WINDOW,
        listed=(PersonId("a"), PersonId("b")),
    )
    assert (found.is_unused, found.taken_at) == (False, NOW)


@pytest.mark.parametrize(
    ("of", "state"),
    [
        (scan(), UseState.UNUSED),
        (scan(reaches_back_to=NOW - 5 * DAY), UseState.NOT_SEEN),
        (scan(reaches_back_to=None), UseState.NOT_SEEN),
        (scan(sign_ins=CUT), UseState.NOT_SEEN),
        (scan(sign_ins=REFUSED), UseState.UNKNOWN),
        (None, UseState.UNKNOWN),
    ],
)
def test_only_a_whole_log_shows_that_nobody_came(of: UsageScan | None, state: UseState) -> None:
    found = evidence(of)
    assert (found.use.state, found.is_unused) == (state, state is UseState.UNUSED)


def test_a_cut_log_says_at_least() -> None:
    assert evidence(scan(sign_ins=CUT), USAGE).use.is_at_least
    assert evidence(scan(), replace(USAGE, has_more_people=True)).use.is_at_least
    assert not evidence(scan(), USAGE).use.is_at_least


def test_the_last_sign_in_of_a_guest_counts_where_the_log_shows_none() -> None:
    recent = replace(USAGE, people=0, last_sign_in_at=None, guests=GuestUsage(count=1, last_sign_in_at=NOW - 2 * DAY))
    assert (evidence(scan(), recent).use.state, evidence(scan(), recent).use.last_at) == (UseState.USED, NOW - 2 * DAY)
    old = replace(recent, guests=GuestUsage(count=1, last_sign_in_at=NOW - 90 * DAY))
    assert (evidence(scan(), old).use.state, evidence(scan(), old).use.last_at) == (UseState.UNUSED, NOW - 90 * DAY)


def test_what_an_earlier_scan_found_is_not_mixed_with_a_later_one() -> None:
    assert evidence(scan(), replace(USAGE, taken_at=NOW - DAY)).use.people == 0


def test_a_scan_from_before_the_access_was_recorded_shows_only_what_it_found() -> None:
    known = partnership(since=NOW + DAY)
    found = evidence_of(known, request=None, scan=scan(), usage=None, settings=CHECK)
    assert (found.use.state, found.guests, found.taken_at) == (UseState.UNKNOWN, None, None)
    assert evidence_of(known, request=None, scan=scan(), usage=USAGE, settings=CHECK).use.state is UseState.USED


def applied(days_ago: int, kind: RequestKind = RequestKind.ACCESS, **fields: Any) -> AccessRequest:
    done = request(RequestState.APPLIED, kind, confirmed_at=NOW - days_ago * DAY)
    return replace(done, fields=replace(done.fields, **fields))


REVOKED_BY = RequestKind.REVOCATION
SUSPENDS = {"closing": Closing.SUSPEND}


@pytest.mark.parametrize(
    ("requests", "is_looked_for"),
    [
        ([], False),
        ([request()], False),
        ([applied(1)], True),
        ([applied(0)], True),
        ([applied(-1)], False),
        ([applied(1, REVOKED_BY), applied(2)], False),
        ([applied(-1, REVOKED_BY), applied(2)], True),
        ([applied(1), applied(2, REVOKED_BY), applied(3)], True),
        ([applied(1, REVOKED_BY, **SUSPENDS), applied(2)], True),
        ([applied(1, REVOKED_BY, **SUSPENDS), applied(2, REVOKED_BY)], False),
        ([applied(1, REVOKED_BY, **SUSPENDS)], False),
    ],
)
def test_a_scan_looked_for_a_partner_that_had_a_record_then_and_was_not_revoked(
    requests: list[AccessRequest], is_looked_for: bool
) -> None:
    assert was_looked_for(requests, NOW) is is_looked_for


def test_guests_are_there_when_their_list_was_read() -> None:
    assert evidence(None).guests is None
    refused = evidence(scan(guests=replace(REFUSED, permission="User.Read.All"), activity=REFUSED))
    assert (refused.guests, refused.guests_unread) == (None, UnreadableReason.FORBIDDEN)
    assert refused.refused == {"User.Read.All": (EvidenceSource.GUESTS,)}, "the log was read, so it may be"
    listed = ListedGuest(id=PersonId("b"), match=GuestMatch.MAIL, has_come=True, is_enabled=True)
    usage = replace(USAGE, guests=GuestUsage(count=1, listed=(listed,)))
    found = evidence(scan(guests=CUT, activity=REFUSED), usage)
    assert found.guests is not None
    assert (found.guests.usage.count, found.guests.is_at_least, found.guests.is_activity_known) == (1, True, False)
    assert found.people_to_name == ("a", "b")
    assert evidence(None).people_to_name == ()


def test_what_could_not_be_read_is_told_for_each_missing_permission() -> None:
    both = evidence(scan(sign_ins=REFUSED, activity=REFUSED)).refused
    assert both == {"AuditLog.Read.All": (EvidenceSource.SIGN_INS, EvidenceSource.LAST_SIGN_INS)}
    forbidden = Lockout(checked_at=NOW, unread=UnreadableReason.FORBIDDEN)
    found = evidence(scan(sign_ins=REFUSED), replace(USAGE, lockout=forbidden)).refused
    assert found == {
        "AuditLog.Read.All": (EvidenceSource.SIGN_INS,),
        "Policy.Read.All": (EvidenceSource.CONDITIONAL_ACCESS,),
    }
    throttled = replace(forbidden, unread=UnreadableReason.THROTTLED)
    assert evidence(scan(), replace(USAGE, lockout=throttled)).refused == {}
    assert evidence(None).refused == {}
    assert scan(sign_ins=REFUSED, activity=REFUSED).missing_permissions == ("AuditLog.Read.All",)


def test_a_scan_is_complete_when_both_lists_were_read_to_their_ends() -> None:
    assert scan().is_complete
    assert not scan(guests=CUT).is_complete
    assert not scan(sign_ins=CUT).covers_window


def test_settings_are_checked_by_the_last_sweep_or_the_read_back() -> None:
    record = partnership(since=NOW)

    def check(**changes: Any) -> SettingsCheck:
        usual: dict[str, Any] = {"drift_found_at": None, "is_accepted": False, "swept_at": None}
        return settings_check(record, **{**usual, **changes})

    assert check() == SettingsCheck(state=SettingsState.AS_APPROVED, checked_at=NOW)
    assert check(swept_at=NOW + DAY).checked_at == NOW + DAY
    assert check(swept_at=NOW - DAY).checked_at == NOW
    assert check(drift_found_at=NOW + DAY) == SettingsCheck(state=SettingsState.DRIFTED, checked_at=NOW + DAY)
    assert check(drift_found_at=NOW, is_accepted=True).state is SettingsState.DRIFT_ACCEPTED
    record = replace(record, basis=SettingsBasis.OVERWRITTEN)
    assert check().state is SettingsState.NOT_APPROVED


def test_the_approval_names_who_approved_this_plan_and_why_it_was_asked_for() -> None:
    plan = prepared().plan
    decisions = (
        approval(AMARA, 0, at=NOW + DAY, digest=plan.digest),
        replace(approval(SAM, 0, digest=plan.digest), choice=Choice.REJECT),
        approval(SAM, 0, digest="earlier"),
    )
    found = approval_of(request(RequestState.APPLIED, decisions=decisions))
    assert (found.approvers, found.at, found.requester) == ((AMARA.name,), NOW + DAY, RILEY.name)
    assert found.justification == request(RequestState.APPLIED).fields.justification
    unprepared = replace(request(RequestState.APPLIED), prepared=None, submitter=None, decisions=decisions)
    assert (approval_of(unprepared).approvers, approval_of(unprepared).requester) == ((), "")


def test_the_record_adds_setup_approval_and_the_last_answer() -> None:
    answers = tuple(Attestation(person=SAM, reason=text, at=NOW) for text in ("first", "last"))
    record = partnership(setup=(REDEEM_STEP,), attestations=answers)
    found = evidence_of(record, request=request(RequestState.APPLIED), scan=None, usage=None, settings=CHECK)
    assert (found.setup_needed, found.setup_open) == (1, 1)
    assert found.last_answer == answers[-1]
    assert found.approval is not None
    assert evidence(None).last_answer is None


def test_a_partner_with_capabilities_is_never_unused_because_calendars_leave_no_sign_ins() -> None:
    approved = request(RequestState.APPLIED)
    settings = {"tenantId": TENANT, "m365Capabilities": [shown()]}
    for listed, has in (([shown()], True), ([shown(is_allowed=False)], False)):
        plan = replace(approved.plan, before={**settings, "m365Capabilities": listed}, operations=())
        known = request(RequestState.APPLIED, prepared=prepared(plan=plan))
        found = evidence_of(partnership(), request=known, scan=scan(), usage=None, settings=CHECK)
        assert found.use.state is UseState.UNUSED
        assert found.has_capabilities is has
        assert found.is_unused is not has
        words = {line.topic: line.text for line in evidence_lines(found)}[EvidenceTopic.USE]
        assert words.endswith("Who looks at our calendars leaves no sign-in here") is has

"""The story of a request says what the records prove, and never that something stands which was not read back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    NOW,
    SAM,
    TENANT,
    WHOLE_CHAIN,
    access_plan,
    approval,
    partnership,
    prepared,
    request,
)
from workflows.core.errors.facts import Fact, Facts
from workflows.core.partners.history.outside_changes import OutsideChange, OutsideChangeKind
from workflows.core.partners.history.story import (
    RequestStory,
    ReviewAnswer,
    Standing,
    StorySource,
    request_story,
)
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, SettingsBasis
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountEnd, AccountProgress, AccountResult
from workflows.core.policy.approval import Choice
from workflows.core.policy.reviews.terms import AttestedText, MfaAttestation
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState

LATER = NOW + timedelta(hours=2)
S = RequestState
APPLIED = request(S.APPLIED, confirmed_at=LATER)
OTHER = RequestId("r-2")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An audit entry."""

    command: str
    at: datetime = LATER
    actor: str = "gatehouse"
    account: str | None = None
    is_readable: bool = True
    outcome: str = "accepted"
    details: Mapping[str, Any] = field(default_factory=dict)


def story(asked: AccessRequest = APPLIED, *entries: Entry, now: datetime = LATER, **source: Any) -> RequestStory:
    return request_story(StorySource(request=asked, entries=entries, entry_count=len(entries), **source), now)


def _disabled(end: AccountEnd, **changes: Any) -> AccessRequest:
    """A disabling of one guest account that ended."""
    results = (AccountResult(id=PersonId("guest-0"), end=end, at=NOW),)
    usual = {"writing_since": NOW, "accounts": AccountProgress(results=results)}
    return request(S.APPLIED, RequestKind.DISABLE_GUESTS, **{**usual, **changes})


# --- who decided, and how long it took ---


def test_each_decision_says_whether_it_counts_for_the_present_plan() -> None:
    early = approval(AMARA, 0, digest="an earlier plan")
    rejected = approval(CHIE, 1, choice=Choice.REJECT)
    twice = approval(AMARA, 1)
    gone = approval(BRUNO, 7)
    asked = request(void_decisions=(early,), decisions=(approval(AMARA, 0), twice, rejected))
    told = [(one.decision.person, one.stage_title, one.is_counted) for one in story(asked).decisions]
    assert told == [
        (AMARA, "", False),
        (AMARA, "Security", True),
        (AMARA, "Data owners", False),
        (CHIE, "Data owners", False),
    ]
    assert story(asked).approved_at is None
    rejected_alone = replace(asked, decisions=(replace(gone, choice=Choice.REJECT),))
    assert [one.stage_title for one in story(rejected_alone).decisions][-1] == ""


def test_the_times_are_from_sending_to_the_last_approval_to_the_read_back() -> None:
    first, second, third = WHOLE_CHAIN
    chain = (first, second, replace(third, at=NOW + timedelta(hours=1)))
    told = story(replace(APPLIED, decisions=chain))
    assert told.approved_at == NOW + timedelta(hours=1)
    assert told.time_to_approval == timedelta(hours=1)
    assert told.time_to_apply == timedelta(hours=1)
    assert told.total_time == timedelta(hours=2)


def test_a_revocation_needs_no_approval_and_what_is_not_verified_took_no_time() -> None:
    revoked = story(request(S.APPLIED, RequestKind.REVOCATION, confirmed_at=LATER, not_closed=()))
    assert (revoked.approved_at, revoked.time_to_approval, revoked.time_to_apply) == (None, None, timedelta(hours=2))
    waiting = story(request())
    assert (waiting.approved_at, waiting.time_to_apply, waiting.total_time) == (None, None, None)
    unprepared = story(request(S.PREPARING))
    assert (unprepared.decisions, unprepared.approved_at) == ((), None)
    without_chain = request(S.APPLIED, prepared=prepared(stages=()), decisions=(), confirmed_at=LATER)
    assert story(without_chain).time_to_apply is None, "nobody approved it, so there is no time since the approval"


# --- what was read back, kept and changed by others ---


def test_the_last_read_back_is_the_proof_and_says_whether_it_is_complete() -> None:
    part = Entry(command="stop", details={"image": {"tenantId": TENANT}})
    whole = Entry(command="record_applied", details={"image": {"tenantId": TENANT, "a": 1}, "digest": "d"})
    refused = Entry(command="record_applied", outcome="stale", details={"image": {"b": 2}})
    broken = Entry(command="record_applied", details={"image": "no object"})
    found = story(APPLIED, part, whole, refused, broken).read_back
    assert found is not None
    assert (found.configuration, found.digest, found.is_complete) == ({"tenantId": TENANT, "a": 1}, "d", True)
    found = story(APPLIED, whole, part).read_back
    assert found is not None
    assert (found.digest, found.is_complete) == ("", False)
    assert story(APPLIED, broken).read_back is None


def test_reviews_have_the_recorded_name_where_there_is_one() -> None:
    mfa = MfaAttestation(text=AttestedText.EVERYBODY_USES_MFA, until=LATER)
    kept = Attestation(person=BRUNO, reason="Still needed", at=LATER, mfa=mfa)
    entries = (
        Entry(command="keep", actor=BRUNO.chat_id, details={"reason": "Still needed"}),
        Entry(command="keep", actor="U-GONE", details={"reason": ["no text"]}),
        Entry(command="keep", actor=SAM.chat_id, outcome="not_the_sponsor"),
    )
    told = story(request(S.PREPARING), *entries, record=partnership(attestations=(kept,)))
    assert told.reviews == (
        ReviewAnswer(at=LATER, chat_id=BRUNO.chat_id, name="Bruno", reason="Still needed", mfa=mfa),
        ReviewAnswer(at=LATER, chat_id="U-GONE", name="", reason=""),
    )


def test_changes_by_others_name_what_they_changed_and_not_what_the_plan_writes() -> None:
    drift = {
        "settings": [
            {"name": "inboundTrust", "approved_from": None, "approved_to": {"a": 1}, "now": {"b": 2}},
            {"name": "planned", "approved_from": None, "approved_to": {"a": 1}, "now": None},
            {"name": "off", "approved_from": None, "approved_to": None, "now": False},
            "no object",
        ],
        "defaults": [{"name": "b2bCollaborationInbound", "shown": 1, "now": 2}],
    }
    told = story(
        APPLIED,
        Entry(command="replan", details={"drift": drift}),
        Entry(command="replan", details={"reason": []}),
        Entry(command="replan", details={"drift": {"settings": "broken"}}),
        Entry(command="record_overwritten"),
    )
    before, after = OutsideChangeKind.BEFORE_WRITE, OutsideChangeKind.AFTER_WRITE
    assert told.outside_changes == (
        OutsideChange(at=LATER, kind=before, settings=("inboundTrust", "b2bCollaborationInbound")),
        OutsideChange(at=LATER, kind=before, settings=()),
        OutsideChange(at=LATER, kind=after, settings=()),
    )


# --- what stands ---


@pytest.mark.parametrize(
    ("asked", "source", "standing"),
    [
        (request(), {}, Standing.OPEN),
        (request(S.APPLYING, writing_since=NOW), {"record": partnership()}, Standing.OPEN),
        (request(S.REJECTED), {"record": partnership(request_id=OTHER)}, Standing.NOTHING_SENT),
        (request(S.FAILED, writing_since=NOW), {}, Standing.NOT_READ_BACK),
        (request(S.STOPPED, RequestKind.DISABLE_GUESTS), {}, Standing.NOTHING_SENT),
        (_disabled(AccountEnd.LEFT_ALONE, writing_since=None), {}, Standing.NOTHING_SENT),
        (_disabled(AccountEnd.REFUSED), {}, Standing.NOT_READ_BACK),
        (_disabled(AccountEnd.DONE), {"record": partnership(request_id=OTHER)}, Standing.ACCOUNTS_CHANGED),
        (APPLIED, {}, Standing.NO_RECORD),
        (APPLIED, {"record": partnership()}, Standing.IN_FORCE),
        (APPLIED, {"record": partnership(ends_at=LATER)}, Standing.PAST_ITS_END),
        (APPLIED, {"record": partnership(basis=SettingsBasis.OVERWRITTEN)}, Standing.NOT_AS_APPROVED),
        (APPLIED, {"record": partnership(request_id=OTHER)}, Standing.REPLACED),
        (APPLIED, {"later": request(S.APPLIED, id=OTHER), "record": partnership()}, Standing.REPLACED),
        (APPLIED, {"record": partnership(state=PartnershipState.REVOKED)}, Standing.BLOCKED),
        (APPLIED, {"record": partnership(state=PartnershipState.SUSPENDED)}, Standing.SUSPENDED),
        (
            request(S.APPLIED, RequestKind.REVOCATION, confirmed_at=LATER),
            {"record": partnership(state=PartnershipState.REVOKED, ends_at=None)},
            Standing.BLOCKED,
        ),
        (
            request(S.STOPPED, applied_part=1, writing_since=NOW),
            {"record": partnership(basis=SettingsBasis.PARTLY_APPLIED)},
            Standing.NOT_AS_APPROVED,
        ),
    ],
)
def test_what_stands_is_as_the_records_say(asked: AccessRequest, source: dict[str, Any], standing: Standing) -> None:
    assert story(asked, **source).standing is standing


def drift_entry(command: str = "record_drift", *, found: int = 3, at: int = 0, **details: Any) -> Entry:
    """An entry about what a sweep found, so many hours after `NOW`, stored some hours later."""
    found_at = (NOW + timedelta(hours=found)).isoformat()
    values = {"drift": "differs_from_approved", "opens": True, "settings": ["inboundTrust"], "found_at": found_at}
    return Entry(command=command, at=NOW + timedelta(hours=found + at), details={**values, **details})


@pytest.mark.parametrize(
    ("asked", "record"),
    [
        (APPLIED, partnership()),
        (APPLIED, partnership(ends_at=LATER)),
        (
            request(S.APPLIED, RequestKind.REVOCATION, confirmed_at=LATER),
            partnership(state=PartnershipState.REVOKED, ends_at=None),
        ),
    ],
)
def test_what_a_sweep_found_different_is_not_told_as_approved_or_blocked(
    asked: AccessRequest, record: Partnership
) -> None:
    told = story(asked, record=record, sweep_entries=(drift_entry(),))
    assert told.standing is Standing.DRIFTED
    assert told.as_of == NOW + timedelta(hours=3)
    assert told.open_drift is not None
    over = story(asked, record=record, sweep_entries=(drift_entry(), drift_entry("end_drift", at=1)))
    assert over.standing is not Standing.DRIFTED
    assert over.as_of == LATER
    assert [one.drift and one.drift.ended_at for one in over.outside_changes] == [NOW + timedelta(hours=4)]


def test_a_sweep_that_found_it_changes_nothing_about_what_was_never_approved_or_was_replaced() -> None:
    found = (drift_entry(),)
    part = story(APPLIED, record=partnership(basis=SettingsBasis.OVERWRITTEN), sweep_entries=found)
    assert part.standing is Standing.NOT_AS_APPROVED
    later = request(S.APPLIED, id=OTHER, confirmed_at=NOW + timedelta(hours=4))
    replaced = story(APPLIED, record=partnership(), later=later, sweep_entries=found)
    assert (replaced.standing, len(replaced.outside_changes)) == (Standing.REPLACED, 1)
    assert story(later, record=partnership(request_id=OTHER), sweep_entries=found).outside_changes == ()
    assert story(request(S.REJECTED), record=partnership(), sweep_entries=found).outside_changes == ()


def test_a_finding_of_before_the_read_back_counts_when_a_complete_sweep_since_did_not_end_it() -> None:
    """Restored, and changed in the same way again before a sweep saw it as approved: one finding goes on."""
    found, read_back = (drift_entry(found=1),), LATER
    after, before = read_back + timedelta(minutes=1), read_back - timedelta(minutes=1)
    told = story(APPLIED, record=partnership(), sweep_entries=found, swept_at=after)
    assert (told.standing, told.as_of) == (Standing.DRIFTED, NOW + timedelta(hours=1))
    for swept_at in (before, None):
        told = story(APPLIED, record=partnership(), sweep_entries=found, swept_at=swept_at)
        assert (told.standing, told.outside_changes) == (Standing.IN_FORCE, ()), "nobody has looked since"
    over = (*found, drift_entry("end_drift", found=1, at=2))
    assert story(APPLIED, record=partnership(), sweep_entries=over, swept_at=after).standing is Standing.IN_FORCE
    later = request(S.APPLIED, id=OTHER, confirmed_at=after)
    replaced = story(APPLIED, record=partnership(), later=later, sweep_entries=found, swept_at=after)
    assert replaced.outside_changes == ()


def test_each_finding_has_its_author_its_acceptances_and_its_end() -> None:
    until = (NOW + timedelta(days=7)).isoformat()
    accepted = {"account": "id-dana", "name": "Dana", "until": until, "reason": "A test"}
    named: dict[str, Any] = {"author": "mallory@woodgrove.com", "author_state": "known", "author_at": NOW.isoformat()}
    told = story(
        APPLIED,
        record=partnership(),
        sweep_entries=(
            drift_entry("record_drift", author_at="no time"),
            drift_entry("record_drift_author", at=1, **named),
            drift_entry("accept_drift", at=2, **named, acceptances=[accepted, {"name": "No date"}, "broken"]),
            drift_entry("record_drift", found=9, drift="absent", settings="broken"),
            drift_entry("end_drift", found=9, at=1, drift="absent"),
            drift_entry("record_drift", found=12, acceptances="broken"),
            Entry(command="record_drift", details={"found_at": ["broken"]}),
            Entry(command="record_drift", outcome="stale", details=drift_entry(found=20).details),
        ),
    )
    first, second, third = [one.drift for one in told.outside_changes if one.drift is not None]
    assert (first.author, first.author_state, first.author_at) == ("mallory@woodgrove.com", "known", NOW)
    assert [(one.name, one.account, one.reason) for one in first.acceptances] == [("Dana", "id-dana", "A test")]
    assert first.ended_at == NOW + timedelta(hours=9), "another difference was found then"
    assert (second.code, second.ended_at) == ("absent", NOW + timedelta(hours=10))
    assert (third.author_state, third.ended_at) == ("pending", None)
    assert [one.settings for one in told.outside_changes] == [("inboundTrust",), (), ("inboundTrust",)]
    assert [one.is_open for one in told.outside_changes] == [False, False, True]
    assert all(one.kind is OutsideChangeKind.FOUND_BY_SWEEP for one in told.outside_changes)


def test_what_stands_is_told_as_of_the_read_back_that_proves_it() -> None:
    assert story(APPLIED).as_of == LATER
    assert story(request(S.REJECTED)).as_of is None
    replaced = story(APPLIED, later=request(S.APPLIED, id=OTHER, confirmed_at=LATER + timedelta(days=1)))
    assert replaced.as_of == LATER + timedelta(days=1)
    assert access_plan().digest == APPLIED.plan.digest


@pytest.mark.parametrize(("is_as_signed", "note"), [(False, ()), (True, (Fact(NoteCode.ENDED_NOT_BELIEVED),))])
def test_no_decision_counts_of_a_request_that_something_else_changed(is_as_signed: bool, note: Facts) -> None:
    asked = request(RequestState.STOPPED, note=note)
    story = request_story(StorySource(request=asked, is_as_signed=is_as_signed), NOW)
    assert (story.is_believed, story.approved_at, {one.is_counted for one in story.decisions}) == (False, None, {False})
    believed = request_story(StorySource(request=replace(asked, note=())), NOW)
    assert (believed.is_believed, believed.approved_at is None) == (True, False)

"""Who may decide, and who is turned away: under which code, and in which words."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.words.requests.notes import refusal_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    DANA,
    EXPIRY,
    MALLORY,
    MILLISECOND,
    NOW,
    REQUEST,
    RILEY,
    SAM,
    SECURITY,
    TENANT,
    WHOLE_CHAIN,
    access_plan,
    approval,
    everybody,
    prepared,
    request,
    situation,
)
from workflows.core.errors.raised import DomainError, Refused
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.people import Person
from workflows.core.plans.plan import AtEnd
from workflows.core.plans.planning import plan_access
from workflows.core.policy.approval import Choice
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.automatic import RecordApplied
from workflows.core.requests.commands.request import Approve, Reject
from workflows.core.requests.deciding import access_ends_at, approved_at, is_in_time, is_too_late
from workflows.core.requests.effects import Apply
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.model import InboundTrust, Property

ASK = "Ask one of the approvers on the card."
DIGEST = access_plan().digest
EARLIER = access_plan(template_hash="hash-0").digest


def refusal(
    known: AccessRequest,
    actor: Person,
    *,
    digest: Digest = DIGEST,
    now: datetime = NOW,
    **roles: str,
) -> Refused:
    """The one refusal that both Approve and Reject meet."""
    moment = situation(now, **roles)
    with pytest.raises(Refused) as approving:
        advance(known, Approve(actor=actor, request_id=REQUEST, digest=digest), moment)
    with pytest.raises(Refused) as rejecting:
        advance(known, Reject(actor=actor, request_id=REQUEST, digest=digest, reason="Too wide"), moment)
    assert (approving.value.code, refusal_words(approving.value)) == (
        rejecting.value.code,
        refusal_words(rejecting.value),
    )
    return approving.value


@pytest.mark.threats("C1")
@pytest.mark.parametrize(
    ("actor", "code", "words"),
    [
        (RILEY, "own_request", f"You can't approve your own request. {ASK}"),
        (SAM, "sponsor", f"You can't decide on this request, because you are the partner's sponsor. {ASK}"),
        (BRUNO, "not_your_turn", "“Security” decides before your stage, “Data owners”. Wait until it has approved."),
        (
            DANA,
            "not_an_approver",
            f"You can't decide on the stage “Security”, because you do not have the role “security”. {ASK}",
        ),
        (
            MALLORY,
            "not_an_approver",
            f"You can't decide on the stage “Security”, because you do not have the role “security”. {ASK}",
        ),
    ],
    ids=["requester", "sponsor", "later stage", "wrong role", "no role"],
)
def test_who_may_not_decide_now_is_told_why(actor: Person, code: str, words: str) -> None:
    met = refusal(request(), actor)
    assert (met.code, refusal_words(met), met.fact.code) == (code, words, code)
    assert isinstance(met, DomainError)


@pytest.mark.threats("C1")
def test_the_requester_is_refused_even_when_sponsoring_too() -> None:
    own = request(prepared=prepared(sponsor=RILEY))
    assert refusal(own, RILEY).code == "own_request"


@pytest.mark.threats("C1")
def test_separation_of_duties_goes_by_account_not_by_chat_user_or_name() -> None:
    second_chat_user = replace(AMARA, id=RILEY.id)
    assert refusal(request(), second_chat_user).code == "own_request"
    namesake = replace(AMARA, name=RILEY.name, chat_id=RILEY.chat_id)
    assert advance(request(), Approve(actor=namesake, request_id=REQUEST, digest=DIGEST), situation()).request.decisions


@pytest.mark.threats("C2")
def test_one_person_counts_once_in_a_stage() -> None:
    with worded_refusal(
        Refused, match=("You have already approved this request. Each person can approve once")
    ) as refused:
        advance(
            request(decisions=WHOLE_CHAIN[:2]), Approve(actor=BRUNO, request_id=REQUEST, digest=DIGEST), situation()
        )
    assert refused.value.code == "already_decided"


@pytest.mark.threats("C2")
def test_one_person_counts_once_over_the_whole_chain() -> None:
    at = situation(amara="security data-owner")
    with pytest.raises(Refused) as refused:
        advance(request(decisions=WHOLE_CHAIN[:1]), Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), at)
    assert refused.value.code == "already_decided"


def test_who_approved_and_then_finds_a_mistake_can_still_reject() -> None:
    known = request(decisions=WHOLE_CHAIN[:2])
    moved = advance(
        known, Reject(actor=AMARA, request_id=REQUEST, digest=DIGEST, reason="The domain expired."), situation()
    ).request
    assert moved.state is RequestState.REJECTED
    assert (moved.decisions[-1].person, moved.decisions[-1].stage) == (AMARA, 0)


def test_an_earlier_stage_that_is_complete_takes_nobody_else() -> None:
    known = request(decisions=WHOLE_CHAIN[:1])
    met = refusal(known, DANA, dana="security admin")
    assert met.code == "not_an_approver"
    assert "“Data owners”" in refusal_words(met)


def test_the_next_of_several_later_stages_is_named() -> None:
    third = Stage(title="Security again", role=SECURITY, quorum=1)
    known = request(prepared=prepared(stages=(prepared().stages[1], prepared().stages[0], third)))
    assert (
        refusal_words(refusal(known, AMARA))
        == "“Data owners” decides before your stage, “Security”. Wait until it has approved."
    )


def test_a_card_of_an_earlier_plan_decides_nothing() -> None:
    met = refusal(request(), AMARA, digest=EARLIER)
    assert (met.code, refusal_words(met)) == (
        "stale_card",
        "The request changed after this card was shown. Decide on the newest card.",
    )


def test_the_role_is_checked_today_not_when_the_card_was_sent() -> None:
    assert refusal(request(), AMARA, amara="").code == "not_an_approver"
    assert advance(
        request(), Approve(actor=MALLORY, request_id=REQUEST, digest=DIGEST), situation(mallory="security")
    ).request.decisions


def test_somebody_without_current_roles_has_nothing() -> None:
    nobody = replace(situation(), current_roles=replace(everybody(), roles={}))
    with pytest.raises(Refused) as refused:
        advance(request(), Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), nobody)
    assert refused.value.code == "not_an_approver"


def test_a_chain_that_became_complete_by_a_role_that_came_back_is_applied_by_the_next_approvers_click() -> None:
    known = request(decisions=WHOLE_CHAIN)
    moved = advance(known, Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), situation())
    assert moved.request.state is RequestState.APPLYING
    assert moved.request.decisions == WHOLE_CHAIN
    assert Apply in [type(effect) for effect in moved.effects]


def test_a_complete_chain_is_moved_by_nobody_without_a_role_in_it_and_can_not_be_rejected() -> None:
    met = refusal(request(decisions=WHOLE_CHAIN), DANA)
    assert (met.code, refusal_words(met)) == (
        "not_an_approver",
        f"You can't decide on this request, because you have none of its approver roles. {ASK}",
    )
    with worded_refusal(Refused, match="This request has all its approvals") as refused:
        advance(
            request(decisions=WHOLE_CHAIN),
            Reject(actor=AMARA, request_id=REQUEST, digest=DIGEST, reason="No."),
            situation(),
        )
    assert refused.value.code == "complete"


@pytest.mark.threats("C8")
def test_a_request_can_be_decided_until_its_deadline_and_not_at_it() -> None:
    last = advance(request(), Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), situation(EXPIRY - MILLISECOND))
    assert last.request.decisions == (approval(AMARA, 0, at=EXPIRY - MILLISECOND),)
    for late in (EXPIRY, EXPIRY + MILLISECOND):
        met = refusal(request(), AMARA, now=late)
        assert met.code == "expired"
        assert re.search(r"nobody can decide it any more\. Request it again", refusal_words(met))


@pytest.mark.parametrize(
    ("state", "digest", "received_at", "expected"),
    [
        (RequestState.AWAITING_APPROVAL, DIGEST, EXPIRY - MILLISECOND, True),
        (RequestState.AWAITING_APPROVAL, DIGEST, EXPIRY, False),
        (RequestState.AWAITING_APPROVAL, EARLIER, NOW, False),
        (RequestState.AWAITING_APPROVAL, DIGEST, None, False),
        (RequestState.APPLYING, DIGEST, NOW, False),
        (RequestState.PREPARING, DIGEST, NOW, False),
    ],
)
def test_a_click_is_in_time_on_the_newest_plan_before_the_end(
    state: RequestState, digest: Digest, received_at: datetime | None, expected: bool
) -> None:
    """When it was stored counts; where that is not known, it does not count as in time."""
    assert is_in_time(request(state), digest, received_at) is expected


# --- until when ---

LAST = NOW + timedelta(days=3)


def until(known: AccessRequest, before: JsonObject | None = None, **settings: InboundTrust) -> AccessRequest:
    """The same request with a chosen end, for other settings where they are named."""
    plan = known.plan
    if settings:
        plan = plan_access(
            tenant_id=TENANT,
            before=before,
            settings={Property.INBOUND_TRUST: settings["trust"]},
            template="trusted-partner",
            template_hash="hash-1",
            duration=timedelta(days=90),
        )
    return replace(known, prepared=replace(known.require_prepared(), plan=replace(plan, ends_at=LAST)))


def test_an_access_ends_on_the_chosen_day_or_so_long_after_the_last_approval() -> None:
    approvals = tuple(replace(one, at=NOW + timedelta(days=day)) for day, one in enumerate(WHOLE_CHAIN))
    known = request(RequestState.APPLYING, decisions=approvals)
    assert access_ends_at(known) == NOW + timedelta(days=2 + 90)
    assert access_ends_at(until(known)) == LAST
    assert access_ends_at(request(RequestState.APPLYING, RequestKind.REVOCATION)) is None


def test_an_end_that_counts_from_an_approval_is_never_missing_without_one() -> None:
    """A record that was made from it would have no end."""
    unapproved = request(RequestState.APPLYING, decisions=())
    with pytest.raises(AssertionError, match="r-1 has no approval"):
        access_ends_at(unapproved)
    rejected = replace(WHOLE_CHAIN[0], choice=Choice.REJECT)
    with pytest.raises(AssertionError, match="no approval"):
        access_ends_at(replace(unapproved, decisions=(rejected,)))
    with pytest.raises(AssertionError, match="no approval"):
        is_too_late(unapproved, NOW)
    assert access_ends_at(until(unapproved)) == LAST, "a chosen day does not depend on an approval"


def test_nothing_is_recorded_of_a_change_that_nobody_approved() -> None:
    unapproved = request(RequestState.APPLYING, decisions=())
    with pytest.raises(AssertionError, match="no approval"):
        advance_request_and_record(unapproved, RecordApplied(configuration={}), situation())


def test_a_change_is_too_late_from_its_end_on_unless_it_only_closes() -> None:
    known = until(request(RequestState.APPLYING))
    assert not is_too_late(known, LAST - MILLISECOND)
    assert is_too_late(known, LAST)
    trusting = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}}
    narrowing = until(request(RequestState.APPLYING), trusting, trust=InboundTrust(mfa=False))
    assert not is_too_late(narrowing, LAST + timedelta(days=400))
    mixed = until(
        request(RequestState.APPLYING),
        {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}},
        trust=InboundTrust(mfa=False, compliant_device=True),
    )
    assert is_too_late(mixed, LAST), "it opens something, too"
    assert not is_too_late(request(RequestState.APPLYING, RequestKind.REVOCATION), LAST + timedelta(days=400))


def test_nobody_decides_after_the_last_day() -> None:
    known = until(request())
    digest = known.plan.digest
    assert refusal(known, AMARA, digest=digest, now=LAST).code == "last_day_passed"
    approve = Approve(actor=AMARA, request_id=REQUEST, digest=digest)
    assert advance(known, approve, situation(LAST - MILLISECOND)).request.decisions


def test_what_is_verified_after_its_end_says_so() -> None:
    late = advance(request(RequestState.APPLYING), RecordApplied(configuration={}), situation(NOW + timedelta(days=90)))
    assert [(fact.code, "at_end" in fact.values) for fact in late.request.note] == [(NoteCode.ENDED_ALREADY, False)]
    plan = replace(prepared().plan, at_end=AtEnd.BLOCK)
    blocking = request(RequestState.APPLYING, prepared=prepared(plan=plan))
    late = advance(blocking, RecordApplied(configuration={}), situation(NOW + timedelta(days=90)))
    assert late.request.note[0].values["at_end"] == "block", "people are asked, and no review is due"
    in_time = advance(request(RequestState.APPLYING), RecordApplied(configuration={}), situation())
    assert in_time.request.note == ()


def test_when_an_approval_was_counted_is_known_for_this_plan_and_person_only() -> None:
    asked = request(decisions=(approval(AMARA, 0),))
    digest = asked.plan.digest
    assert approved_at(asked, AMARA, digest) == asked.decisions[0].at
    assert approved_at(asked, BRUNO, digest) is None
    assert approved_at(asked, AMARA, "another") is None
    assert approved_at(replace(asked, prepared=None), AMARA, digest) is None

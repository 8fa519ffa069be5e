"""What each accepted command stores, and which effects it asks for."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import TypeVar

import pytest

from bot.words.requests.messages import ENDED, message_words
from bot.words.requests.notes import note_words
from bot.words.sentences import minute
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    DATA_OWNER,
    EXPIRY,
    LIFETIME,
    NOW,
    REDEEM_STEP,
    REQUEST,
    RILEY,
    SAM,
    TENANT,
    WHOLE_CHAIN,
    access_plan,
    approval,
    closed_document,
    identity,
    noted,
    particulars,
    partnership,
    prepared,
    request,
    situation,
    text_message,
)
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.advancing import PartnerOutcome, advance_request_and_record
from workflows.core.partners.partnership import Attestation, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import CurrentRoles, Person
from workflows.core.plans.plan import CallIds, SentWrite
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.reviews.access_test import AccessTest
from workflows.core.requests.commands.automatic import (
    Expire,
    RecordApplied,
    RecordApplyFailed,
    RecordDelayed,
    RecordOverwritten,
    RecordPrepared,
    RecordResent,
    RecordUnfit,
    RecordUnseen,
    RecordWriting,
    Reopen,
    Replan,
    Stop,
)
from workflows.core.requests.commands.partner_record import AskReview
from workflows.core.requests.commands.request import Approve, CommandSubject, Reject, RequestCommand, Submit, Withdraw
from workflows.core.requests.effects import (
    Apply,
    Prepare,
    SendExpiryMessages,
    SendMessage,
    ShowRequest,
    ShowReview,
    ShowSetup,
)
from workflows.core.requests.eligibility import eligibility_at_expiry
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import (
    CHANGE_OF_KIND,
    AccessRequest,
    ObservedPartner,
    PreparedRequest,
    RequestId,
    RequestKind,
    RequestState,
)
from workflows.core.requests.transitions.transition import Transition
from workflows.core.settings.model import InboundTrust, Property
from workflows.core.settings.open_access import AccessState, OpenAccess

LATER = NOW + timedelta(hours=5)
SOON = NOW + timedelta(minutes=2)
SHOWN = ShowRequest(request_id=REQUEST)
TO_APPLY = Apply(request_id=REQUEST, tenant_id=TENANT)
TO_CLOSE = Apply(request_id=REQUEST, tenant_id=TENANT, closes=True)
TO_PREPARE = Prepare(request_id=REQUEST, asked_by=RILEY.chat_id)
TO_PREPARE_CLOSING = Prepare(request_id=REQUEST, asked_by=RILEY.chat_id, closes=True)
DIGEST = access_plan().digest
Moved = TypeVar("Moved", Transition, PartnerOutcome)
REPLAN = Replan(reason=noted("The partner changed."))
OF_SETTINGS = [kind for kind in RequestKind if kind not in CHANGE_OF_KIND]
"""The kinds of request that write settings of a partner."""


def worded(moved: Moved) -> Moved:
    """The same with the note and the messages in words."""
    effects = tuple(
        replace(one, fact=text_message(message_words(one.fact))) if isinstance(one, SendMessage) else one
        for one in moved.effects
    )
    asked = moved.request
    note, again = noted(note_words(asked.note)), noted(note_words(asked.asked_again))
    return replace(moved, request=replace(asked, note=note, asked_again=again), effects=effects)


NOT_ACTIVE = (
    "contoso.com: your approved request r-1 is not active. {} Approval is requested again. You can still withdraw it."
)


def told(text: str, whom: Person = RILEY) -> SendMessage:
    return SendMessage(person=whom.chat_id, subject=CommandSubject(request_id=REQUEST), fact=text_message(text))


def ended(state: RequestState, note: str, **changes: object) -> Transition:
    """The transition that ends the usual request at LATER."""
    usual: dict[str, object] = {"version": 6, "changed_at": LATER, "note": noted(note), "decisions": ()}
    return Transition(
        request=request(state, **{**usual, **changes}),
        effects=(SHOWN, told(f"contoso.com: your request r-1 {ENDED[state]}. {note}")),
    )


REVIEWED = (ShowReview(tenant_id=TENANT),)


def reviewed(kind: RequestKind) -> tuple[ShowReview, ...]:
    """The effect that updates the review card, for a revocation."""
    return REVIEWED if kind is RequestKind.REVOCATION else ()


def test_a_submitted_request_is_stored_as_asked_and_prepared() -> None:
    seen = ObservedPartner(identity=identity(), configuration=None, at=NOW)
    command = Submit(request_id=REQUEST, fields=particulars(), lifetime=LIFETIME, observation=seen)
    assert worded(advance(None, command, situation())) == Transition(
        request=AccessRequest(
            id=REQUEST,
            version=1,
            state=RequestState.PREPARING,
            fields=particulars(),
            created_at=NOW,
            changed_at=NOW,
            expires_at=EXPIRY,
            lifetime=LIFETIME,
            observation=seen,
        ),
        effects=(TO_PREPARE,),
    )


def test_who_filed_it_is_kept_where_that_was_checked_before() -> None:
    command = Submit(request_id=REQUEST, fields=particulars(), lifetime=LIFETIME, submitter=DANA)
    known = advance(None, command, situation()).request
    assert known.submitter == DANA
    renewed = advance(replace(known, prepared=prepared(), state=RequestState.APPLYING), REPLAN, situation()).request
    assert renewed.submitter == DANA, "a new plan is made for the same person"


def test_a_prepared_access_request_is_shown_and_waits_for_approval() -> None:
    known = request(RequestState.PREPARING, note=noted("Graph does not answer."))
    transition = advance(known, RecordPrepared(prepared=prepared()), situation(LATER))
    times = transition.request.stage_times
    assert times is not None
    assert (times.stage, times.asked_at) == (0, LATER)
    assert worded(transition) == Transition(
        request=request(version=6, changed_at=LATER, stage_times=times), effects=(SHOWN,)
    )


def test_a_prepared_revocation_goes_straight_to_the_tenant() -> None:
    kind = RequestKind.REVOCATION
    command = RecordPrepared(prepared=prepared(kind))
    known = request(RequestState.PREPARING, kind, note=noted("Graph does not answer."))
    assert worded(advance(known, command, situation(LATER))) == Transition(
        request=request(RequestState.APPLYING, kind, version=6, changed_at=LATER), effects=(SHOWN, TO_CLOSE)
    )


def test_an_unfit_request_ends_before_anything_is_known_and_tells_the_requester_the_reason() -> None:
    known = request(RequestState.PREPARING)
    note = "contoso.com is not a Microsoft Entra tenant."
    assert worded(
        advance(known, RecordUnfit(code="no_such_tenant", reason=noted(note)), situation(LATER))
    ) == Transition(
        request=replace(known, state=RequestState.UNFIT, version=6, changed_at=LATER, note=noted(note)),
        effects=(SHOWN, told(f"contoso.com: your request r-1 could not be carried out. {note}")),
    )


@pytest.mark.parametrize("state", [RequestState.PREPARING, RequestState.APPLYING, RequestState.UNCONFIRMED])
def test_a_delay_is_shown_and_told_once(state: RequestState) -> None:
    first, second = "Microsoft Graph does not answer.", "Microsoft Graph asks to slow down."
    once = advance(request(state), RecordDelayed(reason=noted(first)), situation(LATER))
    assert worded(once) == Transition(
        request=request(state, version=6, changed_at=LATER, note=noted(first)),
        effects=(SHOWN, told(f"contoso.com: your request r-1 waits. {first}")),
    )
    again = advance(once.request, RecordDelayed(reason=noted(first)), situation(LATER + LIFETIME))
    assert again == Transition(request=once.request, effects=()), "the same delay again changes nothing"
    other = advance(once.request, RecordDelayed(reason=noted(second)), situation(LATER))
    assert worded(other) == Transition(request=replace(once.request, version=7, note=noted(second)), effects=(SHOWN,))


def test_an_approval_that_leaves_the_chain_open_is_kept_and_shown() -> None:
    transition = advance(
        request(note=noted("Waits.")), Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), situation(LATER)
    )
    assert worded(transition) == Transition(
        request=request(
            version=6,
            changed_at=LATER,
            decisions=(approval(AMARA, 0, at=LATER),),
            stage_times=transition.request.stage_times,
        ),
        effects=(SHOWN,),
    )


def test_the_approval_that_completes_the_chain_starts_the_apply() -> None:
    transition = advance(
        request(decisions=WHOLE_CHAIN[:2]), Approve(actor=CHIE, request_id=REQUEST, digest=DIGEST), situation(LATER)
    )
    decisions = (*WHOLE_CHAIN[:2], approval(CHIE, 1, at=LATER))
    assert worded(transition) == Transition(
        request=request(RequestState.APPLYING, version=6, changed_at=LATER, decisions=decisions),
        effects=(SHOWN, TO_APPLY),
    )


def test_an_approved_plan_that_only_reduces_access_closes_like_a_revocation() -> None:
    """It waits behind no write that opens access."""
    plan = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT})
    decisions = tuple(replace(one, digest=plan.digest) for one in WHOLE_CHAIN[:2])
    known = request(decisions=decisions, prepared=prepared(plan=plan))
    approve = Approve(actor=CHIE, request_id=REQUEST, digest=plan.digest)
    assert advance(known, approve, situation(LATER)).effects == (SHOWN, TO_CLOSE)


def test_an_approval_given_while_another_one_lost_its_role_does_not_complete_the_chain() -> None:
    known = request(decisions=(approval(AMARA, 0), approval(BRUNO, 1)))
    transition = advance(
        known, Approve(actor=CHIE, request_id=REQUEST, digest=DIGEST), situation(bruno="", chie="data-owner")
    )
    assert transition.request.state is RequestState.AWAITING_APPROVAL
    assert TO_APPLY not in transition.effects


def test_a_rejection_ends_the_request_with_its_reason_trimmed() -> None:
    known = request(decisions=WHOLE_CHAIN[:1])
    command = Reject(actor=BRUNO, request_id=REQUEST, digest=DIGEST, reason="  Office 365 is enough \n")
    rejection = Decision(
        person=BRUNO, choice=Choice.REJECT, stage=1, digest=DIGEST, reason="Office 365 is enough", at=LATER
    )
    assert worded(advance(known, command, situation(LATER))) == ended(
        RequestState.REJECTED,
        "Rejected by Bruno: Office 365 is enough",
        decisions=(*WHOLE_CHAIN[:1], rejection),
    )


def test_the_requester_takes_a_request_back() -> None:
    transition = advance(request(), Withdraw(actor=RILEY.chat_id, request_id=REQUEST), situation(LATER))
    assert worded(transition).request == ended(RequestState.WITHDRAWN, "The requester withdrew it.").request
    assert worded(transition).effects == (SHOWN,), "who withdrew knows it; their message shows it"


def test_an_undecided_request_expires() -> None:
    note = "Not approved in time. Request it again if it is still needed."
    transition = worded(advance(request(), Expire(), situation(EXPIRY)))
    assert transition.request == ended(RequestState.EXPIRED, note, changed_at=EXPIRY).request
    assert transition.effects == (SHOWN, SendExpiryMessages(request_id=REQUEST)), "an update notifies nobody"


def test_an_expired_restore_says_of_which_partner_it_was_for_the_command_that_asks_again() -> None:
    ended = advance(request(RequestState.AWAITING_APPROVAL, RequestKind.RESTORATION), Expire(), situation(EXPIRY))
    assert ended.request.note == (Fact(NoteCode.RESTORE_UNDECIDED, {"target": "contoso.com"}),)


def test_of_a_request_that_expired_and_waited_for_nobody_only_the_requester_is_told() -> None:
    for asked in (request(RequestState.PREPARING), request(decisions=WHOLE_CHAIN)):
        transition = advance(asked, Expire(), situation(EXPIRY))
        assert transition.effects == (SHOWN, SendExpiryMessages(request_id=REQUEST))
        assert eligibility_at_expiry(transition.request) is None, "nobody who should have decided"
    ended = advance(request(), Expire(), situation(EXPIRY)).request
    assert eligibility_at_expiry(ended) is not None
    assert eligibility_at_expiry(request()) is None, "it did not expire"


@pytest.mark.parametrize("state", [RequestState.AWAITING_APPROVAL, RequestState.APPLYING])
def test_replanning_forgets_what_the_form_saw_and_prepares_again(state: RequestState) -> None:
    seen = ObservedPartner(identity=identity(), configuration=None, at=NOW)
    known = request(state, observation=seen)
    was_approved = state is RequestState.APPLYING
    told_messages = [told(NOT_ACTIVE.format("The partner changed."))] if was_approved else []
    assert worded(advance(known, Replan(reason=noted("The partner changed.")), situation(LATER))) == Transition(
        request=replace(
            known,
            state=RequestState.PREPARING,
            version=6,
            changed_at=LATER,
            note=noted("The partner changed."),
            asked_again=noted("The partner changed."),
            round=1,
            previously_shown=known.prepared,
            void_decisions=known.decisions,
            observation=None,
            decisions=(),
            expires_at=LATER + (known.expires_at - known.created_at),
            lifetime=known.expires_at - known.created_at,
        ),
        effects=(SHOWN, TO_PREPARE, *told_messages),
    )


@pytest.mark.parametrize("lifetime", [LIFETIME, None], ids=["as it is stored", "as it was stored once"])
def test_however_often_it_is_asked_again_it_has_the_same_time_each_time(lifetime: timedelta | None) -> None:
    known = request(RequestState.APPLYING, lifetime=lifetime)
    for times in range(1, 5):
        now = NOW + times * timedelta(days=10)
        known = advance(
            replace(known, state=RequestState.APPLYING), Replan(reason=noted("It changed.")), situation(now)
        ).request
        assert known.expires_at == now + LIFETIME


def test_what_was_decided_on_the_plan_before_counts_nothing_on_a_new_one() -> None:
    known = advance(
        request(decisions=WHOLE_CHAIN[:2]), Replan(reason=noted("The template changed.")), situation()
    ).request
    renewed = prepared(plan=access_plan(template_hash="hash-2"))
    transition = advance(known, RecordPrepared(prepared=renewed), situation())
    verdict = transition.request.verdict(situation().current_roles)
    assert transition.request.state is RequestState.AWAITING_APPROVAL
    assert (verdict.counted_people, verdict.open_stage, verdict.missing) == (((), ()), 0, 1)
    assert (note_words(transition.request.note), note_words(transition.request.asked_again)) == (
        "",
        "The template changed.",
    )
    once_more = advance(
        transition.request, Approve(actor=AMARA, request_id=REQUEST, digest=renewed.plan.digest), situation()
    )
    assert once_more.request.verdict(situation().current_roles).counted_people == ((AMARA,), ())


def test_a_new_plan_may_have_a_shorter_chain_than_the_one_that_was_decided_on() -> None:
    """A decision on an earlier plan never counts and never prevents another one, whatever its stage was."""
    known = advance(
        request(decisions=WHOLE_CHAIN[:2]), Replan(reason=noted("The template changed.")), situation()
    ).request
    shorter = prepared(plan=access_plan(template_hash="hash-2"), stages=prepared().stages[:1])
    known = advance(known, RecordPrepared(prepared=shorter), situation()).request
    assert known.verdict(situation().current_roles).counted_people == ((),)
    done = advance(known, Approve(actor=AMARA, request_id=REQUEST, digest=shorter.plan.digest), situation())
    assert done.request.state is RequestState.APPLYING


def test_reopening_keeps_only_the_decisions_that_count() -> None:
    known = request(RequestState.APPLYING)
    transition = advance(known, Reopen(reason=noted("Amara no longer holds the role.")), situation(LATER, amara=""))
    assert worded(transition) == Transition(
        request=request(
            version=6,
            changed_at=LATER,
            decisions=WHOLE_CHAIN[1:],
            note=noted("Amara no longer holds the role."),
            asked_again=noted("Amara no longer holds the role."),
            round=1,
            void_decisions=WHOLE_CHAIN[:1],
            stage_times=transition.request.stage_times,
        ),
        effects=(SHOWN, told(NOT_ACTIVE.format("Amara no longer holds the role."))),
    )
    back = advance(transition.request, Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), situation(LATER))
    assert back.request.state is RequestState.APPLYING
    assert len(back.request.decisions) == 3, "she has to approve again, and does so once"


def test_a_request_whose_approvals_all_count_is_not_reopened() -> None:
    with worded_refusal(Refused, match="Every approval still counts") as refused:
        advance(request(RequestState.APPLYING), Reopen(reason=noted("Amara left.")), situation())
    assert refused.value.code == "still_complete"


def test_a_revocation_is_never_reopened_whoever_lost_a_role() -> None:
    kind = RequestKind.REVOCATION
    odd = request(RequestState.APPLYING, kind, prepared=prepared(stages=prepared().stages), decisions=())
    with pytest.raises(Refused) as refused:
        advance(odd, Reopen(reason=noted("Nobody approved.")), situation())
    assert refused.value.code == "still_complete"


def test_a_partner_that_is_no_longer_who_was_approved_stops_the_request() -> None:
    note = "contoso.com belongs to another tenant now."
    transition = advance(request(RequestState.APPLYING), Stop(reason=noted(note)), situation(LATER))
    assert worded(transition) == ended(RequestState.STOPPED, note, decisions=WHOLE_CHAIN)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        *product(
            [RequestState.PREPARING, RequestState.AWAITING_APPROVAL, RequestState.APPLYING, RequestState.UNCONFIRMED],
            [RequestKind.ACCESS, RequestKind.RESTORATION],
        ),
        (RequestState.UNCONFIRMED, RequestKind.REVOCATION),
    ],
)
def test_whatever_is_open_can_be_stopped_and_its_requester_reads_why(state: RequestState, kind: RequestKind) -> None:
    """Also a partly approved or applied one: an admin who revokes the partner does not wait for it."""
    known = request(state, kind, prepared=prepared(kind), note=noted("Waits."))
    note = "Dana revoked this partner before the change was confirmed."
    transition = advance(known, Stop(reason=noted(note)), situation(LATER))
    assert worded(transition) == Transition(
        request=replace(known, state=RequestState.STOPPED, version=6, changed_at=LATER, note=noted(note)),
        effects=(SHOWN, told(f"contoso.com: your request r-1 was stopped. {note}"), *reviewed(kind)),
    )


@pytest.mark.parametrize(
    ("state", "command"),
    [
        (RequestState.PREPARING, RecordUnfit(code="Request_BadRequest", reason=noted("Graph refused it."))),
        (RequestState.PREPARING, Expire()),
        (RequestState.PREPARING, Stop(reason=noted("Enough."))),
        (RequestState.APPLYING, Stop(reason=noted("Enough."))),
        (RequestState.APPLYING, RecordApplyFailed(reason=noted("Graph refused it."))),
        (RequestState.UNCONFIRMED, RecordApplyFailed(reason=noted("Graph refused it."))),
    ],
    ids=lambda one: getattr(one, "name", one),
)
def test_a_revocation_does_not_end_by_itself_before_it_is_confirmed(
    state: RequestState, command: RequestCommand
) -> None:
    """It may be an old one: however long it takes, and whatever refuses it."""
    with pytest.raises(Refused) as refused:
        advance(request(state, RequestKind.REVOCATION), command, situation(LATER + timedelta(days=4000)))
    assert refused.value.code in ("never_given_up", "never_expires")


@pytest.mark.parametrize("code", ["unknown_tenant", "own_tenant"])
def test_a_revocation_of_nobody_ends_as_unfit(code: str) -> None:
    known = request(RequestState.PREPARING, RequestKind.REVOCATION)
    ended = advance(known, RecordUnfit(code=code, reason=noted("There is no such tenant.")), situation(LATER))
    assert ended.request.state is RequestState.UNFIT


def test_what_opens_may_be_sent_again_once_and_a_revocation_as_often_as_it_takes() -> None:
    again = RecordResent(reason=noted("It does not show."))
    for kind in OF_SETTINGS:
        known = request(RequestState.UNCONFIRMED, kind, writing_since=NOW, unconfirmed_since=NOW)
        once = advance(known, again, situation(SOON)).request
        assert (once.state, once.resent_at) == (RequestState.UNCONFIRMED, SOON)
        if kind is RequestKind.REVOCATION:
            assert advance(once, again, situation(LATER + LIFETIME)).request.resent_at == LATER + LIFETIME
        else:
            with worded_refusal(Refused, match="once"):
                advance(once, again, situation(SOON))


@pytest.mark.parametrize(("minutes", "is_taken"), [(15, True), (16, False)])
def test_what_opens_is_sent_again_for_a_quarter_of_an_hour_only(minutes: int, is_taken: bool) -> None:
    known = request(RequestState.UNCONFIRMED, writing_since=NOW, unconfirmed_since=NOW)
    moment = situation(NOW + timedelta(minutes=minutes))
    if is_taken:
        advance(known, RecordResent(reason=noted("It does not show.")), moment)
        return
    with worded_refusal(Refused, match="soon after the first time"):
        advance(known, RecordResent(reason=noted("It does not show.")), moment)


def test_a_click_that_came_in_time_counts_however_late_it_is_checked() -> None:
    known = request()
    late = EXPIRY + timedelta(seconds=5)
    approve = Approve(actor=AMARA, request_id=REQUEST, digest=known.plan.digest)
    received = replace(situation(late), received_at=EXPIRY - timedelta(seconds=2))
    (decision,) = advance(known, approve, received).request.decisions
    assert decision.at == EXPIRY - timedelta(seconds=2)
    with pytest.raises(Refused) as refused:
        advance(known, approve, replace(received, received_at=EXPIRY))
    assert refused.value.code == "expired"


# --- writing, and what became of it ---


@pytest.mark.parametrize("kind", OF_SETTINGS)
def test_the_first_write_is_announced_once_and_nobody_is_shown_it(kind: RequestKind) -> None:
    known = request(RequestState.APPLYING, kind, note=noted("Waits."))
    once = advance(known, RecordWriting(), situation(LATER))
    assert worded(once) == Transition(
        request=request(
            RequestState.APPLYING, kind, version=6, changed_at=LATER, note=noted("Waits."), writing_since=LATER
        ),
        effects=(),
    )
    again = advance(once.request, RecordWriting(), situation(LATER + LIFETIME))
    assert again == Transition(request=once.request, effects=()), "a retry does not move the moment"


def test_a_first_write_that_was_certainly_not_carried_out_was_not_sent() -> None:
    unsent = RecordDelayed(reason=noted("Too many requests."), has_sent_nothing=True)
    known = request(RequestState.APPLYING, writing_since=NOW)
    after = advance(known, unsent, situation(LATER)).request
    assert (after.writing_since, after.was_sent, after.note) == (None, False, noted("Too many requests."))
    same = replace(known, note=noted("Too many requests."))
    quiet = advance(same, unsent, situation(LATER))
    assert (quiet.request.writing_since, quiet.effects) == (None, ())
    assert advance(quiet.request, unsent, situation(LATER)).request == quiet.request
    kept = advance(known, RecordDelayed(reason=noted("Waits.")), situation(LATER)).request
    assert kept.writing_since == NOW
    assert unsent.audit_details(after)["has_sent_nothing"] is True


def test_who_made_the_draft_of_a_batch_is_named_by_its_requests_and_never_decides() -> None:
    command = Submit(request_id=REQUEST, fields=particulars(), lifetime=LIFETIME, drafter=AMARA)
    filed = advance(None, command, situation()).request
    assert filed.drafters == (AMARA,)
    assert command.audit_details(filed)["drafter"] == AMARA.id


@pytest.mark.parametrize(
    "command",
    [
        RecordDelayed(reason=noted("Graph does not answer.")),
        RecordUnseen(),
        Reopen(reason=noted("Amara no longer holds the role.")),
        RecordApplied(configuration={}),
        RecordApplyFailed(reason=noted("Graph refused it.")),
        RecordOverwritten(configuration={}),
        Stop(reason=noted("Dana revoked this partner.")),
    ],
    ids=lambda command: command.name,
)
def test_that_something_may_be_set_is_forgotten_by_a_new_plan_only(command: RequestCommand) -> None:
    known = request(RequestState.APPLYING, writing_since=NOW)
    assert advance(known, command, situation(LATER, amara="")).request.writing_since == NOW
    assert advance(known, REPLAN, situation(LATER)).request.writing_since is None


OVERWRITTEN = (
    "Somebody else changed the partner's settings while Gatehouse was sending the change. The current settings are "
    "not the approved ones, so one person cannot keep them. Check them with /partner show. Then revoke the partner, "
    "or request the right settings with /partner request."
)


@pytest.mark.parametrize("configuration", [None, {"isServiceProvider": None}], ids=["gone", "another"])
@pytest.mark.parametrize("state", [RequestState.APPLYING, RequestState.UNCONFIRMED])
def test_what_was_written_and_then_overwritten_is_recorded_and_reviewed_at_once(
    state: RequestState, configuration: dict[str, object] | None
) -> None:
    """The bot may have opened the partner: it is recorded, its review is due now, and both people are told."""
    transition = advance_request_and_record(
        request(state, writing_since=NOW), RecordOverwritten(configuration=configuration), situation(LATER)
    )
    text = f"contoso.com (request r-1): {OVERWRITTEN}"
    assert worded(transition) == PartnerOutcome(
        request=request(
            RequestState.OVERWRITTEN, version=6, changed_at=LATER, note=noted(OVERWRITTEN), writing_since=NOW
        ),
        effects=(SHOWN, told(text), told(text, SAM)),
        partnership=partnership(
            version=1, since=LATER, ends_at=LATER, next_review_at=LATER, basis=SettingsBasis.OVERWRITTEN
        ),
    )
    assert "othing was written" not in text
    assert transition.partnership is not None
    asked = advance_review(transition.partnership, AskReview(), current_roles=CurrentRoles(), now=LATER).partnership
    assert (asked.state, asked.reminders) == (PartnershipState.REVIEW_DUE, 1)


def test_an_overwritten_renewal_continues_the_partnership_it_was_about() -> None:
    said = Attestation(person=SAM, reason="Launch moved", at=NOW)
    known = partnership(version=8, state=PartnershipState.REVIEW_DUE, attestations=(said,))
    transition = advance_request_and_record(
        request(RequestState.UNCONFIRMED), RecordOverwritten(configuration={}), situation(LATER), known
    )
    assert transition.partnership == partnership(
        version=9,
        state=PartnershipState.REVIEW_DUE,
        since=LATER,
        ends_at=LATER,
        next_review_at=LATER,
        attestations=(said,),
        basis=SettingsBasis.OVERWRITTEN,
    )


def test_a_requester_who_is_also_the_sponsor_is_told_once_that_it_was_overwritten() -> None:
    own = replace(particulars(), sponsor=RILEY.chat_id)
    transition = advance_request_and_record(
        request(RequestState.UNCONFIRMED, fields=own), RecordOverwritten(configuration={}), situation()
    )
    assert [effect.person for effect in transition.effects if isinstance(effect, SendMessage)] == [RILEY.chat_id]


@pytest.mark.parametrize("state", [RequestState.APPLYING, RequestState.UNCONFIRMED])
def test_a_revocation_is_never_overwritten_but_planned_again(state: RequestState) -> None:
    """It does not end before the block is verified, whoever changes the partner."""
    known = request(state, RequestKind.REVOCATION, writing_since=NOW)
    with worded_refusal(Refused, match="planned again from the current settings") as refused:
        advance_request_and_record(known, RecordOverwritten(configuration={}), situation(LATER), partnership())
    assert refused.value.code == "plan_again"
    transition = advance_request_and_record(known, REPLAN, situation(LATER), partnership())
    assert (transition.request.state, transition.partnership) == (RequestState.PREPARING, None)
    was_sent = state is RequestState.UNCONFIRMED
    assert transition.effects == (SHOWN, TO_PREPARE_CLOSING, *(REVIEWED if was_sent else ()))


@pytest.mark.parametrize("kind", OF_SETTINGS)
def test_the_review_card_learns_that_a_revocation_starts_is_sent_and_ends(kind: RequestKind) -> None:
    """It must not offer Keep while the revocation runs. A request of another kind does not change it."""
    submitted = advance(
        None, Submit(request_id=REQUEST, fields=particulars(kind), lifetime=LIFETIME, submitter=DANA), situation()
    )
    assert any(isinstance(one, ShowReview) for one in submitted.effects) == (kind is RequestKind.REVOCATION)
    writing = request(RequestState.APPLYING, kind)
    assert advance(writing, RecordUnseen(), situation(LATER)).effects == (SHOWN, *reviewed(kind))
    nobody = RecordUnfit(code="unknown_tenant", reason=noted("There is no such tenant."))
    ended = advance(request(RequestState.PREPARING, kind), nobody, situation(LATER))
    assert any(isinstance(one, ShowReview) for one in ended.effects) == (kind is RequestKind.REVOCATION)


def test_a_plan_that_closes_nothing_more_is_still_a_revocations_own() -> None:
    """The partner was closed by hand: there is only reading back to do, and no approval is needed for it."""
    kind = RequestKind.REVOCATION
    closed = prepared(kind, plan=plan_revocation(tenant_id=TENANT, default={}, before=closed_document()))
    assert closed.plan.operations == ()
    transition = advance(request(RequestState.PREPARING, kind), RecordPrepared(prepared=closed), situation(LATER))
    assert (transition.request.state, transition.effects) == (RequestState.APPLYING, (SHOWN, TO_CLOSE))


def test_an_unseen_change_is_shown_once_and_waited_for() -> None:
    note = "Microsoft Graph accepted the change but does not show it yet. Gatehouse keeps reading until it does."
    once = advance(request(RequestState.APPLYING), RecordUnseen(), situation(LATER))
    assert worded(once) == Transition(
        request=request(
            RequestState.UNCONFIRMED, version=6, changed_at=LATER, note=noted(note), unconfirmed_since=LATER
        ),
        effects=(SHOWN,),
    )
    again = advance(once.request, RecordUnseen(), situation(LATER + LIFETIME))
    assert again == Transition(request=once.request, effects=())


def test_the_ids_of_every_accepted_write_stay_with_the_request() -> None:
    """Of the first sending, of the second one, and of that after which the change was shown."""
    first, second, third = (
        SentWrite(method="PATCH", path="/partners/1", at=LATER, ids=CallIds(request_id=name)) for name in "abc"
    )
    unseen = advance(request(RequestState.APPLYING), RecordUnseen(sent=(first,)), situation(LATER)).request
    assert unseen.sent == (first,)
    resent = advance(unseen, RecordUnseen(sent=(second,)), situation(LATER)).request
    assert (resent.sent, resent.unconfirmed_since) == ((first, second), LATER)
    applied = advance(resent, RecordApplied(configuration={}, sent=(third,)), situation(LATER)).request
    assert applied.sent == (first, second, third)


@pytest.mark.parametrize("state", [RequestState.APPLYING, RequestState.UNCONFIRMED])
def test_an_applied_access_opens_a_partnership_and_the_setup_card_tells_of_it(state: RequestState) -> None:
    transition = advance_request_and_record(
        request(state, note=noted("Waits.")), RecordApplied(configuration={}), situation(LATER)
    )
    assert worded(transition) == PartnerOutcome(
        request=request(RequestState.APPLIED, version=6, changed_at=LATER, confirmed_at=LATER),
        effects=(SHOWN, ShowReview(tenant_id=TENANT), ShowSetup(tenant_id=TENANT)),
        partnership=partnership(
            setup=(REDEEM_STEP,),
            setup_prompt_at=LATER + timedelta(days=7),
            version=1,
            since=LATER,
            ends_at=NOW + timedelta(days=90),
            next_review_at=LATER + timedelta(days=30),
            access_test=AccessTest(testers=(RILEY,), due_at=LATER + timedelta(days=7)),
        ),
    )


def without_steps() -> PreparedRequest:
    """A plan that asks the partner for nothing."""
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings={Property.INBOUND_TRUST: InboundTrust(mfa=True)},
        template="trusted-partner",
        template_hash="",
        duration=timedelta(days=90),
    )
    return prepared(plan=plan)


@pytest.mark.parametrize("sponsor", [RILEY, SAM])
def test_only_the_requester_is_told_that_access_is_set_the_sponsor_has_a_message(sponsor: Person) -> None:
    own = replace(particulars(), sponsor=sponsor.chat_id)
    done = request(RequestState.APPLYING, fields=own, prepared=without_steps())
    transition = advance_request_and_record(done, RecordApplied(configuration={}), situation())
    assert [effect.person for effect in transition.effects if isinstance(effect, SendMessage)] == [RILEY.chat_id]


def test_the_cards_of_the_request_before_are_updated_when_another_takes_its_place() -> None:
    earlier = partnership(request_id=RequestId("r-0"))
    for known, is_shown in ((earlier, True), (partnership(), False), (None, False)):
        transition = advance_request_and_record(
            request(RequestState.APPLYING), RecordApplied(configuration={}), situation(), known
        )
        assert (ShowRequest(request_id=RequestId("r-0")) in transition.effects) is is_shown


def test_a_renewed_access_continues_the_partnership_with_its_attestations() -> None:
    said = Attestation(person=SAM, reason="Launch moved", at=NOW)
    known = partnership(version=8, state=PartnershipState.REVIEW_DUE, reminders=4, attestations=(said,))
    transition = advance_request_and_record(
        request(RequestState.APPLYING), RecordApplied(configuration={}), situation(LATER), known
    )
    assert transition.partnership == partnership(
        version=9,
        since=LATER,
        setup_prompt_at=LATER + timedelta(days=7),
        ends_at=NOW + timedelta(days=90),
        next_review_at=LATER + timedelta(days=30),
        attestations=(said,),
        setup=(REDEEM_STEP,),
        access_test=AccessTest(testers=(RILEY,), due_at=LATER + timedelta(days=7)),
    )


def test_a_revocation_does_not_call_capabilities_closed_that_could_not_be_read() -> None:
    applying = request(RequestState.APPLYING, RequestKind.REVOCATION)
    unread = [OpenAccess(name="m365Capabilities", opening=AccessState.UNKNOWN)]
    command = RecordApplied(configuration=closed_document(), default={}, are_capabilities_unread=True)
    applied = advance_request_and_record(applying, command, situation(LATER), partnership())
    assert applied.request.not_closed == tuple(unread)
    opened = replace(command, configuration={"tenantId": TENANT})
    left = advance_request_and_record(applying, opened, situation(LATER), partnership()).request.not_closed
    assert [one for one in left or () if one.name == "m365Capabilities"] == unread


def test_an_applied_revocation_closes_the_partnership_and_says_what_it_cannot_close() -> None:
    said = Attestation(person=SAM, reason="Launch moved", at=NOW)
    kind = RequestKind.REVOCATION
    known = partnership(sponsor=CHIE, attestations=(said,))
    command = RecordApplied(configuration=closed_document(), default={})
    transition = advance_request_and_record(request(RequestState.APPLYING, kind), command, situation(LATER), known)
    text = (
        "contoso.com is blocked (request r-1): Requested by Riley, because: "
        f"“{request(RequestState.APPLYING, kind).fields.justification}”. B2B collaboration and direct connect are "
        "blocked explicitly in both directions. Trust, automatic redemption and synchronization are off. This was "
        "verified in the tenant. Nothing else is open. Issued tokens usually work for up to one more hour, until about "
        f"{minute(LATER + timedelta(hours=1))}. A token lifetime policy can make this longer. Guest accounts stay. "
        "Only the partner can end sessions in its own tenant."
    )
    assert worded(transition) == PartnerOutcome(
        request=request(RequestState.APPLIED, kind, version=6, changed_at=LATER, confirmed_at=LATER, not_closed=()),
        effects=(SHOWN, ShowReview(tenant_id=TENANT), told(text), told(text, SAM)),
        partnership=partnership(
            version=4,
            state=PartnershipState.REVOKED,
            sponsor=CHIE,
            stages=(),
            template="revoke",
            template_title="Revoke",
            since=LATER,
            ends_at=None,
            review_interval=None,
            next_review_at=None,
            attestations=(said,),
            not_closed=(),
        ),
    )


def test_a_partner_that_gatehouse_did_not_open_can_be_closed() -> None:
    kind = RequestKind.REVOCATION
    transition = advance_request_and_record(
        request(RequestState.APPLYING, kind), RecordApplied(configuration={}), situation(LATER)
    )
    assert transition.partnership is not None
    assert (transition.partnership.version, transition.partnership.sponsor) == (1, SAM)
    assert transition.partnership.state is PartnershipState.REVOKED
    assert transition.partnership.attestations == ()


@pytest.mark.parametrize("state", [RequestState.APPLYING, RequestState.UNCONFIRMED])
def test_a_write_that_graph_refuses_ends_the_request_and_leaves_the_partnership_alone(state: RequestState) -> None:
    note = "Graph answered 403 Authorization_RequestDenied (request 41f0)."
    transition = advance(request(state), RecordApplyFailed(reason=noted(note)), situation(LATER))
    assert worded(transition) == ended(RequestState.FAILED, note, decisions=WHOLE_CHAIN)


def test_advance_is_pure_and_leaves_its_arguments_as_they_were() -> None:
    known, moment = request(decisions=WHOLE_CHAIN[:2]), situation()
    command = Approve(actor=CHIE, request_id=REQUEST, digest=DIGEST)
    assert advance(known, command, moment) == advance(known, command, moment)
    assert known == request(decisions=WHOLE_CHAIN[:2])
    assert moment.current_roles.holds(CHIE.id, DATA_OWNER)

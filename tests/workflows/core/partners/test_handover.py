"""Who hands over a partner to whom, what an answer changes, and that no sponsor of lately ever decides."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    DANA,
    MILLISECOND,
    NOW,
    REQUEST,
    RILEY,
    SAM,
    TENANT,
    WHOLE_CHAIN,
    approval,
    everybody,
    noted,
    particulars,
    partnership,
    prepared,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.outcome.new_records import closed_partnership, opened_partnership
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.recent_sponsors import sponsor_since_approval, sponsors_of, with_partner_sponsors
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.partners.reviewing.sponsor_handover import handover_effects
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.reviews.sponsorship import (
    DECIDES_AGAIN_AFTER,
    HANDOVER_EXPIRES_AFTER,
    HANDOVER_REMINDED_AFTER,
    FormerSponsor,
    Handover,
    HandoverState,
)
from workflows.core.requests.commands.automatic import RecordApplied, RecordOverwritten, RecordSponsors, Reopen
from workflows.core.requests.commands.partner_record import Keep
from workflows.core.requests.commands.people import (
    AcceptSponsorship,
    DeclineSponsorship,
    ExpireHandover,
    HandoverCommand,
    ProposeSponsor,
    RemindHandover,
    WithdrawHandover,
)
from workflows.core.requests.commands.request import Approve
from workflows.core.requests.deciding import require_may_decide
from workflows.core.requests.effects import MessageCode, SendMessage, ShowHandover, ShowReview, ShowSetup
from workflows.core.requests.eligibility import IneligibleReason, eligibility
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

DAY = timedelta(days=1)
PROPOSE = ProposeSponsor(actor=SAM, tenant_id=TENANT, proposed=AMARA)
ACCEPT = AcceptSponsorship(actor=AMARA, tenant_id=TENANT, number=1)
DECLINE = DeclineSponsorship(actor=AMARA, tenant_id=TENANT, number=1)
ASKED = Handover(number=1, proposed=AMARA, proposed_by=SAM, proposed_at=NOW, expires_at=NOW + HANDOVER_EXPIRES_AFTER)


def asked(**changes: Any) -> Partnership:
    """A partner of Sam, whose hand-over to Amara waits."""
    return partnership(**{"handover": ASKED, **changes})


def advanced(known: Partnership, command: HandoverCommand, now: datetime = NOW) -> Partnership:
    after = advance_review(known, command, current_roles=everybody(), now=now).partnership
    assert after.version == known.version + 1
    return after


def refusal(known: Partnership, command: Any, now: datetime = NOW) -> str:
    with pytest.raises(Refused) as refused:
        advance_review(known, command, current_roles=everybody(), now=now)
    assert refusal_words(refused.value)
    return str(refused.value.code)


def messages(known: Partnership, command: HandoverCommand, now: datetime = NOW) -> dict[ChatId, str]:
    effects = advance_review(known, command, current_roles=everybody(), now=now).effects
    return {effect.person: effect.fact.code for effect in effects if isinstance(effect, SendMessage)}


@pytest.mark.parametrize(
    ("actor", "is_manager", "may"),
    [(SAM, False, True), (DANA, False, True), (RILEY, True, True), (RILEY, False, False), (AMARA, False, False)],
)
def test_the_sponsor_the_manager_and_admins_propose(actor: Person, is_manager: bool, may: bool) -> None:
    command = ProposeSponsor(actor=actor, tenant_id=TENANT, proposed=BRUNO, is_manager=is_manager)
    roles = everybody(riley="", sam="")
    if not may:
        with pytest.raises(Refused, match="may_not_propose_sponsor"):
            advance_review(partnership(), command, current_roles=roles, now=NOW)
        return
    after = advance_review(partnership(), command, current_roles=roles, now=NOW).partnership
    assert after.sponsor == SAM, "until the new one accepts"
    assert after.handover == replace(ASKED, proposed=BRUNO, proposed_by=actor)
    assert after.due_at == NOW + HANDOVER_REMINDED_AFTER


def test_the_proposer_and_the_sponsor_are_told_and_the_proposed_person_is_asked() -> None:
    by_admin = ProposeSponsor(actor=DANA, tenant_id=TENANT, proposed=AMARA)
    effects = advance_review(partnership(), by_admin, current_roles=everybody(), now=NOW).effects
    assert effects[0] == ShowHandover(tenant_id=TENANT)
    assert messages(partnership(), by_admin) == dict.fromkeys((DANA.chat_id, SAM.chat_id), MessageCode.HANDOVER_ASKED)
    assert messages(partnership(sponsor_gone_at=NOW), by_admin) == {DANA.chat_id: MessageCode.HANDOVER_ASKED}
    to_oneself = replace(by_admin, proposed=DANA)
    assert messages(partnership(sponsor_gone_at=NOW), to_oneself) == {}


def test_a_sponsor_is_not_proposed_again_and_nobody_is_asked_twice() -> None:
    for proposer in (SAM, DANA):
        to_sponsor = ProposeSponsor(actor=proposer, tenant_id=TENANT, proposed=SAM)
        assert refusal(partnership(), to_sponsor) == "already_the_sponsor"
        assert refusal(asked(), to_sponsor) == "already_the_sponsor", "nor back, while a hand-over waits"
    assert refusal(asked(), PROPOSE) == "already_proposed"


def test_a_second_proposal_takes_the_place_of_the_first() -> None:
    after = advanced(asked(), replace(PROPOSE, proposed=BRUNO), NOW + DAY)
    assert after.handover is not None
    assert (after.handover.number, after.handover.proposed, after.handover.is_open) == (2, BRUNO, True)
    assert refusal(after, ACCEPT) == "no_open_handover", "the first question is not open any more"
    assert refusal(after, replace(ACCEPT, number=2)) == "not_the_proposed"
    assert advanced(after, AcceptSponsorship(actor=BRUNO, tenant_id=TENANT, number=2)).sponsor == BRUNO


def test_who_accepts_is_the_sponsor_and_gets_what_waits() -> None:
    known = asked(state=PartnershipState.REVIEW_DUE, sponsor_gone_at=NOW)
    transition = advance_review(known, ACCEPT, current_roles=everybody(), now=NOW + DAY)
    after = transition.partnership
    assert (after.sponsor, after.sponsor_gone_at, after.state) == (AMARA, None, PartnershipState.REVIEW_DUE)
    assert after.former_sponsors == (FormerSponsor(person=SAM, until=NOW + DAY),)
    assert after.handover == replace(ASKED, state=HandoverState.ACCEPTED, ended_at=NOW + DAY)
    assert after.next_review_at == NOW + DAY, "the new sponsor is asked at once"
    assert transition.effects[:3] == (
        ShowHandover(tenant_id=TENANT),
        ShowReview(tenant_id=TENANT),
        ShowSetup(tenant_id=TENANT),
    )
    assert messages(asked(), ACCEPT) == {SAM.chat_id: MessageCode.HANDOVER_ACCEPTED}
    active = advance_review(asked(), ACCEPT, current_roles=everybody(), now=NOW)
    assert active.partnership.next_review_at == asked().next_review_at, "nothing is asked before it is due"


@pytest.mark.parametrize("answer", [ACCEPT, DECLINE])
def test_an_answer_counts_once_in_time_and_from_the_proposed_person_alone(
    answer: AcceptSponsorship[Person] | DeclineSponsorship[Person],
) -> None:
    assert refusal(partnership(), answer) == "no_open_handover"
    assert refusal(asked(), replace(answer, actor=BRUNO)) == "not_the_proposed"
    assert refusal(asked(), replace(answer, actor=SAM)) == "not_the_proposed"
    assert refusal(asked(), answer, ASKED.expires_at) == "no_open_handover"
    assert advanced(asked(), answer, ASKED.expires_at - MILLISECOND)
    assert refusal(asked(state=PartnershipState.REVOKED), answer) == "revoked"
    for state in HandoverState:
        if state is not HandoverState.OPEN:
            assert refusal(asked(handover=replace(ASKED, state=state)), answer) == "no_open_handover"


def test_who_declines_changes_nothing_and_somebody_else_can_be_asked() -> None:
    after = advanced(asked(), DECLINE)
    assert (after.sponsor, after.former_sponsors) == (SAM, ())
    assert after.handover == replace(ASKED, state=HandoverState.DECLINED, ended_at=NOW)
    assert messages(asked(), DECLINE) == {SAM.chat_id: MessageCode.HANDOVER_DECLINED}
    again = advanced(after, PROPOSE)
    assert again.handover is not None
    assert again.handover.number == 2


def test_whoever_proposed_withdraws_the_question_once() -> None:
    withdrawal = WithdrawHandover(actor=SAM, tenant_id=TENANT, number=1)
    after = advanced(asked(), withdrawal)
    assert (after.sponsor, after.former_sponsors) == (SAM, ())
    assert after.handover == replace(ASKED, state=HandoverState.WITHDRAWN, ended_at=NOW)
    assert refusal(after, ACCEPT) == "no_open_handover"
    assert refusal(after, withdrawal) == "handover_ended"
    assert refusal(partnership(), withdrawal) == "handover_ended"
    assert refusal(asked(), replace(withdrawal, number=2)) == "handover_ended"
    for other in (AMARA, DANA):
        assert refusal(asked(), replace(withdrawal, actor=other)) == "not_the_proposer", "an admin proposes another one"
    by_admin = asked(handover=replace(ASKED, proposed_by=DANA))
    effects = advance_review(by_admin, replace(withdrawal, actor=DANA), current_roles=everybody(), now=NOW).effects
    assert effects[0] == ShowHandover(tenant_id=TENANT)
    assert messages(by_admin, replace(withdrawal, actor=DANA)) == dict.fromkeys(
        (DANA.chat_id, SAM.chat_id), MessageCode.HANDOVER_WITHDRAWN
    )
    again = advanced(after, PROPOSE)
    assert again.handover is not None
    assert again.handover.number == 2


def test_a_question_is_repeated_once_and_then_expires() -> None:
    reminded_at = NOW + HANDOVER_REMINDED_AFTER
    assert refusal(partnership(), RemindHandover()) == "not_due"
    assert refusal(asked(), RemindHandover(), reminded_at - MILLISECOND) == "not_due"
    assert refusal(asked(), ExpireHandover(), reminded_at) == "not_due"
    reminded = advanced(asked(), RemindHandover(), reminded_at)
    assert reminded.handover == replace(ASKED, reminded_at=reminded_at)
    assert advance_review(asked(), RemindHandover(), current_roles=everybody(), now=reminded_at).effects == (
        ShowHandover(tenant_id=TENANT),
    )
    assert reminded.due_at == ASKED.expires_at
    assert refusal(reminded, RemindHandover(), ASKED.expires_at - MILLISECOND) == "not_due"
    late = ASKED.expires_at
    assert refusal(asked(), RemindHandover(), late) == "not_due", "after a downtime it only expires"
    for known in (asked(), reminded):
        expired = advanced(known, ExpireHandover(), late)
        assert expired.handover is not None
        assert (expired.handover.state, expired.sponsor) == (HandoverState.EXPIRED, SAM)
        assert refusal(expired, ExpireHandover(), late) == "not_due"
        assert messages(known, ExpireHandover(), late) == {SAM.chat_id: MessageCode.HANDOVER_EXPIRED}


def test_who_keeps_an_access_without_a_sponsor_is_the_sponsor_and_needs_no_question() -> None:
    gone = asked(state=PartnershipState.REVIEW_DUE, sponsor_gone_at=NOW)
    keep = Keep(actor=DANA, tenant_id=TENANT, reason="The launch moved to July")
    kept = advance_review(gone, keep, current_roles=everybody(), now=NOW)
    assert (kept.partnership.sponsor, kept.partnership.handover) == (DANA, ASKED)
    assert kept.partnership.former_sponsors == (FormerSponsor(person=SAM, until=NOW),)
    own = replace(gone, handover=replace(ASKED, proposed=DANA))
    transition = advance_review(own, keep, current_roles=everybody(), now=NOW)
    assert transition.partnership.handover is not None
    assert transition.partnership.handover.state is HandoverState.STOPPED
    assert ShowHandover(tenant_id=TENANT) in transition.effects


def test_back_and_forth_leaves_both_as_sponsors_of_lately() -> None:
    to_amara = advanced(asked(), ACCEPT)
    back = advanced(to_amara, ProposeSponsor(actor=AMARA, tenant_id=TENANT, proposed=SAM))
    again = advanced(back, AcceptSponsorship(actor=SAM, tenant_id=TENANT, number=2), NOW + DAY)
    assert again.sponsor == SAM
    assert {person.id for person in sponsors_of(again, NOW + DAY)} == {SAM.id, AMARA.id}


def test_a_sponsor_decides_again_after_ninety_days() -> None:
    known = advanced(asked(), ACCEPT)
    until = NOW + DECIDES_AGAIN_AFTER
    assert set(sponsors_of(known, until - MILLISECOND)) == {AMARA, SAM}
    assert sponsors_of(known, until) == (AMARA,)
    assert sponsors_of(None, NOW) == ()
    revoked = partnership(state=PartnershipState.REVOKED, since=NOW)
    assert sponsors_of(revoked, until - MILLISECOND) == (SAM,)
    assert sponsors_of(revoked, until) == (), "a partner that was closed long ago"
    later = advanced(
        replace(known, handover=replace(ASKED, number=2, proposed=BRUNO, expires_at=until + DAY)),
        AcceptSponsorship(actor=BRUNO, tenant_id=TENANT, number=2),
        until,
    )
    assert later.former_sponsors == (FormerSponsor(person=AMARA, until=until),), "who may decide again is left out"


def test_a_request_with_another_sponsor_makes_the_former_one_and_ends_the_question() -> None:
    applied = request(RequestState.APPLYING, prepared=prepared(sponsor=BRUNO), decisions=WHOLE_CHAIN)
    outcome = advance_request_and_record(applied, RecordApplied(configuration={}), situation(), asked())
    record = outcome.partnership
    assert record is not None
    assert (record.sponsor, record.former_sponsors) == (BRUNO, (FormerSponsor(person=SAM, until=NOW),))
    assert record.handover == replace(ASKED, state=HandoverState.STOPPED, ended_at=NOW)
    assert ShowHandover(tenant_id=TENANT) in outcome.effects
    same = opened_partnership(request(RequestState.APPLYING, decisions=WHOLE_CHAIN), asked(), NOW)
    assert (same.sponsor, same.former_sponsors, same.handover) == (SAM, (), ASKED)


@pytest.mark.parametrize(
    ("named", "handed_over_at", "stays"),
    [
        (SAM, NOW + DAY, True),
        (CHIE, NOW + DAY, True),
        (SAM, NOW - DAY, True),
        (CHIE, NOW - DAY, False),
        (SAM, NOW - 3 * DAY, False),
    ],
    ids=["after it", "after it, and another is asked for", "while undecided", "undecided, another", "before it"],
)
def test_who_took_over_while_a_request_waited_stays_the_sponsor(
    named: Person, handed_over_at: datetime, stays: bool
) -> None:
    filed = request(
        RequestState.APPLYING,
        fields=replace(particulars(), sponsor=named.chat_id),
        prepared=prepared(sponsor=named),
        decisions=WHOLE_CHAIN,
        created_at=NOW - 2 * DAY,
    )
    known = partnership(sponsor=DANA, former_sponsors=(FormerSponsor(person=SAM, until=handed_over_at),))
    outcome = advance_request_and_record(filed, RecordApplied(configuration={}), situation(NOW + 2 * DAY), known)
    record = outcome.partnership
    assert record is not None
    assert record.sponsor == (DANA if stays else named)
    codes = [fact.code for fact in outcome.request.note]
    assert codes == ([NoteCode.SPONSOR_HANDED_OVER] if stays else [])
    overwritten = advance_request_and_record(
        filed, RecordOverwritten(configuration={}), situation(NOW + 2 * DAY), known
    )
    told = {effect.person for effect in overwritten.effects if isinstance(effect, SendMessage)}
    assert told == {RILEY.chat_id, (DANA if stays else named).chat_id}


def test_a_blocked_partner_and_a_request_without_approvals_keep_the_named_sponsor_unless_it_was_handed_over() -> None:
    known = partnership(sponsor=DANA, former_sponsors=(FormerSponsor(person=SAM, until=NOW + DAY),))
    blocked = replace(known, state=PartnershipState.REVOKED)
    filed = request(RequestState.APPLYING, decisions=())
    assert sponsor_since_approval(filed, known) == DANA
    assert sponsor_since_approval(filed, blocked) is None
    assert sponsor_since_approval(filed, None) is None
    assert sponsor_since_approval(filed, replace(known, sponsor=SAM)) is None


def test_a_revoked_partner_asks_nobody_and_remembers_its_sponsors() -> None:
    known = asked(former_sponsors=(FormerSponsor(person=BRUNO, until=NOW),))
    closed = closed_partnership(request(RequestState.APPLYING, RequestKind.REVOCATION), known, NOW)
    assert closed.handover is not None
    assert (closed.handover.state, closed.due_at) == (HandoverState.STOPPED, None)
    assert closed.former_sponsors == known.former_sponsors
    later = NOW + DAY
    reopened = opened_partnership(
        request(RequestState.APPLYING, prepared=prepared(sponsor=CHIE), decisions=WHOLE_CHAIN), closed, later
    )
    assert FormerSponsor(person=SAM, until=NOW) in reopened.former_sponsors, "until it was revoked"


def test_the_attacker_hands_over_and_cannot_approve() -> None:
    """A sponsor gives the partner to a friend, the friend asks for more, and the sponsor approves: refused."""
    amara_was_sponsor = advanced(
        partnership(sponsor=AMARA, handover=replace(ASKED, proposed=BRUNO)),
        AcceptSponsorship(actor=BRUNO, tenant_id=TENANT, number=1),
    )
    asks_for_more = request(fields=particulars())
    click = Approve(actor=AMARA, request_id=REQUEST, digest=asks_for_more.plan.digest)
    with pytest.raises(Refused) as refused:
        advance_request_and_record(asks_for_more, click, situation(), amara_was_sponsor)
    assert refused.value.code == "partner_sponsor"
    assert "90 days" in refusal_words(refused.value)
    later = situation(NOW + DAY)
    assert advance_request_and_record(asks_for_more, click, later, partnership()).request.decisions


def test_an_approval_of_who_becomes_the_sponsor_does_not_count_any_more() -> None:
    approved = request(decisions=(approval(AMARA, 0), approval(BRUNO, 1)))
    record = advanced(asked(), ACCEPT)
    click = Approve(actor=CHIE, request_id=REQUEST, digest=approved.plan.digest)
    with pytest.raises(Refused, match="not_your_turn"):
        advance_request_and_record(approved, click, situation(), record)
    after = advance_request_and_record(approved, click, situation(chie="security data-owner"), record)
    assert after.request.state is RequestState.AWAITING_APPROVAL, "three approvals, and one does not count"
    assert AMARA in after.request.require_prepared().partner_sponsors


def test_before_the_write_it_is_checked_again() -> None:
    approved = request(RequestState.APPLYING, decisions=WHOLE_CHAIN)
    assert approved.verdict(everybody()).is_complete
    record = advanced(asked(), ACCEPT)
    named = with_partner_sponsors(approved, record, NOW)
    assert not named.verdict(everybody()).is_complete
    reopened = advance_request_and_record(approved, Reopen(reason=noted("Amara.")), situation(), record).request
    assert reopened.state is RequestState.AWAITING_APPROVAL
    assert [decision.person for decision in reopened.decisions] == [BRUNO, CHIE]


@pytest.mark.parametrize(
    "known",
    [
        request(RequestState.PREPARING),
        request(RequestState.APPLIED, decisions=WHOLE_CHAIN),
        request(RequestState.APPLYING, decisions=WHOLE_CHAIN, writing_since=NOW),
        request(RequestState.APPLYING, RequestKind.REVOCATION),
    ],
    ids=["no plan", "ended", "a write was sent", "no approvals"],
)
def test_what_is_not_decided_any_more_stays_as_it_is(known: AccessRequest) -> None:
    assert with_partner_sponsors(known, partnership(sponsor=DANA), NOW) is known


def test_whoever_is_named_stays_named() -> None:
    """Time passes while a request waits: a person does not get the right to decide on it."""
    named = with_partner_sponsors(request(), partnership(sponsor=DANA), NOW)
    assert named.require_prepared().partner_sponsors == (DANA,)
    assert with_partner_sponsors(named, partnership(sponsor=DANA), NOW) is named
    both = with_partner_sponsors(named, partnership(sponsor=CHIE), NOW)
    assert set(both.require_prepared().partner_sponsors) == {DANA, CHIE}
    assert with_partner_sponsors(named, None, NOW) is named


def test_sponsors_of_lately_are_not_asked_and_told_why() -> None:
    nobody_in_chat = Person(id=PersonId("id-gone"), chat_id=ChatId(""), name="Gone")
    named = request(prepared=prepared(partner_sponsors=(AMARA, nobody_in_chat)))
    who = eligibility(named)
    assert who.ineligible_reason(AMARA.chat_id) is IneligibleReason.PARTNER_SPONSOR
    assert who.ineligible_reason(ChatId("U-NEW"), AMARA.id) is IneligibleReason.PARTNER_SPONSOR
    assert who.ineligible_reason(ChatId(""), BRUNO.id) is None
    assert AMARA.chat_id in who.chat_ids
    assert AMARA.chat_id not in who.eligible_members([AMARA.chat_id, BRUNO.chat_id])
    with pytest.raises(Refused) as refused:
        require_may_decide(named, AMARA, named.plan.digest, current_roles=everybody(), now=NOW)
    assert refused.value.code == "partner_sponsor"


def test_an_open_request_names_the_new_sponsor() -> None:
    known = request(prepared=prepared(partner_sponsors=(SAM,)))
    outcome = advance_request_and_record(known, RecordSponsors(people=(AMARA, SAM)), situation(), partnership())
    assert outcome.request.require_prepared().partner_sponsors == (AMARA, SAM)
    member = request(batch=BATCH)
    assert advance_request_and_record(member, RecordSponsors(people=(AMARA,)), situation()).effects == ()


def test_without_a_hand_over_nobody_is_told() -> None:
    assert handover_effects(partnership(), partnership(), ExpireHandover()) == (ShowHandover(tenant_id=TENANT),)

"""An approver asks for changes or proposes less: who may, what stops the clock, what counts as less, and its end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    EXPIRY,
    LIFETIME,
    MALLORY,
    NOW,
    REQUEST,
    RILEY,
    SAM,
    TENANT,
    WHOLE_CHAIN,
    approval,
    edit,
    particulars,
    prepared,
    request,
    situation,
)
from workflows.core.conversation.remarks import Remark, RemarkId, RemarkKind
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.plans.plan import AtEnd, OnSilence, Plan
from workflows.core.plans.planning import plan_access
from workflows.core.requests.commands.automatic import Expire, Replan
from workflows.core.requests.commands.clicks import Click, actor_of, subject_of, with_person, written_text
from workflows.core.requests.commands.editing import (
    MAX_EDITS,
    AcceptProposal,
    DeclineProposal,
    LessAsked,
    ProposeLess,
    RecordProposal,
    RequestChanges,
)
from workflows.core.requests.commands.request import Approve, CommandSubject, Reject
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.proposals import ends_no_later, is_watched_as_well, require_less, settings_difference
from workflows.core.requests.request import (
    AccessRequest,
    ChangesRequested,
    EditRecord,
    Proposal,
    RequestKind,
    RequestState,
)
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.model import AutomaticRedemption, InboundTrust, Property, Setting

S = RequestState
DIGEST = prepared().plan.digest
DEFAULT: dict[str, Any] = {"inboundTrust": {"isMfaAccepted": False}}
REDEMPTION = "automaticUserConsentSettings.inboundAllowed"
TRUST: Setting = InboundTrust(mfa=True)
MONTH = timedelta(days=30)


def waiting(**changes: Any) -> AccessRequest:
    """The usual request, with the tenant's default read."""
    known = prepared()
    return request(prepared=replace(known, observation=replace(known.observation, default=DEFAULT)), **changes)


def less_plan(days: int = 90, *, redemption: bool = False, **changes: Any) -> Plan:
    """The usual plan, without automatic redemption unless told otherwise."""
    settings: dict[Property, Setting] = {Property.INBOUND_TRUST: TRUST}
    if redemption:
        settings[Property.AUTOMATIC_REDEMPTION] = AutomaticRedemption(inbound=True)
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings=settings,
        template="trusted-partner",
        template_hash=prepared().plan.template_hash,
        duration=timedelta(days=days),
    )
    return replace(plan, **changes)


def proposed(actor: Person = AMARA, plan: Plan | None = None, **changes: Any) -> RecordProposal:
    """Amara's proposal to leave out automatic redemption."""
    proposal = Proposal(
        number=0,
        person=actor,
        fields=replace(particulars(), left_out=(REDEMPTION,)),
        plan=plan or less_plan(left_out=(REDEMPTION,)),
        template_title="Trusted partner",
        stages=prepared().stages,
        reason="Guests can accept the prompt.",
        digest=DIGEST,
        at=NOW,
    )
    return RecordProposal(proposal=replace(proposal, **changes), review_interval=MONTH)


def asked(actor: Person = AMARA, text: str = "Only 30 days, please.") -> RequestChanges[Person]:
    return RequestChanges(actor=actor, request_id=REQUEST, digest=DIGEST, text=text)


def declined(number: int = 1, actor: Person = RILEY, reason: str = "We need it.") -> DeclineProposal[Person]:
    return DeclineProposal(actor=actor, request_id=REQUEST, digest=DIGEST, number=number, reason=reason)


def with_proposal() -> AccessRequest:
    return advance(waiting(), proposed(), situation()).request


def test_asking_for_changes_is_recorded_and_stops_the_clock() -> None:
    moved = advance(waiting(), asked(text=" Only 30 days, please. "), situation())
    after = moved.request
    text = "Only 30 days, please."
    assert after.changes_requested == ChangesRequested(person=AMARA, text=text, at=NOW, remark=RemarkId("1"))
    [remark] = after.remarks
    assert (remark.kind, remark.person, remark.text) == (RemarkKind.CHANGES, AMARA, text)
    assert after.clock_stop is not None
    assert after.expires_at > EXPIRY
    assert moved.effects == (ShowRequest(request_id=REQUEST),)
    assert (after.state, after.decisions) == (S.AWAITING_APPROVAL, ())


def test_an_edit_answers_what_was_asked_for() -> None:
    known = advance(waiting(), asked(), situation()).request
    after = advance(known, edit(), situation(NOW + timedelta(days=1))).request
    assert (after.changes_requested, after.clock_stop) == (None, None)
    assert after.expires_at == NOW + timedelta(days=1) + LIFETIME


def test_who_asked_takes_it_back_by_approving_and_the_deadline_moves_by_the_stop() -> None:
    known = advance(waiting(), asked(), situation()).request
    approves = Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST)
    after = advance(known, approves, situation(NOW + timedelta(days=2))).request
    assert (after.changes_requested, after.clock_stop) == (None, None)
    assert after.expires_at == EXPIRY + timedelta(days=2)


def test_who_proposed_takes_it_back_by_approving() -> None:
    after = advance(with_proposal(), Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), situation()).request
    assert (after.proposal, len(after.decisions)) == (None, 1)


def test_the_clock_stays_stopped_for_a_question_that_is_still_open() -> None:
    question = Remark(
        id=RemarkId("1"), kind=RemarkKind.QUESTION, person=BRUNO, text="?", at=NOW, asked=(RILEY,), stops_clock=True
    )
    known = advance(waiting(remarks=(question,)), asked(), situation()).request
    after = advance(known, Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST), situation()).request
    assert after.changes_requested is None
    assert after.clock_stop is not None


def test_an_approval_of_somebody_else_takes_nothing_back() -> None:
    known = advance(waiting(decisions=(approval(AMARA, 0),)), asked(), situation()).request
    known = replace(known, proposal=with_proposal().proposal)
    after = advance(known, Approve(actor=BRUNO, request_id=REQUEST, digest=DIGEST), situation()).request
    assert (after.changes_requested, after.proposal) == (known.changes_requested, known.proposal)


@pytest.mark.parametrize("command", [Expire(), Reject(actor=AMARA, request_id=REQUEST, digest=DIGEST, reason="No")])
def test_nothing_is_asked_of_a_request_that_has_ended(command: Any) -> None:
    known = replace(
        with_proposal(), changes_requested=ChangesRequested(person=BRUNO, text="x", at=NOW, remark=RemarkId("1"))
    )
    at = known.expires_at if isinstance(command, Expire) else NOW
    after = advance(known, command, situation(at)).request
    assert after.is_terminal
    assert (after.changes_requested, after.proposal) == (None, None)


@pytest.mark.parametrize("actor", [RILEY, SAM, MALLORY])
@pytest.mark.parametrize("command", [asked, proposed])
def test_only_who_may_decide_asks_and_proposes(actor: Person, command: Any) -> None:
    """Requester and sponsor hold the role in these tests, and still may not."""
    with pytest.raises(Refused):
        advance(waiting(), command(actor), situation())


def test_nobody_asks_when_all_approvals_are_given() -> None:
    known = waiting(decisions=WHOLE_CHAIN)
    with worded_refusal(Refused, match="has all its approvals"):
        advance(known, asked(), situation())


@pytest.mark.parametrize("kind", [RequestKind.RESTORATION, RequestKind.ADOPTION, RequestKind.REVOCATION])
@pytest.mark.parametrize("command", [asked(), proposed()])
def test_other_kinds_of_requests_cannot_be_changed(kind: RequestKind, command: Any) -> None:
    known = request(S.AWAITING_APPROVAL, kind, prepared=prepared())
    with worded_refusal(Refused, match="only on an access request"):
        advance(known, command, situation())


@pytest.mark.parametrize("command", [asked(), proposed(), declined()])
def test_a_member_of_a_batch_is_decided_with_it(command: Any) -> None:
    with pytest.raises(Refused) as refused:
        advance(replace(with_proposal(), batch=BATCH), command, situation())
    assert refused.value.code is RefusalCode.IN_A_BATCH


def test_a_text_is_needed() -> None:
    with pytest.raises(Refused):
        advance(waiting(), asked(text=" "), situation())
    with pytest.raises(Refused):
        advance(waiting(), proposed(reason=""), situation())
    with pytest.raises(Refused):
        advance(with_proposal(), declined(reason=" "), situation())


def test_a_proposal_is_stored_with_its_number_and_a_newer_one_replaces_it() -> None:
    known = with_proposal()
    assert known.proposal is not None
    assert (known.proposal.number, known.proposal.at, known.decisions) == (1, NOW, ())
    assert known.edits == (), "the proposer is no editor"
    newer = advance(known, proposed(plan=less_plan(30), reason="Shorter"), situation()).request
    assert newer.proposal is not None
    assert (newer.proposal.number, newer.proposal.reason) == (2, "Shorter")
    assert [remark.kind for remark in newer.remarks] == [RemarkKind.PROPOSAL, RemarkKind.PROPOSAL]


def test_a_proposal_that_gives_more_is_refused_whatever_it_says() -> None:
    wider = less_plan(redemption=True, operations=less_plan(redemption=True).operations)
    wider = plan_access(
        tenant_id=TENANT,
        before=None,
        settings={Property.INBOUND_TRUST: InboundTrust(mfa=True, compliant_device=True)},
        template="trusted-partner",
        template_hash=wider.template_hash,
        duration=wider.duration or MONTH,
    )
    with worded_refusal(Refused, match="would give more access"):
        advance(waiting(), proposed(plan=wider), situation())


def test_the_requester_declines_and_the_proposer_is_told() -> None:
    moved = advance(with_proposal(), declined(), situation())
    assert moved.request.proposal is None
    assert moved.request.remarks[-1].kind is RemarkKind.DECLINED
    [message] = [effect for effect in moved.effects if isinstance(effect, SendMessage)]
    assert (message.person, message.fact.code) == (AMARA.chat_id, MessageCode.PROPOSAL_DECLINED)
    assert moved.request.plan.digest == DIGEST


def test_who_sent_the_request_for_the_requester_answers_a_proposal_too() -> None:
    """They may edit the request as well, and decide on it no more than the requester."""
    known = with_proposal()
    sent = replace(known, prepared=replace(known.require_prepared(), submitter=CHIE))
    assert advance(sent, declined(actor=CHIE), situation()).request.proposal is None
    assert [one.person for one in advance(sent, accepted(actor=CHIE), situation()).request.edits] == [CHIE]


def accepted(number: int = 1, actor: Person = RILEY) -> Any:
    return replace(edit(actor), accepts=number)


def test_accepting_is_an_edit_by_the_requester_with_what_was_proposed() -> None:
    known = with_proposal()
    after = advance(known, accepted(), situation()).request
    assert (after.state, after.fields.left_out, after.proposal) == (S.PREPARING, (REDEMPTION,), None)
    assert after.fields.justification == "Joint launch in May", "only what was proposed"
    assert [record.person for record in after.edits] == [RILEY]
    values = {"name": "Riley", "proposer": "Amara"}
    assert Fact(NoteCode.PROPOSAL_ACCEPTED, values) in after.asked_again
    ready = replace(after, state=S.AWAITING_APPROVAL)
    assert AMARA.id not in ready.require_prepared().excluded | {one.person.id for one in ready.edits}


@pytest.mark.parametrize(
    ("known", "command", "code"),
    [
        (with_proposal(), accepted(2), RefusalCode.PROPOSAL_OUT_OF_DATE),
        (with_proposal(), declined(2), RefusalCode.PROPOSAL_OUT_OF_DATE),
        (waiting(), accepted(), RefusalCode.PROPOSAL_OUT_OF_DATE),
        (with_proposal(), accepted(actor=AMARA), RefusalCode.NOT_THE_REQUESTER),
        (with_proposal(), declined(actor=AMARA), RefusalCode.ONLY_REQUESTER_ANSWERS),
        (replace(with_proposal(), state=S.REJECTED), accepted(), RefusalCode.NOT_POSSIBLE_IN_THIS_STATE),
    ],
)
def test_answers_that_are_refused(known: AccessRequest, command: Any, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        advance(known, command, situation())
    assert refused.value.code is code


def test_a_proposal_cannot_be_answered_after_the_deadline_nor_twice() -> None:
    known = with_proposal()
    for command in (accepted(), declined()):
        with pytest.raises(Refused) as late:
            advance(known, command, situation(EXPIRY))
        assert late.value.code is RefusalCode.EXPIRED
    with pytest.raises(Refused):
        advance(advance(known, accepted(), situation()).request, accepted(), situation())


def test_a_new_plan_ends_a_proposal() -> None:
    after = advance(with_proposal(), Replan(reason=()), situation()).request
    assert after.proposal is None


@pytest.mark.parametrize(
    ("plan", "interval", "field", "code"),
    [
        (less_plan(180), MONTH, "duration", RefusalCode.PROPOSAL_ENDS_LATER),
        (less_plan(redemption=True), MONTH, "settings", RefusalCode.PROPOSAL_EMPTY),
        (less_plan(), None, "template", RefusalCode.PROPOSAL_WATCHED_LESS),
        (less_plan(), timedelta(days=60), "template", RefusalCode.PROPOSAL_WATCHED_LESS),
    ],
)
def test_what_is_no_proposal_is_refused_at_its_field(plan: Plan, interval: Any, field: str, code: RefusalCode) -> None:
    with pytest.raises(InvalidField) as refused:
        require_less(waiting(), plan, interval, NOW)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_nothing_is_proven_without_the_default_and_another_template_is_named() -> None:
    unknown = request()
    with pytest.raises(InvalidField) as refused:
        require_less(unknown, less_plan_without_trust(), MONTH, NOW)
    assert (refused.value.field, refused.value.code) == ("settings", RefusalCode.PROPOSAL_NOT_PROVEN)
    with pytest.raises(InvalidField) as refused:
        require_less(unknown, replace(less_plan_without_trust(), template="guests"), MONTH, NOW)
    assert refused.value.field == "template"


def less_plan_without_trust() -> Plan:
    return plan_access(
        tenant_id=TENANT,
        before=None,
        settings={Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True)},
        template="trusted-partner",
        template_hash="",
        duration=timedelta(days=90),
    )


def test_a_request_without_reviews_asks_for_none() -> None:
    known = waiting()
    known = replace(known, prepared=replace(known.require_prepared(), review_interval=None))
    require_less(known, less_plan(), None, NOW)


def test_settings_are_compared_as_they_would_stand() -> None:
    plan = prepared().plan
    assert settings_difference(plan, less_plan(), DEFAULT) is AccessChange.REDUCES
    assert settings_difference(plan, plan, DEFAULT) is AccessChange.SAME
    inherits = {"inboundTrust": {"isMfaAccepted": True}}
    assert settings_difference(plan, less_plan_without_trust(), inherits) is AccessChange.SAME


DAY_90 = NOW + timedelta(days=90)


@pytest.mark.parametrize(
    ("before", "after", "is_no_later"),
    [
        ({}, {"duration": MONTH}, True),
        ({}, {"ends_at": DAY_90}, True),
        ({}, {"ends_at": DAY_90 + timedelta(days=1)}, False),
        ({"ends_at": DAY_90}, {"ends_at": NOW}, True),
        ({"ends_at": DAY_90}, {"duration": timedelta(days=1)}, False),
        ({"duration": None}, {"duration": None}, True),
        ({"duration": None}, {}, False),
        ({}, {"duration": None}, False),
    ],
)
def test_which_end_is_certainly_no_later(before: Any, after: Any, is_no_later: bool) -> None:
    assert ends_no_later(replace(less_plan(), **before), replace(less_plan(), **after), NOW) is is_no_later


def test_access_that_ends_by_itself_stays_so() -> None:
    plan = less_plan(at_end=AtEnd.BLOCK, on_silence=OnSilence.SUSPEND)
    assert is_watched_as_well(plan, plan)
    assert is_watched_as_well(less_plan(), less_plan())
    assert not is_watched_as_well(plan, replace(plan, at_end=AtEnd.ASK))
    assert not is_watched_as_well(plan, replace(plan, on_silence=OnSilence.ESCALATE))


def test_what_is_left_out_is_part_of_what_is_approved() -> None:
    assert less_plan(left_out=(REDEMPTION,)).digest != less_plan().digest


def test_the_audit_log_has_what_was_asked_and_proposed() -> None:
    known = with_proposal()
    assert asked().audit_details() == {"digest": DIGEST, "text": "Only 30 days, please.", "account": AMARA.id}
    details = proposed().audit_details(known)
    assert details["changed"] == {"left_out": [[], [REDEMPTION]]}
    assert declined().audit_details()["number"] == 1
    assert accepted().audit_details(advance(known, accepted(), situation()).request)["accepts"] == 1
    less = LessAsked(template="", days=90, left_out=(REDEMPTION,), empty_placeholders=("group",))
    click = ProposeLess(actor=AMARA.chat_id, request_id=REQUEST, digest=DIGEST, less=less, reason="Enough")
    assert click.audit_details()["left_out"] == [REDEMPTION]
    assert click.audit_details()["empty_placeholders"] == ["group"]
    accepts = AcceptProposal(actor=RILEY.chat_id, request_id=REQUEST, digest=DIGEST, number=1)
    assert accepts.audit_details() == {"digest": DIGEST, "number": 1}


def test_a_click_is_about_its_request_and_its_text_is_kept_when_it_is_refused() -> None:
    less, chat_id = LessAsked(template="", days=90), RILEY.chat_id
    changes = RequestChanges(actor=chat_id, request_id=REQUEST, digest=DIGEST, text="Only 30 days, please.")
    clicks: list[tuple[Click, str]] = [
        (changes, "Only 30 days, please."),
        (ProposeLess(actor=chat_id, request_id=REQUEST, digest=DIGEST, less=less, reason="Enough"), "Enough"),
        (AcceptProposal(actor=chat_id, request_id=REQUEST, digest=DIGEST, number=1), ""),
        (DeclineProposal(actor=chat_id, request_id=REQUEST, digest=DIGEST, number=1, reason="Needed"), "Needed"),
    ]
    for click, text in clicks:
        assert subject_of(click) == CommandSubject(request_id=REQUEST)
        assert written_text(click) == text
    assert with_person(changes, AMARA) == asked()
    assert (actor_of(asked()), actor_of(proposed()), actor_of(declined())) == (AMARA, AMARA, RILEY)


@pytest.mark.parametrize("command", [asked(), proposed()])
def test_nothing_is_asked_of_a_requester_who_cannot_edit_any_more(command: Any) -> None:
    """A proposal that nobody can accept would only cost time. One that was made before can still be declined."""
    often = (EditRecord(person=RILEY, at=NOW),) * MAX_EDITS
    advance(waiting(edits=often[1:]), command, situation(NOW))
    with pytest.raises(Refused) as refused:
        advance(waiting(edits=often), command, situation(NOW))
    assert refused.value.code is RefusalCode.EDITED_TOO_OFTEN
    earlier = replace(advance(waiting(), proposed(), situation(NOW)).request, edits=often)
    assert advance(earlier, declined(), situation(NOW)).request.proposal is None

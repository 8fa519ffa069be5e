"""The end of access in a partner's record: what is due, what is copied from the plan, and what each step changes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import NOW, REQUEST, SAM, access_plan, everybody, partnership, prepared, request
from tests.workflows.world import CATALOG
from workflows.core.errors.raised import Refused
from workflows.core.partners.access_end.notices import AT_THE_END, EndNotice
from workflows.core.partners.extension import at_end_of, on_silence_of
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.outcome.new_records import opened_partnership, unapproved_partnership
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import GATEHOUSE
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.plans.planning import plan_access
from workflows.core.posture.record_concerns import due_concerns
from workflows.core.requests.commands.automatic import RecordApplied
from workflows.core.requests.commands.partner_record import AskReview, BlockAtEnd, IssueEndNotice, RecordEndNotice
from workflows.core.requests.effects import MessageCode, SendMessage, ShowBlockAtEnd, ShowReview
from workflows.core.requests.request import RequestKind, RequestState
from workflows.core.requests.transitions.transition import Situation, tell_requester
from workflows.core.settings.model import CLOSED

DAY: Final = timedelta(days=1)
END: Final = NOW + 90 * DAY


def blocking(**changes: Any) -> Partnership:
    """A partner that is blocked at its end."""
    return partnership(**{"at_end": AtEnd.BLOCK, **changes})


def after(record: Partnership, command: Any, now: Any = NOW) -> Partnership:
    return advance_review(record, command, current_roles=everybody(), now=now).partnership


def issue(days: int, **changes: Any) -> IssueEndNotice:
    return replace(IssueEndNotice(days=days, batch="b", ends_at=END), **changes)


def test_the_first_notice_is_due_before_the_end_also_where_people_are_asked() -> None:
    for record in (blocking(next_review_at=None), partnership(next_review_at=None)):
        assert record.due_at == END - 30 * DAY


def test_after_the_last_notice_the_end_is_due_only_where_it_blocks() -> None:
    told = {"end_notices": (EndNotice(ends_at=END, days=1, issued_at=NOW, batch="b"),), "next_review_at": None}
    assert blocking(**told).due_at == END
    assert partnership(**told).due_at is None


def test_once_people_were_asked_or_the_block_was_requested_nothing_more_is_due() -> None:
    record = after(blocking(next_review_at=None), issue(AT_THE_END), END)
    assert (record.is_end_handled, record.due_at) == (True, None)
    blocked = after(blocking(next_review_at=None), BlockAtEnd(request_id=REQUEST, ends_at=END), END)
    assert (blocked.blocked_by, blocked.end_step_at) == (REQUEST, None)


def test_a_partner_without_an_end_or_with_settings_that_nobody_approved_has_no_notices() -> None:
    assert blocking(ends_at=None).end_step_at is None
    assert blocking(basis=SettingsBasis.OVERWRITTEN).end_step_at is None


def test_a_review_that_would_come_at_the_end_is_not_asked_where_the_end_blocks() -> None:
    assert blocking(next_review_at=END).review_due_at is None
    assert partnership(next_review_at=END).review_due_at == END
    assert blocking(next_review_at=NOW + DAY).review_due_at == NOW + DAY
    with pytest.raises(Refused):
        after(blocking(next_review_at=END), AskReview(), END)


def test_a_notice_is_issued_once_and_only_for_the_end_of_today() -> None:
    record = after(blocking(), issue(30))
    assert [(one.days, one.batch, one.is_sent) for one in record.end_notices] == [(30, "b", False)]
    assert record.version == 4
    for again in (issue(30), issue(3, ends_at=NOW)):
        with pytest.raises(Refused):
            after(record, again)
    assert after(blocking(), issue(30, is_too_late=True)).end_notices[0].is_sent


def test_a_question_that_nobody_got_is_issued_again_after_a_day_in_place_of_the_first() -> None:
    first = after(blocking(), issue(30))
    asked = after(first, issue(AT_THE_END, batch="c"), END)
    missed = after(asked, RecordEndNotice(batch="c", people=()), END)
    with pytest.raises(Refused):
        after(missed, issue(AT_THE_END, batch="d"), END + DAY / 2)
    again = after(missed, issue(AT_THE_END, batch="d"), END + DAY)
    assert [(one.days, one.batch, one.is_sent) for one in again.end_notices] == [(30, "b", False), (0, "d", False)]
    with pytest.raises(Refused):
        after(again, issue(1, batch="e"), END + DAY)


def test_an_open_review_is_shown_again_at_the_end_because_keep_is_refused_from_then_on() -> None:
    due = blocking(state=PartnershipState.REVIEW_DUE)
    shown = advance_review(due, issue(AT_THE_END), current_roles=everybody(), now=END).effects
    assert ShowReview(tenant_id=due.identity.tenant_id) in shown
    for record, days in ((due, 30), (blocking(), AT_THE_END)):
        effects = advance_review(record, issue(days), current_roles=everybody(), now=END).effects
        assert not [one for one in effects if isinstance(one, ShowReview)]


def test_the_result_of_a_notice_is_recorded_once() -> None:
    record = after(after(blocking(), issue(30)), RecordEndNotice(batch="b", people=(SAM.chat_id,)), NOW + DAY)
    assert record.end_notices[0].delivered_at == NOW + DAY
    with pytest.raises(Refused):
        after(record, RecordEndNotice(batch="b", people=()))
    missed = after(after(blocking(), issue(30)), RecordEndNotice(batch="b", people=()))
    assert (missed.end_notices[0].is_sent, missed.end_notices[0].delivered_at) == (True, None)


def test_nothing_is_blocked_before_its_end_twice_or_at_another_end() -> None:
    block = BlockAtEnd(request_id=REQUEST, ends_at=END)
    with pytest.raises(Refused):
        after(blocking(), block, END - DAY)
    with pytest.raises(Refused):
        after(blocking(blocked_by=REQUEST), block, END)
    with pytest.raises(Refused):
        after(blocking(ends_at=END + DAY), block, END)


def test_the_record_has_what_the_approved_plan_says() -> None:
    plan = replace(access_plan(), at_end=AtEnd.BLOCK)
    applying = request(RequestState.APPLYING, prepared=prepared(plan=plan))
    assert opened_partnership(applying, None, NOW).at_end is AtEnd.BLOCK
    assert opened_partnership(request(RequestState.APPLYING), None, NOW).at_end is AtEnd.ASK
    assert plan.digest != access_plan().digest
    assert replace(plan, at_end=AtEnd.ASK).digest == access_plan().digest, "as plans of earlier versions"


def test_settings_that_nobody_approved_are_never_blocked_by_themselves() -> None:
    plan = replace(access_plan(), at_end=AtEnd.BLOCK)
    applying = request(RequestState.APPLYING, prepared=prepared(plan=plan))
    for earlier in (None, blocking()):
        record = unapproved_partnership(applying, earlier, NOW, configuration=None, basis=SettingsBasis.OVERWRITTEN)
        assert record.at_end is AtEnd.ASK


def test_a_reduction_keeps_the_end_and_what_happens_then() -> None:
    closing = {"tenantId": prepared().plan.tenant_id, "inboundTrust": {"isMfaAccepted": True}}
    reduced = replace(
        access_plan(closing),
        operations=(replace(access_plan(closing).operations[0], body={"inboundTrust": {"isMfaAccepted": False}}),),
    )
    one = request(RequestState.APPLYING, prepared=prepared(plan=reduced))
    told = after(blocking(), issue(30))
    record = opened_partnership(one, told, NOW + DAY)
    assert (record.at_end, record.ends_at, record.end_notices) == (AtEnd.BLOCK, END, told.end_notices)


def test_people_approve_the_end_that_a_reduction_keeps_and_not_that_of_its_template() -> None:
    asks = next(iter(CATALOG.templates.values()))
    asks, blocks = replace(asks, at_end=AtEnd.ASK), replace(asks, at_end=AtEnd.BLOCK)
    closing = {"tenantId": prepared().plan.tenant_id, "inboundTrust": {"isMfaAccepted": True}}
    reduced = replace(
        access_plan(closing),
        operations=(replace(access_plan(closing).operations[0], body={"inboundTrust": {"isMfaAccepted": False}}),),
    )
    assert at_end_of(reduced, blocking(), asks) is AtEnd.BLOCK
    assert at_end_of(reduced, partnership(), blocks) is AtEnd.ASK
    assert at_end_of(replace(reduced, extends=True), blocking(), asks) is AtEnd.ASK, "the whole chain decides"
    assert at_end_of(access_plan(), partnership(), blocks) is AtEnd.BLOCK
    for nothing_kept in (None, partnership(state=PartnershipState.REVOKED)):
        assert at_end_of(reduced, nothing_kept, blocks) is AtEnd.BLOCK
    closed = plan_access(
        tenant_id=reduced.tenant_id,
        before={"tenantId": reduced.tenant_id},
        settings=CLOSED,
        template="block",
        template_hash="",
        duration=DAY,
    )
    assert at_end_of(closed, blocking(), blocks) is AtEnd.ASK


def test_people_approve_the_answer_to_silence_that_a_reduction_keeps_and_not_that_of_its_template() -> None:
    asks = next(iter(CATALOG.templates.values()))
    escalates, suspends = (replace(asks, on_silence=one) for one in (OnSilence.ESCALATE, OnSilence.SUSPEND))
    closing = {"tenantId": prepared().plan.tenant_id, "inboundTrust": {"isMfaAccepted": True}}
    reduced = replace(
        access_plan(closing),
        operations=(replace(access_plan(closing).operations[0], body={"inboundTrust": {"isMfaAccepted": False}}),),
    )
    kept = partnership(on_silence=OnSilence.SUSPEND)
    assert on_silence_of(reduced, kept, escalates) is OnSilence.SUSPEND
    assert on_silence_of(reduced, partnership(), suspends) is OnSilence.ESCALATE
    assert on_silence_of(access_plan(), partnership(), suspends) is OnSilence.SUSPEND
    for nothing_kept in (None, partnership(state=PartnershipState.REVOKED)):
        assert on_silence_of(reduced, nothing_kept, suspends) is OnSilence.SUSPEND
    closed = plan_access(
        tenant_id=reduced.tenant_id,
        before={"tenantId": reduced.tenant_id},
        settings=CLOSED,
        template="block",
        template_hash="",
        duration=DAY,
    )
    assert on_silence_of(closed, kept, suspends) is OnSilence.ESCALATE


def test_the_result_of_a_block_at_the_end_goes_to_sponsor_and_admins_and_not_to_the_bot() -> None:
    """Gatehouse is its requester, and nobody reads messages to it."""
    fields = replace(request(RequestState.APPLYING, RequestKind.REVOCATION).fields, period_ended_at=END)
    fields = replace(fields, requester=GATEHOUSE.chat_id)
    applying = request(RequestState.APPLYING, RequestKind.REVOCATION, fields=fields)
    assert applying.is_block_at_end
    outcome = advance_request_and_record(applying, RecordApplied(configuration={}), Situation(now=END), blocking())
    assert outcome.partnership is not None
    assert outcome.partnership.state is PartnershipState.REVOKED
    assert ShowBlockAtEnd(request_id=applying.id) in outcome.effects
    assert not [one for one in outcome.effects if isinstance(one, SendMessage)]


def test_gatehouse_gets_no_message_about_its_own_block() -> None:
    fields = replace(request(RequestState.APPLYING, RequestKind.REVOCATION).fields, requester=GATEHOUSE.chat_id)
    assert tell_requester(request(RequestState.APPLYING, fields=fields), MessageCode.REQUEST_WAITS) == ()


def test_the_posture_says_that_an_ended_access_waits_to_be_blocked() -> None:
    [waits] = due_concerns(blocking(next_review_at=None), END)
    [asks] = due_concerns(partnership(next_review_at=END), END)
    assert waits.values["at_end"] == "block"
    assert "at_end" not in asks.values

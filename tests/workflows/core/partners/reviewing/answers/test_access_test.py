"""Who is asked whether an access works, about which settings, and what an answer changes: only what is known."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import (
    AMARA,
    DANA,
    NOW,
    REQUEST,
    RILEY,
    SAM,
    TENANT,
    access_plan,
    everybody,
    particulars,
    partnership,
    prepared,
    reduction_plan,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.advancing import PartnerOutcome, advance_request_and_record
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis, Suspension
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import GATEHOUSE, Person
from workflows.core.policy.reviews.access_test import (
    ASKED_APART,
    MAX_ANSWERS,
    AccessAnswer,
    AccessFailure,
    AccessOutcome,
    AccessTest,
    answered,
)
from workflows.core.requests.commands.automatic import RecordApplied, RecordOverwritten
from workflows.core.requests.commands.partner_record import PartnershipCommand
from workflows.core.requests.commands.review_event import AnswerAccessTest, AskAccessTest, RequestAccessTest
from workflows.core.requests.effects import Effect, MessageCode, SendMessage, ShowAccessTest
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.intervals import ACCESS_TESTED_AFTER, ACCESS_TESTED_AGAIN_AFTER

DUE = NOW + ACCESS_TESTED_AFTER
TESTED = AccessTest(testers=(RILEY,), due_at=DUE)
ASKED = AccessTest(testers=(RILEY,), question=1, asked_at=DUE)
SHOWN = (ShowAccessTest(tenant_id=TENANT),)
WORKS, FAILS, NOT_TRIED = AccessOutcome.WORKS, AccessOutcome.FAILS, AccessOutcome.NOT_TRIED
SAID = AccessFailure(
    what=" They see an error. ",
    address="maria@contoso.com",
    code="AADSTS500213",
    correlation_id=" 0f3c ",
    time=" 14:03 ",
)


def applied(requested: AccessRequest, earlier: Partnership | None = None) -> PartnerOutcome:
    return advance_request_and_record(requested, RecordApplied(configuration={}, default={}), situation(), earlier)


def access_test_of(outcome: PartnerOutcome) -> AccessTest | None:
    assert outcome.partnership is not None
    return outcome.partnership.access_test


def advanced(known: Partnership, command: PartnershipCommand, later: timedelta = timedelta(0)) -> Partnership:
    return advance_review(known, command, current_roles=everybody(riley="", sam=""), now=DUE + later).partnership


def effects(known: Partnership, command: PartnershipCommand) -> tuple[Effect, ...]:
    return advance_review(known, command, current_roles=everybody(riley="", sam=""), now=DUE).effects


def refusal(known: Partnership, command: PartnershipCommand, later: timedelta = timedelta(0)) -> str:
    with pytest.raises(Refused) as refused:
        advanced(known, command, later)
    assert refusal_words(refused.value)
    return str(refused.value.code)


def answer(actor: Person = RILEY, outcome: AccessOutcome = WORKS, **changes: Any) -> AnswerAccessTest[Person]:
    return replace(AnswerAccessTest(actor=actor, tenant_id=TENANT, question=1, outcome=outcome), **changes)


def test_a_week_after_opened_access_the_requester_and_who_sent_it_are_asked() -> None:
    assert access_test_of(applied(request(RequestState.APPLYING))) == TESTED
    sent = request(RequestState.APPLYING, prepared=prepared(submitter=AMARA))
    assert access_test_of(applied(sent)) == replace(TESTED, testers=(RILEY, AMARA))
    own = request(RequestState.APPLYING, prepared=prepared(requester=GATEHOUSE))
    assert access_test_of(applied(own)) == replace(TESTED, testers=())
    known = partnership(access_test=TESTED)
    assert known.due_at == DUE
    assert refusal(known, AskAccessTest(), -timedelta(seconds=1)) == "not_due"
    after = advanced(known, AskAccessTest())
    assert after.access_test == ASKED
    assert effects(known, AskAccessTest()) == SHOWN
    assert refusal(after, AskAccessTest()) == "not_due", "exactly once"


@pytest.mark.parametrize(
    "plan",
    [
        reduction_plan(),
        replace(access_plan(), operations=()),
        replace(reduction_plan(), extends=True),
    ],
    ids=["reduction", "extension", "extension with a reduction"],
)
def test_what_opens_nothing_leaves_the_test_as_it_is(plan: Any) -> None:
    less = request(RequestState.APPLYING, prepared=prepared(plan=plan))
    assert access_test_of(applied(less)) is None
    assert access_test_of(applied(less, partnership(access_test=ASKED))) == ASKED


def test_an_adoption_is_not_tested() -> None:
    fields = replace(request().fields, kind=RequestKind.ADOPTION)
    adoption = request(RequestState.APPLYING, fields=fields)
    assert access_test_of(applied(adoption)) is None


def test_a_newer_applied_request_asks_for_its_own_and_ends_the_open_question() -> None:
    outcome = applied(request(RequestState.APPLYING), partnership(access_test=ASKED))
    assert access_test_of(outcome) == replace(TESTED, question=1)
    assert SHOWN[0] in outcome.effects
    assert SHOWN[0] not in applied(request(RequestState.APPLYING), partnership(access_test=TESTED)).effects


def test_a_block_ends_the_test_and_nobody_is_asked() -> None:
    revocation = request(RequestState.APPLYING, RequestKind.REVOCATION)
    outcome = applied(revocation, partnership(access_test=ASKED))
    assert access_test_of(outcome) == AccessTest(question=1), "so that an old message never answers a newer question"
    assert SHOWN[0] in outcome.effects
    assert access_test_of(applied(revocation, partnership(access_test=TESTED))) is None
    closed = partnership(state=PartnershipState.SUSPENDED, access_test=TESTED)
    assert closed.access_test_due_at is None
    assert refusal(closed, AskAccessTest()) == "suspended"
    revoked = partnership(state=PartnershipState.REVOKED, access_test=ASKED)
    assert refusal(revoked, answer()) == "revoked"


def test_settings_that_nobody_approved_are_not_tested() -> None:
    overwritten = advance_request_and_record(
        request(RequestState.APPLYING), RecordOverwritten(configuration={}), situation(), partnership(access_test=ASKED)
    )
    assert access_test_of(overwritten) == AccessTest(question=1)
    known = partnership(basis=SettingsBasis.PARTLY_APPLIED, access_test=TESTED)
    assert known.access_test_due_at is None
    assert refusal(known, RequestAccessTest(actor=SAM, tenant_id=TENANT)) == "access_not_testable"


def test_nobody_is_asked_after_the_end() -> None:
    ending = partnership(ends_at=DUE, access_test=TESTED)
    assert ending.access_test_due_at is None
    assert refusal(ending, AskAccessTest()) == "not_due"
    assert refusal(ending, RequestAccessTest(actor=SAM, tenant_id=TENANT)) == "access_not_testable"
    assert partnership(ends_at=None, access_test=TESTED).access_test_due_at == DUE


@pytest.mark.parametrize("actor", [RILEY, SAM, DANA])
def test_the_requester_the_sponsor_and_admins_ask_and_answer(actor: Person) -> None:
    after = advanced(partnership(access_test=TESTED), RequestAccessTest(actor=actor, tenant_id=TENANT))
    assert after.access_test == replace(ASKED, asked_by=actor)
    said = advanced(after, answer(actor))
    assert said.access_test is not None
    assert said.access_test.result == AccessAnswer(question=1, outcome=WORKS, person=actor, at=DUE)


def test_everybody_else_gets_one_refusal() -> None:
    for known in (partnership(access_test=ASKED), partnership(access_test=None)):
        for command in (answer(AMARA), answer(AMARA, question=7), RequestAccessTest(actor=AMARA, tenant_id=TENANT)):
            assert refusal(known, command) == "may_not_test_access"


def test_who_had_it_asked_is_told_whom() -> None:
    asked_by_sam = RequestAccessTest(actor=SAM, tenant_id=TENANT, channel="C1")
    shown, told = effects(partnership(access_test=TESTED), asked_by_sam)
    assert shown == SHOWN[0]
    assert isinstance(told, SendMessage)
    assert (told.person, told.channel, told.fact.code) == (SAM.chat_id, "C1", MessageCode.ACCESS_TEST_ASKED)
    assert told.fact.values == {"partner": "contoso.com", "people": ["Riley"]}
    assert effects(partnership(access_test=TESTED), replace(asked_by_sam, actor=RILEY)) == SHOWN
    _, told = effects(partnership(access_test=None), asked_by_sam)
    assert isinstance(told, SendMessage)
    assert told.fact.values["people"] == ["Sam"], "a record of an earlier version names no requester"


def test_a_question_without_an_answer_is_asked_again_only_after_a_day() -> None:
    again = RequestAccessTest(actor=SAM, tenant_id=TENANT)
    known = partnership(access_test=ASKED)
    assert refusal(known, again, ASKED_APART - timedelta(seconds=1)) == "access_test_open"
    after = advanced(known, again, ASKED_APART)
    assert after.access_test is not None
    assert after.access_test.question == 2
    assert refusal(after, answer()) == "access_test_over", "the first message answers nothing any more"


@pytest.mark.parametrize("outcome", [WORKS, NOT_TRIED])
def test_who_asks_and_answers_cannot_ask_again_on_the_same_day(outcome: AccessOutcome) -> None:
    again = RequestAccessTest(actor=SAM, tenant_id=TENANT)
    known = advanced(partnership(access_test=ASKED), answer(SAM, outcome))
    assert refusal(known, again) == "access_test_open"
    assert advanced(known, again, ASKED_APART).access_test is not None


def test_after_a_repair_it_is_asked_at_once_but_once_a_day() -> None:
    again = RequestAccessTest(actor=SAM, tenant_id=TENANT)
    known = advanced(partnership(access_test=ASKED), answer(SAM, FAILS, failure=SAID))
    asked_again = advanced(known, again)
    second = advanced(asked_again, answer(SAM, FAILS, failure=SAID, question=2))
    assert refusal(second, again) == "access_test_open"
    next_day = advanced(second, again, ASKED_APART)
    third = advanced(next_day, answer(SAM, FAILS, failure=SAID, question=3), ASKED_APART)
    assert advanced(third, again, ASKED_APART).access_test is not None


def test_one_answer_counts() -> None:
    after = advanced(partnership(access_test=ASKED), answer())
    assert refusal(after, answer(SAM, FAILS, failure=SAID)) == "access_test_answered"
    assert refusal(partnership(access_test=TESTED), answer(question=0)) == "access_test_over"
    assert refusal(partnership(access_test=None), answer(SAM)) == "access_test_over"


def test_no_says_what_happens() -> None:
    known = partnership(access_test=ASKED)
    assert refusal(known, answer(outcome=FAILS)) == "access_failure_unknown"
    assert refusal(known, answer(outcome=FAILS, failure=AccessFailure(what="  "))) == "access_failure_unknown"
    after = advanced(known, answer(outcome=FAILS, failure=SAID))
    assert after.access_test is not None
    assert after.access_test.result is not None
    assert after.access_test.result.failure == replace(
        SAID, what="They see an error.", correlation_id="0f3c", time="14:03"
    )
    assert after.access_test.due_at is None
    works = advanced(known, answer(failure=SAID)).access_test
    assert works is not None
    assert works.answers[0].failure is None, "what works has no failure"


def test_not_tried_is_asked_once_more_and_then_stops() -> None:
    first = advanced(partnership(access_test=ASKED), answer(outcome=NOT_TRIED))
    assert first.access_test is not None
    assert first.access_test_due_at == DUE + ACCESS_TESTED_AGAIN_AFTER
    assert (first.access_test.result, first.access_test.is_open) == (None, False), "nothing is claimed"
    again = advanced(first, AskAccessTest(), ACCESS_TESTED_AGAIN_AFTER)
    second = advanced(again, answer(outcome=NOT_TRIED, question=2), ACCESS_TESTED_AGAIN_AFTER)
    assert second.access_test_due_at is None
    works = advanced(again, answer(question=2), ACCESS_TESTED_AGAIN_AFTER).access_test
    assert works is not None
    assert works.result is not None


def test_the_newest_answers_are_kept() -> None:
    test = ASKED
    for number in range(MAX_ANSWERS + 2):
        test = answered(test, AccessAnswer(question=number, outcome=NOT_TRIED, person=RILEY, at=NOW))
    assert [one.question for one in test.answers] == list(range(2, MAX_ANSWERS + 2))


def test_a_lifted_suspension_is_tested_again() -> None:
    fields = replace(particulars(RequestKind.RESTORATION), restores=REQUEST, restores_result=True, lifts=True)
    lift = request(RequestState.APPLYING, RequestKind.RESTORATION, fields=fields)
    known = partnership(
        state=PartnershipState.SUSPENDED,
        suspension=Suspension(at=NOW, request_id=REQUEST),
        access_test=AccessTest(question=3),
    )
    assert access_test_of(applied(lift, known)) == replace(TESTED, question=3)

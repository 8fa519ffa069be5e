"""A click contains a chat id only; it becomes a command after the permission check finds the person."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    DANA,
    REDEEM_STEP,
    REQUEST,
    SAM,
    TENANT,
    everybody,
    partnership,
    request,
)
from tests.workflows.core.builders import situation as moment
from workflows.core.partners.partnership import PartnershipState
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import ChatId, Person
from workflows.core.policy.delegation.absence import AbsenceId
from workflows.core.policy.reviews.access_test import AccessFailure, AccessOutcome
from workflows.core.requests.commands.automatic import Expire
from workflows.core.requests.commands.batch import WithdrawBatch
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope, StartCampaign, WithdrawCampaign
from workflows.core.requests.commands.clicks import (
    Click,
    DropEffect,
    RetryEffect,
    actor_of,
    received_name,
    subject_of,
    with_person,
    written_text,
)
from workflows.core.requests.commands.partner_record import (
    AskReview,
    ConfirmSetup,
    Keep,
    PartnershipCommand,
    RemindSetup,
    Revoke,
    UnconfirmSetup,
)
from workflows.core.requests.commands.people import EndAbsence, Reassign
from workflows.core.requests.commands.request import (
    Approve,
    CommandSubject,
    Comment,
    Reject,
    RemindApprovers,
    RequestCommand,
    Withdraw,
)
from workflows.core.requests.commands.review_event import AnswerAccessTest, RequestAccessTest
from workflows.core.requests.lifecycle import advance

DIGEST = request().plan.digest
APPROVE = Approve(actor=AMARA.chat_id, request_id=REQUEST, digest=DIGEST, channel="C1")
REJECT = Reject(actor=AMARA.chat_id, request_id=REQUEST, digest=DIGEST, reason="Too wide")
KEEP = Keep(actor=SAM.chat_id, tenant_id=TENANT, reason="Needed")
CONFIRM = ConfirmSetup(actor=SAM.chat_id, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest)
UNCONFIRM = UnconfirmSetup(actor=SAM.chat_id, tenant_id=TENANT, step=REDEEM_STEP.key)
REMIND = RemindSetup(actor=SAM.chat_id, tenant_id=TENANT)
ASK_TEST = RequestAccessTest(actor=SAM.chat_id, tenant_id=TENANT)
FAILS = AnswerAccessTest(
    actor=SAM.chat_id,
    tenant_id=TENANT,
    question=1,
    outcome=AccessOutcome.FAILS,
    failure=AccessFailure(what="They see an error"),
)


def test_a_click_is_not_treated_as_a_command() -> None:
    """NB. each `type: ignore` is the proof: mypy reports one that nothing needs. Run all the same, it fails."""
    with pytest.raises(AttributeError):
        advance(request(), APPROVE, moment())  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        advance(request(), REJECT, moment())  # type: ignore[arg-type]
    due = partnership(state=PartnershipState.REVIEW_DUE, setup=(REDEEM_STEP,))
    on, now = everybody(), moment().now
    with pytest.raises(AttributeError):
        advance_review(due, KEEP, current_roles=on, now=now)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        advance_review(due, CONFIRM, current_roles=on, now=now)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        advance_review(due, UNCONFIRM, current_roles=on, now=now)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        advance_review(due, REMIND, current_roles=on, now=now)  # type: ignore[arg-type]


def test_the_person_whom_the_directory_knows_makes_a_command_of_it() -> None:
    approve: Approve[Person] = with_person(APPROVE, AMARA)
    assert approve == Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST, channel="C1")
    assert advance(request(), approve, moment()).request.decisions[0].person == AMARA
    keep: Keep[Person] = with_person(KEEP, SAM)
    assert keep == Keep(actor=SAM, tenant_id=TENANT, reason="Needed")


def test_what_somebody_wrote_about_a_failure_is_given_back_when_it_is_refused() -> None:
    assert written_text(FAILS) == "They see an error"
    assert written_text(replace(FAILS, outcome=AccessOutcome.WORKS, failure=None)) == ""


def test_nobody_but_a_person_is_put_in_the_place_of_a_chat_id() -> None:
    with pytest.raises(AttributeError):
        advance(request(), with_person(APPROVE, AMARA.chat_id), moment())  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("click", "name", "subject"),
    [
        (APPROVE, "want_approve", CommandSubject(request_id=REQUEST)),
        (REJECT, "want_reject", CommandSubject(request_id=REQUEST)),
        (
            Withdraw(actor=ChatId("U1"), request_id=REQUEST),
            "want_withdraw",
            CommandSubject(request_id=REQUEST),
        ),
        (KEEP, "want_keep", CommandSubject(tenant_id=TENANT)),
        (CONFIRM, "want_confirm_half", CommandSubject(tenant_id=TENANT)),
        (UNCONFIRM, "want_unconfirm_half", CommandSubject(tenant_id=TENANT)),
        (REMIND, "want_remind_half", CommandSubject(tenant_id=TENANT)),
        (ASK_TEST, "want_request_access_test", CommandSubject(tenant_id=TENANT)),
        (FAILS, "want_answer_access_test", CommandSubject(tenant_id=TENANT)),
        (Revoke(actor=ChatId("U1"), target=TENANT, reason=""), "want_revoke", CommandSubject()),
        (
            StartCampaign(actor=ChatId("U1"), scope=CampaignScope.RISK, value="high", reason="Why"),
            "want_start_campaign",
            CommandSubject(),
        ),
        (
            WithdrawCampaign(actor=ChatId("U1"), campaign_id=CampaignId("C-1")),
            "want_withdraw_campaign",
            CommandSubject(),
        ),
        (WithdrawBatch(actor=ChatId("U1"), batch_id=BATCH), "want_withdraw_batch", CommandSubject(batch_id=BATCH)),
        (EndAbsence(actor=ChatId("U1"), absence_id=AbsenceId("id:1")), "want_end_absence", CommandSubject()),
        (RetryEffect(actor=ChatId("U1"), effect_id=7), "want_retry_effect", CommandSubject()),
        (DropEffect(actor=ChatId("U1"), effect_id=7), "want_drop_effect", CommandSubject()),
    ],
)
def test_a_click_is_entered_under_a_name_of_its_own_and_about_what_it_names(
    click: Click, name: str, subject: CommandSubject
) -> None:
    assert (received_name(click), subject_of(click)) == (name, subject)


@pytest.mark.parametrize(
    ("command", "actor"),
    [
        (with_person(APPROVE, AMARA), AMARA),
        (with_person(REJECT, AMARA), AMARA),
        (with_person(KEEP, SAM), SAM),
        (with_person(CONFIRM, SAM), SAM),
        (with_person(UNCONFIRM, SAM), SAM),
        (with_person(REMIND, SAM), SAM),
        (Comment(actor=SAM, request_id=REQUEST, text="I agree."), SAM),
        (Withdraw(actor=ChatId("U1"), request_id=REQUEST), ChatId("U1")),
        (RemindApprovers(actor=ChatId("U1")), ChatId("U1")),
        (RemindApprovers(), None),
        (
            Reassign(
                actor=DANA, request_id=REQUEST, digest=DIGEST, from_person=AMARA, to_person=SAM, reason="On a trip"
            ),
            DANA,
        ),
        (Expire(), None),
        (AskReview(), None),
    ],
)
def test_who_gave_a_command_is_known_unless_the_bot_did(
    command: RequestCommand | PartnershipCommand, actor: Person | ChatId | None
) -> None:
    assert actor_of(command) == actor

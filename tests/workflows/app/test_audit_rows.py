"""The audit rows of every command, byte for byte, whichever version wrote them; long, because it is the whole list."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import (
    AMARA,
    DANA,
    MALLORY,
    NOW,
    REDEEM_STEP,
    REQUEST,
    RILEY,
    SAM,
    TENANT,
    classes,
    edit,
    everybody,
    noted,
    particulars,
    partnership,
    prepared,
)
from tests.workflows.core.builders import request as usual
from tests.workflows.world import World
from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.conversation.remarks import RemarkId
from workflows.core.partners.access_end.notices import EndNotice
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import CurrentRoles
from workflows.core.plans.drift import Drift
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.policy.reviews.access_test import AccessFailure, AccessOutcome, AccessTest
from workflows.core.policy.reviews.silence import AskedAs, Reminded, ReviewReminder
from workflows.core.policy.reviews.sponsorship import HANDOVER_EXPIRES_AFTER, HANDOVER_REMINDED_AFTER, Handover
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.commands.automatic import (
    AcceptBatchDecisions,
    EndWithBatch,
    Expire,
    LeaveBatch,
    RecordAccountResults,
    RecordAccountsRead,
    RecordAccountsSending,
    RecordApplied,
    RecordApplyFailed,
    RecordDelayed,
    RecordOverwritten,
    RecordPrepared,
    RecordRefusal,
    RecordRelations,
    RecordResent,
    RecordSponsors,
    RecordUnfit,
    RecordUnseen,
    RecordWriting,
    Reopen,
    Replan,
    Stop,
)
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, ImportSheet, RejectBatch, WithdrawBatch
from workflows.core.requests.commands.campaign import StartCampaign, WithdrawCampaign
from workflows.core.requests.commands.clicks import AskReminder, Click, DropEffect, RetryEffect
from workflows.core.requests.commands.editing import (
    AcceptProposal,
    DeclineProposal,
    ProposeLess,
    RecordProposal,
    RequestChanges,
)
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.partner_record import (
    AskReview,
    AskSetup,
    BlockAtEnd,
    ConfirmSetup,
    GoneReason,
    IssueEndNotice,
    Keep,
    PartnershipCommand,
    PostponePrompt,
    PromptSetup,
    RecordEndNotice,
    RecordSetup,
    RecordSponsorFound,
    RecordSponsorGone,
    RemindSetup,
    Revoke,
    UnconfirmSetup,
)
from workflows.core.requests.commands.people import (
    AcceptSponsorship,
    DeclineSponsorship,
    EndAbsence,
    ExpireHandover,
    ProposeSponsor,
    Reassign,
    RemindHandover,
    SetAbsence,
    WithdrawHandover,
)
from workflows.core.requests.commands.request import (
    Answer,
    Approve,
    Ask,
    ChangeGuests,
    Comment,
    Confirm,
    Reject,
    RemindApprovers,
    RequestCommand,
    Submit,
    SupportRequest,
    Withdraw,
)
from workflows.core.requests.commands.review_event import (
    AnswerAccessTest,
    AskAccessTest,
    EndReviewReason,
    RecordReviewReminder,
    RequestAccessTest,
    ReviewReasonCode,
    SkipReason,
    SkipReview,
    StartReview,
    SuspendForSilence,
)
from workflows.core.requests.commands.watch import AcceptDrift, DismissDenied
from workflows.core.requests.deadlines.commands import (
    AnnounceExpiry,
    Escalate,
    RecordEscalation,
    ResumeClock,
    Start,
    StopClock,
)
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState, WriteRefusal
from workflows.core.settings.canonical import Digest
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

Row = tuple[str, str]
"""Actor, command, outcome, request, tenant and account in one line, "-" for null; the details as they are stored."""

S = RequestState
DIGEST: Final = Digest("7b7a90e8fe366df84aa3a96caa08dff65e71ed920190e0dbca4c4062c2248122")
ACTOR: Final = AMARA.chat_id
ENDS_AT: Final = NOW + timedelta(days=90)
STEP: Final = REDEEM_STEP.key
WANTED: Final = Digest("61e421b6940762419e76d5a4e9b89f5b91637f05c0e1f7ff4ca60d50e33474a3")
CONFIRMATION: Final = Confirmation(step=STEP, step_digest=WANTED, person=SAM, at=NOW)
ASKED: Final = Handover(
    number=1, proposed=AMARA, proposed_by=SAM, proposed_at=NOW, expires_at=NOW + HANDOVER_EXPIRES_AFTER
)

OF_REQUESTS: Final[tuple[tuple[RequestState, RequestCommand, Row], ...]] = (
    (
        S.PREPARING,
        RecordPrepared(prepared=prepared()),
        ("gatehouse record_prepared accepted r-1 - -", "{}"),
    ),
    (
        S.PREPARING,
        RecordUnfit(code="unknown_tenant", reason=noted("There is no such tenant.")),
        (
            "gatehouse record_unfit accepted r-1 - -",
            '{"reason":[{"code":"text","values":{"text":"There is no such tenant."}}],"code":"unknown_tenant"}',
        ),
    ),
    (
        S.PREPARING,
        RecordDelayed(reason=noted("No answer.")),
        ("gatehouse record_delayed accepted r-1 - -", '{"reason":[{"code":"text","values":{"text":"No answer."}}]}'),
    ),
    (
        S.AWAITING_APPROVAL,
        Approve(actor=AMARA, request_id=REQUEST, digest=DIGEST),
        (f"U-AMARA approve accepted r-1 {TENANT} id-amara", f'{{"digest":"{DIGEST}","account":"id-amara"}}'),
    ),
    (
        S.AWAITING_APPROVAL,
        Reject(actor=AMARA, request_id=REQUEST, digest=DIGEST, reason=" Too wide "),
        (
            f"U-AMARA reject accepted r-1 {TENANT} id-amara",
            f'{{"digest":"{DIGEST}","reason":" Too wide ","account":"id-amara"}}',
        ),
    ),
    (
        S.AWAITING_APPROVAL,
        SupportRequest(actor=MALLORY, request_id=REQUEST, reason="Same project"),
        (f"U-MALLORY support accepted r-1 {TENANT} id-mallory", '{"reason":"Same project","account":"id-mallory"}'),
    ),
    (
        S.AWAITING_APPROVAL,
        Ask(actor=AMARA, request_id=REQUEST, text="Which?", asked=(RILEY,)),
        (f"U-AMARA ask accepted r-1 {TENANT} id-amara", '{"text":"Which?","asked":["Riley"],"account":"id-amara"}'),
    ),
    (
        S.AWAITING_APPROVAL,
        Comment(actor=SAM, request_id=REQUEST, text="I agree."),
        (f"U-SAM comment accepted r-1 {TENANT} id-sam", '{"text":"I agree.","account":"id-sam"}'),
    ),
    (
        S.AWAITING_APPROVAL,
        Withdraw(actor=RILEY.chat_id, request_id=REQUEST),
        (f"U-RILEY withdraw accepted r-1 {TENANT} -", "{}"),
    ),
    (
        S.AWAITING_APPROVAL,
        edit(),
        (
            f"U-RILEY edit accepted r-1 {TENANT} id-riley",
            f'{{"digest":"{DIGEST}","changed":{{"justification":["Joint launch in May","Joint launch in June"]}}}}',
        ),
    ),
    (
        S.AWAITING_APPROVAL,
        Replan(reason=noted("It changed.")),
        (f"gatehouse replan accepted r-1 {TENANT} -", '{"reason":[{"code":"text","values":{"text":"It changed."}}]}'),
    ),
    (
        S.APPLYING,
        Replan(reason=noted("It changed."), drift=Drift(existed=False, exists=True, settings=())),
        (
            f"gatehouse replan accepted r-1 {TENANT} -",
            '{"reason":[{"code":"text","values":{"text":"It changed."}}],'
            '"drift":{"existed":false,"exists":true,"settings":[],"defaults":[]}}',
        ),
    ),
    (
        S.APPLYING,
        Reopen(reason=noted("Amara left.")),
        (f"gatehouse reopen accepted r-1 {TENANT} -", '{"reason":[{"code":"text","values":{"text":"Amara left."}}]}'),
    ),
    (
        S.APPLYING,
        Stop(reason=noted("Another tenant.")),
        (f"gatehouse stop accepted r-1 {TENANT} -", '{"reason":[{"code":"text","values":{"text":"Another tenant."}}]}'),
    ),
    (
        S.APPLYING,
        RecordWriting(),
        (f"gatehouse record_writing accepted r-1 {TENANT} -", f'{{"digest":"{DIGEST}"}}'),
    ),
    (
        S.APPLYING,
        RecordOverwritten(configuration={"b": 1, "a": None}),
        (
            f"gatehouse record_overwritten accepted r-1 {TENANT} -",
            f'{{"image":{{"b":1,"a":null}},"digest":"{DIGEST}"}}',
        ),
    ),
    (
        S.APPLYING,
        RecordOverwritten(configuration=None),
        (f"gatehouse record_overwritten accepted r-1 {TENANT} -", f'{{"digest":"{DIGEST}"}}'),
    ),
    (S.APPLYING, RecordUnseen(), (f"gatehouse record_unseen accepted r-1 {TENANT} -", "{}")),
    (
        S.UNCONFIRMED,
        RecordResent(reason=noted("It does not show.")),
        (
            f"gatehouse record_resent accepted r-1 {TENANT} -",
            f'{{"reason":[{{"code":"text","values":{{"text":"It does not show."}}}}],"digest":"{DIGEST}"}}',
        ),
    ),
    (
        S.APPLYING,
        RecordApplied(
            configuration={"b": 1}, refused=(RefusedWrite(names=("x", "y"), reason=noted("Not licensed.")),), default={}
        ),
        (
            f"gatehouse record_applied accepted r-1 {TENANT} -",
            f'{{"image":{{"b":1}},"digest":"{DIGEST}",'
            f'"refused":[{{"names":["x","y"],"reason":[{{"code":"text","values":{{"text":"Not licensed."}}}}]}}]}}',
        ),
    ),
    (
        S.APPLYING,
        RecordRefusal(refusal=WriteRefusal(reason=noted("Refused."), accepted=1, is_unsure=False)),
        (
            f"gatehouse record_refusal accepted r-1 {TENANT} -",
            f'{{"reason":[{{"code":"text","values":{{"text":"Refused."}}}}],"accepted":1,"digest":"{DIGEST}"}}',
        ),
    ),
    (
        S.APPLYING,
        RecordApplyFailed(reason=noted("Refused.")),
        (
            f"gatehouse record_apply_failed accepted r-1 {TENANT} -",
            f'{{"reason":[{{"code":"text","values":{{"text":"Refused."}}}}],"digest":"{DIGEST}"}}',
        ),
    ),
)
"""A state, a command that it takes, and what the audit log keeps of it."""

REMINDER: Final = ReviewReminder(number=1, sponsor=SAM.id, issued_at=NOW, batch="b")
OF_PARTNERS: Final[tuple[tuple[Partnership, PartnershipCommand, Row], ...]] = (
    (partnership(version=1), AskReview(), (f"gatehouse ask_review accepted - {TENANT} -", "{}")),
    (
        partnership(version=1, state=PartnershipState.REVIEW_DUE),
        Keep(actor=SAM, tenant_id=TENANT, reason=" The launch moved to July "),
        (
            f"U-SAM keep accepted r-1 {TENANT} id-sam",
            '{"reason":" The launch moved to July ","account":"id-sam"}',
        ),
    ),
    (
        partnership(version=1, setup=(REDEEM_STEP,)),
        ConfirmSetup(actor=SAM, tenant_id=TENANT, step=STEP, step_digest=WANTED, channel="C1"),
        (
            f"U-SAM confirm_half accepted - {TENANT} id-sam",
            f'{{"step":"automatic_redemption_outbound","wanted":"{WANTED}","account":"id-sam"}}',
        ),
    ),
    (
        partnership(version=1, setup=(REDEEM_STEP,), confirmations=(CONFIRMATION,)),
        UnconfirmSetup(actor=DANA, tenant_id=TENANT, step=STEP),
        (
            f"U-DANA unconfirm_half accepted - {TENANT} id-dana",
            '{"step":"automatic_redemption_outbound","wanted":"","account":"id-dana"}',
        ),
    ),
    (
        partnership(version=1, setup=(REDEEM_STEP,)),
        RemindSetup(actor=SAM, tenant_id=TENANT),
        (f"U-SAM remind_half accepted - {TENANT} id-sam", '{"account":"id-sam"}'),
    ),
    (
        partnership(version=1, setup=(REDEEM_STEP,), remind_setup_at=NOW),
        AskSetup(),
        (f"gatehouse ask_half accepted - {TENANT} -", "{}"),
    ),
    (
        partnership(version=1, setup=(REDEEM_STEP,), setup_prompt_at=NOW),
        PromptSetup(),
        (f"gatehouse prompt_setup accepted - {TENANT} -", "{}"),
    ),
    (
        partnership(version=1, setup=(REDEEM_STEP,), setup_prompt_at=NOW),
        PostponePrompt(until=NOW + timedelta(days=1)),
        (
            f"gatehouse postpone_setup_prompt accepted - {TENANT} -",
            f'{{"until":"{(NOW + timedelta(days=1)).isoformat()}"}}',
        ),
    ),
    (
        partnership(version=1, setup=()),
        RecordSetup(request_id=partnership().request_id, steps=(REDEEM_STEP,)),
        (f"gatehouse record_half accepted - {TENANT} -", "{}"),
    ),
    (
        partnership(version=1),
        RecordSponsorGone(sponsor=SAM.id, reason=GoneReason.NO_ACCOUNT),
        (f"gatehouse record_sponsor_gone accepted - {TENANT} -", '{"reason":"no_account"}'),
    ),
    (
        partnership(version=1),
        ProposeSponsor(actor=SAM, tenant_id=TENANT, proposed=AMARA),
        (
            f"U-SAM propose_sponsor accepted - {TENANT} id-sam",
            '{"account":"id-sam","proposed":"Amara","proposed_account":"id-amara"}',
        ),
    ),
    (
        partnership(version=1, handover=ASKED),
        AcceptSponsorship(actor=AMARA, tenant_id=TENANT, number=1),
        (f"U-AMARA accept_sponsorship accepted - {TENANT} id-amara", '{"account":"id-amara","number":1}'),
    ),
    (
        partnership(version=1, handover=ASKED),
        DeclineSponsorship(actor=AMARA, tenant_id=TENANT, number=1),
        (f"U-AMARA decline_sponsorship accepted - {TENANT} id-amara", '{"account":"id-amara","number":1}'),
    ),
    (
        partnership(version=1, handover=ASKED),
        WithdrawHandover(actor=SAM, tenant_id=TENANT, number=1),
        (f"U-SAM withdraw_sponsorship accepted - {TENANT} id-sam", '{"account":"id-sam","number":1}'),
    ),
    (
        partnership(version=1, handover=replace(ASKED, proposed_at=NOW - HANDOVER_REMINDED_AFTER)),
        RemindHandover(),
        (f"gatehouse remind_handover accepted - {TENANT} -", "{}"),
    ),
    (
        partnership(version=1, handover=replace(ASKED, expires_at=NOW)),
        ExpireHandover(),
        (f"gatehouse expire_handover accepted - {TENANT} -", "{}"),
    ),
    (
        partnership(version=1, sponsor_gone_at=NOW),
        RecordSponsorFound(sponsor=SAM.id),
        (f"gatehouse record_sponsor_found accepted - {TENANT} -", "{}"),
    ),
    (
        partnership(version=1),
        StartReview(reason=ReviewReasonCode.DRIFT, event="f1", values={"drift": "absent"}),
        (f"gatehouse start_review accepted - {TENANT} -", '{"reason":"drift","event":"f1","drift":"absent"}'),
    ),
    (
        partnership(version=1, review_events=("drift:f1",)),
        EndReviewReason(reason=ReviewReasonCode.DRIFT),
        (f"gatehouse end_review_reason accepted - {TENANT} -", '{"reason":"drift"}'),
    ),
    (
        partnership(version=1),
        IssueEndNotice(days=30, batch="b", ends_at=ENDS_AT),
        (
            f"gatehouse issue_end_notice accepted - {TENANT} -",
            '{"days":30,"ends_at":"2027-05-30T09:00:00+00:00"}',
        ),
    ),
    (
        partnership(version=1, end_notices=(EndNotice(ends_at=ENDS_AT, days=30, issued_at=NOW, batch="b"),)),
        RecordEndNotice(batch="b", people=(SAM.chat_id,)),
        (
            f"gatehouse record_end_notice accepted - {TENANT} -",
            '{"people":["U-SAM"],"is_delivered":true}',
        ),
    ),
    (
        partnership(version=1, ends_at=NOW),
        BlockAtEnd(request_id=REQUEST, ends_at=NOW),
        (f"gatehouse block_at_end accepted - {TENANT} -", '{"ends_at":"2027-03-01T09:00:00+00:00"}'),
    ),
    (
        partnership(version=1, state=PartnershipState.REVIEW_DUE, review_reminders=(REMINDER,)),
        RecordReviewReminder(
            batch="b", people=(Reminded(person=SAM.chat_id, asked_as=(AskedAs.SPONSOR,)),), manager=DANA
        ),
        (
            f"gatehouse record_review_reminder accepted r-1 {TENANT} -",
            '{"people":{"U-SAM":["sponsor"]},"is_delivered":true}',
        ),
    ),
    (
        partnership(version=1, next_review_at=NOW),
        SkipReview(reason=SkipReason.JUST_ANSWERED),
        (f"gatehouse skip_review accepted r-1 {TENANT} -", '{"reason":"just_answered"}'),
    ),
    (
        partnership(version=1, state=PartnershipState.REVIEW_DUE, review_reminders=(REMINDER,)),
        SuspendForSilence(request_id=REQUEST),
        (f"gatehouse suspend_for_silence accepted r-1 {TENANT} -", "{}"),
    ),
    (
        partnership(version=1, access_test=AccessTest(due_at=NOW)),
        AskAccessTest(),
        (f"gatehouse ask_access_test accepted r-1 {TENANT} -", "{}"),
    ),
    (
        partnership(version=1),
        RequestAccessTest(actor=SAM, tenant_id=TENANT),
        (f"U-SAM request_access_test accepted r-1 {TENANT} id-sam", '{"account":"id-sam","person":"Sam"}'),
    ),
    (
        partnership(version=1, access_test=AccessTest(question=1, asked_at=NOW)),
        AnswerAccessTest(
            actor=SAM,
            tenant_id=TENANT,
            question=1,
            outcome=AccessOutcome.FAILS,
            failure=AccessFailure(what="An error", code="AADSTS53003"),
        ),
        (
            f"U-SAM answer_access_test accepted r-1 {TENANT} id-sam",
            '{"account":"id-sam","person":"Sam","outcome":"fails","question":1,"what":"An error","code":"AADSTS53003"}',
        ),
    ),
)

OF_CLICKS: Final[tuple[tuple[Click, Row], ...]] = (
    (
        ProposeSponsor(actor=ACTOR, tenant_id=TENANT, proposed=SAM.chat_id),
        (f"U-AMARA want_propose_sponsor received - {TENANT} -", f'{{"tenant_id":"{TENANT}","proposed":"U-SAM"}}'),
    ),
    (
        AcceptSponsorship(actor=ACTOR, tenant_id=TENANT, number=1, channel="D1"),
        (f"U-AMARA want_accept_sponsorship received - {TENANT} -", f'{{"tenant_id":"{TENANT}","number":1}}'),
    ),
    (
        DeclineSponsorship(actor=ACTOR, tenant_id=TENANT, number=1, channel="D1"),
        (f"U-AMARA want_decline_sponsorship received - {TENANT} -", f'{{"tenant_id":"{TENANT}","number":1}}'),
    ),
    (
        WithdrawHandover(actor=ACTOR, tenant_id=TENANT, number=1, channel="D1"),
        (f"U-AMARA want_withdraw_sponsorship received - {TENANT} -", f'{{"tenant_id":"{TENANT}","number":1}}'),
    ),
    (
        RequestAccessTest(actor=ACTOR, tenant_id=TENANT, channel="D1"),
        (f"U-AMARA want_request_access_test received - {TENANT} -", f'{{"tenant_id":"{TENANT}"}}'),
    ),
    (
        AnswerAccessTest(actor=ACTOR, tenant_id=TENANT, question=1, outcome=AccessOutcome.WORKS, channel="D1"),
        (
            f"U-AMARA want_answer_access_test received - {TENANT} -",
            f'{{"tenant_id":"{TENANT}","outcome":"works","question":1}}',
        ),
    ),
    (
        Approve(actor=ACTOR, request_id=REQUEST, digest=DIGEST, channel="C1"),
        ("U-AMARA want_approve received r-1 - -", f'{{"digest":"{DIGEST}"}}'),
    ),
    (
        Reject(actor=ACTOR, request_id=REQUEST, digest=DIGEST, reason="Too wide"),
        ("U-AMARA want_reject received r-1 - -", f'{{"digest":"{DIGEST}","reason":"Too wide"}}'),
    ),
    (
        SupportRequest(actor=ACTOR, request_id=REQUEST, channel="C1"),
        ("U-AMARA want_support received r-1 - -", "{}"),
    ),
    (
        Approve(actor=ACTOR, request_id=REQUEST, digest=DIGEST, is_second_look=True),
        ("U-AMARA want_approve received r-1 - -", f'{{"digest":"{DIGEST}","second_look":true}}'),
    ),
    (
        Withdraw(actor=ACTOR, request_id=REQUEST, channel="C1"),
        ("U-AMARA want_withdraw received r-1 - -", "{}"),
    ),
    (
        Ask(actor=ACTOR, request_id=REQUEST, text="Which?", asked=(RILEY.chat_id,)),
        ("U-AMARA want_ask received r-1 - -", '{"text":"Which?","asked":["U-RILEY"]}'),
    ),
    (
        Answer(actor=ACTOR, request_id=REQUEST, question=RemarkId("1"), text="Two."),
        ("U-AMARA want_answer received r-1 - -", '{"text":"Two.","question":"1"}'),
    ),
    (
        Comment(actor=ACTOR, request_id=REQUEST, text="I agree."),
        ("U-AMARA want_comment received r-1 - -", '{"text":"I agree."}'),
    ),
    (
        AskReminder(actor=ACTOR, request_id=REQUEST, channel="C1"),
        ("U-AMARA want_ask_reminder received r-1 - -", "{}"),
    ),
    (
        Keep(actor=ACTOR, tenant_id=TENANT, reason="Needed"),
        (f"U-AMARA want_keep received - {TENANT} -", f'{{"reason":"Needed","tenant_id":"{TENANT}"}}'),
    ),
    (
        Revoke(actor=ACTOR, target=TENANT, reason="Ended"),
        ("U-AMARA want_revoke received - - -", f'{{"reason":"Ended","target":"{TENANT}"}}'),
    ),
    (
        Revoke(actor=ACTOR, target=TENANT, reason=""),
        ("U-AMARA want_revoke received - - -", f'{{"target":"{TENANT}"}}'),
    ),
    (
        ConfirmSetup(actor=ACTOR, tenant_id=TENANT, step=STEP, step_digest=WANTED, channel="C1"),
        (
            f"U-AMARA want_confirm_half received - {TENANT} -",
            f'{{"tenant_id":"{TENANT}","step":"automatic_redemption_outbound","wanted":"{WANTED}"}}',
        ),
    ),
    (
        UnconfirmSetup(actor=ACTOR, tenant_id=TENANT, step=STEP),
        (
            f"U-AMARA want_unconfirm_half received - {TENANT} -",
            f'{{"tenant_id":"{TENANT}","step":"automatic_redemption_outbound"}}',
        ),
    ),
    (
        UnconfirmSetup(actor=ACTOR, tenant_id=TENANT, step=STEP, step_digest=WANTED),
        (
            f"U-AMARA want_unconfirm_half received - {TENANT} -",
            f'{{"tenant_id":"{TENANT}","step":"automatic_redemption_outbound","wanted":"{WANTED}"}}',
        ),
    ),
    (
        RemindSetup(actor=ACTOR, tenant_id=TENANT),
        (f"U-AMARA want_remind_half received - {TENANT} -", f'{{"tenant_id":"{TENANT}"}}'),
    ),
    (
        RetryEffect(actor=ACTOR, effect_id=7),
        ("U-AMARA want_retry_effect received - - -", '{"effect_id":7}'),
    ),
    (
        DropEffect(actor=ACTOR, effect_id=7),
        ("U-AMARA want_drop_effect received - - -", '{"effect_id":7}'),
    ),
    (
        AcceptDrift(actor=ACTOR, subject=TENANT, fingerprint=WANTED, days=3, reason="Known"),
        (
            f"U-AMARA want_accept_drift received - {TENANT} -",
            f'{{"subject":"{TENANT}","fingerprint":"{WANTED}","reason":"Known","days":3}}',
        ),
    ),
    (
        DismissDenied(actor=ACTOR, subject="many", alarm_id="A-0123456789ab"),
        (
            "U-AMARA want_dismiss_denied_sign_ins received - - -",
            '{"subject":"many","alarm":"A-0123456789ab"}',
        ),
    ),
    (
        ChangeFreeze(actor=ACTOR, step=FreezeStep.FREEZE, reason="Incident"),
        ("U-AMARA want_change_freeze received - - -", '{"step":"freeze","version":0,"reason":"Incident"}'),
    ),
)


async def last_row(world: World) -> Row:
    """The newest row as it is stored."""
    sql = """select actor, command, outcome, request_id, tenant_id, account, details
        from audit order by seq desc limit 1"""

    def read() -> Any:
        return world.store._db.execute(sql).fetchone()

    *columns, details = await world.store._run(read)
    return " ".join("-" if value is None else value for value in columns), details


async def everyone(_: AccessRequest) -> CurrentRoles:
    """The roles of today."""
    return everybody()


@pytest.mark.parametrize(("state", "command", "row"), OF_REQUESTS, ids=[one.name for _, one, _ in OF_REQUESTS])
async def test_a_command_about_a_request(world: World, state: RequestState, command: RequestCommand, row: Row) -> None:
    sent = NOW if state is S.UNCONFIRMED else None
    request = await world.put(usual(state, unconfirmed_since=sent, writing_since=sent))
    if sent is not None:
        world.clock.advance(minutes=5)
    current_roles_of = None if isinstance(command, Reopen) else everyone
    await world.service.advance(request.id, command, key="k", current_roles_of=current_roles_of)
    assert await last_row(world) == row


async def test_a_request_that_nobody_decided(world: World) -> None:
    request = await world.put(usual(S.PREPARING))
    world.clock.advance(days=30)
    await world.service.advance(request.id, Expire())
    assert await last_row(world) == ("gatehouse expire accepted r-1 - -", "{}")


async def test_a_closing_that_leaves_something_open(world: World) -> None:
    request = await world.put(usual(S.APPLYING, RequestKind.REVOCATION))
    await world.service.advance(request.id, RecordApplied(configuration={"tenantId": TENANT}, default={}))
    names = (
        "b2bCollaborationInbound",
        "b2bCollaborationOutbound",
        "b2bDirectConnectInbound",
        "b2bDirectConnectOutbound",
        "inboundTrust.isMfaAccepted",
        "inboundTrust.isCompliantDeviceAccepted",
        "inboundTrust.isHybridAzureADJoinedDeviceAccepted",
    )
    left = ",".join(f'"{name}":"not known"' for name in names)
    digest = "e5d75bf0f784371f3f9a22d3fd5646e16d4d22bb502bcda1c62d801e00dd5d9e"
    details = f'{{"image":{{"tenantId":"{TENANT}"}},"digest":"{digest}","not_closed":{{{left}}}}}'
    assert await last_row(world) == (f"gatehouse record_applied accepted r-1 {TENANT} -", details)


@pytest.mark.parametrize(("known", "command", "row"), OF_PARTNERS, ids=[one.name for _, one, _ in OF_PARTNERS])
async def test_a_command_about_a_partner(
    world: World, known: Partnership, command: PartnershipCommand, row: Row
) -> None:
    entry = AuditEntry(key="put", at=NOW, actor="test", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=known))
    if isinstance(command, AskReview):
        world.clock.advance(days=30)
    await world.service.advance_review(TENANT, command, key="k", current_roles=everybody())
    assert await last_row(world) == row


@pytest.mark.parametrize(("click", "row"), OF_CLICKS)
async def test_a_click(world: World, click: Click, row: Row) -> None:
    await world.service.store_click(click, key="k")
    assert await last_row(world) == row


async def test_what_is_decided_about_stopped_work(world: World) -> None:
    await world.service.retry_or_drop(7, is_retried=True, key="a", actor=DANA.chat_id, account=DANA.id)
    assert await last_row(world) == ("U-DANA retry_effect accepted - - -", '{"effect":7,"account":"id-dana"}')
    await world.service.retry_or_drop(7, is_retried=False, key="b", actor="os:root", account="")
    assert await last_row(world) == ("os:root drop_effect accepted - - -", '{"effect":7}')


async def test_a_submission(world: World) -> None:
    day, seen = timedelta(days=1), prepared().observation
    await world.service.submit(REQUEST, particulars(), key="c", decide_within=day, account=RILEY.id, observation=seen)
    assert await last_row(world) == (
        f"U-RILEY submit accepted r-1 {TENANT} id-riley",
        '{"kind":"access","target":"contoso.com","template":"trusted-partner",'
        '"justification":"Joint launch in May","sponsor":"U-SAM","days":90}',
    )
    again = replace(particulars(RequestKind.REVOCATION), restores=RequestId("r-0"))
    await world.service.submit(RequestId("r-2"), again, key="d", decide_within=day, submitter=DANA)
    assert await last_row(world) == (
        "U-RILEY submit accepted r-2 - id-dana",
        '{"kind":"revocation","target":"contoso.com","template":"revoke",'
        '"justification":"Joint launch in May","sponsor":"U-SAM","days":null,"restores":"r-0"}',
    )


def test_no_command_is_forgotten_here() -> None:
    shown = [type(one) for _, one, _ in OF_REQUESTS] + [type(one) for _, one, _ in OF_PARTNERS]
    # What a batch does with its members is in `batches/test_batch_life.py`, and in `core/requests/test_commands.py`.
    of_batches = {AcceptBatchDecisions, LeaveBatch, EndWithBatch, RecordRelations, RecordSponsors, Reassign}
    commands = {*classes(RequestCommand), *classes(PartnershipCommand)}
    # An answer needs a question, see `effects/test_conversations.py`; a proposal needs its plan, and time its stage:
    # see `core/requests/test_commands.py`.
    proposals = {RequestChanges, RecordProposal, DeclineProposal}
    # Guest accounts need a plan of accounts: see `core/requests/test_commands.py`.
    proposals |= {Confirm, RecordAccountsSending, RecordAccountResults, RecordAccountsRead}
    of_time = {Escalate, RecordEscalation, AnnounceExpiry, StopClock, ResumeClock, Start}
    assert {*shown, Answer, *proposals, *of_time, Submit, Expire, RemindApprovers, *of_batches} == commands
    clicks = {type(one) for one, _ in OF_CLICKS}
    # Clicks about a campaign are in `schedule/reviews/test_campaigns.py`.
    of_campaigns = {StartCampaign, WithdrawCampaign}
    # Absences and reassignments are in `approvers/test_absences.py`, and in `core/requests/test_commands.py`.
    of_campaigns |= {SetAbsence, EndAbsence, Reassign}
    # What approvers ask the requester to change is in `core/requests/test_changing.py`.
    of_changes = {RequestChanges, ProposeLess, AcceptProposal, DeclineProposal}
    # Guest accounts are in `core/requests/test_commands.py`, too.
    of_changes |= {ChangeGuests, Confirm}
    # The answer to a halt: `core/batches/test_batch_lifecycle.py`; a given file: `effects/test_sheet_imports.py`.
    of_sheets = {AnswerHalt, ImportSheet}
    others = {ApproveBatch, RejectBatch, WithdrawBatch, *of_sheets, *of_campaigns, *of_changes}
    assert {*clicks, *others} == set(classes(Click))


async def test_a_reminder_of_the_approvers(world: World) -> None:
    asked = await world.waiting()
    world.clock.advance(days=1)
    await world.service.remind(asked.id, RILEY.chat_id, key="r")
    assert await last_row(world) == (f"U-RILEY remind_approvers accepted {asked.id} {TENANT} -", '{"reminders":1}')

"""What the audit log keeps of each command, besides what every entry has."""

from dataclasses import replace
from typing import Any

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    EXPIRY,
    LIFETIME,
    NOW,
    QUESTION,
    REDEEM_STEP,
    REQUEST,
    RILEY,
    SAM,
    TENANT,
    access_plan,
    batch_decisions,
    classes,
    edit,
    noted,
    particulars,
    prepared,
    request,
)
from tests.workflows.core.requests.test_changing import declined, proposed
from workflows.core.errors.facts import as_values
from workflows.core.people import ChatId, PersonId
from workflows.core.plans.accounts import AccountChange, AccountEnd, AccountResult, LeftAlone
from workflows.core.plans.drift import Drift
from workflows.core.plans.plan import CallIds, SentWrite
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.policy.delegation.absence import absence_id
from workflows.core.policy.relations import (
    REQUESTER_MANAGER,
    SPONSOR_MANAGER,
    NoHolderReason,
    RelationHolder,
    Relations,
)
from workflows.core.policy.reviews.access_test import AccessFailure, AccessOutcome
from workflows.core.policy.reviews.silence import AskedAs, ManagerSkipped, Reminded
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.commands.automatic import (
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
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope, StartCampaign, WithdrawCampaign
from workflows.core.requests.commands.clicks import (
    AskReminder,
    Click,
    DropEffect,
    RetryEffect,
    actor_of,
    subject_of,
    with_person,
)
from workflows.core.requests.commands.editing import (
    AcceptProposal,
    DeclineProposal,
    LessAsked,
    ProposeLess,
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
    CommandSubject,
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
from workflows.core.requests.request import (
    AccessRequest,
    ClockStop,
    Escalation,
    EscalationStep,
    RequestId,
    RequestKind,
    RequestState,
    StopCause,
    WriteRefusal,
)
from workflows.core.settings.canonical import Digest
from workflows.core.settings.open_access import AccessState, OpenAccess

DIGEST = access_plan().digest
GUEST = PersonId("guest-0")
WHY = noted("Graph said: no.")
SENT = SentWrite(method="PATCH", path="/partners/1", at=NOW, ids=CallIds(request_id="r-9", client_request_id="c-9"))
SENT_VALUES = {"method": "PATCH", "path": "/partners/1", "request_id": "r-9", "client_request_id": "c-9"}
WHY_VALUES = [{"code": "text", "values": {"text": "Graph said: no."}}]
DRIFT = Drift(existed=False, exists=True, settings=())
ASKED = {
    "kind": "access",
    "target": "contoso.com",
    "template": "trusted-partner",
    "justification": "Joint launch in May",
    "sponsor": "U-SAM",
    "days": 90,
}
SUBMIT = Submit(request_id=REQUEST, fields=particulars(), lifetime=LIFETIME)
APPROVE = Approve(actor=AMARA.chat_id, request_id=REQUEST, digest=DIGEST)
REJECT = Reject(actor=AMARA.chat_id, request_id=REQUEST, digest=DIGEST, reason="Too wide")
KEEP = Keep(actor=SAM.chat_id, tenant_id=TENANT, reason="Needed")
CONFIRM = ConfirmSetup(actor=SAM.chat_id, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest)
UNCONFIRM = UnconfirmSetup(actor=SAM.chat_id, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest)
REMIND = RemindSetup(actor=SAM.chat_id, tenant_id=TENANT)
ASK_TEST = RequestAccessTest(actor=SAM.chat_id, tenant_id=TENANT)
WORKS = AnswerAccessTest(actor=RILEY.chat_id, tenant_id=TENANT, question=2, outcome=AccessOutcome.WORKS)
FAILS = replace(WORKS, outcome=AccessOutcome.FAILS, failure=AccessFailure(what="An error", code="AADSTS500213"))
PROPOSE = ProposeSponsor(actor=SAM.chat_id, tenant_id=TENANT, proposed=AMARA.chat_id)
ACCEPT = AcceptSponsorship(actor=AMARA.chat_id, tenant_id=TENANT, number=2)
WITHDRAW_HANDOVER = WithdrawHandover(actor=SAM.chat_id, tenant_id=TENANT, number=2)
DECLINE = DeclineSponsorship(actor=AMARA.chat_id, tenant_id=TENANT, number=2)
STEP = {"step": REDEEM_STEP.key, "wanted": REDEEM_STEP.digest}

OF_REQUESTS: list[tuple[RequestCommand, dict[str, Any]]] = [
    (SUBMIT, ASKED),
    (RecordPrepared(prepared=prepared()), {}),
    (RecordUnfit(code="target_unknown", reason=WHY), {"reason": WHY_VALUES, "code": "target_unknown"}),
    (RecordDelayed(reason=WHY), {"reason": WHY_VALUES}),
    (
        Confirm(actor=SAM, request_id=REQUEST, digest=DIGEST, typed="contoso.com 3"),
        {"digest": DIGEST, "typed": "contoso.com 3", "account": "id-sam"},
    ),
    (RecordAccountsSending(ids=(GUEST,)), {"accounts": [GUEST], "digest": DIGEST}),
    (
        RecordAccountResults(
            results=(
                AccountResult(id=GUEST, end=AccountEnd.SENT, at=NOW, ids=CallIds(request_id="c-1")),
                AccountResult(id=PersonId("g-2"), end=AccountEnd.REFUSED, at=NOW, reason=WHY),
                AccountResult(id=PersonId("g-3"), end=AccountEnd.LEFT_ALONE, at=NOW, left=LeftAlone.MEMBER),
            ),
            not_written=(PersonId("g-4"),),
        ),
        {
            "sent": [GUEST],
            "left_alone": ["g-3"],
            "refused": ["g-2"],
            "later": ["g-4"],
            "said": {"g-2": WHY_VALUES, "g-3": ["member"]},
            "calls": {GUEST: "c-1"},
            "digest": DIGEST,
        },
    ),
    (
        RecordAccountResults(results=(AccountResult(id=GUEST, end=AccountEnd.SENT, at=NOW),)),
        {"sent": [GUEST], "calls": {}, "digest": DIGEST},
    ),
    (
        RecordAccountsRead(shown=(GUEST,), not_shown=(PersonId("g-2"),)),
        {"shown": [GUEST], "not_shown": ["g-2"], "digest": DIGEST},
    ),
    (
        RecordAccountsRead(shown=(), unread=noted("No.")),
        {
            "shown": [],
            "not_shown": [],
            "unread": [{"code": "text", "values": {"text": "No."}}],
            "digest": DIGEST,
        },
    ),
    (with_person(APPROVE, AMARA), {"digest": DIGEST, "account": "id-amara"}),
    (with_person(REJECT, AMARA), {"digest": DIGEST, "reason": "Too wide", "account": "id-amara"}),
    (SupportRequest(actor=AMARA, request_id=REQUEST, reason="Same"), {"reason": "Same", "account": "id-amara"}),
    (Withdraw(actor=RILEY.chat_id, request_id=REQUEST), {}),
    (
        edit(),
        {"digest": DIGEST, "changed": {"justification": ["Joint launch in May", "Joint launch in June"]}},
    ),
    (
        RequestChanges(actor=AMARA, request_id=REQUEST, digest=prepared().plan.digest, text="Less"),
        {"digest": prepared().plan.digest, "text": "Less", "account": "id-amara"},
    ),
    (
        proposed(),
        {
            "digest": prepared().plan.digest,
            "reason": "Guests can accept the prompt.",
            "changed": {
                "justification": ["Joint launch in June", "Joint launch in May"],
                "left_out": [[], ["automaticUserConsentSettings.inboundAllowed"]],
            },
            "account": "id-amara",
        },
    ),
    (
        declined(),
        {"number": 1, "digest": prepared().plan.digest, "reason": "We need it.", "account": "id-riley"},
    ),
    (RemindApprovers(), {"reminders": 2}),
    (
        Ask(actor=AMARA, request_id=REQUEST, text="Which?", asked=(RILEY,)),
        {"text": "Which?", "asked": ["Riley"], "account": "id-amara"},
    ),
    (
        Answer(actor=RILEY, request_id=REQUEST, question=QUESTION.id, text="Two."),
        {"text": "Two.", "question": "1", "account": "id-riley"},
    ),
    (Comment(actor=SAM, request_id=REQUEST, text="I agree."), {"text": "I agree.", "account": "id-sam"}),
    (Escalate(), {"stage": 0, "step": "managers"}),
    (
        RecordEscalation(stage=0, step=EscalationStep.MANAGERS, told=(AMARA,), skipped=WHY),
        {
            "stage": 0,
            "step": "managers",
            "told": [{"name": "Amara", "account": "id-amara"}],
            "skipped": WHY_VALUES,
        },
    ),
    (AnnounceExpiry(), {"expires_at": EXPIRY.isoformat()}),
    (Start(), {"digest": DIGEST, "starts_at": None}),
    (StopClock(cause=StopCause.QUESTION), {"cause": "question", "ends_by": EXPIRY.isoformat()}),
    (ResumeClock(cause=StopCause.QUESTION), {"cause": "question", "expires_at": EXPIRY.isoformat()}),
    (Expire(), {}),
    (Replan(reason=WHY), {"reason": WHY_VALUES}),
    (
        Replan(reason=WHY, drift=DRIFT),
        {"reason": WHY_VALUES, "drift": {"existed": False, "exists": True, "settings": (), "defaults": ()}},
    ),
    (Reopen(reason=WHY), {"reason": WHY_VALUES}),
    (Stop(reason=WHY), {"reason": WHY_VALUES}),
    (Stop(reason=WHY, configuration={"tenantId": TENANT}), {"reason": WHY_VALUES, "image": {"tenantId": TENANT}}),
    (RecordWriting(), {"digest": DIGEST}),
    (RecordOverwritten(configuration={"tenantId": TENANT}), {"image": {"tenantId": TENANT}, "digest": DIGEST}),
    (RecordOverwritten(configuration=None), {"digest": DIGEST}),
    (RecordUnseen(), {}),
    (RecordUnseen(sent=(SENT,)), {"sent": [SENT_VALUES]}),
    (RecordResent(reason=WHY), {"reason": WHY_VALUES, "digest": DIGEST}),
    (RecordApplied(configuration={"tenantId": TENANT}), {"image": {"tenantId": TENANT}, "digest": DIGEST}),
    (
        RecordApplied(configuration={"tenantId": TENANT}, sent=(SENT,)),
        {"image": {"tenantId": TENANT}, "digest": DIGEST, "sent": [SENT_VALUES]},
    ),
    (
        RecordRefusal(refusal=WriteRefusal(reason=WHY, accepted=1, is_unsure=False)),
        {"reason": WHY_VALUES, "accepted": 1, "digest": DIGEST},
    ),
    (RecordApplyFailed(reason=WHY), {"reason": WHY_VALUES, "digest": DIGEST}),
    (
        RecordApplyFailed(reason=WHY, configuration={"tenantId": TENANT}),
        {"reason": WHY_VALUES, "image": {"tenantId": TENANT}, "digest": DIGEST},
    ),
    (RecordSponsors(people=(SAM, AMARA)), {"accounts": ["id-sam", "id-amara"]}),
    (
        Reassign(actor=SAM, request_id=REQUEST, digest=DIGEST, from_person=AMARA, to_person=RILEY, reason="Leave"),
        {
            "digest": DIGEST,
            "from": "Amara (id-amara)",
            "to": "Riley (id-riley)",
            "reason": "Leave",
            "account": "id-sam",
        },
    ),
    (
        RecordRelations(
            relations=Relations(
                holders=(
                    RelationHolder(role=REQUESTER_MANAGER, whose="Riley", person=AMARA),
                    RelationHolder(role=SPONSOR_MANAGER, whose="Sam", problem=NoHolderReason.NO_MANAGER),
                )
            )
        ),
        {"accounts": {"requester-manager": "id-amara", "sponsor-manager": None}},
    ),
    (
        batch_decisions(),
        {
            "batch": BATCH,
            "batch_digest": "ba" * 32,
            "digest": DIGEST,
            "accounts": ["id-amara", "id-bruno", "id-chie"],
        },
    ),
    (LeaveBatch(reason=noted("High risk.")), {"batch": None, "reason": as_values(noted("High risk."))}),
    (
        EndWithBatch(state=RequestState.REJECTED, note=noted("No.")),
        {"batch": None, "state": "rejected", "reason": as_values(noted("No."))},
    ),
]
OF_PARTNERS: list[tuple[PartnershipCommand, dict[str, Any]]] = [
    (AskReview(), {}),
    (with_person(KEEP, SAM), {"reason": "Needed", "account": "id-sam"}),
    (RecordSponsorGone(sponsor=SAM.id, reason=GoneReason.DISABLED), {"reason": "disabled"}),
    (
        RecordSponsorGone(sponsor=SAM.id, reason=GoneReason.DISABLED, manager="Dana"),
        {"reason": "disabled", "manager": "Dana"},
    ),
    (RecordSponsorFound(sponsor=SAM.id), {}),
    (
        StartReview(reason=ReviewReasonCode.NO_SIGN_IN, event="2026-09-01", values={"days": "30"}),
        {"reason": "no_sign_in", "event": "2026-09-01", "days": "30"},
    ),
    (EndReviewReason(reason=ReviewReasonCode.DRIFT), {"reason": "drift"}),
    (
        IssueEndNotice(days=3, batch="b", ends_at=NOW, is_too_late=True),
        {"days": 3, "ends_at": NOW.isoformat(), "is_too_late": True},
    ),
    (RecordEndNotice(batch="b", people=()), {"people": [], "is_delivered": False}),
    (BlockAtEnd(request_id=REQUEST, ends_at=NOW), {"ends_at": NOW.isoformat()}),
    (
        RecordReviewReminder(
            batch="b",
            people=(Reminded(person=SAM.chat_id, asked_as=(AskedAs.SPONSOR, AskedAs.ADMIN)),),
            manager_skipped=ManagerSkipped.GUEST,
        ),
        {"people": {SAM.chat_id: ["sponsor", "admin"]}, "is_delivered": True, "manager_skipped": "guest"},
    ),
    (RecordReviewReminder(batch="b", people=()), {"people": {}, "is_delivered": False}),
    (SkipReview(reason=SkipReason.ENDS_SOON), {"reason": "ends_soon"}),
    (SuspendForSilence(request_id=REQUEST), {}),
    (AskAccessTest(), {}),
    (with_person(ASK_TEST, SAM), {"account": "id-sam", "person": "Sam"}),
    (
        with_person(WORKS, RILEY),
        {"account": "id-riley", "person": "Riley", "outcome": "works", "question": 2},
    ),
    (
        with_person(FAILS, RILEY),
        {
            "account": "id-riley",
            "person": "Riley",
            "outcome": "fails",
            "question": 2,
            "what": "An error",
            "code": "AADSTS500213",
        },
    ),
    (with_person(CONFIRM, SAM), {**STEP, "account": "id-sam"}),
    (with_person(UNCONFIRM, SAM), {**STEP, "account": "id-sam"}),
    (with_person(REMIND, SAM), {"account": "id-sam"}),
    (AskSetup(), {}),
    (PromptSetup(), {}),
    (PostponePrompt(until=NOW), {"until": NOW.isoformat()}),
    (
        ProposeSponsor(actor=SAM, tenant_id=TENANT, proposed=AMARA),
        {"account": "id-sam", "proposed": "Amara", "proposed_account": "id-amara"},
    ),
    (
        ProposeSponsor(actor=RILEY, tenant_id=TENANT, proposed=AMARA, is_manager=True),
        {"account": "id-riley", "proposed": "Amara", "proposed_account": "id-amara", "is_manager": True},
    ),
    (with_person(ACCEPT, AMARA), {"account": "id-amara", "number": 2}),
    (with_person(DECLINE, AMARA), {"account": "id-amara", "number": 2}),
    (with_person(WITHDRAW_HANDOVER, SAM), {"account": "id-sam", "number": 2}),
    (RemindHandover(), {}),
    (ExpireHandover(), {}),
    (RecordSetup(request_id=REQUEST, steps=(REDEEM_STEP,)), {}),
]
OF_CLICKS: list[tuple[Click, dict[str, Any]]] = [
    (APPROVE, {"digest": DIGEST}),
    (replace(APPROVE, digest=Digest("")), {}),
    (REJECT, {"digest": DIGEST, "reason": "Too wide"}),
    (replace(APPROVE, is_second_look=True), {"digest": DIGEST, "second_look": True}),
    (SupportRequest(actor=AMARA.chat_id, request_id=REQUEST), {}),
    (Withdraw(actor=RILEY.chat_id, request_id=REQUEST), {}),
    (AskReminder(actor=RILEY.chat_id, request_id=REQUEST), {}),
    (
        RequestChanges(actor=AMARA.chat_id, request_id=REQUEST, digest=prepared().plan.digest, text="Less"),
        {"digest": prepared().plan.digest, "text": "Less"},
    ),
    (
        ProposeLess(
            actor=AMARA.chat_id,
            request_id=REQUEST,
            digest=prepared().plan.digest,
            less=LessAsked(template="", days=30),
            reason="Enough",
        ),
        {"digest": prepared().plan.digest, "reason": "Enough", "days": 30},
    ),
    (
        AcceptProposal(actor=RILEY.chat_id, request_id=REQUEST, digest=prepared().plan.digest, number=1),
        {"digest": prepared().plan.digest, "number": 1},
    ),
    (
        DeclineProposal(actor=RILEY.chat_id, request_id=REQUEST, digest=prepared().plan.digest, number=1, reason="No"),
        {"number": 1, "digest": prepared().plan.digest, "reason": "No"},
    ),
    (
        Ask(actor=AMARA.chat_id, request_id=REQUEST, text="Which?", asked=(RILEY.chat_id,)),
        {"text": "Which?", "asked": ["U-RILEY"]},
    ),
    (
        Answer(actor=RILEY.chat_id, request_id=REQUEST, question=QUESTION.id, text="Two."),
        {"text": "Two.", "question": "1"},
    ),
    (Comment(actor=SAM.chat_id, request_id=REQUEST, text="I agree."), {"text": "I agree."}),
    (KEEP, {"reason": "Needed", "tenant_id": TENANT}),
    (Revoke(actor=SAM.chat_id, target="contoso.com", reason="Over"), {"reason": "Over", "target": "contoso.com"}),
    (Revoke(actor=SAM.chat_id, target="contoso.com", reason=""), {"target": "contoso.com"}),
    (CONFIRM, {"tenant_id": TENANT, **STEP}),
    (UNCONFIRM, {"tenant_id": TENANT, **STEP}),
    (replace(UNCONFIRM, step_digest=Digest("")), {"tenant_id": TENANT, "step": REDEEM_STEP.key}),
    (REMIND, {"tenant_id": TENANT}),
    (ASK_TEST, {"tenant_id": TENANT}),
    (WORKS, {"tenant_id": TENANT, "outcome": "works", "question": 2}),
    (
        replace(
            FAILS,
            failure=AccessFailure(
                what="An error", address="maria@contoso.com", application="Portal", correlation_id="0f3c", time="14:03"
            ),
        ),
        {
            "tenant_id": TENANT,
            "outcome": "fails",
            "question": 2,
            "what": "An error",
            "address": "maria@contoso.com",
            "application": "Portal",
            "correlation_id": "0f3c",
            "time": "14:03",
        },
    ),
    (PROPOSE, {"tenant_id": TENANT, "proposed": "U-AMARA"}),
    (ACCEPT, {"tenant_id": TENANT, "number": 2}),
    (DECLINE, {"tenant_id": TENANT, "number": 2}),
    (WITHDRAW_HANDOVER, {"tenant_id": TENANT, "number": 2}),
    (
        ChangeGuests(actor=SAM.chat_id, target="contoso.com", change=AccountChange.DISABLE, reason="Over"),
        {"change": "disable", "reason": "Over", "target": "contoso.com"},
    ),
    (
        ChangeGuests(
            actor=SAM.chat_id,
            target="contoso.com",
            change=AccountChange.ENABLE,
            reason="Back",
            accounts=(GUEST,),
            only_found=True,
            undoes=REQUEST,
        ),
        {
            "change": "enable",
            "reason": "Back",
            "target": "contoso.com",
            "accounts": [GUEST],
            "only_found": True,
            "undoes": REQUEST,
        },
    ),
    (
        Confirm(actor=SAM.chat_id, request_id=REQUEST, digest=DIGEST, typed="contoso.com 3"),
        {"digest": DIGEST, "typed": "contoso.com 3"},
    ),
    (
        AcceptDrift(actor=SAM.chat_id, subject="default", fingerprint=DIGEST, days=3, reason="Known"),
        {"subject": "default", "fingerprint": DIGEST, "reason": "Known", "days": 3},
    ),
    (
        DismissDenied(actor=SAM.chat_id, subject=TENANT, alarm_id="A-0123456789ab"),
        {"subject": TENANT, "alarm": "A-0123456789ab"},
    ),
    (
        ChangeFreeze(actor=SAM.chat_id, step=FreezeStep.FREEZE, reason="Incident"),
        {"step": "freeze", "version": 0, "reason": "Incident"},
    ),
    (ChangeFreeze(actor=SAM.chat_id, step=FreezeStep.END, version=2), {"step": "end_freeze", "version": 2}),
    (ApproveBatch(actor=SAM.chat_id, batch_id=BATCH, digest=DIGEST), {"batch": BATCH, "digest": DIGEST}),
    (
        RejectBatch(actor=SAM.chat_id, batch_id=BATCH, digest=DIGEST, reason="Too many"),
        {"batch": BATCH, "digest": DIGEST, "reason": "Too many"},
    ),
    (
        StartCampaign(actor=SAM.chat_id, scope=CampaignScope.RISK, value="high", reason="Yearly check"),
        {"scope": "risk", "value": "high", "reason": "Yearly check"},
    ),
    (WithdrawCampaign(actor=SAM.chat_id, campaign_id=CampaignId("C-1")), {"campaign": "C-1"}),
    (WithdrawBatch(actor=SAM.chat_id, batch_id=BATCH), {"batch": BATCH}),
    (ImportSheet(actor=SAM.chat_id, file_id="F1", run="k-1"), {"file": "F1"}),
    (
        ImportSheet(
            actor=SAM.chat_id, file_id="F1", template="guests", sheet="2027", sha256="ab", columns={"partner": 3}
        ),
        {"file": "F1", "template": "guests", "sheet": "2027", "sha256": "ab", "columns": {"partner": 3}},
    ),
    (
        AnswerHalt(actor=SAM.chat_id, batch_id=BATCH, halt=1, goes_on=False, reason="Wrong template"),
        {"batch": BATCH, "halt": 1, "goes_on": False, "reason": "Wrong template"},
    ),
    (
        SetAbsence(
            actor=SAM.chat_id,
            person=SAM.chat_id,
            delegate=AMARA.chat_id,
            from_=NOW,
            until=NOW + LIFETIME,
            note="Leave",
        ),
        {
            "person": "U-SAM",
            "delegate": "U-AMARA",
            "from": NOW.isoformat(),
            "until": (NOW + LIFETIME).isoformat(),
            "note": "Leave",
        },
    ),
    (EndAbsence(actor=SAM.chat_id, absence_id=absence_id(SAM.id, 1)), {"absence": "id-sam:1"}),
    (
        Reassign(
            actor=SAM.chat_id,
            request_id=REQUEST,
            digest=DIGEST,
            from_person=AMARA.chat_id,
            to_person=RILEY.chat_id,
            reason="Leave",
        ),
        {"digest": DIGEST, "from": "U-AMARA", "to": "U-RILEY", "reason": "Leave"},
    ),
    (RetryEffect(actor=SAM.chat_id, effect_id=7), {"effect_id": 7}),
    (DropEffect(actor=SAM.chat_id, effect_id=7), {"effect_id": 7}),
]


def named(table: list[tuple[Any, dict[str, Any]]]) -> dict[str, Any]:
    """The rows of a table as parameters, each under the name of its command."""
    return {"argvalues": table, "ids": [command.name for command, _ in table]}


def after(**changes: Any) -> AccessRequest:
    """The request after a command."""
    wanted = replace(particulars(), justification="Joint launch in June")
    usual = {
        "fields": wanted,
        "previous_fields": particulars(),
        "reminders": 2,
        "escalations": (Escalation(stage=0, step=EscalationStep.MANAGERS, at=NOW),),
        "clock_stops": (ClockStop(cause=StopCause.QUESTION, began_at=NOW, ends_by=EXPIRY, deadline=EXPIRY),),
    }
    return request(RequestState.APPLIED, **{**usual, **changes})


@pytest.mark.parametrize(("command", "details"), **named(OF_REQUESTS))
def test_a_command_about_a_request_is_kept_with_its_reason_and_its_plan(
    command: RequestCommand, details: dict[str, Any]
) -> None:
    kept = command.audit_details(after())
    assert (list(kept), kept) == (list(details), details), "in the order of writing"


@pytest.mark.parametrize(("command", "details"), **named(OF_PARTNERS))
def test_a_command_about_a_partner_is_kept_with_who_gave_it(
    command: PartnershipCommand, details: dict[str, Any]
) -> None:
    assert command.audit_details() == details


@pytest.mark.parametrize(("click", "details"), **named(OF_CLICKS))
def test_a_click_is_kept_with_what_it_names_and_without_an_account(click: Click, details: dict[str, Any]) -> None:
    assert click.audit_details() == details


def test_every_command_and_click_has_its_row() -> None:
    for table, union in ((OF_REQUESTS, RequestCommand), (OF_PARTNERS, PartnershipCommand), (OF_CLICKS, Click)):
        assert {type(command) for command, _ in table} == set(classes(union))


def test_a_request_without_an_end_and_a_restoration_say_so() -> None:
    asked = replace(particulars(RequestKind.REVOCATION), restores=RequestId("r-0"))
    kept = replace(SUBMIT, fields=asked).audit_details(after())
    assert (kept["days"], kept["restores"]) == (None, "r-0")
    assert "restores" not in SUBMIT.audit_details(after())


def test_a_request_for_somebody_else_names_the_requester() -> None:
    sent = replace(SUBMIT, fields=replace(SUBMIT.fields, submitter=AMARA.chat_id)).audit_details(after())
    assert sent["requester"] == SUBMIT.fields.requester
    assert "requester" not in SUBMIT.audit_details(after())


def test_a_member_of_a_batch_says_which() -> None:
    assert replace(SUBMIT, batch=BATCH).audit_details(after())["batch"] == BATCH


def test_accepting_drift_is_about_the_partner_and_of_the_default_about_none() -> None:
    click = AcceptDrift(actor=SAM.chat_id, subject=TENANT, fingerprint=DIGEST, days=3, reason="Known")
    assert subject_of(click) == CommandSubject(tenant_id=TENANT)
    assert subject_of(replace(click, subject="default")) == CommandSubject()
    dismissal = DismissDenied(actor=SAM.chat_id, subject=TENANT, alarm_id="A-0123456789ab")
    assert subject_of(dismissal) == CommandSubject(tenant_id=TENANT)
    assert subject_of(replace(dismissal, subject="many")) == CommandSubject()


def test_a_click_about_a_hand_over_names_the_partner() -> None:
    for click in (PROPOSE, ACCEPT, DECLINE, WITHDRAW_HANDOVER):
        assert subject_of(click) == CommandSubject(tenant_id=TENANT)
    assert actor_of(with_person(WITHDRAW_HANDOVER, SAM)) == SAM


def test_a_restoration_of_what_was_approved_says_so() -> None:
    asked = replace(particulars(RequestKind.RESTORATION), restores=RequestId("r-0"), restores_result=True)
    kept = replace(SUBMIT, fields=asked).audit_details(after())
    assert (kept["restores"], kept["restores_result"]) == ("r-0", True)


def test_without_a_plan_there_is_no_digest() -> None:
    known = request(RequestState.PREPARING)
    assert RecordWriting().audit_details(known) == {}
    assert RecordApplyFailed(reason=WHY).audit_details(known) == {"reason": WHY_VALUES}


def test_what_was_applied_is_kept_with_what_stays_open_and_what_was_not_accepted() -> None:
    left = (OpenAccess(name="inboundTrust.isMfaAccepted", opening=AccessState.UNKNOWN),)
    refused = (RefusedWrite(names=("isInMultiTenantOrganization",), reason=WHY),)
    command = RecordApplied(configuration={})
    assert command.audit_details(after(not_closed=left, refused=refused)) == {
        "image": {},
        "digest": DIGEST,
        "not_closed": {"inboundTrust.isMfaAccepted": "not known"},
        "refused": [
            {
                "names": ("isInMultiTenantOrganization",),
                "reason": ({"code": "text", "values": {"text": "Graph said: no."}},),
            }
        ],
    }
    assert command.audit_details(after(not_closed=()))["not_closed"] == {}, "checked, and nothing is open"
    assert "not_closed" not in command.audit_details(after()), "not checked"


def test_the_last_day_and_the_ticket_of_a_request_are_in_its_audit_entry_when_there_are_any() -> None:
    asked = replace(SUBMIT.fields, ends_at=NOW, starts_at=NOW, ticket="CHG-12")
    kept = replace(SUBMIT, fields=asked).audit_details(after())
    assert (kept["ends_at"], kept["starts_at"], kept["ticket"]) == (NOW.isoformat(), NOW.isoformat(), "CHG-12")
    assert not {"ends_at", "starts_at", "ticket"} & SUBMIT.audit_details(after()).keys()


def test_a_change_of_accounts_says_which_and_what_it_undoes() -> None:
    fields = replace(
        particulars(RequestKind.ENABLE_GUESTS), accounts=(GUEST,), only_found=True, undoes=RequestId("r-0")
    )
    kept = replace(SUBMIT, fields=fields).audit_details(after())
    assert (kept["accounts"], kept["only_found"], kept["undoes"]) == ([GUEST], True, "r-0")
    assert "accounts" not in SUBMIT.audit_details(after())
    asked = ChangeGuests(actor=SAM.chat_id, target="contoso.com", change=AccountChange.DISABLE, reason="Over")
    confirmed: Confirm[ChatId] = Confirm(actor=SAM.chat_id, request_id=REQUEST, digest=DIGEST, typed="x")
    assert subject_of(asked) == CommandSubject()
    assert subject_of(confirmed) == CommandSubject(request_id=REQUEST)
    assert actor_of(with_person(confirmed, SAM)) == SAM

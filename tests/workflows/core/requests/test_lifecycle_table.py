"""Every command in every state is taken or refused on purpose, and the picture in the docstring is the table."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any, Final, get_args

import pytest

from bot.words.requests.notes import refusal_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    DANA,
    EXPIRY,
    LIFETIME,
    MALLORY,
    NOW,
    QUESTION,
    REQUEST,
    RILEY,
    SAM,
    STAGES,
    TENANT,
    WHOLE_CHAIN,
    access_plan,
    accounts_plan,
    batch_decisions,
    edit,
    noted,
    particulars,
    planned_accounts,
    prepared,
    request,
    situation,
)
from tests.workflows.core.requests.test_changing import declined, proposed, with_proposal
from tests.workflows.core.transition_tables import arrows_written, by_name, drawn_arrows, pairs_of, pairs_written
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.accounts import AccountChange, AccountEnd, AccountProgress, AccountResult
from workflows.core.policy.relations import REQUESTER_MANAGER, RelationHolder, Relations
from workflows.core.requests import lifecycle
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
from workflows.core.requests.commands.editing import RequestChanges
from workflows.core.requests.commands.people import Reassign
from workflows.core.requests.commands.request import (
    Answer,
    Approve,
    Ask,
    Comment,
    Confirm,
    Reject,
    RemindApprovers,
    RequestCommand,
    Submit,
    SupportRequest,
    Withdraw,
)
from workflows.core.requests.deadlines.commands import (
    AnnounceExpiry,
    Escalate,
    RecordEscalation,
    ResumeClock,
    Start,
    StopClock,
)
from workflows.core.requests.lifecycle import TABLE, advance
from workflows.core.requests.request import (
    TERMINAL,
    AccessRequest,
    EscalationStep,
    RequestKind,
    RequestState,
    StageTimes,
    StopCause,
    WriteRefusal,
)
from workflows.core.requests.transitions.transition import Situation

EXPECTED: Final[Mapping[str, Mapping[str | None, str]]] = {
    "submit": {None: "preparing"},
    "record_prepared": {"preparing": "awaiting_confirmation awaiting_approval applying"},
    "record_unfit": {"preparing": "unfit"},
    "record_delayed": {"preparing": "preparing", "applying": "applying", "unconfirmed": "unconfirmed"},
    "confirm": {"awaiting_confirmation": "applying awaiting_approval"},
    "approve": {"awaiting_approval": "awaiting_approval scheduled applying"},
    "start": {"scheduled": "applying"},
    "reject": {"awaiting_approval": "rejected", "scheduled": "rejected", "applying": "rejected"},
    "support": {"awaiting_approval": "awaiting_approval"},
    "withdraw": {
        "preparing": "withdrawn",
        "awaiting_confirmation": "withdrawn",
        "awaiting_approval": "withdrawn",
        "scheduled": "withdrawn",
    },
    "edit": {"awaiting_approval": "preparing"},
    "request_changes": {"awaiting_approval": "awaiting_approval"},
    "record_proposal": {"awaiting_approval": "awaiting_approval"},
    "decline_proposal": {"awaiting_approval": "awaiting_approval"},
    "ask": {"awaiting_approval": "awaiting_approval"},
    "answer": {"preparing": "preparing", "awaiting_approval": "awaiting_approval"},
    "comment": {"awaiting_approval": "awaiting_approval"},
    "remind_approvers": {"awaiting_approval": "awaiting_approval"},
    "expire": {"preparing": "expired", "awaiting_confirmation": "expired", "awaiting_approval": "expired"},
    "escalate": {"awaiting_approval": "awaiting_approval"},
    "record_escalation": {"awaiting_approval": "awaiting_approval"},
    "announce_expiry": {"awaiting_approval": "awaiting_approval"},
    "stop_clock": {"awaiting_approval": "awaiting_approval"},
    "resume_clock": {"awaiting_approval": "awaiting_approval"},
    "replan": {"awaiting_approval": "preparing", "applying": "preparing", "unconfirmed": "preparing"},
    "reopen": {"applying": "awaiting_approval"},
    "stop": {
        "preparing": "stopped",
        "awaiting_confirmation": "stopped",
        "awaiting_approval": "stopped",
        "scheduled": "stopped",
        "applying": "stopped applying",
        "unconfirmed": "stopped unconfirmed",
    },
    "record_writing": {"applying": "applying", "unconfirmed": "unconfirmed"},
    "record_overwritten": {"applying": "overwritten", "unconfirmed": "overwritten"},
    "record_unseen": {"applying": "unconfirmed", "unconfirmed": "unconfirmed"},
    "record_resent": {"unconfirmed": "unconfirmed"},
    "record_applied": {"applying": "applied", "unconfirmed": "applied"},
    "record_refusal": {"applying": "applying", "unconfirmed": "unconfirmed"},
    "record_apply_failed": {"applying": "failed", "unconfirmed": "failed"},
    "record_accounts_sending": {"applying": "applying"},
    "record_account_results": {"applying": "applying"},
    "record_accounts_read": {
        "applying": "unconfirmed applied failed stopped",
        "unconfirmed": "unconfirmed applied failed stopped",
    },
    "record_sponsors": {"awaiting_approval": "awaiting_approval"},
    "reassign": {"awaiting_approval": "awaiting_approval"},
    "record_relations": {"awaiting_approval": "awaiting_approval"},
    "accept_batch_decisions": {"awaiting_approval": "scheduled applying"},
    "leave_batch": {
        "preparing": "preparing",
        "awaiting_approval": "awaiting_approval",
        "applying": "applying",
        "unconfirmed": "unconfirmed",
    },
    "end_with_batch": {
        "preparing": "rejected withdrawn expired stopped",
        "awaiting_approval": "rejected withdrawn expired stopped",
        "scheduled": "rejected withdrawn expired stopped",
    },
}
"""Command -> state it is taken in -> states it may lead to. Written by hand; whatever is not here is refused."""

COMMANDS: Final = by_name(RequestCommand)
STATES: Final = (None, *(state.value for state in RequestState))
PAIRS: Final = tuple(product(STATES, COMMANDS))

DIGEST: Final = prepared().plan.digest
SCHEDULED: Final = replace(access_plan(), starts_at=EXPIRY - timedelta(days=1))
WRITE_REFUSAL: Final = WriteRefusal(reason=noted("Graph refused it."), accepted=1, is_unsure=False)


GUESTS: Final = planned_accounts(3)
_SENT: Final = AccountResult(id=GUESTS[0].id, end=AccountEnd.SENT, at=NOW)
PROGRESS: Final = (
    AccountProgress(sending=(GUESTS[0].id,), sending_since=NOW),
    AccountProgress(results=(_SENT,)),
    AccountProgress(results=(_SENT,), stop=noted("The partner was revoked.")),
    AccountProgress(results=(_SENT, *(AccountResult(id=one.id, end=AccountEnd.REFUSED, at=NOW) for one in GUESTS[1:]))),
)
"""How far accounts are written."""


def _commands(name: str) -> list[RequestCommand]:
    """Return commands of one name that together produce each outcome in the table."""
    actors = (AMARA, BRUNO, CHIE)
    commands: dict[str, list[RequestCommand]] = {
        "submit": [Submit(request_id=REQUEST, fields=particulars(), lifetime=LIFETIME)],
        "record_prepared": [RecordPrepared(prepared=prepared(kind)) for kind in RequestKind],
        "record_unfit": [RecordUnfit(code="no_such_tenant", reason=noted("There is no such tenant."))],
        "record_delayed": [RecordDelayed(reason=noted("Graph does not answer."))],
        "confirm": [
            Confirm(actor=RILEY, request_id=REQUEST, digest=accounts_plan(change).digest, typed="Contoso.com  3")
            for change in AccountChange
        ],
        "record_accounts_sending": [RecordAccountsSending(ids=(GUESTS[2].id,))],
        "record_account_results": [
            RecordAccountResults(results=(AccountResult(id=GUESTS[0].id, end=AccountEnd.REFUSED, at=NOW),)),
        ],
        "record_accounts_read": [
            RecordAccountsRead(shown=shown, not_shown=hidden, is_last=is_last)
            for shown, hidden in (((GUESTS[0].id,), ()), ((), (GUESTS[0].id,)))
            for is_last in (True, False)
        ],
        "approve": [
            Approve(actor=actor, request_id=REQUEST, digest=digest)
            for actor in actors
            for digest in (DIGEST, SCHEDULED.digest)
        ],
        "start": [Start()],
        "reject": [
            Reject(actor=actor, request_id=REQUEST, digest=digest, reason="Too wide")
            for actor in actors
            for digest in (DIGEST, SCHEDULED.digest)
        ],
        "support": [SupportRequest(actor=MALLORY, request_id=REQUEST)],
        "withdraw": [Withdraw(actor=RILEY.chat_id, request_id=REQUEST)],
        "edit": [edit()],
        "request_changes": [RequestChanges(actor=AMARA, request_id=REQUEST, digest=DIGEST, text="Less, please.")],
        "record_proposal": [proposed()],
        "decline_proposal": [declined()],
        "ask": [Ask(actor=AMARA, request_id=REQUEST, text="Which sites?", asked=(RILEY,))],
        "answer": [Answer(actor=RILEY, request_id=REQUEST, question=QUESTION.id, text="Two.")],
        "comment": [Comment(actor=SAM, request_id=REQUEST, text="I agree.")],
        "remind_approvers": [RemindApprovers()],
        "expire": [Expire()],
        "escalate": [Escalate()],
        "record_escalation": [RecordEscalation(stage=0, step=EscalationStep.ADMINS)],
        "announce_expiry": [AnnounceExpiry()],
        "stop_clock": [StopClock(cause=cause) for cause in StopCause],
        "resume_clock": [ResumeClock(cause=cause) for cause in StopCause],
        "replan": [Replan(reason=noted("The partner changed."))],
        "reopen": [Reopen(reason=noted("Amara no longer holds the role."))],
        "stop": [Stop(reason=noted("The domain moved to another tenant."))],
        "record_writing": [RecordWriting()],
        "record_overwritten": [
            RecordOverwritten(configuration=configuration) for configuration in (None, {"isServiceProvider": None})
        ],
        "record_unseen": [RecordUnseen()],
        "record_resent": [RecordResent(reason=noted("It does not show."))],
        "record_applied": [RecordApplied(configuration={})],
        "record_refusal": [RecordRefusal(refusal=WRITE_REFUSAL)],
        "record_apply_failed": [
            RecordApplyFailed(reason=noted("Graph refused it."), configuration=configuration)
            for configuration in (None, {"tenantId": TENANT})
        ],
        "record_sponsors": [RecordSponsors(people=(DANA,))],
        "reassign": [
            Reassign(actor=DANA, request_id=REQUEST, digest=DIGEST, from_person=BRUNO, to_person=CHIE, reason="Leave")
        ],
        "record_relations": [
            RecordRelations(
                relations=Relations(holders=(RelationHolder(role=REQUESTER_MANAGER, whose="Riley", person=DANA),))
            )
        ],
        "accept_batch_decisions": [
            batch_decisions(),
            batch_decisions(
                plan_digest=SCHEDULED.digest,
                decisions=tuple(replace(decision, digest=SCHEDULED.digest) for decision in WHOLE_CHAIN),
            ),
        ],
        "leave_batch": [LeaveBatch(reason=noted("Its risk is high."))],
        "end_with_batch": [
            EndWithBatch(state=state, note=noted("Nobody decided."))
            for state in (RequestState.REJECTED, RequestState.WITHDRAWN, RequestState.EXPIRED, RequestState.STOPPED)
        ],
    }
    return commands[name]


def _requests(state: str | None) -> list[AccessRequest | None]:
    """Requests in one state: of either kind, and with no, some and all but one of the approvals."""
    if state is None:
        return [None]
    stands = RequestState(state)
    requests: list[AccessRequest | None] = [request(stands, kind) for kind in RequestKind]
    requests.append(request(stands, batch=BATCH))
    requests.append(request(stands, remarks=(QUESTION,)))
    if stands is RequestState.AWAITING_APPROVAL:
        requests += [request(decisions=WHOLE_CHAIN[:count]) for count in (1, 2)]
        requests.append(with_proposal())
        later = tuple(replace(decision, digest=SCHEDULED.digest) for decision in WHOLE_CHAIN[:2])
        requests.append(request(prepared=prepared(plan=SCHEDULED), decisions=later))
        requests.append(request(prepared=prepared(plan=SCHEDULED), decisions=(), batch=BATCH))
        chain = tuple(replace(stage, escalate_after=1) for stage in STAGES)
        times = StageTimes(stage=0, asked_at=NOW, escalations=(NOW,), notice_at=NOW)
        requests.append(request(prepared=prepared(stages=chain), stage_times=times))
    if stands is RequestState.AWAITING_CONFIRMATION:
        alone = prepared(RequestKind.DISABLE_GUESTS, stages=())
        requests.append(request(stands, RequestKind.DISABLE_GUESTS, prepared=alone))
    if stands in (RequestState.APPLYING, RequestState.UNCONFIRMED):
        requests += [request(stands, RequestKind.DISABLE_GUESTS, accounts=progress) for progress in PROGRESS]
    if stands is RequestState.SCHEDULED:
        whole = tuple(replace(decision, digest=SCHEDULED.digest) for decision in WHOLE_CHAIN)
        requests.append(request(stands, prepared=prepared(plan=SCHEDULED), decisions=whole))
    return requests


def _answer(known: AccessRequest | None, command: RequestCommand, moment: Situation) -> str | Refused:
    """Give the state that a command leads to, or the refusal it meets."""
    try:
        return advance(known, command, moment).request.state.value
    except Refused as refusal:
        return refusal


def _situations() -> list[Situation]:
    late = situation(EXPIRY - timedelta(seconds=1))
    return [situation(), late, situation(EXPIRY), situation(amara=""), situation(riley="admin")]


def test_the_table_names_exactly_the_expected_pairs() -> None:
    assert pairs_of(TABLE, COMMANDS) == pairs_written(EXPECTED)


def test_every_command_has_a_row_of_its_own() -> None:
    assert set(COMMANDS) == set(EXPECTED)
    assert len(COMMANDS) == len(get_args(RequestCommand))


@pytest.mark.parametrize(("state", "name"), PAIRS, ids=[f"{state}-{name}" for state, name in PAIRS])
def test_a_pair_leads_exactly_where_it_should_or_is_refused(state: str | None, name: str) -> None:
    answers = [_answer(*case) for case in product(_requests(state), _commands(name), _situations())]
    reached = {answer for answer in answers if isinstance(answer, str)}
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert reached == set(EXPECTED[name].get(state, "").split())
    assert all(refusal_words(refusal).strip() for refusal in refusals), "a refusal says why"
    not_now = [refusal.code is RefusalCode.NOT_POSSIBLE_IN_THIS_STATE for refusal in refusals]
    assert not any(not_now) if reached else all(not_now), "only a pair outside the table is refused for its state"


@pytest.mark.threats("C9")
@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_a_terminal_state_absorbs_every_command_and_says_that_it_is_closed(state: RequestState) -> None:
    for name in COMMANDS:
        for command in _commands(name):
            with worded_refusal(Refused, match=rf"closed \({state.value}\)") as refused:
                advance(request(state), command, situation(EXPIRY + timedelta(days=400)))
            assert refused.value.code == "not_now"


def test_terminal_states_are_the_eight_that_end_a_request() -> None:
    assert {state.value for state in TERMINAL} == {
        "applied",
        "rejected",
        "withdrawn",
        "expired",
        "unfit",
        "stopped",
        "overwritten",
        "failed",
    }
    assert all(request(state).is_terminal is (state in TERMINAL) for state in RequestState)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (None, "Gatehouse does not know this request"),
        (request(RequestState.AWAITING_APPROVAL), "not possible now, because the request is awaiting approval"),
    ],
)
def test_a_command_that_is_not_possible_now_is_refused_with_the_present_state(
    known: AccessRequest | None, words: str
) -> None:
    with worded_refusal(Refused, match=words) as refused:
        advance(known, RecordUnseen(), situation())
    assert refused.value.code == "not_now"


def test_a_handler_that_leaves_the_table_is_a_bug_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    narrowed: dict[tuple[RequestState | None, type[Any]], frozenset[RequestState]] = {**TABLE}
    narrowed |= {(RequestState.APPLYING, Stop): frozenset({RequestState.FAILED})}
    monkeypatch.setattr(lifecycle, "TABLE", narrowed)
    with pytest.raises(AssertionError, match=r"applying --stop--> stopped is not in the table"):
        advance(request(RequestState.APPLYING), Stop(reason=noted("Another tenant")), situation())


def test_the_diagram_in_the_docstring_is_the_table() -> None:
    lines = drawn_arrows(lifecycle.__doc__)
    assert len(lines) == len(set(lines)), "no arrow is drawn twice"
    assert set(lines) == arrows_written(EXPECTED)

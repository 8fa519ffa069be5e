"""Every command in every state of a partner is taken or refused on purpose, and the picture is the table."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any, Final

import pytest

from bot.words.requests.notes import refusal_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import (
    AMARA,
    DANA,
    NOW,
    REDEEM_STEP,
    SAM,
    STAGES,
    TENANT,
    access_plan,
    everybody,
    noted,
    particulars,
    partnership,
    prepared,
    reduction_plan,
    request,
    situation,
)
from tests.workflows.core.transition_tables import arrows_written, by_name, drawn_arrows, pairs_of, pairs_written
from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.errors.raised import Refused
from workflows.core.partners import lifecycle
from workflows.core.partners.access_end.notices import EndNotice
from workflows.core.partners.lifecycle import TABLE
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.partnership import CLOSED_STATES, Partnership, PartnershipState
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.policy.reviews.access_test import AccessOutcome, AccessTest
from workflows.core.policy.reviews.silence import ReviewReminder
from workflows.core.policy.reviews.sponsorship import Handover
from workflows.core.requests.commands.automatic import RecordApplied, RecordApplyFailed, RecordOverwritten, Stop
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
    UnconfirmSetup,
)
from workflows.core.requests.commands.people import (
    AcceptSponsorship,
    DeclineSponsorship,
    ExpireHandover,
    ProposeSponsor,
    RemindHandover,
    WithdrawHandover,
)
from workflows.core.requests.commands.request import RequestCommand
from workflows.core.requests.commands.review_event import (
    AnswerAccessTest,
    AskAccessTest,
    EndReviewReason,
    RecordReviewReminder,
    RequestAccessTest,
    ReviewReason,
    ReviewReasonCode,
    SkipReason,
    SkipReview,
    StartReview,
    SuspendForSilence,
)
from workflows.core.requests.request import AccessRequest, Closing, RequestKind, RequestState

SAME: Final[Mapping[str | None, str]] = {"active": "active", "review_due": "review_due"}
UNAPPROVED: Final[Mapping[str | None, str]] = {
    None: "active",
    "active": "active",
    "review_due": "review_due",
    "revoked": "active",
    "suspended": "active",
}
EXPECTED: Final[Mapping[str, Mapping[str | None, str]]] = {
    "ask_review": {"active": "review_due", "review_due": "review_due"},
    "keep": {"review_due": "active"},
    "record_sponsor_gone": {"active": "review_due", "review_due": "review_due"},
    "record_sponsor_found": SAME,
    "propose_sponsor": SAME,
    "accept_sponsorship": SAME,
    "decline_sponsorship": SAME,
    "withdraw_sponsorship": SAME,
    "remind_handover": SAME,
    "expire_handover": SAME,
    "start_review": {"active": "review_due", "review_due": "review_due"},
    "end_review_reason": {"active": "active", "review_due": "active review_due"},
    "confirm_half": SAME,
    "unconfirm_half": SAME,
    "remind_half": SAME,
    "ask_half": SAME,
    "prompt_setup": SAME,
    "postpone_setup_prompt": SAME,
    "record_half": SAME,
    "issue_end_notice": SAME,
    "record_end_notice": SAME,
    "block_at_end": SAME,
    "record_review_reminder": {"review_due": "review_due"},
    "skip_review": {"active": "active"},
    "suspend_for_silence": {"review_due": "review_due"},
    "ask_access_test": SAME,
    "request_access_test": SAME,
    "answer_access_test": SAME,
    "record_applied": {
        None: "active revoked suspended",
        "active": "active revoked suspended",
        "review_due": "active review_due revoked suspended",
        "revoked": "active revoked",
        "suspended": "active revoked suspended",
    },
    "record_overwritten": UNAPPROVED,
    "stop": {**UNAPPROVED, "suspended": "active suspended"},
    "record_apply_failed": {**UNAPPROVED, "suspended": "active suspended"},
}
"""Command -> state it is taken in -> states it may lead to. Written by hand; whatever is not here is refused."""

WRITTEN: Final = {
    "record_applied": RecordApplied,
    "record_overwritten": RecordOverwritten,
    "stop": Stop,
    "record_apply_failed": RecordApplyFailed,
}
OWN: Final = by_name(PartnershipCommand)
COMMANDS: Final[dict[str, type[Any]]] = {**OWN, **WRITTEN}
STATES: Final = (None, *(state.value for state in PartnershipState))
PAIRS: Final = tuple(product(STATES[1:], OWN))
SAID: Final = Confirmation(step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest, person=SAM, at=NOW)
LATE: Final = NOW + timedelta(days=31)

REMINDER: Final = ReviewReminder(number=1, sponsor=SAM.id, issued_at=NOW, batch="b")
NOTICE: Final = EndNotice(ends_at=NOW + timedelta(days=90), days=30, issued_at=NOW, batch="b")

ASKED: Final = Handover(number=1, proposed=AMARA, proposed_by=SAM, proposed_at=NOW, expires_at=LATE + timedelta(days=7))

RECORDS: Final[tuple[dict[str, Any], ...]] = (
    {"setup": ()},
    {"setup": (REDEEM_STEP,)},
    {"setup": (REDEEM_STEP,), "confirmations": (SAID,)},
    {"setup": (REDEEM_STEP,), "remind_setup_at": NOW},
    {"setup": (REDEEM_STEP,), "setup_prompt_at": NOW},
    {"sponsor_gone_at": NOW},
    {"end_notices": (NOTICE,)},
    {"review_reminders": (REMINDER,)},
    {"ends_at": NOW},
    {"handover": ASKED},
    {"handover": replace(ASKED, expires_at=LATE)},
    {"access_test": AccessTest(due_at=NOW)},
    {"access_test": AccessTest(question=1, asked_at=NOW)},
    {"review_events": ("drift:one",)},
    {"review_events": ("drift:one",), "review_reasons": (ReviewReason(code=ReviewReasonCode.DRIFT, at=NOW),)},
)
"""What a partner's record may say besides its state, so that each command is taken of one of them."""


def _commands(name: str) -> list[PartnershipCommand]:
    step: dict[str, Any] = {"tenant_id": TENANT, "step": REDEEM_STEP.key, "step_digest": REDEEM_STEP.digest}
    commands: dict[str, list[PartnershipCommand]] = {
        "ask_review": [AskReview()],
        "keep": [
            Keep(actor=actor, tenant_id=TENANT, reason="The launch moved to July") for actor in (SAM, DANA, AMARA)
        ],
        "record_sponsor_gone": [RecordSponsorGone(sponsor=SAM.id, reason=GoneReason.NO_ACCOUNT)],
        "record_sponsor_found": [RecordSponsorFound(sponsor=SAM.id)],
        "propose_sponsor": [
            ProposeSponsor(actor=SAM, tenant_id=TENANT, proposed=proposed) for proposed in (SAM, AMARA)
        ],
        "accept_sponsorship": [AcceptSponsorship(actor=actor, tenant_id=TENANT, number=1) for actor in (SAM, AMARA)],
        "decline_sponsorship": [DeclineSponsorship(actor=actor, tenant_id=TENANT, number=1) for actor in (SAM, AMARA)],
        "withdraw_sponsorship": [WithdrawHandover(actor=actor, tenant_id=TENANT, number=1) for actor in (SAM, AMARA)],
        "remind_handover": [RemindHandover()],
        "expire_handover": [ExpireHandover()],
        "confirm_half": [ConfirmSetup(actor=actor, **step) for actor in (SAM, AMARA)],
        "unconfirm_half": [UnconfirmSetup(actor=actor, **step) for actor in (SAM, AMARA)],
        "remind_half": [RemindSetup(actor=actor, tenant_id=TENANT) for actor in (SAM, AMARA)],
        "ask_half": [AskSetup()],
        "prompt_setup": [PromptSetup()],
        "postpone_setup_prompt": [PostponePrompt(until=LATE + timedelta(days=1))],
        "issue_end_notice": [IssueEndNotice(days=30, batch="b", ends_at=NOW + timedelta(days=90))],
        "record_end_notice": [RecordEndNotice(batch="b", people=(SAM.chat_id,))],
        "block_at_end": [BlockAtEnd(request_id=partnership().request_id, ends_at=NOW)],
        "record_review_reminder": [RecordReviewReminder(batch="b", people=())],
        "skip_review": [SkipReview(reason=SkipReason.ENDS_SOON)],
        "suspend_for_silence": [SuspendForSilence(request_id=partnership().request_id)],
        "ask_access_test": [AskAccessTest()],
        "request_access_test": [RequestAccessTest(actor=actor, tenant_id=TENANT) for actor in (SAM, AMARA)],
        "answer_access_test": [
            AnswerAccessTest(actor=actor, tenant_id=TENANT, question=1, outcome=outcome)
            for actor, outcome in product((SAM, AMARA), AccessOutcome)
        ],
        "start_review": [StartReview(reason=ReviewReasonCode.DRIFT, event="other")],
        "end_review_reason": [EndReviewReason(reason=ReviewReasonCode.DRIFT)],
        "record_half": [RecordSetup(request_id=partnership().request_id, steps=(REDEEM_STEP,))],
    }
    return commands[name]


def _answer(known: Partnership, command: PartnershipCommand) -> str | Refused:
    try:
        return advance_review(known, command, current_roles=everybody(sam=""), now=LATE).partnership.state.value
    except Refused as refusal:
        return refusal


def _written() -> list[AccessRequest]:
    """Requests that were written: by a chain that may open everything, by a weaker one, revoked and suspended."""
    revoke = particulars(RequestKind.REVOCATION)
    weaker = prepared(
        stages=STAGES[:1], plan=access_plan({"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}})
    )
    return [
        request(RequestState.APPLYING),
        request(RequestState.APPLYING, prepared=weaker),
        request(RequestState.APPLYING, prepared=prepared(plan=reduction_plan())),
        request(RequestState.APPLYING, RequestKind.REVOCATION),
        request(RequestState.APPLYING, RequestKind.REVOCATION, fields=replace(revoke, closing=Closing.SUSPEND)),
    ]


def test_the_table_names_exactly_the_expected_pairs() -> None:
    assert pairs_of(TABLE, COMMANDS) == pairs_written(EXPECTED)


def test_every_command_has_a_row_of_its_own() -> None:
    assert set(COMMANDS) == set(EXPECTED)


@pytest.mark.parametrize(("state", "name"), PAIRS, ids=[f"{state}-{name}" for state, name in PAIRS])
def test_a_pair_leads_exactly_where_it_should_or_is_refused(state: str, name: str) -> None:
    known = [partnership(state=PartnershipState(state), **record) for record in RECORDS]
    answers = [_answer(*case) for case in product(known, _commands(name))]
    assert {answer for answer in answers if isinstance(answer, str)} == set(EXPECTED[name].get(state, "").split())
    assert all(refusal_words(answer).strip() for answer in answers if isinstance(answer, Refused)), "a refusal says why"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", WRITTEN)
def test_what_was_written_leads_exactly_where_it_should(state: str | None, name: str) -> None:
    known = None if state is None else partnership(state=PartnershipState(state))
    commands: dict[str, RequestCommand] = {
        "record_applied": RecordApplied(configuration={}, default={}),
        "record_overwritten": RecordOverwritten(configuration={}),
        "stop": Stop(reason=noted("Its end has passed."), configuration={}),
        "record_apply_failed": RecordApplyFailed(reason=noted("Graph refused the rest."), configuration={}),
    }
    command = commands[name]
    taken = [one for one in _written() if name == "record_applied" or one.fields.kind is RequestKind.ACCESS]
    records = [advance_request_and_record(one, command, situation(), known).partnership for one in taken]
    assert {record.state.value for record in records if record} == set(EXPECTED[name].get(state, "").split())


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", [Stop, RecordApplyFailed])
def test_an_end_of_what_was_not_written_changes_no_record(
    state: str | None, command: type[Stop] | type[RecordApplyFailed]
) -> None:
    known = None if state is None else partnership(state=PartnershipState(state))
    end = command(reason=noted("The domain moved."))
    assert advance_request_and_record(request(RequestState.APPLYING), end, situation(), known).partnership is None


@pytest.mark.parametrize(("state", "said"), [("revoked", "already revoked"), ("suspended", "is suspended")])
@pytest.mark.parametrize("name", OWN)
def test_a_blocked_partner_takes_nothing_and_says_so(name: str, state: str, said: str) -> None:
    for record, command in product(RECORDS, _commands(name)):
        with worded_refusal(Refused, match=said) as refused:
            advance_review(
                partnership(state=PartnershipState(state), **record), command, current_roles=everybody(), now=LATE
            )
        assert refused.value.code == state


def test_who_may_not_keep_a_partner_is_told_that_also_where_no_review_waits() -> None:
    not_the_sponsor = Keep(actor=AMARA, tenant_id=TENANT, reason="Needed")
    with pytest.raises(Refused) as refused:
        advance_review(partnership(), not_the_sponsor, current_roles=everybody(), now=NOW)
    assert refused.value.code == "not_the_sponsor"


def test_a_record_that_leaves_the_table_is_a_bug_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    narrowed: dict[tuple[PartnershipState | None, type[Any]], frozenset[PartnershipState]] = {**TABLE}
    narrowed |= {
        (PartnershipState.ACTIVE, AskReview): frozenset({PartnershipState.ACTIVE}),
        (None, RecordApplied): frozenset({PartnershipState.REVOKED}),
    }
    monkeypatch.setattr(lifecycle, "TABLE", narrowed)
    with pytest.raises(AssertionError, match=r"active --ask_review--> review_due is not in the table"):
        advance_review(partnership(), AskReview(), current_roles=everybody(), now=LATE)
    with pytest.raises(AssertionError, match=r"None --record_applied--> active is not in the table"):
        advance_request_and_record(request(RequestState.APPLYING), RecordApplied(configuration={}), situation())


def test_the_diagram_in_the_docstring_is_the_table() -> None:
    lines = drawn_arrows(lifecycle.__doc__)
    assert len(lines) == len(set(lines)), "no arrow is drawn twice"
    assert set(lines) == arrows_written(EXPECTED)


def test_while_a_partner_is_live_only_what_belongs_to_a_review_can_come_at_the_wrong_time() -> None:
    """Every other refusal of the table says that the partner is revoked or suspended."""
    refused = {(state, name) for state, name in PAIRS if state not in EXPECTED[name]}
    assert {pair for pair in refused if pair[0] not in CLOSED_STATES} == {
        ("active", "keep"),
        ("active", "record_review_reminder"),
        ("active", "suspend_for_silence"),
        ("review_due", "skip_review"),
    }

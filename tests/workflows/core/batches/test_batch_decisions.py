"""Who may decide on a batch, on what exactly, and what voids a decision."""

from dataclasses import replace

import pytest

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.batches.examples import batch, decided, row, whole_chain
from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    EXPIRY,
    MALLORY,
    NOW,
    RILEY,
    SAM,
    approval,
    noted,
    situation,
)
from workflows.core.batches.batch import BY_PERSON, Batch, BatchState, ListFile, RowState, batch_digest
from workflows.core.batches.commands import (
    ConfirmDraft,
    ExpireBatch,
    PlanBatchAgain,
    RecordBatchPrepared,
    RecordListNotUploaded,
    RecordListUploaded,
    RecordRows,
    ReopenBatch,
)
from workflows.core.batches.deciding import (
    batch_as_not_believed,
    batch_eligibility,
    current_batch_eligibility,
    is_batch_believed,
)
from workflows.core.batches.lifecycle import advance_batch
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person
from workflows.core.policy.approval import Choice
from workflows.core.requests.commands.batch import ApproveBatch, RejectBatch, WithdrawBatch
from workflows.core.requests.effects import AdvanceBatch, SendMessage, ShowBatch, UploadBatchList
from workflows.core.requests.eligibility import IneligibleReason
from workflows.core.requests.notes import NoteCode
from workflows.core.settings.canonical import Digest


def approve(known: Batch, *people: Person, **roles: str) -> Batch:
    for person in people:
        command = ApproveBatch(actor=person, batch_id=BATCH, digest=known.digest or Digest(""))
        known = advance_batch(known, command, situation(NOW, **roles)).batch
    return known


def refused(known: Batch, command: object, *, now: object = NOW, **roles: str) -> str:
    with pytest.raises(Refused) as caught:
        advance_batch(known, command, situation(now, **roles))  # type: ignore[arg-type]
    return caught.value.code


def test_the_whole_chain_on_one_digest_approves_every_member() -> None:
    waiting = approve(batch(), AMARA, BRUNO)
    assert (waiting.state, len(waiting.decisions)) == (BatchState.AWAITING_APPROVAL, 2)
    command = ApproveBatch(actor=CHIE, batch_id=BATCH, digest=waiting.digest or Digest(""))
    approved = advance_batch(waiting, command, situation())
    assert approved.batch.state is BatchState.APPLYING
    assert approved.effects == (ShowBatch(batch_id=BATCH), AdvanceBatch(batch_id=BATCH))


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (RILEY, RefusalCode.REQUESTER_MAY_NOT_DECIDE),
        (SAM, RefusalCode.SPONSOR_MAY_NOT_DECIDE),
        (MALLORY, RefusalCode.AUTHOR_MAY_NOT_DECIDE),
    ],
)
def test_requester_sponsor_and_the_author_of_any_row_never_decide(person: Person, code: RefusalCode) -> None:
    """Mallory made the settings of one of three partners, and has the role here."""
    command = ApproveBatch(actor=person, batch_id=BATCH, digest=batch().digest or Digest(""))
    assert refused(batch(), command, mallory="security data-owner") == code
    assert batch_eligibility(batch()).ineligible_reason(MALLORY.chat_id) is IneligibleReason.AUTHOR


def test_nobody_decides_without_the_list_of_exactly_these_members() -> None:
    command = ApproveBatch(actor=AMARA, batch_id=BATCH, digest=batch().digest or Digest(""))
    assert refused(batch(list_file=None), command) == RefusalCode.BATCH_LIST_MISSING
    other = ListFile(file_id="F9", name="x", sha256=Digest("ab" * 32), digest=Digest("0" * 64))
    assert refused(batch(list_file=other), command) == RefusalCode.BATCH_LIST_MISSING
    assert refused(batch(), RecordListUploaded(batch_id=BATCH, file=other)) == RefusalCode.CARD_OUT_OF_DATE


def test_without_the_list_an_approver_can_reject() -> None:
    """Otherwise nobody but its requester could end a batch whose list cannot be attached."""
    command = RejectBatch(actor=AMARA, batch_id=BATCH, digest=batch().digest or Digest(""), reason="No list")
    assert advance_batch(batch(list_file=None), command, situation()).batch.state is BatchState.REJECTED
    assert refused(batch(list_file=None), replace(command, actor=RILEY)) == RefusalCode.REQUESTER_MAY_NOT_DECIDE


def test_a_decision_is_on_what_was_shown_and_in_time() -> None:
    usual = ApproveBatch(actor=AMARA, batch_id=BATCH, digest=batch().digest or Digest(""))
    assert refused(batch(), replace(usual, digest=Digest("0" * 64))) == RefusalCode.CARD_OUT_OF_DATE
    assert refused(batch(), usual, now=EXPIRY) == RefusalCode.EXPIRED
    in_time = replace(situation(EXPIRY), received_at=NOW)
    assert advance_batch(batch(), usual, in_time).batch.decisions[0].at == NOW
    assert refused(batch(), replace(usual, actor=BRUNO)) == RefusalCode.NOT_YOUR_TURN
    assert refused(approve(batch(), AMARA), usual) == RefusalCode.ALREADY_DECIDED


def test_a_chain_that_is_complete_again_needs_no_further_approval() -> None:
    known = batch(decisions=whole_chain(batch().digest or Digest("")))
    command = ApproveBatch(actor=BRUNO, batch_id=BATCH, digest=known.digest or Digest(""))
    after = advance_batch(known, command, situation()).batch
    assert (after.state, len(after.decisions)) == (BatchState.APPLYING, 3)
    reject = RejectBatch(actor=BRUNO, batch_id=BATCH, digest=known.digest or Digest(""), reason="Wait")
    assert refused(known, reject) == RefusalCode.ALL_APPROVALS_GIVEN


def test_a_rejection_has_a_reason_and_ends_every_member() -> None:
    usual = RejectBatch(actor=AMARA, batch_id=BATCH, digest=batch().digest or Digest(""), reason=" Too many ")
    assert refused(batch(), replace(usual, reason=" ")) == RefusalCode.REASON_MISSING
    rejected = advance_batch(batch(), usual, situation())
    assert rejected.batch.decisions[-1].choice is Choice.REJECT
    assert [fact.values for fact in rejected.batch.note] == [{"name": "Amara", "reason": "Too many"}]
    assert [type(effect) for effect in rejected.effects] == [ShowBatch, SendMessage, AdvanceBatch]


def test_only_the_requester_withdraws() -> None:
    command = WithdrawBatch(actor=AMARA.chat_id, batch_id=BATCH)
    assert refused(batch(), command) == RefusalCode.NOT_THE_REQUESTER
    withdrawn = advance_batch(batch(), replace(command, is_requester=True), situation())
    assert withdrawn.batch.state is BatchState.WITHDRAWN


def test_a_draft_is_discarded_by_who_made_it_and_that_of_the_command_line_by_any_member() -> None:
    command = WithdrawBatch(actor=AMARA.chat_id, batch_id=BATCH)
    of_riley = replace(batch(BatchState.DRAFT), drafted_by=f"{BY_PERSON}{RILEY.chat_id}")
    assert refused(of_riley, command) == RefusalCode.NOT_THE_REQUESTER
    of_amara = replace(of_riley, drafted_by=f"{BY_PERSON}{AMARA.chat_id}")
    for draft in (of_amara, batch(BatchState.DRAFT)):
        discarded = advance_batch(draft, command, situation())
        assert discarded.batch.state is BatchState.WITHDRAWN
        assert discarded.batch.note == (Fact(NoteCode.DRAFT_DISCARDED),)
        [end, told] = discarded.effects
        assert end == AdvanceBatch(batch_id=BATCH)
        assert isinstance(told, SendMessage)
        assert told.person == AMARA.chat_id


def test_discarding_a_draft_ends_no_batch_that_was_confirmed() -> None:
    command = WithdrawBatch(actor=RILEY.chat_id, batch_id=BATCH, is_requester=True, is_of_draft=True)
    for state in (BatchState.PREPARING, BatchState.AWAITING_APPROVAL):
        assert refused(batch(state), command) == RefusalCode.BATCH_NOT_POSSIBLE_NOW
        withdrawn = advance_batch(batch(state), replace(command, is_of_draft=False), situation())
        assert withdrawn.batch.state is BatchState.WITHDRAWN
    assert advance_batch(batch(BatchState.DRAFT), command, situation()).batch.state is BatchState.WITHDRAWN


def test_a_draft_that_the_command_line_ends_tells_nobody() -> None:
    command = WithdrawBatch(actor=ChatId("os:ci"), batch_id=BATCH)
    discarded = advance_batch(batch(BatchState.DRAFT), command, situation())
    assert discarded.batch.state is BatchState.WITHDRAWN
    assert discarded.effects == (AdvanceBatch(batch_id=BATCH),)


def test_it_expires_at_its_time_and_not_before() -> None:
    command = ExpireBatch(batch_id=BATCH)
    assert refused(batch(), command) == RefusalCode.NOT_DUE_YET
    draft = advance_batch(batch(BatchState.DRAFT), command, situation(EXPIRY))
    assert draft.effects == (AdvanceBatch(batch_id=BATCH),)
    assert [fact.code for fact in draft.batch.note] == ["draft_not_confirmed"]
    undecided = advance_batch(batch(), command, situation(EXPIRY)).batch
    assert [fact.code for fact in undecided.note] == ["batch_undecided"]
    assert not undecided.may_expire
    assert not batch(BatchState.APPLYING).may_expire


def test_a_draft_is_confirmed_as_it_was_shown() -> None:
    draft = batch(BatchState.DRAFT, row(1, RowState.WAITING))
    usual = ConfirmDraft(
        actor=RILEY,
        batch_id=BATCH,
        shown_version=5,
        sponsor=SAM,
        justification="Yes",
        duration=EXPIRY - NOW,
        lifetime=EXPIRY - NOW,
    )
    confirmed = advance_batch(draft, usual, situation())
    assert (confirmed.batch.requester, confirmed.batch.sponsor) == (RILEY, SAM)
    assert confirmed.effects == (ShowBatch(batch_id=BATCH), AdvanceBatch(batch_id=BATCH))
    assert refused(draft, replace(usual, shown_version=4)) == RefusalCode.BATCH_DRAFT_CHANGED
    assert refused(draft, usual, now=EXPIRY) == RefusalCode.EXPIRED
    empty = batch(BatchState.DRAFT, row(1, RowState.NOT_ASKED))
    assert refused(empty, usual) == RefusalCode.BATCH_EMPTY


def test_a_member_that_leaves_voids_every_decision_and_the_list() -> None:
    """The others are decided again: nobody has seen a list of exactly them."""
    known = approve(batch(), AMARA)
    command = RecordRows(batch_id=BATCH, rows={known.rows[0].tenant_id: row(1, RowState.LEFT)})
    left = advance_batch(known, command, situation())
    after = left.batch
    assert after.digest == batch_digest(BATCH, known.rows[1:], known.stages) != known.digest
    assert (after.decisions, after.void_decisions, after.list_file) == ((), known.decisions, None)
    assert (after.round, after.stages) == (known.round + 1, known.stages)
    assert left.effects == (UploadBatchList(batch_id=BATCH), ShowBatch(batch_id=BATCH))
    assert [fact.code for fact in after.note] == ["batch_member_left", "asked_again"]
    with worded_refusal(Refused, match="changed"):
        advance_batch(after, ApproveBatch(actor=AMARA, batch_id=BATCH, digest=known.digest or Digest("")), situation())


def test_rows_that_did_not_change_are_not_stored() -> None:
    known = batch(BatchState.APPLYING)
    same = advance_batch(known, RecordRows(batch_id=BATCH, rows={known.rows[0].tenant_id: known.rows[0]}), situation())
    assert (same.batch, same.effects) == (known, ())


def test_members_that_are_tried_in_vain_ask_for_nothing_more() -> None:
    """What tried them is tried again after a pause."""
    known = batch(BatchState.APPLYING)
    command = RecordRows(batch_id=BATCH, rows={known.rows[0].tenant_id: row(1, failures=1)})
    recorded = advance_batch(known, command, situation())
    assert (recorded.batch.rows[0].failures, recorded.effects) == (1, ())


def test_while_it_is_recorded_a_member_that_leaves_voids_nothing() -> None:
    """The others were approved exactly as they are."""
    known = batch(BatchState.APPLYING)
    rows = {known.rows[0].tenant_id: row(1, RowState.APPLIED), known.rows[1].tenant_id: row(2, RowState.LEFT)}
    after = advance_batch(known, RecordRows(batch_id=BATCH, rows=rows), situation())
    assert (after.batch.digest, after.batch.decisions) == (known.digest, known.decisions)
    assert after.effects == (ShowBatch(batch_id=BATCH), AdvanceBatch(batch_id=BATCH))
    rows = {known.rows[2].tenant_id: row(3, RowState.APPLIED)}
    done = advance_batch(after.batch, RecordRows(batch_id=BATCH, rows=rows), situation()).batch
    assert (done.state, done.version) == (BatchState.DONE, after.batch.version + 1)


def test_an_ended_batch_ends_its_members_part_by_part() -> None:
    known = batch(BatchState.REJECTED)
    rows = {known.rows[0].tenant_id: row(1, RowState.ENDED)}
    after = advance_batch(known, RecordRows(batch_id=BATCH, rows=rows), situation())
    assert after.effects == (ShowBatch(batch_id=BATCH), AdvanceBatch(batch_id=BATCH))
    rows = {one.tenant_id: replace(one, state=RowState.ENDED) for one in known.rows}
    assert advance_batch(after.batch, RecordRows(batch_id=BATCH, rows=rows), situation()).effects == (
        ShowBatch(batch_id=BATCH),
    )


def test_approval_is_asked_when_every_row_is_settled() -> None:
    command = RecordBatchPrepared(batch_id=BATCH, stages=batch().stages, roles={"security": "h"}, templates={"t": "h"})
    unsettled = batch(BatchState.PREPARING, row(1), row(2, RowState.WAITING))
    assert refused(unsettled, command) == RefusalCode.BATCH_NOT_POSSIBLE_NOW
    prepared = advance_batch(batch(BatchState.PREPARING, list_file=None), command, situation())
    assert prepared.batch.roles == {"security": "h"}
    assert [type(effect) for effect in prepared.effects] == [UploadBatchList, ShowBatch, SendMessage]


def test_the_cause_of_a_missing_list_is_stored_once() -> None:
    known = batch(list_file=None)
    command = RecordListNotUploaded(batch_id=BATCH, reason=noted("No answer."))
    failed = advance_batch(known, command, situation())
    assert (failed.batch.list_problem, failed.effects) == (noted("No answer."), (ShowBatch(batch_id=BATCH),))
    assert advance_batch(failed.batch, command, situation()).effects == ()
    assert advance_batch(batch(), command, situation()).batch == batch()


def test_an_approval_that_does_not_count_any_more_is_asked_again() -> None:
    known = batch(BatchState.APPLYING)
    command = ReopenBatch(batch_id=BATCH, reason=noted("Amara has no role any more."))
    assert refused(known, command) == RefusalCode.ALL_APPROVALS_STILL_COUNT
    again = advance_batch(known, command, situation(amara="")).batch
    assert [one.person for one in again.decisions] == [BRUNO, CHIE]
    assert (again.is_list_current, again.round) == (True, known.round + 1)
    begun = batch(BatchState.APPLYING, replace(known.rows[0], state=RowState.APPLIED), *known.rows[1:])
    begun = replace(begun, digest=known.digest, decisions=known.decisions)
    again = advance_batch(begun, command, situation(amara="")).batch
    assert (again.decisions, again.list_file) == ((), None)


def test_changed_rules_plan_every_member_again() -> None:
    command = PlanBatchAgain(batch_id=BATCH, reason=noted("The template changed."))
    known = batch(BatchState.APPLYING, row(1), row(2, RowState.APPLIED))
    again = advance_batch(known, command, situation())
    assert [one.state for one in again.batch.rows] == [RowState.WAITING, RowState.APPLIED]
    assert (again.batch.rows[0].plan_digest, again.batch.digest, again.batch.decisions) == (None, None, ())
    assert again.effects == (ShowBatch(batch_id=BATCH), AdvanceBatch(batch_id=BATCH))


def test_who_is_asked_now() -> None:
    who = current_batch_eligibility(batch())
    assert who is not None
    assert [stage.role for stage in who.open_stages] == ["security", "data-owner"]
    assert who.excluded_ids == {one for person in (RILEY, SAM, MALLORY) for one in (person.id, person.chat_id)}
    assert current_batch_eligibility(batch(BatchState.APPLYING)) is None
    assert current_batch_eligibility(batch(decisions=whole_chain(batch().digest or Digest("")))) is None
    nameless = batch(BatchState.DRAFT, row(1, RowState.WAITING, authors=(replace(MALLORY, chat_id=ChatId("")),)))
    assert batch_eligibility(nameless).authors == {MALLORY.id}


def test_a_row_that_was_never_decided_together_excludes_nobody() -> None:
    rows = (row(1), row(2, RowState.NOT_ASKED, authors=(AMARA,)), row(3, RowState.LEFT, authors=(BRUNO,)))
    known = batch(BatchState.AWAITING_APPROVAL, *rows)
    assert known.authors == ()
    assert batch(BatchState.AWAITING_APPROVAL, row(1), replace(row(2), state=RowState.LEFT, authors=(BRUNO,))).authors
    assert known.counts()[RowState.PLANNED] == 1
    assert known.row_of(rows[1].tenant_id) == rows[1]
    assert known.row_of(row(9).tenant_id) is None
    assert decided(AMARA, 0, known.digest or Digest("")).batch_digest is None


@pytest.mark.parametrize("state", [BatchState.DRAFT, BatchState.PREPARING, BatchState.AWAITING_APPROVAL])
def test_one_from_before_a_held_start_ends_at_once(state: BatchState) -> None:
    command = ExpireBatch(batch_id=BATCH, is_void=True)
    ended = advance_batch(batch(state), command, situation()).batch
    assert (ended.state, [fact.code for fact in ended.note]) == (BatchState.EXPIRED, ["void_since_hold"])
    assert command.audit_details() == {"batch": BATCH, "is_void": True}


def test_one_that_halted_before_a_held_start_is_stopped() -> None:
    ended = advance_batch(batch(BatchState.HALTED), ExpireBatch(batch_id=BATCH, is_void=True), situation()).batch
    assert (ended.state, [fact.code for fact in ended.note]) == (BatchState.STOPPED, ["void_since_hold"])


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (BatchState.DRAFT, BatchState.EXPIRED),
        (BatchState.PREPARING, BatchState.EXPIRED),
        (BatchState.AWAITING_APPROVAL, BatchState.EXPIRED),
        (BatchState.APPLYING, BatchState.STOPPED),
        (BatchState.HALTED, BatchState.STOPPED),
    ],
)
def test_one_that_something_else_changed_ends_in_every_open_state(state: BatchState, ends: BatchState) -> None:
    command = ExpireBatch(batch_id=BATCH, is_unproven=True)
    forged = (approval(AMARA, 0, digest=batch(state).digest),)
    changed = replace(batch(state), decisions=forged, void_decisions=forged)
    ended = advance_batch(changed, command, situation()).batch
    assert (ended.state, [fact.code for fact in ended.note]) == (ends, ["batch_not_believed"])
    assert (ended.decisions, ended.void_decisions) == ((), ()), "what somebody else wrote is not stored again"
    assert command.audit_details() == {"batch": BATCH, "is_unproven": True}


@pytest.mark.parametrize(
    ("state", "code"), [(BatchState.APPLYING, "batch_changed"), (BatchState.DONE, "batch_not_believed")]
)
def test_one_that_something_else_changed_is_shown_without_decisions(state: BatchState, code: str) -> None:
    stored = replace(batch(state), decisions=(approval(AMARA, 0, digest=batch(state).digest),))
    shown = batch_as_not_believed(stored)
    assert (shown.decisions, shown.void_decisions, [fact.code for fact in shown.note]) == ((), (), [code])
    assert (is_batch_believed(stored), is_batch_believed(shown)) == (True, False)


@pytest.mark.parametrize("is_void", [False, True])
def test_one_that_is_being_written_does_not_expire(is_void: bool) -> None:
    with pytest.raises(Refused) as refused:
        advance_batch(batch(BatchState.APPLYING), ExpireBatch(batch_id=BATCH, is_void=is_void), situation(EXPIRY))
    assert refused.value.code is RefusalCode.BATCH_NOT_POSSIBLE_NOW

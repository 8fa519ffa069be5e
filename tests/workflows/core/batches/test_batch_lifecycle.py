"""Every command in every state of a batch is taken or refused on purpose, and the picture shows the table."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any, Final

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.batches.examples import SETTINGS, batch, row, whole_chain
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
    RILEY,
    SAM,
    STAGES,
    noted,
    situation,
)
from tests.workflows.core.transition_tables import arrows_written, by_name, drawn_arrows, pairs_of, pairs_written
from workflows.core.batches import lifecycle
from workflows.core.batches.asked_row import AskedAccess, BatchSheet
from workflows.core.batches.batch import Batch, BatchState, HaltRule, ListFile, RowState, Run
from workflows.core.batches.commands import (
    BatchCommand,
    ConfirmDraft,
    DraftBatch,
    ExpireBatch,
    HaltBatch,
    PlanBatchAgain,
    RecordBatchPrepared,
    RecordListNotUploaded,
    RecordListUploaded,
    RecordRows,
    RemindBatchApprovers,
    ReopenBatch,
)
from workflows.core.batches.lifecycle import TABLE, advance_batch
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, RejectBatch, WithdrawBatch
from workflows.core.requests.request import RequestKind
from workflows.core.settings.canonical import Digest

EXPECTED: Final[Mapping[str, Mapping[str | None, str]]] = {
    "draft_batch": {None: "draft"},
    "confirm_draft": {"draft": "preparing"},
    "record_rows": {
        "preparing": "preparing",
        "awaiting_approval": "awaiting_approval done",
        "applying": "applying done",
        "rejected": "rejected",
        "withdrawn": "withdrawn",
        "expired": "expired",
        "halted": "halted done",
        "stopped": "stopped",
    },
    "record_batch_prepared": {"preparing": "awaiting_approval done withdrawn"},
    "record_list_uploaded": {"awaiting_approval": "awaiting_approval"},
    "record_list_not_uploaded": {"awaiting_approval": "awaiting_approval"},
    "approve_batch": {"awaiting_approval": "awaiting_approval applying"},
    "reject_batch": {"awaiting_approval": "rejected"},
    "withdraw_batch": {"draft": "withdrawn", "preparing": "withdrawn", "awaiting_approval": "withdrawn"},
    "expire_batch": {
        "draft": "expired",
        "preparing": "expired",
        "awaiting_approval": "expired",
        "applying": "stopped",
        "halted": "stopped",
    },
    "remind_batch_approvers": {"awaiting_approval": "awaiting_approval"},
    "reopen_batch": {"applying": "awaiting_approval"},
    "plan_batch_again": {"awaiting_approval": "preparing", "applying": "preparing"},
    "halt_batch": {"applying": "halted"},
    "answer_halt": {"halted": "applying stopped"},
}
"""Command -> state it is taken in -> states it may lead to. Written by hand; whatever is not here is refused."""

COMMANDS: Final = by_name(BatchCommand)
STATES: Final = (None, *(state.value for state in BatchState))
PAIRS: Final = tuple(product(STATES, COMMANDS))
USUAL: Final = batch()
DIGEST: Final = USUAL.digest or Digest("")


def _commands(name: str) -> list[BatchCommand]:
    """Commands of one name that together produce each outcome in the table."""
    ended = {one.tenant_id: row(number, RowState.ENDED) for number, one in enumerate(USUAL.rows, 1)}
    first = USUAL.rows[0]
    prepared: dict[str, Any] = {"batch_id": BATCH, "stages": STAGES, "roles": {}, "templates": {}}
    file = ListFile(file_id="F2", name="list.csv", sha256=Digest("cd" * 32), digest=DIGEST)
    confirm = ConfirmDraft(
        actor=RILEY,
        batch_id=BATCH,
        shown_version=5,
        sponsor=SAM,
        justification="They work with us",
        duration=timedelta(days=90),
        lifetime=LIFETIME,
    )
    commands: dict[str, list[BatchCommand]] = {
        "draft_batch": [
            DraftBatch(
                batch_id=BATCH,
                kind=RequestKind.ADOPTION,
                rows=(row(2, RowState.WAITING), row(1, RowState.WAITING)),
                drafted_by="os:root",
                lifetime=LIFETIME,
            )
        ],
        "confirm_draft": [confirm],
        "record_rows": [
            RecordRows(batch_id=BATCH, rows=ended),
            RecordRows(batch_id=BATCH, rows={first.tenant_id: row(1, RowState.LEFT)}),
        ],
        "record_batch_prepared": [
            RecordBatchPrepared(**prepared),
            RecordBatchPrepared(**prepared, problem=Fact(RefusalCode.BATCH_EMPTY)),
        ],
        "record_list_uploaded": [RecordListUploaded(batch_id=BATCH, file=file)],
        "record_list_not_uploaded": [RecordListNotUploaded(batch_id=BATCH, reason=noted("No answer."))],
        "approve_batch": [ApproveBatch(actor=actor, batch_id=BATCH, digest=DIGEST) for actor in (AMARA, BRUNO, CHIE)],
        "reject_batch": [RejectBatch(actor=AMARA, batch_id=BATCH, digest=DIGEST, reason="Too many")],
        "withdraw_batch": [WithdrawBatch(actor=RILEY.chat_id, batch_id=BATCH)],
        "expire_batch": [ExpireBatch(batch_id=BATCH), ExpireBatch(batch_id=BATCH, is_unproven=True)],
        "remind_batch_approvers": [RemindBatchApprovers(batch_id=BATCH)],
        "reopen_batch": [ReopenBatch(batch_id=BATCH, reason=noted("Amara has no role any more."))],
        "plan_batch_again": [PlanBatchAgain(batch_id=BATCH, reason=noted("The template changed."))],
        "halt_batch": [HaltBatch(batch_id=BATCH, rule=HaltRule())],
        "answer_halt": [
            AnswerHalt(actor=DANA, batch_id=BATCH, halt=1, goes_on=goes_on, reason="Repaired")
            for goes_on in (True, False)
        ],
    }
    return commands[name]


def _of_sheet(known: Batch) -> Batch:
    """The same batch of access that a sheet asks for, with a row for which nothing is asked."""
    asked = (
        replace(one, asked=AskedAccess(row=number, target=one.name, sponsor=MALLORY))
        for number, one in enumerate(known.rows, start=2)
    )
    none = replace(row(1, RowState.NOT_ASKED), asked=AskedAccess(row=99, target="partner1.example"))
    sheet = BatchSheet(name="partners.csv", sha256=Digest("5e" * 32), rows=len(known.rows) + 1)
    return replace(known, kind=RequestKind.ACCESS, rows=(*asked, none), sheet=sheet, duration=None)


def _batches(state: str | None) -> list[Batch | None]:
    """Batches in one state: with planned, waiting and no members, and with some approvals. And the same of a sheet."""
    if state is None:
        return [None]
    found: list[Batch | None] = [
        batch(BatchState(state)),
        batch(BatchState(state), row(1, RowState.WAITING), row(2, RowState.ALONE)),
        batch(BatchState(state), row(1, RowState.ENDED)),
    ]
    if state == BatchState.AWAITING_APPROVAL:
        found.append(batch(decisions=whole_chain(DIGEST)[:2]))
    if state == BatchState.APPLYING:
        found.append(batch(BatchState.APPLYING, kind=RequestKind.ACCESS, runs=(Run(since=NOW, tried=3, failed=3),)))
    if state == BatchState.HALTED:
        found.append(batch(BatchState.HALTED, runs=(Run(since=NOW, tried=3, failed=3, halted_at=NOW),)))
    if state == BatchState.DRAFT:
        found.append(batch(BatchState.DRAFT, row(1, RowState.WAITING), requester=RILEY))
    return [*found, *(_of_sheet(one) for one in found if one is not None)]


def _answer(known: Batch | None, command: BatchCommand, moment: Any) -> str | Refused:
    try:
        return advance_batch(known, command, moment).batch.state.value
    except Refused as refused:
        return refused


def test_the_table_names_exactly_the_expected_pairs() -> None:
    assert pairs_of(TABLE, COMMANDS) == pairs_written(EXPECTED)


@pytest.mark.parametrize(("state", "name"), PAIRS, ids=[f"{state}-{name}" for state, name in PAIRS])
def test_a_pair_leads_exactly_where_it_should_or_is_refused(state: str | None, name: str) -> None:
    moments = [situation(), situation(EXPIRY - timedelta(seconds=1)), situation(EXPIRY), situation(amara="")]
    answers = [_answer(*case) for case in product(_batches(state), _commands(name), moments)]
    reached = {answer for answer in answers if isinstance(answer, str)}
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert reached == set(EXPECTED[name].get(state, "").split())
    assert all(refusal_words(refusal).strip() for refusal in refusals), "a refusal says why"
    if not reached:
        expected = RefusalCode.UNKNOWN_BATCH if state is None else RefusalCode.BATCH_NOT_POSSIBLE_NOW
        assert {refusal.code for refusal in refusals} == {expected}


def test_the_diagram_in_the_docstring_is_the_table() -> None:
    arrows = drawn_arrows(lifecycle.__doc__)
    assert len(arrows) == len(set(arrows))
    assert set(arrows) == arrows_written(EXPECTED)


def test_a_result_that_is_not_in_the_table_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "TABLE", {(BatchState.DRAFT, ExpireBatch): frozenset()})
    with pytest.raises(AssertionError, match="draft --expire_batch--> expired"):
        advance_batch(batch(BatchState.DRAFT), ExpireBatch(batch_id=BATCH), situation(EXPIRY))


def test_every_command_says_in_the_audit_log_which_batch_it_is_about() -> None:
    for name in COMMANDS:
        for command in _commands(name):
            assert command.audit_details()["batch"] == BATCH, name


def test_a_draft_is_sorted_and_belongs_to_nobody() -> None:
    drafted = advance_batch(None, _commands("draft_batch")[0], situation())
    assert [one.name for one in drafted.batch.rows] == ["partner1.example", "partner2.example"]
    assert (drafted.batch.requester, drafted.batch.expires_at, drafted.effects) == (None, NOW + LIFETIME, ())
    assert drafted.batch.rows[0].settings == SETTINGS

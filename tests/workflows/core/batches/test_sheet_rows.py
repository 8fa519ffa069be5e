"""Rows of a sheet in a batch: their order, when they are decided alone, and which never change."""

from dataclasses import replace

import pytest

from tests.workflows.core.batches.examples import batch, row, tenant
from tests.workflows.core.builders import BATCH, NOW, access_plan, partnership, situation
from workflows.core.batches.asked_row import AskedAccess, BatchSheet
from workflows.core.batches.batch import BatchRow, BatchState, RowCode, RowState
from workflows.core.batches.commands import DraftBatch, RecordRows
from workflows.core.batches.lifecycle import advance_batch
from workflows.core.batches.members import openings_after, warnings_of, why_row_alone
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.requests.request import RequestKind
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import Digest
from workflows.intervals import DRAFT_KEPT_FOR

OPEN = access_plan()
CLOSED = {"tenantId": OPEN.tenant_id, **BLOCK}
CLOSING = replace(OPEN, operations=(), before=CLOSED)


def of_sheet(number: int, tenant_number: int = 1, state: RowState = RowState.WAITING) -> BatchRow:
    """A row of a sheet."""
    return replace(row(tenant_number, state), asked=AskedAccess(row=number, target=f"partner{number}.example"))


def test_a_draft_of_a_sheet_keeps_its_order_and_its_file() -> None:
    sheet = BatchSheet(name="partners.csv", sha256=Digest("5e" * 32), rows=3)
    command = DraftBatch(
        batch_id=BATCH,
        kind=RequestKind.ACCESS,
        rows=(of_sheet(10, 1), of_sheet(9, 2), of_sheet(2, 3)),
        drafted_by="os:root",
        lifetime=DRAFT_KEPT_FOR,
        sheet=sheet,
    )
    drafted = advance_batch(None, command, Situation(now=NOW)).batch
    assert [one.asked.row for one in drafted.rows if one.asked is not None] == [2, 9, 10]
    assert drafted.sheet == sheet
    details = command.audit_details()
    assert (details["file"], details["sha256"], details["rows"]) == ("partners.csv", sheet.sha256, 3)
    assert "file" not in replace(command, sheet=None).audit_details()


def test_a_row_for_which_nothing_is_asked_stays_when_another_row_of_its_partner_changes() -> None:
    asked, double = of_sheet(2), of_sheet(3, state=RowState.NOT_ASKED)
    before = batch(BatchState.PREPARING, double, asked)
    planned = replace(asked, state=RowState.LEFT)
    command = RecordRows(batch_id=BATCH, rows={tenant(1): planned})
    after = advance_batch(before, command, situation()).batch
    assert after.rows == (double, planned)
    assert after.row_of(tenant(1)) == planned
    assert replace(after, rows=(double,)).row_of(tenant(1)) == double
    assert after.row_of(tenant(2)) is None


@pytest.mark.parametrize(
    ("before", "record", "state"),
    [
        (CLOSED, None, None),
        (None, partnership(state=PartnershipState.REVOKED), "revoked"),
        (CLOSED, partnership(state=PartnershipState.SUSPENDED), "suspended"),
    ],
)
def test_whoever_is_blocked_now_is_opened_alone(
    before: dict[str, object] | None, record: Partnership | None, state: str | None
) -> None:
    (reason,) = why_row_alone(replace(OPEN, before=before), record)
    assert (reason.code, reason.values["state"]) == (RowCode.REOPENS, state)


def test_an_open_partner_is_changed_together_and_a_block_is_alone() -> None:
    assert why_row_alone(OPEN, None) == ()
    assert why_row_alone(OPEN, partnership()) == ()
    (reason,) = why_row_alone(CLOSING, partnership())
    assert reason.code == RowCode.CLOSES


def test_a_row_shows_what_is_open_after_its_plan_and_only_what_must_be_considered() -> None:
    assert set(openings_after(CLOSING, BLOCK)) < set(openings_after(OPEN, BLOCK))
    assert "inboundTrust.isMfaAccepted" in openings_after(OPEN, BLOCK)
    found = tuple(
        Finding(code=FindingCode.LOOK_ALIKE, severity=severity, source=Source.OWN_RULE) for severity in Severity
    )
    assert {one.severity for one in warnings_of(found)} == {Severity.ERROR, Severity.WARNING}

"""Batches that come from a sheet, in each state, and the imports that they come from."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tests.bot.sample_batches import asked, batch, row
from tests.workflows.core.builders import CHIE, RILEY
from workflows.app.batches.importing.opening import SheetChoices
from workflows.core.batches.asked_row import AskedAccess, BatchSheet
from workflows.core.batches.batch import BY_PERSON, Batch, BatchRow, BatchState, RowCode, RowState
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Column, Columns
from workflows.core.batches.sheets.judged import RowVerdict
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import AtEnd
from workflows.core.policy.risk import RiskLevel
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.effects import JudgeSheet
from workflows.core.requests.request import RequestKind
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.canonical import Digest
from workflows.ports.notifier import ImportStep, ShownImport

FILE: Final = BatchSheet(name="partners-2027.xlsx", sha256=Digest("c4" * 32), sheet="Partners", rows=44)
HEADER: Final = ("Company", "Domain", "Template", "Days", "Sponsor", "Reason", "Cost centre")
EFFECT: Final = JudgeSheet(command=ImportSheet(actor=RILEY.chat_id, file_id="F1"), key="verdict:view_submission:1")
_LOOKALIKE: Final = Finding(
    code=FindingCode.LOOK_ALIKE,
    severity=Severity.WARNING,
    source=Source.RECORDS,
    values={
        "domain": "partner004.example",
        "likeness": "one_letter_off",
        "is_own": False,
        "other": "partner04.example",
    },
)


_CHANGES: Final = {
    "inboundTrust.isMfaAccepted": AccessChange.OPENS,
    "automaticUserConsentSettings.inboundAllowed": AccessChange.OPENS,
    "b2bDirectConnectInbound": AccessChange.OPENS,
    "somethingNew": AccessChange.UNKNOWN,
}
"""The kinds of access that rows give more of; of every other one they give less."""


def sheet_row(number: int, state: RowState = RowState.PLANNED, **changes: Any) -> BatchRow:
    """One row of the sheet; the first is row 2."""
    usual = row(number, state, authors=(), is_author_known=True)
    access = AskedAccess(
        row=number + 2,
        target=usual.name,
        template=usual.template,
        duration=timedelta(days=180),
        sponsor=CHIE if number % 7 == 0 else None,
        reason="They build the new portal with us",
        ticket=f"CHG-{number}" if number % 3 == 0 else "",
    )
    planned: dict[str, Any] = {"duration": timedelta(days=180), "at_end": AtEnd.BLOCK}
    template = {"template": "guest-collaboration", "template_title": "Guest collaboration"} if number % 5 == 4 else {}
    findings = (_LOOKALIKE,) if number == 4 else ()
    known = {"access_changes": {name: _CHANGES.get(name, AccessChange.REDUCES) for name in usual.openings}}
    return replace(usual, asked=access, findings=findings, **{**planned, **template, **known, **changes})


def sheet_batch(state: BatchState = BatchState.AWAITING_APPROVAL, count: int = 40, **changes: Any) -> Batch:
    """A batch of so many rows; while it waits for approvals, its list is attached."""
    usual = batch(state, count)
    rows = tuple(
        replace(sheet_row(number, one.state), request_id=one.request_id, plan_digest=one.plan_digest)
        for number, one in enumerate(usual.rows)
    )
    found = replace(
        usual,
        kind=RequestKind.ACCESS,
        rows=rows,
        sheet=FILE,
        drafted_by=f"{BY_PERSON}{RILEY.chat_id}",
        justification="" if state is BatchState.DRAFT else "They work with us in the portal project.",
        duration=None,
    )
    if found.digest is not None:
        found = asked(found)
    return replace(found, **changes)


def sheet_draft() -> Batch:
    """A draft with rows that are decided alone, and rows for which nothing is asked."""
    usual = sheet_batch(BatchState.DRAFT)
    high = Fact(RowCode.HIGH_RISK, {"reasons": ["all_trust"]})
    alone = [
        sheet_row(number, RowState.ALONE, risk=RiskLevel.HIGH, reason=(high,), request_id=None, plan_digest=None)
        for number in range(40, 42)
    ]
    formula = Fact(RowCode.CELL, {"column": "partner", "problem": Fact(SheetCode.CELL_FORMULA).as_value()})
    not_asked = [
        sheet_row(
            number, RowState.NOT_ASKED, risk=None, openings=(), reason=(reason,), request_id=None, plan_digest=None
        )
        for number, reason in ((42, formula), (43, Fact(RowCode.UNCHANGED)))
    ]
    return replace(usual, rows=(*usual.rows, *alone, *not_asked))


def sheet_result(state: BatchState) -> Batch:
    """A batch of which one row was planned again, and one failed."""
    usual = sheet_batch(state)
    left = replace(usual.rows[3], state=RowState.LEFT, reason=(Fact(RowCode.PLANNED_AGAIN),))
    failed = Fact(RowCode.STOPPED, {"state": "failed", "note": []})
    ended = replace(usual.rows[9], state=RowState.ENDED, reason=(failed,))
    return replace(usual, rows=(*usual.rows[:3], left, *usual.rows[4:9], ended, *usual.rows[10:]))


def imported(step: ImportStep = ImportStep.DONE, **changes: Any) -> ShownImport:
    """An import of the file."""
    places = {Column.PARTNER: 1, Column.TEMPLATE: 2, Column.DURATION: 3, Column.SPONSOR: 4, Column.REASON: 5}
    usual = ShownImport(
        effect=EFFECT,
        step=step,
        name=FILE.name,
        sha256=FILE.sha256,
        total=FILE.rows,
        looked_up=20,
        columns=Columns(fields=places, width=len(HEADER), unused=("Company", "Cost centre")),
        header=HEADER,
        counts={**dict.fromkeys(RowVerdict, 0), RowVerdict.ADD: 42, RowVerdict.UNCHANGED: 1, RowVerdict.REFUSED: 1},
        batch=sheet_draft(),
    )
    return replace(usual, **changes)


CHOICES: Final = SheetChoices(
    name=FILE.name,
    sha256=FILE.sha256,
    header=HEADER,
    fields=(*map(str, Column), "placeholders.pilot_group"),
    recognised={"partner": 1, "template": 2, "duration_days": 3, "sponsor": 4, "reason": 5},
)
SHEETS: Final = SheetChoices(name=FILE.name, sha256=FILE.sha256, sheets=("Partners", "Partners 2026", "Contacts"))
NO_COLUMN: Final = Fact(SheetCode.NO_PARTNER_COLUMN, {"header": ["Company", "Who", "What"]})
SEVERAL: Final = Fact(SheetCode.SEVERAL_SHEETS, {"sheets": list(SHEETS.sheets)})

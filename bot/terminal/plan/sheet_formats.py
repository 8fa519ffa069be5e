"""The report about a sheet as text, CSV or JSON, written row by row.

It is long because the three formats say the same of each row, and are read beside each other.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from bot.report.csv_text import BYTE_ORDER_MARK, csv_row
from bot.report.sheet_rows import COLUMNS
from bot.slack.blocks.untrusted import clean
from bot.terminal.printing import MAX_CHARACTERS
from bot.words.batches.sheet_report import (
    COMPARED,
    DRAFT_WITH,
    LOCKED_OUT,
    NO_RECORD,
    NOT_ASKED,
    ONLY_IN_TENANT,
    PERHAPS_DOUBLE,
    PERHAPS_IN_SHEET,
    VERDICTS,
    AccessGroups,
    asked_days,
    asked_totals_words,
    asked_words,
    change_words,
    columns_words,
    counts_words,
    decision_words,
    draft_words,
    drafted_before_words,
    locked_out_rows_words,
    other_drafts_words,
    why_words,
    without_template_words,
)
from bot.words.sentences import counted
from workflows.app.batches.importing.comparing import UnnamedPartner
from workflows.core.batches.batch import Batch, RowState
from workflows.core.batches.members import warnings_of
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Column, Columns
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.checks.conditional_access.controls import PolicyEffect
from workflows.core.checks.conditional_access.findings import basis_of
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.errors.facts import as_values
from workflows.sheets.reading import SheetFile

Write = Callable[[str], Any]
_MAX_LINE: Final = 4_000
"""The most characters of a line at the end: a command that is cut would be another one."""
_NOT_COMPARED: Final = frozenset({RowVerdict.REFUSED, RowVerdict.NOT_READ})


class SheetFormat(StrEnum):
    """The formats."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What a draft was stored as, or how one is made."""

    command: str = ""
    """The command that makes a draft of the same file; empty for a draft."""
    is_draft: bool = False
    batch: Batch | None = None
    """The draft; None when nothing could be asked for."""
    is_new: bool = True
    """Whether the draft was stored now; False for an open one of the same content."""
    others: Sequence[Batch] = ()
    """Other open drafts of the same content."""

    def words(self) -> Iterator[str]:
        """Yield what is said at the end of the report."""
        if self.batch is not None and not self.is_new:
            yield drafted_before_words(self.batch)
        yield from other_drafts_words(self.others)
        if self.is_draft:
            yield from draft_words(self.batch)
        else:
            yield DRAFT_WITH
            yield self.command


class SheetWriter(Protocol):
    """Writes the rows as they are judged."""

    def begin(self, file: SheetFile, columns: Columns) -> None:
        """Write what was read."""

    def take(self, judged: JudgedRow) -> None:
        """Write one row."""

    def finish(self, unnamed: Sequence[UnnamedPartner] | None, next_step: NextStep | None = None) -> None:
        """Write the partners without a row (None: not compared), how many there are of each kind, and what is next."""


class _Counting:
    def __init__(self, write: Write, *, is_comparison: bool) -> None:
        self._write = write
        self._words = COMPARED if is_comparison else VERDICTS
        self._counts = dict.fromkeys(RowVerdict, 0)
        self._locked_out = 0
        self._access = AccessGroups()
        self._asked = dict.fromkeys(("together", "alone", "warned", "later"), 0)
        self._without_template = 0

    def _count(self, judged: JudgedRow) -> None:
        self._counts[judged.verdict] += 1
        self._without_template += any(
            (one.column, one.fact.code) == (Column.TEMPLATE, SheetCode.CELL_EMPTY) for one in judged.problems
        )
        self._locked_out += judged.is_locked_out
        self._access.take(judged)
        if judged.asked is not None:
            self._asked["alone" if judged.alone else "together"] += 1
            self._asked["warned"] += bool(warnings_of(judged.findings))
            self._asked["later"] += judged.asked.starts_at is not None

    def _end(self, unnamed: Sequence[UnnamedPartner] | None, next_step: NextStep | None) -> Iterator[str]:
        yield counts_words(self._counts, self._words)
        if totals := asked_totals_words(**self._asked):
            yield totals
        if self._locked_out:
            yield locked_out_rows_words(self._locked_out)
        if self._without_template:
            yield without_template_words(self._without_template)
        if unnamed is not None:
            yield f"{counted(len(unnamed), 'partner')} {ONLY_IN_TENANT}."
            if unnamed and any(self._counts[verdict] for verdict in _NOT_COMPARED):
                yield PERHAPS_IN_SHEET
        if self._counts[RowVerdict.NOT_READ]:
            yield PERHAPS_DOUBLE
        yield NOT_ASKED
        if next_step is not None:
            yield from next_step.words()


class _Text(_Counting):
    def begin(self, file: SheetFile, columns: Columns) -> None:
        self._line(f"{file.name}, SHA-256 {file.digest}")
        for line in columns_words(columns, file.sheet.header):
            self._line(line)
        self._write("\n")

    def take(self, judged: JudgedRow) -> None:
        self._count(judged)
        partner = judged.row.partner or "no partner"
        tenant = "" if judged.identity is None else f" (tenant {judged.identity.tenant_id})"
        locked_out = f", but {LOCKED_OUT}" if judged.is_locked_out else ""
        self._line(f"row {judged.row.number}  {partner}{tenant}: {self._words[judged.verdict]}{locked_out}")
        if decision := decision_words(judged):
            self._line(f"    {judged.row.template}; {decision}")
        for line in asked_words(judged):
            self._line(f"    {line}")
        for line in (*change_words(judged), *why_words(judged)):
            self._line(f"    {line}")

    def finish(self, unnamed: Sequence[UnnamedPartner] | None, next_step: NextStep | None = None) -> None:
        for one in unnamed or ():
            self._line(f"{one.identity.name} (tenant {one.identity.tenant_id}): {ONLY_IN_TENANT}, {_record(one)}")
        self._write("\n")
        for line in (*self._access.words(), *self._end(unnamed, next_step)):
            self._write(f"{clean(line, _MAX_LINE)}\n")

    def _line(self, text: str) -> None:
        indent = " " * (len(text) - len(text.lstrip()))
        self._write(f"{indent}{clean(text.strip(), MAX_CHARACTERS)}\n")


_COLUMNS: Final[Mapping[str, Callable[[JudgedRow], str]]] = {
    **{name: column for name, column in COLUMNS.items() if name != "problems"},
    "conditional_access": lambda one: _access_cell(one, _worst),
    "conditional_access_basis": lambda one: _access_cell(one, basis_of),
    "problems": COLUMNS["problems"],
}


def _access_cell(judged: JudgedRow, value: Callable[[AccessReport], str]) -> str:
    return "" if judged.access is None or not judged.access.visitors else value(judged.access)


def _worst(report: AccessReport) -> PolicyEffect:
    return max((report.worst(visitor) for visitor in report.visitors), key=list(PolicyEffect).index)


class _Csv(_Counting):
    def begin(self, file: SheetFile, columns: Columns) -> None:
        """Write the header; what was read goes to standard error: a file of rows has no other place for it."""
        sys.stderr.write(
            "".join(f"{clean(line, MAX_CHARACTERS)}\n" for line in columns_words(columns, file.sheet.header))
        )
        self._write(BYTE_ORDER_MARK + csv_row(_COLUMNS))

    def take(self, judged: JudgedRow) -> None:
        self._count(judged)
        self._write(csv_row(column(judged) for column in _COLUMNS.values()))

    def finish(self, unnamed: Sequence[UnnamedPartner] | None, next_step: NextStep | None = None) -> None:
        for one in unnamed or ():
            known = {
                "partner": one.identity.name,
                "tenant_id": one.identity.tenant_id,
                "default_domain": one.identity.default_domain,
                "verdict": "only_in_tenant",
                "problems": _record(one),
            }
            self._write(csv_row(known.get(column, "") for column in _COLUMNS))
        sys.stderr.write("".join(f"{clean(line, _MAX_LINE)}\n" for line in self._end(unnamed, next_step)))


class _Json(_Counting):
    def __init__(self, write: Write, *, is_comparison: bool) -> None:
        super().__init__(write, is_comparison=is_comparison)
        self._is_first = True

    def begin(self, file: SheetFile, columns: Columns) -> None:
        about = {
            "format": "gatehouse/import/1",
            "file": file.name,
            "sha256": file.digest,
            "columns": {column.value: file.sheet.header[place] for column, place in columns.fields.items()},
            "placeholders": {name: file.sheet.header[place] for name, place in columns.placeholders.items()},
            "unused_columns": list(columns.unused),
        }
        self._write(json.dumps(about, sort_keys=True)[:-1] + ', "rows": [')

    def take(self, judged: JudgedRow) -> None:
        self._count(judged)
        self._write(("\n" if self._is_first else ",\n") + json.dumps(_row_value(judged), sort_keys=True))
        self._is_first = False

    def finish(self, unnamed: Sequence[UnnamedPartner] | None, next_step: NextStep | None = None) -> None:
        only = None if unnamed is None else [_unnamed_value(one) for one in unnamed]
        counts = {verdict.value: count for verdict, count in self._counts.items()}
        after = {
            "only_in_tenant": only,
            "counts": counts,
            "totals": self._asked,
            "draft": None if next_step is None else _draft_value(next_step),
            "other_drafts": [] if next_step is None else [one.id for one in next_step.others],
            "draft_command": next_step.command or None if next_step is not None else None,
        }
        self._write(f"\n], {json.dumps(after, sort_keys=True)[1:]}\n")


def _row_value(judged: JudgedRow) -> dict[str, Any]:
    identity = judged.identity
    sponsor = None if judged.asked is None else judged.asked.sponsor
    return {
        "row": judged.row.number,
        "partner": judged.row.partner,
        "tenant_id": None if identity is None else identity.tenant_id,
        "default_domain": None if identity is None else identity.default_domain,
        "verdict": judged.verdict.value,
        "template": judged.row.template,
        "starts_on": None if judged.row.starts_on is None else judged.row.starts_on.isoformat(),
        "ends_on": None if judged.row.ends_on is None else judged.row.ends_on.isoformat(),
        "duration_days": asked_days(judged),
        "justification": judged.row.reason,
        "ticket": judged.row.ticket,
        "placeholders": dict(judged.row.placeholders),
        "sponsor": None if sponsor is None else {"id": sponsor.id, "name": sponsor.name},
        "sponsor_in_sheet": judged.row.sponsor,
        "risk": None if judged.risk is None else judged.risk.word,
        "closed": None if judged.closed is None else judged.closed.value,
        "is_decided_alone": bool(judged.alone),
        "stages": [{"title": stage.title, "role": stage.role, "quorum": stage.quorum} for stage in judged.stages],
        "changes": list(change_words(judged)),
        "conditional_access": None if judged.access is None else access_value(judged.access),
        "is_locked_out": judged.is_locked_out,
        "digest": None if judged.plan is None else judged.plan.digest,
        "problems": [{"column": one.column, **one.fact.as_value()} for one in judged.problems],
        "findings": [{"code": one.code, "severity": one.severity.name.lower()} for one in judged.findings],
        "reason": as_values(judged.reason),
        "text": list(why_words(judged)),
    }


def access_value(report: AccessReport) -> dict[str, Any] | None:
    """Return what Conditional Access means, without the verdict of each policy: those of rows are mostly equal."""
    if not report.visitors:
        return None
    unread = report.unreadable or report.unanswered_because
    return {
        "meaning": {visitor.value: report.worst(visitor).value for visitor in report.visitors},
        "basis": basis_of(report).value,
        "is_estimate": report.is_estimate,
        "not_read": None if unread is None else unread.reason.value,
    }


def _draft_value(step: NextStep) -> dict[str, Any] | None:
    batch = step.batch
    if batch is None:
        return None
    rows = [row for row in batch.rows if row.is_asked]
    return {
        "id": batch.id,
        "is_new": step.is_new,
        "expires_at": batch.expires_at.isoformat(),
        "together": sum(row.state is RowState.WAITING for row in rows),
        "alone": sum(row.state is RowState.ALONE for row in rows),
    }


def _unnamed_value(one: UnnamedPartner) -> dict[str, Any]:
    return {
        "tenant_id": one.identity.tenant_id,
        "default_domain": one.identity.default_domain,
        "record": None if one.state is None else one.state.value,
    }


def _record(one: UnnamedPartner) -> str:
    return NO_RECORD if one.state is None else f"recorded as {one.state.value.replace('_', ' ')}"


def writer_of(file_format: SheetFormat, write: Write, *, is_comparison: bool) -> SheetWriter:
    """Return the writer of a format."""
    writers: Mapping[SheetFormat, type[_Text | _Csv | _Json]] = {
        SheetFormat.TEXT: _Text,
        SheetFormat.CSV: _Csv,
        SheetFormat.JSON: _Json,
    }
    return writers[file_format](write, is_comparison=is_comparison)

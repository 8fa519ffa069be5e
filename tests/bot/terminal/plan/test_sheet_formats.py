"""A report says what Conditional Access means, on what that is based, and at its end what it does not know."""

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest

from bot.terminal.plan.sheet_formats import _COLUMNS, SheetFormat, writer_of
from bot.words.batches.sheet_report import PERHAPS_DOUBLE, why_words
from tests.workflows.core.builders import NOW, SAM
from tests.workflows.core.checks.conditional_access.test_sharing import row, shared
from tests.workflows.core.policies import policy
from workflows.core.batches.asked_row import AskedAccess
from workflows.core.batches.batch import RowCode
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Column
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.checks.conditional_access.findings import access_findings
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.errors.facts import Fact

BLOCK: Final = policy("block")
ALIKE: Final = {"domain": "contoso.com", "likeness": "one_letter_off", "is_own": False, "other": "contosa.com"}
THROTTLED: Final = UnreadableFact(reason=UnreadableReason.THROTTLED)


def judged(access: AccessReport | None, verdict: RowVerdict = RowVerdict.ADD) -> JudgedRow:
    sheet_row = SheetRow(number=2, partner="contoso.com")
    findings = () if access is None else access_findings(access)
    return JudgedRow(row=sheet_row, verdict=verdict, access=access, findings=findings)


def written(file_format: SheetFormat, *rows: JudgedRow) -> str:
    """Return what a report writes, without its beginning."""
    parts: list[str] = []
    writer = writer_of(file_format, parts.append, is_comparison=False)
    for one in rows:
        writer.take(one)
    writer.finish(None)
    return "".join(parts)


@pytest.mark.parametrize("verdict", RowVerdict)
def test_only_rows_that_are_not_known_may_contradict_others(verdict: RowVerdict) -> None:
    lines = written(SheetFormat.TEXT, judged(None, verdict)).splitlines()
    assert (PERHAPS_DOUBLE in lines) == (verdict is RowVerdict.NOT_READ)
    assert any(line.startswith("No request is made and nothing is written in Entra.") for line in lines)


def test_a_row_says_whom_conditional_access_locks_out_and_that_it_is_an_estimate() -> None:
    report = shared(BLOCK, rows=[row(BLOCK, applies=True)])
    assert written(SheetFormat.TEXT, judged(report)).splitlines()[:6] == [
        "row 2 contoso.com: would be added, but Conditional Access locks people out",
        "    Locked out: guests, by “Policy” (to fix: exclude them, or require another control).",
        "",
        "Conditional Access (estimate, as for every partner with this access; not asked for this tenant): "
        "guests: locked out (blocks access). 1 row: 2.",
        "1 row: 1 would be added.",
        "1 row: Conditional Access locks people out.",
    ]


def test_what_conditional_access_means_is_said_once_for_all_rows_that_it_is_equal_for() -> None:
    """One line for each row would be the same line, and nobody reads it a second time."""
    report, other = shared(BLOCK, rows=[row(BLOCK, applies=True)]), shared(rows=[])
    rows = [judged(other if number in (5, 9) else report) for number in range(2, 12)]
    numbered = [replace(one, row=replace(one.row, number=number)) for number, one in enumerate(rows, 2)]
    said = [one for one in written(SheetFormat.TEXT, *numbered).splitlines() if one.startswith("Conditional Access")]
    assert [one.rpartition(". ")[2] for one in said] == ["8 rows: 2–4, 6–8, 10–11.", "2 rows: 5, 9."]


def test_the_totals_say_how_many_rows_go_alone_are_warned_and_start_later() -> None:
    warned = Finding(code=FindingCode.LOOK_ALIKE, severity=Severity.WARNING, source=Source.OWN_RULE, values=ALIKE)
    usual = replace(judged(None), asked=AskedAccess(row=2, target="contoso.com"))
    alone = replace(usual, alone=(Fact(RowCode.HIGH_RISK, {"reasons": []}),), findings=(warned,))
    later = replace(usual, asked=AskedAccess(row=2, target="contoso.com", starts_at=NOW))
    rows = (usual, alone, later, judged(None, RowVerdict.REFUSED))
    lines = written(SheetFormat.TEXT, *rows).splitlines()
    assert "4 rows: 3 would be added; 1 refused." in lines
    totals = "To ask for: 2 decided together, 1 alone; 1 with a warning, 1 starting later."
    assert totals in lines
    parsed = json.loads('{"rows": [' + written(SheetFormat.JSON, *rows))
    assert parsed["totals"] == {"together": 2, "alone": 1, "warned": 1, "later": 1}


def test_a_series_of_names_is_one_sentence_that_has_every_name() -> None:
    def alike(number: int, **values: Any) -> Finding:
        found = {**ALIKE, "other": f"vendor{number}.example", **values}
        return Finding(code=FindingCode.LOOK_ALIKE, severity=Severity.WARNING, source=Source.OWN_RULE, values=found)

    own = alike(99, is_own=True)
    few = replace(judged(None), findings=(own, *map(alike, range(3))))
    many = replace(judged(None), findings=(own, *map(alike, range(12))))
    assert len(why_words(few)) == 4
    first, series = why_words(many)
    assert "this tenant's own domain “vendor99.example”" in first
    assert "resembles 12 other domains" in series
    assert all(f"vendor{number}.example" in series for number in range(12))


@pytest.mark.parametrize(
    ("report", "worst", "basis", "value"),
    [
        (
            shared(BLOCK, rows=[row(BLOCK, applies=True)]),
            "locked_out",
            "template",
            {"meaning": {"b2bCollaborationGuest": "locked_out"}, "is_estimate": True, "not_read": None},
        ),
        (
            shared(BLOCK, rows=THROTTLED),
            "locked_out",
            "policies",
            {"meaning": {"b2bCollaborationGuest": "locked_out"}, "is_estimate": True, "not_read": "throttled"},
        ),
        (
            shared(policy("block", state="disabled")),
            "works",
            "tenant",
            {"meaning": {"b2bCollaborationGuest": "works"}, "is_estimate": False, "not_read": None},
        ),
        (AccessReport(), "", "", None),
        (None, "", "", None),
    ],
)
def test_csv_and_json_have_the_meaning_and_its_basis(
    report: AccessReport | None, worst: str, basis: str, value: dict[str, Any] | None
) -> None:
    (document,) = json.loads('{"rows": [' + written(SheetFormat.JSON, judged(report)))["rows"]
    assert document["conditional_access"] == (None if value is None else {"basis": basis, **value})
    assert document["is_locked_out"] is (worst == "locked_out")
    columns = next(csv.reader(io.StringIO(written(SheetFormat.CSV, judged(report)))))
    assert columns[-3:-1] == [worst, basis]


ASKED: Final = SheetRow(
    number=2,
    partner="contoso.com",
    template="guest-collaboration",
    starts_on=date(2027, 1, 11),
    ends_on=date(2027, 6, 30),
    sponsor="sam@woodgrove.com",
    reason="The joint launch\nin spring",
    ticket="CHG-7",
    placeholders={"pilot_group": "1b4f"},
)


def cells(row: JudgedRow) -> dict[str, str]:
    """Return the row as CSV, by the names of the columns."""
    return dict(zip(_COLUMNS, next(csv.reader(io.StringIO(written(SheetFormat.CSV, row), newline=""))), strict=True))


def test_text_says_from_when_to_when_for_whom_and_why_a_row_asks() -> None:
    assert written(SheetFormat.TEXT, JudgedRow(row=ASKED, verdict=RowVerdict.ADD)).splitlines()[1:3] == [
        "    from 2027-01-11; until 2027-06-30; sponsor sam@woodgrove.com; ticket CHG-7",
        "    Reason: The joint launch in spring",
    ]


def test_json_and_csv_have_what_a_row_asks_for_also_of_one_that_is_refused() -> None:
    row = JudgedRow(row=ASKED, verdict=RowVerdict.REFUSED)
    (document,) = json.loads('{"rows": [' + written(SheetFormat.JSON, row))["rows"]
    expected = {
        "starts_on": "2027-01-11",
        "ends_on": "2027-06-30",
        "duration_days": None,
        "sponsor_in_sheet": "sam@woodgrove.com",
        "sponsor": None,
        "justification": "The joint launch\nin spring",
        "ticket": "CHG-7",
        "placeholders": {"pilot_group": "1b4f"},
    }
    assert {name: document[name] for name in expected} == expected
    found = cells(row)
    assert (found["starts_on"], found["ends_on"], found["duration_days"]) == ("2027-01-11", "2027-06-30", "")
    assert (found["sponsor"], found["sponsor_name"], found["ticket"]) == ("sam@woodgrove.com", "", "CHG-7")
    assert found["reason"].split() == ["The", "joint", "launch", "in", "spring"]


def test_the_days_and_the_sponsor_are_those_that_would_be_asked_for() -> None:
    row = SheetRow(number=2, partner="contoso.com", template="guest-collaboration", sponsor="sam@woodgrove.com")
    access = AskedAccess(row=2, target="contoso.com", duration=timedelta(days=180), sponsor=SAM)
    found = JudgedRow(row=row, verdict=RowVerdict.ADD, asked=access)
    assert written(SheetFormat.TEXT, found).splitlines()[1] == f"    180 days; sponsor {SAM.name}"
    assert (cells(found)["duration_days"], cells(found)["sponsor_name"]) == ("180", SAM.name)


def test_rows_without_a_template_are_counted_once_with_what_to_do() -> None:
    empty = CellProblem(Column.TEMPLATE, Fact(SheetCode.CELL_EMPTY))
    rows = [JudgedRow(row=ASKED, verdict=RowVerdict.REFUSED, problems=(empty,))] * 2
    lines = written(SheetFormat.TEXT, *rows).splitlines()
    assert lines.count("2 rows without a template. Name one for them with --template NAME.") == 1

"""A report says what Conditional Access means, on what that is based, and at its end what it does not know."""

import csv
import io
import json
from datetime import date, timedelta
from typing import Any, Final

import pytest

from bot.terminal.plan.sheet_formats import _COLUMNS, SheetFormat, writer_of
from bot.words.batches.sheet_report import PERHAPS_DOUBLE
from tests.workflows.core.builders import SAM
from tests.workflows.core.checks.conditional_access.test_sharing import row, shared
from tests.workflows.core.policies import policy
from workflows.core.batches.asked_row import AskedAccess
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Column
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.checks.conditional_access.findings import access_findings
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.errors.facts import Fact

BLOCK: Final = policy("block")
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
        "    Conditional Access (estimate, as for every partner with this access; not asked for this tenant): "
        "guests: locked out (blocks access)",
        "    Locked out: guests, by “Policy” (to fix: exclude them, or require another control).",
        "",
        "1 row: 1 would be added.",
        "1 row: Conditional Access locks people out.",
    ]


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

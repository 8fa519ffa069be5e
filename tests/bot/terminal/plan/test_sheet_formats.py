"""A report says what Conditional Access means, on what that is based, and at its end what it does not know."""

import csv
import io
import json
from typing import Any, Final

import pytest

from bot.terminal.plan.sheet_formats import SheetFormat, writer_of
from bot.words.batches.sheet_report import PERHAPS_DOUBLE
from tests.workflows.core.checks.conditional_access.test_sharing import row, shared
from tests.workflows.core.policies import policy
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.batches.sheets.rows import SheetRow
from workflows.core.checks.conditional_access.findings import access_findings
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason

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

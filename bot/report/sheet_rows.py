"""The file with every row of an import as CSV: what it would change, or why nothing is asked for it."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.report.csv_text import BYTE_ORDER_MARK, csv_row, join_values
from bot.report.report_file import ReportFile
from bot.words.batches.sheet_report import asked_days, change_words, why_words
from workflows.core.batches.sheets.judged import JudgedRow

COLUMNS: Final[Mapping[str, Callable[[JudgedRow], str]]] = {
    "row": lambda one: str(one.row.number),
    "partner": lambda one: one.row.partner,
    "tenant_id": lambda one: "" if one.identity is None else one.identity.tenant_id,
    "default_domain": lambda one: "" if one.identity is None else one.identity.default_domain,
    "verdict": lambda one: one.verdict.value,
    "template": lambda one: one.row.template,
    "starts_on": lambda one: "" if one.row.starts_on is None else one.row.starts_on.isoformat(),
    "ends_on": lambda one: "" if one.row.ends_on is None else one.row.ends_on.isoformat(),
    "duration_days": lambda one: "" if (days := asked_days(one)) is None else str(days),
    "sponsor": lambda one: one.row.sponsor,
    "sponsor_name": lambda one: "" if one.asked is None or one.asked.sponsor is None else one.asked.sponsor.name,
    "reason": lambda one: one.row.reason,
    "ticket": lambda one: one.row.ticket,
    "risk": lambda one: "" if one.risk is None else one.risk.word,
    "closed": lambda one: "" if one.closed is None else one.closed.value,
    "is_decided_alone": lambda one: "yes" if one.alone else "no",
    "stages": lambda one: join_values(stage.title for stage in one.stages),
    "changes": lambda one: join_values(change_words(one)),
    "problems": lambda one: join_values(why_words(one)),
}
"""What each column holds, by its name in the first row. A sponsor is as in the sheet, and as it was found."""


class SheetRowsFile:
    """Implements `ImportedRows`."""

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        self._written = ReportFile(redact)
        self._written.write(BYTE_ORDER_MARK + csv_row(COLUMNS))

    def take(self, judged: JudgedRow) -> None:
        """Write one row."""
        self._written.write(csv_row(column(judged) for column in COLUMNS.values()))

    def content(self) -> bytes:
        """Return the file, and close it."""
        try:
            return b"".join(self._written.pieces())
        finally:
            self._written.close()

"""Write a report or an export into a temporary file, row by row: only one row is in memory.

The file is handed over only after it was recorded.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from bot.report.catalogue import CATALOGUE_COLUMNS, CATALOGUE_FORMAT, catalogue_json
from bot.report.csv_text import BYTE_ORDER_MARK, csv_row
from bot.report.report_file import ReportFile, ReportHeader
from bot.report.story_columns import COLUMNS
from bot.report.story_json import REPORT_FORMAT, story_json
from bot.report.words import FROM_RECORDS, iso
from workflows.app.evidence.reading import CatalogueEntry, EvidenceReader
from workflows.core.partners.history.story import RequestStory

Row = TypeVar("Row")


class FileFormat(StrEnum):
    """The formats of files. A table on a terminal is none of them."""

    CSV = "csv"
    JSON = "json"
    HTML = "html"


async def write_report(
    stories: AsyncIterator[RequestStory],
    header: ReportHeader,
    file_format: FileFormat,
    reader: EvidenceReader,
    redact: Callable[[str], str] = str,
) -> ReportFile:
    """Write an audit report as CSV, JSON or HTML.

    :param reader: reads the stories, and counts the records that it could not read.
    :param redact: removes known secrets from every text.
    """
    written = ReportFile(redact)
    match file_format:
        case FileFormat.CSV:
            await _write_csv(written, stories, COLUMNS)
        case FileFormat.JSON:
            states: Counter[str] = Counter()

            def count_and_convert(story: RequestStory) -> dict[str, Any]:
                states[story.request.state.value] += 1
                return story_json(story)

            await _write_json(
                written, stories, "requests", count_and_convert, lambda: _report_members(header, states, reader)
            )
        case FileFormat.HTML:
            from bot.report.page import write_page  # the template library is not loaded when the bot starts

            await write_page(written, stories, header, reader)
    return written


async def write_catalogue(
    entries: AsyncIterator[CatalogueEntry], header: ReportHeader, file_format: FileFormat, reader: EvidenceReader
) -> ReportFile:
    """Write the catalogue of partners as CSV or JSON."""
    written = ReportFile()
    if file_format is FileFormat.CSV:
        await _write_csv(written, entries, CATALOGUE_COLUMNS)
    else:
        members = {"format": CATALOGUE_FORMAT, "made_at": iso(header.made_at), "source": FROM_RECORDS}
        await _write_json(
            written, entries, "partners", catalogue_json, lambda: {**members, "unreadable": reader.unreadable}
        )
    return written


def _report_members(header: ReportHeader, states: Mapping[str, int], reader: EvidenceReader) -> dict[str, Any]:
    return {
        "audit_entry": header.key,
        "format": REPORT_FORMAT,
        "from": None if header.days.first is None else header.days.first.isoformat(),
        "made_at": iso(header.made_at),
        "made_by": header.made_by,
        "not_believed": reader.not_believed,
        "partner": header.partner or None,
        "source": FROM_RECORDS,
        "states": dict(states),
        "to": None if header.days.last is None else header.days.last.isoformat(),
        "unreadable": reader.unreadable,
    }


async def _write_csv(
    written: ReportFile, rows: AsyncIterator[Row], columns: Mapping[str, Callable[[Row], str]]
) -> None:
    written.write(BYTE_ORDER_MARK + csv_row(columns))
    async for row in rows:
        written.write(csv_row(column(row) for column in columns.values()))
        written.row_count += 1


async def _write_json(
    written: ReportFile,
    rows: AsyncIterator[Row],
    name: str,
    as_object: Callable[[Row], dict[str, Any]],
    members: Callable[[], dict[str, Any]],
) -> None:
    """Write one JSON object with sorted keys, and one row in a line. Everything outside ASCII is escaped.

    :param members: returns the other members; those whose values are known only at the end have later names.
    """
    values = members()
    written.write("{\n")
    for key in sorted(earlier_name for earlier_name in values if earlier_name < name):
        written.write(f"{json.dumps(key)}: {json.dumps(values[key], sort_keys=True)},\n")
    written.write(f"{json.dumps(name)}: [")
    async for row in rows:
        written.write((",\n" if written.row_count else "\n") + json.dumps(as_object(row), sort_keys=True))
        written.row_count += 1
    written.write("\n]")
    values = members()
    for key in sorted(later_name for later_name in values if later_name > name):
        written.write(f",\n{json.dumps(key)}: {json.dumps(values[key], sort_keys=True)}")
    written.write("\n}\n")

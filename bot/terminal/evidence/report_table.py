"""An audit report as a table for a terminal: one row for each request, readable at 80 columns."""

from collections.abc import AsyncIterator
from io import StringIO
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.report.report_file import ReportFile, ReportHeader
from bot.report.words import (
    FROM_RECORDS,
    partner_in,
    standing_words,
    state_in_words,
    template_in,
)
from bot.terminal.printing import safe_text, terminal_console
from bot.words.sentences import counted, day, minute, time_words
from workflows.app.evidence.reading import EvidenceReader
from workflows.core.partners.history.story import RequestStory, Standing
from workflows.core.policy.approval import Choice

ROWS_AT_ONCE: Final = 50
"""Rows that are laid out together. Their columns have the same widths; only they are in memory."""
_NAME: Final = 60


async def write_table(stories: AsyncIterator[RequestStory], header: ReportHeader, reader: EvidenceReader) -> ReportFile:
    """Write the report as wide as the terminal is."""
    written, out = ReportFile(), _TextLayout(terminal_console())
    out.print(
        safe_text(f"Audit report: {header.partner or 'all partners'}, made {minute(header.made_at)}", style="bold")
    )
    out.print(_period(header))
    table = _table()
    async for story in stories:
        table.add_row(*_cells(story))
        written.row_count += 1
        if table.row_count == ROWS_AT_ONCE:
            written.write(out.take(table))
            table = _table(show_header=False)
    if table.row_count:
        written.write(out.take(table))
    out.print(safe_text(f"{counted(written.row_count, 'request')}. {FROM_RECORDS}"))
    if reader.unreadable:
        out.print(safe_text(f"Incomplete: {counted(reader.unreadable, 'record')} could not be read.", style="bold red"))
    if reader.not_believed:
        changed = f"{counted(reader.not_believed, 'request')} changed by something other than Gatehouse."
        out.print(safe_text(f"Not believed: {changed}", style="bold red"))
    out.print(Text("For decisions with reasons, exact operations and read-backs: --format html, json or csv."))
    written.write(out.take())
    return written


class _TextLayout:
    """Lays text out for the terminal, without printing it: nothing is shown before it is recorded."""

    def __init__(self, terminal: Console) -> None:
        self._text = StringIO()
        self._console = Console(
            file=self._text,
            width=terminal.width,
            force_terminal=terminal.is_terminal,
            color_system=terminal.color_system,  # type: ignore[arg-type]
            highlight=False,
            emoji=False,
            markup=False,
        )

    def print(self, *texts: Text | Table) -> None:
        for text in texts:
            self._console.print(text)

    def take(self, *texts: Text | Table) -> str:
        """Lay out more, and return everything since the last time."""
        self.print(*texts)
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text


def _period(header: ReportHeader) -> Text:
    first = "the first request" if header.days.first is None else day(header.days.first.isoformat())
    last = "now" if header.days.last is None else f"{day(header.days.last.isoformat())} (included)"
    return safe_text(f"Requests sent from {first} until {last} (UTC), newest first")


def _table(*, show_header: bool = True) -> Table:
    table = Table(box=None, padding=(0, 1, 1, 0), header_style="bold underline", show_header=show_header, expand=True)
    table.add_column("Request", width=12)
    table.add_column("Partner and access", ratio=3, overflow="fold")
    table.add_column("Asked, approved", ratio=3, overflow="fold")
    table.add_column("State, result", ratio=4, overflow="fold")
    return table


def _cells(story: RequestStory) -> tuple[Text, Text, Text, Text]:
    request = story.request
    requester = request.fields.requester if request.prepared is None else request.prepared.requester.name
    approvers = [story_decision.decision.person.name for story_decision in story.decisions if story_decision.is_counted]
    rejected = [
        story_decision.decision.person.name
        for story_decision in story.decisions
        if story_decision.decision.choice is Choice.REJECT
    ]
    people = _lines(
        f"by {requester}",
        f"approved: {', '.join(approvers)}" if approvers else "",
        f"rejected: {', '.join(rejected)}" if rejected else "",
        "" if story.total_time is None else f"took {time_words(story.total_time)}",
    )
    outside_changes = f"{len(story.outside_changes)} by others" if story.outside_changes else ""
    return (
        _lines(request.id, f"{request.created_at:%Y-%m-%d}"),
        _lines(partner_in(request), template_in(request)),
        people,
        _lines(
            state_in_words(story),
            "" if story.standing is Standing.OPEN else standing_words(story),
            f"changes: {outside_changes}" if outside_changes else "",
        ),
    )


def _lines(*texts: str) -> Text:
    return Text("\n").join(safe_text(text, 4 * _NAME) for text in texts if text)

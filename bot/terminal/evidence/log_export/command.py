"""Write the entries of the audit log after a cursor, page by page. The export is an entry before a row is given out.

A kill may come at any time. The cursor is stored after its rows are written, so that no row is left out. Rows that were
printed and not yet counted are printed again. A file that is appended to has each row once: its last row is the cursor.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Final

import typer

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.opening.readers import open_clock
from bot.process.run import WRONG_SETTINGS, print_problems
from bot.process.settings import SettingsProblems, TenantSettings, load_tenant_settings
from bot.terminal.evidence.log_export.cursors import (
    WrongCursor,
    cursor_text,
    locked,
    parse_cursor,
    read_cursor,
    resume_output,
    write_cursor,
)
from bot.terminal.evidence.log_export.ocsf import ocsf_line
from bot.terminal.evidence.taking import EvidenceRequester, open_beside_bot
from bot.terminal.printing import NOT_POSSIBLE, print_error
from bot.words.requests.notes import refusal_words
from workflows.app.evidence.recording import EvidenceLog
from workflows.core.audit.chain import BEGINNING, ChainPoint
from workflows.core.errors.raised import DomainError
from workflows.ports.store import Store

OTHER_LOG: Final = 3
"""The exit status when the log does not contain the entry of the cursor. Nothing is written then."""
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What was typed."""

    after: str = ""
    """A cursor; empty for none."""
    cursor: Path | None = None
    output: Path | None = None


class _OtherLog(Exception):
    """The log does not contain the entry of the cursor."""


@dataclass(slots=True, kw_only=True)
class _Sink:
    """Where the rows go, and up to where they are written."""

    file: IO[bytes]
    cursor: Path | None
    point: ChainPoint
    is_synced: bool
    """Whether the file is on a disk, and is written to it before the cursor is."""
    count: int = 0

    def write(self, text: str, point: ChainPoint, count: int) -> None:
        """Write whole rows, and then the cursor after the last of them."""
        self.file.write(text.encode("ascii"))
        self.file.flush()
        if self.is_synced:
            os.fsync(self.file.fileno())
        if self.cursor is not None:
            write_cursor(self.cursor, point)
        self.point, self.count = point, self.count + count


def export_audit(options: ExportOptions) -> int:
    """Write the entries after the cursor. Returns 0, `NOT_POSSIBLE`, `WRONG_SETTINGS` or `OTHER_LOG`.

    :raises typer.BadParameter: for a cursor that is none.
    """
    configure_terminal_logs(Redactor())
    try:
        settings = load_tenant_settings()
        if not settings.records.exists():
            print_error("Nothing was read:", f"there are no records in {settings.records.name}; set DATABASE_URL")
            return NOT_POSSIBLE
        with _sink(options) as sink:
            asyncio.run(_export(settings, sink))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    except WrongCursor as error:
        raise typer.BadParameter(str(error), param_hint="--after, --cursor, --output") from None
    except _OtherLog:
        print_error(
            "Nothing was written: the audit log does not contain the entry of the cursor.",
            "Run gatehouse audit verify. The file may be an older copy, or another log",
        )
        return OTHER_LOG
    except (OSError, DomainError) as error:
        why = refusal_words(error) if isinstance(error, DomainError) else str(error)
        print_error("Not every entry was written. Run it again with the same cursor:", why)
        return NOT_POSSIBLE
    print(f"{sink.count} entries written. Cursor: {cursor_text(sink.point)}", file=sys.stderr)
    return 0


@contextmanager
def _sink(options: ExportOptions) -> Iterator[_Sink]:
    """Open where the rows go, at the place after the rows that are there already."""
    with ExitStack() as stack:
        for path in filter(None, (options.cursor, options.output)):
            stack.enter_context(locked(path))
        point = parse_cursor(options.after) if options.after else BEGINNING
        if options.cursor is not None:
            point = read_cursor(options.cursor)
        file: IO[bytes] = sys.stdout.buffer
        if options.output is not None:
            descriptor = os.open(options.output, os.O_RDWR | os.O_CREAT, 0o600)
            file = stack.enter_context(os.fdopen(descriptor, "r+b"))
            point = max(point, resume_output(file), key=lambda place: place.seq)
        yield _Sink(file=file, cursor=options.cursor, point=point, is_synced=options.output is not None)


async def _export(settings: TenantSettings, sink: _Sink) -> None:
    """Record the export, and write the entries up to that record. Without a new entry nothing is recorded."""
    clock, taker = open_clock(settings), EvidenceRequester.now()
    async with open_beside_bot(settings.records, clock) as store:
        if not await _contains(store, sink.point):
            raise _OtherLog
        newest = await store.chain_end()
        if newest.seq > sink.point.seq:
            log = EvidenceLog(store=store, clock=clock)
            await log.record_log_export(sink.point.seq, newest.seq, key=taker.key, actor=taker.user)
            await _write(store, sink, (await store.chain_end()).seq)
        elif sink.cursor is not None:
            write_cursor(sink.cursor, sink.point)


async def _contains(store: Store, point: ChainPoint) -> bool:
    if point.seq == 0:
        return True
    rows = await store.rows_after(point.seq - 1, limit=1)
    return bool(rows) and (rows[0].seq, rows[0].mac or b"") == (point.seq, point.mac)


async def _write(store: Store, sink: _Sink, last: int) -> None:
    """Write the entries up to a number. One page of them is in memory."""
    product_version = version("gatehouse")
    while sink.point.seq < last:
        rows = [row for row in await store.rows_after(sink.point.seq, limit=_PAGE) if row.seq <= last]
        if not rows:
            return  # removed behind Gatehouse's back since; the next run finds that
        text = "".join(ocsf_line(row, product_version) for row in rows)
        # NB. not in another thread: a kill between two writes is what the cursor is for, and nothing else waits here.
        sink.write(text, ChainPoint(rows[-1].seq, rows[-1].mac or b""), len(rows))

"""Take a report or an export out of the records: read, write to a temporary file, record, and only then print.

What cannot be recorded is not printed. While a bot runs, the entry is stored beside it; otherwise alone. In both cases
the audit log names the operating system's user: the command line knows no other person.
"""

import os
import pwd
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.report.report_file import ReportFile
from bot.terminal.printing import NOT_POSSIBLE, print_error
from bot.words.requests.notes import refusal_words
from bot.words.sentences import counted
from workflows.app.evidence.reading import EvidenceReader
from workflows.app.evidence.recording import EvidenceFile, EvidenceLog
from workflows.core.errors.raised import DomainError
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.records import StoreUnusable
from workflows.store.location import OpenStore, RecordsLocation

INCOMPLETE = 3
"""The exit status when everything that could be read was printed, and some records are unreadable or not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A finished text, and what to record about it."""

    written: ReportFile
    evidence_file: EvidenceFile
    tenants: frozenset[TenantId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRequester:
    """Who takes evidence at the command line, and under which key that is recorded."""

    user: str
    key: str

    @classmethod
    def now(cls) -> "EvidenceRequester":
        """Return the operating system's user, with a new key."""
        return cls(user=f"os:{_user()}", key=f"command_line:{secrets.token_hex(8)}")


def _user() -> str:
    """Return the name of the user of this process. Variables such as LOGNAME can hold any name, so they are not read.

    A user without a name, as in some containers, is named by its number.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


async def take_evidence(
    records: RecordsLocation,
    clock: Clock,
    taker: EvidenceRequester,
    make: Callable[[EvidenceReader], Awaitable[Evidence]],
) -> int:
    """Make a text, record it, and print it. Returns 0, 1 when not all is printed, or 3, see `INCOMPLETE`."""
    if not records.exists():
        print_error(
            "Nothing was read:", f"there are no records in {records.name}; set DATABASE_URL to the bot's database"
        )
        return NOT_POSSIBLE
    try:
        async with open_beside_bot(records, clock) as store:
            reader = EvidenceReader(store=store, clock=clock)
            evidence = await make(reader)
            try:
                log = EvidenceLog(store=store, clock=clock)
                await log.record(evidence.evidence_file, key=taker.key, actor=taker.user, tenants=evidence.tenants)
                is_printed = _print(evidence.written)
            finally:
                evidence.written.close()
    except (OSError, DomainError) as error:
        why = refusal_words(error) if isinstance(error, DomainError) else str(error)
        print_error("Nothing is printed, because it could not be read or not be recorded:", why)
        return NOT_POSSIBLE
    evidence_file = evidence.evidence_file
    if not is_printed:
        print_error(f"The text is not complete: it could not be written. It is recorded as {taker.key}.")
        return NOT_POSSIBLE
    print(f"Recorded in the audit log as {taker.key}. SHA-256 {evidence_file.sha256}", file=sys.stderr)
    if evidence_file.unreadable:
        print_error("Incomplete:", f"{evidence_file.unreadable} records could not be read, and are missing")
    if reader.not_believed:
        changed = counted(reader.not_believed, "request")
        print_error("Not believed:", f"{changed} changed by something other than Gatehouse, see gatehouse audit verify")
    return INCOMPLETE if evidence_file.unreadable or reader.not_believed else 0


@asynccontextmanager
async def open_beside_bot(records: RecordsLocation, clock: Clock) -> AsyncIterator[OpenStore]:
    """Open the records, alone or beside a running bot."""
    try:
        store = await records.open(clock)
    except StoreUnusable:
        store = await records.open_shared(clock)
    try:
        yield store
    finally:
        await store.close()


def _print(written: ReportFile) -> bool:
    """Copy the text to standard output, byte by byte: its digest is recorded. Returns whether all was written."""
    try:
        sys.stdout.flush()
        for piece in written.pieces():
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except OSError:  # a full disk, or a reader that has ended
        return False
    return True

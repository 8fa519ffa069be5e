"""Evidence at the command line: what cannot be recorded is not printed, and what is incomplete says so."""

import os
import pwd
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.report.report_file import ReportFile
from bot.terminal.evidence.commands import take_catalogue, take_report
from bot.terminal.evidence.taking import INCOMPLETE, EvidenceRequester
from tests.bench.stage.histories import commits, store_history
from tests.workflows.fakes import FixedClock
from workflows.app.evidence.recording import EvidenceLog
from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.store.location import StoreLocation


@pytest.fixture
async def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small history, and the settings that lead to it."""
    path = await store_history(tmp_path / "gatehouse.db", commits(12, 2))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_TENANT_ID", "11111111-1111-4111-8111-111111111111")
    monkeypatch.setenv("AZURE_CLIENT_ID", "22222222-2222-4222-8222-222222222222")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return path


async def recorded(path: Path) -> list[str]:
    """The commands in the audit log that took evidence."""
    store = await StoreLocation(path).open(FixedClock(datetime.now(UTC)))
    try:
        names = [one.command for one in await store.history(limit=100)]
    finally:
        await store.close()
    return [name for name in names if name in ("audit_report", "export")]


def in_thread(call: Any, *arguments: Any) -> int:
    """Run a command that has an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        status: int = pool.submit(call, *arguments).result()
    return status


async def test_what_cannot_be_recorded_is_not_printed(
    records: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise StoreNotWritable(StoreTrouble.READ_ONLY)

    monkeypatch.setattr(EvidenceLog, "record", refuse)
    for call, arguments in ((take_report, (None, None, None, "csv")), (take_catalogue, ("json",))):
        assert in_thread(call, *arguments) == 1
        out, err = capfdbinary.readouterr()
        assert out == b""
        assert b"Nothing is printed" in err
    monkeypatch.undo()
    assert await recorded(records) == []


async def test_a_missing_file_is_not_created(
    tmp_path: Path, records: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    assert in_thread(take_report, None, None, None, "table") == 1
    assert b"there are no records in" in capfdbinary.readouterr().err
    assert not (tmp_path / "none.db").exists()


async def test_what_is_incomplete_says_so_with_its_exit_status(
    records: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with sqlite3.connect(records) as db:
        db.execute("update requests set doc = '{}' where rowid = 5")
        db.execute("update partnerships set doc = '{}' where rowid = 1")
    assert in_thread(take_report, None, None, None, "table") == INCOMPLETE
    out, err = capfdbinary.readouterr()
    assert b"Incomplete:" in out
    assert b"could not be read, and are missing" in err
    assert in_thread(take_catalogue, "csv") == INCOMPLETE
    assert await recorded(records) == ["export", "audit_report"]


async def test_a_text_that_could_not_be_written_whole_is_not_called_unrecorded(
    records: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def full(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(ReportFile, "pieces", full)
    assert in_thread(take_report, None, None, None, "csv") == 1
    err = capfdbinary.readouterr().err
    assert b"not complete" in err
    assert b"Nothing is printed" not in err
    assert await recorded(records) == ["audit_report"]


def test_the_user_is_the_one_of_the_process_and_not_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "chief")
    assert EvidenceRequester.now().user == f"os:{pwd.getpwuid(os.getuid()).pw_name}"

    def nameless(_: int) -> object:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nameless)
    assert EvidenceRequester.now().user == f"os:{os.getuid()}"

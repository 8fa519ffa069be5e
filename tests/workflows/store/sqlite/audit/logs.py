"""Audit logs in files for tests: write entries, change rows behind Gatehouse's back, and verify."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path

from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock
from workflows.core.audit.heads import Head, head_of
from workflows.core.audit.verifying import ChainCheck
from workflows.ports.audit_log import AuditEntry, AuditKeys
from workflows.ports.records import Commit
from workflows.store.location import OpenStore, StoreLocation


def entry(number: int, name: str = "e") -> AuditEntry:
    """An entry with its number in it."""
    details = {"number": number, "text": "naïve ‘ok’"}
    return AuditEntry(key=f"{name}{number}", at=NOW, actor="U1", command="approve", outcome="accepted", details=details)


async def add(store: OpenStore, numbers: Sequence[int], name: str = "e") -> None:
    """Store entries with these numbers."""
    for number in numbers:
        assert await store.commit(Commit(entry=entry(number, name)))


def with_store(path: Path, use: Callable[[OpenStore], Awaitable[None]], keys: AuditKeys | None = None) -> None:
    """Open the store, use it and close it."""

    async def run() -> None:
        store = await StoreLocation(path, keys).open(FixedClock())
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(run())


def log(path: Path, count: int, keys: AuditKeys | None = None) -> Path:
    """A file with so many entries."""
    with_store(path, lambda store: add(store, range(1, count + 1)), keys)
    return path


def change(path: Path, *statements: str) -> None:
    """Change rows as somebody with the file would."""
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def verified(path: Path, head: Head | None = None, keys: AuditKeys | None = None) -> ChainCheck:
    """Verify a file."""
    return StoreLocation(path, keys).verify_audit(head)


def problems(path: Path, head: Head | None = None, keys: AuditKeys | None = None) -> list[str]:
    """The problems of a file, as `edited:3`."""
    return [f"{one.code.value}:{one.seq}" for one in verified(path, head, keys).problems]


def posted(path: Path) -> Head:
    """The head that is posted now."""
    return head_of(verified(path).last, NOW)

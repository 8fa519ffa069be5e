"""Reading stopped work: while the bot runs, afterwards, and from files that are no database."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.workflows.core.builders import NOW, RILEY, SAM, text_message
from tests.workflows.fakes import FixedClock
from workflows.core.errors.facts import text_fact
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import SendMessage
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.store.common.reading import GivenUpRow
from workflows.store.sqlite.other_process.read_only import read_given_up, read_mark
from workflows.store.sqlite.store import SqliteStore, open_store


async def stored(path: Path) -> SqliteStore:
    """A store with three messages, the last and the first of which were given up."""
    store = await open_store(path, FixedClock())
    tells = [
        SendMessage(person=one.chat_id, subject=CommandSubject(), fact=text_message("Hello"))
        for one in (RILEY, SAM, RILEY)
    ]
    entry = AuditEntry(key="k", at=NOW, actor="t", command="t", outcome="accepted", details={})
    assert await store.commit(Commit(entry=entry, effects=tuple(tells)))
    await store.give_up(3, (text_fact("the channel is gone"),))
    await store.give_up(1, (text_fact("ValueError('our own fault')"),))
    return store


PARKED = [
    GivenUpRow(id=1, lane=f"tell:{RILEY.chat_id}", error=(text_fact("ValueError('our own fault')"),)),
    GivenUpRow(id=3, lane=f"tell:{RILEY.chat_id}", error=(text_fact("the channel is gone"),)),
]


async def test_what_was_given_up_is_listed_while_the_bot_runs_and_after_it(tmp_path: Path) -> None:
    """Without the lock, and without creating a file next to the database."""
    path = tmp_path / "gatehouse.db"
    store = await stored(path)
    assert read_given_up(path) == PARKED
    await store.give_up(2, (text_fact("later"),))
    assert [one.id for one in read_given_up(path)] == [1, 2, 3]
    await store.close()
    files = sorted(os.listdir(tmp_path))
    assert [one.id for one in read_given_up(path)] == [1, 2, 3]
    assert sorted(os.listdir(tmp_path)) == files


async def test_a_mark_is_read_while_the_bot_runs_and_is_empty_in_other_databases(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    store = await stored(path)
    assert read_mark(path, "seen") == ""
    await store.save_mark("seen", "now")
    assert read_mark(path, "seen") == "now"
    await store.close()
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("create table t (x)")
    assert read_mark(other, "seen") == ""


async def test_a_store_in_which_nothing_was_given_up_lists_nothing(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    assert read_given_up(tmp_path / "gatehouse.db") == []
    await store.close()


@pytest.mark.parametrize("content", [None, b"", b"Dear diary, " * 500], ids=["missing", "empty", "no database"])
def test_what_is_no_store_is_said_and_left_as_it_is(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "gatehouse.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OSError, match=r"gatehouse\.db cannot be read as Gatehouse's records"):
        read_given_up(path)
    assert os.listdir(tmp_path) == ([] if content is None else ["gatehouse.db"])

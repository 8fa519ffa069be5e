"""Where the key comes from, how it is changed, and what happens when it is missing: nothing is broken silently."""

import asyncio
import json
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.audit.logs import add, entry, log, problems, verified, with_store
from workflows.core.audit.chain import CHAIN_BEGUN, KEY_CHANGED, KeyRing, parse_keys, written_key
from workflows.ports.records import Commit, StoreUnusable
from workflows.store.audit_keys import GivenKeys, KeyFile, new_key, own_key_file
from workflows.store.location import StoreLocation


def rows(path: Path, command: str) -> list[tuple[int, dict[str, object]]]:
    """The entries of the chain about itself: number and details."""
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("select seq, details from audit where command = ? order by seq", [command]).fetchall()
    return [(seq, json.loads(details)) for seq, details in found]


def test_the_first_entry_makes_a_key_outside_the_database_for_its_owner_alone(tmp_path: Path) -> None:
    path = log(tmp_path / "gatehouse.db", 2)
    file = own_key_file(path)
    assert file == tmp_path / "gatehouse.db.audit-key"
    assert file.stat().st_mode & 0o777 == 0o600
    key = parse_keys(file.read_text()).signing
    assert key.secret not in path.read_bytes()
    assert written_key(key).encode() not in path.read_bytes()
    assert len(list(tmp_path.glob("*.new"))) == 0


def test_threads_that_need_the_first_key_at_once_get_one_key(tmp_path: Path) -> None:
    """Entries that another key signed could never be checked."""
    for turn in range(20):
        file, together = tmp_path / f"{turn}.audit-key", threading.Barrier(8)

        def ring(file: Path = file, together: threading.Barrier = together) -> str:
            keys = KeyFile(file, is_own=True)
            together.wait()
            return keys.ring(may_create=True).signing.id

        with ThreadPoolExecutor(8) as threads:
            found = {one.result() for one in [threads.submit(ring) for _ in range(8)]}
        assert found == {parse_keys(file.read_text()).signing.id}


def test_a_new_key_signs_and_the_chain_says_so(tmp_path: Path) -> None:
    path, old, new = tmp_path / "gatehouse.db", new_key(), new_key()
    log(path, 2, GivenKeys(KeyRing((old,))))
    both = GivenKeys(KeyRing((old, new)))
    with_store(path, lambda store: add(store, [3, 4]), both)
    change = {"from": old.id, "to": new.id, "has_old": True, "since": 3}
    assert rows(path, KEY_CHANGED) == [(4, change)]
    assert problems(path, keys=both) == []
    assert problems(path, keys=GivenKeys(KeyRing((old,)))) == ["unknown_key:3"]


def test_a_line_that_is_added_to_the_file_signs_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    log(path, 1)

    async def rotate() -> None:
        store = await StoreLocation(path).open(FixedClock())
        await add(store, [2])
        with own_key_file(path).open("a") as file:
            file.write(f"{written_key(new_key())}\n")
        os.utime(own_key_file(path), ns=(1, 1))
        await add(store, [3])
        await store.close()

    asyncio.run(rotate())
    assert [seq for seq, _ in rows(path, KEY_CHANGED)] == [4]
    assert problems(path) == []


def test_a_missing_key_stops_nobody_who_closes_and_is_seen(tmp_path: Path) -> None:
    """The chain goes on with a new key. What was signed before cannot be verified, until the old key is back."""
    path = log(tmp_path / "gatehouse.db", 3)
    file = own_key_file(path)
    old = file.read_text()
    file.unlink()
    with_store(path, lambda store: add(store, [4]))
    assert rows(path, KEY_CHANGED)[0][1]["has_old"] is False
    assert problems(path) == ["unknown_key:1"]
    file.write_text(old + file.read_text())
    assert problems(path) == []


def test_a_running_bot_keeps_the_key_of_a_file_that_vanishes(tmp_path: Path) -> None:
    path = log(tmp_path / "gatehouse.db", 1)
    keys = KeyFile(own_key_file(path), is_own=True)
    ring = keys.ring(may_create=True)
    own_key_file(path).unlink()
    assert keys.ring(may_create=True) == ring
    assert not own_key_file(path).exists()


def test_a_mistake_in_the_file_does_not_stop_a_running_bot(tmp_path: Path) -> None:
    path = log(tmp_path / "gatehouse.db", 1)
    keys = KeyFile(own_key_file(path), is_own=True)
    ring = keys.ring(may_create=True)
    own_key_file(path).write_text("no key\n")
    os.utime(own_key_file(path), ns=(1, 1))
    assert keys.ring(may_create=True) == ring


async def test_beside_the_bot_nothing_is_signed_with_another_key(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    bot = await StoreLocation(path).open(FixedClock())
    try:
        await add(bot, [1])
        other = GivenKeys(KeyRing((new_key(),)))
        beside = await StoreLocation(path, other).open_shared(FixedClock())
        with pytest.raises(StoreUnusable, match="AUDIT_KEY"):
            await beside.commit(Commit(entry=entry(2)))
        assert len(await beside.history()) == 1
        await beside.close()
    finally:
        await bot.close()
    assert problems(path) == []


def test_a_named_file_is_never_made_and_its_text_is_never_repeated(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    keys = KeyFile(file, is_own=False)
    with pytest.raises(StoreUnusable, match="AUDIT_KEY_FILE"):
        keys.ring(may_create=True)
    file.write_text("c2VjcmV0")
    with pytest.raises(StoreUnusable, match="too_short") as refused:
        keys.ring(may_create=True)
    assert "c2VjcmV0" not in str(refused.value)


def earlier_file(path: Path, count: int) -> Path:
    """A file as the version before the chain left it, with gaps in its numbers."""
    log(path, 0)
    with closing(sqlite3.connect(path)) as db:
        db.execute("alter table audit drop column mac")
        for column in ("key_id", "personal", "salts", "records"):
            db.execute(f"alter table audit drop column {column}")
        for table in ("import_lookups", "profiles", "identities", "people"):
            db.execute(f"drop table {table}")
        db.execute("drop index audit_by_command")
        db.execute("delete from _sqlite_migrations where name >= 'm034'")
        for number in range(1, count + 1):
            db.execute(
                """insert into audit (seq, key, at, actor, command, outcome, details)
                values (?, ?, '2026-11-01T00:00:00+00:00', 'U1', 'approve', 'accepted', cast(? as text))""",
                [3 * number, f"old{number}", b"\xff{}" if number == 2 else b"{}"],
            )
        db.commit()
    return path


def test_entries_of_an_earlier_version_are_signed_once_and_the_chain_says_so(tmp_path: Path) -> None:
    path = earlier_file(tmp_path / "gatehouse.db", 2500)
    with pytest.raises(OSError, match="not signed yet"):
        verified(path)
    with_store(path, lambda store: add(store, [1]))
    with_store(path, lambda store: add(store, [2]))
    assert rows(path, CHAIN_BEGUN) == [(2501, {"entries": 2500})]
    result = verified(path)
    assert (result.problems, result.count, result.signed_later) == ((), 2503, 2500)
    with closing(sqlite3.connect(path)) as db:
        db.execute("update audit set actor = 'x' where key = 'old7'")
        db.commit()
    assert problems(path) == ["edited:7"]


def test_a_signature_that_is_removed_later_is_not_made_again(tmp_path: Path) -> None:
    path = log(tmp_path / "gatehouse.db", 3)
    with closing(sqlite3.connect(path)) as db:
        db.execute("update audit set mac = null, key_id = null")
        db.commit()
    with_store(path, lambda store: add(store, [4]))
    assert problems(path)[0] == "not_signed:1"

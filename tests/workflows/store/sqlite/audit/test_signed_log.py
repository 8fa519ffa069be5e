"""Every entry is signed in its transaction, by whichever process, and a change behind Gatehouse's back is found."""

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from tests.waiting import LONGEST_WAIT, killed_when_it_hangs
from tests.workflows.core.builders import REQUEST
from tests.workflows.core.builders import request as usual
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.audit.logs import add, change, entry, log, posted, problems, verified, with_store
from workflows.core.audit.chain import BEGINNING, FIELDS
from workflows.ports.records import Commit, StaleVersion
from workflows.store.location import OpenStore, StoreLocation

_OTHER_PROCESS: Final = """
import asyncio, sys
from pathlib import Path
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.audit.logs import add
from workflows.store.location import StoreLocation

async def run():
    input()
    store = await StoreLocation(Path(sys.argv[1])).open_shared(FixedClock())
    print("open", flush=True)
    input()
    for number in range(int(sys.argv[3])):
        await add(store, [number], sys.argv[2])
        await asyncio.sleep(0.001)
    await store.close()

asyncio.run(run())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with nine entries."""
    return log(tmp_path / "gatehouse.db", 9)


def test_a_log_is_whole_and_numbered_without_gaps(path: Path) -> None:
    async def repeat(store: OpenStore) -> None:
        assert not await store.commit(Commit(entry=entry(3)))  # a repeated click
        await add(store, [10])

    with_store(path, repeat)
    result = verified(path, posted(path))
    assert (result.is_whole, result.count, result.last.seq, result.has_head) == (True, 10, 10, True)


def test_what_is_not_stored_is_not_signed_either(path: Path) -> None:
    async def fail(store: OpenStore) -> None:
        with pytest.raises(StaleVersion):
            await store.commit(Commit(entry=entry(50), request=replace(usual(id=REQUEST), version=7)))
        await add(store, [51])

    with_store(path, fail)
    assert problems(path) == []
    assert verified(path).last.seq == 10


@pytest.mark.threats("G7")
@pytest.mark.parametrize(
    ("statement", "first"),
    [
        *((f"update audit set {name} = coalesce({name}, '') || 'x' where seq = 4", "edited:4") for name in FIELDS),
        ("update audit set details = replace(details, ':', ': ') where seq = 4", "edited:4"),
        ("update audit set mac = zeroblob(32) where seq = 4", "edited:4"),
        ("update audit set mac = null where seq = 4", "not_signed:4"),
        ("update audit set key_id = null where seq = 4", "not_signed:4"),
        ("update audit set key_id = 'abcdef01' where seq = 4", "unknown_key:4"),
        ("delete from audit where seq = 4", "deleted:4"),
        ("delete from audit where seq < 4", "deleted:1"),
        ("delete from audit where seq > 4", "tail_cut:5"),
        ("update audit set seq = 40 where seq = 4", "deleted:4"),
        ("update audit set seq = -4 where seq = 4", "edited:-4"),
        (
            "insert into audit (key, at, actor, command, outcome, details) values ('x', '', '', '', '', '{}')",
            "not_signed:10",
        ),
        (
            "insert into audit (seq, key, at, actor, command, outcome, details) values (-1, 'x', '', '', '', '', '{}')",
            "not_signed:-1",
        ),
    ],
)
def test_a_change_of_rows_is_found_and_the_first_wrong_entry_named(path: Path, statement: str, first: str) -> None:
    change(path, statement)
    assert problems(path)[0] == first


@pytest.mark.threats("G7")
def test_entries_that_changed_places_are_found(path: Path) -> None:
    change(
        path,
        "update audit set seq = 100 where seq = 4",
        "update audit set seq = 4 where seq = 6",
        "update audit set seq = 6 where seq = 100",
    )
    assert problems(path)[0] == "reordered:4"


@pytest.mark.threats("G7")
def test_a_cut_tail_and_an_older_file_are_found_by_the_posted_head(path: Path, tmp_path: Path) -> None:
    older, head = tmp_path / "older.db", posted(path)
    log(older, 5)
    shutil.copy(f"{path}.audit-key", f"{older}.audit-key")
    change(path, "delete from audit where seq > 6", "update sqlite_sequence set seq = 6 where name = 'audit'")
    assert problems(path) == []  # nothing in the file says so
    assert problems(path, head) == ["tail_cut:7"]
    with_store(path, lambda store: add(store, range(20, 30)))  # the bot goes on, and does not notice
    assert problems(path) == []
    assert problems(path, head) == ["other_chain:9"]


def test_a_file_of_another_installation_has_another_key(path: Path, tmp_path: Path) -> None:
    other = log(tmp_path / "other.db", 12)
    head = posted(path)
    shutil.copy(f"{path}.audit-key", f"{other}.audit-key")
    assert problems(other) == ["unknown_key:1"]
    assert problems(other, head)[-1] == "other_chain:9"


@pytest.mark.threats("G7")
def test_a_flipped_bit_of_any_stored_value_is_found(path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(60):
        copy = Path(f"{path}.copy")
        shutil.copy(path, copy)
        shutil.copy(f"{path}.audit-key", f"{copy}.audit-key")
        seq, name = dice.randint(1, 9), dice.choice([*FIELDS, "mac", "key_id"])
        with closing(sqlite3.connect(copy)) as db:
            sql = f"select cast({name} as blob) from audit where seq = ?"
            before = db.execute(sql, [seq]).fetchone()[0]
            if before is None:
                continue
            place, bit = dice.randrange(len(before)), 1 << dice.randrange(8)
            after = before[:place] + bytes([before[place] ^ bit]) + before[place + 1 :]
            kind = "blob" if name == "mac" else "text"
            try:
                db.execute(f"update audit set {name} = cast(? as {kind}) where seq = ?", [after, seq])
            except sqlite3.IntegrityError:
                continue  # the key of another entry
            db.commit()
        assert next(one.seq for one in verified(copy).problems) == seq, (name, place, bit)


def test_two_processes_on_one_file_write_one_chain(tmp_path: Path) -> None:
    """The bot, and two others beside it that store commands: no two entries follow the same one."""
    path, count = tmp_path / "gatehouse.db", 60
    others = [_beside(path, name, count) for name in ("a", "b")]

    async def together(store: OpenStore) -> None:
        await add(store, [0], "first")
        for other in others:
            other.send("open")
            assert await asyncio.to_thread(other.heard) == "open"
        for other in others:
            other.send("go")
        for number in range(count):
            await add(store, [number], "bot")
            await asyncio.sleep(0.001)
        for other in others:
            assert await asyncio.to_thread(other.ended) == 0

    try:
        with_store(path, together)
    finally:
        for other in others:
            other.close()
    result = verified(path)
    assert (result.problems, result.count, result.last.seq) == ((), 1 + 3 * count, 1 + 3 * count)
    with closing(sqlite3.connect(path)) as db:
        writers = [key[0] for (key,) in db.execute("select key from audit order by seq")]
    assert sum(one != other for one, other in pairwise(writers)) > 4  # they really took turns


class _Process:
    """A process beside the bot, which does the next thing when it is told."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def send(self, line: str) -> None:
        """Tell it to go on."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def heard(self) -> str:
        """Wait for a line of it."""
        assert self._process.stdout is not None
        with killed_when_it_hangs(self._process):
            return self._process.stdout.readline().strip()

    def ended(self) -> int:
        """Wait for its end."""
        return self._process.wait(LONGEST_WAIT)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate(timeout=LONGEST_WAIT)


def _beside(path: Path, name: str, count: int) -> _Process:
    return _Process(_OTHER_PROCESS, str(path), name, str(count))


async def test_entries_are_read_page_by_page_with_their_numbers(path: Path) -> None:
    store = await StoreLocation(path).open(FixedClock())
    try:
        first = await store.entries_after(BEGINNING.seq, limit=4)
        second = await store.entries_after(first[-1].seq, limit=100)
        assert [one.seq for one in (*first, *second)] == list(range(1, 10))
        assert [one.entry for one in first] == [entry(number) for number in range(1, 5)]
        assert {len(one.mac) for one in second} == {64}
        assert second[-1].mac == (await store.chain_end()).mac.hex()
        assert await store.entries_after(second[-1].seq, limit=100) == []
    finally:
        await store.close()


async def test_the_newest_entries_are_verified_alone(path: Path) -> None:
    change(path, "update audit set actor = 'x' where seq in (2, 7)")
    store = await StoreLocation(path).open(FixedClock())
    try:
        assert [one.seq for one in (await store.verify_chain(newest=4)).problems] == [7]
        assert [one.seq for one in (await store.verify_chain(newest=100)).problems] == [2, 7]
        assert [one.seq for one in (await store.verify_chain()).problems] == [2, 7]
    finally:
        await store.close()

"""Every entry is signed in its transaction, by whichever process, and a change behind Gatehouse's back is found.

What is changed is changed by somebody who can write to the records of either kind of store, and has no key.
"""

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests.waiting import LONGEST_WAIT, killed_when_it_hangs
from tests.workflows.core.builders import NOW, REQUEST
from tests.workflows.core.builders import request as usual
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from tests.workflows.store.sqlite.audit.logs import add, entry
from tests.workflows.store.stores import KINDS
from workflows.core.audit.chain import BEGINNING, FIELDS, ChainKey, KeyRing, written_key
from workflows.core.audit.heads import Head, head_of
from workflows.ports.records import Commit, StaleVersion
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.location import RecordsLocation, location_of

_OTHER_PROCESS: Final = """
import asyncio, sys
from tests.workflows.fakes import FixedClock
from tests.workflows.store.sqlite.audit.logs import add
from workflows.core.audit.chain import parse_keys
from workflows.store.audit_keys import GivenKeys
from workflows.store.location import location_of

async def run():
    url, key, name, count = sys.argv[1:]
    input()
    store = await location_of(url, GivenKeys(parse_keys(key))).open_shared(FixedClock())
    print("open", flush=True)
    input()
    for number in range(int(count)):
        await add(store, [number], name)
        await asyncio.sleep(0.001)
    await store.close()

asyncio.run(run())
"""


@dataclass(frozen=True, slots=True)
class Log:
    """One audit log of either kind of store."""

    url: str
    key: ChainKey

    @property
    def is_file(self) -> bool:
        """Whether it is in a file of SQLite."""
        return self.url.startswith("sqlite:///")

    @property
    def location(self) -> RecordsLocation:
        """The place as the product knows it."""
        return location_of(self.url, GivenKeys(KeyRing((self.key,))))

    async def put(self, numbers: Sequence[int], name: str = "e") -> None:
        """Store entries with these numbers, in a process that begins and ends."""
        store = await self.location.open(FixedClock())
        await add(store, numbers, name)
        await store.close()

    def run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement beside Gatehouse."""
        if self.is_file:
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as db, db:
                return db.execute(sql, values).fetchall()
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(sql.replace("?", "%s").encode(), values)
            return cursor.fetchall() if cursor.description else []

    async def problems(self, head: Head | None = None) -> list[str]:
        """The problems that are found, as `edited:3`."""
        check = await asyncio.to_thread(self.location.verify_audit, head)
        return [f"{one.code.value}:{one.seq}" for one in check.problems]

    async def posted(self) -> Head:
        """The head that is posted now."""
        return head_of((await asyncio.to_thread(self.location.verify_audit)).last, NOW)

    def forget_last_number(self, last: int) -> None:
        """Have the records say that the last entry had this number."""
        if self.is_file:
            self.run("update sqlite_sequence set seq = ? where name = 'audit'", last)
        else:
            self.run("update audit_head set seq = ?", last)


@contextmanager
def empty_log(kind: str, folder: Path) -> Iterator[Log]:
    """A log without entries."""
    if kind == "sqlite":
        folder.mkdir(exist_ok=True)
        yield Log(f"sqlite:///{folder / 'gatehouse.db'}", new_key())
        return
    with test_server().database() as database:
        yield Log(test_server().url(database), new_key())


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of store."""
    return str(request.param)


@pytest.fixture
async def log(kind: str, tmp_path: Path) -> Any:
    """A log with nine entries."""
    with empty_log(kind, tmp_path) as made:
        await made.put(range(1, 10))
        yield made


@pytest.fixture
async def other(kind: str, tmp_path: Path) -> Any:
    """A log of another installation, without entries."""
    with empty_log(kind, tmp_path / "other") as made:
        yield made


async def test_a_log_is_whole_and_numbered_without_gaps(log: Log) -> None:
    store = await log.location.open(FixedClock())
    assert not await store.commit(Commit(entry=entry(3)))  # a repeated click
    await add(store, [10])
    await store.close()
    result = log.location.verify_audit(await log.posted())
    assert (result.is_whole, result.count, result.last.seq, result.has_head) == (True, 10, 10, True)


async def test_what_is_not_stored_is_not_signed_either(log: Log) -> None:
    store = await log.location.open(FixedClock())
    with pytest.raises(StaleVersion):
        await store.commit(Commit(entry=entry(50), request=replace(usual(id=REQUEST), version=7)))
    await add(store, [51])
    await store.close()
    assert await log.problems() == []
    assert log.location.verify_audit().last.seq == 10


NEW_ROW: Final = "insert into audit (seq, key, at, actor, command, outcome, details) values"


@pytest.mark.threats("G7")
@pytest.mark.parametrize(
    ("statement", "first"),
    [
        *((f"update audit set {name} = coalesce({name}, '') || 'x' where seq = 4", "edited:4") for name in FIELDS),
        ("update audit set details = replace(details, ':', ': ') where seq = 4", "edited:4"),
        ("update audit set request_id = '' where seq = 4", "edited:4"),
        ("update audit set mac = ? where seq = 4", "edited:4"),
        ("update audit set mac = (select mac from audit where seq = 5) where seq = 4", "edited:4"),
        ("update audit set mac = null where seq = 4", "not_signed:4"),
        ("update audit set key_id = null where seq = 4", "not_signed:4"),
        ("update audit set key_id = 'abcdef01' where seq = 4", "unknown_key:4"),
        ("delete from audit where seq = 4", "deleted:4"),
        ("delete from audit where seq < 4", "deleted:1"),
        ("delete from audit where seq > 4", "tail_cut:5"),
        ("update audit set seq = 40 where seq = 4", "deleted:4"),
        ("update audit set seq = -4 where seq = 4", "edited:-4"),
        (f"{NEW_ROW} (10, 'x', '', '', '', '', '{{}}')", "not_signed:10"),
        (f"{NEW_ROW} (-1, 'x', '', '', '', '', '{{}}')", "not_signed:-1"),
    ],
)
async def test_a_change_of_rows_is_found_and_the_first_wrong_entry_named(log: Log, statement: str, first: str) -> None:
    log.run(statement, *[bytes(32)] * statement.count("?"))
    assert (await log.problems())[0] == first


@pytest.mark.threats("G7")
async def test_entries_that_changed_places_are_found(log: Log) -> None:
    for before, after in ((4, 100), (6, 4), (100, 6)):
        log.run("update audit set seq = ? where seq = ?", after, before)
    assert (await log.problems())[0] == "reordered:4"


@pytest.mark.threats("G7")
async def test_a_cut_tail_and_older_records_are_found_by_the_posted_head(log: Log) -> None:
    head = await log.posted()
    log.run("delete from audit where seq > 6")
    assert await log.problems() == ["tail_cut:7"]
    log.forget_last_number(6)
    assert await log.problems() == []  # nothing in the records says so
    assert await log.problems(head) == ["tail_cut:7"]
    await log.put(range(20, 30))  # the bot goes on, and does not notice
    assert await log.problems() == []
    assert await log.problems(head) == ["other_chain:9"]


async def test_records_of_another_installation_have_another_key(log: Log, other: Log) -> None:
    await other.put(range(1, 13))
    exchanged = replace(other, key=log.key)
    assert await exchanged.problems() == ["unknown_key:1"]
    assert (await exchanged.problems(await log.posted()))[-1] == "other_chain:9"


@pytest.mark.threats("G7")
async def test_a_flipped_bit_of_any_stored_value_is_found(log: Log) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice, found = random.Random(seed), 0
    for _ in range(60):
        seq, name = dice.randint(1, 9), dice.choice([*FIELDS, "mac", "key_id"])
        [(before,)] = log.run(f"select {name} from audit where seq = ?", seq)
        if before is None:
            continue
        stored = before if name == "mac" else str(before).encode()
        place, bit = dice.randrange(len(stored)), 1 << dice.randrange(8)
        flipped = stored[:place] + bytes([stored[place] ^ bit]) + stored[place + 1 :]
        as_text = "cast(? as text)" if log.is_file else "convert_from(?, 'UTF8')"
        try:
            log.run(f"update audit set {name} = {'?' if name == 'mac' else as_text} where seq = ?", flipped, seq)
        except (sqlite3.IntegrityError, psycopg.errors.UniqueViolation, psycopg.errors.DataError):
            continue  # the key of another entry; a server has no text that is no UTF-8
        check = log.location.verify_audit()
        assert next(one.seq for one in check.problems) == seq, (name, place, bit)
        log.run(f"update audit set {name} = ? where seq = ?", before, seq)
        found += 1
    assert found > 10
    assert await log.problems() == []


@pytest.mark.load
async def test_three_processes_on_the_same_records_write_one_chain(other: Log) -> None:
    """The bot, and two others beside it that store commands: no two entries follow the same one."""
    count = 60
    beside = [_Process(other.url, written_key(other.key), name, str(count)) for name in ("a", "b")]
    store = await other.location.open(FixedClock())
    try:
        await add(store, [0], "first")
        for process in beside:
            process.send("open")
            assert await asyncio.to_thread(process.heard) == "open"
        for process in beside:
            process.send("go")
        for number in range(count):
            await add(store, [number], "bot")
            await asyncio.sleep(0.001)
        for process in beside:
            assert await asyncio.to_thread(process.ended) == 0
    finally:
        await store.close()
        for process in beside:
            process.close()
    result = other.location.verify_audit()
    assert (result.problems, result.count, result.last.seq) == ((), 1 + 3 * count, 1 + 3 * count)
    writers = [key[0] for (key,) in other.run("select key from audit order by seq")]
    assert sum(one != after for one, after in pairwise(writers)) > 4  # they really took turns


class _Process:
    """A process beside the bot, which does the next thing when it is told."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _OTHER_PROCESS, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
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


async def test_entries_are_read_page_by_page_with_their_numbers(log: Log) -> None:
    store = await log.location.open(FixedClock())
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


async def test_the_newest_entries_are_verified_alone(log: Log) -> None:
    log.run("update audit set actor = 'x' where seq in (2, 7)")
    store = await log.location.open(FixedClock())
    try:
        assert [one.seq for one in (await store.verify_chain(newest=4)).problems] == [7]
        assert [one.seq for one in (await store.verify_chain(newest=100)).problems] == [2, 7]
        assert [one.seq for one in (await store.verify_chain()).problems] == [2, 7]
    finally:
        await store.close()

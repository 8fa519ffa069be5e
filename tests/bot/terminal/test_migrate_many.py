"""`gatehouse migrate` of 10,000 requests: within minutes, with flat memory, and killed at random rows."""

import asyncio
import random
import re
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.terminal.moved_installation import TENANT_SETTINGS, Installation, assert_at_most_one
from tests.workflows.fakes import FixedClock
from tests.workflows.store.moving.filled import filled_file
from tests.workflows.store.moving.reading import first_difference
from tests.workflows.store.postgres.server import test_server
from workflows.store.generation_place import FilePlace
from workflows.store.sqlite.store import open_store

pytestmark = [pytest.mark.load, pytest.mark.xdist_group("migrate")]
REQUESTS, FEW = 10_000, 100
KILLS = 6
"""Of these, the last one comes while everything is compared, and the others while it is copied."""
MEASURED = """
import atexit, resource, sys
atexit.register(lambda: print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr))
"""
KILLED_AT = """
import os, signal
from bot.terminal.posture import migrate_command
shown, left = migrate_command._Lines._on_row, {row}
def on_row(lines, table):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    shown(lines, table)
migrate_command._Lines._on_row = on_row
"""


def made(folder: Path, database: str, requests: int) -> Installation:
    """An installation with so many requests, made through its store."""
    folder.mkdir()
    here = Installation(folder, database)
    generation = folder / "generation"
    here.environment = {**TENANT_SETTINGS, "GATEHOUSE_GENERATION": str(generation), "DATABASE_URL": "sqlite:///x.db"}
    asyncio.run(filled_file(here.path, FilePlace(generation, here.path), requests=requests))
    return here


def moved(here: Installation) -> tuple[float, int, str]:
    """Move everything in a process of its own; returns its seconds, its most memory in MiB, and what it printed."""
    began = time.monotonic()
    out, err = (process := here.in_process(MEASURED)).communicate(timeout=600)
    assert process.returncode == 0, err
    return time.monotonic() - began, int(err.split()[-1]), out


def rows_of(out: str) -> int:
    """How many rows a move has moved and compared, as it says."""
    [count] = re.findall(r"Moved and compared: ([\d,]+) records", out)
    return int(count.replace(",", ""))


def test_ten_thousand_requests_move_within_minutes_also_when_it_is_killed_again_and_again(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, server = random.Random(seed), test_server()
    with (
        server.database(is_empty=True) as few,
        server.database(is_empty=True) as many,
        server.database(is_empty=True) as killed,
    ):
        seconds_of_few, memory_of_few, _ = moved(made(tmp_path / "few", few, FEW))
        here = made(tmp_path / "many", many, REQUESTS)
        print(f"{REQUESTS} requests, {here.path.stat().st_size // 2**20} MiB")
        seconds, memory, out = moved(here)
        rows = rows_of(out)
        print(f"{rows} rows moved in {seconds:.0f} s with at most {memory} MiB")
        print(f"those of {FEW} requests in {seconds_of_few:.0f} s with {memory_of_few}")
        assert re.search(rf"^ *Requests +{REQUESTS:,}$", out, re.MULTILINE)
        assert memory - memory_of_few < 100
        assert asyncio.run(_first_difference(here)) == ""

        again = made(tmp_path / "killed", killed, REQUESTS)
        for moment in [*(chance.randint(1, rows) for _ in range(KILLS - 1)), rows + chance.randint(1, rows - 1)]:
            process = again.in_process(KILLED_AT.format(row=moment))
            process.communicate(timeout=600)
            usable = again.usable()
            print(f"killed at row {moment}: {process.returncode}, a bot can open {usable or 'neither'}")
            assert process.returncode == -signal.SIGKILL
            assert usable == ["file"]
            assert_at_most_one(again, usable)
        seconds, _, out = moved(again)
        [kept] = re.findall(r"Already there from the move before: ([\d,]+) records", out)
        print(f"moved in {seconds:.0f} s, {kept} rows were there")
        assert int(kept.replace(",", "")) >= rows - KILLS
        assert again.usable() == ["database"]
        assert again.hold(again.target) is None
        assert asyncio.run(_first_difference(again)) == ""


async def _first_difference(here: Installation) -> str:
    """Compare what both stores read. The file opens again without the mark of the move, which is what it differs in."""
    with closing(sqlite3.connect(here.path)) as db, db:
        db.execute("delete from marks where name = 'moved_to'")
    ours, theirs = await open_store(here.path, FixedClock()), await here.target.open(FixedClock())
    try:
        return await first_difference(ours, theirs, every=20)
    finally:
        await ours.close()
        await theirs.close()

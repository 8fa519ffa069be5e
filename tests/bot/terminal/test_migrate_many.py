"""`gatehouse migrate` of 10,000 requests: within minutes, with flat memory, and killed at random moments."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.terminal.moved_installation import TENANT_SETTINGS, Installation, assert_at_most_one
from tests.waiting import LONGEST_WAIT
from tests.workflows.fakes import FixedClock
from tests.workflows.store.moving.filled import filled_file
from tests.workflows.store.moving.reading import first_difference
from tests.workflows.store.postgres.server import test_server
from workflows.store.generation_place import FilePlace
from workflows.store.sqlite.store import open_store

pytestmark = [pytest.mark.load, pytest.mark.xdist_group("migrate")]
REQUESTS, FEW = 10_000, 100
KILLS = 6
MEASURED = """
import atexit, resource, sys
atexit.register(lambda: print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr))
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


def test_ten_thousand_requests_move_within_minutes_though_it_is_killed_again_and_again(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with test_server().database(is_empty=True) as few, test_server().database(is_empty=True) as many:
        seconds_of_few, memory_of_few, _ = moved(made(tmp_path / "few", few, FEW))
        began = time.monotonic()
        here = made(tmp_path / "many", many, REQUESTS)
        print(f"{REQUESTS} requests made in {time.monotonic() - began:.0f} s, {here.path.stat().st_size // 2**20} MiB")
        for number in range(KILLS):
            moment = chance.uniform(0.5, 20)
            killed = here.in_process()
            try:
                killed.communicate(timeout=moment)
            except subprocess.TimeoutExpired:
                killed.send_signal(signal.SIGKILL)
                killed.communicate(timeout=LONGEST_WAIT)
            usable = here.usable()
            print(f"kill {number + 1} after {moment:.1f} s: {killed.returncode}, a bot can open {usable or 'neither'}")
            assert_at_most_one(here, usable)
        seconds, memory, out = moved(here)
        assert f"Requests{'':22}{REQUESTS:,}" in out or "Everything was moved before." in out
        print(
            f"moved in {seconds:.0f} s with at most {memory} MiB; {FEW} in {seconds_of_few:.0f} s with {memory_of_few}"
        )
        assert here.usable() == ["database"]
        assert here.hold(here.target) is None
        assert memory - memory_of_few < 100
        assert asyncio.run(_first_difference(here)) == ""


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

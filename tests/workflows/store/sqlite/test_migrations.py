"""Migrations are only appended. Every file has run the first ones, in order and without a gap."""

import re
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from sqlite_utils import Database

from tests.workflows.fakes import FixedClock
from workflows.ports.records import StoreUnusable
from workflows.store.sqlite import migrations as module
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.other_process.shared_store import open_shared
from workflows.store.sqlite.snapshot import read_records
from workflows.store.sqlite.store import open_store

RELEASED: Final = (
    "m001_records",
    "m002_alarms_and_marks",
    "m003_effects_rank_and_homes",
    "m004_audit_by_account",
    "m005_requests_by_account",
    "m006_clicks_are_commands",
    "m007_barred_accounts",
    "m008_plain_names",
    "m009_message_ids",
    "m010_findings",
    "m012_notes_are_facts",
    "m013_no_marked_texts",
    "m014_lists_and_homes",
    "m015_reminders_of_waiting_requests",
    "m016_search_of_requests",
    "m017_results_that_nobody_approved",
    "m018_turns_and_ends",
)
"""The steps in the order in which every file runs them. A new step is added at the end; nothing else may change."""


def steps() -> list[str]:
    """The names of all steps in the order in which a new file runs them."""
    return [step.name for step in migrations.pending(Database(memory=True))]


def test_released_steps_keep_their_order_and_new_ones_come_after_them() -> None:
    assert tuple(steps()[: len(RELEASED)]) == RELEASED


def test_the_numbers_of_the_steps_only_grow() -> None:
    numbers = [int(name[1:4]) for name in steps()]
    assert all(earlier < later for earlier, later in pairwise(numbers)), numbers


@pytest.mark.parametrize("skipped", [("m013_no_marked_texts", "m014_lists_and_homes"), ("m014_lists_and_homes",)])
async def test_a_file_that_skipped_a_step_is_refused_by_whoever_opens_it(
    tmp_path: Path, skipped: tuple[str, ...]
) -> None:
    """As a file would be that ran m015 on its own, before the two steps that are before it."""
    path = tmp_path / "gatehouse.db"
    await (await open_store(path, FixedClock())).close()
    with closing(sqlite3.connect(path)) as db:
        db.executemany("delete from _sqlite_migrations where name = ?", [(name,) for name in skipped])
        db.commit()
    for opening in (open_store(path, FixedClock()), open_shared(path, FixedClock()), read_records(path)):
        with pytest.raises(StoreUnusable, match=rf"never released \(not in order: {', '.join(skipped)}\); restore"):
            await opening


async def test_a_file_that_ran_the_steps_in_another_order_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    await (await open_store(path, FixedClock())).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("update _sqlite_migrations set id = 999 where name = 'm013_no_marked_texts'")
        db.commit()
    with pytest.raises(StoreUnusable, match="not in order: m001_records"):
        await open_store(path, FixedClock())


async def test_a_file_of_an_earlier_version_is_continued_in_order(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="m013_no_marked_texts")
        connection.commit()
    await (await open_store(path, FixedClock())).close()
    with closing(sqlite3.connect(path)) as connection:
        assert [step.name for step in migrations.applied(Database(connection))] == steps()


async def test_a_step_that_fails_leaves_the_file_to_the_version_before(tmp_path: Path) -> None:
    """The steps before it are taken back, too: with them, the earlier version would refuse the file."""
    path = tmp_path / "gatehouse.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="m018_turns_and_ends")
        connection.execute("create table drifts (in_the_way text)")  # m019 creates it
        connection.commit()
    with pytest.raises(StoreUnusable, match="table drifts already exists"):
        await open_store(path, FixedClock())
    with closing(sqlite3.connect(path)) as connection:
        applied = [step.name for step in migrations.applied(Database(connection))]
    assert applied == steps()[: steps().index("m018_turns_and_ends")]


def test_every_step_of_the_module_is_one_of_the_migrations() -> None:
    """A step whose decorator was lost would never run."""
    named = {name for name in vars(module) if re.fullmatch(r"m\d{3}_\w+", name)}
    assert named == {step.name for step in migrations.pending(Database(memory=True))}

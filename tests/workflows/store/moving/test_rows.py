"""Rows of SQLite become rows of PostgreSQL: nothing is left out, and every text stays as it is."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, RILEY, partnership, request
from tests.workflows.store.moving.filled import break_some, click, filled_file, waiting_effects
from workflows.core.people import ChatId
from workflows.core.requests.effects import Effect, ShowHome, ShowRequest
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.effects_queue import QueueCode
from workflows.ports.records import StoreUnusable
from workflows.store.codec import stored_facts
from workflows.store.common.rows import effect_row, text_of
from workflows.store.common.rows import partnership_row as sqlite_partnership
from workflows.store.common.rows import request_row as sqlite_request
from workflows.store.generation_place import FilePlace
from workflows.store.moving.moved_jobs import EFFECT_COLUMNS, Jobs, effect_of_job, moved_effect
from workflows.store.moving.source import SqliteSource, require_current
from workflows.store.moving.tables import ALL_TABLES, EFFECTS, TABLES, key_of, postgres_row
from workflows.store.moving.transfer import read_all
from workflows.store.postgres.rows import partnership_row, request_row
from workflows.store.redaction import RecordRedactor

CLEAN = RecordRedactor()
REQUESTS, PARTNERSHIPS = TABLES[0], TABLES[1]
AUDIT = next(table for table in TABLES if table.name == "audit")


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A file with every kind of record."""
    path = tmp_path / "gatehouse.db"
    await filled_file(path, FilePlace(tmp_path / "generation", path), requests=12)
    return path


def stored(effect: Effect, number: int = 1, **changes: Any) -> dict[str, Any]:
    """The row of an effect in SQLite."""
    return {"id": number, "is_parked": 0, "error": "", **effect_row(effect, text_of(NOW), CLEAN), **changes}


async def test_every_table_of_the_file_moves_and_has_rows_in_these_tests(path: Path) -> None:
    with SqliteSource.reading(path) as source:
        assert set(source.tables()) == {table.name for table in ALL_TABLES}
        assert 0 not in source.counts().values(), source.counts()
        assert set(next(iter(source.rows(EFFECTS)))) == set(EFFECT_COLUMNS)
        assert read_all(source, lambda _: None) == []


@pytest.mark.parametrize("state", RequestState)
def test_a_request_has_the_columns_that_the_store_writes(state: RequestState) -> None:
    one = request(state, confirmed_at=NOW)
    assert postgres_row(REQUESTS, sqlite_request(one, CLEAN)) == request_row(one, CLEAN)


def test_a_partner_has_the_columns_that_the_store_writes() -> None:
    one = partnership()
    assert postgres_row(PARTNERSHIPS, sqlite_partnership(one, CLEAN)) == partnership_row(one, CLEAN)


@pytest.mark.parametrize("doc", ["", "{", "[]", "null", '{"particulars":[],"changed_at":7}'])
def test_what_cannot_be_read_moves_as_it_is(doc: str) -> None:
    row = postgres_row(REQUESTS, {**sqlite_request(request(), CLEAN), "doc": doc})
    assert (row["doc"], row["changed_at"], row["kind"]) == (doc, text_of(NOW), "")
    partner = postgres_row(PARTNERSHIPS, {**sqlite_partnership(partnership(), CLEAN), "doc": doc})
    assert (partner["doc"], partner["since"], partner["request_id"]) == (doc, "", None)


def test_a_damaged_record_keeps_what_can_still_be_read_of_it() -> None:
    """Its checksum is wrong, so that no rule uses it; lists find it as before."""
    whole = sqlite_request(request(RequestState.APPLYING, writing_since=NOW), CLEAN)
    broken = {**whole, "doc": whole["doc"].replace("contoso", "kontoso", 1)}
    row, before = postgres_row(REQUESTS, broken), postgres_row(REQUESTS, whole)
    assert row["doc"] != before["doc"]
    assert {name: row[name] for name in ("kind", "template_name", "changed_at", "is_sent")} == {
        name: before[name] for name in ("kind", "template_name", "changed_at", "is_sent")
    }
    one = sqlite_partnership(partnership(), CLEAN)
    broken = {**one, "doc": one["doc"].replace("contoso", "kontoso", 1)}
    partner, before = postgres_row(PARTNERSHIPS, broken), postgres_row(PARTNERSHIPS, one)
    assert {name: partner[name] for name in ("since", "request_id", "has_setup")} == {
        name: before[name] for name in ("since", "request_id", "has_setup")
    }


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (REQUESTS, {"id": "R-1", "doc": "a\x00b"}),
        (AUDIT, {"seq": 7, "key": "a\x00b"}),
        (AUDIT, {"seq": 7, "details": "\udc80"}),
    ],
)
def test_a_text_that_postgresql_cannot_hold_is_refused_with_its_row(table: Any, row: dict[str, Any]) -> None:
    with pytest.raises(StoreUnusable, match=f"a row of {table.name} .*{key_of(table, row)}"):
        postgres_row(table, row)


def test_a_search_text_loses_only_the_character_that_postgresql_has_not() -> None:
    row = {**sqlite_request(request(), CLEAN), "sought": "con\x00toso"}
    assert postgres_row(REQUESTS, row)["sought"] == "contoso"


@pytest.mark.parametrize("effect", waiting_effects(), ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "attempts": 3,
            "error": '[{"code":"text","values":{"text":"x"}}]',
            "due_at": "2099-01-01T00:00:00.000000+00:00",
        },
        {"is_parked": 1, "attempts": 5, "error": "an old sentence"},
    ],
    ids=["new", "tried", "given_up"],
)
def test_work_is_the_same_as_a_job(effect: Effect, changes: dict[str, Any]) -> None:
    row = stored(effect, **changes)
    job = Jobs(text_of(NOW)).job_of(row)
    assert json.loads(json.dumps(job["args"])) == job["args"]
    assert effect_of_job(job) == row == moved_effect(row)
    holds_lane = not changes
    assert job["lock"] == (row["lane"] if holds_lane else None)
    assert (job["queue_name"] == "later") == ("due_at" in changes)
    assert job["status"] == ("failed" if "is_parked" in changes else "todo")


def test_the_clicks_of_one_person_keep_their_turns() -> None:
    jobs, people = Jobs(text_of(NOW)), (RILEY, RILEY, replace(RILEY, chat_id=ChatId("U2")), RILEY)
    made = [jobs.job_of(stored(click(f"k{n}", who), n)) for n, who in enumerate(people)]
    assert [job["args"]["turn"] for job in made] == [1, 2, 1, 3]
    assert made[0]["priority"] > made[1]["priority"] > made[3]["priority"]


@pytest.mark.parametrize("doc", ["", "{", '{"kind":"of_later"}'])
def test_work_that_cannot_be_read_is_given_up(doc: str) -> None:
    row = stored(ShowRequest(request_id=RequestId("R-1")), doc=doc)
    job = Jobs(text_of(NOW)).job_of(row)
    assert (job["status"], job["lock"], job["args"]["doc"]) == ("failed", None, doc)
    assert [fact.code for fact in stored_facts(job["args"]["error"])] == [QueueCode.UNREADABLE]
    assert effect_of_job(job) == moved_effect(row)


@pytest.mark.parametrize(
    "change",
    [
        {"lock": None},
        {"lock": "another"},
        {"queue_name": "show"},
        {"status": "doing"},
        {"task_name": "turn"},
        {"priority": 1},
    ],
    ids=str,
)
def test_a_job_that_would_not_be_performed_in_its_turn_is_found(change: dict[str, Any]) -> None:
    job = Jobs(text_of(NOW)).job_of(stored(ShowHome(person=RILEY.chat_id)))
    with pytest.raises(ValueError, match="a job"):
        effect_of_job({**job, **change})


async def test_while_records_are_read_alone_nobody_writes_and_a_killed_reader_leaves_nothing(path: Path) -> None:
    with SqliteSource.alone(path) as source:
        with (
            closing(sqlite3.connect(path, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("insert into marks (name, value) values ('a', 'b')")
        source._db.execute("insert into marks (name, value) values ('half', 'done')")
    with SqliteSource.reading(path) as source:
        assert (source.mark("half"), source.moved_to) == (None, None)


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    missing, empty, other = tmp_path / "missing.db", tmp_path / "empty.db", tmp_path / "other.db"
    empty.touch()
    with closing(sqlite3.connect(other)) as db, db:
        db.execute("create table marks (name text, value text)")
    for path, says in ((missing, "no records"), (empty, "no records"), (other, "no database of Gatehouse")):
        with pytest.raises(StoreUnusable, match=says):
            require_current(path)
    text = tmp_path / "text.db"
    text.write_text("no database" * 100)
    with pytest.raises(StoreUnusable, match=r"text\.db cannot be read"):
        require_current(text)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("delete from _sqlite_migrations where name = (select max(name) from _sqlite_migrations)", "older version"),
        (
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('gatehouse', 'm999_x', '')",
            "newer",
        ),
    ],
)
async def test_a_file_of_another_version_is_refused(path: Path, sql: str, says: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql)
    with pytest.raises(StoreUnusable, match=says):
        require_current(path)


async def test_damaged_records_do_not_keep_the_others_from_moving(path: Path) -> None:
    break_some(path)
    with SqliteSource.reading(path) as source:
        assert read_all(source, lambda _: None) == []
        effects = [moved_effect(row) for row in source.rows(EFFECTS)]
    assert [row["is_parked"] for row in effects if row["doc"] == "{"] == [1]

"""Every table of PostgreSQL is rewritten by an erasure, emptied of the person, or of nobody."""

from tests.test_privacy import OF_NOBODY, tables
from tests.workflows.store.postgres.server import test_server
from workflows.store.common.erasing import REWRITTEN
from workflows.store.postgres.audit.erasure import FORGOTTEN
from workflows.store.postgres.audit.named_records import TABLES

BY_ROW = {"copies", "marks"}
"""Read row by row, because a name may be within a text."""


def test_each_table_is_that_of_a_file_or_has_no_text_of_a_person(database: str) -> None:
    rows = test_server().rows("select tablename from pg_tables where schemaname = 'public'", database)
    own = {name for (name,) in rows if not name.startswith(("procrastinate_", "job_", "alembic"))}
    # What bots tell each other for some seconds has names of windows, pauses and processes only.
    assert own == (tables() - {"effects"}) | {"audit_head", "gatehouse_schema", "shared_notes"}


def test_an_erasure_has_something_to_do_in_each_table_or_the_table_is_of_nobody() -> None:
    forgotten = {statement.split()[2 if statement.startswith("delete") else 1] for statement in FORGOTTEN}
    assert set(TABLES) == set(REWRITTEN)
    assert set(TABLES) | forgotten | BY_ROW | {"audit"} | OF_NOBODY == tables()

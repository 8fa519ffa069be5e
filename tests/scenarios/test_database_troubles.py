"""The database is read only, full, or closed to everybody: nothing is lost, and no restart is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from tests.scenarios.stage import CHANNEL, Stage, buttons
from tests.stores.bot_database import database_name
from tests.stores.choice import is_postgres
from tests.workflows.store.postgres.server import test_server

pytestmark = [
    pytest.mark.story,
    pytest.mark.postgres,
    pytest.mark.skipif(not is_postgres(), reason="for a run with --store postgres"),
]

_FULL: Final = """create function no_room() returns trigger language plpgsql as $$ begin
    raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$"""
_OF_EVERY_WRITE: Final = ("audit", "marks", "procrastinate_jobs")


@contextmanager
def read_only(database: str) -> Iterator[None]:
    """As a server is that became a standby, or whose administrator says so."""
    _change(database, f"alter database {database} set default_transaction_read_only = on")
    try:
        yield
    finally:
        _change(database, f"alter database {database} reset default_transaction_read_only")


@contextmanager
def full(database: str) -> Iterator[None]:
    """What a server says whose disk is full, to everything that stores a row."""
    name = "create trigger full_disk before insert or update on {} for each statement execute function no_room()"
    test_server().run(_FULL, *(name.format(table) for table in _OF_EVERY_WRITE), database=database)
    try:
        yield
    finally:
        test_server().run("drop function no_room cascade", database=database)


@contextmanager
def closed(database: str) -> Iterator[None]:
    """Nobody is let in, as while a server is restored."""
    _change(database, f"alter database {database} with allow_connections false")
    try:
        yield
    finally:
        _change(database, f"alter database {database} with allow_connections true")


def _change(database: str, statement: str) -> None:
    """Change a database, and end its connections, which know it as it was."""
    ended = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
    test_server().run(statement, ended)


@pytest.mark.parametrize("trouble", [read_only, full, closed])
async def test_while_nothing_can_be_stored_a_click_is_not_acknowledged_and_afterwards_everything_goes_on(
    trouble: object, stage: Stage
) -> None:
    ts = await stage.ask()
    pid = (await stage.see("bot"))["pid"]
    assert callable(trouble)
    with trouble(database_name(stage.data)):
        answer = await stage.call(
            "POST", "click", {"user": "approver1", "action_id": "approve", "channel": CHANNEL, "ts": ts}
        )
        assert not answer["ok"], "the person sees that it was not taken"
        await stage.until(lambda: _is_ready(stage, False), "a bot that says that it is not ready")
    await stage.until(lambda: _is_ready(stage, True), "a ready bot")
    [decided] = stage.database.rows("select 1 from audit where command = 'approve'")
    assert decided == []
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    assert await stage.partner() is not None
    assert buttons(await stage.card_of(ts)) == []
    assert [one["method"] for one in await stage.writes()] == ["POST"]
    assert (await stage.see("bot"))["pid"] == pid, "it was not started again"


async def _is_ready(stage: Stage, wanted: bool) -> bool:
    return await stage.is_ready() is wanted

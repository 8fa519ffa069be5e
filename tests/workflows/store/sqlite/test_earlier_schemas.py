"""A file of each earlier schema, with a request that people are deciding: the card of then still counts.

No version was released yet. So each step of the database, from the first one on, stands for a version of which somebody
may have a file.
"""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from sqlite_utils import Database

from tests.workflows.core.builders import AMARA, BRUNO, CHIE
from tests.workflows.fakes import FixedClock
from tests.workflows.world import World, open_world
from workflows.core.audit.chain import FIELDS, sign
from workflows.core.audit.personal import signed_texts
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.canonical import Digest
from workflows.store.audit_keys import KeyFile, own_key_file
from workflows.store.sqlite.migrations import migrations

FIRST: Final = "m002_alarms_and_marks"
STEPS: Final = [step.name for step in migrations.pending(Database(memory=True))]
EARLIER: Final = STEPS[STEPS.index(FIRST) :]
TABLES: Final = ("requests", "audit")

pytestmark = pytest.mark.threats("G10")


def stored(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Read the rows of a closed file."""
    with closing(sqlite3.connect(path)) as connection:
        return {table: list(Database(connection)[table].rows) for table in TABLES}


def earlier_file(path: Path, before: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Make a file as it was before a step, with what it could say then."""
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        migrations.apply(db, stop_before=before)
        for table, of_table in rows.items():
            known = {column.name for column in db[table].columns}
            db.table(table).insert_all([{name: row[name] for name in row.keys() & known} for row in of_table])
        if "mac" in {column.name for column in db["audit"].columns}:
            sign_without_records(db, path)
        connection.commit()


def sign_without_records(db: Database, path: Path) -> None:
    """Sign the entries as versions did whose entries named no records."""
    keys, previous = KeyFile(own_key_file(path.with_name("now.db")), is_own=False).ring(may_create=False), b""
    own_key_file(path).write_bytes(own_key_file(path.with_name("now.db")).read_bytes())
    for row in list(db.query("select * from audit order by seq")):
        entry = signed_texts({name: row[name] for name in FIELDS}, row.get("personal"))
        previous = sign(previous, row["seq"], entry, keys.signing)
        db.execute("update audit set mac = ?, key_id = ? where seq = ?", [previous, keys.signing.id, row["seq"]])


async def half_decided(path: Path) -> tuple[AccessRequest, FixedClock]:
    """Leave a file in which the first of three people has approved."""
    async with open_world(path) as world:
        request = await world.waiting()
        await world.approve(request, AMARA)
        return await world.request(request.id), world.clock


async def decided(world: World, request: AccessRequest) -> list[str]:
    """Who approved."""
    return [one.person.name for one in (await world.request(request.id)).decisions]


@pytest.mark.parametrize("before", EARLIER)
async def test_a_request_of_an_earlier_schema_is_decided_with_its_old_card(tmp_path: Path, before: str) -> None:
    request, clock = await half_decided(tmp_path / "now.db")
    earlier_file(tmp_path / "gatehouse.db", before, stored(tmp_path / "now.db"))
    async with open_world(tmp_path / "gatehouse.db", clock=clock) as world:
        world.clicks = 100
        assert await decided(world, request) == ["Amara"]
        stale = replace(world.approval(request, BRUNO), digest=Digest("0" * 64))
        await world.click(stale)
        assert await decided(world, request) == ["Amara"]
        assert world.tenant.writes == []
        await world.approve(request, AMARA)
        assert await decided(world, request) == ["Amara"], "nobody counts twice"
        for person in (BRUNO, CHIE):
            await world.approve(request, person)
        done = await world.request(request.id)
        assert (done.state, await decided(world, request)) == (RequestState.APPLIED, ["Amara", "Bruno", "Chie"])
        assert len(world.tenant.writes) == 1
        assert ("U-BRUNO", "stale_card") in await world.refusals()

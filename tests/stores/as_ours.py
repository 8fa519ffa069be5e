"""A record that an earlier version stored: written as Gatehouse would, so that it is believed."""

from typing import TYPE_CHECKING

from bot.process.opening.readers import SystemClock
from tests.stores.bot_database import BotDatabase
from tests.workflows.world import change_as_ours
from workflows.core.audit.chain import FIELDS
from workflows.store.common.rows import text_of
from workflows.store.location import StoreLocation
from workflows.store.sqlite.other_process.shared_store import open_shared

if TYPE_CHECKING:
    from workflows.store.postgres.opening.server import Connected


async def put_earlier_record(database: BotDatabase, table: str, key: str, identity: str, doc: str) -> None:
    """Put a document in the place of a record's, beside the bot.

    In PostgreSQL it is as `gatehouse migrate` brings it there: with the columns of its document.

    :param key: the column with the record's identity.
    """
    sql = f"update {table} set doc = ? where {key} = ?"
    location = database.location
    if isinstance(location, StoreLocation):
        store = await open_shared(location.path, SystemClock())
        try:
            await change_as_ours(store, sql, doc, identity)
        finally:
            await store.close()
        return
    from workflows.store.moving.tables import TABLES, postgres_row
    from workflows.store.postgres.database import execute
    from workflows.store.postgres.location import PostgresLocation

    assert isinstance(location, PostgresLocation)
    beside = await location.open_shared(SystemClock())

    async def change(connection: "Connected") -> None:
        entry: dict[str, str | None] = dict.fromkeys(FIELDS)
        entry |= {"key": f"as-ours-{table}-{identity}", "at": text_of(SystemClock().now()), "actor": "test"}
        entry |= {"command": "change_as_ours", "outcome": "accepted", "details": "{}"}
        naming = await beside._naming(connection, entry)
        await beside._seal(connection, naming, table, identity, doc)
        [kind] = [one for one in TABLES if one.name == table]
        row = postgres_row(kind, {"doc": doc})
        columns = ", ".join(f"{name} = ?" for name in row)
        await execute(connection, f"update {table} set {columns} where {key} = ?", *row.values(), identity)
        await beside._add_entry(connection, entry, naming)

    try:
        await beside._run_write(change)
    finally:
        await beside.close()

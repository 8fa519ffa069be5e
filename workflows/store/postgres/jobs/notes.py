"""Notes that the processes of one database leave for each other. A boundary: each is forgotten after its time."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from workflows.ports.clock import Clock
from workflows.store.common.rows import text_of
from workflows.store.postgres.opening.server import Connected

NOTED: Final = "gatehouse_notes"
"""The channel on which every process hears the name of each note."""
_FORGET_OLD: Final = """delete from shared_notes where name in (select name from shared_notes
    where kept_until <= %(now)s for update skip locked)"""
_PUT: Final = """with put as (insert into shared_notes (name, doc, kept_until) values (%(name)s, %(doc)s, %(until)s)
        on conflict (name) do update set doc = excluded.doc, kept_until = excluded.kept_until)
    select pg_notify(%(channel)s, %(name)s)"""
_READ: Final = "select name, doc from shared_notes where starts_with(name, %s) and kept_until > %s"


class PostgresNotes:
    """Implements `ports.store.SharedNotes`."""

    def __init__(self, connection: Callable[[], AbstractAsyncContextManager[Connected]], clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def put(self, name: str, text: str, *, kept_for: timedelta) -> None:
        """Store a note, in the place of one with the same name, and tell every process."""
        now = self._clock.now()
        values = {"name": name, "doc": text, "now": text_of(now), "until": text_of(now + kept_for), "channel": NOTED}
        async with self._connection() as connection:
            await connection.execute(_PUT, values)
            # by itself, and without what others write now: so no two processes wait for each other
            await connection.execute(_FORGET_OLD, values)

    async def read(self, start: str) -> Mapping[str, str]:
        """Return the notes whose names start so, by name."""
        async with self._connection() as connection:
            rows = await (await connection.execute(_READ, [start, text_of(self._clock.now())])).fetchall()
        return {row["name"]: row["doc"] for row in rows}

    async def forget(self, name: str) -> None:
        """Remove a note."""
        async with self._connection() as connection:
            await connection.execute("delete from shared_notes where name = %s", [name])

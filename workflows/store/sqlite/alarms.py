"""Read alarms and marks of the process from the embedded store."""

from collections.abc import Sequence

from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.store.codec import ALARM, load
from workflows.store.sqlite.database import SqliteDatabase, readable


class SqliteAlarms(SqliteDatabase):
    """Implements the methods of `ports.records.RecordStore` about alarms and marks."""

    async def alarm(self, alarm_id: AlarmId) -> Alarm | None:
        """Load one alarm, open or cleared."""
        rows = await self._query("select doc from alarms where id = ?", alarm_id)
        return load(ALARM, rows[0]["doc"]) if rows else None

    async def open_alarm(self, code: AlarmCode, subject: str) -> Alarm | None:
        """Load the open alarm with this code and subject; None when there is none."""
        rows = await self._query(
            "select id, doc from alarms where code = ? and subject = ? and is_open = 1", code.value, subject
        )
        found = readable(ALARM, rows)
        return found[0] if found else None

    async def open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first."""
        return readable(ALARM, await self._query("select id, doc from alarms where is_open = 1 order by raised_at, id"))

    async def mark(self, name: str) -> str | None:
        """Read a mark of the process; None when it was never stored."""
        rows = await self._query("select value from marks where name = ?", name)
        return str(rows[0]["value"]) if rows else None

    async def save_mark(self, name: str, value: str) -> None:
        """Store a mark of the process. A mark is a text with a name."""
        await self._write("insert or replace into marks (name, value) values (?, ?)", name, value)

"""Absences in the embedded store.

A boundary: nothing else reads the table of absences.
"""

from collections.abc import Sequence
from datetime import datetime

from workflows.core.people import PersonId
from workflows.core.policy.delegation.absence import Absence, AbsenceId
from workflows.store.codec import ABSENCE, load
from workflows.store.columns import text_of
from workflows.store.sqlite.database import SqliteDatabase, readable


class SqliteAbsences(SqliteDatabase):
    """Reads absences. `SqliteStore.commit` changes them."""

    async def absence(self, absence_id: AbsenceId) -> Absence | None:
        """Load one absence, also when it has ended."""
        rows = await self._query("select doc from absences where id = ?", absence_id)
        return load(ABSENCE, rows[0]["doc"]) if rows else None

    async def absences(self, ending_after: datetime) -> Sequence[Absence]:
        """List the absences that end, or ended, after a moment, the first to end first."""
        sql = "select id, doc from absences where ends_at > ? order by ends_at, id"
        return readable(ABSENCE, await self._query(sql, text_of(ending_after)))

    async def count_absences(self, person: PersonId) -> int:
        """Return how many absences of a person are stored, also those that have ended."""
        rows = await self._query("select count(*) as number from absences where person = ?", person)
        return int(rows[0]["number"])

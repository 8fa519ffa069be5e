"""What is stored about people: absences, and the profiles of those who decide.

A boundary: nothing else reads these two tables.
"""

from collections.abc import Sequence
from datetime import datetime

from workflows.core.people import ChatId, PersonId
from workflows.core.policy.delegation.absence import Absence, AbsenceId
from workflows.core.policy.delegation.profiles import KnownProfile
from workflows.store.codec import ABSENCE, PROFILE, dump, load
from workflows.store.columns import text_of
from workflows.store.common.queries import Queries
from workflows.store.common.reading import readable


class AbsenceRecords(Queries):
    """Reads absences. `commit` changes them."""

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


class ProfileRecords(Queries):
    """Reads and writes what is known of profiles."""

    async def known_profiles(self, chat_id: ChatId, account: PersonId) -> Sequence[KnownProfile]:
        """List what is known of a chat user and of an account, the newest first; see `ports.records`."""
        sql = "select chat_id as id, doc from profiles where chat_id = ? or account = ? order by read_at desc"
        return readable(PROFILE, await self._query(sql, chat_id, account))

    async def save_profile(self, known: KnownProfile) -> None:
        """Store what is known of a chat user, in place of what was known."""
        await self._write(
            """insert into profiles (chat_id, account, read_at, doc) values (?, ?, ?, ?) on conflict (chat_id)
            do update set account = excluded.account, read_at = excluded.read_at, doc = excluded.doc""",
            known.profile.chat_id,
            known.profile.account,
            text_of(known.read_at),
            dump(PROFILE, known),
        )

"""Profiles of the people who decide, in the embedded store.

A boundary: nothing else reads or writes the table of profiles.
"""

from collections.abc import Sequence

from workflows.core.people import ChatId, PersonId
from workflows.core.policy.delegation.deciders.profiles import KnownProfile
from workflows.store.codec import PROFILE, dump
from workflows.store.columns import text_of
from workflows.store.sqlite.database import SqliteDatabase, readable


class SqliteProfiles(SqliteDatabase):
    """Reads and writes what is known of profiles."""

    async def known_profiles(self, chat_id: ChatId, account: PersonId) -> Sequence[KnownProfile]:
        """List what is known of a chat user and of an account, the newest first; see `ports.records`."""
        sql = "select chat_id as id, doc from profiles where chat_id = ? or account = ? order by read_at desc"
        return readable(PROFILE, await self._query(sql, chat_id, account))

    async def save_profile(self, known: KnownProfile) -> None:
        """Store what is known of a chat user, in place of what was known."""
        await self._write(
            "insert or replace into profiles (chat_id, account, read_at, doc) values (?, ?, ?, ?)",
            known.profile.chat_id,
            known.profile.account,
            text_of(known.read_at),
            dump(PROFILE, known),
        )

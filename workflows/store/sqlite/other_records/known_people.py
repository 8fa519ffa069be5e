"""The people whom records name: each has a number, which is the pseudonym that stays when their texts are erased.

A person has an account and any number of chat ids. All of them have one number. What a chat id did before its account
was known may be signed with another number. The first entry with both connects the two.
"""

import json
import re
from collections.abc import Iterable
from typing import Final

from workflows.core.audit.personal import NOBODY
from workflows.core.people import GATEHOUSE
from workflows.store.sqlite.database import SqliteDatabase

_PERSON: Final = re.compile(r'\{"id":("(?:[^"\\]|\\.)+"),"chat_id":("(?:[^"\\]|\\.)*"),"name":')
"""A person in a stored document."""
_BOT: Final = GATEHOUSE.chat_id


class SqliteKnownPeople(SqliteDatabase):
    """Gives people numbers, in the running transaction."""

    def _number_of(self, text: str) -> int | None:
        """Return the number of the person with this account or chat id; `NOBODY` for another text, None for the bot."""
        if text == _BOT:
            return None
        row = self._db.conn.execute("select number from identities where identifier = ?", [text]).fetchone()
        return NOBODY if row is None else int(row[0])

    def _register(self, chat_id: str, account: str) -> None:
        """Give the person with these identifiers a number. Either may be empty."""
        known = {text: self._number_of(text) for text in (account, chat_id) if text and text != _BOT}
        unknown = [text for text, number in known.items() if not number]
        number = next(filter(None, known.values()), None)  # the account's, where both have one
        if not unknown:
            if len(set(known.values())) > 1:  # the chat id acted before the account was known
                self._db.execute("update identities set number = ? where identifier = ?", [number, chat_id])
            return
        if number is None:
            number = int(self._db.execute("insert into people (gone_since) values (null)").lastrowid or 0)
        for text in unknown:
            values = [text, number, int(text == account)]
            self._db.execute("insert into identities (identifier, number, is_account) values (?, ?, ?)", values)

    def _register_people_of(self, documents: Iterable[str]) -> None:
        """Give numbers to the people whom documents name."""
        for account, chat_id in {match.groups() for doc in documents for match in _PERSON.finditer(doc)}:
            self._register(json.loads(chat_id), json.loads(account))

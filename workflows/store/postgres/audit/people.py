"""Give the people whom records name their numbers, so that personal texts can stand beside what is signed.

A person gets a number once, whichever process names them first. Whoever has to give one takes a lock for that, at the
start of the transaction, before the rows of records.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from workflows.core.audit.chain import Seal
from workflows.core.audit.personal import NOBODY, places, pseudonym
from workflows.core.people import GATEHOUSE
from workflows.store.postgres.database import PostgresDatabase, execute
from workflows.store.postgres.locks import NUMBERS_LOCK
from workflows.store.postgres.opening.server import Connected

_BOT: Final = GATEHOUSE.chat_id

Pair = tuple[str, str]
"""The chat id and the account of a person. Either may be empty."""


@dataclass(slots=True)
class Naming:
    """What an entry says of the records that are stored with it, and the numbers of the people in both."""

    people: dict[str, int] = field(default_factory=dict)
    seals: list[Seal] = field(default_factory=list)

    def number_of(self, text: str) -> int | None:
        """Return the number of the person with this account or chat id; `NOBODY` for another text, None for the bot."""
        return None if text == _BOT else self.people.get(text, NOBODY)

    def named_absence(self, identity: str) -> str:
        """Return the id of an absence as entries have it. It begins with the account of the person."""
        account, *rest = identity.split(":", 1)
        return ":".join([pseudonym(number) if (number := self.number_of(account)) else account, *rest])


class PostgresPeople(PostgresDatabase):
    """Gives numbers to people."""

    async def _naming(
        self, connection: Connected, entry: Mapping[str, str | None], pairs: Iterable[Pair] = ()
    ) -> Naming:
        """Give numbers to these people and to the author of an entry, and return all that the entry needs."""
        texts = {text for _, text in places(entry)} | set((entry["key"] or "").split(":"))
        author = (entry["actor"] or "", entry["account"] or "")
        return Naming(await self._registered(connection, [*pairs, author], texts))

    async def _registered(
        self, connection: Connected, pairs: Collection[Pair], texts: Collection[str]
    ) -> dict[str, int]:
        """Give numbers to people, and return those of their identifiers, and of other texts that are identifiers."""
        wanted = sorted({*texts, *(text for pair in pairs for text in pair)} - {"", _BOT})
        known = await _numbers(connection, wanted)
        if not all(_is_settled(pair, known) for pair in pairs):
            await execute(connection, "select pg_advisory_xact_lock(?)", NUMBERS_LOCK)
            known = await _numbers(connection, wanted)  # a later statement sees what the one before gave
            for pair in pairs:
                await _register(connection, pair, known)
        return known


async def _numbers(connection: Connected, texts: Collection[str]) -> dict[str, int]:
    sql = "select identifier, number from identities where identifier = any(?)"
    found = await execute(connection, sql, [text.replace("\x00", "") for text in texts])
    return {row["identifier"]: int(row["number"]) for row in await found.fetchall()}


def _identifiers(pair: Pair) -> list[str]:
    chat_id, account = pair
    return [text for text in (account, chat_id) if text and text != _BOT]


def _is_settled(pair: Pair, known: Mapping[str, int]) -> bool:
    texts = _identifiers(pair)
    return all(text in known for text in texts) and len({known[text] for text in texts}) <= 1


async def _register(connection: Connected, pair: Pair, known: dict[str, int]) -> None:
    """Give the person with these identifiers a number. The lock is held."""
    texts, (chat_id, account) = _identifiers(pair), pair
    if _is_settled(pair, known):
        return
    number = next((known[text] for text in texts if text in known), None)  # the account's, where both have one
    if number is None:
        row = await (
            await execute(connection, "insert into people (gone_since) values (null) returning number")
        ).fetchone()
        if row is None:
            raise AssertionError("an insert returns its row")
        number = int(row["number"])
    for text in texts:
        if text not in known:
            sql = "insert into identities (identifier, number, is_account) values (?, ?, ?)"
            await execute(connection, sql, text, number, int(text == account))
        elif known[text] != number:  # the chat id acted before the account was known
            await execute(connection, "update identities set number = ? where identifier = ?", number, chat_id)
        known[text] = number

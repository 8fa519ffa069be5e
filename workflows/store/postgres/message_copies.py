"""The copies of posted cards, and the state of each App Home, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from workflows.core.people import ChatId
from workflows.core.requests.effects import (
    RemindPerson,
    SendEscalationMessage,
    ShowAccessTest,
    ShowHome,
    ShowRequest,
    lane,
)
from workflows.core.requests.request import RequestId
from workflows.intervals import HOME_PUBLISHED_EVERY
from workflows.ports.message_copies import CardCheck, CardNotCurrent, ClickedCard, MessageCopy, check_card
from workflows.store.common.rows import text_of
from workflows.store.postgres.database import execute
from workflows.store.postgres.jobs.effects_queue import PostgresEffectsQueue
from workflows.store.postgres.locks import NAMED_LOCK, card_lock, lane_lock
from workflows.store.postgres.opening.server import Connected

_COPY: Final = "channel, message_id, subject, audience, content, occasion, is_live"
_LOCK: Final = f"select {NAMED_LOCK}"


class PostgresMessageCopies(PostgresEffectsQueue):
    """Implements `ports.message_copies.MessageCopies`. An App Home to publish is an effect in the queue."""

    async def copies(self, subject: str) -> Sequence[MessageCopy]:
        """List the posted copies of a card."""
        return await self._copies("subject = ? order by number", subject)

    async def channel_copies(self, current_channel: str, limit: int) -> Sequence[MessageCopy]:
        """List the live copies in channels other than `current_channel`. Copies for a single person are left out."""
        where = "audience = '' and is_live = 1 and channel <> ? order by number limit ?"
        return await self._copies(where, current_channel, limit)

    async def _copies(self, where: str, *values: object) -> Sequence[MessageCopy]:
        return _copies_of(await self._query(f"select {_COPY} from copies where {where}", *values))  # noqa: S608

    async def require_current_card(self, card: ClickedCard) -> None:
        """Check whether a clicked card counts, and store it when it was not known."""

        async def work(connection: Connected) -> CardCheck:
            await execute(connection, _LOCK, card_lock(card))
            return await self._check_card(connection, card)

        card_check: CardCheck = await self._run_write(work)
        if not card_check.is_current:
            raise CardNotCurrent(card_check.newest)

    async def _check_card(self, connection: Connected, card: ClickedCard) -> CardCheck:
        """Check whether a clicked card counts, and store it when it was not known. The lock of the card is held."""
        sql = f"select {_COPY} from copies where subject = ? and channel = ?"  # noqa: S608
        rows = await (await execute(connection, sql, card.subject, card.channel)).fetchall()
        found = check_card(card, _copies_of(rows))
        if found.unknown is not None:
            await self._put_copy(connection, found.unknown)
        return found

    async def request_card_update(
        self, request_id: RequestId, *, after: timedelta, may_be_running: bool = False
    ) -> None:
        """Store an effect that updates the copies of a request's card soon, unless one waits already."""
        effect = ShowRequest(request_id=request_id, is_held=True)

        async def work(connection: Connected) -> None:
            await execute(connection, _LOCK, lane_lock(effect))
            now = self._clock.now()
            # NB. one that failed is not counted: it may wait for minutes.
            if not await self._has_held_update(connection, lane(effect), text_of(now) if may_be_running else ""):
                await self._put_effect(connection, effect, text_of(now + after))

        await self._run_write(work)

    async def perform_later(self, effect: RemindPerson | SendEscalationMessage | ShowAccessTest, at: datetime) -> None:
        """Store an effect that is performed when its person works next, unless the same waits already."""
        later = replace(effect, not_before=at)

        async def work(connection: Connected) -> None:
            await execute(connection, _LOCK, lane_lock(later))
            # NB. one that is due is not counted: it may be running.
            if not await self._has_same_later(connection, later, text_of(self._clock.now())):
                await self._put_effect(connection, later, text_of(at))

        await self._run_write(work)

    async def save_copy(self, copy: MessageCopy) -> None:
        """Store a posted copy, or its new content."""
        await self._run_write(lambda connection: self._put_copy(connection, copy))

    async def _put_copy(self, connection: Connected, copy: MessageCopy) -> None:
        await execute(
            connection,
            f"""insert into copies ({_COPY}) values (?, ?, ?, ?, ?, ?, ?) on conflict (channel, message_id)
            do update set subject = excluded.subject, audience = excluded.audience, content = excluded.content,
            occasion = excluded.occasion, is_live = excluded.is_live, number = excluded.number""",  # noqa: S608
            *(copy.channel, copy.message_id, copy.subject, copy.audience),
            *(copy.content, copy.occasion, int(copy.is_live)),
        )

    async def save_home(self, person: ChatId) -> None:
        """Store that a person opened the App Home. It is published with the start of every list."""
        await self._write(
            "insert into homes (person) values (?) on conflict (person) do update set place = '', content = ''", person
        )

    async def home_position(self, person: ChatId) -> str:
        """Return the stored place of a person's App Home in its lists; empty for the start."""
        return await self._home(person, "place")

    async def save_home_position(self, person: ChatId, place: str) -> None:
        """Store the place of a person's App Home in its lists."""
        await self._write(
            "insert into homes (person, place) values (?, ?) on conflict (person) do update set place = excluded.place",
            *(person, place),
        )

    async def home_content(self, person: ChatId) -> str:
        """Return the hash of the published content of a person's App Home; empty when it must be published."""
        return await self._home(person, "content")

    async def save_home_content(self, person: ChatId, content: str) -> None:
        """Store the hash of the published content of a person's App Home."""
        await self._write("update homes set content = ? where person = ?", content, person)

    async def _home(self, person: ChatId, column: str) -> str:
        rows = await self._query(f"select {column} from homes where person = ?", person)  # noqa: S608
        return str(rows[0][column]) if rows else ""

    async def request_home_updates(self, people: Sequence[ChatId]) -> None:
        """Store effects that publish the App Homes of these people, without people who have never opened it."""
        await self._run_write(lambda connection: self._put_home_requests(connection, people))

    async def count_home_requests(self, person: ChatId) -> int:
        """Return how often publishing a person's App Home was requested; 0 for a person who never opened it."""
        rows = await self._query("select wanted from homes where person = ?", person)
        return int(rows[0]["wanted"]) if rows else 0

    async def save_home_published(self, person: ChatId, request_count: int) -> None:
        """Store that the App Home was published; see `ports.message_copies`."""

        async def work(connection: Connected) -> None:
            sql = "update homes set shown_at = ? where person = ? returning wanted"
            found = await execute(connection, sql, text_of(self._clock.now()), person)
            row = await found.fetchone()
            if row is not None and row["wanted"] > request_count:
                await self._put_home(connection, person)

        await self._run_write(work)

    async def _put_home_requests(self, connection: Connected, people: Sequence[str]) -> None:
        """Request App Homes. The row of a person is locked until the end, so at most one effect is stored."""
        for person in sorted(set(people)):
            # NB. also while one is being published, because it may have read the records before the last change.
            updated = await execute(connection, "update homes set wanted = wanted + 1 where person = ?", person)
            if updated.rowcount and not await self._has_effect(connection, lane(ShowHome(person=ChatId(person)))):
                await self._put_home(connection, ChatId(person))

    async def _put_home(self, connection: Connected, person: ChatId) -> None:
        """Store an effect ShowHome. It is due when the last publication is old enough."""
        row = await (await execute(connection, "select shown_at from homes where person = ?", person)).fetchone()
        now = self._clock.now()
        shown_at = "" if row is None else str(row["shown_at"])
        due_at = max(now, datetime.fromisoformat(shown_at) + HOME_PUBLISHED_EVERY) if shown_at else now
        await self._put_effect(connection, ShowHome(person=person), text_of(min(due_at, now + HOME_PUBLISHED_EVERY)))


def _copies_of(rows: Sequence[dict[str, Any]]) -> Sequence[MessageCopy]:
    return [MessageCopy(**{**row, "is_live": bool(row["is_live"])}) for row in rows]

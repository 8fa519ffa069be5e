"""The copies of posted cards, and the state of each App Home, in the embedded store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

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
from workflows.store.sqlite.database import rows_of
from workflows.store.sqlite.effects_queue import IS_HELD, SqliteEffectsQueue


class SqliteMessageCopies(SqliteEffectsQueue):
    """Implements `ports.message_copies.MessageCopies`. An App Home to publish is an effect in the queue."""

    async def copies(self, subject: str) -> Sequence[MessageCopy]:
        """List the posted copies of a card."""
        return await self._copies("subject = ? order by rowid", subject)

    async def channel_copies(self, current_channel: str, limit: int) -> Sequence[MessageCopy]:
        """List the live copies in channels other than `current_channel`. Copies for a single person are left out."""
        return await self._copies(
            "audience = '' and is_live = 1 and channel <> ? order by rowid limit ?", current_channel, limit
        )

    async def _copies(self, where: str, *values: object) -> Sequence[MessageCopy]:
        return await self._run(lambda: self._read_copies(where, *values))

    def _read_copies(self, where: str, *values: object) -> Sequence[MessageCopy]:
        rows = rows_of(self._db, f"select * from copies where {where}", values)  # noqa: S608
        return [MessageCopy(**{**row, "is_live": bool(row["is_live"])}) for row in rows]

    async def require_current_card(self, card: ClickedCard) -> None:
        """Check whether a clicked card counts, and store it when it was not known."""
        card_check = await self._run(lambda: self._check_card(card))
        if not card_check.is_current:
            raise CardNotCurrent(card_check.newest)

    def _check_card(self, card: ClickedCard) -> CardCheck:
        """Check whether a clicked card counts, and store it when it was not known."""
        copies = self._read_copies("subject = ? and channel = ?", card.subject, card.channel)
        found = check_card(card, copies)
        if found.unknown is not None:
            with self._writes.run_monitored(self._db), self._db.atomic():
                self._put_copy(found.unknown)
        return found

    async def request_card_update(
        self, request_id: RequestId, *, after: timedelta, may_be_running: bool = False
    ) -> None:
        """Store an effect that updates the copies of a request's card soon, unless one waits already."""
        await self._run(lambda: self._store_card_update(request_id, after, may_be_running=may_be_running))

    def _store_card_update(self, request_id: RequestId, after: timedelta, *, may_be_running: bool) -> None:
        effect = ShowRequest(request_id=request_id, is_held=True)
        with self._writes.run_monitored(self._db), self._db.atomic():
            now = self._clock.now()
            due_after = text_of(now) if may_be_running else ""
            # NB. one that failed is not counted: it may wait for minutes.
            sql = f"select 1 from effects where lane = ? and is_parked = 0 and due_at > ? and {IS_HELD}"  # noqa: S608
            if self._db.execute(sql, (lane(effect), due_after)).fetchone() is None:
                self._put_effect(effect, text_of(now + after))

    async def perform_later(self, effect: RemindPerson | SendEscalationMessage | ShowAccessTest, at: datetime) -> None:
        """Store an effect that is performed when its person works next, unless the same waits already."""
        later = replace(effect, not_before=at)

        def work() -> None:
            with self._writes.run_monitored(self._db), self._db.atomic():
                # NB. one that is due is not counted: it may be running.
                sql = """select 1 from effects where lane = ? and is_parked = 0 and due_at > ?
                    and json_remove(doc, '$.not_before') = json_remove(?, '$.not_before')"""
                values = (lane(later), text_of(self._clock.now()), self._clean.effect(later))
                if self._db.execute(sql, values).fetchone() is None:
                    self._put_effect(later, text_of(at))

        await self._run(work)

    async def save_copy(self, copy: MessageCopy) -> None:
        """Store a posted copy, or its new content."""

        def work() -> None:
            with self._writes.run_monitored(self._db), self._db.atomic():
                self._put_copy(copy)

        await self._run_write(work)

    def _put_copy(self, copy: MessageCopy) -> None:
        self._db.execute(
            """insert or replace into copies (channel, message_id, subject, audience, content, occasion, is_live)
            values (?, ?, ?, ?, ?, ?, ?)""",
            (
                *(copy.channel, copy.message_id, copy.subject, copy.audience),
                *(copy.content, copy.occasion, int(copy.is_live)),
            ),
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
        await self._run_write(lambda: self._request_home_updates(people))

    async def count_home_requests(self, person: ChatId) -> int:
        """Return how often publishing a person's App Home was requested; 0 for a person who never opened it."""
        rows = await self._query("select wanted from homes where person = ?", person)
        return int(rows[0]["wanted"]) if rows else 0

    async def save_home_published(self, person: ChatId, request_count: int) -> None:
        """Store that the App Home was published; see `ports.message_copies`."""
        await self._run_write(lambda: self._store_home_published(person, request_count))

    def _request_home_updates(self, people: Sequence[ChatId]) -> None:
        with self._writes.run_monitored(self._db), self._db.atomic():
            self._put_home_requests(people)

    def _put_home_requests(self, people: Sequence[ChatId]) -> None:
        for person in people:
            # NB. also while one is being published, because it may have read the records before the last change.
            updated = self._db.execute("update homes set wanted = wanted + 1 where person = ?", (person,))
            if updated.rowcount and not self._has_home_effect(person):
                self._put_home(person)

    def _store_home_published(self, person: ChatId, request_count: int) -> None:
        with self._writes.run_monitored(self._db), self._db.atomic():
            shown_at = text_of(self._clock.now())
            self._db.execute("update homes set shown_at = ? where person = ?", (shown_at, person))
            sql = "select 1 from homes where person = ? and wanted > ?"
            if self._db.execute(sql, (person, request_count)).fetchone():
                self._put_home(person)

    def _has_home_effect(self, person: ChatId) -> bool:
        sql = "select 1 from effects where lane = ? and is_parked = 0"
        return self._db.execute(sql, (lane(ShowHome(person=person)),)).fetchone() is not None

    def _put_home(self, person: ChatId) -> None:
        """Store an effect ShowHome. It is due when the last publication is old enough."""
        row = self._db.execute("select shown_at from homes where person = ?", (person,)).fetchone()
        now = self._clock.now()
        due_at = max(now, datetime.fromisoformat(row[0]) + HOME_PUBLISHED_EVERY) if row[0] else now
        self._put_effect(ShowHome(person=person), text_of(min(due_at, now + HOME_PUBLISHED_EVERY)))

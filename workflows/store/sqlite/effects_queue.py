"""The queue of effects in the embedded store, and the counts for the metrics."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from pydantic import ValidationError

from workflows.core.errors.facts import Fact, Facts
from workflows.core.posture.watch.drift import INCOMPLETE, LAST_COMPLETE
from workflows.core.requests.alarms import MESSAGES_WAIT_AFTER
from workflows.core.requests.effects import CheckPermission, Effect, Priority
from workflows.core.requests.request import RequestState
from workflows.intervals import BEYOND_ANY_WAIT
from workflows.ports.effects_queue import GivenUpEffect, PendingEffect, QueueCode, StoredWork, WaitingMessage
from workflows.ports.store import StoredNumbers
from workflows.store.codec import EFFECT, load, stored_facts
from workflows.store.common.reading import given_up, is_stored_as_frozen, readable
from workflows.store.common.rows import effect_row, text_of
from workflows.store.sqlite.database import SqliteDatabase

_log = structlog.get_logger()

_IS_PREPARATION: Final = "lane >= 'prepare:' and lane < 'prepare;'"
_IS_WAITING_MESSAGE: Final = f"is_parked = 0 and rank = {Priority.SHOW.value} and attempts >= ?"
_IS_UNCHECKED_CLICK: Final = "is_parked = 0 and lane >= 'judge:' and lane < 'judge;'"
IS_HELD: Final = (
    "attempts = 0 and case when json_valid(doc) then coalesce(json_extract(doc, '$.is_held'), 0) else 0 end = 1"
)
"""Whether an effect updates the copies of a card that were left for later, and was not tried yet."""
_IS_DUE: Final = """(due_at <= ? or (due_at > ? and (attempts > 0
    or case when json_valid(doc) then json_extract(doc, '$.not_before') is null else 1 end)))"""
"""Whether an effect is due, also after the clock was set back. Values: the present, and beyond any wait."""
_STORED_WORK: Final = f"""with queue as materialized (
        select is_parked, {_IS_DUE} or (rank = ? and attempts = 0) or ({IS_HELD}) as is_due,
        attempts = 0 and case when json_valid(doc) then json_extract(doc, '$.not_before') is not null else 0 end
        as is_planned
        from effects
    )
    select 'effects' as what, 'due' as value, coalesce(sum(is_parked = 0 and is_due), 0) as count from queue
    union all select 'effects', 'later', coalesce(sum(is_parked = 0 and not is_due and not is_planned), 0) from queue
    union all select 'effects', 'parked', coalesce(sum(is_parked), 0) from queue
    union all select 'record', id, 1 from requests where due_at <= ?
    union all select 'record', tenant_id, 1 from partnerships where due_at <= ?
    union all select 'alarms', code, count(*) from alarms where is_open = 1 group by code
    union all select 'drift', code, count(*) from drifts where is_open = 1 group by code
    union all select 'freeze', doc, 1 from freezes
    union all select name, value, 1 from marks where name in ('{LAST_COMPLETE}', '{INCOMPLETE}')"""  # noqa: S608

_COUNTED: Final = """select 'request' as what, state as value, count(*) as number, null as since
        from requests indexed by requests_searched group by state
    union all select 'review', '', count(*), null from partnerships where state = 'review_due'
    union all select 'effect', rank, count(*), min(case when due_at <= ? then due_at end)
        from effects where is_parked = 0 group by rank"""


class SqliteEffectsQueue(SqliteDatabase):
    """Implements `ports.effects_queue.EffectsQueue` and `ports.store.NumbersReader`."""

    @property
    def shared_notes(self) -> None:
        """Return None: one process uses the file."""

    @property
    def shared_queue(self) -> None:
        """Return None: one process uses the file."""
        return

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List one due effect of each lane: effects of one lane are performed one after the other.

        It is the oldest one that closes access, otherwise the oldest. Of one priority, what nobody asked for comes
        first, such as a write; then each person's first click and first request, then each person's second, so that
        nobody waits behind everything that another one clicked or filed. Preparations are limited separately, so that
        they hide no click. An effect that cannot be read is given up, so that it does not delay its lane.
        """
        if self.last_write_error:
            return []
        rows = await self._query(
            f"""with first as (
                select coalesce(min(case when rank = {Priority.CLOSE.value} then id end), min(id)) as id
                from effects where is_parked = 0 and {_IS_DUE} group by lane
            ), due as (
                select id, rank, {_IS_PREPARATION} as kind, case when asked_by = '' then 0
                    else row_number() over (partition by rank, {_IS_PREPARATION}, asked_by order by id) end as turn
                from effects where id in first
            ), placed as (
                select id, turn, row_number() over (partition by rank, kind order by turn, id) as place from due
            )
            select effects.id, lane, attempts, doc from placed join effects using (id)
            where place <= ? order by rank, turn, id""",  # noqa: S608
            text_of(now),
            text_of(now + BEYOND_ANY_WAIT),
            limit,
        )
        effects = []
        for row in rows:
            try:
                effect = load(EFFECT, row["doc"])
            except ValidationError as error:
                _log.error("effect_unreadable", effect_id=row["id"])
                await self.give_up(row["id"], (Fact(QueueCode.UNREADABLE, {"problems": error.error_count()}),))
                continue
            effects.append(PendingEffect(id=row["id"], lane=row["lane"], attempts=row["attempts"], effect=effect))
        return effects

    async def count_pending(self, now: datetime) -> tuple[int, int, int]:
        """Count the effects that are due, that wait for their next attempt, and that are parked.

        A card that changes later is not counted, see `ShowRequest.not_before`. What is shown within seconds counts as
        due: an App Home that must be published again, and the copies of a card that were left for later.
        """
        work = await self.stored_work(now)
        return work.effects_due, work.effects_later, work.effects_parked

    async def stored_work(self, now: datetime) -> StoredWork:
        """Read what is due, waits, and is open, as numbers and ids, with one statement.

        Unreadable records are counted too. What the column `value` contains depends on the column `what`: a state of
        effects, an id, a code, or a stored value, such as
        the time of the last sweep.
        """
        moment, beyond = text_of(now), text_of(now + BEYOND_ANY_WAIT)
        rows = await self._query(_STORED_WORK, moment, beyond, Priority.HOME.value, moment, moment)
        counts = {row["value"]: row["count"] for row in rows if row["what"] == "effects"}
        return StoredWork(
            effects_due=counts["due"],
            effects_later=counts["later"],
            effects_parked=counts["parked"],
            due_records=frozenset(row["value"] for row in rows if row["what"] == "record"),
            open_alarms={row["value"]: row["count"] for row in rows if row["what"] == "alarms"},
            open_drifts={row["value"]: row["count"] for row in rows if row["what"] == "drift"},
            last_complete_sweep=next(
                (datetime.fromisoformat(row["value"]) for row in rows if row["what"] == LAST_COMPLETE), None
            ),
            incomplete_sweeps=sum(int(row["value"]) for row in rows if row["what"] == INCOMPLETE),
            is_frozen=any(is_stored_as_frozen(row["value"]) for row in rows if row["what"] == "freeze"),
        )

    async def numbers(self, now: datetime) -> StoredNumbers:
        """Count what is stored now, with one statement. The states of requests are read from an index alone."""
        rows = await self._query(_COUNTED, text_of(now))
        effects = [row for row in rows if row["what"] == "effect"]
        return StoredNumbers(
            requests={RequestState(row["value"]): row["number"] for row in rows if row["what"] == "request"},
            reviews_due=sum(row["number"] for row in rows if row["what"] == "review"),
            effects={Priority(row["value"]): row["number"] for row in effects},
            overdue_since={
                Priority(row["value"]): datetime.fromisoformat(row["since"]) for row in effects if row["since"]
            },
        )

    async def may_change_alarms(self) -> bool:
        """Return whether anything is stored that an alarm can be about or that can end one, with one statement."""
        sql = f"""select exists (select 1 from alarms where is_open = 1)
            or exists (select 1 from requests where is_open = 1) or exists (select 1 from effects where is_parked = 1)
            or exists (select 1 from effects where {_IS_UNCHECKED_CLICK})
            or exists (select 1 from effects where {_IS_WAITING_MESSAGE}) as found"""  # noqa: S608
        [row] = await self._query(sql, MESSAGES_WAIT_AFTER)
        return bool(row["found"])

    async def mark_done(self, effect_id: int) -> None:
        """Delete an effect that was performed."""
        await self._write("delete from effects where id = ?", effect_id)

    async def retry(self, effect_id: int, due_at: datetime, error: Facts) -> None:
        """Store that an attempt failed, and that the effect is due again at `due_at`."""
        await self._write(
            "update effects set due_at = ?, attempts = attempts + 1, error = ? where id = ?",
            text_of(due_at),
            self._clean.facts_text(error),
            effect_id,
        )

    async def give_up(self, effect_id: int, error: Facts) -> None:
        """Give up an effect. It stays stored, and no longer delays its lane."""
        await self._write(
            "update effects set is_parked = 1, error = ? where id = ?", self._clean.facts_text(error), effect_id
        )

    async def is_still_mine(self) -> bool:
        """Return True: one process uses the file."""
        return True

    async def unchecked_clicks(self) -> Sequence[CheckPermission]:
        """List the clicks whose permission has not been checked, oldest first, without those that were given up."""
        sql = f"select id, doc from effects where {_IS_UNCHECKED_CLICK} order by id"  # noqa: S608
        effects = await asyncio.to_thread(readable, EFFECT, await self._query(sql))
        return [effect for effect in effects if isinstance(effect, CheckPermission)]

    async def given_up_effects(self) -> Sequence[GivenUpEffect]:
        """List the effects that were given up, oldest first."""
        rows = await self._query("select id, lane, error, doc from effects where is_parked = 1 order by id")
        return await asyncio.to_thread(lambda: list(map(given_up, rows)))

    async def waiting_messages(self, attempts: int) -> Sequence[WaitingMessage]:
        """List the messages, cards and alarms that were tried at least so often and are tried again, oldest first."""
        sql = f"select lane, error from effects where {_IS_WAITING_MESSAGE} order by id"  # noqa: S608
        rows = await self._query(sql, attempts)
        return [WaitingMessage(lane=row["lane"], error=stored_facts(row["error"])) for row in rows]

    async def retry_given_up(self, effect_id: int) -> None:
        """Make an effect that was given up due now."""
        await self._write(
            "update effects set is_parked = 0, attempts = 0, due_at = ?, error = '' where id = ? and is_parked = 1",
            text_of(self._clock.now()),
            effect_id,
        )

    async def drop_given_up(self, effect_id: int) -> None:
        """Delete an effect that was given up."""
        await self._write("delete from effects where id = ? and is_parked = 1", effect_id)

    def _seal_click(self, effect: Effect, doc: str) -> None:
        """Have the entry of the running transaction name a click; see `sealed_records`."""

    def _put_effect(self, effect: Effect, due_at: str) -> None:
        row = effect_row(effect, due_at, self._clean)
        self._seal_click(effect, row["doc"])
        marks = ", ".join(f":{name}" for name in row)
        self._db.execute(f"insert into effects ({', '.join(row)}) values ({marks})", row)  # noqa: S608

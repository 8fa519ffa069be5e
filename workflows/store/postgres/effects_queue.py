"""The queue of effects in PostgreSQL: a table, from which one process takes them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from pydantic import ValidationError

from workflows.core.errors.facts import Fact, Facts
from workflows.core.posture.watch.drift import INCOMPLETE, LAST_COMPLETE
from workflows.core.requests.alarms import MESSAGES_WAIT_AFTER
from workflows.core.requests.effects import CheckPermission, Effect, Priority, lane
from workflows.core.requests.request import RequestState
from workflows.intervals import BEYOND_ANY_WAIT
from workflows.ports.effects_queue import GivenUpEffect, PendingEffect, QueueCode, StoredWork, WaitingMessage
from workflows.ports.store import StoredNumbers
from workflows.store.codec import EFFECT, load, stored_facts
from workflows.store.common.reading import given_up, is_stored_as_frozen, readable
from workflows.store.common.rows import text_of
from workflows.store.postgres.database import PostgresDatabase, execute
from workflows.store.postgres.opening.server import Connected
from workflows.store.postgres.rows import effect_row, without_time

_IS_PREPARATION: Final = "(lane >= 'prepare:' and lane < 'prepare;')"
_IS_WAITING_MESSAGE: Final = f"is_parked = 0 and rank = {Priority.SHOW.value} and attempts >= ?"
_IS_UNCHECKED_CLICK: Final = "is_parked = 0 and lane >= 'judge:' and lane < 'judge;'"
_IS_HELD: Final = "attempts = 0 and is_held = 1"
"""Whether an effect updates the copies of a card that were left for later, and was not tried yet."""
_IS_DUE: Final = "(due_at <= ? or (due_at > ? and (attempts > 0 or not_before is null)))"
"""Whether an effect is due, also after the clock was set back. Values: the present, and beyond any wait."""
_PENDING: Final = f"""with first as (
        select coalesce(min(case when rank = {Priority.CLOSE.value} then id end), min(id)) as id
        from effects where is_parked = 0 and {_IS_DUE} group by lane
    ), due as (
        select id, rank, {_IS_PREPARATION} as kind, case when asked_by = '' then 0
            else row_number() over (partition by rank, {_IS_PREPARATION}, asked_by order by id) end as turn
        from effects where id in (select id from first)
    ), placed as (
        select id, turn, row_number() over (partition by rank, kind order by turn, id) as place from due
    )
    select effects.id, lane, attempts, doc from placed join effects using (id)
    where place <= ? order by rank, turn, id"""  # noqa: S608
_STORED_WORK: Final = f"""with queue as materialized (
        select is_parked, {_IS_DUE} or (rank = ? and attempts = 0) or ({_IS_HELD}) as is_due,
        attempts = 0 and not_before is not null as is_planned
        from effects
    )
    select 'effects' as what, 'due' as value, count(*) filter (where is_parked = 0 and is_due) as count from queue
    union all
    select 'effects', 'later', count(*) filter (where is_parked = 0 and not is_due and not is_planned) from queue
    union all select 'effects', 'parked', count(*) filter (where is_parked = 1) from queue
    union all select 'record', id, 1 from requests where due_at <= ?
    union all select 'record', tenant_id, 1 from partnerships where due_at <= ?
    union all select 'alarms', code, count(*) from alarms where is_open = 1 group by code
    union all select 'drift', code, count(*) from drifts where is_open = 1 group by code
    union all select 'freeze', doc, 1 from freezes
    union all select name, value, 1 from marks where name in ('{LAST_COMPLETE}', '{INCOMPLETE}')"""  # noqa: S608
_COUNTED: Final = """select 'request' as what, state as value, count(*) as number, null as since
        from requests group by state
    union all select 'review', '', count(*), null from partnerships where state = 'review_due'
    union all select 'effect', rank::text, count(*), min(case when due_at <= ? then due_at end)
        from effects where is_parked = 0 group by rank"""

_log = structlog.get_logger()


class PostgresEffectsQueue(PostgresDatabase):
    """Implements `ports.effects_queue.EffectsQueue` and `ports.store.NumbersReader`."""

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List one due effect of each lane; see `ports.effects_queue`.

        An effect that cannot be read is given up, so that it does not delay its lane.
        """
        if self.last_write_error:
            return []
        effects = []
        for row in await self._query(_PENDING, text_of(now), text_of(now + BEYOND_ANY_WAIT), limit):
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
        """Read what is due, waits, and is open, with one statement; see `ports.effects_queue`."""
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
        """Count what is stored now, with one statement."""
        rows = await self._query(_COUNTED, text_of(now))
        effects = {Priority(int(row["value"])): row for row in rows if row["what"] == "effect"}
        return StoredNumbers(
            requests={RequestState(row["value"]): row["number"] for row in rows if row["what"] == "request"},
            reviews_due=sum(row["number"] for row in rows if row["what"] == "review"),
            effects={kind: row["number"] for kind, row in effects.items()},
            overdue_since={kind: datetime.fromisoformat(row["since"]) for kind, row in effects.items() if row["since"]},
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
        sql = "update effects set due_at = ?, attempts = attempts + 1, error = ? where id = ?"
        await self._write(sql, text_of(due_at), self._clean.facts_text(error), effect_id)

    async def give_up(self, effect_id: int, error: Facts) -> None:
        """Give up an effect. It stays stored, and no longer delays its lane."""
        sql = "update effects set is_parked = 1, error = ? where id = ?"
        await self._write(sql, self._clean.facts_text(error), effect_id)

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
        sql = "update effects set is_parked = 0, attempts = 0, due_at = ?, error = '' where id = ? and is_parked = 1"
        await self._write(sql, text_of(self._clock.now()), effect_id)

    async def drop_given_up(self, effect_id: int) -> None:
        """Delete an effect that was given up."""
        await self._write("delete from effects where id = ? and is_parked = 1", effect_id)

    async def _put_effect(self, connection: Connected, effect: Effect, due_at: str) -> None:
        """Store an effect in the running transaction."""
        row = effect_row(effect, due_at, self._clean)
        sql = f"insert into effects ({', '.join(row)}) values ({', '.join('?' * len(row))})"  # noqa: S608
        await execute(connection, sql, *row.values())

    async def _has_effect(self, connection: Connected, in_lane: str) -> bool:
        """Return whether an effect of a lane waits."""
        found = await execute(connection, "select 1 from effects where lane = ? and is_parked = 0", in_lane)
        return await found.fetchone() is not None

    async def _has_held_update(self, connection: Connected, in_lane: str, due_after: str) -> bool:
        """Return whether an update of a card that was left for later waits, and is due after a time."""
        sql = f"select 1 from effects where lane = ? and is_parked = 0 and due_at > ? and {_IS_HELD}"  # noqa: S608
        return await (await execute(connection, sql, in_lane, due_after)).fetchone() is not None

    async def _has_same_later(self, connection: Connected, effect: Effect, due_after: str) -> bool:
        """Return whether the same effect waits for a time after the given one, whenever it is performed."""
        sql = "select doc from effects where lane = ? and is_parked = 0 and due_at > ?"
        rows = await (await execute(connection, sql, lane(effect), due_after)).fetchall()
        wanted = without_time(self._clean.effect(effect))
        return any(_is_same(row["doc"], wanted) for row in rows)


def _is_same(doc: str, wanted: object) -> bool:
    try:
        return bool(without_time(doc) == wanted)
    except (ValueError, AttributeError):
        return False  # an unreadable one is none

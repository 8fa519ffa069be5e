"""Read the stored effects, and change one of them. Every statement is about jobs of procrastinate; see `deferring`."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from pydantic import ValidationError

from workflows.core.errors.facts import Fact, Facts
from workflows.core.requests.effects import CheckPermission, Effect, Priority
from workflows.intervals import BEYOND_ANY_WAIT
from workflows.ports.effects_queue import GivenUpEffect, PendingEffect, QueueCode, WaitingMessage
from workflows.store.codec import EFFECT, load, stored_facts
from workflows.store.common.rows import text_of

_log = structlog.get_logger()

IS_WAITING: Final = "task_name = 'effect' and status in ('todo', 'doing')"
"""Whether a job is an effect that is not performed yet, and not given up."""
IS_DUE: Final = """(args->>'due' collate "C" <= %(now)s or (args->>'due' collate "C" > %(beyond)s
    and (attempts > 0 or not (args->>'is_planned')::boolean)))"""
"""Whether an effect is due, also after the clock was set back. Values: `now`, and `beyond` any wait."""
IS_HELD: Final = "(attempts = 0 and (args->>'is_held')::boolean)"
"""Whether an effect updates the copies of a card that were left for later, and was not tried yet."""
IS_UNCHECKED_CLICK: Final = f"{IS_WAITING} and args->>'lane' like 'judge:%%'"
IS_WAITING_MESSAGE: Final = (
    f"{IS_WAITING} and (args->>'rank')::int = {Priority.SHOW.value} and attempts >= %(waiting_attempts)s"
)
IS_GIVEN_UP: Final = "task_name = 'effect' and status = 'failed'"
COUNTS: Final = f"""
    with queue as materialized (
        select status = 'failed' as is_parked,
            {IS_DUE} or ((args->>'rank')::int = {Priority.HOME.value} and attempts = 0) or {IS_HELD} as is_due,
            attempts = 0 and (args->>'is_planned')::boolean as is_planned
        from procrastinate_jobs where task_name = 'effect'
    )
    select count(*) filter (where not is_parked and is_due) as due,
        count(*) filter (where not is_parked and not is_due and not is_planned) as later,
        count(*) filter (where is_parked) as parked from queue"""  # noqa: S608
"""How many effects are due, wait for their next attempt, and are parked. Values: as for `IS_DUE`."""
_PENDING: Final = f"""
    with first as (
        select coalesce(min(id) filter (where (args->>'rank')::int = {Priority.CLOSE.value}), min(id)) as id
        from procrastinate_jobs where {IS_WAITING} and {IS_DUE} group by args->>'lane'
    ), due as (
        select id, (args->>'rank')::int as rank, args->>'lane' like 'prepare:%%' as kind, args->>'by' as asked_by
        from procrastinate_jobs where id in (select id from first)
    ), turned as (
        select id, rank, kind, case when asked_by = '' then 0
            else row_number() over (partition by rank, kind, asked_by order by id) end as turn from due
    ), placed as (
        select id, turn, row_number() over (partition by rank, kind order by turn, id) as place from turned
    )
    select jobs.id, attempts, args from placed join procrastinate_jobs as jobs using (id)
    where place <= %(limit)s order by (args->>'rank')::int, turn, id"""  # noqa: S608
RETRIED: Final = """status = 'todo', queue_name = 'later', lock = null, worker_id = null, attempts = attempts + 1,
    args = args || jsonb_build_object('due', %(due)s::text, 'error', %(error)s::text, 'faults', %(faults)s::int)"""
PARKED: Final = """status = 'failed', lock = null, worker_id = null,
    args = args || jsonb_build_object('error', %(error)s::text)"""
_AGAIN: Final = """update procrastinate_jobs set status = 'todo', queue_name = args->>'kind', lock = args->>'lane',
    attempts = 0, args = args || jsonb_build_object('due', %(now)s::text, 'error', '', 'faults', 0)
    where id = %(id)s and status = 'failed' and task_name = 'effect'"""

Values = dict[str, Any]


def moments(now: datetime) -> Values:
    """Return the values of `IS_DUE`."""
    return {"now": text_of(now), "beyond": text_of(now + BEYOND_ANY_WAIT)}


def effect_of(row: DictRow) -> PendingEffect:
    """Return the effect of a job.

    :raises pydantic.ValidationError: when it cannot be read.
    """
    args = _args(row)
    faults = args.get("faults")
    return PendingEffect(
        id=row["id"],
        lane=str(args.get("lane", "")),
        effect=load(EFFECT, str(args.get("doc", ""))),
        attempts=row["attempts"],
        own_faults=faults if isinstance(faults, int) else 0,
    )


def _args(row: DictRow) -> Values:
    """Return what is stored of an effect. Something else may have written the row, so anything may be missing."""
    return row["args"] if isinstance(row["args"], dict) else {}


def unreadable(job_id: int, error: ValidationError) -> Facts:
    """Return why an effect is given up that cannot be read."""
    _log.error("effect_unreadable", effect_id=job_id)
    return (Fact(QueueCode.UNREADABLE, {"problems": error.error_count()}),)


async def pending(
    connection: AsyncConnection[DictRow], now: datetime, limit: int
) -> tuple[Sequence[PendingEffect], dict[int, Facts]]:
    """List one due effect of each lane; see `EffectsQueue.pending`. Also those that cannot be read, and why."""
    rows = await _rows(connection, _PENDING, {**moments(now), "limit": limit})
    found, broken = [], dict[int, Facts]()
    for row in rows:
        try:
            found.append(effect_of(row))
        except ValidationError as error:
            broken[row["id"]] = unreadable(row["id"], error)
    return found, broken


async def count(connection: AsyncConnection[DictRow], now: datetime) -> tuple[int, int, int]:
    """Count the effects that are due, that wait for their next attempt, and that are parked."""
    [row] = await _rows(connection, COUNTS, moments(now))
    return row["due"], row["later"], row["parked"]


async def unchecked_clicks(connection: AsyncConnection[DictRow]) -> Sequence[CheckPermission]:
    """List the clicks whose permission has not been checked, oldest first, without those that were given up."""
    rows = await _rows(connection, f"select id, args from procrastinate_jobs where {IS_UNCHECKED_CLICK} order by id")  # noqa: S608
    effects = [_readable(row) for row in rows]
    return [effect for effect in effects if isinstance(effect, CheckPermission)]


async def given_up(connection: AsyncConnection[DictRow]) -> Sequence[GivenUpEffect]:
    """List the effects that were given up, oldest first."""
    rows = await _rows(connection, f"select id, args from procrastinate_jobs where {IS_GIVEN_UP} order by id")  # noqa: S608
    return [
        GivenUpEffect(
            id=row["id"],
            lane=str(_args(row).get("lane", "")),
            error=stored_facts(str(_args(row).get("error", ""))),
            effect=_readable(row),
        )
        for row in rows
    ]


async def waiting_messages(connection: AsyncConnection[DictRow], attempts: int) -> Sequence[WaitingMessage]:
    """List the messages that were tried at least so often and are tried again, oldest first."""
    sql = f"select args from procrastinate_jobs where {IS_WAITING_MESSAGE} order by id"  # noqa: S608
    rows = await _rows(connection, sql, {"waiting_attempts": attempts})
    return [WaitingMessage(lane=row["args"]["lane"], error=stored_facts(row["args"]["error"])) for row in rows]


async def mark_done(connection: AsyncConnection[DictRow], job_id: int) -> None:
    """Delete an effect that was performed."""
    await _change(connection, f"delete from procrastinate_jobs where id = %(id)s and {IS_WAITING}", {"id": job_id})  # noqa: S608


async def retry(connection: AsyncConnection[DictRow], job_id: int, due_at: datetime, error: str) -> None:
    """Store that an attempt failed, and that the effect is due again."""
    values = {"id": job_id, "due": text_of(due_at), "error": error, "faults": 0}
    await _change(connection, f"update procrastinate_jobs set {RETRIED} where id = %(id)s and {IS_WAITING}", values)  # noqa: S608


async def give_up(connection: AsyncConnection[DictRow], job_id: int, error: str) -> None:
    """Give up an effect. It stays stored, and no longer delays its lane."""
    values = {"id": job_id, "error": error}
    await _change(connection, f"update procrastinate_jobs set {PARKED} where id = %(id)s and {IS_WAITING}", values)  # noqa: S608


async def retry_given_up(connection: AsyncConnection[DictRow], job_id: int, now: datetime) -> None:
    """Make an effect that was given up due now."""
    await _change(connection, _AGAIN, {"id": job_id, "now": text_of(now)})
    await _change(connection, NOTIFY, {"id": job_id})


async def drop_given_up(connection: AsyncConnection[DictRow], job_id: int) -> None:
    """Delete an effect that was given up."""
    await _change(connection, f"delete from procrastinate_jobs where id = %(id)s and {IS_GIVEN_UP}", {"id": job_id})  # noqa: S608


async def has_effect(connection: AsyncConnection[DictRow], lane: str) -> bool:
    """Return whether an effect of a lane waits."""
    sql = f"select 1 from procrastinate_jobs where {IS_WAITING} and args->>'lane' = %(lane)s limit 1"  # noqa: S608
    return bool(await _rows(connection, sql, {"lane": lane}))


async def has_held_update(connection: AsyncConnection[DictRow], lane: str, due_after: str) -> bool:
    """Return whether an effect of a lane waits that updates the copies of a card that were left for later."""
    sql = f"""select 1 from procrastinate_jobs where {IS_WAITING} and args->>'lane' = %(lane)s
        and args->>'due' collate "C" > %(due)s and {IS_HELD} limit 1"""  # noqa: S608
    return bool(await _rows(connection, sql, {"lane": lane, "due": due_after}))


async def has_same_later(connection: AsyncConnection[DictRow], lane: str, doc: str, due_after: str) -> bool:
    """Return whether the same effect waits for another time.

    :param doc: the effect as text.
    """
    sql = f"""select args->>'doc' as doc from procrastinate_jobs where {IS_WAITING} and args->>'lane' = %(lane)s
        and args->>'due' collate "C" > %(due)s"""  # noqa: S608
    rows = await _rows(connection, sql, {"lane": lane, "due": due_after})
    return any(_without_time(row["doc"]) == _without_time(doc) for row in rows)


NOTIFY: Final = """select pg_notify('procrastinate_any_queue_v1',
    json_build_object('type', 'job_inserted', 'job_id', %(id)s::bigint)::text)"""
"""Wake every process, as procrastinate does when a job is stored."""


async def _rows(connection: AsyncConnection[DictRow], sql: str, values: Values | None = None) -> list[DictRow]:
    return await (await connection.execute(sql.encode(), values or {})).fetchall()


async def _change(connection: AsyncConnection[DictRow], sql: str, values: Values) -> None:
    await connection.execute(sql.encode(), values)


def _without_time(doc: str) -> object:
    """Return an effect without the time before which it is not performed; the text itself when it cannot be read."""
    try:
        return {name: value for name, value in json.loads(doc).items() if name != "not_before"}
    except (ValueError, AttributeError):
        return doc


def _readable(row: DictRow) -> Effect | None:
    try:
        return load(EFFECT, str(_args(row).get("doc", "")))
    except ValidationError:
        return None

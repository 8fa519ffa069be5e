"""Store an effect as a job of procrastinate, in the transaction of its records.

One effect is one job, and there is no other table of effects:

- `queue_name` is the kind of work (`WorkKind`), or `later` while the effect is delayed, retried or planned;
- `lock` is the lane, and nothing while the effect is in `later`. So what waits holds no lane;
- `status` is `failed` when the effect was given up, which holds nothing either. What was performed is deleted;
- `args` has the document, and what the queue needs of it in plain columns.

`later` is decided by our own clock, never by the database's: the clocks of tests and of the sandbox move.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from workflows.core.requests.effects import (
    Effect,
    Prepare,
    Priority,
    RemindPerson,
    SendEscalationMessage,
    ShowAccessTest,
    ShowRequest,
    asked_by,
    lane,
    priority_of,
    work_kind,
)
from workflows.store.common.rows import text_of

TASK: Final = "effect"
LATER: Final = "later"
"""The queue of what waits for its time. Nothing is claimed from it."""
_BAND: Final = 1 << 24
"""How many turns each priority has room for."""

_TURN: Final = """select coalesce(
    (select max((args->>'turn')::int) + 1 from procrastinate_jobs
        where status in ('todo', 'doing') and args->>'turns' = %(turns)s
        and args->>'by' = %(by)s and args->>'by' <> ''),
    (select min((args->>'turn')::int) from procrastinate_jobs
        where status in ('todo', 'doing') and queue_name <> 'later' and args->>'turns' = %(turns)s
        and args->>'by' <> ''),
    1) as turn"""
"""The turn of a person's next click or request: after the person's last one, otherwise with the first that wait."""


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise the database's own errors instead of procrastinate's, which wrap them."""
    try:
        yield
    except ConnectorException as error:
        raise error.__cause__ or error.__context__ or error from None


async def put_job(
    manager: JobManager,
    connection: AsyncConnection[DictRow],
    effect: Effect,
    doc: str,
    *,
    due_at: str,
    now: datetime,
) -> None:
    """Store an effect in the running transaction of a connection.

    :param doc: the effect as text, without secrets.
    :param due_at: when it is due, as `text_of` writes it.
    """
    args = job_args(effect, doc, due_at)
    args["turn"] = await _next_turn(connection, args["turns"], args["by"]) if args["by"] else 0
    is_later = due_at > text_of(now)
    with database_errors():
        await manager.batch_defer_jobs_async([_job(effect, args, is_later=is_later)], connection=connection)


def job_args(effect: Effect, doc: str, due_at: str) -> dict[str, Any]:
    """Return the arguments of the job of an effect that was not tried yet, before it has a turn."""
    rank = priority_of(effect)
    return {
        "doc": doc,
        "lane": lane(effect),
        "kind": work_kind(effect).value,
        "rank": rank.value,
        "by": asked_by(effect),
        "turns": f"{rank.value}:{int(isinstance(effect, Prepare))}",
        "turn": 0,
        "due": due_at,
        "error": "",
        "faults": 0,
        "is_held": isinstance(effect, ShowRequest) and effect.is_held,
        "is_planned": _is_planned(effect),
    }


def _job(effect: Effect, args: dict[str, Any], *, is_later: bool) -> Job:
    return Job(
        task_name=TASK,
        queue=LATER if is_later else work_kind(effect).value,
        lock=None if is_later else lane(effect),
        queueing_lock=None,
        priority=job_priority(priority_of(effect), args["turn"]),
        task_kwargs=args,
    )


def job_priority(rank: Priority, turn: int) -> int:
    """Return procrastinate's priority, of which a higher one is performed first."""
    return -rank.value * _BAND - min(turn, _BAND - 1)


async def _next_turn(connection: AsyncConnection[DictRow], turns: str, by: str) -> int:
    row = await (await connection.execute(_TURN, {"turns": turns, "by": by})).fetchone()
    return 1 if row is None else int(row["turn"])


def _is_planned(effect: Effect) -> bool:
    """Return whether an effect has a time of its own, before which it is not counted as waiting."""
    planned = ShowRequest | RemindPerson | SendEscalationMessage | ShowAccessTest
    return isinstance(effect, planned) and effect.not_before is not None

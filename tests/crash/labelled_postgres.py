"""The labelled points around the transactions of a store in PostgreSQL, and around the claims of effects.

A boundary: it knows how the store and its queue write, which nothing else in these tests does. What is written as time
passes, with nothing to do, is no point: heartbeats, and whose turn it is to look for what is due.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final

import psycopg
from procrastinate.manager import JobManager

from tests.crash.points import Points
from workflows.store.postgres.store import PostgresStore

_CHANGE: Final = re.compile(r"\b(insert into|update|delete from)\s+(?!set\b)(\w+)(?:\s+set\s+(\w+))?", re.IGNORECASE)
_DEFERRED: Final = "procrastinate_defer_jobs"
_BY_TIME: Final = ("procrastinate_workers", "procrastinate_events", "procrastinate_periodic_defers")
_END_OF_TURN: Final = "delete from procrastinate_jobs"
"""How the statement begins that ends a turn; the one that ends an effect begins otherwise."""
_PERIODIC: Final = "periodic:"


@dataclass(slots=True)
class _Transaction:
    """What a transaction is about."""

    commands: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return "; ".join(sorted(self.commands)) or "; ".join(sorted(self.changes))


_open: ContextVar[_Transaction | None] = ContextVar("transaction", default=None)


def label_transactions(points: Points) -> None:
    """Reach a point before and after each transaction that changes something, and when an effect was claimed."""
    _replace(psycopg.AsyncConnection, "transaction", lambda begin: _labelled(points, begin))
    _replace(psycopg.AsyncCursor, "execute", _noting)
    _replace(PostgresStore, "_put_everything", _named)
    _replace(JobManager, "fetch_job", lambda fetch: _claimed(points, fetch))


def _replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    setattr(owner, name, make(getattr(owner, name)))


def _labelled(points: Points, begin: Callable[..., AbstractAsyncContextManager[Any]]) -> Callable[..., Any]:
    @wraps(begin)
    @asynccontextmanager
    async def labelled(self: psycopg.AsyncConnection[Any], *arguments: Any, **named: Any) -> AsyncIterator[Any]:
        if _open.get() is not None:  # a savepoint of one that is labelled
            async with begin(self, *arguments, **named) as inner:
                yield inner
            return
        transaction = _Transaction()
        token = _open.set(transaction)
        try:
            async with begin(self, *arguments, **named) as outer:
                yield outer
                if transaction.changes:
                    points.reach(f"commit {transaction.name}: before")
        finally:
            _open.reset(token)
        if transaction.changes:
            points.reach(f"commit {transaction.name}: after")

    return labelled


def _noting(execute: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(execute)
    async def noted(self: psycopg.AsyncCursor[Any], query: Any, *arguments: Any, **named: Any) -> Any:
        found = await execute(self, query, *arguments, **named)
        if (transaction := _open.get()) is not None and self.rowcount > 0:
            transaction.changes |= _changes_of(query.decode() if isinstance(query, bytes) else str(query))
        return found

    return noted


def _changes_of(sql: str) -> set[str]:
    if _DEFERRED in sql:
        return {"insert procrastinate_jobs"}
    if sql.startswith(_END_OF_TURN):
        return set()
    return {
        f"{verb.split()[0].lower()} {table}{f' {column}' if column else ''}"
        for verb, table, column in _CHANGE.findall(sql)
        if table not in _BY_TIME
    }


def _named(put: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(put)
    async def named(self: PostgresStore, connection: Any, commit: Any) -> Any:
        if (transaction := _open.get()) is not None:
            transaction.commands.add(f"{commit.entry.command} {commit.entry.outcome}")
        return await put(self, connection, commit)

    return named


def _claimed(points: Points, fetch: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fetch)
    async def claimed(self: JobManager, queues: Any, worker_id: int) -> Any:
        job = await fetch(self, queues=queues, worker_id=worker_id)
        if job is not None and not str(job.queue).startswith(_PERIODIC):
            points.reach(f"claim of {job.queue}: after")
        return job

    return claimed

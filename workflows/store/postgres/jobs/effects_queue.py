"""The queue of effects in PostgreSQL: each effect is a job of procrastinate, see `jobs`."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Final

from workflows.core.posture.watch.drift import INCOMPLETE, LAST_COMPLETE
from workflows.core.requests.alarms import MESSAGES_WAIT_AFTER
from workflows.core.requests.effects import Priority
from workflows.core.requests.request import RequestState
from workflows.ports.effects_queue import PendingEffect, StoredWork
from workflows.ports.records import StoreTrouble
from workflows.ports.store import StoredNumbers
from workflows.store.common.reading import is_stored_as_frozen
from workflows.store.postgres.database import PostgresDatabase
from workflows.store.postgres.jobs.effect_jobs import EffectJobs
from workflows.store.postgres.jobs.notes import PostgresNotes
from workflows.store.postgres.jobs.shared_jobs import SharedJobs
from workflows.store.postgres.jobs.stored_effects import (
    COUNTS,
    IS_GIVEN_UP,
    IS_UNCHECKED_CLICK,
    IS_WAITING_MESSAGE,
    moments,
)

_STORED_WORK: Final = f"""with counts as ({COUNTS})
    select 'effects' as what, 'due' as value, due as count from counts
    union all select 'effects', 'later', later from counts
    union all select 'effects', 'parked', parked from counts
    union all select 'record', id, 1 from requests where due_at <= %(now)s
    union all select 'record', tenant_id, 1 from partnerships where due_at <= %(now)s
    union all select 'alarms', code, count(*) from alarms where is_open = 1 group by code
    union all select 'drift', code, count(*) from drifts where is_open = 1 group by code
    union all select 'freeze', doc, 1 from freezes
    union all select name, value, 1 from marks where name in ('{LAST_COMPLETE}', '{INCOMPLETE}')"""  # noqa: S608
_MAY_CHANGE_ALARMS: Final = f"""select exists (select 1 from alarms where is_open = 1)
    or exists (select 1 from requests where is_open = 1)
    or exists (select 1 from procrastinate_jobs where {IS_GIVEN_UP})
    or exists (select 1 from procrastinate_jobs where {IS_UNCHECKED_CLICK})
    or exists (select 1 from procrastinate_jobs where {IS_WAITING_MESSAGE}) as found"""  # noqa: S608
_COUNTED: Final = """select 'request' as what, state as value, count(*) as number, null as since
        from requests group by state
    union all select 'review', '', count(*), null from partnerships where state = 'review_due'
    union all select 'effect', args->>'rank', count(*),
        min(args->>'due' collate "C") filter (where args->>'due' collate "C" <= %(now)s)
        from procrastinate_jobs where task_name = 'effect' and status in ('todo', 'doing') group by args->>'rank'"""


class PostgresEffectsQueue(PostgresDatabase, EffectJobs):
    """Implements `ports.effects_queue.EffectsQueue` and `ports.store.NumbersReader`."""

    @cached_property
    def shared_queue(self) -> SharedJobs:
        """Return what several processes claim effects from."""
        return SharedJobs(
            self._pool,
            self._transaction,
            self._server.connect,
            self._clock,
            self._clean,
            may_claim=lambda: self._is_ours and self.last_write_error is not StoreTrouble.OTHER_VERSION,
        )

    @cached_property
    def shared_notes(self) -> PostgresNotes:
        """Return the notes that the processes of this database leave for each other."""
        return PostgresNotes(self._connection, self._clock)

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List one due effect of each lane, also of those that are performed now; see `ports.effects_queue`."""
        return [] if self.last_write_error else await super().pending(now, limit)

    async def stored_work(self, now: datetime) -> StoredWork:
        """Read what is due, waits, and is open, with one statement; see `ports.effects_queue`."""
        async with self._connection() as connection:
            rows = await (await connection.execute(_STORED_WORK.encode(), moments(now))).fetchall()
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
        async with self._connection() as connection:
            rows = await (await connection.execute(_COUNTED.encode(), moments(now))).fetchall()
        effects = {Priority(int(row["value"])): row for row in rows if row["what"] == "effect"}
        return StoredNumbers(
            requests={RequestState(row["value"]): row["number"] for row in rows if row["what"] == "request"},
            reviews_due=sum(row["number"] for row in rows if row["what"] == "review"),
            effects={kind: row["number"] for kind, row in effects.items()},
            overdue_since={kind: datetime.fromisoformat(row["since"]) for kind, row in effects.items() if row["since"]},
        )

    async def may_change_alarms(self) -> bool:
        """Return whether anything is stored that an alarm can be about or that can end one, with one statement."""
        async with self._connection() as connection:
            values = {"waiting_attempts": MESSAGES_WAIT_AFTER}
            row = await (await connection.execute(_MAY_CHANGE_ALARMS.encode(), values)).fetchone()
        return row is not None and bool(row["found"])

    async def is_still_mine(self) -> bool:
        """Return whether the effect that is performed here is still this process's own, and its version is in use.

        Never while a command has the records for itself.
        """
        if not self._is_ours:
            return False
        async with self._connection() as connection:
            is_this_version = await self._is_this_version(connection)
        return is_this_version and await super().is_still_mine()

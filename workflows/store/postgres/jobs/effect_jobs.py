"""The queue of effects as the rest of the program sees it: what reads it, and what an admin does with it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from workflows.core.errors.facts import Facts
from workflows.core.requests.effects import CheckPermission, Effect, lane
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import GivenUpEffect, PendingEffect, WaitingMessage
from workflows.store.postgres.jobs import stored_effects
from workflows.store.postgres.jobs.deferring import put_job
from workflows.store.postgres.jobs.shared_jobs import SharedJobs
from workflows.store.redaction import RecordRedactor

Connection = AsyncConnection[DictRow]


class EffectJobs:
    """Implements what `ports.effects_queue.EffectsQueue` says about effects; see there. The store is a subclass."""

    _clock: Clock
    _clean: RecordRedactor

    @property
    def shared_queue(self) -> SharedJobs:
        """Return what several processes claim effects from."""
        raise NotImplementedError

    def _transaction(self) -> AbstractAsyncContextManager[Connection]:
        """Give a connection whose statements are committed at the end, or each by itself."""
        raise NotImplementedError

    async def _put_effect(self, connection: Connection, effect: Effect, due_at: str, doc: str = "") -> None:
        """Store an effect in the running transaction of a connection.

        :param due_at: as `text_of` writes it.
        :param doc: the text of the effect without secrets, when it was made already.
        """
        doc = doc or self._clean.effect(effect)
        await put_job(self.shared_queue.manager, connection, effect, doc, due_at=due_at, now=self._clock.now())

    async def _has_effect(self, connection: Connection, lane: str) -> bool:
        """Return whether an effect of a lane waits or is performed."""
        return await stored_effects.has_effect(connection, lane)

    async def _has_held_update(self, connection: Connection, lane: str, due_after: str) -> bool:
        """Return whether an effect of a lane waits that updates the copies of a card that were left for later."""
        return await stored_effects.has_held_update(connection, lane, due_after)

    async def _has_same_later(self, connection: Connection, effect: Effect, due_after: str) -> bool:
        """Return whether the same effect waits for another time."""
        return await stored_effects.has_same_later(connection, lane(effect), self._clean.effect(effect), due_after)

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List one due effect of each lane, also of those that are performed now."""
        async with self._transaction() as connection:
            found, broken = await stored_effects.pending(connection, now, limit)
            for job_id, why in broken.items():
                await stored_effects.give_up(connection, job_id, self._clean.facts_text(why))
        return found

    async def count_pending(self, now: datetime) -> tuple[int, int, int]:
        """Count the effects that are due, that wait for their next attempt, and that are parked."""
        async with self._transaction() as connection:
            return await stored_effects.count(connection, now)

    async def mark_done(self, effect_id: int) -> None:
        """Delete an effect that was performed."""
        async with self._transaction() as connection:
            await stored_effects.mark_done(connection, effect_id)

    async def retry(self, effect_id: int, due_at: datetime, error: Facts) -> None:
        """Store that an attempt failed, and that the effect is due again at `due_at`."""
        async with self._transaction() as connection:
            await stored_effects.retry(connection, effect_id, due_at, self._clean.facts_text(error))

    async def give_up(self, effect_id: int, error: Facts) -> None:
        """Give up an effect. It stays stored, and no longer delays its lane."""
        async with self._transaction() as connection:
            await stored_effects.give_up(connection, effect_id, self._clean.facts_text(error))

    async def is_still_mine(self) -> bool:
        """Return whether the effect that is performed here is still this process's own."""
        return await self.shared_queue.is_still_mine()

    async def unchecked_clicks(self) -> Sequence[CheckPermission]:
        """List the clicks whose permission has not been checked, oldest first, without those that were given up."""
        async with self._transaction() as connection:
            return await stored_effects.unchecked_clicks(connection)

    async def given_up_effects(self) -> Sequence[GivenUpEffect]:
        """List the effects that were given up, oldest first."""
        async with self._transaction() as connection:
            return await stored_effects.given_up(connection)

    async def waiting_messages(self, attempts: int) -> Sequence[WaitingMessage]:
        """List the messages that were tried at least so often and are tried again, oldest first."""
        async with self._transaction() as connection:
            return await stored_effects.waiting_messages(connection, attempts)

    async def retry_given_up(self, effect_id: int) -> None:
        """Make an effect that was given up due now; do nothing when it is not given up."""
        async with self._transaction() as connection:
            await stored_effects.retry_given_up(connection, effect_id, self._clock.now())

    async def drop_given_up(self, effect_id: int) -> None:
        """Delete an effect that was given up; do nothing when it is still tried."""
        async with self._transaction() as connection:
            await stored_effects.drop_given_up(connection, effect_id)

"""Perform one request without the bot: plan, write and read back, as the bot does. Nothing else.

It closes a partner, or disables guest accounts.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from workflows.app.alarms import Alarms
from workflows.app.schedule.revocation_alarms import report_refused_revocation
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact, Facts, log_text
from workflows.core.requests.effects import Apply, Effect, Prepare, WorkKind, lane, work_kind
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.requests.transitions.transition import partner_of
from workflows.effects.apply import Applier
from workflows.effects.prepare import Preparer
from workflows.effects.queue.attempts import Attempts
from workflows.effects.queue.job_worker import JobWorker
from workflows.effects.queue.queue_worker import QueueWorker
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import EffectsRunner, PendingEffect, SharedQueue
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant
from workflows.tasks import end_tasks

_MAX_READ = 1000
"""How many due effects are read to find those of the request. What closes access is read first."""

_MAX_LOOKS = 20
"""How often it is looked, at the end, whether the last effect is recorded as done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingPerformer:
    """Performs what is due of one request, with the store of this process alone. The bot does the rest later."""

    store: Store
    tenant: Tenant
    clock: Clock
    pauses: Pauses = USUAL_PAUSES
    catalog: Catalog = field(default_factory=lambda: Catalog(templates={}, roles={}))
    """What a request to disable guest accounts is prepared with. Closing needs no template."""
    guest_accounts: GuestAccounts | None = None

    @asynccontextmanager
    async def performing(self, request: AccessRequest) -> AsyncIterator[None]:
        """Perform what becomes due of a request, as long as the caller waits inside."""
        worker = self._worker(request)
        task = asyncio.create_task(worker.run())
        try:
            yield
            await self._until_recorded(request)
        finally:
            await end_tasks([task])
            if not task.cancelled():
                task.result()

    async def _until_recorded(self, request: AccessRequest) -> None:
        """Wait a moment until the effect that ended the request counts as done. Otherwise the bot repeats it safely."""
        for _ in range(_MAX_LOOKS):
            stored = await self.store.request(request.id)
            if stored is None or not stored.is_terminal:
                return
            if not await _WorkOf(self.store, request).pending(self.clock.now(), _MAX_READ):
                return
            await asyncio.sleep(self.pauses.due_work_read_every / _MAX_LOOKS)

    def _worker(self, request: AccessRequest) -> EffectsRunner:
        def wake() -> None:
            worker.wake()

        service = Service(store=self.store, clock=self.clock, wake=wake)
        alarms = Alarms(store=self.store, clock=self.clock, wake=wake)
        nobody = cast(PeopleDirectory, _NoDirectory())
        preparer = Preparer(
            service=service,
            store=self.store,
            tenant=self.tenant,
            directory=nobody,
            catalog=self.catalog,
            clock=self.clock,
            alarms=alarms,
            guest_accounts=self.guest_accounts,
        )
        applier = Applier(
            service=service,
            store=self.store,
            tenant=self.tenant,
            directory=nobody,
            clock=self.clock,
            alarms=alarms,
            pauses=self.pauses,
            guest_accounts=self.guest_accounts,
        )

        async def perform(effect: Effect) -> None:
            if isinstance(effect, Prepare):
                await preparer.prepare(effect.request_id)
            elif isinstance(effect, Apply):
                await applier.apply(effect.request_id)

        async def may_give_up(effect: Effect, reason: Facts) -> bool:
            if request.fields.account_change is not None:
                return False  # it is tried again; nobody waits for a block
            own_fault = (Fact(NoteCode.OWN_FAULT, {"error": log_text(reason)}),)
            await report_refused_revocation(alarms, request.id, partner_of(request), own_fault)
            return False

        attempts = Attempts(
            clock=self.clock,
            perform=perform,
            may_give_up=may_give_up,
            gave_up=_never_given_up,
            pauses=self.pauses,
        )
        worker = self._runner(request, attempts)
        return worker

    def _runner(self, request: AccessRequest, attempts: Attempts) -> EffectsRunner:
        """Return what performs the request's effects. Where several processes share the store, each is claimed."""
        own = _WorkOf(self.store, request)
        if self.store.shared_queue is None:
            return QueueWorker(store=cast(Store, own), clock=self.clock, attempts=attempts, pauses=self.pauses)
        queue = cast(SharedQueue, _ClaimsOf(self.store.shared_queue, own, self.clock))
        return JobWorker(queue=queue, attempts=attempts, pauses=self.pauses)


async def _never_given_up(pending: PendingEffect, reason: Facts) -> None:
    raise AssertionError(f"a revocation is never given up: {pending.effect.kind}")


class _WorkOf:
    """The queue, with nothing but what closes the partner of one request. Everything else stays for the bot."""

    def __init__(self, store: Store, request: AccessRequest) -> None:
        self._store = store
        self._request_id: RequestId = request.id
        self._target = request.fields.target

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List the due effects of the request, and the closing writes that are before it in the lane of its partner."""
        return [one for one in await self._store.pending(now, _MAX_READ) if self._is_own(one.effect)]

    def _is_own(self, effect: Effect) -> bool:
        if isinstance(effect, Prepare | Apply) and effect.request_id == self._request_id:
            return True
        return isinstance(effect, Apply) and effect.closes and lane(effect) == f"tenant:{self._target}"

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method: Callable[..., Awaitable[Any]] = getattr(self._store, name)
        return method


class _ClaimsOf:
    """What several processes claim effects from, with nothing but what closes the partner of one request."""

    def __init__(self, queue: SharedQueue, own: _WorkOf, clock: Clock) -> None:
        self._queue = queue
        self._own = own
        self._clock = clock

    async def claim(self, kinds: Collection[WorkKind]) -> PendingEffect | None:
        """Claim the first due effect of the request that no other process has."""
        for pending in await self._own.pending(self._clock.now(), _MAX_READ):
            if work_kind(pending.effect) in kinds and (found := await self._queue.claim_one(pending.id)) is not None:
                return found
        return None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._queue, name)
        return method


class _NoDirectory:
    """A directory of people that nothing can be read from: closing must not depend on it."""

    def for_one_check(self, *_: object) -> "_NoDirectory":
        """Return the same."""
        return self

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def refuse(*_: object, **__: object) -> None:
            raise PeopleDirectoryUnavailable((Fact(NoteCode.PERSON_UNREADABLE),))

        return refuse

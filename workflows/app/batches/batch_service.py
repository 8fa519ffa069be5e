"""Apply commands to batches and store the results. Batches change here."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from workflows.app.batches.current_sponsors import with_current_sponsors
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.batches.asked_row import BatchSheet
from workflows.core.batches.batch import BY_PERSON, Batch, BatchRow
from workflows.core.batches.commands import BatchCommand, ConfirmDraft, DraftBatch, ReopenBatch
from workflows.core.batches.lifecycle import advance_batch
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, Person
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, RejectBatch, WithdrawBatch
from workflows.core.requests.request import BatchId, RequestKind
from workflows.core.requests.transitions.transition import Situation
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, StaleVersion
from workflows.ports.store import Store

_TRIES: Final = 5
"""How often a command is decided again because another one was stored first."""

_DECIDING: Final = (ApproveBatch, RejectBatch, ReopenBatch)
"""Commands that depend on who may decide, and whose approval counts."""

CurrentRolesOfBatch = Callable[[Batch], Awaitable[CurrentRoles]]
"""Reads the current roles of the actor of a command, and of the people who decided on the batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchService:
    """Accepts commands about batches. It only stores effects; the queue worker performs them."""

    store: Store
    clock: Clock
    wake: Callable[[], None]
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    """The organization's working days."""

    async def draft(
        self,
        batch_id: BatchId,
        rows: tuple[BatchRow, ...],
        *,
        kind: RequestKind,
        drafted_by: str,
        lifetime: timedelta,
        sheet: BatchSheet | None = None,
    ) -> Batch:
        """Store a draft. It belongs to nobody until a person confirms it. A draft with this id stays as it is.

        :param drafted_by: see `Batch.drafted_by`; also the actor of the audit entry.
        """
        command = DraftBatch(
            batch_id=batch_id, kind=kind, rows=rows, drafted_by=drafted_by, lifetime=lifetime, sheet=sheet
        )
        now = self.clock.now()
        transition = advance_batch(None, command, Situation(now=now))
        actor = ChatId(drafted_by.removeprefix(BY_PERSON))
        entry = entry_of(f"{batch_id}:draft", now, actor, command.name, command.audit_details())
        is_stored = await self._commit(Commit(entry=entry, batch=transition.batch, effects=transition.effects))
        return transition.batch if is_stored else await self.load(batch_id)

    async def load(self, batch_id: BatchId) -> Batch:
        """Load a batch.

        :raises Refused: when there is none with this id.
        """
        batch = await self.store.batch(batch_id)
        if batch is None:
            raise Refused(RefusalCode.UNKNOWN_BATCH)
        return batch

    async def withdraw(self, batch_id: BatchId, actor: ChatId, *, key: str) -> Batch:
        """Withdraw a batch of the actor. This needs no permission check.

        :raises Refused: when somebody else asked for it, or it is decided.
        """
        return await self.advance(WithdrawBatch(actor=actor, batch_id=batch_id), key=key)

    async def advance(
        self,
        command: BatchCommand,
        *,
        key: str = "",
        current_roles_of: CurrentRolesOfBatch | None = None,
        received_at: datetime | None = None,
    ) -> Batch:
        """Apply a command to its batch and store the result.

        :param key: the idempotency key; empty for a command of the bot itself, whose key is made from the version.
        :param current_roles_of: called with the version of the batch that the command changes. It must return the
            roles of everybody who has decided on it; otherwise their decisions do not count.
        :param received_at: when the click was stored that led to the command; None when there was no click.
        :raises Refused: when the lifecycle does not allow it; nothing is stored.
        """
        for _ in range(_TRIES - 1):
            with suppress(StaleVersion):
                return await self._attempt(command, key, current_roles_of, received_at)
        return await self._attempt(command, key, current_roles_of, received_at)

    async def _attempt(
        self,
        command: BatchCommand,
        key: str,
        current_roles_of: CurrentRolesOfBatch | None,
        received_at: datetime | None,
    ) -> Batch:
        batch, now = await self.load(command.batch_id), self.clock.now()
        if isinstance(command, _DECIDING):
            # NB. before anything is decided: who became the sponsor of a row after its plan decides on no row.
            batch = await with_current_sponsors(batch, self.store, now)
        roles = CurrentRoles() if current_roles_of is None else await current_roles_of(batch)
        situation = Situation(now=now, current_roles=roles, received_at=received_at, calendar=self.calendar)
        transition = advance_batch(batch, command, situation)
        if transition.batch.version == batch.version:
            return batch
        actor = _actor_of(command)
        entry = entry_of(
            key or f"{batch.id}:{batch.version}:{command.name}", now, actor, command.name, command.audit_details()
        )
        is_stored = await self._commit(Commit(entry=entry, batch=transition.batch, effects=transition.effects))
        return transition.batch if is_stored else await self.load(command.batch_id)

    async def _commit(self, commit: Commit) -> bool:
        is_stored = await self.store.commit(commit)
        self.wake()
        return is_stored


def _actor_of(command: BatchCommand) -> Person | ChatId | None:
    match command:
        case ApproveBatch() | RejectBatch() | WithdrawBatch() | ConfirmDraft() | AnswerHalt():
            return command.actor
        case _:
            return None

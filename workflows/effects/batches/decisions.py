"""Check a person's decision on a batch, and pass it to the batch's lifecycle."""

from dataclasses import dataclass, replace
from datetime import datetime

from workflows.app.approvers.absences import in_whose_place
from workflows.app.batches.batch_rules import changed_batch_rules
from workflows.app.batches.batch_service import BatchService
from workflows.catalog.catalog import Catalog
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.batches.commands import PlanBatchAgain
from workflows.core.batches.deciding import current_batch_eligibility
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, CurrentRoles, Person
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, RejectBatch, WithdrawBatch
from workflows.core.requests.commands.clicks import with_person
from workflows.core.requests.notes import NoteCode
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDecisions:
    """Passes clicks about a batch to its lifecycle, with the current roles of everybody who decided."""

    batches: BatchService
    store: Store
    directory: PeopleDirectory
    catalog: Catalog

    async def decide(
        self,
        click: ApproveBatch[ChatId] | RejectBatch[ChatId],
        actor: Person,
        *,
        key: str,
        received_at: datetime | None,
    ) -> None:
        """Approve or reject a batch.

        :raises Refused: when this person may not decide, or the rules changed since it was shown.
        """
        await self._require_same_rules(await self.batches.load(click.batch_id))

        async def current_roles_of(batch: Batch) -> CurrentRoles:
            return await self.directory.current_roles([actor, *(decision.person for decision in batch.decisions)])

        absent = await self._in_whose_place(await self.batches.load(click.batch_id), actor, received_at)
        command = replace(with_person(click, actor), on_behalf_of=absent)
        await self.batches.advance(command, key=key, current_roles_of=current_roles_of, received_at=received_at)

    async def _in_whose_place(self, batch: Batch, actor: Person, received_at: datetime | None) -> Person | None:
        """Return the absent person in whose place the actor was asked. Nothing is decided with it."""
        eligibility = current_batch_eligibility(batch)
        if eligibility is None or received_at is None:
            return None
        return await in_whose_place(
            actor, eligibility, received_at, store=self.store, roles_of=self.directory.current_roles
        )

    async def carry_out(self, click: WithdrawBatch | AnswerHalt[ChatId], actor: Person, *, key: str) -> None:
        """Withdraw a batch, or answer its halt.

        :raises Refused: see `withdraw` and `answer_halt`.
        """
        if isinstance(click, AnswerHalt):
            await self.answer_halt(click, actor, key=key)
        else:
            await self.withdraw(click, actor, key=key)

    async def withdraw(self, click: WithdrawBatch, actor: Person, *, key: str) -> None:
        """Withdraw a batch, if its requester does.

        :raises Refused: when another person asked for it, or it is decided.
        """
        batch = await self.batches.load(click.batch_id)
        is_requester = batch.requester is not None and batch.requester.id == actor.id
        await self.batches.advance(replace(click, is_requester=is_requester), key=key)

    async def answer_halt(self, click: AnswerHalt[ChatId], actor: Person, *, key: str) -> None:
        """Continue or end a batch that halted by itself, if an admin does.

        :raises Refused: for everybody else, without a reason, and when it was answered before.
        """

        async def current_roles_of(_: Batch) -> CurrentRoles:
            return await self.directory.current_roles([actor])

        await self.batches.advance(with_person(click, actor), key=key, current_roles_of=current_roles_of)

    async def _require_same_rules(self, batch: Batch) -> None:
        """Plan everything again when a template or the definition of a role has changed since it was shown.

        :raises Refused: when it has changed.
        """
        changed = changed_batch_rules(batch, self.catalog)
        if batch.state is not BatchState.AWAITING_APPROVAL or changed is None:
            return
        reason = (changed.fact, Fact(NoteCode.ASKED_AGAIN))
        await self.batches.advance(PlanBatchAgain(batch_id=batch.id, reason=reason))
        raise Refused(changed.code, **changed.values)

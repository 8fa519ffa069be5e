"""Advance a batch: prepare, record or end its members, one wave at a time, as the stored records say.

Every step looks at what is stored, so that it may be repeated after a crash at any point. Members are ordinary
requests: they are prepared and recorded by the same code as every other request.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from workflows.app.approvers.possible_chain import first_possible_chain
from workflows.app.batches.batch_rules import changed_batch_rules, deciding_template
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.current_sponsors import with_current_sponsors
from workflows.app.batches.importing.filing import RecordsWithRows
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.batches.batch import Batch, BatchRow, BatchState, HaltRule, RowCode, RowState
from workflows.core.batches.commands import PlanBatchAgain, RecordBatchPrepared, RecordRows, ReopenBatch
from workflows.core.batches.members import batch_chains, end_with, ended_with, row_after, rows_to_end
from workflows.core.batches.reminding import strictest_cadence
from workflows.core.batches.running.retries import after_failure
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, CurrentRoles
from workflows.core.policy.template import roles_of
from workflows.core.requests.commands.automatic import Replan
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import BatchId, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.effects.apply import Applier
from workflows.effects.batches.halting import Halting
from workflows.effects.batches.members import TO_RECORD, MembersInPreparation, MembersInRecording, request_id_of
from workflows.effects.batches.retries import MemberRetries, Members, error_of_wave
from workflows.effects.batches.waves import WaveResult, applier_of_wave, preparer_of_wave, rows_after_wave
from workflows.effects.prepare import Preparer
from workflows.ports.audit_log import RestsOn
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_ENDED_AT_ONCE: Final = 100
"""How many members are ended in one step. Nothing is read for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRunner:
    """Performs AdvanceBatch. May be repeated safely at every point."""

    batches: BatchService
    service: Service
    store: Store
    preparer: Preparer
    applier: Applier
    directory: PeopleDirectory
    catalog: Catalog
    halt_rule: HaltRule = field(default_factory=HaltRule)
    """When a run halts by itself."""

    async def advance(self, batch_id: BatchId) -> None:
        """Do the next part. As long as something is left, the stored result asks for the part after it.

        :raises TenantUnavailable, PeopleDirectoryUnavailable: when nothing could be done now; try again later.
        """
        batch = await self.store.batch(batch_id)
        if batch is not None:
            await self._halting.clear_answered(batch)
            await self._require_as_signed(batch)
        match None if batch is None else batch.state:
            case BatchState.PREPARING if batch is not None:
                await self._prepare(batch)
            case BatchState.AWAITING_APPROVAL if batch is not None:
                await self._look_for_changes(batch)
            case BatchState.APPLYING if batch is not None:
                await self._apply(batch)
            case BatchState.HALTED if batch is not None:
                await self._look_for_changes(batch)
            case BatchState.REJECTED | BatchState.WITHDRAWN | BatchState.EXPIRED | BatchState.STOPPED if batch:
                await self._end(batch)
            case _:
                return

    async def _require_as_signed(self, batch: Batch) -> None:
        """Check that a batch whose approvals are recorded for its members is as signed entries say.

        :raises TenantUnavailable: when something other than Gatehouse changed it.
        """
        if batch.state in (BatchState.PREPARING, BatchState.APPLYING) and await self.store.unproven(
            RestsOn(batch_id=batch.id, whole_log=False)
        ):
            raise TenantUnavailable((Fact(NoteCode.NOT_AS_SIGNED),))

    async def _prepare(self, batch: Batch) -> None:
        rows = await self._retries.next_wave(batch, batch.in_state(RowState.WAITING, RowState.ALONE))
        if not rows:
            await self._ask_for_approval(batch)
            return
        wave = MembersInPreparation(
            batch=batch,
            preparer=_with_similar_rows(preparer_of_wave(self.preparer, batch.kind), batch),
            catalog=self.catalog,
            service=self.service,
            store=self.store,
        )
        result = await rows_after_wave(rows, wave.advance)
        await self._record_progress(batch, rows, result, tenant=wave.preparer.tenant, members=wave)

    async def _ask_for_approval(self, batch: Batch) -> None:
        """Choose the chain of all members, and request approval."""
        batch = await self._with_current_sponsors(batch)
        members = batch.members
        # NB. of all that are, or were, decided together: a chain does not become weaker when it is asked for again.
        size = sum(row.was_member for row in batch.rows)
        chains = batch_chains((row.stages for row in members), size, self.catalog.roles[ADMIN].title)
        people = (batch.requester, batch.drafter, batch.sponsor, *batch.authors, *batch.partner_sponsors)
        asked = frozenset(one.chat_id for one in people if one and one.chat_id)
        sponsors = frozenset(one.chat_id for one in batch.row_sponsors if one.chat_id) - asked
        try:
            found = await first_possible_chain(self.directory.for_one_check(), chains, asked | sponsors, sponsors)
        except (TenantRefused, PeopleDirectoryRefused) as error:
            raise PeopleDirectoryUnavailable(error.facts) from error
        templates = [deciding_template(row, self.catalog) for row in members]
        prepared = RecordBatchPrepared(
            batch_id=batch.id,
            stages=found.stages,
            roles=self.catalog.role_hashes(roles_of(found.stages)),
            templates={one.name: one.content_hash for one in templates},
            remind_after=strictest_cadence(one.remind_after for one in templates),
            problem=found.problem if members else None,
        )
        await self._advance(batch, prepared)

    async def _look_for_changes(self, batch: Batch) -> None:
        """Record which members left while the batch waits for approval: revoked, or planned again."""
        states = await self.store.batch_members(batch.id)
        awaiting = RequestState.AWAITING_APPROVAL
        others = [row for row in batch.members if states.get(row.request_id or RequestId("")) is not awaiting]
        result = await rows_after_wave(others, self._row_now)
        await self._record(batch, result.changed)
        if result.failed:
            raise error_of_wave(result)

    async def _row_now(self, row: BatchRow) -> BatchRow:
        request = await self.store.request(row.request_id or RequestId(""))
        return row if request is None else row_after(row, request)

    async def _apply(self, batch: Batch) -> None:
        """Record the next members, after everybody who decided was read again."""
        if await self._halting.has_halted(batch):
            return
        await self._halting.require_free_way(batch)
        changed_rules_now = changed_batch_rules(batch, self.catalog)
        if changed_rules_now is not None:
            reason = (changed_rules_now.fact, Fact(NoteCode.ASKED_AGAIN))
            await self._ask_again(batch, PlanBatchAgain(batch_id=batch.id, reason=reason))
            return
        rows = await self._retries.next_wave(batch, batch.members)
        applier = applier_of_wave(self.applier, [row.tenant_id for row in rows] if batch.writes else [])
        try:
            roles = await applier.directory.current_roles([decision.person for decision in batch.decisions])
        except (TenantRefused, PeopleDirectoryRefused) as error:
            raise PeopleDirectoryUnavailable(error.facts) from error  # it waits until this is repaired
        # NB. read now: an approver who has become the sponsor of a row since then counts for none of them.
        batch = await self._with_current_sponsors(batch)
        verdict = batch.verdict(roles)
        if not verdict.is_complete:
            await self._ask_again(batch, ReopenBatch(batch_id=batch.id, reason=verdict.not_counted), roles)
            return
        wave = MembersInRecording(batch=batch, applier=applier, roles=roles, service=self.service, store=self.store)
        result = await rows_after_wave(rows, wave.advance)
        await self._record_progress(batch, rows, result, tenant=applier.tenant, members=wave)

    async def _ask_again(
        self, batch: Batch, command: PlanBatchAgain | ReopenBatch, roles: CurrentRoles | None = None
    ) -> None:
        """Ask for approval again, of members of which nothing was sent. The others are finished alone.

        One that has the decisions already, and was not written, is planned again: they do not count any more.
        """
        await self._record(batch, await self._halting.finished_alone(batch))
        states = await self.store.batch_members(batch.id) if batch.writes else {}
        if any(state in TO_RECORD for state in states.values()):
            command = PlanBatchAgain(batch_id=batch.id, reason=command.reason)
        await self._advance(batch, command, roles)

    async def _end(self, batch: Batch) -> None:
        """End the members of a batch that nobody approved. One that cannot be ended now stops no other."""
        rows = sorted(rows_to_end(batch), key=lambda row: row.failures)[:_ENDED_AT_ONCE]
        result = await rows_after_wave(rows, lambda row: self._ended(batch, row))
        failed = {row.tenant_id: after_failure(row) for row in rows if row.tenant_id in result.failed}
        await self._record(batch, {**failed, **result.changed})
        if not result.changed and (failed or result.waiting):
            raise error_of_wave(result)

    async def _ended(self, batch: Batch, row: BatchRow) -> BatchRow:
        request = await self.store.request(row.request_id or request_id_of(batch, row))
        values = {"state": batch.state.value, "note": as_values(batch.note)}
        ended = replace(row, state=RowState.ENDED, reason=(Fact(RowCode.STOPPED, values),))
        if request is None:
            return ended
        row = replace(row, request_id=request.id)
        command = end_with(batch, request)
        is_scheduled = row.state is RowState.SCHEDULED and request.state is RequestState.SCHEDULED
        if command is not None and (request.batch == batch.id or is_scheduled) and not request.is_terminal:
            with suppress(Refused):  # a revocation ended it meanwhile
                if request.state in TO_RECORD:
                    # It was approved before the batch was asked again, and could not be recorded. Nothing was sent.
                    again = Replan(reason=(Fact(NoteCode.ASKED_AGAIN),), stays_in_batch=True)
                    await self.service.advance(request.id, again)
                request = await self.service.advance(request.id, command)
        return ended_with(batch, row, request)

    async def _record_progress(
        self, batch: Batch, rows: Sequence[BatchRow], result: WaveResult, *, tenant: Tenant, members: Members
    ) -> None:
        """Store what became of the rows of a wave.

        :raises TenantUnavailable, PeopleDirectoryUnavailable: when nothing became of any; it is tried again later.
        """
        changed = await self._retries.rows_to_store(batch, rows, result, tenant=tenant, members=members)
        await self._record(batch, changed)
        states = {row.tenant_id: row.state for row in rows}
        if all(states[tenant_id] is row.state for tenant_id, row in changed.items()):
            raise error_of_wave(result)

    async def _with_current_sponsors(self, batch: Batch) -> Batch:
        return await with_current_sponsors(batch, self.store, self.preparer.clock.now())

    @property
    def _halting(self) -> Halting:
        return Halting(
            batches=self.batches,
            service=self.service,
            store=self.store,
            clock=self.preparer.clock,
            alarms=self.applier.alarms,
            rule=self.halt_rule,
        )

    @property
    def _retries(self) -> MemberRetries:
        return MemberRetries(store=self.store, clock=self.preparer.clock)

    async def _record(self, batch: Batch, changed: Mapping[TenantId, BatchRow]) -> None:
        if changed:
            await self._advance(batch, RecordRows(batch_id=batch.id, rows=changed))

    async def _advance(
        self,
        batch: Batch,
        command: RecordRows | RecordBatchPrepared | PlanBatchAgain | ReopenBatch,
        roles: CurrentRoles | None = None,
    ) -> None:
        """Store a result, unless the batch was withdrawn, rejected or expired meanwhile: that asked for the end."""

        async def as_read(_: Batch) -> CurrentRoles:
            return roles or CurrentRoles()

        try:
            await self.batches.advance(command, current_roles_of=as_read)
        except Refused as refused:
            if refused.code is not RefusalCode.BATCH_NOT_POSSIBLE_NOW:
                raise


def _with_similar_rows(preparer: Preparer, batch: Batch) -> Preparer:
    """Return what prepares members and knows the similar names of a sheet's rows."""
    if batch.sheet is None or preparer.records is None:
        return preparer
    return replace(preparer, records=RecordsWithRows(preparer.records, batch))

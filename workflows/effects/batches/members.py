"""Advance one member of a batch: file and prepare its request, or give it the decisions and record it."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from workflows.app.batches.batch_rules import deciding_template
from workflows.app.batches.importing.filing import RowFiling, observe_row
from workflows.app.service import Service
from workflows.app.storing.identifiers import derived_request_id
from workflows.catalog.catalog import Catalog, changed_rules
from workflows.core.batches.asked_row import AskedAccess
from workflows.core.batches.batch import Batch, BatchRow, RowCode, RowState
from workflows.core.batches.durations import duration_within
from workflows.core.batches.members import accepted_decisions, row_after, why_alone, why_row_alone
from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import GATEHOUSE, CurrentRoles, Person
from workflows.core.policy.risk import risk_for_approval
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.requests.commands.automatic import LeaveBatch, Replan
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestFields, RequestId, RequestState
from workflows.effects.apply import Applier
from workflows.effects.prepare import Preparer
from workflows.partner_lookup.lookup import look_up
from workflows.ports.store import Store

TO_RECORD: Final = frozenset({RequestState.APPLYING, RequestState.UNCONFIRMED})


def request_id_of(batch: Batch, row: BatchRow) -> RequestId:
    """Return the id of a row's request, the same at each attempt."""
    return derived_request_id(f"{batch.id}:{row.tenant_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersInPreparation:
    """Files and prepares the requests of one wave of rows."""

    batch: Batch
    preparer: Preparer
    """What the wave shares; see `waves.preparer_of_wave`."""
    catalog: Catalog
    service: Service
    store: Store

    async def advance(self, row: BatchRow) -> BatchRow:
        """File and prepare the request of a row, and return what became of the row.

        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now.
        """
        request_id = request_id_of(self.batch, row)
        request = await self.store.request(request_id)
        if request is None:
            try:
                row = await self._file(row, request_id)
            except InvalidField as error:
                return replace(row, state=RowState.ENDED, reason=(error.fact,))
            request = await self._load(request_id)
        row = replace(row, request_id=request_id)
        if row.state is RowState.ALONE or request.batch is None:
            return replace(row, state=RowState.LEFT, reason=row.reason or (Fact(RowCode.PLANNED_AGAIN),))
        return await self._prepared(row, await self._planned_again(request))

    async def _file(self, row: BatchRow, request_id: RequestId) -> BatchRow:
        """File the request of a row; an adoption only when its settings are those that the draft showed.

        :returns: the row, with the chat id of its own sponsor.
        :raises InvalidField: when nothing can be asked for it.
        """
        if row.asked is not None:
            return await self._file_access(row, row.asked, request_id)
        observation = await look_up(row.tenant_id, tenant=self.preparer.tenant, clock=self.preparer.clock)
        if settings_digest(observation.configuration) != row.settings:
            raise InvalidField("settings", RowCode.CHANGED_SINCE_DRAFT)
        await self._submit(row, request_id, observation, self._adoption_fields(row))
        return row

    async def _file_access(self, row: BatchRow, asked: AskedAccess, request_id: RequestId) -> BatchRow:
        preparer, (requester, sponsor) = self.preparer, self._people
        filing = RowFiling(directory=preparer.directory, catalog=self.catalog, clock=preparer.clock)
        row = await filing.with_sponsor(row, asked)
        fields = filing.fields(self.batch, row.asked or asked, requester.chat_id, sponsor)
        observation = await observe_row(row, asked, tenant=preparer.tenant, clock=preparer.clock)
        await self._submit(row, request_id, observation, fields)
        return row

    @property
    def _people(self) -> tuple[Person, Person]:
        requester, sponsor = self.batch.requester, self.batch.sponsor
        if requester is None or sponsor is None:
            raise AssertionError(f"{self.batch.id} is being prepared without a requester")
        return requester, sponsor

    def _adoption_fields(self, row: BatchRow) -> RequestFields:
        batch, (requester, sponsor), template = self.batch, self._people, deciding_template(row, self.catalog)
        duration = None if batch.duration is None else duration_within(template, batch.duration)
        if duration is None:
            days = [one.days for one in template.durations]  # it was changed after the draft was confirmed
            raise InvalidField("duration", RefusalCode.DURATION_NOT_OFFERED, template=template.title, days=days)
        return RequestFields(
            kind=batch.kind,
            requester=requester.chat_id,
            sponsor=sponsor.chat_id,
            target=row.tenant_id,
            template=template.name,
            justification=batch.justification,
            duration=duration,
        )

    async def _submit(
        self, row: BatchRow, request_id: RequestId, observation: ObservedPartner, fields: RequestFields
    ) -> None:
        batch, (requester, _) = self.batch, self._people
        await self.service.submit(
            request_id,
            fields,
            key=f"{batch.id}:{row.tenant_id}",
            decide_within=batch.expires_at - self.preparer.clock.now(),
            observation=observation,
            account=requester.id,
            batch=None if row.state is RowState.ALONE else batch.id,
            # So that it does not count as one more request of this person: that was the batch.
            filed_by=GATEHOUSE.chat_id,
            drafter=batch.drafter,
        )

    async def _planned_again(self, request: AccessRequest) -> AccessRequest:
        """Let a member be planned again when the rules changed since its plan was made."""
        if request.state in TO_RECORD:
            is_stale, fact = True, Fact(NoteCode.ASKED_AGAIN)
        else:
            prepared = request.prepared
            is_asked = request.state is RequestState.AWAITING_APPROVAL and prepared is not None
            changed = changed_rules(prepared.plan, prepared.roles, self.catalog) if is_asked and prepared else None
            is_stale, fact = changed is not None, Fact(NoteCode.ASKED_AGAIN) if changed is None else changed.fact
        if is_stale:
            await self.service.advance(request.id, Replan(reason=(fact,), stays_in_batch=True))
        return await self._load(request.id)

    async def _prepared(self, row: BatchRow, request: AccessRequest) -> BatchRow:
        if request.state is RequestState.PREPARING:
            await self.preparer.prepare(request.id)
            request = await self._load(request.id)
        if request.state is RequestState.AWAITING_APPROVAL and request.batch is not None:
            prepared = request.require_prepared()
            reason = why_alone(risk_for_approval(prepared.plan, prepared.observation.default), prepared.stages)
            if row.asked is not None:
                record = await self.store.partnership(row.tenant_id)
                reason = (*reason, *why_row_alone(prepared.plan, record, drafted=row.settings))
                if prepared.plan.tenant_id != row.tenant_id:
                    reason = (Fact(RowCode.OTHER_TENANT, {"tenant_id": prepared.plan.tenant_id}),)
            if reason:
                return await left_batch(row, request, reason, service=self.service)
        return row_after(row, request)

    async def give_up(self, row: BatchRow, reason: Facts) -> BatchRow:
        """Let a member that cannot be prepared go on alone; nothing is asked for one without a request."""
        request = await self.store.request(request_id_of(self.batch, row))
        if request is None:
            return replace(row, state=RowState.ENDED, reason=reason)
        return await left_batch(replace(row, request_id=request.id), request, reason, service=self.service)

    async def _load(self, request_id: RequestId) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        return request


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersInRecording:
    """Gives the members of one wave the decisions on their batch, and records or writes them."""

    batch: Batch
    applier: Applier
    """What the wave shares; see `waves.applier_of_wave`."""
    roles: CurrentRoles
    """The roles that the people who decided have now."""
    service: Service
    store: Store

    async def advance(self, row: BatchRow) -> BatchRow:
        """Record a member, or what stops it, and return what became of its row.

        :raises TenantUnavailable, PeopleDirectoryUnavailable: when something cannot be read or written now.
        """
        try:
            return await self._advance(row)
        finally:
            if self.applier.wave is not None:
                self.applier.wave.ends(row.tenant_id)

    async def _advance(self, row: BatchRow) -> BatchRow:
        request = None if row.request_id is None else await self.store.request(row.request_id)
        if request is None:
            raise AssertionError(f"{self.batch.id} has no request for {row.tenant_id}")
        if request.batch is None or request.is_terminal:
            return row_after(row, request)
        prepared = request.prepared
        if (
            prepared is not None
            and not request.was_sent
            and (reason := why_alone(risk_for_approval(prepared.plan, prepared.observation.default), prepared.stages))
        ):
            # NB. the rules of risk may have changed since it was planned.
            return await left_batch(row, request, reason, service=self.service)
        if request.state is RequestState.AWAITING_APPROVAL:
            try:
                request = await self._accept(row, request)
            except Refused as refused:
                return await left_batch(row, request, refused.facts, service=self.service)
        if request.state in TO_RECORD:
            await self.applier.apply(request.id)
            request = await self.store.request(request.id) or request
        return row_after(row, request)

    async def give_up(self, row: BatchRow, reason: Facts) -> BatchRow:
        """Let a member that cannot be recorded go on alone: with its own approval, or once it is approved with that."""
        request = None if row.request_id is None else await self.store.request(row.request_id)
        if request is None:
            return replace(row, state=RowState.ENDED, reason=reason)
        if request.state in TO_RECORD and self.batch.writes:
            with suppress(Refused):  # somebody ended it meanwhile, for example by revoking the partner
                request = await self.service.advance(request.id, LeaveBatch(reason=reason))
            return row_after(replace(row, reason=reason), request)
        return await left_batch(row, request, reason, service=self.service)

    async def _accept(self, row: BatchRow, request: AccessRequest) -> AccessRequest:
        async def as_read(_: AccessRequest) -> CurrentRoles:
            return self.roles

        command = accepted_decisions(self.batch, row, request)
        return await self.service.advance(request.id, command, current_roles_of=as_read)


async def left_batch(row: BatchRow, request: AccessRequest, reason: Facts, *, service: Service) -> BatchRow:
    """Let a member go on alone, with its own card and approval, and return its row."""
    command: LeaveBatch | Replan = LeaveBatch(reason=reason)
    if request.state in TO_RECORD:
        # The approval of the batch does not count for it alone. Nothing of it was sent.
        command = Replan(reason=(*reason, Fact(NoteCode.ASKED_AGAIN)), has_written_nothing=True)
    with suppress(Refused):  # somebody ended it meanwhile, for example by revoking the partner
        request = await service.advance(request.id, command)
    return row_after(replace(row, reason=reason), request)

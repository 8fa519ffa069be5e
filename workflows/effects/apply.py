"""Write an approved plan and verify it: read, compare, write what is missing, read back.

A write with an unknown result is never repeated before the partner was read. After a crash or a timeout, the next
attempt starts by reading. After a write that Graph refused for good, the partner is only read, and what is in the
tenant is recorded. A revocation is never given up. `workflows.core.requests.transitions.resending` decides when an
accepted write that Graph does not show is sent again.

This is the order of the steps and the checks before the first write; the steps are in `applying`. It is long because
that order must be read in one place.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from workflows.app.adoption.unchanged import adoption_with_other_authors
from workflows.app.alarms import Alarms
from workflows.app.batches.wave_writes import WaveWrites
from workflows.app.schedule.downtime import command_after_gap
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.lifting import USUAL_LIFT_WITHIN
from workflows.core.partners.reviewing.recent_sponsors import with_partner_sponsors
from workflows.core.people import CurrentRoles
from workflows.core.plans.plan import SentWrite, count_written
from workflows.core.requests.commands.automatic import RecordDelayed, RecordWriting
from workflows.core.requests.commands.request import Reject
from workflows.core.requests.deciding import is_begun
from workflows.core.requests.notes import NoteCode, progress
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.requests.transitions.freezing import is_stopped_by_freeze
from workflows.core.settings.canonical import JsonObject
from workflows.effects.applying.guest_accounts.still_wanted import StillWanted
from workflows.effects.applying.guest_accounts.writing import AccountsWait, AccountWriter
from workflows.effects.applying.one_at_a_time import OneAtATime
from workflows.effects.applying.overtaken_block import stop_if_overtaken
from workflows.effects.applying.reading_back import ReadBack
from workflows.effects.applying.refusals import RefusedPlans
from workflows.effects.applying.resending import ResendDecision
from workflows.effects.applying.results import ApplyResults
from workflows.effects.applying.sending import PlanSender
from workflows.effects.applying.still_approved import ApprovalReads, find_objection
from workflows.effects.applying.write_gate import WriteGate, WritesFrozen
from workflows.intervals import CLOSING_LOOKED_FOR_AGAIN_AFTER, USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock, ClockComparison
from workflows.ports.guest_accounts import GuestAccounts, usable_accounts
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import ReadsTogether, Tenant, TenantRefused, TenantUnavailable

_TO_DO: Final = frozenset({RequestState.APPLYING, RequestState.UNCONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Performs Apply. May be repeated safely at every point."""

    service: Service
    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    clock: Clock
    alarms: Alarms
    guest_accounts: GuestAccounts | None = None
    """The guest accounts of our tenant; None: none are changed."""
    catalog: Catalog | None = None
    """The current templates and roles; None: they are not compared."""
    lift_within: timedelta = USUAL_LIFT_WITHIN
    """How old a suspension may be to be lifted."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    pauses: Pauses = USUAL_PAUSES
    partners: OneAtATime = field(default_factory=OneAtATime)
    """What keeps two plans about one partner apart. Every copy of this shares it."""
    clock_comparison: ClockComparison | None = None
    """Knows whether our clock is wrong; None: it is not compared."""
    wave: WaveWrites | None = None
    """The writes of the other members of a wave; None: each operation is sent alone."""

    @property
    def results(self) -> ApplyResults:
        """Return what records how an apply ends."""
        return ApplyResults(service=self.service, clock=self.clock, alarms=self.alarms)

    @property
    def gate(self) -> WriteGate:
        """Return the only way to the tenant for operations, which a freeze closes."""
        return WriteGate(tenant=self.tenant, store=self.store, clock_comparison=self.clock_comparison, wave=self.wave)

    async def apply(self, request_id: RequestId) -> None:
        """Change the tenant to the state after the plan, or record why not.

        During a freeze, an approved request that opens access only records that it waits.

        :raises TenantUnavailable, PeopleDirectoryUnavailable: after recording that the request waits; try again later.
        """
        request = await self.store.request(request_id)
        if request is None or request.state not in _TO_DO:
            return
        if self.wave is not None and self.partners.is_taken(request.plan.tenant_id):
            # NB. a member of a wave never waits for its turn: the roles that the wave read would be old by then.
            seconds = CLOSING_LOOKED_FOR_AGAIN_AFTER.total_seconds()
            raise TenantUnavailable((Fact(NoteCode.KEEPS_TRYING),), seconds)
        async with self.partners.turn(request.plan.tenant_id):
            await self._apply(request_id)

    async def _apply(self, request_id: RequestId) -> None:
        request = await self.store.request(request_id)
        if request is None or request.state not in _TO_DO:
            return  # it has changed while another plan about the partner was written
        try:
            if request.plan.accounts is not None:
                await self._write_accounts(request)
            elif request.write_refusal is None:
                if request.state is RequestState.APPLYING:
                    await self._write(request)
                else:
                    await self._confirm(request, pauses_seconds=(0.0,))
                request = await self.store.request(request_id)
            if request is not None and request.write_refusal is not None and request.state in _TO_DO:
                await self._refusals.settle(request, request.write_refusal)
        except WritesFrozen as frozen:
            await self._hold(request_id, frozen)
        except AccountsWait:
            raise
        except (TenantUnavailable, PeopleDirectoryUnavailable) as error:
            if await self._is_open(request_id):
                await self.service.advance(
                    request_id, RecordDelayed(reason=(*error.facts, Fact(NoteCode.KEEPS_TRYING)))
                )
                raise
        except Refused:
            # The request has changed in the meantime. For example, an admin's revocation stopped it.
            if await self._is_open(request_id):
                raise

    async def _write_accounts(self, request: AccessRequest) -> None:
        """Do the next step for guest accounts. Without their credential, a confirmed plan waits for an admin."""
        if (accounts := usable_accounts(self.guest_accounts)) is None:
            raise TenantUnavailable((Fact(RefusalCode.GUESTS_NOT_CONFIGURED), Fact(NoteCode.WAITS_FOR_ADMIN)))
        still_wanted = StillWanted(
            service=self.service,
            store=self.store,
            tenant=self.tenant,
            directory=self.directory,
            clock=self.clock,
            gate=self.gate,
            catalog=self.catalog,
        )
        writer = AccountWriter(service=self.service, accounts=accounts, clock=self.clock, still_wanted=still_wanted)
        await writer.write(request)

    async def _hold(self, request_id: RequestId, frozen: WritesFrozen) -> None:
        """Record that a request waits for the end of the freeze, at which its effect is queued again.

        :raises WritesFrozen: when a write was sent whose effect Graph may show later. Then the effect is tried again
            soon, to read the partner, and does not wait for the end of the freeze.
        """
        request = await self.store.request(request_id)
        if request is None or request.state not in _TO_DO:
            return
        reason = frozen.facts
        if frozen.done_count:
            reason = (*reason, progress(request, frozen.done_count, is_read=False))
            # Before it is recorded: a crash in between repeats this, and the alarm is never missing.
            await self.results.report_part(request, reason)
        if request.state is RequestState.APPLYING:
            await self.service.advance(request_id, RecordDelayed(reason=reason))
        is_sent = request.writing_since is not None and self.results.may_be_shown_late(request)
        if request.state is RequestState.UNCONFIRMED or is_sent:
            raise frozen

    async def _is_open(self, request_id: RequestId) -> bool:
        request = await self.store.request(request_id)
        return request is not None and request.state in _TO_DO

    async def _write(self, request: AccessRequest) -> None:
        """Read the partner, check that the plan may still be written, write what is missing, read back."""
        if await stop_if_overtaken(request, store=self.store, service=self.service):
            return
        if await self.results.stop_if_too_late(request):
            return  # known without reading, so that it is also said while Graph does not answer
        if request.writing_since is None:
            await self.gate.require_may_begin(request)
        async with self.tenant.together() as reads:
            done_count = await self._count_if_writable(request, reads)
        if done_count is None or await self.results.stop_if_too_late(request):
            return  # the end may have come during the checks
        await self._require_no_unchecked_rejection(request)
        if done_count < len(request.plan.required_operations):
            await self.gate.require_not_frozen(request, done_count=done_count)
            await self.service.advance(request.id, RecordWriting())
        sender = PlanSender(tenant=self.tenant, gate=self.gate, results=self.results)
        sent = await sender.send(request, done_count)
        if sent is not None:
            await self._confirm(request, pauses_seconds=self.pauses.read_back_after, sent=sent)

    async def _require_no_unchecked_rejection(self, request: AccessRequest) -> None:
        """Let a rejection that was received be checked before the first write: of both at once, the rejection wins.

        :raises TenantUnavailable: while one is not checked.
        """
        if is_begun(request):
            return
        clicks = [click.command for click in await self.store.unchecked_clicks()]
        if any(isinstance(one, Reject) and one.request_id == request.id for one in clicks):
            seconds = CLOSING_LOOKED_FOR_AGAIN_AFTER.total_seconds()
            raise TenantUnavailable((Fact(NoteCode.REJECTION_UNCHECKED),), seconds)

    async def _count_if_writable(self, request: AccessRequest, reads: ReadsTogether) -> int | None:
        """Read everything again, and make every check before the rest of the plan is written.

        What the checks need is read together with the partner. A read that fails matters only where it is needed.

        :returns: how many operations of the plan the partner shows; None when the plan must not be written, which is
            recorded.
        """
        plan = request.plan
        is_opening = request.fields.kind is not RequestKind.REVOCATION
        partner = reads.start(self.tenant.read_partner(plan.tenant_id, is_to_close=not is_opening))
        approved, home = None, None
        if is_opening and request.writing_since is None:
            approved = self._approval_reads(reads, request)
        if is_opening:
            home = reads.start(self.tenant.verify_home(must_be_known=True))
        try:
            observed_configuration = await partner
        except TenantRefused as error:
            await self.results.record_unreadable(request, error)
            return None
        done_count = count_written(plan, observed_configuration)
        if await self.results.stop_if_service_provider(request, observed_configuration, done_count):
            return None
        if done_count is None:
            await self.results.record_drift(request, observed_configuration)
            return None
        if await self.results.stop_if_too_late(request):
            return None  # the end came while everything was read
        if await self.results.stop_if_too_late_while_writing(request, observed_configuration, done_count):
            return None
        if not await self._may_be_written(request, observed_configuration, done_count, approved):
            return None
        if home is not None and done_count < len(plan.required_operations):
            await home
        return done_count

    async def _confirm(
        self, request: AccessRequest, *, pauses_seconds: tuple[float, ...], sent: tuple[SentWrite, ...] = ()
    ) -> None:
        """Read back what was sent, and send again what the tenant still does not show when that is allowed."""
        resent_request = await self._read_back.confirm(request, pauses_seconds=pauses_seconds, sent=sent)
        if resent_request is not None:
            await self._write(resent_request)

    @property
    def _refusals(self) -> RefusedPlans:
        return RefusedPlans(tenant=self.tenant, results=self.results, read_back=self._read_back)

    @property
    def _read_back(self) -> ReadBack:
        return ReadBack(
            service=self.service,
            store=self.store,
            tenant=self.tenant,
            alarms=self.alarms,
            gate=self.gate,
            results=self.results,
            resend_decision=ResendDecision(
                store=self.store, tenant=self.tenant, directory=self.directory, clock=self.clock, catalog=self.catalog
            ),
            sleep=self.sleep,
            pauses=self.pauses,
            catalog=self.catalog,
        )

    async def _may_be_written(
        self,
        request: AccessRequest,
        observed_configuration: JsonObject | None,
        done_count: int,
        approved: ApprovalReads | None,
    ) -> bool:
        """Make every check before the rest of the plan is written. When a check fails, its result is recorded.

        :param done_count: how many operations of the plan the partner shows.
        :param approved: what the check of the approvals needs, when it was started already.
        """
        if done_count < len(request.plan.required_operations) and await self._replan_after_gap(
            request, observed_configuration, done_count
        ):
            return False
        if request.writing_since is not None:
            return not await self._is_refused_now(request, observed_configuration, done_count)
        try:
            if await self.results.replan_if_undocumented_members_changed(request, observed_configuration):
                return False
            if await self._has_other_authors(request):
                return False
            return await self._may_still_be_applied(request, approved)
        except TenantRefused as error:
            await self.results.record_refused_check(request, error)
            return False

    def _approval_reads(self, reads: ReadsTogether, request: AccessRequest) -> ApprovalReads:
        return ApprovalReads.start(
            reads,
            request,
            tenant=self.tenant,
            directory=self.directory,
            catalog=self.catalog,
            store=self.store,
        )

    async def _may_still_be_applied(self, request: AccessRequest, approved: ApprovalReads | None) -> bool:
        """Check once more, before the first write, that the plan is still approved; otherwise record why it is not."""
        # NB. read now: an approver who has become the partner's sponsor since then does not count.
        record = await self.store.partnership(request.plan.tenant_id)
        request = with_partner_sponsors(request, record, self.clock.now())
        if request.fields.lifts and await self.results.stop_if_not_liftable(request, record, self.lift_within):
            return False
        found_objection = await find_objection(
            request,
            tenant=self.tenant,
            directory=self.directory,
            catalog=self.catalog,
            store=self.store,
            started=approved,
        )
        if found_objection is None:
            return True

        async def as_read(_: AccessRequest) -> CurrentRoles:
            return found_objection.current_roles or CurrentRoles()

        current_roles_of = None if found_objection.current_roles is None else as_read
        await self.service.advance(
            request.id, found_objection.command_before_first_write(request), current_roles_of=current_roles_of
        )
        return False

    async def _is_refused_now(
        self, request: AccessRequest, observed_configuration: JsonObject | None, done_count: int
    ) -> bool:
        """Check a plan again of which a write may have been sent by an earlier attempt; record why it is not written.

        While the partner shows nothing of it, every check is made again: the process may have stopped right before it
        was sent. Of a plan that shows in part only the rest is left, which is checked again after a freeze.

        :returns: whether nothing more of it is written.
        """
        since = request.writing_since
        is_left = done_count < len(request.plan.required_operations) and is_stopped_by_freeze(request)
        if since is None or not is_left or (done_count and not await self.gate.was_frozen_after(since)):
            return False
        await self.gate.require_not_frozen(request, done_count=done_count)
        # NB. read now, as before the first write: an approver may have become the sponsor during the freeze.
        record = await self.store.partnership(request.plan.tenant_id)
        named = with_partner_sponsors(request, record, self.clock.now(), is_checked_again=True)
        try:
            found = await find_objection(
                named, tenant=self.tenant, directory=self.directory, catalog=self.catalog, store=self.store
            )
        except TenantRefused as error:
            raise TenantUnavailable(error.facts) from error  # a part is written, so it waits for an answer
        if found is None:
            return False
        again = found.command_after_write(Fact(NoteCode.ASKED_AGAIN))
        if not await self.results.end_partly_applied(request, observed_configuration, done_count, again.reason):
            await self.service.advance(request.id, again)
        return True

    async def _has_other_authors(self, request: AccessRequest) -> bool:
        """Request approval again when Entra's log names another author of adopted settings than was shown."""
        if request.fields.kind is not RequestKind.ADOPTION:
            return False
        again = await adoption_with_other_authors(request, tenant=self.tenant, store=self.store, now=self.clock.now())
        if again is not None:
            await self.service.advance(request.id, again)
        return again is not None

    async def _replan_after_gap(
        self, request: AccessRequest, observed_configuration: JsonObject | None, done_count: int
    ) -> bool:
        """Request approval again for a plan approved before a gap, unless the audit log shows no change since.

        :returns: whether approval was requested again, or the request was ended because a part is in the tenant.
        """
        again = await command_after_gap(request, store=self.store, tenant=self.tenant, clock=self.clock)
        if again is not None and not await self.results.end_partly_applied(
            request, observed_configuration, done_count, again.reason
        ):
            await self.service.advance(request.id, again)
        return again is not None

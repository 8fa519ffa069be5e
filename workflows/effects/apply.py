"""Write an approved plan and verify it: read, compare, write what is missing, read back.

A write with an unknown result is never repeated before the partner was read. After a crash or a timeout, the next
attempt starts by reading. `workflows.core.requests.resending` decides when an accepted write is sent again that Graph
does not show. A revocation is never given up.

This file is long because the order of reading, writing and reading back has to be read in one place.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from workflows.app.alarms import Alarms
from workflows.app.revocation_alarms import (
    partner_of,
    report_open_access,
    report_refused_revocation,
    report_repeated_changes,
)
from workflows.app.schedule.downtime import command_after_gap
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.checks.findings import Severity, UnfitPlan
from workflows.core.checks.partner_rules import check_partner
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.people import Roster
from workflows.core.plans.drift import three_way_difference
from workflows.core.plans.plan import Plan, count_written, is_confirmed
from workflows.core.requests.commands.request import (
    RecordApplied,
    RecordApplyFailed,
    RecordDelayed,
    RecordOverwritten,
    RecordResent,
    RecordUnseen,
    RecordWriting,
    Replan,
    Stop,
)
from workflows.core.requests.deciding import access_ends_at, is_too_late
from workflows.core.requests.lifecycle import closes
from workflows.core.requests.notes import NoteCode, is_first_plan, not_written, progress
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.requests.resending import ALARMING_REPLANS, OPENING_WITHIN, first_sent
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.described import undescribed_changes
from workflows.effects.further_writes import write_further
from workflows.effects.resending import ResendDecision
from workflows.effects.still_approved import objection
from workflows.partner_lookup.lookup import read_default
from workflows.pauses import USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import AlreadyExists, Tenant, TenantRefused, TenantUnavailable

_TO_DO: Final = frozenset({RequestState.APPLYING, RequestState.UNCONFIRMED})
_FOR_AN_ADMIN: Final = frozenset({401, 403})
"""Refusals that end when an admin renews a secret or grants a permission. An approved plan waits for that."""
_WAITS_FOR_AN_ADMIN: Final = Fact(NoteCode.WAITS_FOR_ADMIN)
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Performs Apply. May be repeated safely at every point."""

    service: Service
    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    clock: Clock
    alarms: Alarms
    catalog: Catalog | None = None
    """The current templates and roles; None: they are not compared."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    pauses: Pauses = USUAL_PAUSES

    async def apply(self, request_id: RequestId) -> None:
        """Change the tenant to the state after the plan, or record why not.

        :raises TenantUnavailable, PeopleDirectoryUnavailable: after recording that the request waits; try again later.
        """
        request = await self.store.request(request_id)
        if request is None or request.state not in _TO_DO:
            return
        try:
            if request.state is RequestState.APPLYING:
                await self._write(request)
            else:
                await self._confirm(request, rests=(0.0,))
        except (TenantUnavailable, PeopleDirectoryUnavailable) as error:
            if await self._is_still_to_do(request_id):
                await self.service.advance(
                    request_id, RecordDelayed(reason=(*error.facts, Fact(NoteCode.KEEPS_TRYING)))
                )
                raise
        except Refused:
            # The request has changed in the meantime. For example, an admin's revocation stopped it.
            if await self._is_still_to_do(request_id):
                raise

    async def _is_still_to_do(self, request_id: RequestId) -> bool:
        request = await self.store.request(request_id)
        return request is not None and request.state in _TO_DO

    async def _write(self, request: AccessRequest) -> None:
        """Read the partner, check that the plan may still be written, write what is missing, read back."""
        plan = request.known.plan
        if await self._is_stopped_late(request):
            return  # known without reading, so that it is also said while Graph does not answer
        try:
            observed = await self.tenant.read_partner(plan.tenant_id)
        except TenantRefused as error:
            await self._unreadable(request, error)
            return
        done = count_written(plan, observed)
        if await self._is_a_service_provider(request, observed, done):
            return
        if done is None:
            await self._record_drift(request, observed)
            return
        if await self._is_given_up_late(request, observed, done):
            return
        if not await self._may_be_written(request, observed, done):
            return
        is_missing = done < len(plan.required)
        if is_missing and request.particulars.kind is not RequestKind.REVOCATION:
            await self.tenant.verify_home(must_be_known=True)
        if await self._is_stopped_late(request):
            return  # the end came during the checks
        if is_missing:
            await self.service.advance(request.id, RecordWriting())
        if await self._send(request, done):
            await self._confirm(request, rests=self.pauses.read_back_after)

    async def _unreadable(self, request: AccessRequest, error: TenantRefused) -> None:
        """Record that Graph refuses to show the partner, or raise the error that makes the outbox try again."""
        if request.particulars.kind is RequestKind.REVOCATION:
            raise await self._still_tried(request, error) from error
        if error.status in _FOR_AN_ADMIN:
            raise TenantUnavailable((*error.facts, _WAITS_FOR_AN_ADMIN)) from error
        # An earlier attempt may have written and then been interrupted. So the text says nothing about the result.
        reason = (Fact(NoteCode.SETTINGS_UNREADABLE), *error.facts)
        await self.service.advance(request.id, RecordApplyFailed(reason=reason))

    async def _may_be_written(self, request: AccessRequest, observed: JsonObject | None, done: int) -> bool:
        """Make every check before the rest of the plan is written. When a check fails, its result is recorded.

        :param done: how many operations of the plan the partner shows.
        """
        if done < len(request.known.plan.required) and await self._is_held_by_gap(request):
            return False
        if done > 0 or request.writing_since is not None:
            # Once a write was sent, the check before it has passed. Only reading and finishing is left.
            return True
        try:
            if await self._changed_unknown_members(request, observed):
                return False
            return await self._may_still_be_applied(request)
        except TenantRefused as error:
            await self._failed(request, 0, error)
            return False

    async def _send(self, request: AccessRequest, done: int) -> bool:
        """Send the operations of the plan from number `done` on. False: the end of the request is recorded."""
        plan = request.known.plan
        for index in range(done, len(plan.required)):
            if self._is_too_late(request):
                raise TenantUnavailable((_access_ended(request),))  # the next attempt reads what is in the tenant
            try:
                await self.tenant.write(plan.required[index])
            except AlreadyExists:
                existing = await self._existing(plan, index)
                if (count_written(plan, existing) or 0) <= index:
                    await self._record_drift(request, existing, is_written=index > done)
                    return False
            except TenantRefused as error:
                if not await self._record_if_vanished(request, index, error, is_written=index > done):
                    await self._failed(request, index, error)
                return False
        return True

    async def _may_still_be_applied(self, request: AccessRequest) -> bool:
        """Check once more, before the first write, that it is still what was approved."""
        objected = await objection(request, tenant=self.tenant, directory=self.directory, catalog=self.catalog)
        if objected is None:
            return True

        async def as_read(_: AccessRequest) -> Roster:
            return objected.roster or Roster()

        roster_of = None if objected.roster is None else as_read
        await self.service.advance(request.id, objected.before_the_first_write(request), roster_of=roster_of)
        return False

    async def _confirm(self, request: AccessRequest, *, rests: tuple[float, ...]) -> None:
        plan = request.known.plan
        observed: JsonObject | None = None
        for rest in rests:
            await self.sleep(rest)
            observed = await self._read_back(request)
            if observed is not None and is_confirmed(plan, observed):
                if plan.further and request.state is RequestState.APPLYING:
                    await self.service.advance(request.id, RecordWriting())
                tried = await write_further(plan, observed, tenant=self.tenant, sleep=self.sleep, pauses=self.pauses)
                if tried.unanswered and request.particulars.kind is RequestKind.REVOCATION:
                    # Before the end is recorded: a crash in between repeats this, and the alarm is never missing.
                    await report_open_access(self.alarms, self.store, request, tried.unanswered)
                # Read last, and only where it is checked: the default may have changed since the plan was made.
                default = await read_default(tenant=self.tenant) if closes(request) else None
                command = RecordApplied(image=tried.image, refused=tried.refused, default=default)
                await self.service.advance(request.id, command)
                return
        if count_written(plan, observed) is None:
            # Neither the plan nor a step towards it. Waiting longer cannot change that.
            await self._record_drift(request, observed, is_written=True)
            return
        if request.state is RequestState.UNCONFIRMED:
            if await self._is_given_up_late(request, observed, count_written(plan, observed) or 0):
                return
            if await self._is_taken_up_again(request):
                return
        await self._unseen(request)
        raise TenantUnavailable((Fact(NoteCode.CHANGE_NOT_SHOWN),))

    def _is_too_late(self, request: AccessRequest) -> bool:
        return is_too_late(request, self.clock.now())

    async def _is_stopped_late(self, request: AccessRequest) -> bool:
        """End a request of which nothing was sent before the requested access ended."""
        if request.writing_since is not None or not self._is_too_late(request):
            return False
        reason = (_access_ended(request), not_written(request), Fact(NoteCode.REQUEST_LATER_END))
        await self.service.advance(request.id, Stop(reason=reason))
        return True

    async def _is_given_up_late(self, request: AccessRequest, observed: JsonObject | None, done: int) -> bool:
        """End a request whose access ended while its plan was being written: nothing more is sent.

        What was sent may be shown late, so it is read for some time before. A part of the plan that is then in the
        tenant is recorded, and its review is due at once. A complete plan is confirmed like any other.

        :raises TenantUnavailable: while what was sent may still be shown.
        """
        if done == len(request.known.plan.required) or not self._is_too_late(request):
            return False
        if self.clock.now() - first_sent(request) < OPENING_WITHIN:
            raise TenantUnavailable((Fact(NoteCode.CHANGE_NOT_SHOWN),))
        next_step = Fact(NoteCode.CHECK_PART if done else NoteCode.REQUEST_LATER_END)
        reason = (progress(request, done), _access_ended(request), next_step)
        await self.service.advance(request.id, Stop(reason=reason, image=observed if done else None))
        return True

    async def _is_taken_up_again(self, request: AccessRequest) -> bool:
        """Send again, or request approval again, for writes that are not shown for some time.

        False: only reading is left. The decision to send again is stored first, so that a crash never sends an opening
        a third time.
        """
        resending = ResendDecision(tenant=self.tenant, directory=self.directory, clock=self.clock, catalog=self.catalog)
        try:
            command = await resending.next_command(request)
        except TenantRefused as error:
            raise TenantUnavailable((*error.facts, Fact(NoteCode.SENT_NOT_SHOWN))) from error
        if command is None:
            return False
        request = await self.service.advance(request.id, command)
        if isinstance(command, RecordResent):
            await self._write(request)
        return True

    async def _is_held_by_gap(self, request: AccessRequest) -> bool:
        """Request approval again for a plan approved before a gap, unless the tenant shows no change since."""
        again = await command_after_gap(request, store=self.store, tenant=self.tenant, clock=self.clock)
        if again is not None:
            await self.service.advance(request.id, again)
        return again is not None

    async def _read_back(self, request: AccessRequest) -> JsonObject | None:
        try:
            return await self.tenant.read_partner(request.known.plan.tenant_id)
        except (TenantRefused, TenantUnavailable) as error:
            # Graph accepted every write. From now on only reading is left, whatever error it meets.
            await self._unseen(request)
            if isinstance(error, TenantRefused) and request.particulars.kind is RequestKind.REVOCATION:
                raise await self._still_tried(request, error, Fact(NoteCode.SENT_UNREADABLE)) from error
            raise TenantUnavailable(
                (Fact(NoteCode.ACCEPTED_UNREADABLE), *error.facts),
                getattr(error, "retry_after", None),
            ) from error

    async def _unseen(self, request: AccessRequest) -> None:
        """Record the state UNCONFIRMED, once. Later attempts send no more messages."""
        if request.state is RequestState.APPLYING:
            await self.service.advance(request.id, RecordUnseen())

    async def _existing(self, plan: Plan, index: int) -> JsonObject:
        """Read what already exists where an operation creates: our own earlier write, or somebody else's.

        :raises TenantUnavailable: while it is not shown; an object that exists but is not shown here is no drift.
        """
        try:
            observed = await self.tenant.read_partner(plan.tenant_id)
        except TenantRefused as error:
            raise TenantUnavailable((Fact(NoteCode.EXISTS_UNREADABLE), *error.facts)) from error
        if observed is None or is_confirmed(plan, observed, index):
            # The directory is replicated: it exists where the write arrived, and is not shown here yet. No drift.
            raise TenantUnavailable((Fact(NoteCode.EXISTS_NOT_SHOWN),))
        return observed

    async def _is_a_service_provider(
        self, request: AccessRequest, observed: JsonObject | None, done: int | None
    ) -> bool:
        """End a request whose partner has become a service provider; closing is never refused.

        What was written before stays in effect. A part of the plan ends as failed. The complete plan, or a drift, is
        reported as such.
        """
        plan = request.known.plan
        errors = [one for one in check_partner(plan.tenant_id, observed) if one.severity is Severity.ERROR]
        if request.particulars.kind is RequestKind.REVOCATION or not errors:
            return False
        reason = UnfitPlan("target", errors).facts
        if request.writing_since is None:
            await self.service.advance(request.id, Stop(reason=(*reason, not_written(request))))
        elif done is None or done == len(plan.required):
            return False
        else:
            await self.service.advance(request.id, RecordApplyFailed(reason=(progress(request, done), *reason)))
        return True

    async def _record_drift(
        self, request: AccessRequest, observed: JsonObject | None, *, is_written: bool = False
    ) -> None:
        """Record that somebody else changed the partner. What Gatehouse may have written itself is never denied."""
        is_ours = is_written or request.writing_since is not None
        if is_ours and request.particulars.kind is not RequestKind.REVOCATION:
            await self.service.advance(request.id, RecordOverwritten(image=observed))
        else:
            await self._replan(request, observed, is_unwritten=not is_ours)

    async def _changed_unknown_members(self, request: AccessRequest, observed: JsonObject | None) -> bool:
        """Request approval again where undescribed members have other values than shown; nobody is named as the cause.

        A revocation does not wait for this. What is open besides its block is read back and reported.
        """
        plan = request.known.plan
        names = undescribed_changes(plan.before, observed)
        if request.particulars.kind is RequestKind.REVOCATION or not names:
            return False
        reason = Fact(NoteCode.UNKNOWN_SETTINGS_CHANGED, {"names": list(names), "is_first": is_first_plan(request)})
        again = Replan(reason=(reason,), drift=three_way_difference(plan, observed), is_unwritten=True)
        await self.service.advance(request.id, again)
        return True

    async def _replan(self, request: AccessRequest, observed: JsonObject | None, *, is_unwritten: bool) -> None:
        is_revocation = request.particulars.kind is RequestKind.REVOCATION
        values = {"is_first": is_first_plan(request), "is_unwritten": is_unwritten, "is_revocation": is_revocation}
        reason = (Fact(NoteCode.CHANGED_BY_OTHERS), Fact(NoteCode.PLANNED_AGAIN, values))
        if is_revocation and request.replans + 1 >= ALARMING_REPLANS:
            # Before it is recorded: a crash in between repeats this, and the alarm is never missing.
            await report_repeated_changes(self.alarms, request)
        drift = three_way_difference(request.known.plan, observed)
        await self.service.advance(request.id, Replan(reason=reason, drift=drift, is_unwritten=is_unwritten))

    async def _failed(self, request: AccessRequest, done: int, error: TenantRefused) -> None:
        if request.particulars.kind is RequestKind.REVOCATION:
            raise await self._still_tried(request, error, progress(request, done)) from error
        if error.status in _FOR_AN_ADMIN:
            raise TenantUnavailable((*error.facts, _WAITS_FOR_AN_ADMIN))
        await self.service.advance(request.id, RecordApplyFailed(reason=(progress(request, done), *error.facts)))

    async def _record_if_vanished(
        self, request: AccessRequest, index: int, error: TenantRefused, *, is_written: bool
    ) -> bool:
        """Read again where Graph does not find what was read shortly before; False for any other refusal.

        :raises TenantUnavailable: while the new read still finds it: the write reached a replica that was out of date.
        """
        plan = request.known.plan
        if error.status != _NOT_FOUND or plan.operations[index].method == "POST":
            return False
        try:
            observed = await self.tenant.read_partner(plan.tenant_id)
        except TenantRefused as refused:
            raise TenantUnavailable((Fact(NoteCode.WAS_THERE), *refused.facts)) from refused
        if count_written(plan, observed) is not None:
            raise TenantUnavailable((*error.facts, Fact(NoteCode.TRIED_AGAIN)))
        await self._record_drift(request, observed, is_written=is_written)
        return True

    async def _still_tried(self, request: AccessRequest, error: TenantRefused, *stands: Fact) -> TenantUnavailable:
        """Raise the alarm that a revocation is refused, and return the error that makes the outbox try again."""
        cure = (_WAITS_FOR_AN_ADMIN,) if error.status in _FOR_AN_ADMIN else ()
        return await report_refused_revocation(
            self.alarms, request.id, partner_of(request), (*stands, *error.facts, *cure)
        )


def _access_ended(request: AccessRequest) -> Fact:
    ends_at = access_ends_at(request)
    return Fact(NoteCode.ACCESS_ENDED, {"ends_at": None if ends_at is None else ends_at.isoformat()})

"""The one place from which an operation is sent to the tenant. During a freeze it refuses what opens access.

Operations of a wave are handed to its `WaveWrites`, which call back for the last check, right before they are sent.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from workflows.app.batches.wave_writes import WaveWrites
from workflows.app.reads.known_freeze import UNREADABLE, known_freeze, last_freeze
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.plans.accounts import AccountChange
from workflows.core.plans.closing import closes_everything, writes_only_reductions
from workflows.core.plans.plan import PARTNERS_PATH, CallIds, Operation, Plan, partner_address
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.freezing import freeze_note, is_stopped_by_freeze, is_void
from workflows.intervals import CLOCK_HOLDS_FROM
from workflows.ports.audit_log import RestsOn
from workflows.ports.clock import ClockComparison
from workflows.ports.effects_queue import EffectTakenOver
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantUnavailable, asked_before_writes


class WritesFrozen(TenantUnavailable):
    """Nothing that opens access may be written now. The request stays approved, and waits for the end of the freeze."""

    def __init__(self, freeze: Freeze, done_count: int) -> None:
        """Create the error.

        :param done_count: how many operations of the plan the tenant shows or has accepted.
        """
        super().__init__((freeze_note(freeze),))
        self.done_count = done_count


def is_certainly_unsent(error: TenantUnavailable) -> bool:
    """Return whether a write was certainly not carried out: Graph refused it as one too many, or it was never sent."""
    stopped_here = (
        *(NoteCode.FREEZE_UNREADABLE, NoteCode.CLOCK_WRONG, NoteCode.NOT_AS_SIGNED),
        TenantCode.NOT_CALLED,
    )
    is_stopped_here = any(fact.code in stopped_here for fact in error.facts)
    return error.is_throttled or isinstance(error, WritesFrozen) or is_stopped_here


_BEING_WRITTEN = frozenset({RequestState.APPLYING, RequestState.UNCONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteGate:
    """Sends operations. The stored freeze is read, and the clock compared, right before each one."""

    tenant: Tenant
    store: Store
    clock_comparison: ClockComparison | None = None
    """Knows whether our clock is wrong; None: it is not compared."""
    wave: WaveWrites | None = None
    """The writes of other partners that are sent together with this one; None: it is sent alone."""

    async def require_not_frozen(self, request: AccessRequest, *, done_count: int = 0) -> None:
        """Check that a request may be written now.

        :param done_count: see `WritesFrozen`.
        :raises WritesFrozen: during a freeze, for a request that opens access.
        :raises TenantUnavailable: when the record of the freeze cannot be read, our clock is wrong, or what the request
            rests on is not as signed entries say; it is tried again. Also for a request from before a held start, which
            opens nothing any more, and is about to be ended.
        """
        if not is_stopped_by_freeze(request):
            return
        self._require_clock_right()
        freeze = await last_freeze(self.store)
        if freeze is UNREADABLE:
            raise TenantUnavailable((Fact(NoteCode.FREEZE_UNREADABLE),))
        if freeze is not None and freeze.is_frozen:
            raise WritesFrozen(freeze, done_count)
        if is_void(request, freeze):
            raise TenantUnavailable((Fact(NoteCode.VOID_AFTER_RESTORE),))
        await self._require_as_signed(request)

    async def _require_as_signed(self, request: AccessRequest) -> None:
        """Check that the request, its partner, its batch and the freeze are as signed entries say.

        :raises TenantUnavailable: when something other than Gatehouse changed one of them.
        """
        about = RestsOn(
            request_id=request.id, request=request, tenant_id=request.plan.tenant_id, batch_id=request.batch or ""
        )
        if await self.store.unproven(about):
            raise TenantUnavailable((Fact(NoteCode.NOT_AS_SIGNED),))

    async def require_may_begin(self, request: AccessRequest) -> None:
        """Check, before anything of a plan is written, that a request may be written now.

        :raises SurplusPermissions: for a request that opens access, while the application has permissions that it does
            not need. What was begun is written to its end.
        :raises WritesFrozen, TenantUnavailable: see `require_not_frozen`.
        """
        await self.require_not_frozen(request)
        if is_stopped_by_freeze(request):
            await self.tenant.verify_permissions()

    async def send(self, request: AccessRequest, operation: Operation, *, done_count: int = 0) -> CallIds:
        """Send one operation of a request's plan.

        :raises WritesFrozen, TenantUnavailable: see `require_not_frozen`, and `Tenant.write`.
        :raises EffectTakenOver: see `require_still_mine`.
        """
        _require_of_partner(request, operation)
        await self.require_not_frozen(request, done_count=done_count)
        still_mine = partial(self.require_still_mine, request)
        if self.wave is not None:
            last_check = partial(self._require_still_wanted, request, done_count)
            return await self.wave.write(request.plan.tenant_id, operation, last_check, still_mine)
        await still_mine()
        with asked_before_writes(still_mine):
            return await self.tenant.write(operation)

    async def require_still_mine(self, request: AccessRequest) -> None:
        """Check that no other process has taken this work over, as when this one was suspended for some time.

        It is asked before a write is begun, and by what sends it right before it leaves: in between it may wait for a
        token, for its turn, or for an answer about our own tenant. Whatever was checked before is as old as that time.
        What closes access is not checked: it may be sent twice.
        NB. a plan that only reduces access is checked, because it opens a partner that was blocked meanwhile.

        :raises EffectTakenOver: for a request that does not certainly close, when it was taken over. Nothing is
            recorded then: the other process reads the partner, and goes on.
        """
        if not _certainly_closes(request) and not await self.store.is_still_mine():
            raise EffectTakenOver

    async def _require_still_wanted(self, request: AccessRequest, done_count: int) -> None:
        """Check at the last moment what may have changed while an operation waited for others.

        :raises WritesFrozen, TenantUnavailable: see `require_not_frozen`.
        :raises Refused: when somebody ended the request, for example by revoking the partner.
        """
        await self.require_not_frozen(request, done_count=done_count)
        now = await self.store.request(request.id)
        if now is None or now.state not in _BEING_WRITTEN:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        await self.require_still_mine(request)

    async def send_optional(self, request: AccessRequest, operation: Operation) -> CallIds:
        """Send one operation that Graph may refuse, unless it was frozen since the first write of the plan.

        It is not sent later either: nobody waits for it, and the checks were made before that freeze.

        :raises TenantUnavailable: when it is not sent, and see `Tenant.write`.
        """
        _require_of_partner(request, operation)
        await self._require_never_frozen(request)
        still_mine = partial(self.require_still_mine, request)
        if self.wave is not None:
            last_check = partial(self._require_never_frozen, request)
            return await self.wave.write(request.plan.tenant_id, operation, last_check, still_mine)
        with asked_before_writes(still_mine):
            return await self.tenant.write(operation)

    async def _require_never_frozen(self, request: AccessRequest) -> None:
        if not is_stopped_by_freeze(request):
            await self.require_still_mine(request)
            return
        self._require_clock_right()
        since = request.writing_since
        frozen = await known_freeze(self.store) is not None if since is None else await self.was_frozen_after(since)
        frozen = frozen or is_void(request, await last_freeze(self.store))
        if frozen:
            raise TenantUnavailable((Fact(NoteCode.NOT_SENT_FROZEN),))
        await self._require_as_signed(request)
        await self.require_still_mine(request)

    def _require_clock_right(self) -> None:
        """Check that our clock is not certainly wrong: approvals, starts and ends are judged by it.

        :raises TenantUnavailable: when it is wrong by two minutes or more.
        """
        wrong_by = None if self.clock_comparison is None else self.clock_comparison.wrong_by()
        if wrong_by is not None and abs(wrong_by) >= CLOCK_HOLDS_FROM:
            seconds = int(abs(wrong_by).total_seconds())
            raise TenantUnavailable((Fact(NoteCode.CLOCK_WRONG, {"seconds": seconds}),))

    async def was_frozen_after(self, moment: datetime) -> bool:
        """Return whether a freeze is in force or ended after a moment: what was checked then must be checked again."""
        freeze = await last_freeze(self.store)
        return freeze is not None and (freeze.ended_at is None or freeze.ended_at > moment)


def _require_of_partner(request: AccessRequest, operation: Operation) -> None:
    """Check that an operation writes the partner of its plan, and a revocation opens nothing, whatever stored the plan.

    :raises AssertionError: for one that writes another object, or that opens in the name of a revocation.
    """
    address = partner_address(request.plan.tenant_id)
    is_created = (operation.path, operation.body.get("tenantId")) == (PARTNERS_PATH, request.plan.tenant_id)
    if not is_created and operation.path != address and not operation.path.startswith(f"{address}/"):
        raise AssertionError(f"{request.id} would write {operation.path}, which is not of its partner")
    if request.fields.kind is RequestKind.REVOCATION and not _only_closes(request.plan):
        raise AssertionError(f"{request.id} is a revocation, and its plan does not only close")


def _certainly_closes(request: AccessRequest) -> bool:
    """Return whether a request closes access whatever somebody else wrote since it was planned."""
    return request.fields.kind is RequestKind.REVOCATION or request.fields.account_change is AccountChange.DISABLE


def _only_closes(plan: Plan) -> bool:
    """Return whether a plan certainly closes: a revocation needs no approval, and no freeze stops it.

    Either is enough, so that a stored plan of an earlier version is still written.
    """
    return closes_everything(plan) or writes_only_reductions(plan)

"""Send the operations of a plan to Graph, one after the other, until one is refused."""

from dataclasses import dataclass
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import CallIds, Plan, SentWrite, count_written, is_confirmed
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.canonical import JsonObject
from workflows.effects.applying.results import ApplyResults
from workflows.effects.applying.write_gate import WriteGate, is_certainly_unsent
from workflows.ports.tenant import AlreadyExists, Tenant, TenantRefused, TenantUnavailable

_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSender:
    """Sends the operations of a plan that are not in the tenant yet. Reads the partner when the result is unclear."""

    tenant: Tenant
    gate: WriteGate
    results: ApplyResults

    async def send(self, request: AccessRequest, done_count: int) -> tuple[SentWrite, ...] | None:
        """Send the operations of the plan from number `done_count` on.

        :returns: the accepted writes of which an id is known, when Graph accepted all. Otherwise None: the end of the
            request is recorded, or a refusal, after which the partner is only read.
        """
        plan, sent = request.plan, []
        for index in range(done_count, len(plan.required_operations)):
            self.results.require_in_time(request)
            operation = plan.required_operations[index]
            try:
                ids = await self.gate.send(request, operation, done_count=index)
            except AlreadyExists:
                existing = await self._read_existing_partner(plan, index)
                if (count_written(plan, existing) or 0) <= index:
                    await self.results.record_drift(request, existing, is_written=index > done_count)
                    return None
            except TenantUnavailable as error:
                if index == done_count and is_certainly_unsent(error):
                    await self.results.record_nothing_sent(request, error)
                raise
            except TenantRefused as error:
                if not await self._record_if_partner_disappeared(request, index, error, is_written=index > done_count):
                    await self.results.record_refusal(request, index, error)
                return None
            else:
                if ids != CallIds():
                    at = self.results.clock.now()
                    sent.append(SentWrite(method=operation.method, path=operation.path, at=at, ids=ids))
        return tuple(sent)

    async def _read_existing_partner(self, plan: Plan, index: int) -> JsonObject:
        """Read the object that exists already although an operation was to create it.

        It may be our own earlier write, or somebody else's.

        :raises TenantUnavailable: while Graph does not show it. That is no drift: the object may not be replicated yet.
        """
        try:
            observed = await self.tenant.read_partner(plan.tenant_id, is_to_close=plan.is_revocation)
        except TenantRefused as error:
            raise TenantUnavailable((Fact(NoteCode.EXISTS_UNREADABLE), *error.facts)) from error
        if observed is None or is_confirmed(plan, observed, index):
            # The directory is replicated: it exists where the write arrived, and is not shown here yet. No drift.
            raise TenantUnavailable((Fact(NoteCode.EXISTS_NOT_SHOWN),))
        return observed

    async def _record_if_partner_disappeared(
        self, request: AccessRequest, index: int, error: TenantRefused, *, is_written: bool
    ) -> bool:
        """Read the partner again when Graph answers that it does not exist, and record that it disappeared.

        :returns: whether it was recorded. False for any other refusal.
        :raises TenantUnavailable: when the partner exists after all: the write reached a server that was out of date.
        """
        plan = request.plan
        if error.status != _NOT_FOUND or plan.operations[index].method == "POST":
            return False
        try:
            observed = await self.tenant.read_partner(plan.tenant_id, is_to_close=plan.is_revocation)
        except TenantRefused as refused:
            raise TenantUnavailable((Fact(NoteCode.WAS_THERE), *refused.facts)) from refused
        if count_written(plan, observed) is not None:
            raise TenantUnavailable((*error.facts, Fact(NoteCode.TRIED_AGAIN)))
        await self.results.record_drift(request, observed, is_written=is_written)
        return True

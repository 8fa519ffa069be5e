"""Find out what is in the tenant after Graph refused a write of a plan, and record it.

Nothing more is sent. The partner is read until the result is known: complete, a part, nothing, or changed by somebody
else.
"""

from dataclasses import dataclass

from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import count_written
from workflows.core.requests.notes import NoteCode, not_written, progress
from workflows.core.requests.request import AccessRequest, WriteRefusal
from workflows.effects.applying.reading_back import ReadBack
from workflows.effects.applying.results import ApplyResults
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPlans:
    """Ends requests whose plan Graph refused. May be repeated safely."""

    tenant: Tenant
    results: ApplyResults
    read_back: ReadBack

    async def settle(self, request: AccessRequest, refusal: WriteRefusal) -> None:
        """Read the partner, and record what is in the tenant.

        :raises TenantUnavailable: while the partner cannot be read, or Graph does not show yet the writes that it
            accepted.
        """
        plan = request.plan
        try:
            observed = await self.tenant.read_partner(plan.tenant_id, is_to_close=plan.is_revocation)
        except (TenantRefused, TenantUnavailable) as error:
            raise TenantUnavailable(
                (Fact(NoteCode.REFUSED_UNREAD), *error.facts), getattr(error, "retry_after", None)
            ) from error
        written_count = count_written(plan, observed)
        if written_count is None:
            # Neither the plan nor a step towards it. Nobody approved that, whoever wrote it.
            await self.results.record_drift(request, observed, is_written=True)
            return
        if observed is not None and written_count == len(plan.required_operations):
            # The answer was a refusal, and still the complete plan is in the tenant.
            await self.read_back.send_optional_writes_and_record(request, observed)
            return
        may_be_ours = refusal.accepted > 0 or refusal.is_unsure
        is_missing = written_count < refusal.accepted or refusal.is_unsure or (written_count == 0 and may_be_ours)
        if is_missing and self.results.may_be_shown_late(request):
            raise TenantUnavailable((Fact(NoteCode.REFUSED_NOT_SHOWN), *refusal.reason))
        note = progress(request, written_count, is_read=True) if written_count or may_be_ours else not_written(request)
        await self.results.record_not_completed(request, observed, written_count, (note, *refusal.reason))

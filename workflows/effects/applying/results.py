"""Record how an apply ends, or why it waits: drift, a refusal, a service provider, an end that has passed."""

from dataclasses import dataclass
from typing import Final

from workflows.app.alarms import Alarms
from workflows.app.revocation_alarms import (
    partner_of,
    report_refused_revocation,
    report_repeated_changes,
)
from workflows.app.service import Service
from workflows.core.checks.findings import Severity, UnfitPlan
from workflows.core.checks.partner_rules import check_partner
from workflows.core.errors.facts import Fact
from workflows.core.plans.drift import three_way_difference
from workflows.core.requests.commands.request import (
    RecordApplyFailed,
    RecordOverwritten,
    Replan,
    Stop,
)
from workflows.core.requests.deciding import access_ends_at, is_too_late
from workflows.core.requests.notes import NoteCode, is_first_plan, not_written, progress
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.requests.resending import REPLANS_BEFORE_ALARM, RESEND_WITHIN, first_sent
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.undescribed_members import changed_undescribed_members
from workflows.ports.clock import Clock
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_FOR_AN_ADMIN: Final = frozenset({401, 403})
"""Refusals that end when an admin renews a secret or grants a permission. An approved plan waits for that."""
_WAITS_FOR_AN_ADMIN: Final = Fact(NoteCode.WAITS_FOR_ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResults:
    """Records results through the lifecycle. May be repeated safely."""

    service: Service
    clock: Clock
    alarms: Alarms

    async def is_stopped_late(self, request: AccessRequest) -> bool:
        """End a request of which nothing was sent before the requested access ended."""
        if request.writing_since is not None or not self._is_too_late(request):
            return False
        reason = (_access_ended(request), not_written(request), Fact(NoteCode.REQUEST_LATER_END))
        await self.service.advance(request.id, Stop(reason=reason))
        return True

    async def is_given_up_late(self, request: AccessRequest, observed: JsonObject | None, done: int) -> bool:
        """End a request whose access ended while its plan was being written: nothing more is sent.

        What was sent may be shown late, so it is read for some time before. A part of the plan that is then in the
        tenant is recorded, and its review is due at once. A complete plan is confirmed like any other.

        :raises TenantUnavailable: while what was sent may still be shown.
        """
        if done == len(request.known.plan.required) or not self._is_too_late(request):
            return False
        if self.clock.now() - first_sent(request) < RESEND_WITHIN:
            raise TenantUnavailable((Fact(NoteCode.CHANGE_NOT_SHOWN),))
        next_step = Fact(NoteCode.CHECK_PART if done else NoteCode.REQUEST_LATER_END)
        reason = (progress(request, done), _access_ended(request), next_step)
        await self.service.advance(request.id, Stop(reason=reason, image=observed if done else None))
        return True

    async def is_a_service_provider(
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

    async def record_drift(
        self, request: AccessRequest, observed: JsonObject | None, *, is_written: bool = False
    ) -> None:
        """Record that somebody else changed the partner. What Gatehouse may have written itself is never denied."""
        is_ours = is_written or request.writing_since is not None
        if is_ours and request.particulars.kind is not RequestKind.REVOCATION:
            await self.service.advance(request.id, RecordOverwritten(image=observed))
        else:
            await self._replan(request, observed, is_unwritten=not is_ours)

    async def changed_unknown_members(self, request: AccessRequest, observed: JsonObject | None) -> bool:
        """Request approval again where undescribed members have other values than shown; nobody is named as the cause.

        A revocation does not wait for this. What is open besides its block is read back and reported.
        """
        plan = request.known.plan
        names = changed_undescribed_members(plan.before, observed)
        if request.particulars.kind is RequestKind.REVOCATION or not names:
            return False
        reason = Fact(NoteCode.UNKNOWN_SETTINGS_CHANGED, {"names": list(names), "is_first": is_first_plan(request)})
        again = Replan(reason=(reason,), drift=three_way_difference(plan, observed), is_unwritten=True)
        await self.service.advance(request.id, again)
        return True

    async def record_unreadable(self, request: AccessRequest, error: TenantRefused) -> None:
        """Record that Graph refuses to show the partner, or raise the error that makes the queue worker try again."""
        if request.particulars.kind is RequestKind.REVOCATION:
            raise await self.retried_with_alarm(request, error) from error
        if error.status in _FOR_AN_ADMIN:
            raise TenantUnavailable((*error.facts, _WAITS_FOR_AN_ADMIN)) from error
        # An earlier attempt may have written and then been interrupted. So the text says nothing about the result.
        reason = (Fact(NoteCode.SETTINGS_UNREADABLE), *error.facts)
        await self.service.advance(request.id, RecordApplyFailed(reason=reason))

    async def record_failed(self, request: AccessRequest, done: int, error: TenantRefused) -> None:
        """Record that Graph refuses a write, or raise the error that makes the queue worker try again.

        :param done: how many operations of the plan were accepted before.
        :raises TenantUnavailable: for a revocation, and while an admin can remove the cause.
        """
        if request.particulars.kind is RequestKind.REVOCATION:
            raise await self.retried_with_alarm(request, error, progress(request, done)) from error
        if error.status in _FOR_AN_ADMIN:
            raise TenantUnavailable((*error.facts, _WAITS_FOR_AN_ADMIN))
        await self.service.advance(request.id, RecordApplyFailed(reason=(progress(request, done), *error.facts)))

    async def retried_with_alarm(
        self, request: AccessRequest, error: TenantRefused, *earlier_facts: Fact
    ) -> TenantUnavailable:
        """Raise the alarm that a revocation is refused, and return the error that makes the queue worker try again."""
        cure = (_WAITS_FOR_AN_ADMIN,) if error.status in _FOR_AN_ADMIN else ()
        return await report_refused_revocation(
            self.alarms, request.id, partner_of(request), (*earlier_facts, *error.facts, *cure)
        )

    async def _replan(self, request: AccessRequest, observed: JsonObject | None, *, is_unwritten: bool) -> None:
        is_revocation = request.particulars.kind is RequestKind.REVOCATION
        values = {"is_first": is_first_plan(request), "is_unwritten": is_unwritten, "is_revocation": is_revocation}
        reason = (Fact(NoteCode.CHANGED_BY_OTHERS), Fact(NoteCode.PLANNED_AGAIN, values))
        if is_revocation and request.replans + 1 >= REPLANS_BEFORE_ALARM:
            # Before it is recorded: a crash in between repeats this, and the alarm is never missing.
            await report_repeated_changes(self.alarms, request)
        drift = three_way_difference(request.known.plan, observed)
        await self.service.advance(request.id, Replan(reason=reason, drift=drift, is_unwritten=is_unwritten))

    def require_in_time(self, request: AccessRequest) -> None:
        """Check that the requested access has not ended, just before something is sent.

        :raises TenantUnavailable: when it has. The next attempt reads what is in the tenant, and records it.
        """
        if self._is_too_late(request):
            raise TenantUnavailable((_access_ended(request),))

    def _is_too_late(self, request: AccessRequest) -> bool:
        return is_too_late(request, self.clock.now())


def _access_ended(request: AccessRequest) -> Fact:
    ends_at = access_ends_at(request)
    return Fact(NoteCode.ACCESS_ENDED, {"ends_at": None if ends_at is None else ends_at.isoformat()})

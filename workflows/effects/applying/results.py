"""Record how an apply ends, or why it waits: drift, a refusal, a service provider, an end that has passed.

It is long because every end has its own rules about what may be in the tenant.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from workflows.app.alarms import Alarms
from workflows.app.schedule.revocation_alarms import report_refused_revocation, report_repeated_changes, values_of
from workflows.app.service import Service
from workflows.core.checks.findings import PlanBreaksRules, Severity
from workflows.core.checks.partner_rules import check_partner
from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.lifting import liftable_request
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.drift import three_way_difference
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.automatic import (
    RecordApplyFailed,
    RecordDelayed,
    RecordOverwritten,
    RecordRefusal,
    Replan,
    Stop,
)
from workflows.core.requests.deciding import access_ends_at, is_too_late
from workflows.core.requests.notes import NoteCode, is_first_plan, not_written, progress
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState, WriteRefusal
from workflows.core.requests.transitions.resending import REPLANS_BEFORE_ALARM, RESEND_WITHIN, first_sent
from workflows.core.requests.transitions.transition import partner_of
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import is_list_missing
from workflows.core.settings.undocumented_members import changed_undocumented_members
from workflows.effects.applying.write_gate import WritesFrozen
from workflows.ports.clock import Clock
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_STATUSES_AN_ADMIN_CAN_MEND: Final = frozenset({401, 403})
"""Refusals that end when an admin renews a secret or grants a permission. An approved plan waits for that."""
_WAITS_FOR_AN_ADMIN: Final = Fact(NoteCode.WAITS_FOR_ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResults:
    """Records results through the lifecycle. May be repeated safely."""

    service: Service
    clock: Clock
    alarms: Alarms

    async def stop_if_too_late(self, request: AccessRequest) -> bool:
        """End a request when the requested access ended before anything was sent.

        :returns: whether the request was ended.
        """
        if request.writing_since is not None or not self._is_too_late(request):
            return False
        reason = (_access_ended(request), not_written(request), Fact(NoteCode.REQUEST_LATER_END))
        await self.service.advance(request.id, Stop(reason=reason))
        return True

    async def stop_if_not_liftable(self, request: AccessRequest, record: Partnership | None, within: timedelta) -> bool:
        """End the lift of a suspension that became too old, or ended, after the lift was planned.

        :param record: the record of the partner, read now.
        :returns: whether the request was ended.
        """
        try:
            # NB. whether the partner is still blocked is checked with the plan: it was made from the block.
            liftable_request(record, now=self.clock.now(), within=within, is_drifted=False)
        except Refused as refused:
            await self.service.advance(request.id, Stop(reason=(*refused.facts, not_written(request))))
            return True
        return False

    async def stop_if_too_late_while_writing(
        self, request: AccessRequest, observed_configuration: JsonObject | None, done_count: int
    ) -> bool:
        """End a request whose access ended while its plan was being written: nothing more is sent.

        What was sent may be shown late, so it is read for some time before. A part of the plan that is then in the
        tenant is recorded, and its review is due at once. A complete plan is confirmed like any other.

        :raises TenantUnavailable: while what was sent may still be shown.
        """
        if done_count == len(request.plan.required_operations) or not self._is_too_late(request):
            return False
        if self.may_be_shown_late(request):
            raise TenantUnavailable((Fact(NoteCode.CHANGE_NOT_SHOWN),))
        next_step = Fact(NoteCode.CHECK_PART if done_count else NoteCode.REQUEST_LATER_END)
        reason = (progress(request, done_count, is_read=True), _access_ended(request), next_step)
        if done_count:
            await self.report_part(request, reason[:-1])
        await self.service.advance(
            request.id, Stop(reason=reason, configuration=observed_configuration if done_count else None)
        )
        return True

    def may_be_shown_late(self, request: AccessRequest) -> bool:
        """Return whether it is so soon after the first write that Graph may still show what it does not show now."""
        return self.clock.now() - first_sent(request) < RESEND_WITHIN

    async def stop_if_service_provider(
        self, request: AccessRequest, observed_configuration: JsonObject | None, done_count: int | None
    ) -> bool:
        """End a request whose partner has become a service provider; closing is never refused.

        What was written before stays in effect. A part of the plan is recorded and reviewed at once. The complete
        plan, or a drift, is reported as such.
        """
        plan = request.plan
        errors = [
            one for one in check_partner(plan.tenant_id, observed_configuration) if one.severity is Severity.ERROR
        ]
        if request.fields.kind is RequestKind.REVOCATION or not errors:
            return False
        reason = PlanBreaksRules("target", errors).facts
        if request.writing_since is None:
            await self.service.advance(request.id, Stop(reason=(*reason, not_written(request))))
        elif done_count is None or done_count == len(plan.required_operations):
            return False
        else:
            await self.record_not_completed(
                request, observed_configuration, done_count, (progress(request, done_count, is_read=True), *reason)
            )
        return True

    async def record_not_completed(
        self, request: AccessRequest, observed_configuration: JsonObject | None, done_count: int, reason: Facts
    ) -> None:
        """End a request of which nothing more is sent to the tenant, with what was read back.

        If a part of the plan is in the tenant, that part is recorded, its review is due at once, and the admins are
        alarmed. If nothing of the plan is there, there is no record.

        :param observed_configuration: what was read. It shows `done_count` operations of the plan, and not all.
        :param reason: what is in the tenant, and why nothing more is sent.
        """
        if not done_count:
            await self.service.advance(request.id, RecordApplyFailed(reason=reason))
            return
        await self.report_part(request, reason)
        reason = (*reason, Fact(NoteCode.REVIEW_PART))
        await self.service.advance(request.id, RecordApplyFailed(reason=reason, configuration=observed_configuration))

    async def end_partly_applied(
        self, request: AccessRequest, observed_configuration: JsonObject | None, done_count: int, reason: Facts
    ) -> bool:
        """End a request that needs new approval although a part of its plan is in the tenant.

        A new plan would leave that part without a record, also when it is then rejected or expires.

        :param reason: why it needs new approval.
        :returns: whether the request was ended. It is not when nothing is there, or when nothing was sent, so that
            what is there was made by somebody else. A revocation never is.
        :raises TenantUnavailable: while more of the plan may still be shown.
        """
        if not done_count or not request.was_sent or request.fields.kind is RequestKind.REVOCATION:
            return False
        if self.may_be_shown_late(request):
            raise TenantUnavailable((Fact(NoteCode.CHANGE_NOT_SHOWN),))
        await self.record_not_completed(
            request, observed_configuration, done_count, (progress(request, done_count, is_read=True), *reason)
        )
        return True

    async def report_part(self, request: AccessRequest, reason: Facts) -> None:
        """Raise the alarm that a part of a plan is in the tenant.

        It comes before the record: a crash in between repeats this, and the alarm is never missing.
        """
        values = values_of(request.id, partner_of(request), reason)
        await self.alarms.raise_alarm(AlarmCode.PARTLY_APPLIED, request.id, values)

    async def record_drift(
        self, request: AccessRequest, observed_configuration: JsonObject | None, *, is_written: bool = False
    ) -> None:
        """Record that somebody else changed the partner, and plan again where nothing was written.

        :param is_written: whether a write of the plan was sent in this attempt.
        :raises TenantUnavailable: when Microsoft 365 capabilities of the plan could not be read. That is no drift. A
            revocation does not wait for them.
        """
        is_revocation = request.fields.kind is RequestKind.REVOCATION
        if not is_revocation and is_list_missing(request.plan.configuration_after(), observed_configuration):
            raise TenantUnavailable((Fact(NoteCode.CAPABILITIES_UNREAD), _WAITS_FOR_AN_ADMIN))
        is_ours = is_written or request.writing_since is not None
        if is_ours and not is_revocation:
            await self.service.advance(request.id, RecordOverwritten(configuration=observed_configuration))
        else:
            await self._replan(request, observed_configuration, has_written_nothing=not is_ours)

    async def replan_if_undocumented_members_changed(
        self, request: AccessRequest, observed_configuration: JsonObject | None
    ) -> bool:
        """Request approval again where undocumented members have other values than shown; nobody is named as the cause.

        A revocation does not wait for this. What is open besides its block is read back and reported.
        """
        plan = request.plan
        names = changed_undocumented_members(plan.before, observed_configuration)
        if request.fields.kind is RequestKind.REVOCATION or not names:
            return False
        reason = Fact(NoteCode.UNKNOWN_SETTINGS_CHANGED, {"names": list(names), "is_first": is_first_plan(request)})
        again = Replan(
            reason=(reason,),
            drift=three_way_difference(plan, observed_configuration),
            has_written_nothing=request.writing_since is None,
        )
        await self.service.advance(request.id, again)
        return True

    async def record_unreadable(self, request: AccessRequest, error: TenantRefused) -> None:
        """Record that Graph refuses to show the partner, or raise the error that makes the queue worker try again.

        It is tried again for a revocation, while an admin can correct it, and when an earlier attempt may have written.
        """
        if request.fields.kind is RequestKind.REVOCATION:
            raise await self.retry_error_with_alarm(request, error) from error
        if error.status in _STATUSES_AN_ADMIN_CAN_MEND:
            raise TenantUnavailable((*error.facts, _WAITS_FOR_AN_ADMIN)) from error
        reason = (Fact(NoteCode.SETTINGS_UNREADABLE), *error.facts)
        if request.writing_since is not None:
            # An earlier attempt may have written and then been interrupted. The partner is read until the result is
            # known.
            raise TenantUnavailable(reason) from error
        await self.service.advance(request.id, RecordApplyFailed(reason=reason))

    async def record_refused_check(self, request: AccessRequest, error: TenantRefused) -> None:
        """Record that Graph refuses a check before the first write, or raise the error that makes it wait."""
        await self._retry_if_possible(request, 0, error)
        await self.service.advance(request.id, RecordApplyFailed(reason=(not_written(request), *error.facts)))

    async def record_nothing_sent(self, request: AccessRequest, error: TenantUnavailable) -> None:
        """Store that the first write of a plan was not carried out, so that every check is made again before it.

        :param request: the request as it was before this attempt. After an earlier one, something may be on its way.
        :param error: why it was not carried out.
        """
        if request.writing_since is None and request.state is RequestState.APPLYING:
            reason = error.facts if isinstance(error, WritesFrozen) else (*error.facts, Fact(NoteCode.KEEPS_TRYING))
            with suppress(Refused):  # somebody ended it meanwhile
                await self.service.advance(request.id, RecordDelayed(reason=reason, has_sent_nothing=True))

    async def record_refusal(self, request: AccessRequest, done_count: int, error: TenantRefused) -> None:
        """Store that Graph refuses a write, so that nothing more is sent; what is in the tenant is read next.

        :param request: the request as it was before this attempt.
        :param done_count: how many operations of the plan were accepted before.
        :raises TenantUnavailable: for a revocation, and while an admin can remove the cause.
        """
        await self._retry_if_possible(request, done_count, error)
        is_unsure = request.writing_since is not None
        refusal = WriteRefusal(reason=error.facts, accepted=done_count, is_unsure=is_unsure)
        await self.service.advance(request.id, RecordRefusal(refusal=refusal))

    async def _retry_if_possible(self, request: AccessRequest, done_count: int, error: TenantRefused) -> None:
        if request.fields.kind is RequestKind.REVOCATION:
            raise await self.retry_error_with_alarm(
                request, error, progress(request, done_count, is_read=False)
            ) from error
        if error.status in _STATUSES_AN_ADMIN_CAN_MEND:
            raise TenantUnavailable((*error.facts, _WAITS_FOR_AN_ADMIN)) from error

    async def retry_error_with_alarm(
        self, request: AccessRequest, error: TenantRefused, *earlier_facts: Fact
    ) -> TenantUnavailable:
        """Raise the alarm that a revocation is refused, and return the error that makes the queue worker try again."""
        cure = (_WAITS_FOR_AN_ADMIN,) if error.status in _STATUSES_AN_ADMIN_CAN_MEND else ()
        return await report_refused_revocation(
            self.alarms, request.id, partner_of(request), (*earlier_facts, *error.facts, *cure)
        )

    async def _replan(
        self, request: AccessRequest, observed_configuration: JsonObject | None, *, has_written_nothing: bool
    ) -> None:
        is_revocation = request.fields.kind is RequestKind.REVOCATION
        values = {
            "is_first": is_first_plan(request),
            "has_written_nothing": has_written_nothing,
            "is_revocation": is_revocation,
        }
        reason = (Fact(NoteCode.CHANGED_BY_OTHERS), Fact(NoteCode.PLANNED_AGAIN, values))
        if is_revocation and request.replans + 1 >= REPLANS_BEFORE_ALARM:
            # Before it is recorded: a crash in between repeats this, and the alarm is never missing.
            await report_repeated_changes(self.alarms, request)
        drift = three_way_difference(request.plan, observed_configuration)
        await self.service.advance(
            request.id, Replan(reason=reason, drift=drift, has_written_nothing=has_written_nothing)
        )

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

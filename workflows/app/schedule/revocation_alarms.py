"""Raise the alarms about revocations that Graph refuses, or whose partner somebody changes. Each is tried again."""

from collections.abc import Sequence
from typing import Any

from workflows.app.alarms import Alarms
from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.requests.alarms import OPEN_ACCESS, AlarmCode, EndingCode
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.requests.transitions.transition import partner_of
from workflows.ports.store import Store
from workflows.ports.tenant import TenantUnavailable


async def report_refused_revocation(
    alarms: Alarms, request_id: RequestId, partner: str, reason: Facts
) -> TenantUnavailable:
    """Raise the alarm about a refused revocation, and return the error that makes the queue worker try again."""
    await alarms.raise_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, request_id, values_of(request_id, partner, reason))
    return TenantUnavailable(reason)


async def report_open_access(
    alarms: Alarms, store: Store, request: AccessRequest, may_be_accepted_later: Sequence[RefusedWrite]
) -> None:
    """Raise the alarm about access that is still open after a confirmed revocation.

    It replaces the alarm that the revocation is not confirmed.

    :param may_be_accepted_later: the writes that did not take effect and that Graph may accept later.
    """
    alarm = await store.open_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, request.id)
    if alarm is not None and OPEN_ACCESS not in alarm.values:
        await alarms.clear_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, request.id, Fact(EndingCode.NOT_ALL_CLOSED))
    reasons = dict.fromkeys(write.reason for write in may_be_accepted_later)
    values = values_of(request.id, partner_of(request), tuple(fact for reason in reasons for fact in reason))
    values[OPEN_ACCESS] = ", ".join(name for write in may_be_accepted_later for name in write.names)
    await alarms.raise_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, request.id, values)


async def report_repeated_changes(alarms: Alarms, request: AccessRequest) -> None:
    """Raise the alarm about a revocation whose partner somebody changes repeatedly before it takes effect."""
    reason = (Fact(NoteCode.CHANGED_REPEATEDLY),)
    await alarms.raise_alarm(
        AlarmCode.REVOCATION_NOT_COMPLETE, request.id, values_of(request.id, partner_of(request), reason)
    )


def values_of(request_id: RequestId, partner: str, reason: Facts) -> dict[str, Any]:
    """Return the values of an alarm about a request."""
    return {"partner": partner, "request": request_id, "reason": as_values(reason)}

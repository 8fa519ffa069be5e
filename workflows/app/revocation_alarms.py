"""Alarms of revocations: one that is refused, or met by changes again and again, is made known and tried on."""

from collections.abc import Sequence

from workflows.app.alarms import Alarms
from workflows.core.plans.refused_writes import RefusedWrite
from workflows.core.requests.alarms import WAYS, AlarmCode
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.ports.store import Store
from workflows.ports.tenant import TenantUnavailable


async def still_tried(alarms: Alarms, request_id: RequestId, partner: str, reason: str) -> TenantUnavailable:
    """Raise the alarm about a refused revocation, and give what makes the outbox try again."""
    await alarms.raise_alarm(AlarmCode.REVOCATION_WAITS, request_id, values_of(request_id, partner, reason))
    return TenantUnavailable(reason)


async def ways_stay_open(
    alarms: Alarms, store: Store, request: AccessRequest, unanswered: Sequence[RefusedWrite]
) -> None:
    """Raise the alarm about what a confirmed revocation did not close, in place of the one that it is not confirmed."""
    known = await store.open_alarm(AlarmCode.REVOCATION_WAITS, request.id)
    if known is not None and WAYS not in known.values:
        await alarms.clear_alarm(
            AlarmCode.REVOCATION_WAITS, request.id, "the block is confirmed, but not all is closed"
        )
    values = values_of(request.id, partner_of(request), " ".join(dict.fromkeys(one.reason for one in unanswered)))
    values[WAYS] = ", ".join(name for one in unanswered for name in one.names)
    await alarms.raise_alarm(AlarmCode.REVOCATION_WAITS, request.id, values)


async def changed_again(alarms: Alarms, request: AccessRequest) -> None:
    """Raise the alarm about a revocation whose partner somebody changes before it holds, again and again."""
    reason = "Somebody changes the partner's settings again and again, before the block can be read back."
    await alarms.raise_alarm(AlarmCode.REVOCATION_WAITS, request.id, values_of(request.id, partner_of(request), reason))


def values_of(request_id: RequestId, partner: str, reason: str) -> dict[str, str]:
    """Return what the words of an alarm about a request need."""
    return {"partner": partner, "request": request_id, "reason": reason}


def partner_of(request: AccessRequest) -> str:
    """Name a request's partner, as far as it is known."""
    if request.prepared is None:
        return request.particulars.target
    return request.prepared.observation.identity.full_name

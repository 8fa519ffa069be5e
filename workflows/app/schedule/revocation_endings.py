"""How the alarm of a revocation ends: repaired, replaced by a newer revocation, or ended for another reason."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workflows.app.storing.identifiers import revocation_id
from workflows.core.errors.facts import Fact
from workflows.core.plans.writes.refused_writes import is_shown, written_names
from workflows.core.requests.alarms import OPEN_ACCESS, Alarm, EndingCode
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import TERMINAL, AccessRequest, RequestId, RequestKind, RequestState
from workflows.intervals import OPEN_AFTER_BLOCK_SHOWN_FOR
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_TIMEOUT_SECONDS: Final = 3.0
"""Seconds that reading the partner may take. The next check waits until this one has ended."""
_MAX_REQUESTS: Final = 50

Clicks = Iterable[tuple[CheckPermission, Revoke, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of an alarm."""

    reason: Fact | None = None
    """Why it ended, when nothing was repaired; None when it was."""
    replaced_by: str = ""
    """The newer revocation that waits now."""


async def ending_of(
    alarm: Alarm, clicks: Clicks, requests: Sequence[AccessRequest], *, store: Store, tenant: Tenant, now: datetime
) -> Ending | None:
    """Return how the alarm ends of a revocation that no longer waits; None while the alarm must stay.

    :param clicks: the unchecked clicks that request a revocation.
    :param requests: the open requests.
    """
    request = await store.request(RequestId(alarm.subject))
    if request is None:
        return Ending(reason=Fact(EndingCode.CLICK_ENDED))
    if request.state not in TERMINAL:
        return None
    if request.state is RequestState.APPLIED and OPEN_ACCESS not in alarm.values:
        return Ending()
    newer = _newer(request, clicks, requests)
    if newer:
        return Ending(reason=Fact(EndingCode.REPLACED, {"by": newer}), replaced_by=newer)
    confirmed = await _later_applied_request(request, store, counts_any_kind=OPEN_ACCESS in alarm.values)
    if OPEN_ACCESS not in alarm.values:
        return Ending(reason=None if confirmed else Fact(EndingCode.REQUEST_ENDED, {"state": request.state.value}))
    if confirmed:
        return Ending(reason=Fact(EndingCode.REPLACED, {"by": confirmed}))
    if await _are_closed(request, alarm.values[OPEN_ACCESS].split(", "), tenant):
        return Ending()
    if now - alarm.raised_at >= OPEN_AFTER_BLOCK_SHOWN_FOR:
        return Ending(reason=Fact(EndingCode.DAY_PASSED))
    return None


def _newer(request: AccessRequest, clicks: Clicks, requests: Sequence[AccessRequest]) -> str:
    """Return the id of a newer waiting revocation of the same partner; empty when there is none."""
    names = {request.fields.target}
    if request.prepared is not None:
        identity = request.prepared.observation.identity
        names |= {identity.tenant_id, identity.default_domain, identity.typed_name}
    for ended_request in requests:
        is_newer = ended_request.id != request.id and ended_request.fields.target in names
        if is_newer and ended_request.fields.kind is RequestKind.REVOCATION:
            return ended_request.id
    return next((revocation_id(click.key) for click, command, _ in clicks if command.target in names), "")


async def _later_applied_request(request: AccessRequest, store: Store, *, counts_any_kind: bool) -> str:
    """Return the id of a later applied request about this partner; empty when there is none.

    :param counts_any_kind: whether requests of every kind count; if false, only revocations.
    """
    if request.prepared is None:
        return ""
    for later_request in await store.requests_for(request.prepared.plan.tenant_id, _MAX_REQUESTS):
        is_later = later_request.id != request.id and later_request.created_at >= request.created_at
        has_counted_kind = counts_any_kind or later_request.fields.kind is RequestKind.REVOCATION
        if is_later and has_counted_kind and later_request.state is RequestState.APPLIED:
            return later_request.id
    return ""


async def _are_closed(request: AccessRequest, names: Sequence[str], tenant: Tenant) -> bool:
    """Read whether the access of these names is closed now; False when that cannot be read."""
    plan = request.plan
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            observed = await tenant.read_partner(plan.tenant_id)
    except (TenantUnavailable, TenantRefused, TimeoutError):
        return False
    meant = [operation for operation in plan.optional if set(written_names(operation)) & set(names)]
    return observed is not None and all(is_shown(operation, observed) for operation in meant)

"""Sends the writes of a plan that may be refused, once everything that it needs was read back.

None of them undoes or delays that: a refusal and a missing answer are remembered with their reason, and the rest is
still tried.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from workflows.core.canonical import JsonObject
from workflows.core.further_outcome import RefusedWrite, shows, written_names
from workflows.core.plan import Operation, Plan, is_confirmed
from workflows.ports import Tenant, TenantRefused, TenantUnavailable

_REST: Final = 1.0
"""Seconds before a write without an answer is sent once more. It sets what it names, so twice is as good as once."""
_READ_AFTER: Final = (0.0, 0.5, 1.0, 2.0)
"""Seconds to rest before each read-back."""
_NOT_SHOWN: Final = "Microsoft Graph accepted it and does not show it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of it."""

    image: JsonObject
    """The partner's configuration as it was last read with all that the plan needs."""
    refused: tuple[RefusedWrite, ...] = ()


async def write_further(
    plan: Plan, image: JsonObject, *, tenant: Tenant, sleep: Callable[[float], Awaitable[None]]
) -> Tried:
    """Send what does not stand yet, then read back. Never raises for what the tenant answers, or fails to.

    :param image: what was read, and shows every required write.
    """
    missing = [operation for operation in plan.further if not shows(operation, image)]
    if not missing:
        return Tried(image=image)
    reasons = [await _sent(operation, tenant, sleep) for operation in missing]
    image = await _read_back(plan, image, missing, tenant, sleep)
    refused = tuple(
        RefusedWrite(names=written_names(operation), reason=reason or _NOT_SHOWN)
        for operation, reason in zip(missing, reasons, strict=True)
        if not shows(operation, image)
    )
    return Tried(image=image, refused=refused)


async def _sent(operation: Operation, tenant: Tenant, sleep: Callable[[float], Awaitable[None]]) -> str:
    """Send one write; say why it was not taken, nothing where it was."""
    try:
        try:
            await tenant.write(operation)
        except TenantUnavailable:
            await sleep(_REST)
            await tenant.write(operation)
    except (TenantRefused, TenantUnavailable) as error:
        return error.reason
    return ""


async def _read_back(
    plan: Plan,
    image: JsonObject,
    written: list[Operation],
    tenant: Tenant,
    sleep: Callable[[float], Awaitable[None]],
) -> JsonObject:
    """Give the newest image that shows what the plan needs; stop waiting once it shows all that was sent."""
    for rest in _READ_AFTER:
        await sleep(rest)
        try:
            observed = await tenant.read_partner(plan.tenant_id)
        except (TenantRefused, TenantUnavailable):
            continue
        if observed is not None and is_confirmed(plan, observed):
            image = observed
            if all(shows(operation, image) for operation in written):
                break
    return image

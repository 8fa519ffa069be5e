"""Send the writes of a plan that Graph may refuse, after all required writes were read back.

They never undo a required write, and delay the result by only a few seconds. When a write is refused or not answered,
the reason is kept and the next write is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from workflows.core.errors.facts import Fact, Facts
from workflows.core.plans.plan import CallIds, Operation, Plan, is_confirmed
from workflows.core.plans.writes.refused_writes import RefusedWrite, is_shown, written_names
from workflows.core.requests.notes import NoteCode
from workflows.core.settings.canonical import JsonObject
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

SendOperation: TypeAlias = Callable[[Operation], Awaitable[CallIds]]

_SENDING_SECONDS: Final = 5.0
"""The longest time for sending. Each write gets an equal share of the remaining time."""
_READING_SECONDS: Final = 5.0
"""The longest time for reading back."""
_LATE: Final = (Fact(NoteCode.LATE),)
_STATUSES_AN_ADMIN_CAN_MEND: Final = frozenset({401, 403})
"""Refusals that end when an admin renews a secret or grants a permission."""
_NOT_SHOWN: Final = (Fact(NoteCode.TAKEN_NOT_SHOWN),)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalWritesResult:
    """The result of sending the writes."""

    configuration: JsonObject
    """The newest configuration of the partner that shows all required writes."""
    refused: tuple[RefusedWrite, ...] = ()
    """All writes that did not take effect."""
    may_be_accepted_later: tuple[RefusedWrite, ...] = ()
    """The writes among `refused` that Graph may accept later: it did not answer, or an admin must repair something."""


async def send_optional_writes(
    plan: Plan,
    configuration: JsonObject,
    *,
    send: SendOperation,
    tenant: Tenant,
    sleep: Callable[[float], Awaitable[None]],
    pauses: Pauses = USUAL_PAUSES,
) -> OptionalWritesResult:
    """Send the writes that are not in effect yet, and read the partner back. An error of the tenant is not raised.

    :param configuration: the partner's configuration, which shows every required write.
    :param send: sends one operation, if that is not refused during a freeze.
    """
    missing = [operation for operation in plan.optional if not is_shown(operation, configuration)]
    if not missing:
        return OptionalWritesResult(configuration=configuration)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SENDING_SECONDS
    answers = []
    for index, operation in enumerate(missing):
        now = loop.time()
        share = max(0.0, deadline - now) / (len(missing) - index)
        answers.append(await _send_write(operation, send, sleep, pauses, now + share))
    configuration = await _read_back(plan, configuration, missing, tenant, sleep, pauses)
    not_shown = [
        (RefusedWrite(names=written_names(operation), reason=reason or _NOT_SHOWN), may_be_taken)
        for operation, (reason, may_be_taken) in zip(missing, answers, strict=True)
        if not is_shown(operation, configuration)
    ]
    return OptionalWritesResult(
        configuration=configuration,
        refused=tuple(write for write, _ in not_shown),
        may_be_accepted_later=tuple(write for write, may_be_taken in not_shown if may_be_taken),
    )


async def _send_write(
    operation: Operation,
    send: SendOperation,
    sleep: Callable[[float], Awaitable[None]],
    pauses: Pauses,
    deadline: float,
) -> tuple[Facts, bool]:
    """Send one write; return the reason when it failed (empty: accepted), and whether it may be accepted later.

    :param deadline: the event loop's time at which to stop.
    """
    try:
        async with asyncio.timeout_at(deadline):
            await _send_twice(operation, send, sleep, pauses.optional_sent_again_after)
    except TimeoutError:
        return _LATE, True
    except TenantUnavailable as error:
        return error.facts, True
    except TenantRefused as error:
        return error.facts, error.status in _STATUSES_AN_ADMIN_CAN_MEND
    return (), False


async def _send_twice(
    operation: Operation, send: SendOperation, sleep: Callable[[float], Awaitable[None]], rest: float
) -> None:
    """Send one write, and once more when there is no answer."""
    try:
        await send(operation)
    except TenantUnavailable:
        await sleep(rest)
        await send(operation)


async def _read_back(
    plan: Plan,
    configuration: JsonObject,
    operations: list[Operation],
    tenant: Tenant,
    sleep: Callable[[float], Awaitable[None]],
    pauses: Pauses,
) -> JsonObject:
    """Read the partner until it shows every sent write, or the time is over.

    :returns: the newest configuration that shows every required write.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_READING_SECONDS):
            for rest in pauses.optional_read_back_after:
                await sleep(rest)
                try:
                    observed = await tenant.read_partner(plan.tenant_id, is_to_close=plan.is_revocation)
                except (TenantRefused, TenantUnavailable):
                    continue
                if observed is not None and is_confirmed(plan, observed):
                    configuration = observed
                    if all(is_shown(operation, configuration) for operation in operations):
                        break
    return configuration

"""Check before the first write that the partner will inherit the values that the approvers saw."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from workflows.core.errors.facts import Fact, Facts
from workflows.core.plans.default_drift import default_drift, inherits_access
from workflows.core.plans.drift import Drift
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.canonical import JsonObject
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_UNKNOWN: Final = Fact(NoteCode.DEFAULT_UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDefault:
    """The partner would inherit other values than the approvers saw."""

    reason: Facts
    drift: Drift


def needs_default(request: AccessRequest) -> bool:
    """Return whether the default must be read again.

    It need not be when the partner inherits nothing after the plan. The same is true when the default was not known
    when the plan was made, because the approvers saw that.
    """
    prepared = request.require_prepared()
    return prepared.observation.default is not None and inherits_access(prepared.plan)


async def changed_default(request: AccessRequest, read: Awaitable[JsonObject]) -> ChangedDefault | None:
    """Return the difference when the partner would inherit other values than the approvers saw.

    :param read: the tenant's default, read again.
    :raises TenantUnavailable: when the default cannot be read now.
    """
    prepared = request.require_prepared()
    default_shown = prepared.observation.default
    if default_shown is None:
        return None
    try:
        now = await read
    except TenantRefused as error:
        raise TenantUnavailable((*error.facts, _UNKNOWN)) from error
    except TenantUnavailable as error:
        raise TenantUnavailable((*error.facts, _UNKNOWN), error.retry_after, is_throttled=error.is_throttled) from error
    drift = default_drift(prepared.plan, default_shown, now)
    if drift is None:
        return None
    changed_fact = Fact(NoteCode.DEFAULT_CHANGED, {"names": [default.name for default in drift.defaults]})
    return ChangedDefault(reason=(changed_fact,), drift=drift)

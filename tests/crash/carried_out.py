"""What the simulated Graph really carried out, whatever its answer was and whoever heard it.

A log of answers cannot tell this: a connection that was reset has no status, whether it ended before or after the work.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final
from weakref import WeakKeyDictionary

import pytest

from bot.sandbox.entra import dispatch
from bot.sandbox.entra.odata.calls import Answer, Call
from bot.sandbox.entra.tenant.tenant import Tenant

_HANDLER: Final = "_check_and_handle"
"""What handles every call, each one in a batch too, after the faults that come before the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write that Graph carried out."""

    method: str
    path: str
    """Below `/v1.0`."""
    body: Any
    at: datetime


_writes: Final[WeakKeyDictionary[Tenant, list[Write]]] = WeakKeyDictionary()


def note_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note from now on what every simulated tenant of this process carries out."""
    handle: Callable[..., Answer] = getattr(dispatch, _HANDLER)

    @wraps(handle)
    def noted(tenant: Tenant, call: Call, *more: Any) -> Answer:
        answer = handle(tenant, call, *more)
        path = f"/{'/'.join(call.segments)}"
        if call.method != "GET" and answer.status < 300 and not path.endswith(("/evaluate", "/$batch")):
            body = json.loads(call.content) if call.content else None
            write = Write(method=call.method, path=path, body=body, at=tenant.now())
            _writes.setdefault(tenant, []).append(write)
        return answer

    monkeypatch.setattr(dispatch, _HANDLER, noted)


def carried_out_by(tenant: Tenant) -> list[Write]:
    """List what a tenant carried out since `note_writes`, oldest first."""
    return list(_writes.get(tenant, ()))

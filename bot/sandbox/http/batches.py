"""Record the single calls of a `$batch`, and inject faults into them.

A delay or a lost connection is that of the whole batch.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from bot.sandbox.http.faults import Fault, Faults

BATCH = "/$batch"
InnerFaults = dict[str, Fault]
"""The fault of each call that fails, by the call's id in the batch."""
INNER_FAULTS: web.RequestKey[InnerFaults] = web.RequestKey("inner_faults", dict)

INNER_STATUSES: web.RequestKey[dict[str, int]] = web.RequestKey("inner_statuses", dict)
"""The status of each answered call, by the call's id in the batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerCall:
    """A call in a batch, as faults match it."""

    id: str
    method: str
    path: str
    """The path, decoded."""
    path_qs: str
    """Path and query as they were written."""
    body: Any = None


def inner_calls(request: web.Request, body: Any) -> Iterator[InnerCall]:
    """Return the calls in a batch; none for any other request, and none that cannot be read."""
    rows = body.get("requests") if request.path.endswith(BATCH) and isinstance(body, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and all(isinstance(row.get(name), str) for name in ("id", "method", "url")):
            url = f"{request.path.removesuffix(BATCH)}/{row['url'].lstrip('/')}"
            path = unquote(url.partition("?")[0])
            yield InnerCall(id=row["id"], method=row["method"], path=path, path_qs=url, body=row.get("body"))


def inner_entries(request: web.Request, body: Any) -> list[dict[str, Any]]:
    """Return the calls in a batch for the log, with `method, path, query, status`."""
    statuses = request.get(INNER_STATUSES, {})
    return [
        {
            "method": call.method,
            "path": call.path,
            "query": dict(parse_qsl(call.path_qs.partition("?")[2], keep_blank_values=True)),
            "status": statuses.get(call.id),
        }
        for call in inner_calls(request, body)
    ]


def take_inner_faults(faults: Faults, request: web.Request, body: Any) -> InnerFaults:
    """Return the faults of the calls in a batch, and count one use of each."""
    inner_faults = ((call.id, faults.take("graph", call, call.body)) for call in inner_calls(request, body))
    return {name: fault for name, fault in inner_faults if fault is not None}


def fault_of_whole(inner: InnerFaults) -> Fault | None:
    """Return the fault that the whole batch meets: the longest delay, or a lost connection. None for neither."""
    for fault in inner.values():
        if fault.reset:
            return fault
    slow = [fault for fault in inner.values() if fault.delay_seconds]
    if not slow:
        return None
    slowest = max(slow, key=lambda fault: fault.delay_seconds)
    return Fault(
        target="graph", delay_seconds=slowest.delay_seconds, after_commit=slowest.after_commit, times=slowest.times
    )


def failing_answer(fault: Fault) -> tuple[int, dict[str, str], Any]:
    """Return status, headers and body of the answer to one call in a batch."""
    response = fault.answer()
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    text = response.text or ""
    try:
        return response.status, headers, json.loads(text) if text else None
    except ValueError:
        return response.status, headers, text

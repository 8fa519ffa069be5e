"""Inject faults: the next matching calls to a simulator fail, wait, or lose their connection."""

import asyncio
import json
import time
from typing import Any, Literal, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field

Target = Literal["slack", "graph"]


class AnyCall(Protocol):
    """A request, or one call in a batch."""

    @property
    def method(self) -> str:
        """Return the HTTP method."""

    @property
    def path(self) -> str:
        """Return the path, decoded."""

    @property
    def path_qs(self) -> str:
        """Return path and query as they were written."""


class Fault(BaseModel):
    """The next `times` matching calls to `target` fail in this way. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    target: Target
    method: str | None = None
    """An HTTP method, or a Web API method such as `chat.postMessage`; any when absent."""
    match: str | None = None
    """Text that must occur in the path or query, for Slack and for a write in a `$batch` also in the body; None: any
    request."""
    times: int = Field(default=1, ge=1)
    status: int | None = Field(default=None, ge=200, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    after_commit: bool = False
    """Do the work first, then fail."""
    delay_seconds: float = Field(default=0, ge=0, le=600)
    """Real seconds of delay: before the request arrives, or with `after_commit` before its answer arrives.

    When the caller ends the connection before the request arrives, it is neither recorded nor answered.
    """
    within_seconds: float | None = Field(default=None, gt=0, le=60)
    """Match only a call within this time after the last matching one: a limit on requests per second."""
    reset: bool = False
    """Close the connection instead of answering."""

    @property
    def only_delays(self) -> bool:
        """Return whether the call is only slow and does not fail."""
        return bool(self.delay_seconds) and not self.reset and self.status is None and self.body is None

    def matches(self, target: Target, request: AnyCall, body: Any) -> bool:
        """Return whether this fault applies to a request."""
        method_name = request.path.rpartition("/")[2]
        if self.target != target:
            return False
        if self.method is not None and self.method.lower() not in (request.method.lower(), method_name.lower()):
            return False
        if self.match is None or self.match in request.path_qs or self.match in request.path:
            return True
        has_body = target == "slack" or (request.method != "GET" and not isinstance(request, web.Request))
        return has_body and self.match in json.dumps(body, ensure_ascii=False)

    def answer(self) -> web.Response:
        """Return the failing answer: the given one, or the service's usual answer with that status."""
        status = self.status or (200 if self.body is not None else 503)
        if isinstance(self.body, str):
            return web.Response(status=status, text=self.body, headers=self.headers)
        if self.body is None and 200 <= status < 300:
            # Accepted without a body, as the service answers a write; nothing was done.
            return web.Response(status=status, headers=self.headers)
        body = self.body if self.body is not None else _default_error(self.target, status)
        return web.json_response(body, status=status, headers={**_default_headers(self.target, status), **self.headers})


class Faults:
    """The faults that were added and not used up, in order."""

    def __init__(self) -> None:
        self._remaining: list[tuple[Fault, int]] = []
        self._last: dict[int, float] = {}
        """When each fault with a limit last matched, by its identity."""

    def add(self, fault: Fault) -> None:
        """Make the next matching calls fail."""
        self._remaining.append((fault, fault.times))

    def clear(self) -> int:
        """Remove all faults; return how many there were."""
        count = len(self._remaining)
        self._remaining.clear()
        self._last.clear()
        return count

    def remaining_faults(self) -> list[dict[str, Any]]:
        """Return the remaining faults. `times` says how many calls each still affects."""
        return [{**fault.model_dump(), "times": left} for fault, left in self._remaining]

    def take(self, target: Target, request: AnyCall, body: Any) -> Fault | None:
        """Return the first fault that matches, and count one use of it; None when none matches."""
        for index, (fault, left) in enumerate(self._remaining):
            if fault.matches(target, request, body) and self._is_due(fault):
                self._remaining[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None

    def _is_due(self, fault: Fault) -> bool:
        if fault.within_seconds is None:
            return True
        now, last = time.monotonic(), self._last.get(id(fault), float("-inf"))
        self._last[id(fault)] = now
        return now - last < fault.within_seconds


async def arrives_after_delay(request: web.Request, fault: Fault | None) -> bool:
    """Wait as long as the fault says. Return whether the request then still arrives."""
    if fault is None or fault.after_commit or not fault.delay_seconds:
        return True
    await asyncio.sleep(fault.delay_seconds)
    return request.transport is not None and not request.transport.is_closing()


async def answer_with_fault(request: web.Request, handler: Handler, fault: Fault | None) -> web.StreamResponse:
    """Handle a request that has arrived, or answer it as the fault says."""
    if fault is None or (fault.only_delays and not fault.after_commit):
        return await handler(request)
    answer: web.StreamResponse | None = None
    if fault.after_commit:
        answer = await handler(request)
        await asyncio.sleep(fault.delay_seconds)
    if fault.reset:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if fault.only_delays and answer is not None:
        return answer
    return fault.answer()


def _default_error(target: Target, status: int) -> dict[str, Any]:
    if target == "slack":
        return {"ok": False, "error": "ratelimited" if status == 429 else "internal_error"}
    codes = {401: "InvalidAuthenticationToken", 403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound"}
    codes |= {429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable", 504: "GatewayTimeout"}
    return {
        "error": {"code": codes.get(status, "UnknownError"), "message": "A fault of the sandbox.", "innerError": {}}
    }


def _default_headers(target: Target, status: int) -> dict[str, str]:
    """Return the headers of the service's own error. Slack always sends Retry-After; Graph often does not."""
    return {"Retry-After": "1"} if target == "slack" and status == 429 else {}

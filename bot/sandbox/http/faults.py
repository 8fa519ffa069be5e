"""Inject faults: the next matching calls to a stand-in fail, wait, or lose their connection."""

import asyncio
import json
import time
from typing import Any, Literal

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field

Target = Literal["slack", "graph"]


class Fault(BaseModel):
    """The next `times` matching calls to `target` go wrong so. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    target: Target
    method: str | None = None
    """An HTTP method, or a Web API method such as `chat.postMessage`; any when absent."""
    match: str | None = None
    """Stands somewhere in the path or query, for Slack also in the body; anything when absent."""
    times: int = Field(default=1, ge=1)
    status: int | None = Field(default=None, ge=200, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    after_commit: bool = False
    """Do the work first, then fail."""
    delay_seconds: float = Field(default=0, ge=0, le=600)
    """Real seconds on the way: before the request arrives, or with `after_commit` before its answer does.

    A caller who is gone before the request arrives has sent nothing: it is neither recorded nor answered.
    """
    within_seconds: float | None = Field(default=None, gt=0, le=60)
    """Only a call that comes so soon after the last matching one: a limit on requests a second."""
    reset: bool = False
    """Drop the connection instead of answering."""

    @property
    def only_delays(self) -> bool:
        """Nothing fails: the call is just slow."""
        return bool(self.delay_seconds) and not self.reset and self.status is None and self.body is None

    def matches(self, target: Target, request: web.Request, body: Any) -> bool:
        """Say whether a request is meant."""
        method_name = request.path.rpartition("/")[2]
        if self.target != target:
            return False
        if self.method is not None and self.method.lower() not in (request.method.lower(), method_name.lower()):
            return False
        if self.match is None or self.match in request.path_qs or self.match in request.path:
            return True
        return target == "slack" and self.match in json.dumps(body, ensure_ascii=False)

    def answer(self) -> web.Response:
        """The failing answer: what was asked for, or what the service itself would say with that status."""
        status = self.status or (200 if self.body is not None else 503)
        if isinstance(self.body, str):
            return web.Response(status=status, text=self.body, headers=self.headers)
        if self.body is None and 200 <= status < 300:
            # Taken, as the service says of a write without an answer of its own; nothing was done.
            return web.Response(status=status, headers=self.headers)
        body = self.body if self.body is not None else _own_words(self.target, status)
        return web.json_response(body, status=status, headers={**_own_headers(self.target, status), **self.headers})


class Faults:
    """The faults that wait for their calls, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, int]] = []
        self._last: dict[int, float] = {}
        """When a fault with a limit was matched last, by its identity."""

    def add(self, fault: Fault) -> None:
        """Let the next matching calls fail."""
        self._waiting.append((fault, fault.times))

    def clear(self) -> int:
        """Take all faults away; gives how many there were."""
        count = len(self._waiting)
        self._waiting.clear()
        self._last.clear()
        return count

    def listed(self) -> list[dict[str, Any]]:
        """What still waits, each with the `times` left."""
        return [{**fault.model_dump(), "times": left} for fault, left in self._waiting]

    def take(self, target: Target, request: web.Request, body: Any) -> Fault | None:
        """Use up one time of the first fault that matches."""
        for index, (fault, left) in enumerate(self._waiting):
            if fault.matches(target, request, body) and self._is_due(fault):
                self._waiting[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None

    def _is_due(self, fault: Fault) -> bool:
        if fault.within_seconds is None:
            return True
        now, last = time.monotonic(), self._last.get(id(fault), float("-inf"))
        self._last[id(fault)] = now
        return now - last < fault.within_seconds


async def delayed(request: web.Request, fault: Fault | None) -> bool:
    """Let a request be on its way for as long as its fault says. Tells whether it arrives."""
    if fault is None or fault.after_commit or not fault.delay_seconds:
        return True
    await asyncio.sleep(fault.delay_seconds)
    return request.transport is not None and not request.transport.is_closing()


async def faulted(request: web.Request, handler: Handler, fault: Fault | None) -> web.StreamResponse:
    """Let a request that has arrived be handled, unless a fault stands against it."""
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


def _own_words(target: Target, status: int) -> dict[str, Any]:
    if target == "slack":
        return {"ok": False, "error": "ratelimited" if status == 429 else "internal_error"}
    codes = {401: "InvalidAuthenticationToken", 403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound"}
    codes |= {429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable", 504: "GatewayTimeout"}
    return {
        "error": {"code": codes.get(status, "UnknownError"), "message": "A fault of the sandbox.", "innerError": {}}
    }


def _own_headers(target: Target, status: int) -> dict[str, str]:
    """Slack always says how long to wait; Graph often does not, so there it has to be asked for."""
    return {"Retry-After": "1"} if target == "slack" and status == 429 else {}

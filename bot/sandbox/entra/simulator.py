"""Serve the simulated tenant as Microsoft Graph v1.0 over aiohttp, under `/graph/v1.0`."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.sandbox import seed
from bot.sandbox.entra.dispatch import answer
from bot.sandbox.entra.odata.calls import Answer, Call, Refusal
from bot.sandbox.entra.odata.paths import query_of, segments_of
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.http.batches import BATCH, INNER_FAULTS, INNER_STATUSES
from bot.sandbox.storage.json_document import copy_json

_PREFIX = "/graph/v1.0"
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


class EntraSimulator:
    """A part of Microsoft Graph v1.0 over one tenant in memory.

    `accepts_token` checks bearer tokens (`TokenAuthority.accepts`). `on_change` is called after every change of state.
    `now` gives the time. Throttling and other faults are injected elsewhere (`bot.sandbox.http.faults`).
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        on_change: Callable[[], None],
        accepts_token: Callable[[str], bool],
    ) -> None:
        self._tenant = Tenant(now=now, on_change=on_change)
        self._accepts_token = accepts_token

    @property
    def page_size(self) -> int:
        """Return the number of objects per page; stored in the state as `pageSize`."""
        return int(self._tenant.objects["pageSize"])

    @page_size.setter
    def page_size(self, value: int) -> None:
        self._tenant.merge({"pageSize": value})

    @property
    def read_lag(self) -> float:
        """Return by how many real seconds reads of partners lag behind writes (`readLagSeconds` in the state)."""
        return float(self._tenant.objects["readLagSeconds"])

    @read_lag.setter
    def read_lag(self, seconds: float) -> None:
        self._tenant.merge({"readLagSeconds": seconds})

    @property
    def app_roles(self) -> tuple[str, ...]:
        """Return the application permissions that are granted."""
        return self._tenant.app_roles("")

    @property
    def guests_app_roles(self) -> tuple[str, ...]:
        """Return the application permissions of the application for guest accounts."""
        return self._tenant.app_roles(seed.GUESTS_CLIENT_ID)

    def routes(self) -> list[web.RouteDef]:
        """Return the aiohttp routes: everything under `/graph/v1.0`."""
        return [web.route("*", _PREFIX, self._serve), web.route("*", _PREFIX + "/{path:.*}", self._serve)]

    def state(self) -> dict[str, Any]:
        """Return a copy of the tenant's objects; `initial_state.py` and `state_checks.py` define them."""
        return copy_json(self._tenant.objects)

    def merge(self, patch: Mapping[str, Any]) -> dict[str, Any]:
        """Apply a JSON merge patch (RFC 7386) as a change from outside, and return the new state.

        :raises ValueError: for unknown top-level keys, which it names, and for values of the wrong kind.
        """
        return self._tenant.merge(patch)

    def snapshot(self) -> dict[str, Any]:
        """Return everything to store for a restart, as JSON."""
        return self.state()

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Replace the state by `snapshot`.

        :raises ValueError: as `merge`.
        """
        self._tenant.restore(snapshot)

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            faults = request.get(INNER_FAULTS, {})
            call = await _call(request)
            answer_to_call = answer(self._tenant, call, accepts_token=self._accepts_token, faults=faults)
            if call.path == BATCH and answer_to_call.status == 200:
                request[INNER_STATUSES] = {row["id"]: row["status"] for row in answer_to_call.body["responses"]}
        except Refusal as refusal:  # NB. before there was a call: a query string or a body that cannot be read
            answer_to_call = Answer(
                status=refusal.status, body={"error": {"code": refusal.code, "message": refusal.message}}
            )
        if answer_to_call.body is None:
            return web.Response(status=answer_to_call.status, headers=dict(answer_to_call.headers))
        is_text = isinstance(answer_to_call.body, str)
        content = answer_to_call.body if is_text else json.dumps(answer_to_call.body)
        headers = {"Content-Type": _JSON, **answer_to_call.headers}
        return web.Response(status=answer_to_call.status, headers=headers, body=content.encode("utf-8"))


async def _call(request: web.Request) -> Call:
    try:
        content = await request.read()
    except web.HTTPRequestEntityTooLarge as exc:
        raise Refusal(413, "RequestEntityTooLarge", "The request is too large.") from exc
    path = request.rel_url.raw_path.removeprefix(_PREFIX)
    return Call(
        method=request.method,
        segments=segments_of(path),
        query=query_of(request.rel_url.raw_query_string),
        headers={name.lower(): value for name, value in request.headers.items()},
        content=content,
        base=f"{request.scheme}://{request.host}{_PREFIX}",
        path=path,
    )

"""A small bot for tests: it records what it gets, answers as a test says, and calls the Web API."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import ClientSession, web

Payload = dict[str, Any]
Answer = Payload | str | int | None
"""JSON, text, a status code, or nothing (an empty 200)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One delivery."""

    headers: dict[str, str]
    raw: bytes
    payload: Payload


@dataclass(slots=True, kw_only=True)
class FakeBot:
    """Listens on a free port once started; `answer` may be replaced at any time."""

    now: Callable[[], float]
    url: str = ""
    api_url: str = ""
    token: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Payload], Awaitable[Answer]] | None = None
    effects_due: int = 0
    last_tick: Callable[[], float] | None = None
    session: ClientSession | None = None
    reads: int = 0
    """How often its metrics were read."""

    def application(self) -> web.Application:
        """The bot's two addresses."""
        application = web.Application()
        application.add_routes([web.post("/slack/events", self._events), web.get("/metrics", self._metrics)])
        return application

    async def api(self, method: str, **arguments: Any) -> Payload:
        """Call a Web API method with a JSON body."""
        assert self.session is not None
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.post(self.api_url + method, json=arguments, headers=headers) as response:
            body: Payload = await response.json()
            return body

    @property
    def last(self) -> Payload:
        """What came last."""
        return self.received[-1].payload

    async def _events(self, request: web.Request) -> web.Response:
        raw = await request.read()
        payload = parse_payload(raw, request.content_type)
        self.received.append(Received(headers=dict(request.headers), raw=raw, payload=payload))
        answer = await self.answer(payload) if self.answer else None
        if isinstance(answer, int):
            return web.Response(status=answer)
        if isinstance(answer, dict):
            return web.json_response(answer)
        return web.Response(text=answer or "")

    async def _metrics(self, _: web.Request) -> web.Response:
        self.reads += 1
        tick = (self.last_tick or self.now)()
        text = f"# HELP x\ngatehouse_effects_due {self.effects_due}.0\n"
        return web.Response(text=f"{text}gatehouse_last_tick_timestamp_seconds {tick!r}\n")


def parse_payload(raw: bytes, content_type: str) -> Payload:
    """Read a delivery as a bot does."""
    if content_type == "application/json":
        event: Payload = json.loads(raw)
        return event
    form: Payload = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    interaction: Payload = json.loads(form["payload"]) if "payload" in form else form
    return interaction

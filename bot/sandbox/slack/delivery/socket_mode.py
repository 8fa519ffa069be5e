"""Send payloads to the app over its own WebSockets. Protocol: Slack's "Using Socket Mode"."""

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.seed import APP_ID
from bot.sandbox.slack.delivery.delivery import ACKNOWLEDGE_SECONDS, Acknowledgement, Envelope, NotAcknowledged

PATH = "/slack/socket"
MAX_CONNECTIONS = 10
_HOST = "applink-sandbox"


class Sockets:
    """The app's open connections; each envelope goes to one of them, in turn."""

    def __init__(self, *, base_url: Callable[[], str], on_change: Callable[[], None]) -> None:
        self._base_url = base_url
        self._on_change = on_change
        self._tickets: set[str] = set()
        self._connections: list[web.WebSocketResponse] = []
        self._waiting: dict[str, tuple[web.WebSocketResponse, asyncio.Future[Any]]] = {}
        self._turn = 0
        self._transports: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self._not_frozen = asyncio.Event()
        self._not_frozen.set()

    @property
    def count(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    def routes(self) -> list[web.RouteDef]:
        """Return the route for the app's connections."""
        return [web.get(PATH, self._serve_connection)]

    def new_url(self) -> str:
        """Return an address that is valid for one connection: the answer of apps.connections.open."""
        ticket = secrets.token_urlsafe(18)
        self._tickets.add(ticket)
        return f"{self._base_url().replace('http', 'ws', 1).rstrip('/')}{PATH}?ticket={ticket}&app_id={APP_ID}"

    async def send(
        self, envelope: Envelope, payload: dict[str, Any], *, retry: int = 0, retry_reason: str = ""
    ) -> Acknowledgement:
        """See `Transport.send`."""
        if not self._connections:
            raise NotAcknowledged("connection_failed", "the app has no open Socket Mode connection")
        self._turn += 1
        socket = self._connections[self._turn % len(self._connections)]
        envelope_id = secrets.token_hex(16)
        content: dict[str, Any] = {
            "envelope_id": envelope_id,
            "type": envelope,
            "accepts_response_payload": envelope != "events_api",
            "payload": payload,
        }
        if envelope == "events_api":
            content |= {"retry_attempt": retry, "retry_reason": retry_reason}
        acknowledged: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = (socket, acknowledged)
        try:
            await asyncio.wait_for(self._not_frozen.wait(), ACKNOWLEDGE_SECONDS)
            await socket.send_json(content)
            body = await asyncio.wait_for(acknowledged, ACKNOWLEDGE_SECONDS)
        except TimeoutError as error:
            raise NotAcknowledged("http_timeout", f"no ack within {ACKNOWLEDGE_SECONDS:g} seconds") from error
        except ConnectionError as error:
            raise NotAcknowledged("connection_failed", "the connection broke before the ack") from error
        finally:
            del self._waiting[envelope_id]
        return Acknowledgement(status=200, body=body)

    async def refresh(self, reason: str = "refresh_requested") -> int:
        """Ask the app to connect again, as Slack does every few hours; return the number of closed connections."""
        closing = list(self._connections)
        self._connections.clear()
        for socket in closing:
            await self._disconnect(socket, reason)
        return len(closing)

    def freeze(self) -> None:
        """Neither read nor send anything on any connection, also on new ones; all of them stay open."""
        self._not_frozen.clear()
        for transport in self._transports.values():
            transport.pause_reading()

    def thaw(self) -> None:
        """End `freeze`, and continue."""
        self._not_frozen.set()
        for transport in self._transports.values():
            transport.resume_reading()

    def drop(self) -> int:
        """End every connection without a close frame, as a network failure does; return how many there were."""
        dropped = list(self._transports.values())
        for transport in dropped:
            transport.abort()
        return len(dropped)

    async def _disconnect(self, socket: web.WebSocketResponse, reason: str) -> None:
        await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}})
        await socket.close()

    async def _serve_connection(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=401)
        self._tickets.discard(ticket)
        await self._not_frozen.wait()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self._connections) >= MAX_CONNECTIONS:
            await self._disconnect(socket, "too_many_websockets")
            return socket
        self._connections.append(socket)
        if isinstance(request.transport, asyncio.Transport):
            self._transports[socket] = request.transport
        self._on_change()
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
        finally:
            self._remove(socket)
        return socket

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {"host": _HOST, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }

    def _acknowledge(self, text: str) -> None:
        """Handle the app's answer to an envelope; any other text is ignored, as in Slack."""
        try:
            answer = json.loads(text)
        except ValueError:
            return
        if not isinstance(answer, dict):
            return
        _, waiting = self._waiting.get(str(answer.get("envelope_id")), (None, None))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer.get("payload") or None)

    def _remove(self, socket: web.WebSocketResponse) -> None:
        self._transports.pop(socket, None)
        if socket in self._connections:
            self._connections.remove(socket)
        for connection, waiting in self._waiting.values():
            if connection is socket and not waiting.done():
                waiting.set_exception(ConnectionResetError("the app closed its connection"))
        self._on_change()

"""Receive Slack's payloads over Socket Mode, and notice when Slack sends nothing at all.

slack_sdk's client reconnects by itself in most cases. But in some it retries an address that Slack accepts only once,
and never ends. So it is observed, and replaced when nothing came for some time.
"""

import asyncio
import contextlib
import time
from typing import Any, Final

import structlog
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import NO_ANSWER, error_code, retry_after
from bot.slack.inbound.receive import Inbound
from workflows.intervals import CONNECTION_PINGED_EVERY, CONNECTION_SILENT_AFTER
from workflows.tasks import end_tasks

PING_SECONDS: Final = CONNECTION_PINGED_EVERY.total_seconds()
SILENT_SECONDS: Final = CONNECTION_SILENT_AFTER.total_seconds()
_CLOSE_SECONDS: Final = 3.0
_USUAL_PAUSE_SECONDS: Final = 30.0
"""The pause after `ratelimited` when Slack names none."""

_log = structlog.get_logger()


class SlackSocket:
    """The connection to Slack while `run` runs."""

    def __init__(
        self,
        *,
        inbound: Inbound,
        client: AsyncWebClient,
        app_token: str,
        ping_seconds: float = PING_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._inbound = inbound
        self._client = client
        self.app_token = app_token
        """Of the next connection. It is replaced while the bot runs."""
        self._ping_seconds = ping_seconds
        self._silent_seconds = silent_seconds
        self._messages = 0
        self.ask_address_at = 0.0
        """When Slack may be asked for an address again, on the monotonic clock. It outlives a replaced connection."""
        self.was_heard = False
        """Whether anything ever came from Slack."""
        self.silence = ""
        """Why nothing comes from Slack; empty while the connection works."""

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            connection = _Connection(self, self._client, self.app_token, self._ping_seconds)
            connecting = asyncio.create_task(connection.connect())  # type: ignore[no-untyped-call]
            try:
                await self._listen(connection)
            finally:
                await end_tasks([connecting])
                await _close(connection)

    async def _listen(self, connection: "_Connection") -> None:
        """Check a connection until it is silent for too long."""
        last_signs, heard_at = self._signs_of_life(connection), time.monotonic()
        while True:
            await asyncio.sleep(min(1.0, self._ping_seconds / 2))
            if (signs := self._signs_of_life(connection)) != last_signs:
                last_signs, heard_at, self.was_heard = signs, time.monotonic(), True
                if self.silence:
                    _log.warning("slack_heard_again")
                self.silence = ""
            elif time.monotonic() - heard_at > self._silent_seconds:
                why = connection.trouble or "pings are not answered"
                self.silence = f"nothing was heard for {self._silent_seconds:g} seconds ({why})"
                _log.error("slack_not_heard", reason=why)
                return

    def _signs_of_life(self, connection: "_Connection") -> tuple[int, float | None]:
        return self._messages, connection.last_ping_pong_time

    async def record_message(self, _: Any) -> None:
        """Record that a message came."""
        self._messages += 1

    async def handle(self, connection: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Answer one envelope. Without a 200 it is not acknowledged, and Slack shows the person an error."""
        answer = await self._inbound.take(request.payload)
        await send_async_response(connection, request, answer, time.time())


class _Connection(SocketModeClient):
    """slack_sdk's client, which records why it gets no address and asks again after a short time, not after days."""

    def __init__(self, socket: SlackSocket, client: AsyncWebClient, app_token: str, ping_seconds: float) -> None:
        self._socket = socket
        super().__init__(
            app_token=app_token,
            web_client=client,
            ping_interval=ping_seconds,
            on_message_listeners=[socket.record_message],
        )
        self.socket_mode_request_listeners.append(socket.handle)
        self.trouble = ""

    async def issue_new_wss_url(self) -> str:
        # The wait is this class's own: slack_sdk's handler for rate limits would wait for any time that Slack names.
        while True:
            await asyncio.sleep(max(0.0, self._socket.ask_address_at - time.monotonic()))
            try:
                answer = await self.web_client.apps_connections_open(app_token=self._socket.app_token)
            except SlackApiError as error:
                self.trouble = f"apps.connections.open: {error_code(error) or 'no answer of Slack’s'}"
                if error_code(error) != "ratelimited":
                    raise
                pause = retry_after(error)
                self._socket.ask_address_at = time.monotonic() + (_USUAL_PAUSE_SECONDS if pause is None else pause)
            except NO_ANSWER as error:
                self.trouble = f"apps.connections.open: {type(error).__name__}"
                raise
            else:
                self.trouble = ""
                return str(answer["url"])


async def _close(connection: _Connection) -> None:
    """Close a connection, whatever state it is in."""
    connection.closed = True
    with contextlib.suppress(TimeoutError, OSError, RuntimeError, *NO_ANSWER):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await connection.disconnect()  # type: ignore[no-untyped-call]
    tasks = [connection.message_processor, connection.current_session_monitor, connection.message_receiver]
    await end_tasks(task for task in tasks if task is not None)
    await connection.aiohttp_client_session.close()

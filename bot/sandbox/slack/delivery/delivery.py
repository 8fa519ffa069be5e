"""Send payloads to the app, over HTTP or Socket Mode, by Slack's rules: three seconds, and retries for events."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

from bot.sandbox.refusals import Refused

ACKNOWLEDGE_SECONDS = 3.0
RETRY_AFTER_SECONDS = (0.0, 60.0, 300.0)
"""When Slack sends an unacknowledged event again; interactions are never sent again."""

Envelope = Literal["slash_commands", "interactive", "events_api"]
Reason = Literal["http_timeout", "http_error", "connection_failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """The app answered 200 in time; `body` is parsed JSON, plain text, or None when empty."""

    status: int
    body: Any


class NotAcknowledged(Exception):
    """The app was late, refused, or could not be reached."""

    def __init__(self, reason: Reason, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.status = status


class Transport(Protocol):
    """Sends an envelope to the app once."""

    async def send(
        self, envelope: Envelope, payload: dict[str, Any], *, retry: int = 0, retry_reason: str = ""
    ) -> Acknowledgement:
        """Send one envelope.

        :raises NotAcknowledged: when there is no 200 within `ACKNOWLEDGE_SECONDS`.
        """


def to_raw_body(envelope: Envelope, payload: dict[str, Any]) -> tuple[bytes, str]:
    """Encode a payload as Slack does over HTTP; return the bytes and their content type."""
    if envelope == "events_api":
        return json.dumps(payload).encode(), "application/json"
    form = payload if envelope == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


class Delivery:
    """Sends payloads, and counts those that are not answered yet."""

    def __init__(self, transport: Transport, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._transport = transport
        self._sleep = sleep
        self._retries: set[asyncio.Task[None]] = set()
        self.in_flight = 0

    async def interact(self, envelope: Envelope, payload: dict[str, Any]) -> Acknowledgement:
        """Send a command or an interaction, once.

        :raises Refused: `operation_timeout` or `dispatch_failed`: what Slack shows the person.
        """
        try:
            return await self._send(envelope, payload)
        except NotAcknowledged as error:
            raise refusal_for(error) from error

    async def event(self, payload: dict[str, Any]) -> bool:
        """Send an event; return whether it was acknowledged at once. Otherwise it is retried."""
        try:
            await self._send("events_api", payload)
        except NotAcknowledged as error:
            task = asyncio.create_task(self._retry(payload, error.reason))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)
            return False
        return True

    async def stop(self) -> None:
        """Stop the retries."""
        for task in list(self._retries):
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)

    async def _retry(self, payload: dict[str, Any], reason: Reason) -> None:
        for number, wait in enumerate(RETRY_AFTER_SECONDS, start=1):
            await self._sleep(wait)
            try:
                await self._send("events_api", payload, retry=number, retry_reason=reason)
            except NotAcknowledged as error:
                reason = error.reason
            else:
                return

    async def _send(
        self, envelope: Envelope, payload: dict[str, Any], *, retry: int = 0, retry_reason: str = ""
    ) -> Acknowledgement:
        self.in_flight += 1
        try:
            return await self._transport.send(envelope, payload, retry=retry, retry_reason=retry_reason)
        finally:
            self.in_flight -= 1


def refusal_for(error: NotAcknowledged) -> Refused:
    """Return the error in Slack's words for the person: the operation timed out, or the dispatch failed."""
    if error.reason == "http_timeout":
        words = (
            f"the bot did not acknowledge within {ACKNOWLEDGE_SECONDS:g} seconds; Slack shows a warning to the person"
        )
        return Refused("operation_timeout", words, 504)
    return Refused("dispatch_failed", f"the bot did not take the payload: {error}", 502, answered=error.status)

"""Send payloads to the app by signed HTTP POSTs. Signature: Slack's "Verifying requests from Slack"."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import aiohttp

from bot.sandbox.slack.delivery.delivery import (
    ACKNOWLEDGE_SECONDS,
    Acknowledgement,
    Envelope,
    NotAcknowledged,
    to_raw_body,
)

PATH = "/slack/events"


def signed_headers(secret: str, raw: bytes, now: datetime) -> dict[str, str]:
    """Sign raw bytes with the v0 scheme: HMAC-SHA256 over `v0:timestamp:body`."""
    timestamp = str(int(now.timestamp()))
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


class HttpTransport:
    """POSTs to the app's request URL."""

    def __init__(self, *, bot_url: Callable[[], str | None], secret: str, now: Callable[[], datetime]) -> None:
        self._bot_url = bot_url
        self._secret = secret
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, envelope: Envelope, payload: dict[str, Any], *, retry: int = 0, retry_reason: str = ""
    ) -> Acknowledgement:
        """See `Transport.send`."""
        url = self._bot_url()
        if url is None:
            raise NotAcknowledged("connection_failed", "no bot is attached to this sandbox; start one and name it")
        raw, content_type = to_raw_body(envelope, payload)
        headers = {
            "Content-Type": content_type,
            "Accept": "application/json,*/*",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **signed_headers(self._secret, raw, self._now()),
            **({"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": retry_reason} if retry else {}),
        }
        try:
            async with self._client().post(url.rstrip("/") + PATH, data=raw, headers=headers) as response:
                text = await response.text()
        except TimeoutError as error:
            raise NotAcknowledged("http_timeout", f"no answer within {ACKNOWLEDGE_SECONDS:g} seconds") from error
        except aiohttp.ClientError as error:
            raise NotAcknowledged("connection_failed", str(error)) from error
        if response.status != 200:
            raise NotAcknowledged("http_error", f"it answered {response.status}", response.status)
        return Acknowledgement(status=200, body=_parse_answer(text))

    async def stop(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # NB. a connection per delivery: a kept one to a bot that was restarted would fail the first click.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(total=ACKNOWLEDGE_SECONDS),
            )
        return self._session


def _parse_answer(text: str) -> Any:
    """Return an answer as JSON, otherwise as plain text; Slack accepts both."""
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text

"""The two HTTP applications: what Slack calls, and, on a listener of its own, health and metrics.

Bolt parses before it verifies, so the signature over the raw bytes is verified here (Slack: "Verifying requests from
Slack"). Before that, nothing is parsed or logged, and the only answer is 401.
"""

import asyncio
import hashlib
import hmac
import json
import re
from binascii import a2b_qp
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

import structlog
from aiohttp import ClientConnectionError, hdrs, web
from multidict import CIMultiDictProxy
from slack_bolt.adapter.aiohttp import to_aiohttp_response

from bot.slack.inbound.receive import Inbound
from workflows.core.policy.stops.generation import is_sent_before_hold
from workflows.ports.clock import Clock

_TIMESTAMP_HEADER: Final = "X-Slack-Request-Timestamp"
_SIGNATURE_HEADER: Final = "X-Slack-Signature"
_TIMESTAMP: Final = re.compile(r"[0-9]{10}")
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}")
WINDOW_SECONDS: Final = 300
"""How far a timestamp may be from our clock, either way."""
_MAX_BODY_BYTES: Final = 256 * 1024
_MAX_BODY_SECONDS: Final = 5.0
_ONLY_PAYLOAD: Final = re.compile(b"payload=([^&=]*)")
"""A form with nothing but a payload. Nearly every form of Slack is one."""
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"

WhetherReady: TypeAlias = Callable[[], Awaitable[tuple[bool, str]]]
"""Returns whether the bot is ready, and what is to be said about that."""
MetricsPage: TypeAlias = Callable[[], Awaitable[tuple[bytes, str]]]
"""Returns the metrics page, and its content type."""

_log = structlog.get_logger()


@dataclass(slots=True)
class SigningSecrets:
    """The signing secrets that are accepted now. They are replaced while the bot runs."""

    current: str
    old: str = ""
    """The secret before; empty when there is none."""
    old_until: datetime | None = None
    """From this moment on the old secret is refused."""

    def accepted_at(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that count at a moment; empty when there is none."""
        is_old_accepted = self.old_until is not None and now < self.old_until
        return tuple(secret for secret in (self.current, self.old if is_old_accepted else "") if secret)

    def replace(self, current: str, old: str, old_until: datetime | None) -> None:
        """Accept these secrets from now on."""
        self.current, self.old, self.old_until = current, old, old_until

    def has_signed(self, headers: CIMultiDictProxy[str], body: bytes, *, now: datetime) -> bool:
        """Return whether the raw bytes were signed with an accepted secret within five minutes before or after now."""
        timestamps = headers.getall(_TIMESTAMP_HEADER, [])
        signatures = headers.getall(_SIGNATURE_HEADER, [])
        if len(timestamps) != 1 or len(signatures) != 1:
            return False
        if not _TIMESTAMP.fullmatch(timestamps[0]) or not _SIGNATURE.fullmatch(signatures[0]):
            return False
        if abs(now.timestamp() - int(timestamps[0])) > WINDOW_SECONDS:
            return False
        signed = b"v0:" + timestamps[0].encode() + b":" + body
        return any(
            hmac.compare_digest("v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(), signatures[0])
            for secret in self.accepted_at(now)
        )


def make_web_app(
    *,
    inbound: Inbound | None,
    secrets: SigningSecrets,
    clock: Clock,
    refuses_before: Callable[[], datetime | None],
) -> web.Application:
    """Return the application that Slack calls. It has no other address.

    :param inbound: None in Socket Mode, where Slack sends nothing by HTTP.
    :param refuses_before: returns when the last held start was; what was signed before it may be a repetition of what
        older records do not know, and is refused for some minutes.
    """

    async def events(request: web.Request) -> web.StreamResponse:
        body = await _raw_body(request)
        if inbound is None or not secrets.has_signed(request.headers, body, now=clock.now()):
            _log.warning("not_signed_by_slack")
            return web.Response(status=401, text="not signed by Slack\n")
        if _is_of_before(request, refuses_before(), clock.now()):
            _log.warning("signed_before_held_start")
            return web.Response(status=401, text="sent before the records were restored\n")
        if request.content_type not in (_FORM, _JSON) or (request.charset or "utf-8").lower() != "utf-8":
            return web.Response(status=415, text="only form-encoded or JSON bodies in UTF-8\n")
        payload = _payload(body, request.content_type)
        if payload is None:
            return web.Response(status=400, text="not a payload\n")
        return await to_aiohttp_response(await inbound.take(payload))

    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app.on_response_prepare.append(_without_versions)
    app.router.add_post("/slack/events", events)
    return app


def make_health_app(*, metrics: MetricsPage, readiness: WhetherReady) -> web.Application:
    """Return the application that tells about the process. It has a listener of its own."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        is_ready, text = await readiness()
        return web.Response(text=text, status=200 if is_ready else 503)

    async def metrics_page(_: web.Request) -> web.Response:
        page, content_type = await metrics()
        return web.Response(body=page, headers={"Content-Type": content_type})

    app = web.Application()
    app.on_response_prepare.append(_without_versions)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics_page)
    return app


def _is_of_before(request: web.Request, since: datetime | None, now: datetime) -> bool:
    """Return whether an authentic request was signed before a held start, in the minutes after it."""
    if since is None:
        return False
    signed_at = datetime.fromtimestamp(int(request.headers[_TIMESTAMP_HEADER]) + 1, UTC)
    return is_sent_before_hold(signed_at, since, now)


async def _raw_body(request: web.Request) -> bytes:
    """Read the sent bytes; empty when they do not arrive completely, so that no signature is valid.

    :raises web.HTTPRequestEntityTooLarge, web.HTTPRequestTimeout: for more, or slower, than Slack ever sends.
    """
    try:
        if request.content.is_eof():  # usually, everything has arrived already
            return await request.read()
        async with asyncio.timeout(_MAX_BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="too slow\n") from None
    except (web.RequestPayloadError, ClientConnectionError):
        return b""


def _payload(body: bytes, content_type: str) -> dict[str, Any] | None:
    """Return the payload of a form or JSON; None when there is none.

    Bolt's own reading fails on bodies without an object, and loses a command whose text contains the word "payload".
    """
    try:
        if content_type == _FORM and (only := _ONLY_PAYLOAD.fullmatch(body)):
            payload = json.loads(_unquote(only[1]))
        elif content_type == _FORM:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
            payload = json.loads(form["payload"]) if "payload" in form else form
        else:
            payload = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _unquote(value: bytes) -> str:
    """Decode one value of a form.

    Its escapes are those of quoted-printable with another sign, which Python decodes in C. The urllib decodes each
    escape by itself, which takes longer than everything else until a click is stored.
    """
    return a2b_qp(value.replace(b"+", b" ").replace(b"%", b"=")).decode()


async def _without_versions(_: web.Request, response: web.StreamResponse) -> None:
    del response.headers[hdrs.SERVER]  # aiohttp has set it

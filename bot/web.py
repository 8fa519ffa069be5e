"""The HTTP door: raw-bytes signature check, Bolt behind it, health and metrics beside it.

Bolt parses before it verifies, so that unsigned junk reaches its decoders; here nothing is parsed, logged or answered
but 401 before the signature over the raw bytes is right (Slack: "Verifying requests from Slack").
"""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from multidict import CIMultiDictProxy
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.metrics import Metrics
from workflows.ports import Clock

_TIMESTAMP: Final = re.compile(r"[0-9]{10}")
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}")
_WINDOW_SECONDS: Final = 300
_LARGEST_BODY: Final = 256 * 1024
_CONTENT_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "application/json"})


def is_authentic(headers: CIMultiDictProxy[str], body: bytes, *, secret: str, now: float) -> bool:
    """Tell whether the raw bytes were signed with `secret` not longer than five minutes ago (or ahead)."""
    timestamps = headers.getall("X-Slack-Request-Timestamp", [])
    signatures = headers.getall("X-Slack-Signature", [])
    if len(timestamps) != 1 or len(signatures) != 1 or not secret:
        return False
    if not _TIMESTAMP.fullmatch(timestamps[0]) or not _SIGNATURE.fullmatch(signatures[0]):
        return False
    if abs(now - int(timestamps[0])) > _WINDOW_SECONDS:
        return False
    signed = b"v0:" + timestamps[0].encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signatures[0])


def make_web(
    *, bolt: AsyncApp | None, secret: str, clock: Clock, metrics: Metrics, is_ready: Callable[[], Awaitable[str]]
) -> web.Application:
    """Put the routes together.

    :param bolt: None in Socket Mode, where Slack does not knock at this door.
    :param is_ready: gives the reason why the bot is not ready, empty when it is.
    """

    async def events(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if bolt is None or not is_authentic(request.headers, body, secret=secret, now=clock.now().timestamp()):
            return web.Response(status=401, text="not signed by Slack\n")
        if request.content_type not in _CONTENT_TYPES or (request.charset or "utf-8").lower() != "utf-8":
            return web.Response(status=415, text="only form-encoded or JSON bodies in UTF-8\n")
        # NB. no header but the content type is passed on: they are unsigned, and Bolt takes control flow from some.
        bolt_request = AsyncBoltRequest(body=body.decode(), headers={"content-type": request.content_type})
        return await to_aiohttp_response(await bolt.async_dispatch(bolt_request))

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        reason = await is_ready()
        return web.Response(text=reason or "ready\n", status=503 if reason else 200)

    async def numbers(_: web.Request) -> web.Response:
        await metrics.refresh()
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_post("/slack/events", events)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", numbers)
    return app

"""Limit the connections: their number, and the time until a request is complete. Listen at an address.

The limits apply before anything else, because a connection uses a file descriptor before any byte is read.
"""

import asyncio
import logging
import resource
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog
from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from bot.process.settings import Settings, SettingsProblems
from bot.process.web.server import MetricsPage, WhetherReady, make_health_app

HEADER_SECONDS: Final = 5.0
"""The most seconds until a connection's headers are complete."""
_LINGERING_SECONDS: Final = 1.0
"""Seconds during which the rest of a body is still read after the answer."""
_ENDING_SECONDS: Final = 3.0
"""Seconds that the end of a server waits for answers. Slack waits no longer for one, and the next start may wait."""
_MAX_WAITING: Final = 128
_MIN_CONNECTIONS: Final = 8
_MAX_CONNECTIONS: Final = 1000

_log = structlog.get_logger()


class _NoHttp(logging.Filter):
    """Replaces aiohttp's error about bytes that are no HTTP, with a traceback and these bytes, by a short warning.

    Anybody can send them. They are no error here, and what is not signed is not logged.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        _log.warning("not_http")
        return False


_NO_HTTP: Final = _NoHttp()


def connection_limit() -> int:
    """Return the most connections: one for every two file descriptors of this process, within fixed bounds."""
    return max(_MIN_CONNECTIONS, min(_MAX_CONNECTIONS, _descriptors() // 2))


def backlog_limit() -> int:
    """Return how many connections may wait to be accepted (the backlog), from the file descriptors."""
    return max(_MIN_CONNECTIONS, min(_MAX_WAITING, _descriptors() // 8))


def _descriptors() -> int:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2 * _MAX_CONNECTIONS if allowed == resource.RLIM_INFINITY else allowed


class Connections:
    """The open connections of one server.

    Beyond `max_connections`, the oldest connection without a complete request is closed. Slack sends its requests at
    once, so they succeed while others keep connections open without a request.
    """

    def __init__(self, max_connections: int) -> None:
        self._max_connections = max_connections
        self._busy: set[web.RequestHandler] = set()

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Record which connections have a complete request, while it is answered."""
        self._busy.add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._busy.discard(request.protocol)

    def accept(self, server: web.Server) -> asyncio.Protocol:
        """Return the protocol of a new connection, after closing an idle one when there are too many.

        If none is idle, the protocol closes the new connection.
        """
        connections = [connection for connection in server.connections if connection.transport is not None]
        if len(connections) >= self._max_connections:
            waiting = next((connection for connection in connections if connection not in self._busy), None)
            if waiting is None:
                _log.warning("connection_refused", reason="too many requests at once")
                return _RefusedConnection()
            _log.warning("connection_closed", reason="too many connections")
            waiting.force_close()
        return server()


class Runner(web.AppRunner):
    """Serves an application; `Connections` accepts each connection."""

    def __init__(self, app: web.Application, connections: Connections, **options: Any) -> None:
        super().__init__(app, **options)
        self._connections = connections

    @property
    def server(self) -> Any:
        """Return the factory of each connection's protocol; None before `setup`."""
        server = super().server
        return None if server is None else lambda: self._connections.accept(server)


def make_runner(app: web.Application, max_connections: int | None = None) -> web.AppRunner:
    """Serve `app` without an access log. Bodies are not decompressed: the signature is over the sent bytes.

    NB. the time-out that aiohttp calls keep-alive also counts from a connection's start. It ends a connection whose
    headers do not come.

    :param max_connections: the most connections at once; by default derived from the limits of this process.
    """
    # NB. aiohttp answers what is no HTTP before any application sees it, and would name its own and Python's version.
    web_response.SERVER_SOFTWARE = "gatehouse"  # type: ignore[attr-defined]
    server_log = logging.getLogger("aiohttp.server")
    server_log.addFilter(_NO_HTTP)  # it is added once only
    connections = Connections(max_connections or connection_limit())
    app.middlewares.append(connections.watch)
    app.on_response_prepare.append(_close_afterwards)
    return Runner(
        app,
        connections,
        access_log=None,
        logger=server_log,
        auto_decompress=False,
        keepalive_timeout=HEADER_SECONDS,
        lingering_time=_LINGERING_SECONDS,
        shutdown_timeout=_ENDING_SECONDS,
    )


async def _close_afterwards(_: web.Request, response: web.StreamResponse) -> None:
    """Close the connection after its answer.

    The server closes a kept connection after a short while. A proxy that sends a click on it at that moment answers
    502, because a POST is not sent twice.
    """
    response.force_close()
    response.headers["Connection"] = "close"


class _RefusedConnection(asyncio.Protocol):
    """Closes a new connection when there are too many."""

    def connection_made(self, transport: Any) -> None:
        transport.abort()


async def serve(stack: AsyncExitStack, app: web.Application, host: str, port: int, prefix: str) -> None:
    """Serve an application until the stack is closed.

    :param prefix: of the two settings that name the address.
    :raises SettingsProblems: when the port cannot be used.
    """
    runner = make_runner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, host, port, backlog=backlog_limit()).start()
    except OSError as error:
        problem = f"{prefix}HOST, {prefix}PORT: cannot listen on {host}:{port} ({error.strerror})"
        raise SettingsProblems((problem,)) from error


class HealthListener:
    """Tells about the process at one address, from the first time that something is told until it is closed.

    What it tells changes while the process starts, and the listener stays. The end of a listener leaves a connection
    that it has just accepted open and without an answer (cpython issue 109564), so none takes the place of another.
    """

    _readiness: WhetherReady
    _metrics: MetricsPage

    def __init__(self, settings: Settings) -> None:
        """Create it. Nobody listens before `tell` is called."""
        self._settings = settings
        self._stack = AsyncExitStack()
        self._is_listening = False

    async def tell(self, readiness: WhetherReady, metrics: MetricsPage) -> None:
        """Tell this from now on; listen, when this is the first time.

        :raises SettingsProblems: when the port cannot be used.
        """
        self._readiness, self._metrics = readiness, metrics
        if self._is_listening:
            return
        self._is_listening, settings = True, self._settings
        app = make_health_app(metrics=lambda: self._metrics(), readiness=lambda: self._readiness())
        await serve(
            self._stack, app, settings.gatehouse_health_host, settings.gatehouse_health_port, "GATEHOUSE_HEALTH_"
        )

    async def close(self) -> None:
        """Stop listening; the second time, do nothing."""
        await self._stack.aclose()

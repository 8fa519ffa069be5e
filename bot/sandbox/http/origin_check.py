"""Refuse requests from web pages of other sites: only the sandbox's own Host and Origin are accepted.

The boundary between the sandbox and other pages in the browser.
"""

from aiohttp import web
from aiohttp.typedefs import Handler

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def require_own_origin(request: web.Request, handler: Handler, port: int) -> web.StreamResponse:
    """Handle a request to the server on `port`, or refuse it with 403.

    Another Host means that a foreign name was pointed to this address (DNS rebinding). Another Origin on an unsafe
    method means a form or script of another site. Programs send no Origin.
    """
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    if request.headers.get("Host", "").lower() not in hosts:
        return _refusal("foreign_host", f"Host: this server answers to {' and '.join(sorted(hosts))} only")
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower().removeprefix("http://") not in hosts and request.method not in _SAFE:
        return _refusal("foreign_origin", "Origin: pages of other sites may not drive the sandbox")
    return await handler(request)


def _refusal(code: str, message: str) -> web.Response:
    return web.json_response({"ok": False, "error": code, "message": message}, status=403)

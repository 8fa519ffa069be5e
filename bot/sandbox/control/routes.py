"""Serve the control API under `/control/`, for scripts, tests and the page. See docs/sandbox.md.

The boundary of the control API: the server imports only this file of it.
"""

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.control.environment import environment_routes
from bot.sandbox.control.ports import Sandbox
from bot.sandbox.control.slack_actions import action_routes
from bot.sandbox.control.slack_reads import read_routes
from bot.sandbox.refusals import Refused


def control_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Return all routes of the control API; routes of a simulator that is not running are left out."""
    routes = environment_routes(sandbox)
    if sandbox.slack_simulator is not None:
        routes += action_routes(sandbox.slack_simulator)
        routes += read_routes(sandbox.slack_simulator)
    return routes


@web.middleware
async def control_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal under `/control/` as `{"ok": false, "error": code, "message": …}`."""
    if not request.path.startswith("/control/"):
        return await handler(request)
    try:
        return await handler(request)
    except Refused as error:
        body = {"ok": False, "error": error.code, "message": error.message, **error.more}
        return web.json_response(body, status=error.status)
    except web.HTTPNotFound:
        message = f"there is no {request.path}; docs/sandbox.md lists the control API"
        return web.json_response({"ok": False, "error": "unknown_call", "message": message}, status=404)
    except web.HTTPMethodNotAllowed as error:
        message = f"{request.path} takes {' and '.join(sorted(error.allowed_methods))}"
        return web.json_response({"ok": False, "error": "wrong_method", "message": message}, status=405)

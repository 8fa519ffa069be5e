"""Serve the control calls that are not about Slack: clock, bot, faults, request logs, the tenant's state."""

import time
from typing import Annotated, Literal
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import Field

from bot.sandbox.bot_status import BotHandle
from bot.sandbox.control.input import Input, answer, read_body, read_json, read_query
from bot.sandbox.control.ports import Sandbox
from bot.sandbox.entra import EntraSimulator
from bot.sandbox.http.faults import Fault
from bot.sandbox.refusals import Refused
from bot.sandbox.seed import APP_ID, TEAM_ID
from bot.sandbox.slack.simulator import SlackSimulator

PICK_UP_SECONDS = 15.0
_TEN_YEARS = 10 * 366 * 24 * 3600
_DEFAULT_BOT_PORT = 3000


class Advance(Input):
    """How far to move the clock."""

    advance_seconds: int = Field(ge=0, le=_TEN_YEARS)
    step_seconds: int = Field(default=_TEN_YEARS, ge=1, le=_TEN_YEARS)
    """The longest step. Shorter steps let time pass while the bot runs; one long step is a clock that jumps."""


class Idle(Input):
    """How long to wait for the bot, in seconds, and whether it must have ticked since the call."""

    timeout: Annotated[float, Field(ge=0, le=300)] = 10.0
    tick: bool = False


class Attach(Input):
    """A bot on this machine that was started separately."""

    url: str = Field(pattern=r"^http://(127\.0\.0\.1|localhost)(:\d{1,5})?/?$")
    health_url: str = Field(default="", pattern=r"^(http://(127\.0\.0\.1|localhost)(:\d{1,5})?/?)?$")


class SocketTrouble(Input):
    """What to do with the Socket Mode connections."""

    do: Literal["freeze", "thaw", "drop"]


class RateLimits(Input):
    """Whether Slack's rate limits are enforced."""

    enforced: bool


def environment_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Return the routes; routes of a simulator that is not running are left out."""
    routes = [*_clock_routes(sandbox), *_bot_routes(sandbox), *_fault_routes(sandbox)]
    if sandbox.slack_simulator is not None:
        routes += _slack_routes(sandbox, sandbox.slack_simulator)
    if sandbox.entra is not None:
        routes += _graph_routes(sandbox, sandbox.entra)
    return routes


def _clock_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    def clock_values() -> dict[str, object]:
        clock = sandbox.clock
        return {"now": clock.now().isoformat(), "offset_seconds": int(clock.offset.total_seconds())}

    async def read(_: web.Request) -> web.Response:
        return answer(**clock_values())

    async def advance_once(seconds: int) -> bool:
        now = sandbox.clock.advance(seconds)
        sandbox.revision.bump()
        return is_bot_alive() and await sandbox.status.idle(PICK_UP_SECONDS, since=now)

    def is_bot_alive() -> bool:
        return sandbox.bot is not None and sandbox.bot.alive()

    async def advance(request: web.Request) -> web.Response:
        body = await read_body(request, Advance)
        left, picked_up = body.advance_seconds, True
        # A bot that does not follow stops the clock: otherwise the next steps would be a jump for it.
        while left and (picked_up or not is_bot_alive()):
            step = min(left, body.step_seconds)
            left -= step
            picked_up = await advance_once(step)
        if not body.advance_seconds:
            picked_up = await advance_once(0)
        return answer(**clock_values(), picked_up=picked_up)

    return [web.get("/control/clock", read), web.post("/control/clock", advance)]


def _bot_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    async def read(_: web.Request) -> web.Response:
        bot, slack = sandbox.bot, sandbox.slack_simulator
        port = (urlsplit(bot.url).port or 80) if bot else _DEFAULT_BOT_PORT
        health_url = (bot.health_url or bot.url) if bot else None
        health_port = urlsplit(health_url).port if health_url and health_url != (bot and bot.url) else None
        settings = sandbox.bot_settings(port, health_port or port + 1)
        return answer(
            url=bot.url if bot else None,
            health_url=health_url,
            pid=(bot.pid() or None) if bot else None,
            alive=bool(bot and bot.alive()),
            signing_secret=slack.credentials.signing_secret if slack else None,
            bot_token=slack.credentials.bot_token if slack else None,
            app_token=settings.get("SLACK_APP_TOKEN"),
            socket_mode=sandbox.socket_mode,
            team_id=TEAM_ID,
            api_app_id=APP_ID,
            settings=settings,
        )

    async def attach(request: web.Request) -> web.Response:
        body = await read_body(request, Attach)
        sandbox.bot = BotHandle(url=body.url, pid=lambda: 0, alive=lambda: True, health_url=body.health_url)
        return await read(request)

    async def idle(request: web.Request) -> web.Response:
        query = read_query(request, Idle)
        began = time.monotonic()
        if not await sandbox.status.idle(query.timeout, since=sandbox.clock.now() if query.tick else None):
            words = f"timeout: the bot was not idle within {query.timeout:g} seconds, or it does not answer /metrics"
            raise Refused("not_idle", words, 504)
        return answer(idle=True, waited_seconds=round(time.monotonic() - began, 3))

    return [web.get("/control/bot", read), web.put("/control/bot", attach), web.get("/control/idle", idle)]


def _fault_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    async def read(_: web.Request) -> web.Response:
        return answer(faults=sandbox.faults.remaining_faults())

    async def add(request: web.Request) -> web.Response:
        sandbox.faults.add(await read_body(request, Fault))
        return answer(faults=sandbox.faults.remaining_faults())

    async def clear(_: web.Request) -> web.Response:
        return answer(cleared=sandbox.faults.clear())

    path = "/control/faults"
    return [web.get(path, read), web.post(path, add), web.delete(path, clear)]


def _slack_routes(sandbox: Sandbox, slack: SlackSimulator) -> list[web.RouteDef]:
    async def log(_: web.Request) -> web.Response:
        return answer(log=sandbox.slack_log.entries)

    async def refresh(_: web.Request) -> web.Response:
        return answer(disconnected=await slack.sockets.refresh())

    async def trouble(request: web.Request) -> web.Response:
        body = await read_body(request, SocketTrouble)
        match body.do:
            case "freeze":
                slack.sockets.freeze()
            case "thaw":
                slack.sockets.thaw()
            case "drop":
                slack.sockets.drop()
        return answer(connections=slack.sockets.count)

    async def limits(request: web.Request) -> web.Response:
        slack.limits.enforce(is_enforced=(await read_body(request, RateLimits)).enforced)
        return answer(enforced=slack.limits.is_enforced)

    return [
        web.get("/control/slack/log", log),
        web.post("/control/slack/limits", limits),
        web.post("/control/slack/refresh", refresh),
        web.post("/control/slack/socket", trouble),
    ]


def _graph_routes(sandbox: Sandbox, entra: EntraSimulator) -> list[web.RouteDef]:
    async def log(_: web.Request) -> web.Response:
        return answer(log=sandbox.graph_log.entries)

    async def state(_: web.Request) -> web.Response:
        return answer(state=entra.state())

    async def patch(request: web.Request) -> web.Response:
        body = await read_json(request)
        try:
            return answer(state=entra.merge(body))
        except ValueError as error:
            raise Refused("bad_patch", str(error)) from error

    return [
        web.get("/control/graph/log", log),
        web.get("/control/graph/state", state),
        web.patch("/control/graph/state", patch),
    ]

"""The process: open the bot's connections, start its tasks, end them in reverse order.

This file is long because start and end of all that runs have to be read together.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.process.assembly.assembly import Parts, assemble
from bot.process.assembly.neighbours import Neighbours
from bot.process.logs.redactor import Redactor, redactor_of
from bot.process.readers import open_clock, open_tenant
from bot.process.settings import Settings, SettingsProblems
from bot.process.web.connections import make_runner, most_at_once
from bot.process.web.health import LOOK_SECONDS, Health
from bot.process.web.metrics import Metrics
from bot.process.web.server import make_web
from bot.slack.answers.background import Background
from bot.slack.errors import NO_ANSWER, WRONG_TOKEN, error_code
from bot.slack.inbound.socket import SlackSocket
from bot.slack.outbound.approval_channel import CURE, ChannelUnsuitable, channel_problem
from bot.slack.outbound.client import SlackClient
from bot.slack.people.shown_directory import ShownDirectory
from workflows.app.schedule.downtime import notice_gap
from workflows.app.schedule.missing_setup import record_missing_setup
from workflows.app.schedule.ticker import tick
from workflows.catalog.catalog import Catalog, CatalogProblems, load_catalog
from workflows.core.errors.raised import DomainError
from workflows.entra import Entra
from workflows.ports.clock import Clock
from workflows.ports.records import StoreNotWritable, StoreUnusable
from workflows.store.sqlite.store import SqliteStore, open_store

_STORED_AGAIN_SECONDS: Final = 1.0
"""Seconds before a retry of storing what must be stored before any effect is performed."""

_log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT.

    :raises SettingsProblems: when the templates, or Slack's answer about the token, show that a setting is wrong.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings):
        _log.info("ready", port=settings.port, socket_mode=settings.is_socket_mode)
        await stop.wait()
        _log.info("stopping")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Parts]:
    """Assemble everything, start it, and end it in reverse order. Yields what runs."""
    catalog = _catalog(settings)
    clock = open_clock(settings)
    redact = redactor_of(settings)
    client = SlackClient(
        token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url, redact=redact
    )
    await _require_slack(client, settings)
    async with AsyncExitStack() as stack:
        store = await _store(settings, clock, redact)
        stack.push_async_callback(store.close)
        noticed = asyncio.create_task(_notice_gap(store, clock))
        stack.push_async_callback(_cancelled, noticed)
        await asyncio.wait([noticed], timeout=_STORED_AGAIN_SECONDS)
        tenant = open_tenant(settings)
        stack.push_async_callback(tenant.close)
        background = Background()
        stack.push_async_callback(background.close)
        parts = assemble(
            Neighbours(
                settings=settings,
                catalog=catalog,
                clock=clock,
                client=client,
                store=store,
                tenant=tenant,
                background=background,
                redact=redact,
            )
        )
        background.start(_name_missing_groups(parts.directory, catalog))
        warm = asyncio.create_task(_warm(tenant, settings))
        socket = _socket(settings, parts, client)
        health = Health(
            store=store,
            alarms=parts.alarms,
            clock=clock,
            send=parts.send_directly,
            socket=socket,
            look_seconds=min(LOOK_SECONDS, settings.gatehouse_tick_seconds),
        )
        readiness = Readiness(starting=(warm, noticed), health=health, socket=socket)
        metrics = Metrics(
            store=store, clock=clock, lookups=lambda: background.running, is_ready=readiness.what_is_missing
        )
        readiness.loops += [
            asyncio.create_task(_performing(parts, warm, noticed)),
            asyncio.create_task(_ticking(parts, clock, metrics, settings, noticed)),
            asyncio.create_task(health.run()),
        ]
        for task in (*readiness.loops, warm):
            stack.push_async_callback(_cancelled, task)
        await _listen(stack, settings, parts, clock, metrics, readiness)
        if socket is not None:
            # Slack may be unreachable for long. Meanwhile the bot performs what is stored, and can be stopped.
            readiness.loops.append(asyncio.create_task(socket.run()))
            stack.push_async_callback(_cancelled, readiness.loops[-1])
        await warm
        yield parts


@dataclass(slots=True, kw_only=True)
class Readiness:
    """Whether clicks can be received and stored: what was started, what still runs, and its health."""

    starting: tuple[asyncio.Task[None], ...]
    health: Health
    socket: SlackSocket | None
    loops: list[asyncio.Task[None]] = field(default_factory=list)

    async def what_is_missing(self) -> str:
        """Return why the bot is not ready; empty when it is."""
        if any(task.done() for task in self.loops):
            return "a loop has ended; restart\n"
        if reasons := self.health.reasons:
            return "".join(f"{reason}\n" for reason in reasons)
        is_heard = self.socket is None or self.socket.was_heard
        return "" if all(task.done() for task in self.starting) and is_heard else "starting\n"


def _catalog(settings: Settings) -> Catalog:
    try:
        return load_catalog(settings.gatehouse_templates)
    except CatalogProblems as error:
        raise SettingsProblems(error.problems) from error


async def _store(settings: Settings, clock: Clock, redact: Redactor) -> SqliteStore:
    try:
        return await open_store(settings.database_file, clock, redact, redact.known)
    except StoreUnusable as error:
        raise SettingsProblems((f"DATABASE_URL: {error}",)) from error
    except OSError as error:
        raise SettingsProblems((f"DATABASE_URL: {error.filename} cannot be used ({error.strerror})",)) from error


async def _require_slack(client: AsyncWebClient, settings: Settings) -> None:
    """Ask Slack whose token this is.

    :raises SettingsProblems: when the token is invalid, or another workspace's. An unreachable Slack is no such
        problem: stored work is performed as soon as it answers.
    """
    name = "SLACK_BOT_TOKEN"
    try:
        answer = await client.auth_test()
        if settings.slack_app_token is not None:
            # The Socket Mode client would retry a wrong token for ever, and could not be stopped meanwhile.
            name = "SLACK_APP_TOKEN"
            await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        reason = error_code(error)
        if reason not in WRONG_TOKEN:
            _log.warning("slack_out_of_reach", reason=reason or "no answer of Slack's")
            return
        raise SettingsProblems((f"{name}: Slack refuses it ({reason}); install the app again",)) from error
    except NO_ANSWER as error:
        _log.warning("slack_out_of_reach", reason=repr(error))
        return
    if answer["team_id"] != settings.slack_team_id:
        raise SettingsProblems((f"SLACK_TEAM_ID: the bot token belongs to {answer['team_id']}; set it to that",))
    await _require_private_channel(client, settings)


async def _require_private_channel(client: AsyncWebClient, settings: Settings) -> None:
    """Ask Slack whether approval cards may be posted to their channel.

    :raises SettingsProblems: when the channel is not certainly private. A missing answer is no such problem: the check
        is repeated before each card.
    """
    try:
        problem = await channel_problem(client, settings.slack_channel)
    except ChannelUnsuitable as error:
        _log.warning("approval_channel_not_read", reason=str(error))
        return
    if problem:
        where = f"{settings.slack_channel} cannot be used for approval cards: {problem}"
        raise SettingsProblems((f"SLACK_CHANNEL: {where}; {CURE}",))


async def _warm(tenant: Entra, settings: Settings) -> None:
    """Load and connect what the first request would otherwise wait for.

    :raises SettingsProblems: when Entra answers for another tenant. An unreachable Entra is no such problem.
    """
    if reason := await tenant.warm():
        _log.warning("entra_out_of_reach", reason=reason)
    elif (home := await tenant.home()) != settings.azure_tenant_id:
        raise SettingsProblems(
            (f"AZURE_TENANT_ID: Entra answers for the tenant {home}; set it to that, or use that tenant's credentials",)
        )


async def _notice_gap(store: SqliteStore, clock: Clock) -> None:
    """Store that the bot did not run for some time, as soon as anything can be stored."""
    while True:
        try:
            gap = await notice_gap(store=store, clock=clock)
        except StoreNotWritable as error:
            _log.warning("gap_not_stored", reason=str(error))
            await asyncio.sleep(_STORED_AGAIN_SECONDS)
        else:
            break
    if gap is not None:
        _log.warning("gap_noticed", since=str(gap.since), until=str(gap.until))


async def _performing(parts: Parts, warm: asyncio.Task[None], noticed: asyncio.Task[None]) -> None:
    """Perform stored effects, once the tenant's identity is known, or it is known that Entra is unreachable.

    An effect approved for one tenant must not be written to another. Nor may it be written after an outage that is not
    stored.
    """
    await asyncio.wait([warm])
    if warm.cancelled() or warm.exception() is not None:
        return  # the start is refused
    await asyncio.shield(noticed)
    await parts.outbox.run()


def _socket(settings: Settings, parts: Parts, client: SlackClient) -> SlackSocket | None:
    if settings.slack_app_token is None:
        return None
    app_token = settings.slack_app_token.get_secret_value()
    return SlackSocket(inbound=parts.inbound, client=client, app_token=app_token)


async def _name_missing_groups(directory: ShownDirectory, catalog: Catalog) -> None:
    """Log the missing user groups of roles. The people concerned are told when a request waits for such a role."""
    for role in catalog.roles:
        try:
            missing = await directory.missing_groups(role)
        except DomainError as error:
            _log.warning("user_groups_unread", reason=str(error))
            return
        if missing:
            _log.warning("user_group_missing", role=role, handles=missing)


async def _ticking(
    parts: Parts, clock: Clock, metrics: Metrics, settings: Settings, noticed: asyncio.Task[None]
) -> None:
    await asyncio.shield(noticed)  # the first tick replaces the time of the last one
    try:
        await record_missing_setup(service=parts.service, store=parts.store)
    except Exception:
        _log.exception("halves_not_recorded")
    while True:
        now = clock.now()
        try:
            await tick(service=parts.service, store=parts.store, directory=parts.directory, clock=clock)
            await parts.watching.look()
        except StoreNotWritable as error:
            _log.warning("tick_waits", reason=str(error))
        except Exception:
            _log.exception("tick_failed")
        else:
            metrics.ticked(now)
        await asyncio.sleep(settings.gatehouse_tick_seconds)


async def _listen(
    stack: AsyncExitStack, settings: Settings, parts: Parts, clock: Clock, metrics: Metrics, readiness: Readiness
) -> None:
    """Listen on the port."""
    app = make_web(
        inbound=None if settings.is_socket_mode else parts.inbound,
        secret=settings.slack_signing_secret.get_secret_value(),
        clock=clock,
        metrics=metrics,
        is_ready=readiness.what_is_missing,
    )
    runner = make_runner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, settings.host, settings.port, backlog=most_at_once()).start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise SettingsProblems((f"HOST, PORT: cannot listen on {where} ({error.strerror})",)) from error


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)  # its error was reported where it is awaited

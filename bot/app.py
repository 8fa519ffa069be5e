"""The process: opens what the bot stands between, starts what runs, ends it in the reverse order."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.approval_channel import CURE, ChannelUnsuitable, channel_problem
from bot.assembly import Neighbours, Parts, assemble
from bot.background import Background
from bot.metrics import Metrics
from bot.reading import open_clock, open_tenant
from bot.settings import Settings, SettingsProblems
from bot.shown_directory import ShownDirectory
from bot.slack_errors import NO_ANSWER, WRONG_TOKEN, error_code
from bot.web import make_runner, make_web
from workflows.catalog import Catalog, CatalogProblems, load_catalog
from workflows.core.errors import DomainError
from workflows.entra import Entra
from workflows.missing_halves import record_missing_halves
from workflows.ports import Clock, StoreUnusable
from workflows.store.sqlite import SqliteStore, open_store
from workflows.ticker import tick

_log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT.

    :raises SettingsProblems: when the templates, or Slack's own word on the token, show that a setting is wrong.
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
    """Put everything together, start it, and end it in the reverse order. Gives what runs."""
    catalog = _catalog(settings)
    clock = open_clock(settings)
    client = AsyncWebClient(token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url)
    await _require_slack(client, settings)
    async with AsyncExitStack() as stack:
        store = await _store(settings, clock)
        stack.push_async_callback(store.close)
        tenant = open_tenant(settings)
        stack.push_async_callback(tenant.close)
        background = Background()
        stack.push_async_callback(background.close)
        metrics = Metrics(store=store, clock=clock, lookups=lambda: background.running)
        parts = assemble(
            Neighbours(
                settings=settings,
                catalog=catalog,
                clock=clock,
                client=client,
                store=store,
                tenant=tenant,
                background=background,
            )
        )
        background.start(_name_missing_groups(parts.directory, catalog))
        warm = asyncio.create_task(_warm(tenant))
        loops = [
            asyncio.create_task(parts.outbox.run()),
            asyncio.create_task(_ticking(parts, clock, metrics, settings)),
        ]
        for task in (*loops, warm):
            stack.push_async_callback(_cancelled, task)
        await _open_doors(stack, settings, parts, clock, metrics, [warm, *loops])
        await warm
        yield parts


def _catalog(settings: Settings) -> Catalog:
    try:
        return load_catalog(settings.gatehouse_templates)
    except CatalogProblems as error:
        raise SettingsProblems(error.problems) from error


async def _store(settings: Settings, clock: Clock) -> SqliteStore:
    try:
        return await open_store(settings.database_file, clock)
    except StoreUnusable as error:
        raise SettingsProblems((f"DATABASE_URL: {error}",)) from error
    except OSError as error:
        raise SettingsProblems((f"DATABASE_URL: {error.filename} cannot be used ({error.strerror})",)) from error


async def _require_slack(client: AsyncWebClient, settings: Settings) -> None:
    """Ask Slack whose token this is.

    :raises SettingsProblems: when it is nobody's, or another workspace's. Slack out of reach is no such problem: what
        is stored is served as soon as it answers.
    """
    name = "SLACK_BOT_TOKEN"
    try:
        answer = await client.auth_test()
        if settings.slack_app_token is not None:
            # The Socket Mode client would try a wrong token for ever, and could not be stopped while it does.
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
    """Ask Slack whether approval cards may be posted where they are to go.

    :raises SettingsProblems: when the channel cannot be shown to be private. No answer is no such problem: it is asked
        again before each card.
    """
    try:
        problem = await channel_problem(client, settings.slack_channel)
    except ChannelUnsuitable as error:
        _log.warning("approval_channel_not_read", reason=str(error))
        return
    if problem:
        where = f"{settings.slack_channel} cannot be used for approval cards: {problem}"
        raise SettingsProblems((f"SLACK_CHANNEL: {where}; {CURE}",))


async def _warm(tenant: Entra) -> None:
    """Load and connect what the first request would otherwise wait for."""
    if reason := await tenant.warm():
        _log.warning("entra_out_of_reach", reason=reason)


async def _name_missing_groups(directory: ShownDirectory, catalog: Catalog) -> None:
    """Log the user groups of roles that do not exist; who holds such a role is told where a request waits for it."""
    for role in catalog.roles:
        try:
            missing = await directory.missing_groups(role)
        except DomainError as error:
            _log.warning("user_groups_unread", reason=str(error))
            return
        if missing:
            _log.warning("user_group_missing", role=role, handles=missing)


async def _ticking(parts: Parts, clock: Clock, metrics: Metrics, settings: Settings) -> None:
    try:
        await record_missing_halves(service=parts.service, store=parts.store)
    except Exception:
        _log.exception("halves_not_recorded")
    while True:
        now = clock.now()
        try:
            await tick(service=parts.service, store=parts.store, clock=clock)
        except Exception:
            _log.exception("tick_failed")
        else:
            metrics.ticked(now)
        for check in parts.checks:
            try:
                await check()
            except Exception:
                _log.exception("check_failed")
        await asyncio.sleep(settings.gatehouse_tick_seconds)


async def _open_doors(
    stack: AsyncExitStack,
    settings: Settings,
    parts: Parts,
    clock: Clock,
    metrics: Metrics,
    tasks: list[asyncio.Task[None]],
) -> None:
    """Listen on the port, and in Socket Mode connect to Slack."""
    warm, *loops = tasks
    connecting: list[asyncio.Task[None]] = []

    async def not_ready() -> str:
        if not (warm.done() and all(task.done() for task in connecting)):
            return "starting\n"
        return "a loop has ended; restart\n" if any(task.done() for task in loops) else ""

    app = make_web(
        bolt=None if settings.is_socket_mode else parts.bolt,
        secret=settings.slack_signing_secret.get_secret_value(),
        clock=clock,
        metrics=metrics,
        is_ready=not_ready,
    )
    runner = make_runner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise SettingsProblems((f"HOST, PORT: cannot listen on {where} ({error.strerror})",)) from error
    if settings.slack_app_token is not None:
        handler = AsyncSocketModeHandler(
            parts.bolt, settings.slack_app_token.get_secret_value(), web_client=parts.bolt.client
        )
        stack.push_async_callback(handler.close_async)
        # Slack may be out of reach for long; the bot serves what is stored, and can be stopped, meanwhile.
        connecting.append(asyncio.create_task(handler.connect_async()))  # type: ignore[no-untyped-call]
        stack.push_async_callback(_cancelled, connecting[0])


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

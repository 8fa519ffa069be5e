"""Open the bot's connections, start its tasks, and end them in reverse order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bot.process.assembly.external_systems import ExternalSystems
from bot.process.assembly.receiving import Receiver, make_receiver
from bot.process.imports import giving_way, without_garbage_collection
from bot.process.logs.redactor import redactor_of
from bot.process.opening.opened_later import GuestAccountsOpenedLater, TenantOpenedLater
from bot.process.opening.readers import open_clock, open_guest_accounts, open_tenant
from bot.process.opening.shared_traffic import SharedTraffic
from bot.process.opening.start_checks import check_slack, load_valid_catalog, open_valid_store, store_outage, warm_up
from bot.process.settings import Settings, SettingsProblems
from bot.process.web.connections import backlog_limit, make_runner
from bot.process.web.health import CHECK_SECONDS, Health
from bot.process.web.server import make_web_app
from bot.slack.answers.background import Background
from bot.slack.outbound.client import SlackClient
from workflows.app.schedule.freezing.held_start import HeldStart
from workflows.core.requests.alarms import Alarm
from workflows.intervals import START_STORED_AGAIN_AFTER, USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock
from workflows.ports.message_copies import MessageCopy
from workflows.ports.store import Store
from workflows.store.codec import build_adapters

if TYPE_CHECKING:
    from bot.process.assembly.assembly import BotParts
    from bot.process.loops import Work
    from bot.slack.inbound.socket import SlackSocket
    from workflows.ports.guest_accounts import GuestAccounts

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Readiness:
    """Whether clicks can be received and stored: what was started, what still runs, and its health."""

    outage_stored: asyncio.Task[None]
    health: Health
    socket: "SlackSocket | None"
    loops: list[asyncio.Task[None]] = field(default_factory=list)

    async def what_is_missing(self) -> str:
        """Return why the bot is not ready; empty when it is."""
        if any(task.done() for task in self.loops):
            return "a loop has ended; restart\n"
        if reasons := self.health.reasons:
            return "".join(f"{reason}\n" for reason in reasons)
        is_heard = self.socket is None or self.socket.was_heard
        return "" if self.outage_stored.done() and is_heard else "starting\n"


async def run(settings: Settings, pauses: Pauses = USUAL_PAUSES) -> None:
    """Run the bot until SIGTERM or SIGINT.

    :raises SettingsProblems: when the templates, or Slack's answer about the token, show that a setting is wrong.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings, pauses):
        _log.info("ready", port=settings.port, socket_mode=settings.is_socket_mode)
        await stop.wait()
        _log.info("stopping")


@asynccontextmanager
async def running(settings: Settings, pauses: Pauses = USUAL_PAUSES) -> AsyncIterator["BotParts"]:
    """Open the connections, start the tasks, and end them in reverse order.

    :yields: the running parts.
    :raises SettingsProblems: when the templates, the database, Slack or Entra show that a setting is wrong.
    """
    catalog, clock, redact = load_valid_catalog(settings), open_clock(settings), redactor_of(settings)
    token = settings.slack_bot_token.get_secret_value()
    client = SlackClient(token=token, base_url=settings.slack_api_url, redact=redact)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.close)
        await check_slack(client, settings)
        store = await open_valid_store(settings, clock, redact)
        stack.push_async_callback(store.close)
        held, outage_stored = await _store_outage(stack, store, clock, settings)
        traffic, background = SharedTraffic(clock), Background()
        later = TenantOpenedLater(partial(open_tenant, settings, pauses, traffic))
        stack.push_async_callback(later.close)
        stack.push_async_callback(background.close)
        systems = ExternalSystems(
            settings=settings,
            catalog=catalog,
            clock=clock,
            client=client,
            store=store,
            tenant=later.tenant,
            background=background,
            guest_accounts=_guest_accounts(stack, settings, clock, pauses, traffic),
            circuits=traffic.states,
            held=held,
            redact=redact,
            pauses=pauses,
        )
        receiver, work = make_receiver(systems), asyncio.get_running_loop().create_future()
        readiness = await _receive(stack, systems, receiver, work, outage_stored)
        warm = _start(stack, warm_up(later, settings))
        await _start_work(systems, receiver, work, readiness, warm)
        later.begin()
        await warm
        yield work.result().parts


async def _store_outage(
    stack: AsyncExitStack, store: Store, clock: Clock, settings: Settings
) -> tuple[HeldStart, asyncio.Task[None]]:
    """Have it stored whether the start is held, and since when the bot did not run; wait for that, but not for long.

    :raises SettingsProblems: when the place outside of the records cannot be used.
    """
    held = HeldStart(store=store, clock=clock, place=settings.generation_place)
    outage_stored = _start(stack, store_outage(store, clock, held))
    await asyncio.wait([outage_stored], timeout=START_STORED_AGAIN_AFTER.total_seconds())
    if outage_stored.done():
        outage_stored.result()
    return held, outage_stored


def _guest_accounts(
    stack: AsyncExitStack, settings: Settings, clock: Clock, pauses: Pauses, traffic: SharedTraffic
) -> "GuestAccounts":
    """Return the accounts of our guests; nothing is opened yet."""
    is_configured = settings.guests_azure_client_id is not None
    guests = GuestAccountsOpenedLater(
        partial(open_guest_accounts, settings, clock, pauses, traffic), is_configured=is_configured
    )
    stack.push_async_callback(guests.close)
    return guests.accounts


async def _receive(
    stack: AsyncExitStack,
    systems: ExternalSystems,
    receiver: Receiver,
    work: "asyncio.Future[Work]",
    outage_stored: asyncio.Task[None],
) -> Readiness:
    """Check the process's health, and listen.

    :param work: what is created later.
    """
    settings, socket = systems.settings, _socket(systems, receiver)

    async def send(alarm: Alarm) -> Sequence[MessageCopy]:
        return await (await asyncio.shield(work)).parts.send_directly(alarm)

    health = Health(
        store=systems.store,
        alarms=receiver.alarms,
        clock=systems.clock,
        send=send,
        socket=socket,
        check_seconds=min(CHECK_SECONDS, settings.gatehouse_tick_seconds),
    )
    readiness = Readiness(outage_stored=outage_stored, health=health, socket=socket)
    readiness.loops.append(asyncio.create_task(health.run()))
    stack.push_async_callback(_cancel_all, readiness.loops)
    await _listen(stack, systems, receiver, work, readiness)
    stack.callback(work.cancel)
    if socket is not None:
        # Slack may be unreachable for long. Until then the bot performs stored work, and can be stopped.
        readiness.loops.append(asyncio.create_task(socket.run()))
    return readiness


async def _start_work(
    systems: ExternalSystems,
    receiver: Receiver,
    work: "asyncio.Future[Work]",
    readiness: Readiness,
    tenant_check: asyncio.Task[None],
) -> None:
    """Import and create what performs effects and does what is due, and start it."""
    await asyncio.to_thread(_import_loops)
    from bot.process.loops import complete_start, keep_ticking, make_work, perform_effects

    made = make_work(systems, receiver, readiness.what_is_missing)
    work.set_result(made)
    systems.background.start(complete_start(made.parts.directory, systems.tenant, systems.catalog, tenant_check))
    outage_stored = readiness.outage_stored
    readiness.loops += [
        asyncio.create_task(perform_effects(made.parts, tenant_check, outage_stored)),
        asyncio.create_task(keep_ticking(made, systems.clock, systems.settings, outage_stored)),
    ]


def _import_loops() -> None:
    """Import and build what no click needs to be stored: a fifth of all modules. Never on an event loop."""
    with without_garbage_collection(), giving_way():
        import bot.process.loops  # noqa: F401

        build_adapters()


def _socket(systems: ExternalSystems, receiver: Receiver) -> "SlackSocket | None":
    if systems.settings.slack_app_token is None:
        return None
    from bot.slack.inbound.socket import SlackSocket  # 20 modules of Slack's packages, which HTTP does not need

    app_token = systems.settings.slack_app_token.get_secret_value()
    return SlackSocket(inbound=receiver.inbound, client=systems.client, app_token=app_token)


async def _listen(
    stack: AsyncExitStack,
    systems: ExternalSystems,
    receiver: Receiver,
    work: "asyncio.Future[Work]",
    readiness: Readiness,
) -> None:
    """Accept HTTP requests on the configured port.

    :raises SettingsProblems: when the port cannot be used.
    """
    settings = systems.settings

    async def metrics() -> tuple[bytes, str]:
        return await (await asyncio.shield(work)).metrics.page()

    app = make_web_app(
        inbound=None if settings.is_socket_mode else receiver.inbound,
        secret=settings.slack_signing_secret.get_secret_value(),
        clock=systems.clock,
        refuses_before=lambda: systems.held.refuses_before,
        metrics=metrics,
        why_not_ready=readiness.what_is_missing,
    )
    runner = make_runner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, settings.host, settings.port, backlog=backlog_limit()).start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise SettingsProblems((f"HOST, PORT: cannot listen on {where} ({error.strerror})",)) from error


def _start(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start a task that is cancelled when the stack is closed."""
    task = asyncio.create_task(work)
    stack.push_async_callback(_cancel, task)
    return task


async def _cancel_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in reversed(tasks):
        await _cancel(task)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)  # its error was reported where it is awaited

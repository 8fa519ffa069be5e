"""Open the bot's connections, start its tasks, and end them in reverse order.

It is long because the order of the start is here.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.process.assembly.external_systems import ExternalSystems
from bot.process.assembly.receiving import Receiver, make_receiver
from bot.process.logs.redactor import Redactor, redactor_of
from bot.process.opening.opened_later import GuestAccountsOpenedLater, TenantOpenedLater
from bot.process.opening.readers import GRAPH, SLACK, ClockSkew, open_clock, open_guest_accounts, open_tenant
from bot.process.opening.shared_traffic import SharedTraffic
from bot.process.opening.start_checks import (
    EndedBeforeStart,
    Start,
    check_slack,
    load_valid_catalog,
    log_what_is_waited_for,
    open_valid_store,
    store_outage,
    warm_up,
)
from bot.process.settings import Settings, SettingsProblems
from bot.process.start_and_end import LastResort, giving_way, without_garbage_collection
from bot.process.web.connections import HealthListener, serve
from bot.process.web.health import CHECK_SECONDS, Health
from bot.process.web.server import SigningSecrets, make_web_app
from bot.slack.answers.background import Background
from bot.slack.inbound.identity import IdentityCheck
from bot.slack.outbound.client import SlackClient
from workflows.app.schedule.freezing.held_start import HeldStart
from workflows.core.requests.alarms import Alarm
from workflows.intervals import END_FORCED_AFTER, START_STORED_AGAIN_AFTER, STOP_ANSWERS_FOR, USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import EffectsRunner
from workflows.ports.message_copies import MessageCopy
from workflows.ports.store import Store
from workflows.store.codec import build_adapters
from workflows.tasks import end_tasks

if TYPE_CHECKING:
    from bot.process.assembly.assembly import BotParts
    from bot.process.loops import Work
    from bot.slack.inbound.socket import SlackSocket
    from workflows.ports.guest_accounts import GuestAccounts

_log = structlog.get_logger()


class Stopping:
    """Whether the process was asked to end, and whether at once.

    At the first signal `/readyz` says "stopping", so no new clicks are sent here. Those that still arrive are stored
    and answered, and performed by another process or after the next start. What runs is finished, within a limit.
    Whatever is not is given back, and is still stored. A second signal ends the process at once.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._at_once = asyncio.Event()

    @property
    def is_asked(self) -> bool:
        """Return whether the process was asked to end."""
        return self.asked.is_set()

    def ask(self) -> None:
        """Ask the process to end; the second time, to end at once."""
        (self._at_once if self.asked.is_set() else self.asked).set()

    async def finish(self, runner: EffectsRunner, seconds: float) -> bool:
        """Finish what runs. Afterwards the caller closes everything.

        :param seconds: the longest time that it takes.
        :returns: whether everything has ended.
        """
        finished = asyncio.gather(runner.drain(), asyncio.sleep(STOP_ANSWERS_FOR.total_seconds()))
        at_once = asyncio.create_task(self._at_once.wait())
        await asyncio.wait((finished, at_once), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        is_finished = finished.done()
        for task in (finished, at_once):
            task.cancel()
        await asyncio.gather(finished, at_once, return_exceptions=True)
        if not is_finished:
            _log.warning("work_handed_over")
        return is_finished


@dataclass(slots=True, kw_only=True)
class Readiness:
    """Whether clicks can be received and stored: what was started, what still runs, and its health."""

    outage_stored: asyncio.Task[None]
    health: Health
    socket: "SlackSocket | None"
    stopping: Stopping
    start: Start
    loops: list[asyncio.Task[None]] = field(default_factory=list)

    async def what_is_said(self) -> tuple[bool, str]:
        """Return whether the bot is ready, and why not, or what is wrong nevertheless."""
        if missing := await self.what_is_missing():
            return False, missing
        return True, "".join(f"{line}\n" for line in ("ready", *self.health.warnings))

    async def what_is_missing(self) -> str:
        """Return why the bot is not ready; empty when it is."""
        if self.stopping.is_asked:
            return "stopping\n"
        if any(task.done() for task in self.loops):
            return "a loop has ended; restart\n"
        if reasons := self.health.reasons:
            return "".join(f"{reason}\n" for reason in reasons)
        is_heard = self.socket is None or self.socket.was_heard
        if self.outage_stored.done() and is_heard:
            return ""
        return f"starting: {self.start.waits_for}\n" if self.start.waits_for else "starting\n"


async def run(settings: Settings, pauses: Pauses = USUAL_PAUSES, redact: Redactor | None = None) -> None:
    """Run the bot until SIGTERM or SIGINT; see `Stopping`. A start is not finished then.

    At SIGHUP, read the files with secrets again, when there are any.

    :param redact: removes secrets from logs and messages; it learns new secrets.
    :raises SettingsProblems: when the templates, or Slack's answer about the token, show that a setting is wrong.
    """
    stopping, look_now, is_ready = Stopping(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    last_resort = LastResort(_say_what_hangs, partial(_what_runs, loop))

    def ask() -> None:
        left = 0.0 if stopping.is_asked else settings.gatehouse_stop_seconds
        stopping.ask()
        last_resort.within(left + END_FORCED_AFTER.total_seconds())

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    if settings.has_secret_files:
        loop.add_signal_handler(signal.SIGHUP, look_now.set)
    serving = asyncio.create_task(_serve(settings, pauses, redact, look_now, stopping, is_ready))
    asked = asyncio.create_task(stopping.asked.wait())
    await asyncio.wait((serving, asked), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not is_ready.is_set():
        serving.cancel()  # when that is lost, it becomes ready, and ends as usual
    try:
        await serving
    except (EndedBeforeStart, asyncio.CancelledError):
        if not stopping.is_asked:
            raise
        _log.info("stopping")


async def _serve(
    settings: Settings,
    pauses: Pauses,
    redact: Redactor | None,
    look_now: asyncio.Event,
    stopping: Stopping,
    is_ready: asyncio.Event,
) -> None:
    """Run the bot until it is asked to end, and finish what runs.

    :param is_ready: set when it has started.
    """
    async with running(settings, pauses, redact, look_now, stopping) as parts:
        is_ready.set()
        _log.info("ready", port=settings.port, socket_mode=settings.is_socket_mode)
        await stopping.asked.wait()
        _log.info("stopping")
        await stopping.finish(parts.queue_worker, settings.gatehouse_stop_seconds)


def _what_runs(loop: asyncio.AbstractEventLoop) -> Sequence[str]:
    """Return the names of the tasks and threads that have not ended. Called from another thread than the loop's."""
    tasks = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks(loop)]
    return sorted({*tasks, *(thread.name for thread in threading.enumerate())})


def _say_what_hangs(names: Sequence[str]) -> None:
    _log.error("ended_by_force", waited_for=names)


@asynccontextmanager
async def running(
    settings: Settings,
    pauses: Pauses = USUAL_PAUSES,
    redact: Redactor | None = None,
    look_now: asyncio.Event | None = None,
    stopping: Stopping | None = None,
) -> AsyncIterator["BotParts"]:
    """Open the connections, start the tasks, and end them in reverse order.

    :param look_now: set to have the files with secrets read again at once.
    :param stopping: whether the process was asked to end; nothing that is due is begun then.
    :yields: the running parts.
    :raises SettingsProblems: when the templates, the database, Slack or Entra show that a setting is wrong.
    """
    async with AsyncExitStack() as stack:
        stopping = stopping or Stopping()
        start = Start(is_ending=stopping.asked, listener=HealthListener(settings))
        stack.push_async_callback(start.listener.close)
        opened = await _open(stack, settings, pauses, redact or redactor_of(settings), start)
        systems, outage_stored = opened.systems, opened.outage
        receiver, work = make_receiver(systems), asyncio.get_running_loop().create_future()
        secrets = _signing_secrets(settings)
        readiness = await _receive(stack, systems, receiver, work, outage_stored, secrets, stopping, start)
        if settings.has_secret_files:
            from bot.process.opening.rotation import Rotation  # no other start needs it

            rotation = Rotation(
                settings, systems.clock, secrets, opened.client, opened.learn, opened.identity, readiness.socket
            )
            _start(stack, rotation.run(look_now or asyncio.Event()))
        _start(stack, opened.identity.keep_looking())
        warm = _start(stack, warm_up(opened.later, settings))
        await _start_work(systems, receiver, work, readiness, warm, opened.skew)
        opened.later.begin()
        await warm
        yield work.result().parts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """The systems, and what only this module needs of them."""

    systems: ExternalSystems
    client: SlackClient
    learn: Callable[[Iterable[str]], None]
    identity: IdentityCheck
    skew: ClockSkew
    later: TenantOpenedLater
    outage: asyncio.Task[None]
    """Stores since when the bot did not run."""


async def _open(stack: AsyncExitStack, settings: Settings, pauses: Pauses, redact: Redactor, start: Start) -> _Opened:
    """Check Slack's settings, and open everything that the settings name.

    :raises SettingsProblems: when the templates, the database or Slack show that a setting is wrong.
    """
    catalog, skew = load_valid_catalog(settings), ClockSkew(clock := open_clock(settings))
    client = _client(stack, settings, redact, skew)
    answer = await check_slack(client, settings)
    stack.push_async_callback((store := await open_valid_store(settings, clock, redact, start)).close)
    identity = await _identity(client, store, settings, answer)
    held, outage = await _store_outage(stack, store, clock, settings, start)
    background = Background()
    traffic = SharedTraffic(clock, store, client, partial(background.start, at_once=True))
    later = TenantOpenedLater(partial(open_tenant, settings, pauses, traffic, skew.observer(GRAPH)))
    stack.push_async_callback(later.close)
    guests = _guest_accounts(stack, settings, clock, pauses, traffic)
    stack.push_async_callback(background.close)
    systems = ExternalSystems(
        settings=settings,
        catalog=catalog,
        clock=clock,
        client=client,
        store=store,
        audit_keys=store.audit_keys,
        tenant=later.tenant,
        background=background,
        guest_accounts=guests,
        circuits=traffic.states,
        throttled=lambda: {"slack": client.throttled, **traffic.throttled()},
        held=held,
        pinned=identity.pinned,
        clock_comparison=skew,
        redact=redact,
        pauses=pauses,
    )
    return _Opened(
        systems=systems, client=client, identity=identity, skew=skew, later=later, outage=outage, learn=redact.learn
    )


def _client(stack: AsyncExitStack, settings: Settings, redact: Redactor, skew: ClockSkew) -> SlackClient:
    client = SlackClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        redact=redact,
        observe_date=skew.observer(SLACK),
    )
    stack.push_async_callback(client.close)
    return client


async def _identity(
    client: SlackClient, store: Store, settings: Settings, answer: AsyncSlackResponse | None
) -> IdentityCheck:
    """Find out what the bot token belongs to.

    :raises SettingsProblems: when it belongs to another app or Enterprise Grid than before.
    """
    identity = IdentityCheck(
        client=client,
        store=store,
        team_id=settings.slack_team_id,
        enterprise_id=settings.slack_enterprise_id,
        app_id=settings.slack_app_id,
    )
    if problem := await identity.begin(answer):
        raise SettingsProblems((problem,))
    return identity


def _signing_secrets(settings: Settings) -> SigningSecrets:
    """Return the signing secrets with which the bot starts."""
    return SigningSecrets(
        current=settings.slack_signing_secret.get_secret_value(),
        old=settings.slack_signing_secret_old.get_secret_value(),
        old_until=settings.slack_signing_secret_old_until,
    )


async def _store_outage(
    stack: AsyncExitStack, store: Store, clock: Clock, settings: Settings, start: Start
) -> tuple[HeldStart, asyncio.Task[None]]:
    """Have it stored whether the start is held, and since when the bot did not run; wait for that, but not for long.

    :raises SettingsProblems: when the place outside of the records cannot be used.
    """
    held = HeldStart(store=store, clock=clock, place=settings.generation_place)
    outage_stored = _start(stack, store_outage(store, clock, held, start))
    _start(stack, log_what_is_waited_for(outage_stored, start))
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
    secrets: SigningSecrets,
    stopping: Stopping,
    start: Start,
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
        comparison=systems.clock_comparison,
        check_seconds=min(CHECK_SECONDS, settings.gatehouse_tick_seconds),
    )
    readiness = Readiness(outage_stored=outage_stored, health=health, socket=socket, stopping=stopping, start=start)
    readiness.loops.append(asyncio.create_task(health.run()))
    stack.push_async_callback(_end_all, readiness.loops)
    await _listen(stack, systems, receiver, work, readiness, secrets)
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
    skew: ClockSkew,
) -> None:
    """Import and create what performs effects and does what is due, and start it."""
    await asyncio.to_thread(_import_loops)
    from bot.process.loops import complete_start, keep_clock_compared, keep_ticking, make_work, perform_effects

    made = make_work(systems, receiver, readiness.what_is_missing)
    work.set_result(made)
    systems.background.start(complete_start(made.parts.directory, systems.tenant, systems.catalog, tenant_check))
    outage_stored, stopping = readiness.outage_stored, readiness.stopping
    readiness.loops += [
        asyncio.create_task(perform_effects(made.parts, tenant_check, outage_stored)),
        asyncio.create_task(
            keep_ticking(made, systems.clock, systems.settings, outage_stored, lambda: stopping.is_asked)
        ),
        asyncio.create_task(keep_clock_compared(skew, systems.client, systems.settings.gatehouse_tick_seconds)),
    ]


def _import_loops() -> None:
    """Import and build what no click needs to be stored: a fifth of all modules. Never on an event loop."""
    with without_garbage_collection(), giving_way():
        import bot.process.loops  # noqa: F401
        import workflows.core.audit.sealing  # noqa: F401

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
    secrets: SigningSecrets,
) -> None:
    """Accept Slack's requests on the configured port, and those about health on another one.

    :raises SettingsProblems: when a port cannot be used.
    """
    settings = systems.settings

    async def metrics() -> tuple[bytes, str]:
        return await (await asyncio.shield(work)).metrics.page()

    inbound = None if settings.is_socket_mode else receiver.inbound
    held = systems.held
    app = make_web_app(
        inbound=inbound, secrets=secrets, clock=systems.clock, refuses_before=lambda: held.refuses_before
    )
    await serve(stack, app, settings.host, settings.port, "")
    # NB. after Slack's address: who reads that the bot is ready may send clicks at once.
    listener = readiness.start.listener
    await listener.tell(readiness.what_is_said, metrics)
    stack.push_async_callback(listener.close)  # before what it tells about, whenever it began


def _start(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start a task that is cancelled when the stack is closed."""
    task = asyncio.create_task(work)
    stack.push_async_callback(end_tasks, [task])  # its error was reported where it is awaited
    return task


async def _end_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in reversed(tasks):
        await end_tasks([task])

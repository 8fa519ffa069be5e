"""The tasks that run as long as the bot: perform stored effects, and do what is due.

This is imported in a thread when the bot is ready.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from bot.process.assembly.assembly import BotParts, assemble
from bot.process.assembly.external_systems import ExternalSystems
from bot.process.assembly.receiving import Receiver
from bot.process.opening.clock_probe import keep_clock_compared as keep_clock_compared
from bot.process.opening.kept_disk import warn_of_lost_disk
from bot.process.settings import Settings
from bot.process.web.metrics import Metrics
from bot.slack.people.display_directory import DisplayDirectory
from bot.words.refusals.sentences import fact_words
from workflows.app.approvers.role_groups import judge_groups
from workflows.app.schedule.downtime import last_tick
from workflows.app.schedule.missing_setup import record_missing_setup
from workflows.app.schedule.ticker import tick
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import DomainError
from workflows.partner_lookup.public_suffixes import load_suffixes
from workflows.partner_lookup.similar_characters import load_prototypes
from workflows.ports.clock import Clock
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_TICKER: Final = "ticker"
"""The lead of the process that does what is due."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the bot does beside receiving clicks."""

    parts: BotParts
    metrics: Metrics


def make_work(systems: ExternalSystems, receiver: Receiver, why_not_ready: Callable[[], Awaitable[str]]) -> Work:
    """Create what performs effects and does what is due. Nothing is started here.

    :param why_not_ready: returns why the bot is not ready, empty when it is.
    """
    if isinstance(file := systems.settings.records.known_as, Path):  # nothing of a server is on this machine's disk
        warn_of_lost_disk(file, os.environ)
    metrics = Metrics(
        store=systems.store,
        clock=systems.clock,
        lookups=lambda: systems.background.running,
        why_not_ready=why_not_ready,
        circuits=systems.circuits,
        throttled=systems.throttled,
    )
    return Work(parts=assemble(systems, receiver, metrics.requests), metrics=metrics)


async def perform_effects(parts: BotParts, tenant_check: asyncio.Task[None], outage_stored: asyncio.Task[None]) -> None:
    """Perform stored effects, after the check of the tenant's identity is finished.

    An effect approved for one tenant must not be written to another. After an outage, nothing is written before the
    outage is stored.

    :param tenant_check: the task that checks which tenant Entra answers for.
    :param outage_stored: the task that stores the outage.
    """
    await asyncio.wait([tenant_check])
    if tenant_check.cancelled() or tenant_check.exception() is not None:
        return  # the start is refused
    await asyncio.shield(outage_stored)
    await parts.chain.check_newest()  # NB. before any write: what opens access must not follow a changed log
    await parts.queue_worker.run()


async def complete_start(
    directory: DisplayDirectory, tenant: Tenant, catalog: Catalog, tenant_check: asyncio.Task[None]
) -> None:
    """Do what the bot does not need to be ready: read lists about domains, and name groups that cannot decide.

    :param tenant_check: the task that connects to Entra; the process is ready when it ends.
    """
    await asyncio.wait([tenant_check])
    for load_list in (load_suffixes, load_prototypes):
        await asyncio.to_thread(load_list)  # otherwise the first typed domain waits for it
    await name_missing_groups(directory, catalog)
    await name_unsafe_groups(tenant, catalog)


async def name_missing_groups(directory: DisplayDirectory, catalog: Catalog) -> None:
    """Log the user groups that roles name and Slack does not have.

    The people concerned are told when a request waits for such a role.
    """
    for role in catalog.roles:
        try:
            missing = await directory.missing_groups(role)
        except DomainError as error:
            _log.warning("user_groups_unread", reason=str(error))
            return
        if missing:
            _log.warning("user_group_missing", role=role, handles=missing)


async def name_unsafe_groups(tenant: Tenant, catalog: Catalog) -> None:
    """Log the Entra groups that keep a role and whose members cannot decide. Requests for them are refused."""
    try:
        judged = await judge_groups(tenant=tenant, catalog=catalog)
    except DomainError as error:
        _log.warning("entra_groups_unread", reason=str(error))
        return
    for problem in judged.problems:
        _log.warning("entra_group_cannot_decide", reason=fact_words(problem))


async def keep_ticking(
    work: Work, clock: Clock, settings: Settings, outage_stored: asyncio.Task[None], is_stopping: Callable[[], bool]
) -> None:
    """Do what is due, every few seconds. An error is logged, and the next round tries again.

    Where several processes share the store, one of them leads, and does it. Each looks for what it alone can see.

    :param outage_stored: the task that stores the outage; nothing is done before it ends.
    :param is_stopping: returns whether the process was asked to end. Then nothing more is begun.
    """
    parts, metrics = work.parts, work.metrics
    await asyncio.shield(outage_stored)  # the first tick replaces the time of the last one
    try:
        await record_missing_setup(service=parts.service, store=parts.store)
    except Exception:
        _log.exception("missing_setup_not_recorded")
    while not is_stopping():
        try:
            async with _turn(parts.store) as is_mine:
                await (_do_what_is_due(parts, metrics, clock) if is_mine else _record_tick_of_others(parts, metrics))
        except StoreNotWritable as error:
            _log.warning("tick_waits", reason=str(error))
        except Exception:
            _log.exception("tick_failed")
        await asyncio.sleep(settings.gatehouse_tick_seconds)
    if parts.store.shared_queue is not None:
        await parts.store.shared_queue.resign(_TICKER)


def _turn(store: Store) -> AbstractAsyncContextManager[bool]:
    """Return the context in which this process does what is due, if it leads those that share the store."""
    shared = store.shared_queue
    return nullcontext(True) if shared is None else shared.leading(_TICKER)


async def _do_what_is_due(parts: BotParts, metrics: Metrics, clock: Clock) -> None:
    now = clock.now()
    due = await metrics.due_records(now)
    await tick(service=parts.service, store=parts.store, directory=parts.directory, clock=clock)
    await parts.checks.run()
    still_due = due & await metrics.due_records(clock.now()) if due else due
    await metrics.count_records()
    metrics.record_tick(now, still_due=still_due)


async def _record_tick_of_others(parts: BotParts, metrics: Metrics) -> None:
    """Record when another process last looked for what is due, and look for what only this one can see."""
    await parts.own_checks.run()
    await metrics.count_records()
    if (last := await last_tick(parts.store)) is not None:
        metrics.record_tick(last, still_due=frozenset())

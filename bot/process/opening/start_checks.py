"""Open what the settings name, and refuse to start when a setting is certainly wrong.

A system that cannot be reached now is no reason to refuse: the bot starts, and waits for it. That the bot did not run
for some time is stored before anything is done.
"""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.process.logs.redactor import Redactor
from bot.process.opening.opened_later import TenantOpenedLater
from bot.process.settings import Settings, SettingsProblems
from bot.process.web.connections import HealthListener
from bot.slack.errors import NO_ANSWER, WRONG_TOKEN, error_code
from bot.slack.outbound.approval_channel import CHANNEL_ADVICE, ChannelUnsuitable, channel_problem
from bot.words.unavailable.storage import trouble_words
from workflows.app.schedule.downtime import store_gap_at_start
from workflows.app.schedule.freezing.held_start import HeldStart, PlaceNotShared
from workflows.catalog.catalog import Catalog, CatalogProblems, load_catalog
from workflows.core.requests.delays.downtime import Gap
from workflows.intervals import START_STORED_AGAIN_AFTER, START_WAIT_LOGGED_AFTER
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import SharedQueue
from workflows.ports.records import StoreNotWritable, StoreUnusable
from workflows.ports.store import Store
from workflows.store.location import OpenStore

_PLACE_ADVICE: Final = "set it to a folder that is kept, and is not restored with the database"
_START: Final = "start"
"""The lead of the process that begins: one compares the records, and looks for a gap, at a time."""
_OTHER_STARTS_SECONDS: Final = 0.1
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Start:
    """The start of this process: what it waits for, and who tells about it."""

    is_ending: asyncio.Event
    """Set when the process is asked to end."""
    listener: HealthListener
    waits_for: str = ""
    """What is to end before anything is stored; empty when nothing is waited for."""


class _OtherStarts(Exception):
    """Another process begins now."""


class EndedBeforeStart(Exception):
    """The process was asked to end while it waited for the records."""


def load_valid_catalog(settings: Settings) -> Catalog:
    """Load the templates.

    :raises SettingsProblems: when one of them is wrong.
    """
    try:
        return load_catalog(settings.gatehouse_templates)
    except CatalogProblems as error:
        raise SettingsProblems(error.problems) from error


async def open_valid_store(settings: Settings, clock: Clock, redact: Redactor, start: Start) -> OpenStore:
    """Open the database. Wait for a server that cannot be used now.

    :raises SettingsProblems: when it cannot be used with these settings.
    :raises EndedBeforeStart: when the process was asked to end before the server could be used.
    """
    _require_keys(settings)

    async def open_now() -> OpenStore:
        try:
            store = await settings.records.open_for_bot(clock, redact, redact.without_known_secrets)
            try:
                # NB. now, so that they stay known whatever happens to their file while the bot runs.
                store.audit_keys.ring(may_create=True)
            except StoreUnusable:
                await store.close()
                raise
            return store
        except StoreUnusable as error:
            if error.is_temporary:
                raise
            raise SettingsProblems((f"DATABASE_URL: {error}",)) from error
        except OSError as error:
            raise SettingsProblems((f"DATABASE_URL: {error.filename} cannot be used ({error.strerror})",)) from error

    async def open_with_known_key() -> OpenStore:
        store = await open_now()
        try:
            await _require_key_of_others(store)
        except BaseException as error:
            await store.close()
            if isinstance(error, StoreNotWritable):  # it could be opened, and is away again
                why = f"{settings.records.name} cannot be used now: {trouble_words(error.trouble)}"
                raise StoreUnusable(why, is_temporary=True) from error
            raise
        return store

    try:
        return await open_with_known_key()
    except StoreUnusable as error:
        from bot.process.opening.awaited_store import wait_for_store  # few starts need it

        store = await wait_for_store(start.listener, open_with_known_key, str(error), start.is_ending)
    if store is None:
        raise EndedBeforeStart
    return store


async def _require_key_of_others(store: OpenStore) -> None:
    """Check that this process knows the key with which others sign the audit log now.

    Otherwise neither would believe what the other one stores, and all of them would freeze what opens access. A process
    that runs alone goes on, and says so, because it may have to revoke.

    :raises SettingsProblems: when it does not, and others run.
    """
    if store.shared_queue is None:
        return
    end = await store.chain_end()
    used = next((row.key_id for row in await store.rows_after(end.seq - 1, limit=1)), None)
    if used is None or store.audit_keys.ring(may_create=False).find(used) is not None:
        return
    if await store.shared_queue.has_others():
        raise SettingsProblems(
            (
                f"AUDIT_KEY: other bots run with these records, and sign the audit log with another key ({used}); give "
                "all of them the same keys",
            )
        )


def _require_keys(settings: Settings) -> None:
    """Check that the keys of the audit log can be read where a setting names their file.

    :raises SettingsProblems: when they cannot be used. Without them no click could be stored.
    """
    if settings.audit_key_file is not None:
        try:
            settings.records.audit_keys.ring(may_create=False)
        except StoreUnusable as error:
            raise SettingsProblems((f"AUDIT_KEY_FILE: {error}",)) from error


async def check_slack(client: AsyncWebClient, settings: Settings) -> AsyncSlackResponse | None:
    """Check the bot's token, its workspace and the approval channel. Return the answer of auth.test; None without one.

    An unreachable Slack is accepted: stored work is performed as soon as it answers.

    :raises SettingsProblems: when the token is invalid or of another workspace, or the channel is not private.
    """
    name = "SLACK_BOT_TOKEN"
    try:
        answer = await client.auth_test()
        if settings.slack_app_token is not None:
            # The Socket Mode client would retry a wrong token for ever, and could not be stopped during that.
            name = "SLACK_APP_TOKEN"
            await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        reason = error_code(error)
        if reason not in WRONG_TOKEN:
            _log.warning("slack_out_of_reach", reason=reason or "no answer of Slack's")
            return None
        raise SettingsProblems((f"{name}: Slack refuses it ({reason}); install the app again",)) from error
    except NO_ANSWER as error:
        _log.warning("slack_out_of_reach", reason=repr(error))
        return None
    if answer["team_id"] != settings.slack_team_id:
        raise SettingsProblems((f"SLACK_TEAM_ID: the bot token belongs to {answer['team_id']}; set it to that",))
    await _require_private_channel(client, settings)
    return answer


async def _require_private_channel(client: AsyncWebClient, settings: Settings) -> None:
    """Check that approval cards may be posted to their channel.

    When Slack does not answer, the start goes on: the check is repeated before each card.

    :raises SettingsProblems: when the channel is not certainly private.
    """
    try:
        problem = await channel_problem(client, settings.slack_channel)
    except ChannelUnsuitable as error:
        _log.warning("approval_channel_not_read", reason=str(error))
        return
    if problem:
        where = f"{settings.slack_channel} cannot be used for approval cards: {problem}"
        raise SettingsProblems((f"SLACK_CHANNEL: {where}; {CHANNEL_ADVICE}",))


async def warm_up(later: TenantOpenedLater, settings: Settings) -> None:
    """Connect to Entra and load what the first request would otherwise wait for.

    An unreachable Entra is accepted.

    :raises SettingsProblems: when the credential cannot be used, or Entra answers for another tenant.
    """
    tenant = await later.wait_until_open()
    if problem := await tenant.warm():
        _log.warning("entra_out_of_reach", reason=str(problem))
    elif (home := await tenant.home()) != settings.azure_tenant_id:
        raise SettingsProblems(
            (f"AZURE_TENANT_ID: Entra answers for the tenant {home}; set it to that, or use that tenant's credentials",)
        )


async def _begin(store: Store, clock: Clock, held: HeldStart, start: Start) -> Gap | None:
    """Do both, while no other process that shares the store begins."""
    shared = store.shared_queue
    async with nullcontext(True) if shared is None else shared.leading(_START) as is_mine:
        if shared is not None and not is_mine:
            await _wait_for_other(shared, start)
            raise _OtherStarts
        start.waits_for = f"the records are compared with {held.place.name}"
        try:
            # NB. before the gap is stored, which replaces the time at which the records end.
            await held.begin(takes_now=False)
            return await store_gap_at_start(store=store, clock=clock)
        finally:
            start.waits_for = ""
            if shared is not None:
                await shared.resign(_START)


async def _wait_for_other(shared: SharedQueue, start: Start) -> None:
    """Wait a moment for the process that begins now."""
    await shared.beat()  # it may have died meanwhile
    if (worker := await shared.leader(_START)) is not None:
        start.waits_for = f"worker {worker}, another bot, starts first; if that does not end, restart it"
    await asyncio.sleep(_OTHER_STARTS_SECONDS)


async def store_outage(store: Store, clock: Clock, held: HeldStart, start: Start) -> None:
    """Store whether the start is held, and that the bot did not run for some time. Repeat until the store accepts it.

    :raises SettingsProblems: when the place outside of the records cannot be used.
    """
    while True:
        try:
            gap = await _begin(store, clock, held, start)
        except StoreNotWritable as error:
            _log.warning("gap_not_stored", reason=str(error))
            await asyncio.sleep(START_STORED_AGAIN_AFTER.total_seconds())
        except _OtherStarts:
            continue
        except PlaceNotShared as error:
            raise SettingsProblems(
                (
                    f"GATEHOUSE_GENERATION: other bots run with these records, and {held.place.name} does not know "
                    f"them ({error.cause.value}); name the same folder for all of them, or <installation>:<number>",
                )
            ) from error
        except OSError as error:
            where = f"{error.filename or held.place.name} cannot be used ({error.strerror})"
            raise SettingsProblems((f"GATEHOUSE_GENERATION: {where}; {_PLACE_ADVICE}",)) from error
        else:
            break
    if gap is not None:
        _log.warning("gap_noticed", since=str(gap.since), until=str(gap.until))


async def log_what_is_waited_for(outage_stored: asyncio.Task[None], start: Start) -> None:
    """Log what the start waits for, once for each reason, until the outage is stored."""
    logged = ""
    while not outage_stored.done():
        await asyncio.wait([outage_stored], timeout=START_WAIT_LOGGED_AFTER.total_seconds())
        if not outage_stored.done() and start.waits_for not in ("", logged):
            logged = start.waits_for
            _log.warning("start_waits", reason=logged)
    if logged and not outage_stored.cancelled() and outage_stored.exception() is None:
        _log.warning("start_goes_on")

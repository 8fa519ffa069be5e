"""Wait at the start for a server of the records that cannot be used now. Meanwhile /readyz says why."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from bot.process.web.connections import HealthListener
from workflows.intervals import START_STORED_AGAIN_AFTER
from workflows.ports.records import StoreUnusable
from workflows.store.location import OpenStore

_METRICS: Final = b"# HELP gatehouse_ready 1 when clicks can be received and stored, as /readyz says\n\
# TYPE gatehouse_ready gauge\ngatehouse_ready 0.0\n"

_log = structlog.get_logger()


async def wait_for_store(
    listener: HealthListener, open_now: Callable[[], Awaitable[OpenStore]], reason: str, is_ending: asyncio.Event
) -> OpenStore | None:
    """Try until the store can be opened. Nothing of Slack is accepted before.

    :param listener: tells why the process waits, and then that it starts.
    :param open_now: tries once; it raises `StoreUnusable` where the same may succeed later.
    :param reason: why the first attempt failed.
    :returns: the open store; None when the process was asked to end.
    :raises SettingsProblems: when an attempt shows that a setting is wrong.
    """

    async def readiness() -> tuple[bool, str]:
        return False, f"the records cannot be opened: {reason}\n" if reason else "starting\n"

    async def metrics() -> tuple[bytes, str]:
        return _METRICS, "text/plain; version=0.0.4; charset=utf-8"

    await listener.tell(readiness, metrics)
    _log.error("records_not_opened", reason=reason)
    while not await _is_set_within(is_ending, START_STORED_AGAIN_AFTER.total_seconds()):
        try:
            store = await open_now()
        except StoreUnusable as error:
            if str(error) != reason:
                reason = str(error)
                _log.error("records_not_opened", reason=reason)
        else:
            _log.warning("records_opened")
            reason = ""
            return store
    return None


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True

"""What a bot does at a tick that does not lead: it says what only it can see, and whoever leads tells the admins."""

from contextlib import AsyncExitStack

import pytest

from bot.process.app import running
from bot.process.assembly.assembly import BotParts
from bot.process.settings import Settings
from bot.sandbox.server import Sandbox
from tests.bot.bot_under_test import eventually, free_port
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.app.watch.connection_checks import SilentServices
from workflows.core.requests.alarms import AlarmCode
from workflows.intervals import SERVICE_SILENT_AFTER


def services_of(parts: BotParts) -> SilentServices:
    """What looks whether Graph answers, among what a bot does that does not lead."""
    owners = [getattr(one, "__self__", None) for one in parts.own_checks.checks]
    [found] = [owner for owner in owners if isinstance(owner, SilentServices)]
    return found


@pytest.mark.parametrize("silent", [0, 1])
async def test_a_service_that_is_silent_for_one_of_two_bots_is_an_alarm_whichever_leads(
    settings: Settings, world: Sandbox, silent: int
) -> None:
    """It is raised once, and cleared when it answers that bot, too."""
    beside = settings.model_copy(update={"port": free_port(), "gatehouse_health_port": free_port()})
    async with AsyncExitStack() as stack:
        bots = [await stack.enter_async_context(running(one, SHORT_PAUSES)) for one in (settings, beside)]
        services = services_of(bots[silent])
        services.states = lambda: {"directory": "open"}

        async def is_noticed() -> bool:
            return bool(services._since)

        async def is_open() -> bool:
            return [one.code for one in await bots[0].store.open_alarms()] == [AlarmCode.SERVICE_SILENT]

        async def is_over() -> bool:
            return await bots[0].store.open_alarms() == []

        await eventually(is_noticed)
        world.clock.advance(int(SERVICE_SILENT_AFTER.total_seconds()))
        await eventually(is_open)
        services.states = lambda: {"directory": "closed"}
        await eventually(is_over)
        entries = await bots[0].store.history(limit=1000)
        changes = [one.command for one in entries if one.details.get("code") == AlarmCode.SERVICE_SILENT]
        assert sorted(changes) == ["clear_alarm", "raise_alarm"]

"""Two running bots, each with what it remembers: neither opens by what the other one knows, and both tell the admins.

A bot that does not lead says at each tick what only it can see.
"""

from contextlib import AsyncExitStack

import pytest

from bot.process.app import running
from bot.process.assembly.assembly import BotParts
from bot.process.settings import Settings
from bot.sandbox.server import Sandbox
from tests.bot.bot_under_test import SLACK_IDS, click, eventually, free_port
from tests.bot.process.postgres.conftest import started
from tests.bot.slack.people.test_directory import asked
from tests.bot.slack.people.test_one_check import put_in_groups
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.app.watch.connection_checks import SilentServices
from workflows.core.requests.alarms import AlarmCode
from workflows.intervals import GROUPS_DECIDE_FOR, SERVICE_SILENT_AFTER


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


async def test_a_role_that_was_removed_counts_for_neither_of_two_bots_that_had_both_read_it(
    settings: Settings, world: Sandbox
) -> None:
    """Whichever of them stores or checks the click."""
    beside = settings.model_copy(update={"port": free_port(), "gatehouse_health_port": free_port()})
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(started(settings, world))
        request = await one.file_request()
        value = f"{request.id}:{request.plan.digest}"
        read_by_one = asked(world, "usergroups.list")
        other = await stack.enter_async_context(started(beside, world))
        for number in range(8):  # refused: the sponsor is no approver
            assert (await (one, other)[number % 2].interact(click("requester", "approve", value))).status == 200
            await one.idle()
        assert asked(world, "usergroups.list") > read_by_one > 0
        put_in_groups(world, partner_security="approver2")
        world.clock.advance(int(GROUPS_DECIDE_FOR.total_seconds()) + 1)
        for bot in (one, other, one, other):
            assert (await bot.interact(click("approver1", "approve", value))).status == 200
            await bot.idle()
        refused = [outcome for command, outcome in await one.outcomes("approver1") if command.endswith("approve")]
        assert len(refused) >= 4
        assert "accepted" not in refused
        stored = await one.store.request(request.id)
        assert stored is not None
        assert stored.decisions == ()
        world.faults.clear()
        world.clock.advance(int(GROUPS_DECIDE_FOR.total_seconds()) + 1)
        assert (await other.interact(click("approver1", "approve", value))).status == 200
        await other.idle()
        stored = await one.store.request(request.id)
        assert stored is not None
        assert [decision.person.chat_id for decision in stored.decisions] == [SLACK_IDS["approver1"]]

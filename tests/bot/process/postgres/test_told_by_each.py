"""While the database is away each of several bots tells the admins itself. All of these messages change at the end."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from bot.process.settings import Settings
from bot.process.web.health import Health
from tests.workflows.fakes import FixedClock
from workflows.app.alarms import Alarms
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.effects import ShowAlarm
from workflows.ports.message_copies import MessageCopy
from workflows.ports.records import StoreTrouble
from workflows.ports.store import Store


def health(store: Store, clock: FixedClock, told: list[Alarm]) -> Health:
    """The health of one bot, which remembers what it tells the one admin."""

    async def send(alarm: Alarm) -> list[MessageCopy]:
        told.append(alarm)
        place = {"channel": "D1", "message_id": f"{len(told)}.0", "audience": "U1", "content": ""}
        return [MessageCopy(subject=f"alarm:{alarm.id}", **place)]  # type: ignore[arg-type]

    return Health(store=store, alarms=Alarms(store=store, clock=clock, wake=lambda: None), clock=clock, send=send)


@pytest.mark.parametrize("is_at_once", [True, False], ids=["at once", "one after the other"])
async def test_the_message_of_each_bot_says_that_it_is_over(settings: Settings, is_at_once: bool) -> None:
    clock, told = FixedClock(), list[Alarm]()
    async with AsyncExitStack() as stack:
        stores = [await settings.records.open_for_bot(clock) for _ in range(2)]
        for store in stores:
            stack.push_async_callback(store.close)
        bots = [health(store, clock, told) for store in stores]
        for bot in bots:
            clock.advance(seconds=1)
            for _ in range(3):
                await bot._alarm_about_store(StoreTrouble.AWAY)
        assert [alarm.code for alarm in told] == [AlarmCode.STORE_NOT_WRITABLE] * 2, "each bot, once"
        if is_at_once:
            await asyncio.gather(*(bot.check() for bot in bots))
        else:
            for bot in bots:
                await bot.check()
        for alarm in told:
            [copy] = await stores[0].copies(f"alarm:{alarm.id}")
            assert copy.audience == "U1"
            stored = await stores[0].alarm(alarm.id)
            assert stored is not None, "otherwise its message says for ever that nothing can be stored"
            assert not stored.is_open
        shown = {one.effect for one in await stores[0].pending(clock.now(), 99)}
        assert {ShowAlarm(alarm_id=alarm.id) for alarm in told} <= shown
        assert await stores[0].open_alarms() == []


@pytest.mark.parametrize("subject", ["", "0badcafe"], ids=["of an earlier version", "of a bot that was killed"])
async def test_an_alarm_that_another_process_left_open_is_cleared(settings: Settings, subject: str) -> None:
    clock = FixedClock()
    async with AsyncExitStack() as stack:
        store = await settings.records.open_for_bot(clock)
        stack.push_async_callback(store.close)
        alarms = Alarms(store=store, clock=clock, wake=lambda: None)
        await alarms.raise_alarm(AlarmCode.STORE_NOT_WRITABLE, subject, {"reason": StoreTrouble.AWAY.value})
        assert [alarm.subject for alarm in await store.open_alarms()] == [subject]
        await health(store, clock, []).check()
        assert await store.open_alarms() == []

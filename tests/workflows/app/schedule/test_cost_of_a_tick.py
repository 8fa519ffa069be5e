"""What a tick and a scrape of the metrics ask the store when nothing is due."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.process.web.metrics import Metrics
from tests.workflows.core.builders import AMARA
from tests.workflows.world import World
from workflows.app.schedule.ticker import tick
from workflows.core.errors.facts import text_fact
from workflows.core.policy.stops.freeze import begin
from workflows.core.requests.alarms import MESSAGES_WAIT_AFTER, AlarmCode
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import ShowAlarm
from workflows.store.codec import REQUEST, load
from workflows.store.common import reading
from workflows.store.sqlite.database import SqliteDatabase

TICK = 5
"""Reads the time of the last tick, stores this one, and asks what is due, whether a check can find anything, and
whether the alarm about another tenant is open."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record each use of the store's one thread."""
    made: list[str] = []
    run = SqliteDatabase._run

    async def counted(self: SqliteDatabase, work: Callable[[], Any]) -> Any:
        made.append(getattr(work, "__qualname__", ""))
        return await run(self, work)

    monkeypatch.setattr(SqliteDatabase, "_run", counted)
    return made


async def test_a_tick_with_nothing_to_do_asks_little(world: World, calls: list[str]) -> None:
    """Every bot does this every few seconds, all day."""
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.checks.run()
    assert len(calls) <= TICK


async def test_the_metrics_are_read_with_one_statement(world: World, calls: list[str]) -> None:
    """They are read every few seconds by a collector, and several times a second by the sandbox."""

    async def nothing_missing() -> str:
        return ""

    metrics = Metrics(store=world.store, clock=world.clock, lookups=lambda: 0, why_not_ready=nothing_missing)
    await metrics.refresh()
    assert len(calls) == 1


async def test_a_freeze_is_among_the_numbers_also_when_its_record_cannot_be_read(world: World) -> None:
    store = world.store
    assert not (await store.stored_work(world.clock.now())).is_frozen
    frozen = begin(None, by="Dana", reason="Incident 7", now=world.clock.now())
    await store._run(lambda: store._put_freeze(frozen))
    assert (await store.stored_work(world.clock.now())).is_frozen
    await store._write("update freezes set doc = 'damaged'")
    assert (await store.stored_work(world.clock.now())).is_frozen


async def test_only_what_an_alarm_can_be_about_makes_the_checks_read(world: World) -> None:
    """Each of the four makes them read; without all of them, nothing can be raised or cleared."""
    store = world.store
    assert not await store.may_change_alarms()

    await world.alarms.raise_alarm(AlarmCode.WRITE_NOT_SHOWN, "R-1")
    assert await store.may_change_alarms(), "an open alarm may be cleared"
    await world.alarms.clear_alarm(AlarmCode.WRITE_NOT_SHOWN, "R-1")
    assert not await store.may_change_alarms(), "messages in the queue are no reason"
    (message,) = [one for one in await store.pending(world.clock.now(), 100) if isinstance(one.effect, ShowAlarm)]
    for _ in range(MESSAGES_WAIT_AFTER):
        assert not await store.may_change_alarms(), "not before they were tried often"
        await store.retry(message.id, world.clock.now(), (text_fact("token_revoked"),))
    assert await store.may_change_alarms(), "messages that Slack does not take are alarmed of"
    await store.mark_done(message.id)

    click = Revoke(actor=AMARA.chat_id, target="contoso.com", reason="Contract ended")
    await world.service.store_click(click, key="click-1")
    assert await store.may_change_alarms(), "an unchecked click may be late"
    for pending in await store.pending(world.clock.now(), 100):
        await store.give_up(pending.id, (text_fact("it failed"),))
    assert await store.may_change_alarms(), "given-up work is alarmed of"
    for one in await store.given_up_effects():
        await store.drop_given_up(one.id)
    assert not await store.may_change_alarms()

    await world.file()
    assert await store.may_change_alarms(), "an open request may have a late write"


async def test_the_checks_of_alarms_parse_no_request_that_waits_for_approval(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds may wait for weeks, and the checks run every few seconds."""
    await world.waiting()
    await world.checks.run()  # roles are checked once a minute
    parsed: list[object] = []

    def loaded(adapter: Any, text: str) -> Any:
        parsed.append(adapter)
        return load(adapter, text)

    monkeypatch.setattr(reading, "load", loaded)
    monkeypatch.setattr(reading, "load_shared", loaded)
    await world.checks.run()
    assert REQUEST not in parsed
    assert await world.store.open_requests()
    assert REQUEST in parsed


async def test_numbers_and_ids_agree_with_the_single_reads(world: World) -> None:
    """Open alarms are counted by code, and what is due has the same ids as the tick reads."""
    await world.file()
    await world.alarms.raise_alarm(AlarmCode.WRITE_NOT_SHOWN, "R-1")
    await world.alarms.raise_alarm(AlarmCode.WRITE_NOT_SHOWN, "R-2")
    later = world.clock.now().replace(year=2099)
    work = await world.store.stored_work(later)
    assert work.open_alarms == {AlarmCode.WRITE_NOT_SHOWN.value: 2}
    requests, partners = await world.store.due(later)
    assert work.due_records == frozenset((*requests, *partners))
    counted = (work.effects_due, work.effects_later, work.effects_parked)
    assert counted == await world.store.count_pending(later)

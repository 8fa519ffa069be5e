"""Alarms: stored once, sent once, cleared when mended."""

import pytest

from tests.workflows.world import World
from workflows.app.alarms import Alarms
from workflows.core.requests.alarms import AlarmCode


@pytest.fixture
def alarms(world: World) -> Alarms:
    """The list under test."""
    return Alarms(store=world.store, clock=world.clock, wake=lambda: None)


async def test_an_alarm_is_stored_and_shown_once_however_often_it_is_raised(world: World, alarms: Alarms) -> None:
    for _ in range(3):
        await alarms.raise_alarm(AlarmCode.ROLE_EMPTY, "security", {"role": "security"})
        world.clock.advance(minutes=1)
    await world.settle()
    assert [(one.code, one.subject, one.is_open) for one in world.notifier.alarms] == [
        (AlarmCode.ROLE_EMPTY, "security", True)
    ]
    assert [one.values for one in await world.store.open_alarms()] == [{"role": "security"}]


async def test_what_is_repaired_is_cleared_and_shown_and_may_come_again(world: World, alarms: Alarms) -> None:
    await alarms.update_alarms(AlarmCode.ROLE_EMPTY, {"security": {}, "admin": {}})
    await alarms.update_alarms(AlarmCode.ROLE_EMPTY, {"admin": {}})
    await world.settle()
    assert [one.subject for one in await world.store.open_alarms()] == ["admin"]
    world.clock.advance(minutes=1)
    await alarms.update_alarms(AlarmCode.ROLE_EMPTY, {"security": {}, "admin": {}})
    assert {one.subject for one in await world.store.open_alarms()} == {"security", "admin"}


async def test_raising_and_clearing_are_in_the_audit_log(world: World, alarms: Alarms) -> None:
    await alarms.raise_alarm(AlarmCode.WRONG_TENANT, values={"found": "a", "expected": "b"})
    await alarms.clear_alarm(AlarmCode.WRONG_TENANT)
    entries = [(one.command, one.details["code"]) for one in await world.store.history()]
    assert entries == [("clear_alarm", "wrong_tenant"), ("raise_alarm", "wrong_tenant")]


async def test_marks_survive(world: World) -> None:
    assert await world.store.mark("last tick") is None
    await world.store.save_mark("last tick", "2026-11-26")
    assert await world.store.mark("last tick") == "2026-11-26"

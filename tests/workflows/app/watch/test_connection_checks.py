"""The bot's own way to Graph: too many or too few permissions, and services that do not answer."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.workflows.core.builders import DANA
from tests.workflows.guest_accounts import FakeGuestAccounts
from tests.workflows.world import World
from workflows.app.watch.connection_checks import PermissionWatch, SilentServices
from workflows.core.policy.stops.permissions import FOR_GUESTS, REQUIRED
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.request import RequestState
from workflows.intervals import PERMISSIONS_CHECKED_AGAIN_AFTER, PERMISSIONS_CHECKED_EVERY, SERVICE_SILENT_AFTER
from workflows.ports.tenant import TenantUnavailable


def watch(world: World, accounts: FakeGuestAccounts, **settings: object) -> PermissionWatch:
    """Return a watch that has not looked yet."""
    return PermissionWatch(
        tenant=world.tenant,
        accounts=accounts,
        alarms=world.alarms,
        clock=world.clock,
        is_one_application=bool(settings.get("is_one_application", False)),
        allowed=frozenset(map(str, settings.get("allowed", ()))),  # type: ignore[call-overload]
    )


async def open_alarms(world: World) -> set[tuple[str, str, tuple[str, ...]]]:
    """Return code, subject and permissions of the open alarms."""
    return {(one.code.value, one.subject, tuple(one.values["permissions"])) for one in await world.store.open_alarms()}


@pytest.mark.threats("F1")
async def test_both_applications_are_looked_at_at_the_start_and_every_hour(world: World) -> None:
    accounts = FakeGuestAccounts(clock=world.clock)
    world.tenant.granted = REQUIRED | {"Mail.Send"}
    accounts.granted = FOR_GUESTS - {"User.Read.All"} | {"Directory.ReadWrite.All"}
    checked = watch(world, accounts)
    await checked.check()
    first = {
        ("permissions_surplus", "bot", ("Mail.Send",)),
        ("permissions_surplus", "guests", ("Directory.ReadWrite.All",)),
    }
    assert await open_alarms(world) == first
    world.tenant.granted = REQUIRED - {"Policy.Read.All"}
    accounts.granted = FOR_GUESTS
    await checked.check()
    assert await open_alarms(world) == first, "not before an hour has passed"
    world.clock.advance(seconds=PERMISSIONS_CHECKED_EVERY.total_seconds())
    await checked.check()
    assert await open_alarms(world) == {("permissions_missing", "bot", ("Policy.Read.All",))}


async def test_what_a_setting_allows_and_one_application_for_both_alarm_nobody(world: World) -> None:
    accounts = FakeGuestAccounts(clock=world.clock)
    world.tenant.granted = REQUIRED | FOR_GUESTS | {"Mail.Send"}
    await watch(world, accounts, is_one_application=True, allowed=["Mail.Send"]).check()
    assert await open_alarms(world) == set()


async def test_without_a_token_alarms_stay_and_it_is_looked_again_soon(world: World) -> None:
    accounts = FakeGuestAccounts(clock=world.clock, is_configured=False)
    world.tenant.granted = REQUIRED | {"Mail.Send"}
    checked = watch(world, accounts)
    await checked.check()
    world.clock.advance(seconds=PERMISSIONS_CHECKED_EVERY.total_seconds())
    world.tenant.script.fail("tenant.granted_permissions", TenantUnavailable("no token"))
    await checked.check()
    assert len(await open_alarms(world)) == 1
    world.tenant.granted = REQUIRED
    await checked.check()
    assert len(await open_alarms(world)) == 1
    world.clock.advance(seconds=PERMISSIONS_CHECKED_AGAIN_AFTER.total_seconds())
    await checked.check()
    assert await open_alarms(world) == set()


@pytest.mark.threats("F1")
async def test_surplus_permissions_hold_an_opening_and_no_revocation(world: World) -> None:
    request = await world.approved()
    world.tenant.surplus = ("Directory.ReadWrite.All",)
    request = await world.settled(request.id)
    assert (request.state, world.tenant.attempts) == (RequestState.APPLYING, [])
    assert "surplus_permissions" in {fact.code for fact in request.note}
    await world.revoke(DANA)
    await world.settle()
    assert [one.method for one in world.tenant.writes] == ["POST"], "the revocation is written all the same"


@pytest.mark.threats("F1")
async def test_an_opening_goes_on_when_the_permission_is_gone(world: World) -> None:
    request = await world.approved()
    world.tenant.surplus = ("Directory.ReadWrite.All",)
    await world.settled(request.id)
    world.tenant.surplus = ()
    world.clock.advance(minutes=2)
    assert (await world.settled(request.id)).state is RequestState.APPLIED


async def test_a_service_that_is_silent_for_minutes_alarms_until_it_answers(world: World) -> None:
    states = {"directory": "open", "reports": "closed"}
    check = SilentServices(states=lambda: states, alarms=world.alarms, clock=world.clock).check
    await check()
    assert await world.store.open_alarms() == []
    world.clock.advance(seconds=(SERVICE_SILENT_AFTER - timedelta(seconds=1)).total_seconds())
    states["directory"] = "half_open"
    await check()
    assert await world.store.open_alarms() == []
    world.clock.advance(seconds=1)
    await check()
    [alarm] = await world.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.SERVICE_SILENT, "directory")
    states["directory"] = "closed"
    await check()
    assert await world.store.open_alarms() == []


class Notes:
    """The notes of two bots."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def put(self, name: str, text: str, *, kept_for: timedelta) -> None:
        assert kept_for > timedelta()
        self.kept[name] = text

    async def read(self, start: str) -> Mapping[str, str]:
        return {name: text for name, text in self.kept.items() if name.startswith(start)}

    async def forget(self, name: str) -> None:
        self.kept.pop(name, None)


async def test_of_two_bots_one_that_is_answered_does_not_clear_the_alarm_of_the_other(world: World) -> None:
    """Whichever leads: the alarm is one, and it ends when both are answered, or the other one has died."""
    notes, states = Notes(), [{"directory": "open", "reports": "closed"}, {"directory": "closed", "reports": "closed"}]
    silent, answered = (
        SilentServices(states=lambda own=own: own, alarms=world.alarms, clock=world.clock, notes=notes)  # type: ignore[misc]
        for own in states
    )

    async def changes() -> list[tuple[str, str]]:
        return [
            (entry.command, entry.details["subject"])
            for entry in await world.store.history(limit=100)
            if entry.command in ("raise_alarm", "clear_alarm")
        ]

    for seconds in (0.0, SERVICE_SILENT_AFTER.total_seconds(), 5.0, 5.0):
        world.clock.advance(seconds=seconds)
        await silent.look()
        await answered.check()
    assert await changes() == [("raise_alarm", "directory")], "the bot that does not lead told the one that leads"
    for _ in range(3):
        world.clock.advance(seconds=5)
        await answered.look()
        await silent.check()
        await silent.look()
        await answered.check()
    states[1]["directory"] = "open"
    await answered.check()
    world.clock.advance(seconds=SERVICE_SILENT_AFTER.total_seconds())
    await silent.look()
    await answered.check()
    states[0]["directory"] = "closed"
    await silent.look()
    await answered.check()
    await silent.check()
    assert await changes() == [("raise_alarm", "directory")], "one of them is not answered yet"
    notes.kept.clear()  # that one has died
    await silent.check()
    assert sorted(await changes()) == [("clear_alarm", "directory"), ("raise_alarm", "directory")]
    assert await world.store.open_alarms() == []

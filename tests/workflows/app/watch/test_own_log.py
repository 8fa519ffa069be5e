"""Our writes and Entra's audit log: what is missing there, what nobody here wrote, and each alarm once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.slack.words.alarms import alarm_advice, alarm_text
from bot.words.sentences import minute
from tests.workflows.core.builders import TENANT
from tests.workflows.effects.test_held import hold
from tests.workflows.world import World
from workflows.app.watch.own_log import WRITES_JUDGED, OwnLogCheck
from workflows.core.errors.call_ids import CallIds
from workflows.core.partners.history.outside_changes import FOUND_IN_LOG
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.partner_changes import LoggedChange, PartnerChange
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.ports.tenant import TenantUnavailable

MISSING, UNEXPLAINED = AlarmCode.WRITE_NOT_IN_LOG, AlarmCode.OWN_ENTRY_NOT_EXPLAINED


def check_of(world: World) -> OwnLogCheck:
    return OwnLogCheck(store=world.store, tenant=world.tenant, alarms=world.alarms, clock=world.clock)


async def alarms(world: World, code: AlarmCode) -> list[Alarm]:
    return [one for one in await world.store.open_alarms() if one.code is code]


def entry(at: datetime, name: str, *, is_ours: bool = True, is_default: bool = False) -> LoggedChange:
    change = PartnerChange(at=at, activity="Update", changed_by="Gatehouse", is_ours=is_ours)
    partners = frozenset[str]() if is_default else frozenset({str(TENANT)})
    return LoggedChange(
        change=change, partners=partners, is_default=is_default, id=name, correlation_id=f"correlation-{name}"
    )


async def found_ids(world: World, request: AccessRequest) -> list[str]:
    entries = await world.store.history(request_id=request.id, limit=500)
    return [
        write["correlation_id"] for one in entries if one.command == FOUND_IN_LOG for write in one.details["writes"]
    ]


@pytest.fixture
async def begun(world: World) -> World:
    """A world whose first check is over; the log is empty."""
    world.tenant.call_ids = CallIds(request_id="r-1", client_request_id="c-1")
    await check_of(world).check()
    return world


async def test_a_write_that_the_log_shows_is_connected_with_it_once(begun: World) -> None:
    request = await begun.opened()
    assert request.sent
    assert request.sent[0].ids != CallIds()
    log = begun.tenant.tenant_settings.logged
    log.append(entry(request.sent[0].at + timedelta(seconds=3), "a"))
    begun.clock.advance(hours=23)
    await check_of(begun).check()
    assert await found_ids(begun, request) == []
    begun.clock.advance(hours=2)
    await begun.sweep()
    for _ in range(2):
        await check_of(begun).check()
    assert await found_ids(begun, request) == ["correlation-a"] * len(request.sent)
    assert await alarms(begun, MISSING) == await alarms(begun, UNEXPLAINED) == []


async def test_a_write_that_a_complete_log_does_not_show_after_a_day_is_one_alarm(begun: World) -> None:
    request = await begun.opened()
    begun.tenant.tenant_settings.logged.append(entry(request.sent[0].at, "x", is_ours=False))
    begun.clock.advance(hours=23)
    await check_of(begun).check()
    assert await alarms(begun, MISSING) == []
    begun.clock.advance(hours=2)
    for _ in range(3):
        await check_of(begun).check()
        begun.clock.advance(hours=1)
    (alarm,) = await alarms(begun, MISSING)
    assert (alarm.values["count"], alarm.values["partners"]) == (len(request.sent), ["contoso.com"])
    begun.clock.advance(days=8)
    await check_of(begun).check()
    assert await alarms(begun, MISSING) == [], "it ends, because the log may not go back so far"


async def test_a_kill_between_the_alarm_and_the_mark_gives_no_second_alarm(begun: World) -> None:
    await begun.opened()
    before = await begun.store.mark(WRITES_JUDGED)
    begun.clock.advance(hours=25)
    await check_of(begun).check()
    await begun.store.save_mark(WRITES_JUDGED, str(before))
    begun.clock.advance(hours=1)
    await check_of(begun).check()
    assert len([1 for _, command, _ in await begun.log() if command == "raise_alarm"]) == 1


async def test_a_log_that_cannot_be_read_is_never_a_missing_write(begun: World) -> None:
    request = await begun.opened()
    begun.clock.advance(hours=25)
    begun.script.fail("surroundings.read_access_changes", TenantUnavailable("throttled"), times=3)
    for _ in range(3):
        await check_of(begun).check()
    assert await alarms(begun, MISSING) == []
    begun.tenant.tenant_settings.logged.append(entry(request.sent[0].at, "a"))
    await check_of(begun).check()
    assert await found_ids(begun, request) == ["correlation-a"] * len(request.sent)


async def test_a_write_that_is_too_old_for_the_log_is_not_judged(begun: World) -> None:
    await begun.opened()
    begun.clock.advance(days=6)
    await check_of(begun).check()
    assert await alarms(begun, MISSING) == []


async def test_writes_of_capabilities_are_never_missing(begun: World) -> None:
    request = await begun.opened()
    path = f"/policies/crossTenantAccessPolicy/partners/{TENANT}/m365Capabilities"
    sent = tuple(replace(one, path=path) for one in request.sent)
    changed = replace(request, sent=sent, version=request.version + 1)
    note = AuditEntry(key="put", at=begun.clock.now(), actor="test", command="put", outcome="accepted", details={})
    await begun.store.commit(Commit(entry=note, request=changed))
    begun.clock.advance(hours=25)
    await check_of(begun).check()
    assert await alarms(begun, MISSING) == []


async def test_an_entry_of_our_application_that_nothing_explains_and_left_nothing_is_one_alarm(begun: World) -> None:
    request = await begun.opened()
    log = begun.tenant.tenant_settings.logged
    log.append(entry(request.sent[0].at, "a"))
    begun.clock.advance(hours=3)
    log += [
        entry(begun.clock.now(), "stolen"),
        entry(begun.clock.now(), "also", is_default=True),
        entry(begun.clock.now(), "admin", is_ours=False),
    ]
    await check_of(begun).check()
    assert await alarms(begun, UNEXPLAINED) == [], "the next sweep says whether it is drift"
    await begun.sweep()
    for _ in range(3):
        await check_of(begun).check()
        await begun.sweep()
    (alarm,) = await alarms(begun, UNEXPLAINED)
    assert (alarm.values["count"], alarm.values["partners"]) == (2, ["contoso.com", "default"])
    assert await alarms(begun, MISSING) == []
    begun.clock.advance(hours=1)
    log.append(entry(begun.clock.now(), "again"))
    await begun.sweep()
    await check_of(begun).check()
    assert len(await alarms(begun, UNEXPLAINED)) == 2, "another entry is another alarm"


async def test_while_held_entries_after_the_end_of_the_records_accuse_nobody(begun: World) -> None:
    request = await begun.opened()
    log = begun.tenant.tenant_settings.logged
    log.append(entry(request.sent[0].at, "a"))
    ran_at = begun.clock.now()
    await hold(begun)
    log.append(entry(begun.clock.now(), "after the backup", is_default=True))
    await begun.sweep()
    await check_of(begun).check()
    (alarm,) = await alarms(begun, UNEXPLAINED)
    said = f"{alarm_text(alarm)} {alarm_advice(alarm)}"
    assert "shows 1 change by Gatehouse's own application that these records do not have" in said
    assert f"These records end at {minute(ran_at)}. Gatehouse may have made this after that." in said
    assert "CRITICAL" not in said


async def test_an_entry_that_led_to_drift_is_left_to_the_watch(begun: World) -> None:
    request = await begun.opened()
    log = begun.tenant.tenant_settings.logged
    log.append(entry(request.sent[0].at, "a"))
    await begun.sweep()
    begun.clock.advance(hours=3)
    log.append(entry(begun.clock.now(), "stolen"))
    before = begun.tenant.partners[TENANT]
    begun.tenant.edit(TENANT, b2bDirectConnectInbound={"usersAndGroups": None, "applications": {"accessType": "x"}})
    await begun.sweep()
    await check_of(begun).check()
    await begun.drift_answers.find_authors()
    assert len(await alarms(begun, AlarmCode.OWN_CHANGE)) == 1
    await check_of(begun).check()
    assert await alarms(begun, UNEXPLAINED) == []
    begun.tenant.partners[TENANT] = before
    await begun.sweep()
    await check_of(begun).check()
    assert await alarms(begun, AlarmCode.OWN_CHANGE) == await alarms(begun, UNEXPLAINED) == []

"""Alarms that admins get: stopped work, another tenant, revocations that cannot be checked."""

import asyncio
from dataclasses import replace

import pytest
import structlog

import workflows.effects.applying.optional_writes
from bot.slack.words.alarms import alarm_advice, alarm_text, ending_words
from bot.words.requests.notes import note_words, stored_note_words
from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import AMARA, DANA, SAM, TENANT
from tests.workflows.effects.applying import FORBIDDEN, INVALID, NO_ANSWER, OPEN, SYNCHRONIZED, put, revocation
from tests.workflows.fakes import FakeTenant
from tests.workflows.world import World
from workflows.app.schedule.alarm_checks import ScheduledChecks
from workflows.core.errors.facts import Fact, as_values, text_fact
from workflows.core.plans.plan import CallIds, Operation
from workflows.core.plans.writes.refused_writes import written_names
from workflows.core.requests.alarms import MESSAGES_WAIT_AFTER, Alarm, AlarmCode
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import Prepare, ShowAlarm
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.notifier import NotifierBlocked, NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, WrongTenant

OTHER = TenantId("0ddba11d-0000-4000-8000-000000000001")


async def alarms(world: World, code: AlarmCode) -> list[Alarm]:
    await world.checks.run()
    return [one for one in await world.store.open_alarms() if one.code is code]


async def park_everything(world: World, reason: str = "ValueError()") -> None:
    for pending in await world.store.pending(world.clock.now(), 100):
        await world.store.give_up(pending.id, (text_fact(reason),))


async def test_stopped_work_alarms_once_and_is_cleared_when_it_is_gone(world: World) -> None:
    request_id = await world.file()
    await park_everything(world)
    for _ in range(3):
        [alarm] = await alarms(world, AlarmCode.EFFECT_GIVEN_UP)
    reason = as_values([text_fact("ValueError()")])
    assert alarm.values == {"partner": "contoso.com", "what": "prepare", "about": request_id, "reason": reason}
    [given_up] = await world.store.given_up_effects()
    assert alarm.subject == str(given_up.id)
    await world.store.mark_done(given_up.id)
    assert await alarms(world, AlarmCode.EFFECT_GIVEN_UP) == []


async def test_an_alarm_that_cannot_be_sent_is_not_alarmed_of_in_turn(world: World) -> None:
    await world.file()
    await park_everything(world)
    for _ in range(3):
        assert len(await alarms(world, AlarmCode.EFFECT_GIVEN_UP)) == 1
        await park_everything(world)
    assert sum(isinstance(one.effect, ShowAlarm) for one in await world.store.given_up_effects()) == 1


async def test_stopped_work_that_cannot_be_read_alarms_all_the_same(world: World) -> None:
    await world.file()
    await world.store.execute("update effects set is_parked = 1, error = 'unreadable', doc = '{}'")
    [alarm] = await alarms(world, AlarmCode.EFFECT_GIVEN_UP)
    assert alarm.values["what"] == "unknown"
    assert alarm.values["reason"] == as_values([text_fact("unreadable")])


@pytest.mark.threats("G16")
@pytest.mark.parametrize("reason", ["token_revoked", "ratelimited"])
async def test_messages_that_the_chat_system_does_not_take_alarm_once_and_nothing_is_lost(
    world: World, reason: str
) -> None:
    """The state of the approval is that of the decisions; everything is sent when it is over, and the alarm ends."""
    request = await world.waiting()
    for method in ("show_request", "show_change", "show_alarm", "send_message"):
        world.script.fail(f"notifier.{method}", NotifierUnavailable(reason), times=100)
    await world.approve(request, AMARA)
    shown = len(world.notifier.requests)
    for attempt in range(MESSAGES_WAIT_AFTER + 2):
        open_alarms = await alarms(world, AlarmCode.MESSAGES_WAIT)
        assert len(open_alarms) == (attempt + 1 >= MESSAGES_WAIT_AFTER), "tried once when it was clicked"
        world.clock.advance(minutes=2)
        await world.settle()
        await world.checks.run()
    (alarm,) = await alarms(world, AlarmCode.MESSAGES_WAIT)
    assert (alarm.values["count"], reason in alarm_text(alarm)) == (1, True)
    assert [one.person for one in (await world.request(request.id)).decisions] == [AMARA]
    assert await world.store.given_up_effects() == []
    world.script._faults.clear()
    world.clock.advance(minutes=2)
    await world.settle()
    await world.checks.run()
    await world.settle()
    assert await alarms(world, AlarmCode.MESSAGES_WAIT) == []
    assert len(world.notifier.requests) > shown
    assert {one.code for one in world.notifier.alarms} >= {AlarmCode.MESSAGES_WAIT}


@pytest.mark.threats("G16")
async def test_a_card_with_an_alarm_of_its_own_is_no_second_one(world: World) -> None:
    await world.file()
    for method in ("show_request", "show_change"):
        world.script.fail(f"notifier.{method}", NotifierBlocked("not_in_channel"), times=100)
    for _ in range(MESSAGES_WAIT_AFTER + 2):
        world.clock.advance(minutes=2)
        await world.settle()
        await world.checks.run()
    assert len(await world.store.waiting_messages(MESSAGES_WAIT_AFTER)) == 1
    assert len(await alarms(world, AlarmCode.CARD_NOT_POSTED)) == 1
    assert await alarms(world, AlarmCode.MESSAGES_WAIT) == []


async def test_another_tenant_holds_every_write_and_alarms_until_it_is_right(world: World) -> None:
    request = await world.approved()
    world.tenant.found = OTHER
    request = await world.settled(request.id)
    assert (request.state, world.tenant.attempts) == (RequestState.APPLYING, [])
    assert OTHER in note_words(request.note)
    [alarm] = await alarms(world, AlarmCode.WRONG_TENANT)
    assert alarm.values["found"] == OTHER
    await world.revoke(DANA)
    assert world.tenant.attempts == []
    world.tenant.found = None
    assert await alarms(world, AlarmCode.WRONG_TENANT) == []
    world.clock.advance(minutes=2)
    await world.settle()
    assert [one.method for one in world.tenant.writes] == ["POST"], "the revocation; what it stopped is not written"


async def test_a_revocation_that_cannot_be_checked_for_two_minutes_alarms_until_it_is(world: World) -> None:
    """The directory does not answer: the click is stored but not checked, and the partner is still open."""
    world.tenant.partners[TENANT] = dict(OPEN)
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."), times=4)
    await world.revoke(DANA)
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    world.clock.advance(minutes=2)
    await world.settle()
    [alarm] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
    assert alarm.values["partner"] == TENANT
    for _ in range(3):
        world.clock.advance(minutes=2)
        await world.settle()
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    assert world.tenant.partners[TENANT]["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"


async def test_a_revocation_whose_checking_is_refused_by_graph_waits_and_alarms_at_once(world: World) -> None:
    world.tenant.partners[TENANT] = dict(OPEN)
    world.script.fail("directory.identify", TenantRefused(400, "Request_BadRequest", "No."), times=2)
    await world.revoke(DANA)
    [alarm] = await world.store.open_alarms()
    assert alarm.code is AlarmCode.REVOCATION_NOT_COMPLETE
    assert await world.refusals() == []
    for _ in range(2):
        assert len(await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)) == 1
        world.clock.advance(minutes=2)
        await world.settle()
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    assert world.tenant.partners[TENANT]["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"


async def test_a_revocation_waits_where_the_directory_refuses_to_say_who_asks(world: World) -> None:
    """No role can be read until an admin mends the directory: the click is kept and not recorded as refused."""
    world.tenant.partners[TENANT] = dict(OPEN)
    world.script.fail("directory.identify", PeopleDirectoryRefused("users.info", "token_revoked"), times=2)
    await world.revoke(DANA)
    assert len(await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)) == 1
    assert await world.refusals() == []
    for _ in range(2):
        world.clock.advance(minutes=2)
        await world.settle()
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    assert world.tenant.partners[TENANT]["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"


async def test_a_revocation_that_was_refused_to_the_person_alarms_nobody(world: World) -> None:
    await world.revoke(AMARA)
    world.clock.advance(minutes=10)
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    assert [code for _, code in await world.refusals()] == ["not_an_admin"]


async def test_a_revocation_that_cannot_be_prepared_waits_and_alarms(world: World) -> None:
    """Whatever Graph refuses, and whatever cannot be found out: it does not end as unfit."""
    world.tenant.partners[TENANT] = dict(OPEN)
    world.script.fail("tenant.read_partner", FORBIDDEN)
    world.script.fail("tenant.read_partner", TenantRefused(400, "Request_BadRequest", "No."), on=2, times=3)
    await world.revoke(DANA)
    for _ in range(4):
        [alarm] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
        world.clock.advance(minutes=2)
        await world.settle()
    assert "Contoso" in alarm.values["partner"] or TENANT in alarm.values["partner"]
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []


async def test_one_check_that_fails_keeps_no_other_one_from_being_performed() -> None:
    seen = []

    async def fails() -> None:
        raise ValueError("a fault of our own")

    async def works() -> None:
        seen.append("works")

    with structlog.testing.capture_logs() as logs:
        await ScheduledChecks(checks=(fails, works)).run()
    assert seen == ["works"]
    assert [one["event"] for one in logs] == ["check_failed"]


async def test_a_tenant_that_cannot_be_asked_changes_no_alarm(world: World) -> None:
    await world.alarms.raise_alarm(AlarmCode.WRONG_TENANT)
    world.script.fail("tenant.verify_home", NO_ANSWER)
    assert len(await alarms(world, AlarmCode.WRONG_TENANT)) == 1
    assert await alarms(world, AlarmCode.WRONG_TENANT) == []


def test_another_tenant_is_said_by_id() -> None:
    error = WrongTenant(OTHER, TENANT)
    assert OTHER in str(error)
    assert TENANT in str(error)


async def test_clicks_that_are_not_checked_are_listed_and_given_up_ones_are_not(world: World) -> None:
    for number, person in enumerate((DANA, SAM)):
        intent = Revoke(actor=person.chat_id, target=TENANT, reason="Ended")
        await world.service.store_click(intent, key=f"click-{number}")
    assert [one.key for one in await world.store.unchecked_clicks()] == ["click-0", "click-1"]
    first, *_ = await world.store.pending(world.clock.now(), 10)
    await world.store.give_up(first.id, (text_fact("fault"),))
    assert [one.key for one in await world.store.unchecked_clicks()] == ["click-1"]


async def test_a_revoke_click_that_an_older_version_gave_up_still_waits(world: World) -> None:
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."))
    await world.revoke(DANA)
    world.clock.advance(minutes=2)
    [first] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
    await park_everything(world)
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == [first]


async def test_the_alarm_of_a_click_that_was_refused_is_not_called_repaired(world: World) -> None:
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."))
    await world.revoke(AMARA)
    world.clock.advance(minutes=2)
    [alarm] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
    await world.settle()
    assert [code for _, code in await world.refusals()] == ["not_an_admin"]
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    ended = await world.store.alarm(alarm.id)
    assert ended is not None
    assert ending_words(ended) == "the click was refused, or an admin gave it up"


async def test_a_newer_revocation_takes_over_the_alarm_at_the_same_look(world: World) -> None:
    world.tenant.partners[TENANT] = dict(OPEN)
    older = replace(revocation(OPEN), state=RequestState.UNCONFIRMED, created_at=world.clock.now())
    await world.put(older)
    await world.alarms.raise_alarm(AlarmCode.REVOCATION_NOT_COMPLETE, older.id)
    [alarm] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
    await world.revoke(DANA, but=Prepare)
    assert (await world.request(older.id)).state is RequestState.STOPPED
    [newer] = await world.all_requests()
    [raised] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
    assert raised.subject == newer.id
    ended = await world.store.alarm(alarm.id)
    assert ended is not None
    assert ending_words(ended) == f"replaced by {newer.id}"
    await world.settle()
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    mended = await world.store.alarm(raised.id)
    assert mended is not None
    assert "ended" not in mended.values


@pytest.mark.parametrize("error", [NO_ANSWER, FORBIDDEN], ids=repr)
async def test_what_stays_open_because_graph_did_not_take_it_alarms_until_it_is_closed(
    world: World, error: Exception
) -> None:
    request = await put_with_optional_write(world, error)
    assert (request.state, len(request.refused)) == (RequestState.APPLIED, 1)
    [alarm] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
    [operation] = request.plan.optional
    assert alarm.subject == request.id
    assert alarm.values["ways"] == ", ".join(written_names(operation))
    assert "is verified, but" in alarm_text(alarm)
    assert "Revoke the partner again" in alarm_advice(alarm)
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == [alarm]
    await world.tenant.write(operation)
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    mended = await world.store.alarm(alarm.id)
    assert mended is not None
    assert "ended" not in mended.values


async def test_an_optional_write_that_hangs_does_not_delay_that_the_block_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = FakeTenant.write

    async def hangs(tenant: FakeTenant, operation: Operation) -> CallIds:
        if operation.may_be_refused:
            await asyncio.Event().wait()
        return await write(tenant, operation)

    monkeypatch.setattr(FakeTenant, "write", hangs)
    monkeypatch.setattr(workflows.effects.applying.optional_writes, "_SENDING_SECONDS", 0.05)
    request = await put(world, revocation(SYNCHRONIZED))
    async with asyncio.timeout(LONGEST_WAIT):
        request = await world.settled(request.id)
    assert request.state is RequestState.APPLIED
    assert [one.reason for one in request.refused] == [(Fact(NoteCode.LATE),)]
    [alarm] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
    assert "did not answer in time" in stored_note_words(alarm.values["reason"])


async def test_what_stays_open_is_alarmed_of_for_a_day(world: World) -> None:
    await put_with_optional_write(world, NO_ANSWER)
    [alarm] = await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)
    world.clock.advance(hours=24)
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []
    ended = await world.store.alarm(alarm.id)
    assert ended is not None
    assert "a day passed" in ending_words(ended)


async def test_revoking_once_more_closes_what_stayed_open_and_ends_its_alarm(world: World) -> None:
    await put_with_optional_write(world, NO_ANSWER)
    assert len(await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE)) == 1
    written = len(world.tenant.writes)
    await world.revoke(DANA)
    assert len(world.tenant.writes) == written + 1
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []


async def test_what_graph_refuses_for_good_is_no_alarm(world: World) -> None:
    request = await put_with_optional_write(world, INVALID)
    assert (request.state, len(request.refused)) == (RequestState.APPLIED, 1)
    assert await alarms(world, AlarmCode.REVOCATION_NOT_COMPLETE) == []


async def put_with_optional_write(world: World, error: Exception) -> AccessRequest:
    """Revoke a partner where the one write that may be refused meets an error, each time."""
    request = await put(world, revocation(SYNCHRONIZED))
    assert len(request.plan.optional) == 1
    world.script.fail(
        "tenant.write",
        error,
        on=len(request.plan.required_operations) + 1,
        times=1 if isinstance(error, TenantRefused) else 2,
    )
    return await world.settled(request.id)

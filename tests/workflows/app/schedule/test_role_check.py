"""A role without people: admins get an alarm, each requester one message, and a click is refused with the reason."""

from datetime import timedelta

import pytest

from bot.slack.words.alarms import alarm_text
from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DATA_OWNER, MALLORY, RILEY, SECURITY
from tests.workflows.fakes import FakeDirectory
from tests.workflows.world import World
from workflows.app.alarms import Alarms
from workflows.app.schedule.role_check import check_auditors, check_roles, request_role_check
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable


async def check(world: World, *, minutes: float = 1) -> None:
    """Let some time pass, look at the roles, and let everything follow."""
    world.clock.advance(minutes=minutes)
    alarms = Alarms(store=world.store, clock=world.clock, wake=lambda: None)
    await check_roles(
        store=world.store,
        directory=world.directory,
        alarms=alarms,
        service=world.service,
        clock=world.clock,
        roles=world.catalog.roles,
    )
    await world.settle()


async def open_alarms(world: World) -> list[Alarm]:
    return [one for one in await world.store.open_alarms() if one.code is AlarmCode.ROLE_EMPTY]


@pytest.mark.threats("C7")
async def test_a_role_that_becomes_empty_alarms_with_the_requests_that_it_holds_up(world: World) -> None:
    request = await world.waiting()
    await check(world)
    assert await open_alarms(world) == []
    world.directory.assign(AMARA, "")
    world.directory.missing[SECURITY] = ("partner-security",)
    await check(world)
    (alarm,) = await open_alarms(world)
    assert alarm.subject == SECURITY
    assert alarm.values["requests"] == request.id
    assert (alarm.values["people"], alarm.values["needed"]) == ("0", "1")
    assert alarm.values["missing_groups"] == ["partner-security"]
    assert "@partner-security does not exist" in alarm_text(alarm)


@pytest.mark.threats("C7")
async def test_too_few_people_for_a_later_stage_are_alarmed_too(world: World) -> None:
    await world.waiting()
    world.directory.assign(CHIE, "")
    await check(world)
    (alarm,) = await open_alarms(world)
    assert (alarm.subject, alarm.values["people"], alarm.values["needed"]) == (DATA_OWNER, "1", "2")


async def test_the_requester_is_told_once_and_the_alarm_is_cleared_when_people_come_back(world: World) -> None:
    request = await world.waiting()
    world.directory.assign(AMARA, "")
    for _ in range(3):
        await check(world)
    (told,) = [text for text in world.notifier.texts_to(RILEY.chat_id) if "cannot be approved now" in text]
    assert request.id in told
    assert "nobody with this role" in told
    world.directory.assign(AMARA, "security")
    await check(world)
    assert await open_alarms(world) == []
    assert [alarm.is_open for alarm in world.notifier.alarms] == [True, False]


async def test_after_a_refused_click_nothing_that_is_kept_for_display_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has left is known from the last hours only, until somebody is refused because of it."""
    await world.waiting()
    seen: list[timedelta] = []

    def for_one_check(directory: FakeDirectory, began_ago: timedelta = timedelta(0)) -> FakeDirectory:
        seen.append(began_ago)
        return directory

    monkeypatch.setattr(FakeDirectory, "for_one_check", for_one_check)
    await check(world)
    assert seen == []
    await request_role_check(world.store)
    await check(world)
    assert seen == [timedelta(0)]


async def test_whose_approval_counts_already_is_not_missed(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    await world.approve(await world.request(request.id), BRUNO)
    world.directory.assign(AMARA, "")
    world.directory.assign(BRUNO, "")
    await check(world)
    assert await open_alarms(world) == []


@pytest.mark.parametrize(
    "trouble",
    [PeopleDirectoryUnavailable("Slack does not answer."), PeopleDirectoryRefused("users.info", "token_revoked")],
)
async def test_what_cannot_be_read_is_no_empty_role(world: World, trouble: Exception) -> None:
    await world.waiting()
    world.directory.assign(AMARA, "")
    await check(world)
    world.directory.assign(AMARA, "security")
    world.script.fail("directory.holders", trouble)
    await check(world)
    assert len(await open_alarms(world)) == 1, "neither raised nor cleared on what was not read"


async def test_roles_are_looked_at_once_a_minute_and_only_while_requests_wait(world: World) -> None:
    await check(world)
    assert "directory.holders" not in world.script.calls
    await world.waiting()
    world.script.calls.clear()
    await check(world, minutes=1)
    seen = world.script.calls.count("directory.holders")
    assert seen == 2, "one for each stage"
    await check(world, minutes=0.5)
    assert world.script.calls.count("directory.holders") == seen


async def test_who_lacks_an_empty_role_is_told_what_an_admin_must_mend(world: World) -> None:
    request = await world.waiting()
    world.directory.assign(AMARA, "")
    world.directory.missing[SECURITY] = ("partner-security",)
    await check(world)
    await world.approve(request, AMARA)
    assert (await world.refusals())[-1] == (AMARA.chat_id, "role_empty")
    said = world.notifier.texts_to(AMARA.chat_id)[-1]
    assert "@partner-security does not exist or is off" in said
    assert "admin" in said


async def test_a_click_that_meets_an_empty_role_has_it_looked_at_with_the_next_tick(world: World) -> None:
    request = await world.waiting()
    await check(world)
    world.directory.assign(AMARA, "")
    await world.approve(request, AMARA)
    await check(world, minutes=0)
    assert len(await open_alarms(world)) == 1


async def test_who_lacks_a_role_that_others_hold_is_told_so(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, MALLORY)
    assert (await world.refusals())[-1] == (MALLORY.chat_id, "not_an_approver")


async def test_a_refusal_for_good_ends_a_click_with_its_reason(world: World) -> None:
    """A stored click is not tried in silence until its request expires."""
    request = await world.waiting()
    world.script.fail("directory.current_roles", PeopleDirectoryRefused("users.info", "token_revoked"))
    await world.approve(request, AMARA)
    assert (await world.refusals())[-1] == (AMARA.chat_id, "directory_refused")


async def test_what_was_approved_waits_for_a_directory_that_refuses(world: World) -> None:
    request = await world.approved()
    world.script.fail("directory.current_roles", PeopleDirectoryRefused("users.info", "token_revoked"))
    waits = await world.settled(request.id)
    assert "The chat system refuses to say" in note_words(waits.note)
    world.clock.advance(minutes=2)
    assert (await world.settled(request.id)).confirmed_at is not None


async def test_who_lost_or_got_the_role_of_auditors_gets_a_new_home(world: World) -> None:
    """What an earlier search found is then not shown any longer, also without a click of theirs."""
    for person in (MALLORY, AMARA):
        await world.store.save_home(person.chat_id)

    async def wanted() -> list[int]:
        return [await world.store.count_home_requests(one.chat_id) for one in (MALLORY, AMARA)]

    async def check_homes() -> None:
        world.clock.advance(minutes=1)
        await check_auditors(store=world.store, directory=world.directory, clock=world.clock)

    world.directory.assign(MALLORY, "auditor")
    await check_homes()
    before = await wanted()
    await check_homes()
    assert await wanted() == before, "nothing changed"
    calls = world.script.calls.count("directory.holders")
    await check_auditors(store=world.store, directory=world.directory, clock=world.clock)
    assert world.script.calls.count("directory.holders") == calls, "at most once a minute"
    world.script.fail("directory.holders", PeopleDirectoryUnavailable("Slack does not answer."))
    world.directory.assign(MALLORY, "")
    await check_homes()
    assert await wanted() == before, "not known yet"
    await check_homes()
    assert await wanted() == [before[0] + 1, before[1]]

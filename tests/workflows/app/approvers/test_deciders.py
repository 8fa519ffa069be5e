"""The people who decide: a changed profile is told, unusual approvals are alarmed once, and each gets a weekly list."""

from datetime import timedelta

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY
from tests.workflows.world import World, restarted
from workflows.app.approvers.deciders.profile_reads import ProfileReads
from workflows.app.approvers.deciders.unusual_decisions import UnusualDecisions
from workflows.app.approvers.deciders.weekly_lists import WeeklyLists
from workflows.core.policy.delegation.deciders.unusual import UnusualCode
from workflows.core.policy.delegation.profiles import ProfilePart
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.request import RequestState

CALENDAR = WorkingCalendar()


async def read_before(world: World, days: int = 20) -> None:
    """Read Amara's profile some days before what follows."""
    await ProfileReads(store=world.store, directory=world.directory, clock=world.clock).read(AMARA)
    world.clock.advance(days=days)


async def parts_shown(world: World, **form: object) -> list[ProfilePart]:
    """Let Amara approve a new request; gives what is stored of her profile with the approval."""
    request = await world.waiting(**form)
    await world.approve(request, AMARA)
    (decision,) = (await world.request(request.id)).decisions
    return [change.part for change in decision.profile_changes]


def warnings(world: World) -> dict[str, list[str]]:
    """Who was told of a changed profile."""
    people = (AMARA, BRUNO, CHIE, DANA, RILEY)
    texts = {one.name: [text for text in world.notifier.texts_to(one.chat_id) if "changed" in text] for one in people}
    return {name: said for name, said in texts.items() if said}


# --- a changed profile ---


@pytest.mark.threats("B7")
async def test_a_changed_mail_address_of_an_approver_of_high_risk_is_shown_and_told_to_the_other_approvers(
    world: World,
) -> None:
    await read_before(world)
    world.directory.profiles[AMARA.id] = {"chat_mail": "amara@elsewhere.example"}
    assert await parts_shown(world) == [ProfilePart.CHAT_MAIL]
    told = warnings(world)
    assert sorted(told) == ["Bruno", "Chie"]
    assert [len(texts) for texts in told.values()] == [1, 1]


async def test_it_blocks_nothing(world: World) -> None:
    await read_before(world)
    world.directory.profiles[AMARA.id] = {"account_name": "Amara Keller"}
    request = await world.opened()
    assert request.state is RequestState.APPLIED


async def test_an_unchanged_profile_and_one_that_is_read_for_the_first_time_are_not_shown(world: World) -> None:
    assert await parts_shown(world) == []
    await read_before(world)
    assert warnings(world) == {}


async def test_what_is_not_high_risk_shows_no_change_but_the_change_is_stored(world: World) -> None:
    await read_before(world)
    world.directory.profiles[AMARA.id] = {"chat_name": "Amara X"}
    assert await parts_shown(world, template="guest-collaboration", days=90) == []
    (known,) = await world.store.known_profiles(AMARA.chat_id, AMARA.id)
    assert [change.part for change in known.changes] == [ProfilePart.CHAT_NAME]
    assert warnings(world) == {}


async def test_a_change_that_was_noticed_more_than_seven_days_ago_is_not_shown(world: World) -> None:
    await read_before(world)
    world.directory.profiles[AMARA.id] = {"chat_name": "Amara X"}
    await read_before(world, days=8)
    assert await parts_shown(world) == []


async def test_what_was_read_is_known_after_a_restart(world: World) -> None:
    await read_before(world)
    async with restarted(world) as again:
        again.directory.profiles[AMARA.id] = {"chat_mail": "amara@elsewhere.example"}
        assert await parts_shown(again) == [ProfilePart.CHAT_MAIL]


# --- unusual approvals ---


async def look(world: World) -> list[Alarm]:
    """Look for unusual approvals; gives the open alarms."""
    await UnusualDecisions(store=world.store, alarms=world.alarms, clock=world.clock, calendar=CALENDAR).check()
    await world.settle()
    return [alarm for alarm in await world.store.open_alarms() if alarm.code is AlarmCode.UNUSUAL_DECISIONS]


def codes(alarm: Alarm) -> list[tuple[str, list[str]]]:
    """Who did what that is unusual."""
    return [(row["person"], [fact["code"] for fact in row["unusual"]]) for row in alarm.values["decisions"]]


@pytest.mark.threats("B7")
async def test_a_night_approval_within_seconds_is_one_alarm_and_is_told_once(world: World) -> None:
    assert await look(world) == []
    world.clock.advance(hours=18)  # Tuesday, 03:00 in the zone of everybody
    await world.approve(await world.waiting(), AMARA)
    world.clock.advance(minutes=10)
    (alarm,) = await look(world)
    assert codes(alarm) == [("Amara", [UnusualCode.OUTSIDE_HOURS, UnusualCode.FAST])]
    world.clock.advance(minutes=10)
    assert await look(world) == [alarm]
    assert (await world.store.mark("unusual_decisions_checked_until")) is not None


async def test_an_approval_in_working_hours_an_hour_later_is_no_alarm(world: World) -> None:
    await look(world)
    request = await world.waiting()
    world.clock.advance(hours=1)
    await world.approve(request, AMARA)
    world.clock.advance(minutes=10)
    assert await look(world) == []


async def test_what_one_check_finds_is_one_alarm_and_it_ends_after_a_week(world: World) -> None:
    await look(world)
    request = await world.waiting()
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    world.clock.advance(minutes=10)
    (alarm,) = await look(world)
    assert [person for person, _ in codes(alarm)] == ["Amara", "Bruno", "Chie"]
    world.clock.advance(days=7)
    assert await look(world) == []


async def test_an_alarm_is_not_repeated_when_the_process_ends_before_the_check_is_stored(world: World) -> None:
    await look(world)
    mark = await world.store.mark("unusual_decisions_checked_until")
    await world.approve(await world.waiting(), AMARA)
    world.clock.advance(minutes=10)
    await look(world)
    await world.store.save_mark("unusual_decisions_checked_until", str(mark))
    world.clock.advance(minutes=1)
    assert len(await look(world)) == 1


# --- the weekly list ---


async def lists(world: World) -> dict[str, list[str]]:
    """Send what is due; gives who got which lists, ever."""
    weekly = WeeklyLists(service=world.service, store=world.store, clock=world.clock, calendar=CALENDAR)
    await weekly.check()
    await world.settle()
    people = (AMARA, BRUNO, CHIE, DANA, RILEY)
    texts = {
        one.name: [text for text in world.notifier.texts_to(one.chat_id) if "in your name" in text] for one in people
    }
    return {name: said for name, said in texts.items() if said}


@pytest.mark.threats("B7")
async def test_each_decider_gets_the_list_once_on_the_first_working_morning_after_the_week(world: World) -> None:
    request = await world.opened()
    assert await lists(world) == {}
    world.clock.advance(days=6, hours=23)  # Monday, 08:00
    assert await lists(world) == {}
    world.clock.advance(hours=1, minutes=1)
    sent = await lists(world)
    assert sorted(sent) == ["Amara", "Bruno", "Chie"]
    (text,) = sent["Amara"]
    assert "contoso.com" in text
    assert request.id in text
    world.clock.advance(minutes=20)
    assert {name: len(texts) for name, texts in (await lists(world)).items()} == {"Amara": 1, "Bruno": 1, "Chie": 1}
    async with restarted(world) as again:
        again.clock.advance(hours=2)
        assert await lists(again) == {}  # its notifier has sent nothing


async def test_the_morning_is_that_of_the_deciders_own_time_zone(world: World) -> None:
    world.directory.profiles[AMARA.id] = {"zone": "America/Los_Angeles"}
    await world.opened()
    world.clock.advance(days=7, hours=7)  # Monday, 16:00 UTC: 08:00 in Los Angeles
    assert sorted(await lists(world)) == ["Bruno", "Chie"]
    world.clock.advance(hours=1, minutes=1)
    assert sorted(await lists(world)) == ["Amara", "Bruno", "Chie"]


async def test_nobody_gets_a_list_of_a_week_without_decisions(world: World) -> None:
    await world.opened()
    world.clock.advance(days=14, hours=1)
    assert await lists(world) == {}


async def test_a_rejection_is_listed_and_the_result_is_the_present_one(world: World) -> None:
    request = await world.waiting()
    await world.reject(request, AMARA)
    world.clock.advance(days=7, minutes=1)
    ((text,),) = (await lists(world)).values()
    assert "Rejected contoso.com" in text
    assert text.count("rejected") == 1


@pytest.mark.parametrize("passed", [timedelta(minutes=-10), timedelta(days=-3)])
async def test_a_clock_that_was_set_back_stops_no_check(world: World, passed: timedelta) -> None:
    await look(world)
    await lists(world)
    world.clock.moment += passed
    assert await look(world) == []
    assert await lists(world) == {}

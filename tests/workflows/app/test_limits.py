"""One person may do so much in an hour: counted from what is stored, said before it bites, alarmed once."""

import asyncio
from dataclasses import replace

import pytest

from bot.words.refusals.sentences import fact_words
from bot.words.sentences import minute
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import AMARA, DANA, RILEY, identity
from tests.workflows.effects.test_one_person_two_ids import AMARA_W, RILEY_W, two_ids
from tests.workflows.world import World, restarted
from workflows.app.alarms import Alarms
from workflows.app.limits import HOUR, LimitedAction, Limits
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.model import TenantId

MAXIMUMS = {LimitedAction.REQUESTS: 5, LimitedAction.APPROVALS: 3, LimitedAction.LOOK_UPS: 5, LimitedAction.SEARCHES: 4}


def limit(world: World) -> Limits:
    """Apply the limits above to every person."""
    alarms = Alarms(store=world.store, clock=world.clock, wake=lambda: None)
    limits = Limits(store=world.store, alarms=alarms, clock=world.clock, maximums=MAXIMUMS)
    world.intake = replace(world.intake, limits=limits)
    world.permission_check = replace(world.permission_check, limits=limits)
    world.performer = replace(world.performer, permission_check=world.permission_check)
    return limits


@pytest.fixture
def limits(world: World) -> Limits:
    return limit(world)


def partner(world: World, number: int) -> str:
    """Let one more tenant resolve; gives its domain."""
    domain = f"partner{number}.example"
    tenant_id = TenantId(f"5a5e1f50-1c1f-4a8a-9d30-{number:012}")
    world.tenant.add_tenant(replace(identity(domain), tenant_id=tenant_id, default_domain=domain))
    return domain


async def ask(world: World, number: int, requester: Person = RILEY) -> AccessRequest:
    """Ask for one more partner by a template that one person decides on."""
    target = partner(world, number)
    return await world.waiting(template="guest-collaboration", days=90, target=target, requester=requester)


async def alarms(world: World) -> list[Alarm]:
    return [one for one in await world.store.open_alarms() if one.code is AlarmCode.LIMIT_REACHED]


# --- requests ---


async def test_the_request_above_the_limit_is_refused_with_the_time_when_it_is_possible_again(
    world: World, limits: Limits
) -> None:
    began = world.clock.now()
    for number in range(5):
        await ask(world, number)
        world.clock.advance(minutes=1)
    with pytest.raises(InvalidForm) as refused:
        await ask(world, 9)
    assert f"Try again after {minute(began + HOUR)}" in fact_words(refused.value.problems["target"])
    assert (RILEY.chat_id, "limit_reached") in await world.refusals()
    world.clock.advance(minutes=55)
    assert (await ask(world, 9)).state is RequestState.AWAITING_APPROVAL


async def test_it_is_said_before_it_bites(world: World, limits: Limits) -> None:
    for number in range(5):
        await ask(world, number)
    said = [text for text in world.notifier.texts_to(RILEY.chat_id) if "request in this hour" in text]
    assert [text.split(" request ")[0] for text in said] == ["You have 1 more", "This was your last"]


async def test_sixty_requests_in_a_row_make_few_messages_and_one_alarm(world: World, limits: Limits) -> None:
    for number in range(60):
        try:
            await ask(world, number)
        except InvalidForm:
            world.clock.advance(seconds=0.3)
    await world.settle()
    assert len(await world.all_requests()) == MAXIMUMS[LimitedAction.REQUESTS]
    assert len(world.notifier.texts_to(RILEY.chat_id)) <= 2
    (alarm,) = await alarms(world)
    assert (alarm.values["limit"], alarm.values["what"]) == ("5", "requests")
    assert [code for _, code in await world.refusals()].count("limit_reached") == 55


@pytest.mark.threats("C12")
async def test_a_hundred_requests_of_one_person_in_a_minute_are_capped_and_the_admins_get_one_alarm(
    world: World, limits: Limits
) -> None:
    codes = set()
    for number in range(100):
        try:
            await ask(world, number)
        except InvalidForm as refused:
            codes.add(refused.problems["target"].code)
        world.clock.advance(seconds=0.5)
    await world.settle()
    assert codes == {RefusalCode.LIMIT_REACHED}
    assert len(await world.all_requests()) == MAXIMUMS[LimitedAction.REQUESTS]
    assert len(await alarms(world)) == 1
    assert len({request.id for request in world.notifier.requests}) == MAXIMUMS[LimitedAction.REQUESTS]


@pytest.mark.threats("C12")
async def test_the_open_requests_of_one_person_are_capped_also_when_they_come_slowly(
    world: World, limits: Limits
) -> None:
    world.intake = replace(world.intake, limits=replace(limits, open_requests=7))
    codes = set()
    for number in range(20):
        try:
            await ask(world, number)
        except InvalidForm as refused:
            codes.add(refused.problems["target"].code)
        world.clock.advance(minutes=15)
    assert len(await world.all_requests()) == 7
    assert codes == {RefusalCode.OPEN_REQUESTS_REACHED}


@pytest.mark.threats("C12")
async def test_requests_of_one_person_about_one_partner_become_one_open_request(world: World, limits: Limits) -> None:
    target = partner(world, 1)
    for _ in range(4):
        try:
            await world.file(template="guest-collaboration", days=90, target=target)
        except InvalidForm:
            continue
        await world.settle()
    assert len([one for one in await world.all_requests() if one.state is RequestState.AWAITING_APPROVAL]) == 1


async def test_a_form_that_is_delivered_again_is_no_second_request(world: World, limits: Limits) -> None:
    for number in range(4):
        await ask(world, number)
    target = partner(world, 7)
    await world.file(template="guest-collaboration", days=90, target=target)
    world.clicks -= 1  # the same key
    await world.file(template="guest-collaboration", days=90, target=target)
    assert len(await world.all_requests()) == 5


async def test_one_persons_limit_is_nobody_elses(world: World, limits: Limits) -> None:
    for number in range(5):
        await ask(world, number)
    assert (await ask(world, 6, DANA)).state is RequestState.AWAITING_APPROVAL


async def test_a_second_id_does_not_start_again(world: World, limits: Limits) -> None:
    two_ids(world, RILEY_W)
    for number in range(5):
        await ask(world, number)
    with pytest.raises(InvalidForm, match="limit"):
        await ask(world, 6, RILEY_W)


async def test_the_count_survives_a_restart(world: World, limits: Limits) -> None:
    for number in range(5):
        await ask(world, number)
    async with restarted(world) as again:
        limit(again)
        with pytest.raises(InvalidForm, match="limit"):
            await ask(again, 6)


async def test_closing_is_neither_limited_nor_counted(world: World, limits: Limits) -> None:
    for number in range(8):
        await world.revoke(DANA, partner(world, number))
    assert (await ask(world, 9, DANA)).state is RequestState.AWAITING_APPROVAL
    assert await alarms(world) == []


# --- approvals ---


@pytest.mark.threats("B7")
async def test_the_approval_above_the_limit_is_refused_and_the_admins_are_alarmed_once(
    world: World, limits: Limits
) -> None:
    requests = [await ask(world, number) for number in range(5)]
    for request in requests:
        await world.approve(request, AMARA)
    states = [(await world.request(one.id)).state for one in requests]
    assert states == [RequestState.APPLIED] * 3 + [RequestState.AWAITING_APPROVAL] * 2
    assert (await world.refusals()).count((AMARA.chat_id, "limit_reached")) == 2
    (alarm,) = [one for one in await alarms(world) if one.values["what"] == "approvals"]
    assert alarm.values == {"person": "Amara", "limit": "3", "what": "approvals"}


@pytest.mark.threats("B7")
async def test_approvals_at_the_same_moment_are_counted_in_the_order_of_the_clicks(
    world: World, limits: Limits
) -> None:
    limit_to(world, limits, {})
    requests = [await ask(world, number) for number in range(8)]
    checks = [await world.received(world.approval(one, AMARA), key=f"click-{one.id}") for one in requests]
    await asyncio.gather(*(world.permission_check.check_click(check) for check in reversed(checks)))
    await world.settle()
    states = [(await world.request(one.id)).state for one in requests]
    assert states == [RequestState.APPLIED] * 3 + [RequestState.AWAITING_APPROVAL] * 5
    assert (await world.refusals()).count((AMARA.chat_id, "limit_reached")) == 5


async def test_clicks_of_an_impatient_person_on_one_card_count_once(world: World, limits: Limits) -> None:
    """Of several clicks on one request at most one is an approval, however long their checks take."""
    limit_to(world, limits, {})
    first, second, third = [await ask(world, number) for number in range(3)]
    clicked = [first, first, first, second, second, second, third, third]
    checks = [await world.received(world.approval(one, AMARA), key=f"click-{n}") for n, one in enumerate(clicked)]
    await asyncio.gather(*(world.permission_check.check_click(check) for check in reversed(checks)))
    await world.settle()
    states = [(await world.request(one.id)).state for one in (first, second, third)]
    assert states == [RequestState.APPLIED] * 3
    assert (AMARA.chat_id, "limit_reached") not in await world.refusals()


def limit_to(world: World, limits: Limits, changed: dict[LimitedAction, int]) -> Limits:
    """Apply other limits of approvals, and no close limit of requests."""
    other = replace(limits, maximums={**MAXIMUMS, LimitedAction.REQUESTS: 50, **changed})
    world.intake = replace(world.intake, limits=other)
    world.performer = replace(world.performer, permission_check=replace(world.permission_check, limits=other))
    return other


@pytest.mark.threats("B7")
async def test_the_sixth_approval_in_an_hour_is_alarmed_and_the_seventh_refused(world: World, limits: Limits) -> None:
    limit_to(world, limits, {LimitedAction.APPROVALS: 6})
    for number in range(7):
        request = await ask(world, number)
        await world.approve(request, AMARA)
        assert len([one for one in await alarms(world) if one.values["what"] == "approvals"]) == (number >= 5)
    assert (await world.request(request.id)).state is RequestState.AWAITING_APPROVAL
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.LIMIT_REACHED)


async def test_approvals_of_a_day_are_limited_and_alarmed_and_closing_is_not(world: World, limits: Limits) -> None:
    daily = limit_to(world, limits, {LimitedAction.DAILY_APPROVALS: 4})
    for number in range(5):
        await world.approve(await ask(world, number), AMARA)
        world.clock.advance(hours=2)
    assert (await world.refusals()).count((AMARA.chat_id, RefusalCode.LIMIT_REACHED)) == 1
    (alarm,) = await alarms(world)
    assert (alarm.values["limit"], alarm.values["what"]) == ("4", "daily approvals")
    rejected = await ask(world, 7)
    await world.reject(rejected, AMARA)
    assert (await world.request(rejected.id)).state is RequestState.REJECTED
    world.clock.advance(hours=20)
    await daily.clear_ended_alarms()
    assert await alarms(world) == []
    request = await ask(world, 8)
    await world.approve(request, AMARA)
    assert (await world.request(request.id)).state is RequestState.APPLIED


async def test_how_many_approvals_are_left_is_said_where_it_was_clicked(world: World, limits: Limits) -> None:
    for number in range(3):
        await world.approve(await ask(world, number), AMARA)
    said = [(text, channel) for person, text, channel in world.notifier.told if "approval in this hour" in text]
    assert [(text.split(".")[0], channel) for text, channel in said] == [
        ("This was your last approval in this hour", "C-PARTNERS")
    ]


async def test_rejecting_is_never_limited(world: World, limits: Limits) -> None:
    requests = [await ask(world, number) for number in range(5)]
    for request in requests[:3]:
        await world.approve(request, AMARA)
    for request in requests[3:]:
        await world.reject(request, AMARA)
    assert [(await world.request(one.id)).state for one in requests[3:]] == [RequestState.REJECTED] * 2


@pytest.mark.threats("B7", "B8")
async def test_approvals_under_another_id_count_with_the_account(world: World, limits: Limits) -> None:
    two_ids(world, AMARA_W)
    requests = [await ask(world, number) for number in range(4)]
    for request, person in zip(requests, (AMARA, AMARA_W, AMARA, AMARA_W), strict=True):
        await world.approve(request, person)
    assert (await world.refusals()).count((AMARA_W.chat_id, "limit_reached")) == 1


async def test_the_alarm_is_cleared_when_the_hour_is_over(world: World, limits: Limits) -> None:
    for number in range(3):
        await world.approve(await ask(world, number), AMARA)
    await limits.clear_ended_alarms()
    assert [one.values["what"] for one in await alarms(world)] == ["approvals"]
    world.clock.advance(hours=1.1)
    await limits.clear_ended_alarms()
    assert await alarms(world) == []


# --- look-ups ---


class Everybody:
    """A directory in which everybody is a member, but one."""

    async def require_member(self, chat_id: ChatId) -> None:
        if chat_id == "U-GUEST":
            raise Refused(RefusalCode.WORKSPACE_GUEST)


async def test_look_ups_are_recorded_counted_and_limited(world: World, limits: Limits) -> None:
    lookup_permission = LookupPermission(members=Everybody(), service=world.service, limits=limits)
    for number in range(5):
        await lookup_permission.require(
            RILEY.chat_id, f"partner{number}.example", key=f"k{number}", command_name="form"
        )
    with worded_refusal(Refused, match="5 look-ups an hour"):
        await lookup_permission.require(RILEY.chat_id, "one.more", key="k9", command_name="form")
    await world.settle()
    assert len([text for text in world.notifier.texts_to(RILEY.chat_id) if "more look-up in this hour" in text]) == 1
    assert [one for one in await world.log() if one[1] == "look_up"] == [(RILEY.chat_id, "look_up", "accepted")] * 5
    assert len(await alarms(world)) == 1


async def test_who_may_not_look_is_not_counted(world: World, limits: Limits) -> None:
    lookup_permission = LookupPermission(members=Everybody(), service=world.service, limits=limits)
    with worded_refusal(Refused, match="guest"):
        await lookup_permission.require(ChatId("U-GUEST"), "contoso.com", key="k", command_name="form")
    assert await world.log() == []

"""Several high-risk approvals of one person within minutes: each further one must be confirmed."""

from dataclasses import replace

import pytest

from bot.words.requests.messages import message_words
from tests.workflows.core.builders import AMARA, MALLORY, RILEY, SAM
from tests.workflows.world import World
from workflows.app.limits import LimitedAction, Limits
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.commands.request import Approve
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId

DOMAINS = ("fabrikam.com", "northwind.com", "tailspin.com", "litware.com")


@pytest.fixture
def world(world: World) -> World:
    """Return a world with limits, in which several partners resolve."""
    for number, domain in enumerate(DOMAINS, 1):
        identity = TenantIdentity(
            tenant_id=TenantId(f"c0a1b2c3-1111-4aaa-8bbb-00000000000{number}"),
            display_name=domain,
            default_domain=domain,
            typed_name=domain,
        )
        world.tenant.add_tenant(identity)
    maximums = dict.fromkeys(LimitedAction, 100)
    limits = Limits(store=world.store, alarms=world.alarms, clock=world.clock, maximums=maximums)
    check = replace(world.permission_check, limits=limits)
    return replace(
        world,
        permission_check=check,
        intake=replace(world.intake, limits=limits),
        performer=replace(world.performer, permission_check=check),
    )


async def high_risk(world: World, domain: str) -> AccessRequest:
    """Request high-risk access for one partner."""
    return await world.waiting(target=domain, template="merger")


async def approvals(world: World, request: AccessRequest) -> list[str]:
    """Return who has approved a request."""
    return [decision.person.name for decision in (await world.request(request.id)).decisions]


async def approve(world: World, person: Person, *requests: AccessRequest) -> None:
    """Approve requests one after the other, each in its window."""
    for request in requests:
        await world.click(replace(world.approval(request, person), channel=""))


@pytest.mark.threats("B7")
async def test_the_third_high_risk_approval_within_ten_minutes_must_be_confirmed(world: World) -> None:
    requests = [await high_risk(world, domain) for domain in DOMAINS[:3]]
    await approve(world, AMARA, *requests)
    assert [await approvals(world, one) for one in requests] == [["Amara"], ["Amara"], []]
    assert await world.refusals() == [(AMARA.chat_id, RefusalCode.SECOND_LOOK_NEEDED)]
    [(person, text, channel)] = [told for told in world.notifier.told if "not counted yet" in told[1]]
    assert (person, channel) == (AMARA.chat_id, "")
    assert all(one.id in text for one in requests)
    confirmed = Approve(
        actor=AMARA.chat_id, request_id=requests[2].id, digest=requests[2].plan.digest, is_second_look=True
    )
    await world.click(confirmed)
    assert await approvals(world, requests[2]) == ["Amara"]
    await world.click(confirmed)  # the message still has its button
    assert await world.refusals() == [
        (AMARA.chat_id, RefusalCode.SECOND_LOOK_NEEDED),
        (AMARA.chat_id, RefusalCode.SECOND_LOOK_COUNTED),
    ]
    assert "it was counted at" in world.notifier.texts_to(AMARA.chat_id)[-1]
    entries = await world.store.history(request_id=requests[2].id)
    [approved] = [entry for entry in entries if entry.command == "approve"]
    assert approved.details["second_look"] is True


async def test_ten_minutes_later_no_second_look_is_asked(world: World) -> None:
    requests = [await high_risk(world, domain) for domain in DOMAINS[:3]]
    await approve(world, AMARA, *requests[:2])
    world.clock.advance(minutes=10)
    await approve(world, AMARA, requests[2])
    assert await approvals(world, requests[2]) == ["Amara"]


async def test_one_second_earlier_it_is_asked(world: World) -> None:
    requests = [await high_risk(world, domain) for domain in DOMAINS[:3]]
    await approve(world, AMARA, *requests[:2])
    world.clock.advance(seconds=599)
    await approve(world, AMARA, requests[2])
    assert await approvals(world, requests[2]) == []


async def test_refused_clicks_and_clicks_on_one_request_count_once_or_not(world: World) -> None:
    first, second, third = [await high_risk(world, domain) for domain in DOMAINS[:3]]
    await approve(world, AMARA, first, first)
    assert await world.refusals() == [(AMARA.chat_id, RefusalCode.ALREADY_DECIDED)]
    await approve(world, RILEY, first, second, third)
    assert {code for _, code in await world.refusals()} == {
        RefusalCode.ALREADY_DECIDED,
        RefusalCode.REQUESTER_MAY_NOT_DECIDE,
    }
    await approve(world, AMARA, second)
    assert await approvals(world, second) == ["Amara"]


async def test_other_risk_is_not_counted(world: World) -> None:
    low = [await world.waiting(target=domain, template="guest-collaboration") for domain in DOMAINS[:3]]
    await approve(world, AMARA, *low)
    high = await high_risk(world, DOMAINS[3])
    await approve(world, AMARA, high)
    assert await approvals(world, high) == ["Amara"]


async def test_clicks_that_are_not_checked_yet_count_in_their_order(world: World) -> None:
    """All are stored before the first is checked: the third is asked, and only the third."""
    requests = [await high_risk(world, domain) for domain in DOMAINS[:3]]
    for request in requests:
        await world.service.store_click(replace(world.approval(request, AMARA), channel=""), key=world.key())
    checks = await world.store.pending(world.clock.now(), 10)
    for pending in reversed(checks):
        await world.performer.perform(pending.effect)
        await world.store.mark_done(pending.id)
    assert [await approvals(world, one) for one in requests] == [["Amara"], ["Amara"], []]


async def test_another_chat_id_of_the_same_account_counts(world: World) -> None:
    other = replace(AMARA, chat_id=MALLORY.chat_id)
    world.directory.people[other.chat_id] = other
    requests = [await high_risk(world, domain) for domain in DOMAINS[:3]]
    await approve(world, AMARA, *requests[:2])
    await approve(world, other, requests[2])
    assert await approvals(world, requests[2]) == []


async def test_a_restart_forgets_no_approval(world: World) -> None:
    """The stored decisions count, and nothing else: another process asks as well."""
    requests = [await high_risk(world, domain) for domain in DOMAINS[:3]]
    await approve(world, AMARA, *requests[:2])
    limits = Limits(store=world.store, alarms=world.alarms, clock=world.clock, maximums={})
    await world.service.store_click(world.approval(requests[2], AMARA), key="third")
    with pytest.raises(Refused) as needed:
        await limits.require_no_second_look(requests[2], AMARA, click="third")
    assert needed.value.code is RefusalCode.SECOND_LOOK_NEEDED
    await limits.require_no_second_look(requests[2], SAM, click="third")


async def test_the_message_names_what_was_approved(world: World) -> None:
    requests = [await high_risk(world, domain) for domain in DOMAINS[:3]]
    await approve(world, AMARA, *requests[:2])
    limits = world.permission_check.limits
    assert limits is not None
    await world.service.store_click(world.approval(requests[2], AMARA), key="third")
    with pytest.raises(Refused) as needed:
        await limits.require_no_second_look(requests[2], AMARA, click="third")
    first, second, third = (one.id for one in requests)
    assert message_words(needed.value.message) == (  # type: ignore[attr-defined]
        f"tailspin.com: your approval of {third} is not counted yet. You approved 2 other high risk requests within "
        f"10 minutes: fabrikam.com ({first}); northwind.com ({second}). Look at Details once more. Approve below if "
        "you mean it. If you did not click, tell an admin."
    )


# --- open requests of one person ---


async def test_one_person_has_only_so_many_open_requests(world: World) -> None:
    limits = world.intake.limits
    assert limits is not None
    world.intake = replace(world.intake, limits=replace(limits, open_requests=2))
    first = await world.waiting(target=DOMAINS[0])
    await world.waiting(target=DOMAINS[1])
    with pytest.raises(Exception, match="open_requests_reached") as refused:
        await world.file(target=DOMAINS[2])
    problem = refused.value.problems["target"]  # type: ignore[attr-defined]
    assert problem.values == {"limit": 2, "ends_at": first.expires_at.isoformat()}
    assert await world.refusals() == [(RILEY.chat_id, RefusalCode.OPEN_REQUESTS_REACHED)]
    await world.file(target=DOMAINS[2], requester=SAM)
    await world.service.withdraw(first.id, RILEY.chat_id, key=world.key())
    await world.file(target=DOMAINS[3])


@pytest.mark.threats("A11", "B7")
async def test_where_each_one_must_be_confirmed_no_click_on_a_card_alone_approves_high_risk(world: World) -> None:
    """Who has the signing secret can write a click on a card, and not the one that confirms it."""
    limits = replace(world.intake.limits, second_look_from=1) if world.intake.limits else None
    check = replace(world.permission_check, limits=limits)
    strict = replace(world, permission_check=check, performer=replace(world.performer, permission_check=check))
    request = await high_risk(strict, DOMAINS[0])
    await approve(strict, AMARA, request)
    assert await approvals(strict, request) == []
    assert await strict.refusals() == [(AMARA.chat_id, RefusalCode.SECOND_LOOK_NEEDED)]
    [text] = [text for text in strict.notifier.texts_to(AMARA.chat_id) if "not counted yet" in text]
    assert "High risk is approved in two steps." in text
    await strict.click(
        Approve(actor=AMARA.chat_id, request_id=request.id, digest=request.plan.digest, is_second_look=True)
    )
    assert await approvals(strict, request) == ["Amara"]

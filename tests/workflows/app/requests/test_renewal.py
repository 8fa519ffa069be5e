"""Requesting existing access: refused when it changes nothing; otherwise an extension by the whole approval policy."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, TENANT
from tests.workflows.world import CATALOG, World
from workflows.app.requests.forms import InvalidForm
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.closing import writes_only_reductions
from workflows.core.plans.renewal import is_renewal
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.tenant import TenantUnavailable


async def test_asking_for_the_same_and_as_long_is_refused_at_the_field(world: World) -> None:
    await world.opened()
    with pytest.raises(InvalidForm) as caught:
        await world.file()
    assert "already a partner with the settings" in fact_words(caught.value.problems["target"])
    assert "To extend it now, choose 365 days." in fact_words(caught.value.problems["target"])
    request = await world.waiting(days=365)
    assert is_renewal(request.plan), "what is advised is taken"


async def test_what_is_found_out_only_after_sending_ends_with_the_same_words(world: World) -> None:
    await world.opened()
    world.script.fail("tenant.find", TenantUnavailable("No answer."))
    request = await world.settled(await world.file())
    assert request.state is RequestState.UNFIT
    assert "To extend it now, choose 365 days." in note_words(request.note)


async def test_the_current_settings_is_prolonged_by_the_whole_chain_and_nothing_is_written(world: World) -> None:
    opened = await world.opened()
    known = await world.store.partnership(TENANT)
    assert known is not None
    assert known.ends_at is not None
    world.clock.advance(days=200)  # past its end
    writes = len(world.tenant.writes)
    request = await world.waiting()
    assert is_renewal(request.plan)
    assert request.require_prepared().stages == opened.require_prepared().stages
    for person in (AMARA, BRUNO, CHIE):
        assert (await world.request(request.id)).state is RequestState.AWAITING_APPROVAL
        await world.approve(request, person)
    assert (await world.request(request.id)).state is RequestState.APPLIED
    assert len(world.tenant.writes) == writes
    renewed = await world.store.partnership(TENANT)
    assert renewed is not None
    assert renewed.ends_at is not None
    assert renewed.ends_at == world.clock.now() + timedelta(days=180)
    assert renewed.request_id == request.id


@pytest.mark.parametrize("name", sorted(CATALOG.templates.keys() - {"block"}))
async def test_what_any_shipped_template_opened_is_renewed_by_its_own_chain(world: World, name: str) -> None:
    template = CATALOG.templates[name]
    asked = {"template": name, "days": template.durations[0].days}
    placeholders = {
        placeholder.name: f"c0ffee00-1111-4222-8333-{index:012}"
        for index, placeholder in enumerate(template.placeholders)
    }
    if "pilot_group" in placeholders:
        world.tenant.tenant_settings.names = {placeholders["pilot_group"]: None}  # the partner's own
    world.tenant.default["m365Capabilities"] = []  # they are available here
    opened = await world.waiting(**asked, placeholders=placeholders)
    for person in (AMARA, BRUNO, CHIE, DANA):
        if (await world.request(opened.id)).state is RequestState.AWAITING_APPROVAL:
            await world.approve(opened, person)
    assert (await world.request(opened.id)).state is RequestState.APPLIED
    world.clock.advance(days=template.durations[0].days + 1)
    request = await world.waiting(**asked, placeholders=placeholders)
    assert is_renewal(request.plan)
    assert request.require_prepared().stages == template.stages


async def test_what_changed_before_the_last_approval_is_asked_again(world: World) -> None:
    """An extension is about the shown settings: a partner that was opened further since is not extended."""
    await world.opened()
    world.clock.advance(days=200)
    request = await world.waiting()
    await world.approve(request, AMARA)
    await world.approve(request, BRUNO)
    world.tenant.partners[TENANT] = {
        **world.tenant.partners[TENANT],
        "b2bDirectConnectInbound": None,
        "inboundTrust": None,
    }
    await world.approve(request, CHIE)
    again = await world.request(request.id)
    assert again.state is RequestState.AWAITING_APPROVAL
    assert again.drift is not None
    assert not is_renewal(again.plan)


def opened_further(world: World, *others: str) -> dict[str, Any]:
    """The partner as somebody else opened it for more applications; to mend this only reduces access."""
    targets = [{"target": one, "targetType": "application"} for one in others or ("AllApplications",)]
    guests = dict(world.tenant.partners[TENANT]["b2bCollaborationInbound"])
    return {
        **world.tenant.partners[TENANT],
        "b2bCollaborationInbound": {**guests, "applications": {"accessType": "allowed", "targets": targets}},
    }


async def ends_at(world: World) -> datetime:
    known = await world.store.partnership(TENANT)
    assert known is not None
    assert known.ends_at is not None
    return known.ends_at


async def decide(world: World, request: AccessRequest) -> AccessRequest:
    """Approve with everybody who is asked."""
    for person in (AMARA, BRUNO, CHIE):
        if (await world.request(request.id)).state is RequestState.AWAITING_APPROVAL:
            await world.approve(await world.request(request.id), person)
    return await world.request(request.id)


@pytest.mark.parametrize("wait", [200, 30], ids=["past its end", "before its end"])
async def test_an_extension_that_is_planned_again_as_a_reduction_still_extends(world: World, wait: int) -> None:
    """The card asks for so many days from the approval, so the whole chain decides, and they are given."""
    opened = await world.opened()
    world.clock.advance(days=wait)
    request = await world.waiting()
    assert is_renewal(request.plan)
    before = world.tenant.partners[TENANT]
    await world.approve(request, AMARA)
    await world.approve(request, BRUNO)
    world.tenant.partners[TENANT] = opened_further(world)
    await world.approve(request, CHIE)
    again = await world.request(request.id)
    assert again.state is RequestState.AWAITING_APPROVAL
    assert writes_only_reductions(again.plan)
    assert again.require_prepared().stages == opened.require_prepared().stages
    world.clock.advance(days=1)
    assert (await decide(world, again)).state is RequestState.APPLIED
    assert world.tenant.partners[TENANT] == before
    assert await ends_at(world) == world.clock.now() + timedelta(days=180)


async def test_a_second_change_by_others_does_not_turn_the_extension_into_a_reduction(world: World) -> None:
    await world.opened()
    world.clock.advance(days=30)
    request = await world.waiting()
    for others in (("AllApplications",), ("Office365", "c0ffee00-1111-4222-8333-000000000001")):
        await world.approve(request, AMARA)
        await world.approve(request, BRUNO)
        world.tenant.partners[TENANT] = opened_further(world, *others)
        await world.approve(request, CHIE)
        request = await world.request(request.id)
        assert request.state is RequestState.AWAITING_APPROVAL
    assert (await decide(world, request)).state is RequestState.APPLIED
    assert await ends_at(world) == world.clock.now() + timedelta(days=180)


async def test_a_request_past_the_end_extends_also_where_others_opened_more_before(world: World) -> None:
    await world.opened()
    world.clock.advance(days=200)
    world.tenant.partners[TENANT] = opened_further(world)
    assert (await decide(world, await world.waiting())).state is RequestState.APPLIED
    assert await ends_at(world) == world.clock.now() + timedelta(days=180)


async def test_what_others_put_back_themselves_is_extended_without_a_write(world: World) -> None:
    await world.opened()
    world.clock.advance(days=200)
    request, before, writes = await world.waiting(), world.tenant.partners[TENANT], len(world.tenant.writes)
    for partner in (opened_further(world), before):
        await world.approve(request, AMARA)
        await world.approve(request, BRUNO)
        world.tenant.partners[TENANT] = partner
        await world.approve(request, CHIE)
        request = await world.request(request.id)
    assert request.plan.extends
    assert request.state is RequestState.APPLIED
    assert len(world.tenant.writes) == writes
    assert await ends_at(world) == world.clock.now() + timedelta(days=180)


async def test_an_extension_until_a_day_keeps_that_day_when_it_is_planned_again(world: World) -> None:
    await world.opened()
    world.clock.advance(days=30)
    last_day = (world.clock.now() + timedelta(days=300)).date()
    request = await world.waiting(days=0, ends_on=last_day.isoformat())
    assert is_renewal(request.plan)
    await world.approve(request, AMARA)
    await world.approve(request, BRUNO)
    world.tenant.partners[TENANT] = opened_further(world)
    await world.approve(request, CHIE)
    assert (await decide(world, request)).state is RequestState.APPLIED
    assert (await ends_at(world)).date() == last_day + timedelta(days=1)


async def test_a_revocation_in_between_ends_the_request_and_nothing_is_extended(world: World) -> None:
    await world.opened()
    world.clock.advance(days=200)
    request = await world.waiting()
    await world.revoke(RILEY)
    assert (await world.request(request.id)).state is RequestState.STOPPED
    known = await world.store.partnership(TENANT)
    assert known is not None
    assert (known.state, known.ends_at) == (PartnershipState.REVOKED, None)


async def test_a_reduction_of_access_that_has_not_ended_needs_one_approver_and_keeps_the_end(world: World) -> None:
    await world.opened()
    end = await ends_at(world)
    world.clock.advance(days=30)
    world.tenant.partners[TENANT] = opened_further(world)
    request = await world.waiting()
    assert [stage.quorum for stage in request.require_prepared().stages] == [1]
    assert (await decide(world, request)).state is RequestState.APPLIED
    assert await ends_at(world) == end


async def test_another_template_ends_the_capabilities_of_the_one_it_replaces(world: World) -> None:
    world.tenant.default["m365Capabilities"] = []
    opened = await world.waiting(template="calendar-sharing", days=90)
    await world.approve(opened, AMARA)
    await world.approve(opened, BRUNO)
    assert (await world.request(opened.id)).state is RequestState.APPLIED
    request = await world.waiting(template="guest-collaboration", days=90)
    off = request.plan.operations[0]
    assert (off.method, off.path.rpartition("/")[2]) == ("PATCH", "crossTenantCalendarAvailabilityBasic")
    assert off.body["inboundAccess"]["isAllowed"] is False

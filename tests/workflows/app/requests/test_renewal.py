"""Requesting existing access: refused when it changes nothing; otherwise an extension by the whole approval policy."""

from datetime import timedelta

import pytest

from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, TENANT
from tests.workflows.world import CATALOG, World
from workflows.app.requests.forms import InvalidForm
from workflows.core.plans.renewal import is_renewal
from workflows.core.requests.request import RequestState
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

"""A partner that changed before the write, or exists already: never over somebody else's change."""

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, TENANT
from tests.workflows.core.settings.test_capabilities import shown
from tests.workflows.effects.applying import (
    BLOCKED,
    FORBIDDEN,
    NO_ANSWER,
    OPEN,
    SYNCHRONIZED,
    S,
    assert_stands,
    decided,
    put,
    retried,
)
from tests.workflows.world import World
from workflows.core.plans.drift import three_way_difference
from workflows.core.settings.canonical import JsonObject
from workflows.ports.tenant import TenantUnavailable

# --- drift ---


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (None, OPEN),
        (OPEN, None),
        (OPEN, {**OPEN, "b2bDirectConnectInbound": BLOCKED}),
        (OPEN, {**OPEN, "crossCloudMeetingConfiguration": {"inboundAllowed": False}}),
        (OPEN, SYNCHRONIZED),
        (OPEN, {**OPEN, "inboundTrust": {"isMfaAccepted": True}}),
    ],
    ids=["appeared", "vanished", "a setting", "an undeclared field", "synchronization", "half of the plan"],
)
async def test_a_partner_that_changed_is_planned_and_asked_again(
    world: World, before: JsonObject | None, now: JsonObject | None
) -> None:
    """Nothing is written, and what was decided on the old plan counts no more."""
    request = await put(world, decided(before))
    old = request.plan.digest
    world.tenant.partners.pop(TENANT, None)
    if now is not None:
        world.tenant.partners[TENANT] = dict(now)
    await world.applier.apply(request.id)
    drifted = await world.request(request.id)
    assert drifted.state is S.PREPARING
    assert "needs new approval" in note_words(drifted.asked_again)
    unknown_to_us = {"crossCloudMeetingConfiguration"}
    is_unknown_only = (
        now is not None
        and before is not None
        and {k: v for k, v in now.items() if before.get(k) != v}.keys() == unknown_to_us
    )
    blames = "Somebody changed this partner's settings" in note_words(drifted.asked_again)
    assert blames is not is_unknown_only, "nobody is blamed for what Gatehouse does not know"
    assert drifted.drift == three_way_difference(request.plan, now)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert request.plan.digest != old
    assert request.plan.before == now
    assert request.verdict().counted_people == ((), ())
    assert world.tenant.attempts == []
    assert world.tenant.partners.get(TENANT) == now


async def test_after_drift_the_new_plan_is_approved_and_written_over_the_current_settings(world: World) -> None:
    request = await world.approved()
    world.tenant.partners[TENANT] = dict(OPEN)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    request = await world.request(request.id)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)
    assert [one.method for one in world.tenant.writes] == ["PATCH"]


# --- 409 ---


async def test_a_partner_that_exists_with_the_same_content_is_adopted(world: World) -> None:
    """Our own POST may have been accepted by a call that failed, and a read may return an older copy."""
    request = await put(world, decided())
    world.tenant.partners[TENANT] = dict(request.plan.configuration_after() or {})
    world.tenant._stale[TENANT] = (1, None)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert len(world.tenant.attempts) == 1
    assert world.tenant.writes == []


async def test_a_partner_that_exists_with_other_content_is_not_overwritten(world: World) -> None:
    request = await put(world, decided())
    world.tenant.partners[TENANT] = dict(OPEN)
    world.tenant._stale[TENANT] = (1, None)
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert request.plan.before == OPEN
    assert world.tenant.writes == []
    assert world.tenant.partners[TENANT] == OPEN


async def test_a_partner_that_exists_but_does_not_show_yet_is_no_drift(world: World) -> None:
    """The POST failed after it was accepted, and the directory does not show it yet: wait, and do not plan again."""
    world.tenant.lag = 3
    request = await put(world, decided())
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING
    request = await retried(world, request)
    assert (request.state, note_words(request.asked_again)) == (S.APPLYING, "")
    assert "does not show it yet" in note_words(request.note)
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)


async def test_a_partner_that_exists_but_cannot_be_read_waits(world: World) -> None:
    request = await put(world, decided())
    world.tenant.partners[TENANT] = dict(request.plan.configuration_after() or {})
    world.tenant._stale[TENANT] = (1, None)
    world.script.fail("tenant.read_partner", FORBIDDEN, on=2)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING
    assert "exists already but cannot be read" in note_words(request.note)
    assert (await retried(world, request)).state is S.APPLIED
    assert world.tenant.writes == []


async def test_capabilities_that_cannot_be_read_any_more_are_no_drift_and_nothing_is_written(world: World) -> None:
    """The permission was taken away after the approval: the request waits for an admin."""
    before = {**OPEN, "m365Capabilities": [shown()]}
    request = await put(world, decided(before))
    world.tenant.partners[TENANT] = dict(OPEN)
    with pytest.raises(TenantUnavailable):
        await world.applier.apply(request.id)
    waiting = await world.request(request.id)
    assert waiting.state is request.state
    assert "Microsoft 365 capabilities could not be read" in note_words(waiting.note)
    assert world.tenant.writes == []
    world.tenant.partners[TENANT] = dict(before)
    await world.applier.apply(request.id)
    assert (await world.request(request.id)).state is S.APPLIED

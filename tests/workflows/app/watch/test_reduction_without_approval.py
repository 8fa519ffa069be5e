"""Somebody reduces a partner that nobody approved: what stays open is still drift, and its alarm stays."""

import pytest

from bot.slack.words.drift_buttons import drift_answers
from bot.words.posture.drift import drift_alarm_words
from tests.workflows.app.adoption.test_adopting import form as adoption_form
from tests.workflows.app.requests.test_restoring import form
from tests.workflows.app.watch.test_drift_after_reduction import DRIFT
from tests.workflows.app.watch.test_sweep import OPEN, alarms, stored
from tests.workflows.core.builders import AMARA, CHIE, TENANT
from tests.workflows.world import World, change_as_ours
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.block import unblocked_settings


async def reduced(world: World) -> AccessRequest:
    """What somebody opened in the portal is reduced by the settings of a template, which one approver decides."""
    request = await world.waiting(template="guest-collaboration")
    assert sum(stage.quorum for stage in request.require_prepared().stages) == 1
    await world.approve(request, AMARA)
    request = await world.request(request.id)
    assert request.state is RequestState.APPLIED
    return request


@pytest.mark.parametrize("is_revoked", [False, True], ids=["unknown to Gatehouse", "revoked and opened again"])
async def test_one_approver_of_a_reduction_approves_nothing_that_was_never_approved(
    world: World, is_revoked: bool
) -> None:
    await world.opened()
    opened = dict(world.tenant.partners[TENANT])
    if is_revoked:
        await world.revoke(CHIE)
    else:
        await change_as_ours(world.store, "delete from partnerships")
    world.tenant.partners[TENANT] = {**opened, **DRIFT}
    await world.sweep()
    assert (await stored(world)).is_open
    await reduced(world)
    await world.sweep()
    drift = await stored(world)
    assert drift.is_open
    assert set(DRIFT) <= set(drift.found.settings)
    assert len(await alarms(world)) == 1


async def test_restore_blocks_what_was_never_approved_and_one_approver_is_enough(world: World) -> None:
    world.tenant.edit(TENANT, b2bCollaborationInbound=OPEN, b2bCollaborationOutbound=OPEN, **DRIFT)
    asked = await reduced(world)
    await world.sweep()
    drift = await stored(world)
    assert not drift.can_be_restored, "the alarm offers Adopt and Revoke: Restore would block the partner"
    (alarm,) = await alarms(world)
    assert (alarm.values["can_be_restored"], alarm.values["was_approved"]) == (False, False)
    answers = drift_answers(TENANT, alarm.values, is_admin=True)
    assert answers is not None
    labels = [element["text"]["text"] for element in answers.to_dict()["elements"]]
    assert labels == ["Adopt", "Accept until…", "Revoke"]
    assert "Nobody approved what is open, so there is nothing to restore." in drift_alarm_words(alarm.values)[1]
    restore = await world.restore_intake().file(form(asked.id, restores_result=True), key=world.key())
    request = await world.settled(restore)
    await world.approve(request, AMARA)
    assert (await world.request(restore)).state is RequestState.APPLIED
    assert unblocked_settings(world.tenant.partners[TENANT]) == ()
    await world.sweep()
    assert await alarms(world) == []


async def test_the_whole_chain_can_approve_what_the_reduction_left(world: World) -> None:
    world.tenant.edit(TENANT, b2bCollaborationInbound=OPEN, b2bCollaborationOutbound=OPEN, **DRIFT)
    await reduced(world)
    await world.sweep()
    adoption = await world.adopt_intake().file(adoption_form(world), key=world.key())
    request = await world.settled(adoption)
    assert sum(stage.quorum for stage in request.require_prepared().stages) > 1
    assert request.state is RequestState.AWAITING_APPROVAL

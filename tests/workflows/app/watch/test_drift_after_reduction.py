"""A partner drifts, and somebody reduces its access with one approver: the rest of the drift stays drift."""

from typing import Final

import pytest

from tests.workflows.app.requests.test_restoring import form
from tests.workflows.app.watch.test_sweep import OPEN, alarms, stored
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, SAM, TENANT
from tests.workflows.world import World
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.documents import is_same_value

DRIFT: Final = {"b2bDirectConnectInbound": OPEN, "b2bDirectConnectOutbound": OPEN}


@pytest.fixture
async def opened(world: World) -> World:
    """A world in which Contoso is open as a trusted partner, and the sweep found it so."""
    await world.opened()
    await world.sweep()
    return world


async def reduced(world: World) -> AccessRequest:
    """Contoso's MFA does not count any more, which one approver decides."""
    request = await world.waiting(template="guest-collaboration")
    assert sum(stage.quorum for stage in request.require_prepared().stages) == 1
    await world.approve(request, AMARA)
    request = await world.request(request.id)
    assert request.state is RequestState.APPLIED
    return request


async def test_one_approver_of_a_reduction_approves_no_drift(opened: World) -> None:
    opened.tenant.edit(TENANT, **DRIFT)
    await opened.sweep()
    (alarm,) = await alarms(opened)
    request = await reduced(opened)
    codes = {one.code for one in request.require_prepared().findings}
    assert FindingCode.DRIFT_STAYS in codes
    await opened.sweep()
    drift = await stored(opened)
    assert drift.is_open
    assert drift.found.settings == tuple(DRIFT)
    assert [one.id for one in await alarms(opened)] == [alarm.id], "the same alarm stays"


async def test_drift_that_no_sweep_has_found_yet_is_told_after_the_reduction(opened: World) -> None:
    opened.tenant.edit(TENANT, **DRIFT)
    await reduced(opened)
    await opened.sweep()
    (alarm,) = await alarms(opened)
    assert alarm.values["settings"] == list(DRIFT)


async def test_the_review_cannot_keep_it_after_the_reduction(opened: World) -> None:
    opened.tenant.edit(TENANT, **DRIFT)
    await opened.sweep()
    await reduced(opened)
    await opened.sweep()
    await opened.review()
    await opened.keep(SAM)
    assert (await opened.refusals())[-1][1] == RefusalCode.DRIFTED.value


async def test_restore_goes_to_what_was_approved_without_what_was_reduced(opened: World) -> None:
    before = dict(opened.tenant.partners[TENANT])
    opened.tenant.edit(TENANT, **DRIFT)
    await opened.sweep()
    request = await reduced(opened)
    trust = opened.tenant.partners[TENANT]["inboundTrust"]
    record = await opened.store.partnership(TENANT)
    assert record is not None
    assert record.request_id == request.id
    restore = await opened.restore_intake().file(form(request.id, restores_result=True), key=opened.key())
    asked = await opened.settled(restore)
    for person in (AMARA, BRUNO, CHIE):
        await opened.approve(asked, person)
    assert (await opened.request(restore)).state is RequestState.APPLIED
    now = opened.tenant.partners[TENANT]
    for name in DRIFT:
        assert is_same_value(now.get(name), before.get(name)), name
    assert is_same_value(now["inboundTrust"], trust), "the reduction stays"
    assert (await opened.sweep()).drifts == 0
    assert await alarms(opened) == []


async def test_without_drift_a_reduction_leaves_none(opened: World) -> None:
    request = await reduced(opened)
    assert request.plan.kept_approval is None
    assert (await opened.sweep()).drifts == 0


async def test_the_whole_chain_can_approve_what_drifted(opened: World) -> None:
    opened.tenant.edit(TENANT, **DRIFT)
    await opened.sweep()
    await reduced(opened)
    await opened.sweep()
    request = await opened.waiting(template="trusted-partner", days=365)
    for person in (AMARA, BRUNO, CHIE):
        await opened.approve(request, person)
    assert (await opened.request(request.id)).state is RequestState.APPLIED
    assert (await opened.sweep()).drifts == 0

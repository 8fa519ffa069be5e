"""Two writes for one request, and partners that became somebody else's."""

from dataclasses import replace

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import BRUNO, TENANT
from tests.workflows.effects.applying import (
    CASES,
    NO_ANSWER,
    OPEN,
    SYNCHRONIZED,
    S,
    assert_stands,
    decided,
    put,
    retried,
    revocation,
)
from tests.workflows.fakes import PARTNERS
from tests.workflows.world import World
from workflows.app.schedule.downtime import store_gap_at_start
from workflows.app.schedule.ticker import tick
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.plan import Operation
from workflows.core.requests.alarms import AlarmCode
from workflows.core.settings.partner_changes import PartnerChange

# --- two operations ---


async def test_a_partly_applied_revocation_resumes_with_what_is_missing(world: World) -> None:
    request = await put(world, revocation(SYNCHRONIZED))
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)
    assert world.tenant.partners[TENANT]["identitySynchronization"] == {
        "displayName": "theirs",
        "userSyncInbound": {"isSyncAllowed": False},
    }
    needed = [one for one in world.tenant.attempts if not one.may_be_refused]
    assert [one.path.removeprefix(f"{PARTNERS}/{TENANT}") for one in needed] == [
        "",
        "/identitySynchronization",
        "/identitySynchronization",
    ]
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert partnership.state is PartnershipState.REVOKED


@pytest.mark.parametrize("case", ["create and synchronize", "change and synchronize"])
async def test_a_policy_that_exists_already_but_does_not_show_is_waited_for(world: World, case: str) -> None:
    """The PUT broke off after it was taken, and the directory still shows the partner without its policy."""
    request = await put(world, CASES[case])
    assert [one.method for one in request.plan.operations][-1] == "PUT"
    world.script.fail("tenant.write", NO_ANSWER, on=2, after=True)
    request = await world.settled(request.id)
    halfway = {k: v for k, v in world.tenant.partners[TENANT].items() if k != "identitySynchronization"}
    world.tenant._stale[TENANT] = (2, halfway)
    request = await retried(world, request)
    assert (request.state, note_words(request.asked_again)) == (S.APPLYING, "")
    assert "does not show it yet" in note_words(request.note)
    request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)


async def test_a_policy_that_somebody_else_made_meanwhile_is_drift(world: World) -> None:
    request = await put(world, CASES["change and synchronize"])
    policy = {"displayName": "theirs", "userSyncInbound": {"isSyncAllowed": False}}
    seen = {**OPEN, "automaticUserConsentSettings": {"inboundAllowed": True}}
    world.tenant.partners[TENANT] = {**seen, "identitySynchronization": policy}
    world.tenant._stale[TENANT] = (1, dict(seen))
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert request.drift is not None
    (sync,) = [one for one in request.drift.settings if one.name == "identitySynchronization"]
    assert (sync.approved_from, sync.now) == (None, policy)
    assert world.tenant.writes == []


# --- who the partner has become ---


async def test_a_partner_that_became_a_service_provider_is_refused_with_the_reason(world: World) -> None:
    request = await put(world, decided(OPEN))
    world.tenant.partners[TENANT]["isServiceProvider"] = True
    request = await world.settled(request.id)
    assert request.state is S.STOPPED
    assert "service provider of ours" in note_words(request.note)
    assert note_words(request.note).endswith("Nothing was written.")
    assert world.tenant.attempts == []


async def test_closing_a_service_provider_is_not_refused(world: World) -> None:
    """Closing needs less than opening: what Graph says of it is Graph's to say."""
    request = await put(world, revocation({**OPEN, "isServiceProvider": True}))
    assert (await world.settled(request.id)).state is S.APPLIED


async def test_an_id_of_another_cloud_that_nobody_here_can_resolve_is_written(world: World) -> None:
    request = decided()
    known = request.require_prepared()
    unresolved = replace(known.observation.identity, is_resolved=False, typed_name=TENANT)
    request = replace(
        request,
        fields=replace(request.fields, target=TENANT),
        prepared=replace(known, observation=replace(known.observation, identity=unresolved)),
    )
    world.tenant.tenants.clear()
    assert (await world.settled((await put(world, request)).id)).state is S.APPLIED


# --- what somebody else made by hand ---


@pytest.mark.parametrize("operations", [1, 2], ids=["a part", "all of it"])
async def test_a_change_made_by_hand_does_not_replace_the_last_check_before_a_write(
    world: World, operations: int
) -> None:
    """An approver lost the role. That others made the change is no sign that the check was passed."""
    request = await put(world, CASES["create and synchronize"])
    for operation in request.plan.operations[:operations]:
        made_by_hand(world, operation)
    world.directory.assign(BRUNO, "")
    request = await world.settled(request.id)
    assert request.state is S.AWAITING_APPROVAL
    assert world.tenant.attempts == []


async def test_a_part_made_by_hand_while_the_bot_did_not_run_is_not_recorded_as_applied(world: World) -> None:
    request = await put(world, CASES["create and synchronize"])
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    world.clock.advance(hours=2)
    await store_gap_at_start(store=world.store, clock=world.clock)
    made_by_hand(world, request.plan.operations[0])
    change = PartnerChange(at=world.clock.now(), activity="Add", changed_by="x", is_ours=False)
    world.tenant.tenant_settings.changes[TENANT] = [change]
    request = await world.settled(request.id)
    assert (request.state, request.applied_part) == (S.AWAITING_APPROVAL, 0)
    assert world.tenant.attempts == []
    assert await world.store.partnership(TENANT) is None
    assert AlarmCode.PARTLY_APPLIED not in [alarm.code for alarm in await world.store.open_alarms()]


def made_by_hand(world: World, operation: Operation) -> None:
    """Let somebody else make what one operation would make."""
    known = world.tenant.partners.get(TENANT, {})
    body = dict(operation.body)
    is_policy = operation.path.endswith("/identitySynchronization")
    world.tenant.partners[TENANT] = {**known, "identitySynchronization": body} if is_policy else {**known, **body}

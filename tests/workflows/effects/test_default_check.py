"""Just before the first write: a default that changed asks again, one unread waits, and closing hangs on neither."""

from typing import Any

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA
from tests.workflows.world import World
from workflows.core.people import Person
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState
BLOCKED: dict[str, Any] = {
    "usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}


async def test_a_changed_default_asks_again_and_shows_what_changed(world: World) -> None:
    request = await world.approved()
    world.tenant.default = {"isServiceDefault": False, "b2bCollaborationOutbound": BLOCKED}
    again = await world.settled(request.id)
    assert (again.state, again.decisions, world.tenant.attempts) == (S.AWAITING_APPROVAL, (), [])
    assert "would apply to the partner: B2B collaboration, outbound. Nothing" in note_words(again.asked_again)
    assert again.drift is not None
    assert [one.name for one in again.drift.defaults] == ["b2bCollaborationOutbound"]
    assert again.require_prepared().observation.default == world.tenant.default
    await world.click(world.approval(again, AMARA, request.plan.digest))  # a card that was not redrawn yet
    assert await world.refusals() == [(AMARA.chat_id, "stale_card")]
    assert (await world.request(request.id)).decisions == ()
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(again, person)
    assert (await world.request(request.id)).state is S.APPLIED


async def test_a_default_that_was_not_known_when_people_decided_is_not_compared(world: World) -> None:
    world.script.fail("tenant.read_default", TenantUnavailable("No answer."), times=2)
    request = await world.approved()
    assert request.require_prepared().observation.default is None
    assert "default_unread" in {one.code for one in request.require_prepared().findings}
    world.tenant.default = {"b2bCollaborationOutbound": BLOCKED}
    assert (await world.settled(request.id)).state is S.APPLIED


@pytest.mark.parametrize(
    "error",
    [
        TenantUnavailable("No answer.", 7, is_throttled=True),
        TenantRefused(403, "Authorization_RequestDenied", "Insufficient privileges."),
        TenantRefused(400, "BadRequest", "No."),
    ],
)
async def test_a_default_that_cannot_be_read_makes_the_request_wait(world: World, error: Exception) -> None:
    request = await world.approved()
    world.script.fail("tenant.read_default", error)
    waits = await world.settled(request.id)
    assert (waits.state, waits.writing_since, world.tenant.attempts) == (S.APPLYING, None, [])
    assert "The tenant's default for this partner is not known, so nothing is sent." in note_words(waits.note)
    world.clock.advance(minutes=2)
    assert (await world.settled(request.id)).state is S.APPLIED


async def test_what_sets_everything_and_every_revocation_do_without_the_default(world: World) -> None:
    request = await _blocked(world, AMARA)
    before = world.script.calls.count("tenant.read_default")
    assert (await world.settled(request.id)).state is S.APPLIED
    calls = world.script.calls
    assert calls[: calls.index("tenant.write")].count("tenant.read_default") == before
    assert calls.count("tenant.read_default") == before + 1, "once it is closed, for saying what is inherited then"
    world.tenant.edit(request.plan.tenant_id, inboundTrust=None)
    await world.revoke(DANA, but=Apply)
    world.script.fail("tenant.read_default", TenantUnavailable("No answer."), times=9)
    await world.settle()
    assert world.tenant.partners[request.plan.tenant_id]["inboundTrust"] is not None


async def _blocked(world: World, person: Person) -> AccessRequest:
    request = await world.waiting(template="block", days=365)
    await world.approve(request, person, but=Apply)
    return await world.request(request.id)

"""Writes that Graph refuses: the request ends, a revocation is tried again, and the current settings are reported."""

import pytest

from bot.words.requests.notes import note_words, stored_note_words
from tests.workflows.core.builders import RILEY, TENANT, closed_document
from tests.workflows.effects.applying import (
    INVALID,
    NO_ANSWER,
    OPEN,
    SYNCHRONIZED,
    S,
    assert_stands,
    decided,
    put,
    retried,
    revocation,
    synchronizing,
    told,
)
from tests.workflows.fakes import PARTNERS
from tests.workflows.world import World
from workflows.core.requests.alarms import AlarmCode
from workflows.core.settings.documents import is_equivalent
from workflows.ports.tenant import TenantRefused

# --- refused ---


async def test_a_refused_write_ends_the_request_and_says_that_nothing_is_set(world: World) -> None:
    request = await put(world, decided())
    world.script.fail("tenant.write", INVALID)
    request = await world.settled(request.id)
    assert (request.state, note_words(request.note)) == (S.FAILED, f"Nothing was written. {INVALID}")
    assert world.tenant.partners == {}
    assert await world.store.partnership(TENANT) is None
    assert world.notifier.texts_to(RILEY.chat_id) == [
        f"contoso.com: your request {request.id} failed. {note_words(request.note)}"
    ]


async def test_a_refused_second_write_says_which_part_is_set(world: World) -> None:
    request = await put(world, synchronizing(OPEN))
    assert len(request.plan.operations) == 2
    world.script.fail("tenant.write", INVALID, on=2)
    request = await world.settled(request.id)
    assert request.state is S.FAILED
    assert note_words(request.note) == (
        "Only 1 of 2 changes is in the tenant (verified): Automatic redemption. Not in the tenant: Identity "
        f"synchronization into this tenant. {INVALID} A review is due now: revoke the partner, or send the request "
        "again. /partner show shows the current settings."
    )
    assert [one.path for one in world.tenant.writes] == [f"{PARTNERS}/{TENANT}"]


async def test_a_refused_revocation_is_tried_until_it_is_accepted_and_the_admins_know_at_once(world: World) -> None:
    """Whatever refuses it, and on whichever write: it never ends as failed."""
    request = await put(world, revocation(SYNCHRONIZED))
    assert len(request.plan.required_operations) == 2
    world.script.fail("tenant.write", INVALID, on=2, times=20)
    for _ in range(20):
        request = await retried(world, request)
        assert request.state is S.APPLYING
        assert "Microsoft Graph accepted 1 of 3 changes." in note_words(request.note)
        assert str(INVALID) in note_words(request.note)
        assert await world.store.partnership(TENANT) is None, "a half is not recorded as revoked"
        [alarm] = [one for one in await world.store.open_alarms() if one.code is AlarmCode.REVOCATION_NOT_COMPLETE]
        assert alarm.subject == request.id
        assert alarm.values["partner"] == "contoso.com"
        assert str(INVALID) in stored_note_words(alarm.values["reason"])
        await world.checks.run()
    assert (await retried(world, request)).state is S.APPLIED
    await world.checks.run()
    assert [one for one in await world.store.open_alarms() if one.code is AlarmCode.REVOCATION_NOT_COMPLETE] == []


@pytest.mark.parametrize("status", [400, 404, 409, 422])
@pytest.mark.parametrize("method", ["tenant.read_partner", "tenant.write"])
async def test_a_refusal_anywhere_in_a_revocation_is_outlasted(world: World, method: str, status: int) -> None:
    request = await put(world, revocation(OPEN))
    world.script.fail(method, TenantRefused(status, "Request_BadRequest", "No."), times=3)
    for _ in range(4):
        request = await retried(world, request)
    assert request.state is S.APPLIED
    assert world.tenant.writes == list(request.plan.operations)


async def test_a_partner_that_vanished_between_reading_and_writing_is_planned_again(world: World) -> None:
    request = await put(world, decided(OPEN))

    async def delete() -> None:
        world.tenant.delete(TENANT)

    world.script.during_next_call("tenant.write", delete)
    request = await world.settled(request.id)
    assert (request.state, request.plan.before) == (S.AWAITING_APPROVAL, None)
    assert world.tenant.writes == []


async def test_a_revoked_partner_that_vanished_meanwhile_is_blocked_again(world: World) -> None:
    """Without settings of its own the tenant's defaults would apply to it."""
    request = await put(world, revocation(OPEN))

    async def delete() -> None:
        world.tenant.delete(TENANT)

    world.script.during_next_call("tenant.write", delete)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert [one.method for one in world.tenant.writes] == ["POST"]
    assert is_equivalent(closed_document(), told(world.tenant.partners[TENANT]))


async def test_a_partner_that_a_write_does_not_find_and_a_read_does_is_tried_again(world: World) -> None:
    """The directory is replicated: a write may use an older copy."""
    request = await put(world, decided(OPEN))
    world.script.fail("tenant.write", TenantRefused(404, "Request_ResourceNotFound", "No such partner."), times=2)
    for _ in range(3):
        request = await retried(world, request)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)


async def test_when_the_tenant_cannot_be_read_nothing_is_claimed_about_the_current_settings(world: World) -> None:
    """An earlier attempt was cut short after its write; then reads are refused, until the result is known."""
    request = await put(world, decided())
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    await world.settle()
    world.script.fail("tenant.read_partner", INVALID, times=3)
    for _ in range(3):
        request = await retried(world, request)
        assert request.state is S.APPLYING
        assert "not known" in note_words(request.note)
        assert str(INVALID) in note_words(request.note)
        assert "Nothing was written" not in note_words(request.note)
    assert (await retried(world, request)).state is S.APPLIED
    assert len(world.tenant.attempts) == 1


async def test_when_the_tenant_cannot_be_read_before_the_first_write_it_ends(world: World) -> None:
    request = await put(world, decided())
    world.script.fail("tenant.read_partner", INVALID)
    request = await world.settled(request.id)
    assert (request.state, request.was_sent) == (S.FAILED, False)
    assert str(INVALID) in note_words(request.note)
    assert await world.store.partnership(TENANT) is None


@pytest.mark.parametrize("method", ["tenant.find", "directory.current_roles"])
async def test_a_check_that_graph_refuses_for_good_ends_the_request_before_any_write(world: World, method: str) -> None:
    request = await put(world, decided())
    world.script.fail(method, INVALID)
    request = await world.settled(request.id)
    assert (request.state, note_words(request.note)) == (S.FAILED, f"Nothing was written. {INVALID}")
    assert world.tenant.attempts == []

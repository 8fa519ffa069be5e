"""The writes that may be refused: after the confirmed block, all of them tried, none of them in its kind."""

from dataclasses import replace
from typing import Any, Final

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import DANA, RILEY, TENANT
from tests.workflows.effects.applying import INVALID, NO_ANSWER, decided, put, revocation
from tests.workflows.world import World
from workflows.core.errors.facts import as_values
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.open_access import AccessState, OpenAccess

S = RequestState
OPEN: Final[dict[str, Any]] = {
    "tenantId": TENANT,
    "inboundTrust": {"isMfaAccepted": True, "isPasskeyAccepted": True},
    "places": {"a": True},
    "newer": 1,
}
WRITES: Final = 4
"""The block, and one write for each member that nobody knows."""

UNKNOWN_SETTING: Final = "1 setting that Gatehouse does not know"


async def test_all_of_them_are_sent_after_the_block_and_nothing_is_left(world: World) -> None:
    request = await put(world, revocation(OPEN))
    assert len(request.plan.operations) == WRITES
    request = await world.settled(request.id)
    assert (request.state, note_words(request.note), request.not_closed, request.refused) == (S.APPLIED, "", (), ())
    assert "is blocked (request " in world.notifier.texts_to(RILEY.chat_id)[-1]
    calls = [one for one in world.script.calls if one in ("tenant.write", "tenant.read_partner")]
    assert calls[:3] == ["tenant.read_partner", "tenant.write", "tenant.read_partner"], "the block is read back first"


async def test_one_without_an_answer_is_sent_once_more(world: World) -> None:
    request = await put(world, revocation(OPEN))
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    request = await world.settled(request.id)
    assert (request.state, request.not_closed, request.refused) == (S.APPLIED, (), ())
    world.tenant.edit(TENANT, newer=1)
    again = await put(world, replace(revocation(dict(world.tenant.partners[TENANT])), id=RequestId("r-2")))
    world.script.fail("tenant.write", NO_ANSWER, times=2)
    again = await world.settled(again.id)
    assert (again.state, again.refused[0].reason) == (S.APPLIED, NO_ANSWER.facts)


@pytest.mark.parametrize(("position", "name"), [(2, "places"), (3, "newer")])
async def test_what_stays_open_is_named_with_the_reason_everywhere(world: World, position: int, name: str) -> None:
    """The message, the record, the card's note and the audit row say the same, from what was read back."""
    request = await put(world, revocation({**OPEN, "inboundTrust": None}))
    world.script.fail("tenant.write", INVALID, on=position)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert request.not_closed == (OpenAccess(name=name, opening=AccessState.UNKNOWN),)
    assert [(one.names, one.reason) for one in request.refused] == [((name,), INVALID.facts)]
    said = f"Still open or not known: {UNKNOWN_SETTING}. Not accepted: {UNKNOWN_SETTING}. {INVALID}"
    assert note_words(request.note) == said
    text = world.notifier.texts_to(RILEY.chat_id)[-1]
    assert said in text
    assert "is blocked (request " not in text
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert (record.state, record.not_closed) == (PartnershipState.REVOKED, request.not_closed)
    [row] = [one for one in await world.store.history(request_id=request.id) if one.command == "record_applied"]
    assert row.details["not_closed"] == {name: "not known"}
    assert row.details["refused"] == [{"names": [name], "reason": as_values(INVALID.facts)}]


async def test_what_is_accepted_and_does_not_show_is_named_and_delays_nothing(world: World) -> None:
    request = await put(world, revocation({"tenantId": TENANT, "places": True}))
    await world.applier.apply(request.id)
    world.tenant.partners[TENANT]["places"] = True
    again = await put(world, replace(revocation(dict(world.tenant.partners[TENANT])), id=RequestId("r-2")))
    assert again.plan.required_operations == ()

    world.tenant.lag = 99
    await world.applier.apply(again.id)
    done = await world.request(again.id)
    assert done.state is S.APPLIED
    assert "Microsoft Graph accepted it but does not show it." in note_words(done.note)


async def test_a_read_that_fails_afterwards_does_not_lose_the_confirmation(world: World) -> None:
    request = await put(world, revocation({"tenantId": TENANT, "places": True}))
    world.script.fail("tenant.read_partner", NO_ANSWER, on=3, times=9)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert request.not_closed == (OpenAccess(name="places", opening=AccessState.UNKNOWN),)
    assert world.tenant.partners[TENANT]["places"] is None, "written, and not read back: so not called closed"


async def test_a_member_that_changes_delays_no_revocation(world: World) -> None:
    request = await put(world, revocation({"tenantId": TENANT}))
    world.tenant.edit(TENANT, places={"a": True})
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert request.not_closed == (OpenAccess(name="places", opening=AccessState.UNKNOWN),)


async def test_a_member_that_says_something_else_is_asked_about_again_and_nobody_is_blamed(world: World) -> None:
    request = await put(world, decided({"tenantId": TENANT}))
    world.tenant.edit(TENANT, places={"a": True})
    await world.applier.apply(request.id)
    request = await world.request(request.id)
    assert request.state is S.PREPARING
    assert f"since the plan, with an effect that is not known: {UNKNOWN_SETTING}." in note_words(request.asked_again)
    assert "omebody" not in note_words(request.asked_again)
    assert world.tenant.attempts == []
    assert request.drift is not None


@pytest.mark.parametrize("value", [None, False, {}, {"a": None}])
async def test_a_member_that_says_nothing_asks_nobody_again(world: World, value: Any) -> None:
    request = await put(world, decided({"tenantId": TENANT}))
    world.tenant.edit(TENANT, places=value)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED


async def test_a_member_that_changes_after_the_write_makes_no_confirmation_impossible(world: World) -> None:
    request = await put(world, decided({"tenantId": TENANT}))

    async def appear() -> None:
        world.tenant.partners[TENANT]["places"] = {"a": True}

    world.script.during_next_call("tenant.write", appear)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED, note_words(request.note)


@pytest.mark.parametrize("default", [{}, {"m365CollaborationInbound": 7}, dict.fromkeys(OPEN)])
@pytest.mark.parametrize("value", [None, 7, "x", [], [1], {}, {"x": 1}, True])
async def test_a_tenant_of_wrong_types_is_blocked_without_a_certain_word_too_many(
    world: World, value: Any, default: dict[str, Any]
) -> None:
    names = (
        *unblocked_settings({}),
        "identitySynchronization",
        "m365CollaborationInbound",
        "tenantRestrictions",
        "newer",
    )
    world.tenant.default = default
    world.tenant.partners[TENANT] = {"tenantId": TENANT, **{str(name): value for name in names}}
    await world.revoke(DANA)
    found = await world.store.requests_for(TENANT, 9)
    [request] = [one for one in found if one.fields.kind is RequestKind.REVOCATION]
    if isinstance(value, dict) or value is None:
        assert request.state is S.APPLIED, note_words(request.note)
    assert request.state in (S.APPLIED, S.APPLYING, S.UNCONFIRMED), note_words(request.note)
    if request.state is S.APPLIED:
        assert not unblocked_settings(world.tenant.partners[TENANT])

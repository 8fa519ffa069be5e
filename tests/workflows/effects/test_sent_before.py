"""A request that is asked again after a write was sent never says that nothing was written."""

import re
from dataclasses import replace
from typing import Final

import pytest

from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.words.requests.notes import note_words
from tests.bot.surfaces import details, shown
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, TENANT
from tests.workflows.effects.applying import INVALID, NO_ANSWER, OTHER_TENANT, decided, put, revocation
from tests.workflows.effects.test_resending import after
from tests.workflows.world import CONTOSO, World
from workflows.app.schedule.ticker import tick
from workflows.core.errors.facts import Fact
from workflows.core.requests.effects import Apply, Prepare
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestState

S = RequestState
SENT_BEFORE: Final = note_words(Fact(NoteCode.SENT_BEFORE))
NOTHING: Final = re.compile("nothing was written", re.IGNORECASE)


async def asked_again(world: World) -> AccessRequest:
    """Have a write taken that never shows, until it is planned and asked again."""
    world.tenant.ignored = 100
    request = await put(world, decided())
    await world.settle()
    sent = (await world.request(request.id)).writing_since
    for _ in range(16):
        request = await after(world, request, minutes=1)
    assert (request.state, request.writing_since, request.earlier_write_at) == (S.AWAITING_APPROVAL, None, sent)
    assert request.was_sent
    assert "Microsoft Graph accepted the change but does not show it" in card(world, request)
    return request


def card(world: World, request: AccessRequest) -> str:
    """All that the card of a request says."""
    built = details(request, now=world.clock.now())
    return f"{built.text} {shown(built.blocks)}"


def assert_not_disowned(world: World, request: AccessRequest) -> None:
    """Check that the card and the requester's own message say that something was sent, and no message denies it."""
    for text in (card(world, request), shown(requester_card(request, now=world.clock.now()).blocks)):
        assert SENT_BEFORE in text
    for text in (card(world, request), *world.notifier.texts_to(RILEY.chat_id)):
        assert NOTHING.search(text) is None, text


@pytest.mark.parametrize("how", ["rejected", "withdrawn", "expired"])
async def test_it_ends_undecided_and_says_what_was_sent(world: World, how: str) -> None:
    request = await asked_again(world)
    if how == "rejected":
        await world.reject(request, AMARA)
    elif how == "withdrawn":
        await world.service.withdraw(request.id, RILEY.chat_id, key="withdraw-1")
    else:
        world.clock.advance(days=30)
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    request = await world.settled(request.id)
    assert request.state is S(how)
    assert_not_disowned(world, request)
    records = await world.store.records()
    assert records.unfinished_requests() == {TENANT: request}, "a posture names it where the partner turns up"


@pytest.mark.parametrize("how", ["refused", "moved", "revoked", "service provider"])
async def test_it_ends_while_it_is_applied_again_and_says_what_was_sent(world: World, how: str) -> None:
    request = await asked_again(world)
    for person in (AMARA, BRUNO):
        await world.approve(request, person)
    if how == "refused":
        world.script.fail("tenant.write", INVALID)
    elif how == "moved":
        world.tenant.tenants["contoso.com"] = replace(CONTOSO, tenant_id=OTHER_TENANT)
    elif how == "revoked":
        await world.revoke(DANA)
    else:
        world.tenant.edit(TENANT, isServiceProvider=True)
    if how != "revoked":
        await world.approve(request, CHIE)
    request = await world.request(request.id)
    assert request.state is (S.FAILED if how == "refused" else S.STOPPED), note_words(request.note)
    assert_not_disowned(world, request)


@pytest.mark.parametrize("how", ["role", "drift"])
async def test_it_is_asked_a_third_time_and_says_what_was_sent(world: World, how: str) -> None:
    """Nothing of the second plan was written; that is said of the second plan only."""
    request = await asked_again(world)
    for person in (AMARA, BRUNO):
        await world.approve(request, person)
    if how == "role":
        await world.approve(request, CHIE, but=Apply)
        world.directory.assign(CHIE, "")
        await world.settle()
    else:
        world.tenant.edit(TENANT, inboundTrust={"isCompliantDeviceAccepted": True})
        await world.approve(request, CHIE)
    request = await world.request(request.id)
    assert (request.state, request.was_sent) == (S.AWAITING_APPROVAL, True)
    text = card(world, request)
    assert "This plan was not written" in text
    assert SENT_BEFORE in text
    assert NOTHING.search(text) is None, text


async def test_what_was_never_sent_is_still_said_not_to_be_written(world: World) -> None:
    """When the first write is refused because somebody else was faster, nothing is written."""
    request = await put(world, decided())
    world.tenant.edit(TENANT, inboundTrust={"isCompliantDeviceAccepted": True})
    world.tenant._stale[TENANT] = (1, None)
    request = await world.settled(request.id)
    assert (request.state, request.was_sent) == (S.AWAITING_APPROVAL, False)
    assert "Nothing was written." in note_words(request.asked_again)
    await world.reject(request, AMARA)
    assert SENT_BEFORE not in card(world, await world.request(request.id))


async def test_a_revocation_that_may_have_written_does_not_disown_it(world: World) -> None:
    request = await put(world, revocation({"tenantId": TENANT}))
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    await world.settled(request.id)
    world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True})
    world.clock.advance(minutes=2)
    await world.settle(but=Prepare)
    request = await world.request(request.id)
    assert (request.state, request.was_sent) == (S.PREPARING, True)
    assert NOTHING.search(note_words(request.note)) is None
    assert "differ from the change that was sent before. The revocation is planned again" in note_words(request.note)

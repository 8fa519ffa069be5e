"""A manager who is away: the delegate decides in their place, is judged again at the write, and never is excluded."""

from collections.abc import AsyncIterator

import pytest

from tests.workflows.app.approvers.by_relation import account, managed
from tests.workflows.app.approvers.test_absences import away, behalf
from tests.workflows.app.approvers.test_relations import check
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, person
from tests.workflows.world import World
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.people import Person
from workflows.core.policy.delegation.absence import absence_id
from workflows.core.policy.relations import REQUESTER_MANAGER
from workflows.core.requests.commands.editing import RequestChanges
from workflows.core.requests.commands.people import EndAbsence
from workflows.core.requests.commands.request import Ask, Comment
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestState

ERIN = person("Erin")


@pytest.fixture
async def by_manager(world: World) -> AsyncIterator[World]:
    """A world in which Mallory, the requester's manager, decides first; Erin has no role at all."""
    async with managed(world, MALLORY) as again:
        again.directory.assign(MALLORY, "")
        again.directory.assign(ERIN, "")
        yield again


async def end(world: World, of: Person = MALLORY) -> None:
    """End an absence before its time."""
    await world.click(EndAbsence(actor=of.chat_id, absence_id=absence_id(of.id, 1)))


async def decide(world: World, asked: AccessRequest, *people: Person) -> RequestState:
    """Let people approve; return the state of the request after that."""
    for one in people:
        await world.approve(asked, one)
    return (await world.request(asked.id)).state


async def test_whom_an_admin_names_decides_and_the_record_names_both(by_manager: World) -> None:
    await away(by_manager, MALLORY, ERIN, by=DANA)
    asked = await by_manager.waiting()
    assert asked.require_prepared().relations.chat_ids(REQUESTER_MANAGER) == {MALLORY.chat_id, ERIN.chat_id}
    assert await decide(by_manager, asked, ERIN, AMARA, BRUNO, CHIE) is RequestState.APPLIED
    assert await behalf(by_manager, asked) == [MALLORY, None, None, None]


async def test_a_manager_who_is_away_still_decides(by_manager: World) -> None:
    await away(by_manager, MALLORY, ERIN, by=DANA)
    asked = await by_manager.waiting()
    assert await decide(by_manager, asked, MALLORY, AMARA, BRUNO, CHIE) is RequestState.APPLIED


async def test_the_next_manager_decides_in_place_of_the_manager(by_manager: World) -> None:
    by_manager.directory.manager_accounts[MALLORY.id] = account(ERIN)
    await away(by_manager, MALLORY, ERIN)
    asked = await by_manager.waiting()
    assert await decide(by_manager, asked, ERIN, AMARA, BRUNO, CHIE) is RequestState.APPLIED


async def test_a_manager_names_nobody_but_the_next_manager(by_manager: World) -> None:
    await away(by_manager, MALLORY, ERIN)
    assert (MALLORY.chat_id, R.DELEGATE_WITHOUT_ROLE) in await by_manager.refusals()


async def test_the_decision_counts_after_the_manager_is_back(by_manager: World) -> None:
    await away(by_manager, MALLORY, ERIN, by=DANA)
    asked = await by_manager.waiting()
    await by_manager.approve(asked, ERIN)
    by_manager.clock.advance(hours=1)
    await end(by_manager)
    assert await decide(by_manager, asked, AMARA, BRUNO, CHIE) is RequestState.APPLIED


async def test_a_stage_that_needs_the_admin_who_named_the_delegate_is_refused_before_it_waits(
    by_manager: World,
) -> None:
    """That admin does not decide, so without them the request would wait until it ends."""
    by_manager.directory.assign(DANA, "admin data-owner")
    by_manager.directory.assign(CHIE, "")
    await away(by_manager, MALLORY, ERIN, by=DANA)
    ended = await by_manager.settled(await by_manager.file())
    assert (ended.state, ended.note[0].code) == (RequestState.UNFIT, R.STAGE_WITHOUT_PEOPLE)


async def test_who_is_no_next_manager_any_more_at_the_write_does_not_count(by_manager: World) -> None:
    by_manager.directory.manager_accounts[MALLORY.id] = account(ERIN)
    await away(by_manager, MALLORY, ERIN)
    asked = await by_manager.waiting()
    for one in (ERIN, AMARA, BRUNO):
        await by_manager.approve(asked, one)
    await by_manager.approve(asked, CHIE, but=Apply)
    by_manager.directory.manager_accounts[MALLORY.id] = account(DANA)
    stored = await by_manager.settled(asked.id)
    assert stored.state is RequestState.AWAITING_APPROVAL
    assert by_manager.tenant.writes == []


async def test_after_the_absence_the_delegate_decides_nothing(by_manager: World) -> None:
    await away(by_manager, MALLORY, ERIN, by=DANA)
    asked = await by_manager.waiting()
    await end(by_manager)
    await by_manager.approve(asked, ERIN)
    assert (ERIN.chat_id, R.NOT_AN_APPROVER) in await by_manager.refusals()
    await check(by_manager)
    relations = (await by_manager.request(asked.id)).require_prepared().relations
    assert relations.chat_ids(REQUESTER_MANAGER) == {MALLORY.chat_id}


async def test_the_admin_who_named_the_delegate_does_not_decide(by_manager: World) -> None:
    by_manager.directory.assign(DANA, "admin security")
    await away(by_manager, MALLORY, ERIN, by=DANA)
    asked = await by_manager.waiting()
    await by_manager.approve(asked, ERIN)
    await by_manager.approve(asked, DANA)
    assert (DANA.chat_id, R.REASSIGNER_MAY_NOT_DECIDE) in await by_manager.refusals()


async def test_that_admin_has_no_role_there_before_the_delegate_is_recorded_either(by_manager: World) -> None:
    """The absence is set while the request waits, and the managers were not read again since."""
    by_manager.directory.assign(DANA, "admin security")
    asked = await by_manager.waiting()
    await away(by_manager, MALLORY, ERIN, by=DANA)
    await by_manager.approve(asked, ERIN)
    await by_manager.approve(asked, DANA)
    assert [one.person for one in (await by_manager.request(asked.id)).decisions] == [ERIN]
    assert DANA.chat_id in {who for who, _ in await by_manager.refusals()}


async def test_a_delegate_who_is_the_requester_does_not_decide(by_manager: World) -> None:
    await away(by_manager, MALLORY, RILEY, by=DANA)
    asked = await by_manager.waiting()
    await by_manager.approve(asked, RILEY)
    assert (RILEY.chat_id, R.REQUESTER_MAY_NOT_DECIDE) in await by_manager.refusals()


async def test_an_absence_that_begins_while_a_request_waits_names_the_delegate(by_manager: World) -> None:
    asked = await by_manager.waiting()
    await away(by_manager, MALLORY, ERIN, by=DANA)
    await check(by_manager)
    relations = (await by_manager.request(asked.id)).require_prepared().relations
    assert relations.chat_ids(REQUESTER_MANAGER) == {MALLORY.chat_id, ERIN.chat_id}
    assert await decide(by_manager, asked, ERIN, AMARA, BRUNO, CHIE) is RequestState.APPLIED


@pytest.mark.parametrize("actor", [MALLORY, ERIN])
async def test_a_manager_and_their_delegate_ask_comment_and_request_changes(by_manager: World, actor: Person) -> None:
    await away(by_manager, MALLORY, ERIN, by=DANA)
    asked = await by_manager.waiting()
    await by_manager.click(Ask(actor=actor.chat_id, request_id=asked.id, text="Which sites?", asked=(RILEY.chat_id,)))
    await by_manager.click(Comment(actor=actor.chat_id, request_id=asked.id, text="I agree."))
    digest = asked.plan.digest
    await by_manager.click(RequestChanges(actor=actor.chat_id, request_id=asked.id, digest=digest, text="Shorter."))
    stored = await by_manager.request(asked.id)
    assert [one.person for one in stored.remarks if one.person == actor][:2] == [actor, actor]
    assert stored.changes_requested is not None
    assert stored.changes_requested.person == actor


async def test_the_next_stage_requests_changes_after_the_manager_approved(by_manager: World) -> None:
    asked = await by_manager.waiting()
    await by_manager.approve(asked, MALLORY)
    digest = asked.plan.digest
    await by_manager.click(RequestChanges(actor=AMARA.chat_id, request_id=asked.id, digest=digest, text="Shorter."))
    assert (await by_manager.request(asked.id)).changes_requested is not None


async def test_a_stage_that_is_asked_again_at_the_write_leaves_the_delegate_of_the_manager(by_manager: World) -> None:
    await away(by_manager, MALLORY, ERIN, by=DANA)
    asked = await by_manager.waiting()
    for one in (ERIN, AMARA, BRUNO):
        await by_manager.approve(asked, one)
    await by_manager.approve(asked, CHIE, but=Apply)
    by_manager.directory.assign(AMARA, "")
    stored = await by_manager.settled(asked.id)
    assert stored.state is RequestState.AWAITING_APPROVAL
    assert ERIN in [one.person for one in stored.decisions]
    assert stored.require_prepared().relations == asked.require_prepared().relations

"""An Entra group that keeps a role: nobody chooses their own approvers, at any time of a request."""

from dataclasses import replace

from bot.words.refusals.sentences import fact_words
from tests.workflows.app.approvers.by_relation import BY_GROUP, ON_CALL
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, MALLORY, RILEY, SAM, SECURITY
from tests.workflows.world import World, restarted
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Role
from workflows.core.requests.commands.request import SupportRequest
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import RequestState

OF_RILEY = replace(ON_CALL, owners=frozenset({RILEY.id}))


async def test_a_group_of_others_decides(world: World) -> None:
    async with restarted(world, catalog=BY_GROUP) as again:
        again.tenant.approver_group_list = [replace(ON_CALL, owners=frozenset({AMARA.id}))]
        asked = await again.waiting()
        for person in (AMARA, BRUNO, CHIE):
            await again.approve(asked, person)
        assert (await again.request(asked.id)).state is RequestState.APPLIED


async def test_a_requester_or_sponsor_who_owns_the_group_is_refused_before_anybody_is_asked(world: World) -> None:
    async with restarted(world, catalog=BY_GROUP) as again:
        again.tenant.approver_group_list = [replace(ON_CALL, owners=frozenset({SAM.id}))]
        stored = await again.settled(await again.file())
        assert stored.state is RequestState.UNFIT
        assert "Sam takes part in this request and owns the group On call" in fact_words(stored.note[0])


async def test_a_group_that_everybody_can_join_or_that_is_gone_decides_nothing(world: World) -> None:
    async with restarted(world, catalog=BY_GROUP) as again:
        again.tenant.approver_group_list = [replace(ON_CALL, is_public=True)]
        public = await again.settled(await again.file())
        assert "Everybody can join the group On call" in fact_words(public.note[0])
        again.tenant.approver_group_list = []
        gone = await again.settled(await again.file())
        assert "is not in Entra any more" in fact_words(gone.note[0])


async def test_who_becomes_an_owner_while_it_waits_is_found_with_the_last_approval(world: World) -> None:
    async with restarted(world, catalog=BY_GROUP) as again:
        again.tenant.approver_group_list = [ON_CALL]
        asked = await again.waiting()
        for person in (AMARA, BRUNO):
            await again.approve(asked, person)
        again.tenant.approver_group_list = [OF_RILEY]
        await again.approve(asked, CHIE)
        assert (CHIE.chat_id, RefusalCode.GROUP_CANNOT_DECIDE) in await again.refusals()
        assert (await again.request(asked.id)).state is RequestState.UNFIT
        assert again.tenant.writes == []


async def test_who_becomes_an_owner_after_the_last_approval_is_found_before_the_first_write(world: World) -> None:
    async with restarted(world, catalog=BY_GROUP) as again:
        again.tenant.approver_group_list = [ON_CALL]
        asked = await again.waiting()
        for person in (AMARA, BRUNO):
            await again.approve(asked, person)
        await again.approve(asked, CHIE, but=Apply)
        again.tenant.approver_group_list = [OF_RILEY]
        stored = await again.settled(asked.id)
        assert stored.state is RequestState.UNFIT
        assert "Riley takes part in this request and owns the group On call" in fact_words(stored.note[0])
        assert again.tenant.writes == []


async def test_without_such_a_group_nothing_is_read(world: World) -> None:
    await world.waiting()
    assert "tenant.approver_groups" not in world.script.calls


async def test_the_group_of_a_stages_alternates_is_looked_at_before_they_are_asked(world: World) -> None:
    """Nobody waits until the alternates are asked, and has filled their group before."""
    deputies = replace(BY_GROUP.roles[SECURITY], role=Role("deputies"))
    security = replace(BY_GROUP.roles[SECURITY], entra_groups=(), user_groups=("security",))
    roles = {**BY_GROUP.roles, SECURITY: security, Role("deputies"): deputies}
    first, *others = BY_GROUP.templates["trusted-partner"].stages
    stages = (replace(first, alternates=Role("deputies"), escalate_after=1), *others)
    template = replace(BY_GROUP.templates["trusted-partner"], stages=stages)
    catalog = replace(BY_GROUP, roles=roles, templates={**BY_GROUP.templates, "trusted-partner": template})
    async with restarted(world, catalog=catalog) as again:
        again.tenant.approver_group_list = [OF_RILEY]
        stored = await again.settled(await again.file())
        assert stored.state is RequestState.UNFIT
        assert "owns the group On call" in fact_words(stored.note[0])


async def test_a_supporter_who_owns_the_group_is_found_with_the_last_approval(world: World) -> None:
    async with restarted(world, catalog=BY_GROUP) as again:
        again.tenant.approver_group_list = [replace(ON_CALL, owners=frozenset({MALLORY.id}))]
        asked = await again.waiting()
        await again.click(SupportRequest(actor=MALLORY.chat_id, request_id=asked.id))
        for person in (AMARA, BRUNO, CHIE):
            await again.approve(asked, person)
        assert (CHIE.chat_id, RefusalCode.GROUP_CANNOT_DECIDE) in await again.refusals()
        assert again.tenant.writes == []

"""An Entra group that keeps a role: nobody chooses their own approvers, at any time of a request."""

from dataclasses import replace

from bot.words.refusals.sentences import fact_words
from tests.workflows.app.approvers.by_relation import BY_GROUP, GROUP, ON_CALL
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DATA_OWNER, MALLORY, RILEY, SAM, SECURITY
from tests.workflows.world import World, restarted
from workflows.app.approvers.role_groups import accepted_groups
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


SYNCHRONIZED = replace(ON_CALL, shows_owners=False, is_synchronized=True)
ACCEPTING = replace(
    BY_GROUP,
    roles={**BY_GROUP.roles, SECURITY: replace(BY_GROUP.roles[SECURITY], accept_synchronized_groups=(GROUP,))},
)


async def test_a_synchronized_group_decides_nothing_unless_an_admin_accepted_it(world: World) -> None:
    async with restarted(world, catalog=BY_GROUP) as again:
        again.tenant.approver_group_list = [SYNCHRONIZED]
        refused = await again.settled(await again.file())
        assert "accept_synchronized_groups" in fact_words(refused.note[0])
    async with restarted(again, catalog=ACCEPTING) as accepting:
        accepting.tenant.approver_group_list = [SYNCHRONIZED]
        asked = await accepting.waiting()
        for person in (AMARA, BRUNO, CHIE):
            await accepting.approve(asked, person)
        assert (await accepting.request(asked.id)).state is RequestState.APPLIED


async def test_who_owns_an_accepted_group_in_entra_is_refused_all_the_same(world: World) -> None:
    async with restarted(world, catalog=ACCEPTING) as again:
        again.tenant.approver_group_list = [replace(SYNCHRONIZED, owners=frozenset({RILEY.id}))]
        stored = await again.settled(await again.file())
        assert "owns the group On call" in fact_words(stored.note[0])


async def test_a_group_that_another_role_names_without_accepting_it_is_refused(world: World) -> None:
    """Each role accepts for itself: the stages of one request may be decided by both."""
    data_owner = replace(ACCEPTING.roles[DATA_OWNER], entra_groups=(GROUP,))
    both = replace(ACCEPTING, roles={**ACCEPTING.roles, DATA_OWNER: data_owner})
    assert accepted_groups([SECURITY], both) == {GROUP}
    assert accepted_groups([SECURITY, DATA_OWNER], both) == frozenset()
    assert accepted_groups([Role("no-such")], both) == frozenset()
    async with restarted(world, catalog=both) as again:
        again.tenant.approver_group_list = [SYNCHRONIZED]
        assert (await again.settled(await again.file())).state is RequestState.UNFIT


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

"""A stage that the requester's or the sponsor's manager decides, from filing to the write."""

from dataclasses import replace

import pytest

from bot.slack.words.alarms import alarm_text
from bot.words.refusals.sentences import fact_words
from tests.workflows.app.approvers.by_relation import account, managed
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, SAM
from tests.workflows.world import World
from workflows.app.alarms import Alarms
from workflows.app.approvers.managers import Related, read_relations
from workflows.app.approvers.relation_check import check_relations
from workflows.app.reads.waiting_requests import waiting_for
from workflows.app.requests.forms import InvalidForm
from workflows.app.schedule.role_check import check_roles
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.policy.relations import (
    REQUESTER_MANAGER,
    REQUESTER_MANAGERS_MANAGER,
    SPONSOR_MANAGER,
    NoHolderReason,
)
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import RequestState
from workflows.ports.people_directory import PeopleDirectoryRefused
from workflows.ports.tenant import TenantUnavailable


async def check(world: World, *, minutes: float = 6) -> None:
    """Let some time pass, read the managers, and let everything follow."""
    world.clock.advance(minutes=minutes)
    await check_relations(store=world.store, directory=world.directory, service=world.service, clock=world.clock)
    await world.settle()


async def waits_for(world: World, person: Person) -> int:
    found = await waiting_for(person.chat_id, store=world.store, directory=world.directory)
    return found.requests.count


async def test_the_manager_decides_first_and_then_the_usual_chain(world: World) -> None:
    async with managed(world, MALLORY) as again:
        asked = await again.waiting()
        assert asked.require_prepared().relations.chat_ids(REQUESTER_MANAGER) == {MALLORY.chat_id}
        assert [await waits_for(again, one) for one in (MALLORY, AMARA)] == [1, 0]
        await again.approve(asked, AMARA)
        assert (AMARA.chat_id, "not_your_turn") in await again.refusals()
        for person in (MALLORY, AMARA, BRUNO, CHIE):
            await again.approve(asked, person)
        assert (await again.request(asked.id)).state is RequestState.APPLIED


async def test_a_manager_who_changed_after_the_decision_opens_the_stage_again_and_the_new_one_is_asked(
    world: World,
) -> None:
    async with managed(world, MALLORY) as again:
        asked = await again.waiting()
        for person in (MALLORY, AMARA, BRUNO):
            await again.approve(asked, person)
        await again.approve(asked, CHIE, but=Apply)
        again.directory.manager_accounts[RILEY.id] = account(DANA)
        stored = await again.settled(asked.id)
        assert stored.state is RequestState.AWAITING_APPROVAL
        assert [one.person for one in stored.decisions] == [AMARA, BRUNO, CHIE]
        assert stored.asked_again[0].code == "lost_role"
        assert [await waits_for(again, one) for one in (MALLORY, DANA)] == [0, 1]
        assert again.tenant.writes == []
        await again.approve(asked, DANA)
        assert (await again.request(asked.id)).state is RequestState.APPLIED


async def test_a_former_manager_is_refused_and_the_new_one_is_asked_at_once(world: World) -> None:
    async with managed(world, MALLORY) as again:
        asked = await again.waiting()
        again.directory.manager_accounts[RILEY.id] = account(DANA)
        await check(again, minutes=1)  # the first check reads at once
        assert [await waits_for(again, one) for one in (MALLORY, DANA)] == [0, 1]
        again.directory.manager_accounts[RILEY.id] = account(MALLORY)
        await again.approve(asked, DANA)
        assert (DANA.chat_id, "not_an_approver") in await again.refusals()
        await check(again, minutes=0.1)
        assert [await waits_for(again, one) for one in (MALLORY, DANA)] == [1, 0]


async def test_what_cannot_be_read_and_what_is_the_same_changes_nothing(world: World) -> None:
    async with managed(world, MALLORY) as again:
        asked = await again.waiting()
        before = await again.request(asked.id)
        await check(again)
        await check(again, minutes=1)  # it was checked just now
        again.script.fail("directory.managers", TenantUnavailable("away"))
        await check(again)
        assert await again.request(asked.id) == before


async def test_a_manager_who_gets_a_chat_user_is_asked(world: World) -> None:
    async with managed(world, MALLORY) as again:
        asked = await again.waiting()
        again.directory.remove(MALLORY)
        again.directory.manager_accounts[RILEY.id] = account(DANA, is_enabled=False)
        await check(again)
        (holder,) = (await again.request(asked.id)).require_prepared().relations.holders
        assert (holder.problem, holder.name) == (NoHolderReason.DISABLED, DANA.name)
        again.directory.manager_accounts[RILEY.id] = account(DANA)
        await check(again)
        assert await waits_for(again, DANA) == 1


@pytest.mark.parametrize(
    ("manager", "changes", "sentence"),
    [
        (None, {}, "Riley has no manager in Entra. Ask an admin to set one, or choose another template."),
        (MALLORY, {"is_enabled": False}, "The account of Mallory, the manager of Riley, is disabled."),
        (MALLORY, {"is_member": False}, "Mallory, the manager of Riley, is a guest in Entra"),
        (SAM, {}, "Sam, the manager of Riley, takes part in this request, and so cannot approve it."),
        (RILEY, {}, "Riley, the manager of Riley, takes part in this request, and so cannot approve it."),
        (Person(id="id-x", chat_id="U-X", name="Xe"), {}, "Xe, the manager of Riley, is no full member"),  # type: ignore[arg-type]
    ],
)
async def test_a_stage_that_nobody_can_pass_is_refused_in_the_form_with_names_and_cure(
    world: World, manager: Person | None, changes: dict[str, bool], sentence: str
) -> None:
    async with managed(world, None) as again:
        if manager is not None:
            again.directory.manager_accounts[RILEY.id] = account(manager, **changes)
        with pytest.raises(InvalidForm) as invalid:
            await again.file()
        problem = invalid.value.problems["template"]
        assert problem.code == RefusalCode.MANAGER_CANNOT_DECIDE
        assert sentence in fact_words(problem)


async def test_what_the_form_could_not_read_is_refused_while_it_is_prepared(world: World) -> None:
    async with managed(world, MALLORY) as again:
        request_id = await again.file()
        del again.directory.manager_accounts[RILEY.id]
        stored = await again.settled(request_id)
        assert stored.state is RequestState.UNFIT
        assert "Riley has no manager in Entra" in fact_words(stored.note[0])


async def test_the_managers_manager_and_the_sponsors_manager(world: World) -> None:
    directory = world.directory
    directory.manager_accounts = {RILEY.id: account(BRUNO), BRUNO.id: account(CHIE), SAM.id: account(DANA)}
    related, roles = (
        Related(requester=RILEY, sponsor=SAM),
        (REQUESTER_MANAGERS_MANAGER, SPONSOR_MANAGER, REQUESTER_MANAGER),
    )
    found = await read_relations(related, roles, directory=directory)
    assert {holder.role: (holder.whose, holder.person) for holder in found.holders} == {
        REQUESTER_MANAGER: ("Riley", BRUNO),
        REQUESTER_MANAGERS_MANAGER: ("Bruno", CHIE),
        SPONSOR_MANAGER: ("Sam", DANA),
    }
    del directory.manager_accounts[RILEY.id]
    (above,) = (await read_relations(related, (REQUESTER_MANAGERS_MANAGER,), directory=directory)).holders
    assert (above.whose, above.problem) == ("Riley", NoHolderReason.NO_MANAGER)


async def test_a_manager_is_one_person_whom_a_click_would_identify(world: World) -> None:
    world.directory.manager_accounts[RILEY.id] = account(BRUNO)
    related = Related(requester=RILEY, sponsor=SAM)
    world.directory.refusals[BRUNO.chat_id] = Refused(RefusalCode.WORKSPACE_GUEST)
    (holder,) = (await read_relations(related, (REQUESTER_MANAGER,), directory=world.directory)).holders
    assert holder.problem is NoHolderReason.NOT_IN_CHAT
    world.directory.refusals[BRUNO.chat_id] = PeopleDirectoryRefused("users.info", "missing_scope")
    with pytest.raises(PeopleDirectoryRefused):
        await read_relations(related, (REQUESTER_MANAGER,), directory=world.directory)


async def test_one_manager_cannot_decide_in_two_stages(world: World) -> None:
    async with managed(world, MALLORY, REQUESTER_MANAGER, SPONSOR_MANAGER) as again:
        again.directory.manager_accounts[SAM.id] = account(MALLORY)
        with pytest.raises(InvalidForm) as invalid:
            await again.file()
        assert invalid.value.problems["template"].code == RefusalCode.STAGE_WITHOUT_PEOPLE
        again.directory.manager_accounts[SAM.id] = replace(account(DANA))
        await again.file()


async def test_a_stage_that_lost_its_manager_alarms_the_admins_and_tells_the_requester_the_cure(world: World) -> None:
    async with managed(world, MALLORY) as again:
        asked = await again.waiting()
        del again.directory.manager_accounts[RILEY.id]
        await check(again)
        await check_roles(
            store=again.store,
            directory=again.directory,
            alarms=Alarms(store=again.store, clock=again.clock, wake=lambda: None),
            service=again.service,
            clock=again.clock,
            roles=again.catalog.roles,
        )
        await again.settle()
        (alarm,) = [one for one in await again.store.open_alarms() if one.code is AlarmCode.ROLE_EMPTY]
        assert alarm.subject == f"requester-manager:{asked.id}"
        assert "Riley has no manager in Entra. Ask an admin to set one" in alarm_text(alarm)
        (told,) = [text for text in again.notifier.texts_to(RILEY.chat_id) if "cannot be approved now" in text]
        assert "Nobody can decide the stage “Requester manager”. Riley has no manager in Entra" in told
        again.directory.assign(DANA, "")
        await again.approve(asked, DANA)
        (refused,) = [one for one in await again.refusals() if one[0] == DANA.chat_id]
        assert refused == (DANA.chat_id, RefusalCode.TOO_FEW_APPROVERS)

"""Who may ask to restore or to adopt settings when a template says who may request it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.words.refusals.sentences import fact_words
from tests.workflows.app.adoption.test_adopting import configure, made_by, settings_of
from tests.workflows.app.adoption.test_adopting import form as adopt_form
from tests.workflows.app.batches.many import configure_many, drafted
from tests.workflows.app.batches.many import form as batch_form
from tests.workflows.app.requests.test_restoring import file as file_restore
from tests.workflows.app.requests.test_restoring import form as restore_form
from tests.workflows.app.requests.test_restoring import newest
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, SAM, TENANT
from tests.workflows.effects.test_suspending import lift, suspended
from tests.workflows.world import CATALOG, World, open_world
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person, Role
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.ports.people_directory import PeopleDirectoryUnavailable

REFUSED = RefusalCode.MAY_NOT_RESTORE_OR_ADOPT
CONTRACTS = Role("contracts")


@asynccontextmanager
async def world_with(path: Path, *restricted: str) -> AsyncIterator[World]:
    """Open a world in which only a role may request these templates. Riley has it."""
    templates = {name: replace(CATALOG.templates[name], may_request=(CONTRACTS,)) for name in restricted}
    catalog = replace(CATALOG, templates={**CATALOG.templates, **templates})
    async with open_world(path / "gatehouse.db", catalog=catalog) as world:
        world.directory.assign(RILEY, CONTRACTS)
        yield world


async def revoked(world: World) -> AccessRequest:
    """Open Contoso as Riley, and revoke it."""
    await world.opened()
    world.clock.advance(minutes=1)
    await world.revoke(DANA)
    world.clock.advance(minutes=1)
    return await newest(world)


async def form_problems(world: World, change: AccessRequest, requester: Person) -> dict[str, str]:
    filled = restore_form(change, requester=requester.chat_id, sponsor=CHIE.chat_id)
    with pytest.raises(InvalidForm) as caught:
        await world.restore_intake().file(filled, key=world.key())
    return {name: fact_words(one) for name, one in caught.value.problems.items()}


@pytest.mark.parametrize("person", [MALLORY, SAM])
async def test_what_a_person_may_not_request_they_do_not_get_by_restoring_it(tmp_path: Path, person: Person) -> None:
    """Neither anybody nor the sponsor: a restore sets a new end, so it would be an extension without the role."""
    async with world_with(tmp_path, "trusted-partner") as world:
        world.directory.assign(person, "")
        change = await revoked(world)
        assert await form_problems(world, change, person) == {
            "restores": (
                "The approval policy of “Trusted partner” decides on these settings, and only people with the role "
                "“contracts” may request that template. Ask one of them or an admin to send this, or ask an admin for "
                "the role."
            )
        }


@pytest.mark.parametrize("person", [RILEY, DANA])
async def test_who_may_request_it_and_admins_may_restore_it(tmp_path: Path, person: Person) -> None:
    async with world_with(tmp_path, "trusted-partner") as world:
        change = await revoked(world)
        waiting = await world.settled((await file_restore(world, change, requester=person.chat_id)).id)
        assert (waiting.state, waiting.fields.kind) == (RequestState.AWAITING_APPROVAL, RequestKind.RESTORATION)


async def test_a_restore_is_checked_again_when_it_is_prepared(tmp_path: Path) -> None:
    async with world_with(tmp_path, "trusted-partner") as world:
        change = await revoked(world)
        filed = await file_restore(world, change)
        world.directory.assign(RILEY, "")
        ended = await world.settled(filed.id)
        assert (ended.state, ended.note[0].code) == (RequestState.UNFIT, REFUSED)


async def test_roles_that_cannot_be_read_in_time_are_read_when_it_is_prepared(tmp_path: Path) -> None:
    async with world_with(tmp_path, "trusted-partner") as world:
        change = await revoked(world)
        world.script.fail("directory.current_roles", PeopleDirectoryUnavailable("slack is away"))
        filed = await file_restore(world, change, requester=MALLORY.chat_id)
        ended = await world.settled(filed.id)
        assert ended.note[0].code == REFUSED


async def test_everybody_may_restore_what_only_reduces_access(tmp_path: Path) -> None:
    """Closing needs fewer hands than opening."""
    async with world_with(tmp_path, *CATALOG.templates) as world:
        change = await revoked(world)
        reopened = await world.settled((await file_restore(world, change)).id)
        for person in (AMARA, BRUNO, CHIE):
            await world.approve(reopened, person)
        world.clock.advance(minutes=1)
        closing = await file_restore(world, await world.request(reopened.id), requester=MALLORY.chat_id)
        assert (await world.settled(closing.id)).state is RequestState.AWAITING_APPROVAL


async def test_a_sponsor_lifts_a_suspension_without_the_role(tmp_path: Path) -> None:
    """A lift keeps the approved end, and has a rule of its own: an admin or the sponsor."""
    async with world_with(tmp_path, "trusted-partner") as world:
        await suspended(world)
        world.directory.assign(SAM, "")
        assert (await lift(world, SAM)).state is RequestState.AWAITING_APPROVAL


async def adoption(world: World, person: Person) -> AccessRequest:
    configure(world, settings_of("trusted-partner"))
    made_by(world, MALLORY)
    filled = adopt_form(world, requester=person.chat_id)
    return await world.settled(await world.adopt_intake().file(filled, key=world.key()))


async def test_what_a_person_may_not_request_they_do_not_adopt(tmp_path: Path) -> None:
    async with world_with(tmp_path, "trusted-partner") as world:
        with pytest.raises(InvalidForm) as caught:
            await adoption(world, BRUNO)
        assert [fact.code for fact in caught.value.problems.values()] == [REFUSED]
        assert await world.store.requests_for(TENANT, 9) == []


@pytest.mark.parametrize("person", [RILEY, DANA])
async def test_who_may_request_it_and_admins_may_adopt_it(tmp_path: Path, person: Person) -> None:
    async with world_with(tmp_path, "trusted-partner") as world:
        assert (await adoption(world, person)).state is RequestState.AWAITING_APPROVAL


async def test_an_adoption_is_checked_again_when_it_is_prepared(tmp_path: Path) -> None:
    async with world_with(tmp_path, "trusted-partner") as world:
        configure(world, settings_of("trusted-partner"))
        made_by(world, MALLORY)
        request_id = await world.adopt_intake().file(adopt_form(world), key=world.key())
        world.directory.assign(RILEY, "")
        ended = await world.settled(request_id)
        assert (ended.state, ended.note[0].code) == (RequestState.UNFIT, REFUSED)


async def test_a_draft_of_many_is_confirmed_only_by_who_may_request_all_of_it(tmp_path: Path) -> None:
    async with world_with(tmp_path, "guest-collaboration") as world:
        configure_many(world, 2)
        found = await drafted(world)
        assert found.batch is not None
        with pytest.raises(InvalidForm) as caught:
            await world.batch_intake().confirm(batch_form(found.batch, requester=BRUNO.chat_id), key=world.key())
        assert {name: fact.code for name, fact in caught.value.problems.items()} == {"draft": REFUSED}
        world.script.fail("directory.current_roles", PeopleDirectoryUnavailable("slack is away"))
        confirmed = await world.batch_intake().confirm(batch_form(found.batch), key=world.key())
        assert confirmed.requester == RILEY

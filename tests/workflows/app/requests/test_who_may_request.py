"""Who may send a request, and on whose behalf: checked in the form, and again when the request is prepared."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.words.refusals.sentences import fact_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, SAM
from tests.workflows.world import CATALOG, World, open_world
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, Person, Role
from workflows.core.policy.template import MayRequestFor
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.request import RequestState
from workflows.ports.tenant import Account

TEMPLATE = "trusted-partner"


@asynccontextmanager
async def world_with(
    path: Path, *, roles: tuple[Role, ...] = (), on_behalf_of: MayRequestFor = MayRequestFor.NOBODY
) -> AsyncIterator[World]:
    """Open a world whose template says who may request it."""
    template = replace(CATALOG.templates[TEMPLATE], may_request=roles, may_request_for=on_behalf_of)
    catalog = replace(CATALOG, templates={**CATALOG.templates, TEMPLATE: template})
    async with open_world(path / "gatehouse.db", catalog=catalog) as world:
        yield world


def be_manager_of(world: World, manager: Person, report: Person) -> None:
    """Let Entra say that somebody is a person's manager."""
    world.tenant.accounts.append(
        Account(id=manager.id, name=manager.name, mail=f"{manager.name}@woodgrove.com", is_enabled=True, is_member=True)
    )
    world.tenant.manager_of[report.id] = manager.id


async def problems(world: World, requester: Person = RILEY, for_person: Person | None = None) -> dict[str, str]:
    """Send the form; return what it answers."""
    chat_id = None if for_person is None else for_person.chat_id
    with pytest.raises(InvalidForm) as caught:
        await world.file(requester=requester, for_person=chat_id)
    return {name: fact_words(one) for name, one in caught.value.problems.items()}


# --- who may request ---


async def test_only_people_with_a_role_may_request(tmp_path: Path) -> None:
    async with world_with(tmp_path, roles=(Role("security"), ADMIN)) as world:
        assert await problems(world, requester=MALLORY) == {
            "template": (
                "Only people with the role “security” or “admin” may request “Trusted partner”. Choose another "
                "template, or ask one of them to send the request. An admin can add you to the role."
            )
        }
        request = await world.waiting(requester=DANA)
        assert request.require_prepared().submitter is None


async def test_a_role_that_was_lost_before_the_plan_was_made_ends_the_request(tmp_path: Path) -> None:
    async with world_with(tmp_path, roles=(ADMIN,)) as world:
        request_id = await world.file(requester=DANA)
        world.directory.assign(DANA, "")
        request = await world.settled(request_id)
        assert request.state is RequestState.UNFIT
        assert [fact.code for fact in request.note] == [RefusalCode.MAY_NOT_REQUEST]
        assert await world.store.open_requests() == []


async def test_who_cannot_be_read_in_time_is_checked_when_it_is_prepared(tmp_path: Path) -> None:
    async with world_with(tmp_path, roles=(ADMIN,)) as world:
        world.script.fail("directory.current_roles", TimeoutError())
        request_id = await world.file(requester=MALLORY)
        request = await world.settled(request_id)
        assert [fact.code for fact in request.note] == [RefusalCode.MAY_NOT_REQUEST]


async def test_closing_needs_no_role_to_request(tmp_path: Path) -> None:
    """Closing access needs fewer hands than opening it."""
    block = replace(CATALOG.templates["block"], may_request=(ADMIN,))
    catalog = replace(CATALOG, templates={**CATALOG.templates, "block": block})
    async with open_world(tmp_path / "gatehouse.db", catalog=catalog) as world:
        request = await world.waiting(template="block", requester=MALLORY)
        assert request.state is RequestState.AWAITING_APPROVAL


# --- on behalf of somebody ---


async def test_by_default_nobody_sends_a_request_for_somebody_else(world: World) -> None:
    assert await problems(world, requester=DANA, for_person=RILEY) == {
        "for_person": (
            "“Trusted partner” can be requested only for yourself. Choose yourself, or ask that person to send the "
            "request."
        )
    }
    request = await world.waiting(requester=RILEY, for_person=RILEY.chat_id)
    assert request.fields.submitter is None


async def test_a_manager_sends_a_request_for_a_report_and_neither_decides(tmp_path: Path) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.REPORTS) as world:
        be_manager_of(world, AMARA, RILEY)
        world.directory.assign(MALLORY, "security")
        request = await world.waiting(requester=AMARA, for_person=RILEY.chat_id)
        prepared = request.require_prepared()
        assert (prepared.requester, prepared.submitter) == (RILEY, AMARA)
        [submitted] = [entry for entry in await world.store.history() if entry.command == "submit"]
        assert (submitted.actor, submitted.account) == (AMARA.chat_id, AMARA.id)
        assert submitted.details["requester"] == RILEY.chat_id
        await world.approve(request, AMARA)
        assert (AMARA.chat_id, RefusalCode.SUBMITTER_MAY_NOT_DECIDE) in await world.refusals()
        await world.approve(request, RILEY)
        assert (RILEY.chat_id, RefusalCode.REQUESTER_MAY_NOT_DECIDE) in await world.refusals()


async def test_who_is_no_manager_sends_none(tmp_path: Path) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.REPORTS) as world:
        be_manager_of(world, DANA, RILEY)
        assert await problems(world, requester=MALLORY, for_person=RILEY) == {
            "for_person": (
                "“Trusted partner” can be requested for yourself, and for people whose manager in Entra you are. "
                "Choose yourself, or ask that person to send the request."
            )
        }


async def test_another_manager_before_the_plan_is_made_ends_the_request(tmp_path: Path) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.REPORTS) as world:
        be_manager_of(world, DANA, RILEY)
        request_id = await world.file(requester=DANA, for_person=RILEY.chat_id)
        world.tenant.manager_of[RILEY.id] = SAM.id
        request = await world.settled(request_id)
        assert (request.state, request.note[0].code) == (RequestState.UNFIT, RefusalCode.MAY_NOT_REQUEST_FOR)
        assert sorted(person for person, _, _ in world.notifier.told) == [DANA.chat_id, RILEY.chat_id]


@pytest.mark.parametrize("is_submitter", [False, True])
async def test_a_person_without_an_account_neither_sends_nor_gets_a_request(tmp_path: Path, is_submitter: bool) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.MEMBERS) as world:
        request_id = await world.file(requester=DANA, for_person=RILEY.chat_id)
        world.directory.remove(DANA if is_submitter else RILEY)
        request = await world.settled(request_id)
        assert [fact.code for fact in request.note] == [RefusalCode.PERSON_NAMED_REFUSED]
        assert request.note[0].values == {"is_submitter": is_submitter}


async def test_the_form_names_a_person_for_whom_nothing_can_be_sent(tmp_path: Path) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.MEMBERS) as world:
        world.directory.refusals[RILEY.chat_id] = Refused(RefusalCode.WORKSPACE_GUEST)
        assert (await problems(world, requester=DANA, for_person=RILEY)).keys() == {"for_person"}


async def test_both_withdraw_and_nobody_else_does(tmp_path: Path) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.MEMBERS) as world:
        for person in (RILEY, DANA):
            request = await world.waiting(requester=DANA, for_person=RILEY.chat_id)
            with pytest.raises(Refused) as refused:
                await world.service.withdraw(request.id, MALLORY.chat_id, key=world.key())
            assert refused.value.code is RefusalCode.NOT_THE_REQUESTER
            await world.service.withdraw(request.id, person.chat_id, key=world.key())
            assert (await world.request(request.id)).state is RequestState.WITHDRAWN


async def test_the_submitter_withdraws_under_another_chat_id_before_there_is_a_plan(tmp_path: Path) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.MEMBERS) as world:
        other = replace(DANA, chat_id=MALLORY.chat_id)
        world.directory.people[other.chat_id] = other
        request_id = await world.file(requester=DANA, for_person=RILEY.chat_id)
        await world.service.store_click(Withdraw(actor=other.chat_id, request_id=request_id), key=world.key())
        [check] = [one for one in await world.store.pending(world.clock.now(), 9) if one.effect.kind == "judge"]
        await world.performer.perform(check.effect)
        assert (await world.request(request_id)).state is RequestState.WITHDRAWN


async def test_both_names_of_one_person_are_no_request_for_somebody_else(tmp_path: Path) -> None:
    async with world_with(tmp_path) as world:
        other = replace(RILEY, chat_id=MALLORY.chat_id)
        world.directory.people[other.chat_id] = other
        request = await world.waiting(requester=other, for_person=RILEY.chat_id)
        assert request.require_prepared().submitter is None
        await world.approve(request, other)
        assert (other.chat_id, RefusalCode.REQUESTER_MAY_NOT_DECIDE) in await world.refusals()


async def test_a_chain_that_only_the_submitter_completes_is_refused(tmp_path: Path) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.MEMBERS) as world:
        for person in (RILEY, SAM, BRUNO, CHIE):
            world.directory.assign(person, "data-owner")
        world.directory.assign(AMARA, "security")
        assert (await problems(world, requester=AMARA, for_person=RILEY))["template"].startswith(
            "The stage “Security” needs 1 person"
        )


async def test_the_only_approver_named_as_the_person_for_whom_it_is_sent_is_the_cause(tmp_path: Path) -> None:
    async with world_with(tmp_path, on_behalf_of=MayRequestFor.MEMBERS) as world:
        said = await problems(world, requester=RILEY, for_person=AMARA)
        assert "Choose another person in “For”, or ask an admin to add people." in said["template"]
        world.directory.assign(AMARA, "")
        said = await problems(world, requester=RILEY, for_person=AMARA)
        assert "“For”" not in said["template"], "nobody has the role"

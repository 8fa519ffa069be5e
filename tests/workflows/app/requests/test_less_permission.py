"""A proposal whose acceptance would end the request is neither offered, nor sent, nor accepted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.words.refusals.sentences import fact_words
from tests.workflows.app.requests.test_less_access import DEFAULT, DEVICES, accept, less_access, problem, propose
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY
from tests.workflows.world import CATALOG, World, open_world
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Role
from workflows.core.policy.left_out import without_parts
from workflows.core.policy.template import MayRequestFor, Template
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import Account

SMALLER = "smaller-partner"
CONTRACTS = Role("contracts")


def smaller(present: Template, **changes: Any) -> Template:
    """The present template without the partner's compliant devices."""
    settings = without_parts(present.settings, (DEVICES,))
    named = replace(present, name=SMALLER, title="Smaller partner", content_hash="smaller", settings=settings)
    return replace(named, **changes)


@asynccontextmanager
async def world_with(path: Path, **changes: Any) -> AsyncIterator[World]:
    """Open a world with one more template, which gives less than Trusted partner, and a role that nobody has."""
    template = smaller(CATALOG.templates["trusted-partner"], **changes)
    role = replace(CATALOG.roles[Role("security")], role=CONTRACTS, title="Contracts", people=("c@woodgrove.com",))
    templates, roles = {**CATALOG.templates, SMALLER: template}, {**CATALOG.roles, CONTRACTS: role}
    catalog = replace(CATALOG, templates=templates, roles=roles)
    async with open_world(path / "gatehouse.db", catalog=catalog) as world:
        world.tenant.default = DEFAULT
        yield world


async def offered(world: World, request: AccessRequest) -> list[str]:
    return [template.name for template in (await less_access(world).choices(request)).templates]


async def last_refusal(world: World) -> tuple[str, str]:
    return (await world.refusals())[-1]


async def test_a_template_that_the_requester_may_not_request_is_not_offered(tmp_path: Path) -> None:
    async with world_with(tmp_path, may_request=(CONTRACTS,)) as world:
        request = await world.waiting()
        assert await offered(world, request) == ["trusted-partner"]
        world.directory.assign(RILEY, CONTRACTS)
        assert await offered(world, request) == ["trusted-partner", SMALLER]


async def test_it_is_refused_in_the_window_and_after_it(tmp_path: Path) -> None:
    async with world_with(tmp_path, may_request=(CONTRACTS,)) as world:
        request = await world.waiting()
        assert await problem(world, request, template=SMALLER) == {
            "template": (
                "Riley may not request “Smaller partner”: only people with the role “contracts” may. Choose "
                "another template, or ask an admin to add Riley to the role."
            )
        }
        after = await propose(world, request, template=SMALLER)
        assert after.version == request.version
        assert await last_refusal(world) == (AMARA.chat_id, RefusalCode.REQUESTER_MAY_NOT_REQUEST)


async def test_what_cannot_be_read_in_time_is_checked_after_the_window(tmp_path: Path) -> None:
    async with world_with(tmp_path, may_request=(CONTRACTS,)) as world:
        request = await world.waiting()
        world.script.fail("directory.current_roles", PeopleDirectoryUnavailable("slack is away"))
        assert await problem(world, request, template=SMALLER) == {}
        assert (await propose(world, request, template=SMALLER)).proposal is None


async def test_accepting_without_the_role_loses_nothing(tmp_path: Path) -> None:
    """The role was lost after the proposal. The request still waits, the proposal is open, and the cure helps."""
    async with world_with(tmp_path, may_request=(CONTRACTS,)) as world:
        world.directory.assign(RILEY, CONTRACTS)
        request = await world.waiting()
        await world.approve(request, AMARA)
        proposed = await propose(world, await world.request(request.id), template=SMALLER)
        world.directory.assign(RILEY, "")
        after = await accept(world, proposed)
        assert (after.version, after.state) == (proposed.version, RequestState.AWAITING_APPROVAL)
        assert (after.proposal, after.decisions) == (proposed.proposal, proposed.decisions)
        assert await last_refusal(world) == (RILEY.chat_id, RefusalCode.REQUESTER_MAY_NOT_REQUEST)
        world.directory.assign(RILEY, CONTRACTS)
        await accept(world, proposed)
        again = await world.settled(request.id)
        assert (again.state, again.fields.template) == (RequestState.AWAITING_APPROVAL, SMALLER)


async def test_the_present_template_with_less_needs_the_role_as_well(tmp_path: Path) -> None:
    async with world_with(tmp_path) as world:
        present = replace(world.catalog.templates["trusted-partner"], may_request=(CONTRACTS,))
        world.directory.assign(RILEY, CONTRACTS)
        request = await world.waiting()
        world.catalog.templates["trusted-partner"] = present  # type: ignore[index]
        proposed = await propose(world, request, days=90)
        world.directory.assign(RILEY, "")
        assert (await accept(world, proposed)).version == proposed.version
        assert "template" in await problem(world, proposed, days=90)


async def test_a_template_that_is_not_requested_for_others_is_refused(tmp_path: Path) -> None:
    async with world_with(tmp_path) as world:
        present = replace(world.catalog.templates["trusted-partner"], may_request_for=MayRequestFor.REPORTS)
        world.catalog.templates["trusted-partner"] = present  # type: ignore[index]
        account = Account(id=DANA.id, name=DANA.name, mail="d@woodgrove.com", is_enabled=True, is_member=True)
        world.tenant.accounts.append(account)
        world.tenant.manager_of[RILEY.id] = DANA.id
        request = await world.waiting(requester=DANA, for_person=RILEY.chat_id)
        assert await offered(world, request) == ["trusted-partner"]
        assert await problem(world, request, template=SMALLER) == {
            "template": (
                f"{DANA.name} may not request “Smaller partner” for somebody else. Choose another template, or reject "
                "the request and say what is needed."
            )
        }


async def test_a_template_that_nobody_can_decide_is_refused_before_it_ends_the_request(tmp_path: Path) -> None:
    stages = CATALOG.templates["trusted-partner"].stages
    lonely = (*stages, replace(stages[0], role=CONTRACTS, title="Contracts", quorum=1))
    async with world_with(tmp_path, stages=lonely) as world:
        world.directory.assign(MALLORY, CONTRACTS)
        request = await world.waiting()
        proposed = await propose(world, request, template=SMALLER)
        assert proposed.proposal is not None
        world.directory.remove(MALLORY)
        assert (await accept(world, proposed)).version == proposed.version
        assert await last_refusal(world) == (RILEY.chat_id, RefusalCode.STAGE_WITHOUT_PEOPLE)
        assert set(await problem(world, request, template=SMALLER)) == {"template"}


async def test_what_cannot_be_read_now_delays_the_acceptance(tmp_path: Path) -> None:
    async with world_with(tmp_path, may_request=(CONTRACTS,)) as world:
        world.directory.assign(RILEY, CONTRACTS)
        proposed = await propose(world, await world.waiting(), template=SMALLER)
        world.script.fail("directory.current_roles", PeopleDirectoryUnavailable("slack is away"))
        assert (await accept(world, proposed)).version == proposed.version
        world.clock.advance(minutes=2)
        again = await world.settled(proposed.id)
        assert again.fields.template == SMALLER


@pytest.mark.parametrize("roles", [[], ["contracts"]])
def test_the_requester_reads_what_to_do(roles: list[str]) -> None:
    values = {"name": "Riley Park", "template": "Smaller partner", "roles": roles, "is_answer": True}
    words = fact_words(Refused(RefusalCode.REQUESTER_MAY_NOT_REQUEST, **values).fact)
    assert words.endswith("Nothing was changed.")
    assert "ecline the proposal" in words
    assert ("add Riley Park to the role and accept again" in words) is bool(roles)


async def test_the_whole_way_with_another_template(tmp_path: Path) -> None:
    async with world_with(tmp_path, may_request=(CONTRACTS,)) as world:
        world.directory.assign(RILEY, CONTRACTS)
        proposed = await propose(world, await world.waiting(), template=SMALLER)
        await accept(world, proposed)
        for person in (AMARA, BRUNO, CHIE):
            await world.approve(await world.request(proposed.id), person)
        assert (await world.settled(proposed.id)).state is RequestState.APPLIED

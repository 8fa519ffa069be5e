"""A role's definition is part of the decision: after a change, approval is needed again."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.words.requests.notes import note_words, stored_note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, MALLORY, SECURITY, request
from tests.workflows.world import CATALOG, World, restarted
from workflows.catalog.catalog import Catalog, changed_role, role_hash
from workflows.core.people import Role
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import RequestState
from workflows.ports.people_directory import RoleSource
from workflows.store.codec import REQUEST, dump, load


def redefined(**changes: Any) -> Catalog:
    """The shipped catalog with another definition of the security role."""
    return replace(CATALOG, roles={**CATALOG.roles, SECURITY: replace(CATALOG.roles[SECURITY], **changes)})


OTHER = redefined(user_groups=("another-group",))


@pytest.mark.threats("C11")
async def test_new_holders_do_not_complete_the_old_chain(world: World) -> None:
    asked = await world.waiting()
    await world.approve(asked, AMARA)
    async with restarted(world, catalog=OTHER) as again:
        again.directory.assign(MALLORY, "security")
        await again.approve(asked, BRUNO)
        stored = await again.request(asked.id)
        assert stored.state is RequestState.AWAITING_APPROVAL
        assert stored.decisions == (), "what was decided is void"
        assert (BRUNO.chat_id, "role_changed") in await again.refusals()
        entries = await again.store.history(request_id=asked.id)
        (replanned,) = [one for one in entries if one.command == "replan"]
        assert "The definition of the role “security” changed after" in stored_note_words(replanned.details["reason"])
        assert again.tenant.writes == []


@pytest.mark.threats("C11")
async def test_a_role_redefined_after_the_last_approval_is_found_before_the_first_write(world: World) -> None:
    asked = await world.waiting()
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(asked, person, but=Apply)
    async with restarted(world, catalog=OTHER) as again:
        stored = await again.settled(asked.id)
        assert stored.state is RequestState.AWAITING_APPROVAL
        assert stored.decisions == ()
        assert "changed after this was shown" in note_words(stored.asked_again)
        assert again.tenant.writes == []


@pytest.mark.threats("C11")
@pytest.mark.parametrize("is_gone", [False, True], ids=["changed", "gone"])
async def test_a_template_changed_after_the_last_approval_is_found_before_the_first_write(
    world: World, is_gone: bool
) -> None:
    asked = await world.approved()
    name = asked.plan.template
    templates = {key: one for key, one in CATALOG.templates.items() if key != name}
    if not is_gone:
        templates[name] = replace(CATALOG.templates[name], content_hash="another")
    async with restarted(world, catalog=replace(CATALOG, templates=templates)) as again:
        stored = await again.settled(asked.id)
        assert stored.state is not RequestState.APPLIED
        assert stored.decisions == ()
        (replanned,) = [
            one for one in await again.store.history(request_id=asked.id, limit=100) if one.command == "replan"
        ]
        assert "The template changed" in stored_note_words(replanned.details["reason"])
        assert again.tenant.attempts == []


@pytest.mark.threats("C11")
async def test_the_new_card_is_decided_by_the_new_definition(world: World) -> None:
    asked = await world.waiting()
    async with restarted(world, catalog=OTHER) as again:
        await again.approve(asked, AMARA)
        fresh = await again.request(asked.id)
        for person in (AMARA, BRUNO, CHIE):
            await again.approve(fresh, person)
        assert (await again.request(asked.id)).state is RequestState.APPLIED


async def test_a_request_of_an_earlier_version_is_checked_as_before(world: World) -> None:
    document = json.loads(dump(REQUEST, await world.waiting()))
    del document["prepared"]["roles"]
    old = load(REQUEST, json.dumps(document))
    assert old.require_prepared().roles == {}
    assert changed_role(old.require_prepared().roles, OTHER) == ""


def test_only_who_may_have_a_role_is_its_meaning() -> None:
    base = RoleSource(role=SECURITY, title="S", user_groups=("a", "b"), people=("Kim@x.com",), entra_groups=("AB",))
    same = RoleSource(role=SECURITY, title="T", user_groups=("b", "a"), people=("kim@X.com",), entra_groups=("ab",))
    assert role_hash(base) == role_hash(same)


@pytest.mark.threats("C11")
@pytest.mark.parametrize(
    "change",
    [
        {"user_groups": ()},
        {"people": ("new@x.com",)},
        {"entra_groups": ("cd",)},
        {"accept_synchronized_groups": ("cd",)},
    ],
)
def test_another_source_is_another_meaning(change: dict[str, tuple[str, ...]]) -> None:
    was = CATALOG.role_hashes([SECURITY])
    assert changed_role(was, redefined(**change)) == SECURITY
    assert changed_role(was, CATALOG) == ""


def test_a_role_that_is_gone_is_changed() -> None:
    gone = replace(CATALOG, roles={role: source for role, source in CATALOG.roles.items() if role != SECURITY})
    assert changed_role(CATALOG.role_hashes([SECURITY]), gone) == SECURITY
    assert CATALOG.role_hashes([Role("unheard-of")]) == {"unheard-of": ""}
    assert request().require_prepared().roles == {}

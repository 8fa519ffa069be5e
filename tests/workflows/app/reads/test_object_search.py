"""Searching our own directory for the form: who may, how much, within what, and that no answer is no error."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.words.refusals.sentences import fact_words
from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import AMARA, MALLORY, RILEY
from tests.workflows.world import CATALOG, World
from workflows.app.limits import LimitedAction, Limits
from workflows.app.reads import object_search
from workflows.app.reads.object_search import NO_RESULT, ObjectSearch
from workflows.app.storing.recorder import SEARCH
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.settings.model import TargetType
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import FoundObject, ObjectKind

PILOT = "regulated-project"


class Members:
    """A workspace in which one is a guest."""

    error: Exception | None = None

    async def require_member(self, chat_id: ChatId) -> None:
        if self.error is not None:
            raise self.error
        if chat_id == MALLORY.chat_id:
            raise Refused(RefusalCode.WORKSPACE_GUEST)


def group(name: str, number: int) -> FoundObject:
    return FoundObject(
        id=f"9c0ffee0-{number:04}-4000-8000-00000000{number:04}", name=name, mail="", kind=ObjectKind.SECURITY_GROUP
    )


BRIDGE, PREFIXED = group("Bridge project", 1), group("PRJ-Bridge", 2)


def searching(world: World, *, prefix: str = "", limits: Limits | None = None, members: Any = None) -> ObjectSearch:
    """A search over a directory with a few groups, for a template whose group has to begin with `prefix`."""
    world.tenant.tenant_settings.objects = {
        TargetType.GROUP: [BRIDGE, PREFIXED, *(group(f"Sales {n:02}", 10 + n) for n in range(30))]
    }
    pilot = CATALOG.templates[PILOT]
    asks = replace(pilot, placeholders=tuple(replace(one, prefix=prefix) for one in pilot.placeholders))
    return ObjectSearch(
        members=members or Members(),
        service=world.service,
        tenant=world.tenant,
        catalog=replace(CATALOG, templates={**CATALOG.templates, PILOT: asks}),
        clock=world.clock,
        limits=limits,
    )


async def names(search: ObjectSearch, typed: str, **where: str) -> list[str]:
    """The names that are offered."""
    asked = {"template": PILOT, "placeholder": "project_group", **where}
    return [one.name for one in (await search.find(RILEY.chat_id, typed_text=typed, **asked)).objects]


async def test_a_group_of_ours_is_found_and_the_search_is_recorded(world: World) -> None:
    assert await names(searching(world), " bridge  PRO ") == ["Bridge project"]
    (entry,) = await world.store.history()
    assert (entry.actor, entry.command, entry.outcome) == (RILEY.chat_id, SEARCH, "accepted")
    assert entry.details == {"typed": "bridge PRO", "kind": "group", "template": PILOT}


async def test_ten_are_offered_at_most(world: World) -> None:
    assert len(await names(searching(world), "Sales")) == 10


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("Br", {}),
        ("  B  ", {}),
        ("Bridge", {"template": "merger"}),
        ("Bridge", {"template": "gone"}),
        ("Bridge", {"placeholder": "other"}),
        ("Bridge", {"placeholder": "pilot_group"}),
    ],
    ids=["two characters", "spaces", "no such field", "no such template", "no such placeholder", "an ID of theirs"],
)
async def test_nothing_is_searched_that_no_template_asks_for(world: World, typed: str, where: dict[str, str]) -> None:
    assert await names(searching(world), typed, **where) == []
    assert world.tenant.tenant_settings.searched == []
    assert await world.log() == []


async def test_who_is_no_full_member_searches_nothing(world: World) -> None:
    search = searching(world)
    with pytest.raises(Refused):
        await search.find(MALLORY.chat_id, PILOT, "project_group", "Bridge")
    assert world.tenant.tenant_settings.searched == []


async def test_a_template_with_a_prefix_offers_no_other_names(world: World) -> None:
    search = searching(world, prefix="prj-")
    assert await names(search, "Bridge") == ["PRJ-Bridge"], "the prefix need not be typed"
    assert await names(search, "PRJ-Br") == ["PRJ-Bridge"]
    assert await names(search, "Sales") == []
    assert [begins for _, begins in world.tenant.tenant_settings.searched] == ["prj-Bridge", "PRJ-Br", "prj-Sales"]


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("surroundings.find_by_prefix", TenantUnavailable("No answer.")),
        ("members", PeopleDirectoryUnavailable("No answer.")),
    ],
)
async def test_what_does_not_answer_gives_nothing_and_no_error(world: World, method: str, error: Exception) -> None:
    members = Members()
    members.error = error if method == "members" else None
    world.script.fail(method, error)
    assert await searching(world, members=members).find(RILEY.chat_id, PILOT, "project_group", "Bridge") == NO_RESULT


async def test_who_answers_too_late_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_search, "TIMEOUT_SECONDS", 0.01)

    async def hangs() -> None:
        await asyncio.Event().wait()

    world.script.during_next_call("surroundings.find_by_prefix", hangs)
    async with asyncio.timeout(LONGEST_WAIT):
        assert await names(searching(world), "Bridge") == []


async def test_a_missing_permission_is_named_so_that_the_id_is_typed(world: World) -> None:
    error = TenantRefused(403, "Authorization_RequestDenied", "Needs the permission GroupMember.Read.All.")
    world.script.fail("surroundings.find_by_prefix", error)
    found = await searching(world).find(RILEY.chat_id, PILOT, "project_group", "Bridge")
    assert found.problem is not None
    assert found.problem.code == RefusalCode.NAME_SEARCH_REFUSED
    assert "GroupMember.Read.All" in fact_words(found.problem)


async def test_searches_are_limited_for_each_person(world: World) -> None:
    limits = Limits(store=world.store, alarms=world.alarms, clock=world.clock, maximums={LimitedAction.SEARCHES: 2})
    search = searching(world, limits=limits)
    for typed in ("Bridge", "Bridge"):
        world.clock.advance(seconds=1)
        assert await names(search, typed) == ["Bridge project"]
    world.clock.advance(seconds=1)
    found = await search.find(RILEY.chat_id, PILOT, "project_group", "Bridge")
    assert found.objects == ()
    assert found.problem is not None
    assert (found.problem.code, found.problem.values["what"]) == (RefusalCode.LIMIT_REACHED, "searches")
    assert await world.refusals() == [(RILEY.chat_id, "limit_reached")]
    assert len(world.tenant.tenant_settings.searched) == 2
    assert (await search.find(AMARA.chat_id, PILOT, "project_group", "Bridge")).objects == [BRIDGE]

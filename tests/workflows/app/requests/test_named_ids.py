"""A name in place of an ID of ours: looked up, shown before it is sent, never guessed; the partner's are asked for."""

from dataclasses import replace
from typing import Any

import pytest

from bot.words.found_object import found_words
from bot.words.refusals.words import fact_words
from tests.workflows.core.builders import MALLORY
from tests.workflows.world import CATALOG, World, filled_form
from workflows.app.requests.intake import Form, InvalidForm
from workflows.app.requests.named_ids import MOST_NAMES, NamesToShow, look_up_names
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.template import Template
from workflows.core.settings.directory_objects import Owner
from workflows.core.settings.model import TargetType
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import FoundObject, ObjectKind

THEIRS, THEIR_APP = (f"5f0a1b2c-000{n}-4d3e-8f90-a1b2c3d4e5f6" for n in (1, 2))
FIELD = "hole_project_group"
PILOT = CATALOG.templates["regulated-project"]


def group(name: str, number: int, mail: str = "") -> FoundObject:
    return FoundObject(
        id=f"9c0ffee0-{number:04}-4000-8000-00000000{number:04}", name=name, mail=mail, kind=ObjectKind.SECURITY_GROUP
    )


BRIDGE = group("Bridge project", 1, "bridge@woodgrove.com")


@pytest.fixture(autouse=True)
def directory(world: World) -> None:
    """A few groups of ours; the partner's are nobody's here."""
    world.tenant.tenant_settings.names = {THEIRS: None, THEIR_APP: None}
    found = [BRIDGE, group("Finance", 2, "finance@woodgrove.com"), group("Finance", 3)]
    found += [group(f"Sales {n}", 10 + n) for n in range(9)]
    world.tenant.tenant_settings.objects = {TargetType.GROUP: found}


def form(typed: str, **changes: Any) -> Form:
    """A whole form with something typed into the field of a group of ours."""
    placeholders = {"project_group": typed, "pilot_group": THEIRS, "partner_application": THEIR_APP}
    return filled_form(**{"template": "regulated-project", "days": 90, "placeholders": placeholders, **changes})


async def refused(world: World, typed: str, **changes: Any) -> str:
    """What is said at the field."""
    with pytest.raises(InvalidForm) as caught:
        await world.intake.file(form(typed, **changes), key=world.key())
    assert await world.all_requests() == []
    return fact_words(caught.value.problems[FIELD])


@pytest.mark.parametrize("typed", ["Bridge project", " bridge  PROJECT ", "Bridge"])
async def test_the_one_group_of_a_name_is_shown_first_and_then_sent_by_its_id(world: World, typed: str) -> None:
    with pytest.raises(NamesToShow) as caught:
        await world.intake.file(form(typed), key="first")
    assert caught.value.found == {"project_group": BRIDGE}
    assert await world.all_requests() == []
    request_id = await world.intake.file(form(typed, shown={"project_group": BRIDGE.id}), key="second")
    assert (await world.request(request_id)).particulars.placeholders["project_group"] == BRIDGE.id
    assert len(world.tenant.tenant_settings.searched) == 1, "what was shown is not searched for again"


async def test_what_a_name_was_taken_for_is_said_by_name_and_id() -> None:
    placeholder = next(placeholder for placeholder in PILOT.placeholders if placeholder.name == "project_group")
    assert found_words(placeholder, BRIDGE) == (
        f"{placeholder.label}: group “Bridge project” (security group, bridge@woodgrove.com), ID {BRIDGE.id}"
    )


async def test_several_of_one_name_are_listed_with_what_tells_them_apart_and_none_is_taken(world: World) -> None:
    said = await refused(world, "Finance")
    assert (
        "More than one group has such a name: “Finance” (security group, finance@woodgrove.com, ID ends in 0002)"
        in said
    )
    assert "“Finance” (security group, ID ends in 0003)" in said
    assert "Copy the Object ID from Entra admin center" in said


async def test_no_more_than_five_are_listed(world: World) -> None:
    said = await refused(world, "Sales")
    assert said.count("“Sales") == 5
    assert "; and more." in said


async def test_none_is_said_with_where_the_id_stands(world: World) -> None:
    said = await refused(world, "Nobody's “group”")
    assert 'Our directory has no group whose name is or begins with “Nobody\'s "group"”' in said
    assert "Copy the Object ID from Entra admin center" in said


async def test_two_letters_are_too_few_and_nothing_is_searched_for(world: World) -> None:
    assert "at least 3 characters" in await refused(world, "Br")
    assert world.tenant.tenant_settings.searched == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TenantUnavailable("No answer."), "does not answer now. Try again, or type the ID."),
        (TenantRefused(403, "x", "Needs GroupMember.Read.All."), "Needs GroupMember.Read.All. Type the ID."),
    ],
)
async def test_what_cannot_be_searched_now_has_to_be_an_id(world: World, error: Exception, words: str) -> None:
    world.script.fail("surroundings.find_by_name", error)
    assert words in await refused(world, "Bridge project")


async def test_who_is_no_full_member_searches_nothing(world: World) -> None:
    world.directory.refusals[MALLORY.chat_id] = Refused(RefusalCode.WORKSPACE_GUEST)
    assert "This is not an ID" in await refused(world, "Bridge", requester=MALLORY.chat_id)
    assert world.tenant.tenant_settings.searched == []


async def test_the_partners_id_is_asked_of_the_partner_with_a_text_to_send(world: World) -> None:
    placeholders = {"project_group": BRIDGE.id, "pilot_group": "Their pilots", "partner_application": THEIR_APP}
    with pytest.raises(InvalidForm) as caught:
        await world.intake.file(form("", placeholders=placeholders), key="x")
    (said,) = map(fact_words, caught.value.problems.values())
    assert "Only the partner can tell you" in said
    assert "Ask them: “Please send us the Object ID of your group" in said
    assert world.tenant.tenant_settings.searched == []


async def test_no_more_than_a_few_names_of_one_form_are_searched_for(world: World) -> None:
    usual = next(placeholder for placeholder in PILOT.placeholders if placeholder.owner is Owner.OURS)
    many: Template = replace(PILOT, placeholders=tuple(replace(usual, name=f"h{n}") for n in range(MOST_NAMES + 2)))
    typed = {placeholder.name: "Bridge project" for placeholder in many.placeholders}
    names = await look_up_names(many, typed, tenant=world.tenant, timeout_seconds=1)
    assert len(world.tenant.tenant_settings.searched) == len(names.found) == MOST_NAMES
    assert names.problems.keys() == {f"h{MOST_NAMES}", f"h{MOST_NAMES + 1}"}


async def test_other_problems_are_said_before_a_name_is_shown(world: World) -> None:
    with pytest.raises(InvalidForm) as caught:
        await world.intake.file(form("Bridge project", justification=""), key="x")
    assert caught.value.problems.keys() == {"justification"}

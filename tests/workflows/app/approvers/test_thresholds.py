"""A stage that asks for more people than its role has is refused in the form, at its field, and never waits."""

from dataclasses import replace

import pytest

from bot.words.refusals.sentences import fact_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE
from tests.workflows.world import CATALOG, World, restarted
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.refusal_codes import RefusalCode


async def refused(world: World) -> dict[str, object]:
    """Send the form; return the values of the refusal, and its sentence."""
    with pytest.raises(InvalidForm) as invalid:
        await world.file()
    [(field, problem)] = invalid.value.problems.items()
    assert (field, problem.code) == ("template", RefusalCode.STAGE_WITHOUT_PEOPLE)
    assert await world.all_requests() == []
    return {**problem.values, "sentence": fact_words(problem)}


async def test_a_threshold_that_is_larger_than_the_group(world: World) -> None:
    template = CATALOG.templates["trusted-partner"]
    first, second = template.stages
    larger = replace(template, stages=(first, replace(second, quorum=3)))
    catalog = replace(CATALOG, templates={**CATALOG.templates, template.name: larger})
    async with restarted(world, catalog=catalog) as again:
        values = await refused(again)
    assert (values["stage"], values["needed"], values["left"]) == (second.title, 3, 2)
    assert "Ask an admin to add people" in str(values["sentence"])


async def test_an_empty_group(world: World) -> None:
    for person in (BRUNO, CHIE):
        world.directory.assign(person, "")
    values = await refused(world)
    assert (values["needed"], values["left"]) == (2, 0)


async def test_one_person_in_two_groups_counts_once(world: World) -> None:
    """Amara is the only one for security, and would be the second data owner as well."""
    world.directory.assign(AMARA, "security data-owner")
    world.directory.assign(CHIE, "")
    values = await refused(world)
    assert (values["needed"], values["left"]) == (2, 1)

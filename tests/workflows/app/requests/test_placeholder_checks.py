"""Ids of ours typed into the form: unknown ones are said at their field, unread ones are left to preparing."""

import pytest

from bot.words.findings.finding import finding_words
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import note_words
from tests.workflows.fakes import FakeSurroundings
from tests.workflows.world import CATALOG, World
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.placeholder_checks import unknown_ids
from workflows.core.checks.findings import FindingCode, Severity
from workflows.core.requests.request import RequestState
from workflows.ports.tenant import TenantRefused, TenantUnavailable

OURS, THEIRS, THEIR_APP = (f"5f0a1b2c-000{n}-4d3e-8f90-a1b2c3d4e5f6" for n in range(3))
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
HOLES = {"project_group": OURS, "pilot_group": THEIRS, "partner_application": THEIR_APP}


@pytest.fixture(autouse=True)
def unknown_members(world: World) -> None:
    """Our directory has nobody with the partner's ids; otherwise the simulator knows everybody."""
    world.tenant.tenant_settings.names = {THEIRS: None, THEIR_APP: None}


async def problems(world: World, template: str = "regulated-project", **placeholders: str) -> dict[str, str]:
    """What the form would say."""
    found = await unknown_ids(CATALOG.templates[template], placeholders, tenant=world.tenant, timeout_seconds=0.1)
    return {field: fact_words(one) for field, one in found.items()}


async def test_every_id_is_asked_for_of_which_our_directory_can_tell(world: World) -> None:
    assert await problems(world, **HOLES) == {}
    assert world.script.calls == ["surroundings.name_of"] * 2, "not their application, which may be in both tenants"
    assert await problems(world, "contractor-portal", portal_application=SHAREPOINT) == {}
    assert world.script.calls == ["surroundings.name_of"] * 2, "Microsoft's own need not be in use here yet"


async def test_a_group_of_ours_in_the_partners_field_is_refused_there(world: World) -> None:
    world.tenant.tenant_settings.names = {THEIRS: "Finance “all”", THEIR_APP: "Their portal"}
    with pytest.raises(InvalidForm) as caught:
        await world.file(template="regulated-project", days=90, placeholders=HOLES)
    assert {name: fact_words(one) for name, one in caught.value.problems.items()} == {
        "hole_pilot_group": 'This is our own group “Finance "all"”. Ask the partner for the ID of their group.'
    }
    assert await world.all_requests() == []


async def test_a_group_of_ours_in_the_partners_field_that_was_not_seen_in_time_is_refused_later(world: World) -> None:
    world.tenant.tenant_settings.names = {THEIRS: "Finance"}
    world.script.fail("surroundings.name_of", TenantUnavailable("No answer."), times=2)
    request = await world.settled(await world.file(template="regulated-project", days=90, placeholders=HOLES))
    assert request.state is RequestState.UNFIT
    assert f"Group {THEIRS} (“Pilot group of the partner” on the form) is “Finance” in this tenant" in note_words(
        request.note
    )


async def test_an_unknown_id_is_said_at_its_field_and_nothing_is_filed(world: World) -> None:
    world.tenant.tenant_settings.names |= {OURS: None}
    assert (await problems(world, **HOLES)).keys() == {"hole_project_group"}
    with pytest.raises(InvalidForm) as caught:
        await world.file(template="regulated-project", days=90, placeholders=HOLES)
    assert caught.value.problems.keys() == {"hole_project_group"}
    assert "no group with this ID in this tenant" in fact_words(caught.value.problems["hole_project_group"])
    assert await world.all_requests() == []


@pytest.mark.parametrize("error", [TenantUnavailable("No answer."), TenantRefused(403, "x", "No.")])
async def test_what_cannot_be_read_now_is_left_to_preparing_which_refuses_it(world: World, error: Exception) -> None:
    world.tenant.tenant_settings.names |= {OURS: None}
    world.script.fail("surroundings.name_of", error, times=2)
    request_id = await world.file(template="regulated-project", days=90, placeholders=HOLES)
    request = await world.settled(request_id)
    assert request.state is RequestState.UNFIT
    assert f"There is no group {OURS} (“Project group of ours” on the form) in this tenant" in note_words(request.note)


async def test_slow_reads_are_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> str:
        raise TimeoutError

    monkeypatch.setattr(FakeSurroundings, "name_of", never)
    assert await problems(world, **HOLES) == {}


async def test_names_are_kept_with_what_was_prepared_and_unread_ones_are_said(world: World) -> None:
    world.tenant.tenant_settings.names = {OURS: "Bridge project", THEIRS: None, THEIR_APP: "Salesforce"}
    request = await world.waiting(template="regulated-project", days=90, placeholders=HOLES)
    assert request.require_prepared().names[OURS] == "Bridge project"
    by_code = {one.code: one for one in request.require_prepared().findings}
    assert "“Bridge project”" in finding_words(by_code[FindingCode.TARGETS_NAMED])
    assert by_code[FindingCode.TARGETS_IN_BOTH].severity is Severity.NOTE
    assert "“Salesforce”" in finding_words(by_code[FindingCode.TARGETS_IN_BOTH])

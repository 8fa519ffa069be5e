"""A written request comes to exactly the plan that the same request would be decided on."""

from datetime import timedelta
from typing import Any, Final

import pytest

from bot.words.findings.finding import finding_words
from bot.words.refusals.sentences import fact_words
from tests.workflows.core.builders import TENANT
from tests.workflows.world import CATALOG, World, change_as_ours
from workflows.app.requests.files.parsed_request import PlanImpossible
from workflows.app.requests.files.plan_from_file import PlannedRequest, plan_request
from workflows.catalog.request_files import RequestFile
from workflows.core.checks.findings import Severity
from workflows.core.errors.facts import Fact
from workflows.core.partners.records import Records
from workflows.ports.tenant import TenantUnavailable

ID: Final = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"


async def planned(world: World, *, records: Records | None = None, **file: Any) -> PlannedRequest:
    """Plan for Contoso, trusted, 180 days, unless told otherwise."""
    usual = {"partner": "contoso.com", "template": "trusted-partner", "duration_days": 180}
    asked = RequestFile(**{**usual, **file})
    return await plan_request(
        asked,
        tenant=world.tenant,
        records=records,
        catalog=CATALOG,
        clock=world.clock,
    )


async def impossible(world: World, **file: Any) -> dict[str, str]:
    """Why there is none."""
    with pytest.raises(PlanImpossible) as caught:
        await planned(world, **file)
    return {name: fact_words(one) for name, one in caught.value.problems.items()}


async def test_it_is_the_plan_that_people_would_decide_on(world: World) -> None:
    shown = await planned(world, records=Records())
    request = await world.waiting(template="trusted-partner", days=180)
    assert shown.plan is not None
    assert shown.digest == shown.plan.digest == request.plan.digest
    assert shown.stages == request.require_prepared().stages
    assert shown.findings == request.require_prepared().findings
    assert world.tenant.attempts == []


async def test_a_file_may_name_the_partner_as_it_is_pasted(world: World) -> None:
    usual, pasted = [await planned(world, partner=one) for one in ("contoso.com", "https://www.contoso.com/about")]
    assert usual.digest == pasted.digest
    world.tenant.tenants.clear()
    assert "Did you mean contoso.com?" not in (await impossible(world, partner="contso.com"))["partner"]


async def test_a_file_may_name_the_first_day(world: World) -> None:
    today = world.clock.now().date()
    first = today + timedelta(days=5)
    shown = await planned(world, starts_on=first)
    request = await world.waiting(template="trusted-partner", days=180, starts_on=first.isoformat())
    assert shown.digest == request.plan.digest
    assert shown.digest != (unscheduled := await planned(world)).digest
    assert (await planned(world, starts_on=today)).digest == unscheduled.digest
    for days, words in ((-1, "has passed"), (91, "at the latest")):
        assert words in (await impossible(world, starts_on=today + timedelta(days=days)))["starts_on"]
    found = await impossible(world, template="block", duration_days=None, starts_on=first)
    assert "only closes a partner" in found["starts_on"]


async def test_nothing_is_stored(world: World) -> None:
    await planned(world, records=await world.store.records())
    assert await world.all_requests() == []
    assert await world.log() == []


async def test_without_a_duration_the_templates_own_counts(world: World) -> None:
    shown = await planned(world, duration_days=None)
    assert shown.duration == CATALOG.templates["trusted-partner"].default_duration


async def test_what_is_set_already_is_nothing_to_change(world: World) -> None:
    await world.opened()
    shown = await planned(world, records=await world.store.records())
    assert (shown.plan, shown.findings, shown.stages) == (None, (), ())
    assert "To extend it now, choose 365 days." in fact_words(shown.how_to_extend or Fact(""))
    assert (await planned(world)).how_to_extend is None, "without records nobody knows who opened it, and until when"


async def test_without_records_it_says_what_could_not_be_checked(world: World) -> None:
    last = (await planned(world)).findings[-1]
    assert (last.code, last.severity) == ("records_unread", Severity.UNCHECKED)


async def test_an_open_request_is_warned_of(world: World) -> None:
    await world.waiting()
    last = (await planned(world, template="guest-collaboration", records=await world.store.records())).findings[-1]
    assert (last.code, last.severity) == ("open_request", Severity.WARNING)
    assert "This request would be refused now" in finding_words(last)


async def test_a_narrowing_needs_one_approver(world: World) -> None:
    await world.opened()
    shown = await planned(world, template="block", records=await world.store.records(), duration_days=None)
    assert [stage.quorum for stage in shown.stages] == [1]


@pytest.mark.parametrize("is_recorded", [True, False], ids=["drifted", "unknown to Gatehouse"])
async def test_a_reduction_of_a_drifted_partner_has_the_change_id_of_the_card(world: World, is_recorded: bool) -> None:
    await world.opened()
    open_to_all = world.tenant.partners[TENANT]["b2bCollaborationInbound"]
    world.tenant.edit(TENANT, b2bDirectConnectInbound=open_to_all)
    if not is_recorded:
        await change_as_ours(world.store, "delete from partnerships")
    shown = await planned(world, template="guest-collaboration", duration_days=180, records=await world.store.records())
    request = await world.waiting(template="guest-collaboration", days=180)
    assert request.plan.kept_approval is not None
    assert shown.digest == request.plan.digest
    assert shown.findings == request.require_prepared().findings


async def test_every_problem_of_the_file_is_said_at_once(world: World) -> None:
    found = await impossible(
        world,
        partner="gmail.com",
        template="regulated-project",
        duration_days=3,
        placeholders={"x": "1", "pilot_group": "y"},
    )
    assert list(found) == [
        "partner",
        "duration_days",
        "placeholders.pilot_group",
        "placeholders.project_group",
        "placeholders.partner_application",
        "placeholders.x",
    ]
    assert "this placeholder" in (await impossible(world, placeholders={"x": "1"}))["placeholders.x"]
    assert "It has none." in (await impossible(world, placeholders={"x": "1"}))["placeholders.x"]


@pytest.mark.parametrize(
    ("template", "words"),
    [("revoke", "/partner revoke"), ("restore", "/partner restore"), ("nonsense", "There are: ")],
)
async def test_what_is_out_of_a_files_reach(world: World, template: str, words: str) -> None:
    assert words in (await impossible(world, template=template))["template"]


async def test_a_tenant_that_does_not_exist_or_is_no_partner(world: World) -> None:
    assert "nobody.example" in (await impossible(world, partner="nobody.example"))["partner"]
    world.tenant.edit(TENANT, isServiceProvider=True)
    assert "service provider" in (await impossible(world))["partner"]


async def test_a_template_that_breaks_a_rule_is_said_at_the_template(world: World) -> None:
    """What cannot be read counts as open, so that the chain of a small template is too weak for it."""
    world.tenant.edit(TENANT, b2bCollaborationInbound="of unknown shape")
    assert set(await impossible(world, template="guest-collaboration", duration_days=None)) == {"template"}


async def test_a_value_without_an_exact_form_makes_no_plan(world: World) -> None:
    """A single surrogate has no exact form and no hash, so nobody could approve exactly that."""
    world.tenant.edit(TENANT, odd="\ud800")
    assert "no exact JSON form" in (await impossible(world))["partner"]


async def test_placeholders_are_filled_in(world: World) -> None:
    template = CATALOG.templates["regulated-project"]
    placeholders = {placeholder.name: ID for placeholder in template.placeholders}
    placeholders["pilot_group"] = theirs = ID.replace("1b4f", "2b4f")
    world.tenant.tenant_settings.names = {theirs: None}
    shown = await planned(world, template=template.name, duration_days=None, placeholders=placeholders)
    assert shown.plan is not None
    assert ID in str(shown.plan.operations)


async def test_entra_out_of_reach_is_no_plan(world: World) -> None:
    world.script.fail("tenant.read_partner", TenantUnavailable("no answer"))
    with pytest.raises(TenantUnavailable):
        await planned(world)

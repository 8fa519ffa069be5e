"""The fields that need no answer: the day of the end, the ticket, and the names that a template allows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA
from tests.workflows.world import CATALOG, World, filled_form
from workflows.app.requests.forms import InvalidForm
from workflows.core.policy.template import Template, TicketRule
from workflows.core.requests.request import RequestState
from workflows.ports.tenant import TenantRefused

GUESTS = CATALOG.templates["guest-collaboration"]
PORTAL_ID = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"


async def problems(world: World, template: Template = GUESTS, **form: Any) -> dict[str, str]:
    """What is wrong, as codes by field; empty when it is filed."""
    intake = replace(world.intake, catalog=replace(CATALOG, templates={**CATALOG.templates, template.name: template}))
    try:
        await intake.file(filled_form(**{"template": template.name, "days": 180, **form}), key=world.key())
    except InvalidForm as error:
        return {name: fact.code for name, fact in error.problems.items()}
    return {}


# --- the day of the end ---


async def test_access_ends_with_the_day_that_was_chosen_whenever_it_is_approved(world: World) -> None:
    last = world.clock.now().date() + timedelta(days=40)
    request_id = await world.file(template="guest-collaboration", ends_on=last.isoformat(), days=180)
    request = await world.settled(request_id)
    ends_at = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC)
    assert (request.fields.ends_at, request.fields.duration) == (ends_at, timedelta(days=40))
    assert request.plan.ends_at == ends_at
    assert request.plan.digest != replace(request.plan, ends_at=None).digest
    world.clock.advance(days=5)
    await world.approve(request, AMARA)
    partner = await world.store.partnership(request.plan.tenant_id)
    assert partner is not None
    assert partner.ends_at == ends_at
    entry = next(one for one in await world.store.history(limit=100) if one.command == "submit")
    assert entry.details["ends_at"] == ends_at.isoformat()


async def test_a_request_expires_no_later_than_the_access_would_end(world: World) -> None:
    last = world.clock.now().date() + timedelta(days=2)
    request = await world.waiting(template="guest-collaboration", ends_on=last.isoformat())
    assert request.expires_at == request.fields.ends_at
    assert request.expires_at < request.created_at + GUESTS.decide_within


@pytest.mark.parametrize(
    ("days", "code"),
    [(-1, "end_date_passed"), (0, "end_date_passed"), (1, ""), (365, ""), (366, "end_date_too_late")],
)
async def test_the_day_is_after_today_and_within_the_longest_duration(world: World, days: int, code: str) -> None:
    day = (world.clock.now().date() + timedelta(days=days)).isoformat()
    assert await problems(world, ends_on=day) == ({"end_date": code} if code else {})


async def test_no_date_is_accepted_where_the_template_wants_a_duration(world: World) -> None:
    merger = replace(CATALOG.templates["merger"], may_end_on_date=False)
    day = (world.clock.now().date() + timedelta(days=9)).isoformat()
    assert await problems(world, merger, ends_on=day) == {"duration": "end_date_wrong"}
    assert await problems(world, ends_on="soon") == {"end_date": "end_date_wrong"}


@pytest.mark.parametrize("name", sorted(CATALOG.templates.keys() - {"block"}))
async def test_every_shipped_template_that_ends_takes_a_day_up_to_its_longest_duration(world: World, name: str) -> None:
    template, today = CATALOG.templates[name], world.clock.now().date()
    assert template.may_end_on_date
    for days, said in ((1, None), (template.longest.days, None), (template.longest.days + 1, "end_date_too_late")):
        found = await problems(world, template, ends_on=(today + timedelta(days=days)).isoformat())
        assert found.get("end_date") == said
        assert "duration" not in found


async def test_a_block_needs_no_duration_and_takes_no_day(world: World) -> None:
    """A block has no end: its form shows no field for it. What is stored is the template's own duration, as before."""
    block = CATALOG.templates["block"]
    request = await world.settled(await world.file(template="block", days=0))
    assert (request.fields.duration, request.fields.ends_at) == (block.default_duration, None)
    day = (world.clock.now().date() + timedelta(days=9)).isoformat()
    assert (await problems(world, block, ends_on=day))["template"] == "end_date_wrong"


async def test_an_end_that_passed_while_the_request_waited_is_said_and_nothing_is_planned(world: World) -> None:
    last = world.clock.now().date() + timedelta(days=1)
    request_id = await world.file(template="guest-collaboration", ends_on=last.isoformat())
    world.clock.advance(days=3)
    request = await world.settled(request_id)
    assert request.state is RequestState.UNFIT
    assert [fact.code for fact in request.note] == ["end_date_passed"]


# --- the ticket ---

TICKETED = replace(GUESTS, ticket=TicketRule(pattern=r"PRJ-\d{4}", hint="As in PRJ-1234."))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("PRJ-1234", ""),
        (" PRJ-1234 ", ""),
        ("", "ticket_missing"),
        ("PRJ-12345", "ticket_wrong"),
        ("x PRJ-1234", "ticket_wrong"),
        ("P" * 5000, "ticket_wrong"),
    ],
)
async def test_a_ticket_is_checked_against_the_whole_pattern(world: World, typed: str, code: str) -> None:
    assert await problems(world, TICKETED, ticket=typed) == ({"ticket": code} if code else {})


async def test_a_ticket_is_stored_and_one_that_nobody_asked_for_is_not(world: World) -> None:
    assert await problems(world, TICKETED, ticket=" PRJ-1234 ") == {}
    (request,) = await world.all_requests()
    assert request.fields.ticket == "PRJ-1234"
    (entry,) = [one for one in await world.store.history(limit=100) if one.command == "submit"]
    assert entry.details["ticket"] == "PRJ-1234"


async def test_an_optional_ticket_may_stay_empty(world: World) -> None:
    assert TICKETED.ticket is not None
    optional = replace(TICKETED, ticket=replace(TICKETED.ticket, is_required=False))
    assert await problems(world, optional, ticket="nonsense") == {"ticket": "ticket_wrong"}
    assert await problems(world, optional, ticket="") == {}


async def test_a_ticket_is_dropped_where_no_template_asks_for_it(world: World) -> None:
    assert await problems(world, ticket="anything") == {}
    (request,) = await world.all_requests()
    assert request.fields.ticket == ""


# --- names that a template allows ---


async def test_an_id_outside_the_allowed_names_is_refused_at_its_field(world: World) -> None:
    """Also when it was typed, and when nothing shows what it is called."""
    portal = CATALOG.templates["contractor-portal"]
    asks = replace(portal, placeholders=tuple(replace(one, prefix="Portal ") for one in portal.placeholders))
    typed = {"days": 90, "placeholders": {"portal_application": PORTAL_ID}}
    names = world.tenant.tenant_settings.names
    names[PORTAL_ID] = "Payroll"
    assert await problems(world, asks, **typed) == {"hole_portal_application": "name_outside_prefix"}
    names[PORTAL_ID] = "PORTAL of partners"
    world.script.fail("surroundings.name_of", TenantRefused(403, "x", "Needs Application.Read.All."))
    assert await problems(world, asks, **typed) == {"hole_portal_application": "name_unread"}
    microsofts = {"days": 90, "placeholders": {"portal_application": "00000003-0000-0000-c000-000000000000"}}
    assert await problems(world, asks, **microsofts) != {}
    assert await problems(world, asks, **typed) == {}

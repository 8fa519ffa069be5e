"""The field for the day on which an access starts: what it accepts, and what keeps it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, RILEY
from tests.workflows.world import CATALOG, World, filled_form
from workflows.app.requests.edits.editing import RequestEditor
from workflows.app.requests.edits.less_access import LessAccess, unchanged
from workflows.app.requests.field_checks import LATEST_START
from workflows.app.requests.forms import EditedRequest, Form, InvalidForm, refill
from workflows.core.requests.request import AccessRequest

GUESTS = CATALOG.templates["guest-collaboration"]


def day(world: World, days: int) -> str:
    return (world.clock.now().date() + timedelta(days=days)).isoformat()


async def problems(world: World, **form: Any) -> dict[str, str]:
    """What is wrong, as codes by field; empty when it is filed."""
    try:
        await world.intake.file(filled_form(**{"template": "guest-collaboration", **form}), key=world.key())
    except InvalidForm as error:
        return {name: fact.code for name, fact in error.problems.items()}
    return {}


async def asked(world: World, **form: Any) -> AccessRequest:
    return await world.waiting(**{"template": "guest-collaboration", "starts_on": day(world, 5), **form})


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (-1, "start_date_passed"),
        (0, ""),
        (1, ""),
        (LATEST_START.days, ""),
        (LATEST_START.days + 1, "start_date_too_late"),
    ],
)
async def test_the_day_is_not_in_the_past_and_not_too_far_ahead(world: World, days: int, code: str) -> None:
    assert await problems(world, starts_on=day(world, days)) == ({"start_date": code} if code else {})


async def test_a_text_that_is_no_day_is_refused_at_its_field(world: World) -> None:
    assert await problems(world, starts_on="soon") == {"start_date": "start_date_no_day"}


async def test_it_starts_before_its_last_day_and_both_limits_count_from_the_start(world: World) -> None:
    start, longest = day(world, 5), GUESTS.longest.days
    for last, found in (
        (4, {"start_date": "start_after_end"}),
        (5, {"start_date": "start_after_end"}),
        (5 + longest + 1, {"end_date": "end_date_too_late"}),
        (0, {"end_date": "end_date_passed"}),
    ):
        assert await problems(world, starts_on=start, ends_on=day(world, last)) == found
    request = await asked(world, ends_on=day(world, 5 + longest))
    assert request.fields.duration == GUESTS.longest


async def test_the_start_is_the_beginning_of_the_day_and_part_of_the_plan(world: World) -> None:
    request = await asked(world)
    start = datetime.combine(NOW.date() + timedelta(days=5), datetime.min.time(), UTC)
    assert request.fields.starts_at == request.plan.starts_at == start
    assert request.plan.digest != replace(request.plan, starts_at=None).digest
    entry = next(one for one in await world.store.history(limit=100) if one.command == "submit")
    assert entry.details["starts_at"] == start.isoformat()


async def test_today_means_when_it_is_approved(world: World) -> None:
    request = await asked(world, starts_on=day(world, 0))
    assert (request.fields.starts_at, request.plan.starts_at) == (None, None)


async def test_a_block_takes_no_start(world: World) -> None:
    assert (await problems(world, template="block", days=0, starts_on=day(world, 3)))["template"] == "start_date_wrong"


async def test_an_edit_keeps_and_changes_the_start(world: World) -> None:
    request = await asked(world)
    form = refill(request, RILEY.chat_id, CATALOG, world.clock.now()).form
    assert form.starts_on == day(world, 5)
    edited = EditedRequest(request_id=request.id, digest=request.plan.digest)
    kept = replace(form, justification="Two more sites", edited_request=edited)
    await _edit(world, kept)
    again = await world.settled(request.id)
    assert again.plan.starts_at == request.plan.starts_at
    edited = EditedRequest(request_id=again.id, digest=again.plan.digest)
    await _edit(world, replace(kept, starts_on=day(world, 9), edited_request=edited))
    later = await world.settled(request.id)
    assert later.plan.starts_at == NOW.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=9)
    entry = next(one for one in await world.store.history(limit=100) if one.command == "edit")
    assert "starts_at" in entry.details["changed"]


async def _edit(world: World, form: Form) -> None:
    await RequestEditor(intake=world.intake).edit(form, key=world.key())


async def test_a_day_that_has_come_is_not_filled_in_again(world: World) -> None:
    request = await asked(world, ends_on=day(world, 60))
    later = refill(request, RILEY.chat_id, CATALOG, NOW + timedelta(days=6)).form
    assert (later.starts_on, later.ends_on) == ("", day(world, 60))


async def test_a_proposal_to_ask_for_less_keeps_the_start(world: World) -> None:
    request = await asked(world, days=180)
    less = replace(unchanged(request), days=90)
    choices = await _less_access(world).choices(request)
    assert timedelta(days=90) in choices.durations
    fields, _, plan = await _less_access(world)._fields_and_proof(request, less)
    assert fields.starts_at == plan.starts_at == request.plan.starts_at


def _less_access(world: World) -> LessAccess:
    return LessAccess(
        store=world.store, tenant=world.tenant, directory=world.directory, catalog=CATALOG, clock=world.clock
    )


async def test_a_start_after_the_present_access_is_blocked_is_refused(world: World) -> None:
    """The plan would be made for settings that Gatehouse itself replaces before."""
    opened = await world.opened()
    record = await world.store.partnership(opened.plan.tenant_id)
    assert record is not None
    assert record.ends_at is not None
    world.clock.moment = record.ends_at - timedelta(days=10)
    found = await problems(world, template="trusted-partner", days=365, starts_on=day(world, 15))
    assert found == {"start_date": "start_after_block"}
    assert await problems(world, template="trusted-partner", days=365, starts_on=day(world, 5)) == {}

"""Editing: checked as when it is filed, and refused where that cannot be done now: the request that waits stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.refusals.sentences import fact_words
from tests.workflows.core.builders import AMARA, BRUNO, NOW, RILEY, SAM
from tests.workflows.world import CATALOG, World, filled_form
from workflows.app.alarms import Alarms
from workflows.app.limits import LimitedAction, Limits
from workflows.app.requests.edits.editing import RequestEditor
from workflows.app.requests.forms import EditedRequest, Form, InvalidForm, RefillCode, refill
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable


def edit_of(request: AccessRequest, actor: Person = RILEY, **changes: Any) -> Form:
    """The form that edits a request, as it is filled in, with some fields changed."""
    form = refill(request, actor.chat_id, CATALOG, NOW).form
    edits = EditedRequest(request_id=request.id, digest=request.plan.digest)
    return replace(form, edited_request=edits, **changes)


async def problems(world: World, form: Form) -> dict[str, str]:
    """What the form of an edit answers."""
    with pytest.raises(InvalidForm) as caught:
        await RequestEditor(intake=world.intake).edit(form, key=world.key())
    return {name: fact_words(one) for name, one in caught.value.problems.items()}


async def test_an_edit_is_planned_and_decided_again_in_the_same_request(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    request = await world.request(request.id)
    form = edit_of(request, justification="Another project")
    for _ in range(2):  # delivered twice
        await RequestEditor(intake=world.intake).edit(form, key="edit-1")
    again = await world.settled(request.id)
    assert (again.state, again.round, len(again.edits)) == (RequestState.AWAITING_APPROVAL, 1, 1)
    assert (again.decisions, len(again.void_decisions)) == ((), 1)
    assert again.fields == replace(request.fields, justification="Another project")
    assert again.plan == replace(request.plan, edition=1)
    assert [one.id for one in await world.all_requests()] == [request.id]
    await world.approve(request, BRUNO)
    assert (await world.request(request.id)).decisions == ()


async def test_what_is_wrong_is_said_at_the_field_and_of_the_partner_at_the_template(world: World) -> None:
    request = await world.waiting()
    assert await problems(world, edit_of(request)) == {
        "template": "Nothing is different from the request that waits. Change something, or leave it as it is."
    }
    found = await problems(world, edit_of(request, justification=" ", days=1))
    assert set(found) == {"justification", "duration"}
    found = await problems(world, edit_of(request, sponsor=ChatId("U-NOBODY"), justification="More"))
    assert set(found) == {"sponsor"}
    assert await world.request(request.id) == request


async def test_a_partner_that_cannot_be_read_now_is_not_edited(world: World) -> None:
    request = await world.waiting()
    world.script.fail("tenant.find", TenantUnavailable("Microsoft Graph does not answer."), times=9)
    found = await problems(world, edit_of(request, justification="More"))
    assert found["template"].startswith("An answer from the chat system or Microsoft Entra is missing")
    assert await world.request(request.id) == request


async def test_what_is_wrong_with_the_partner_is_said_at_a_field_that_is_there(world: World) -> None:
    request = await world.waiting()
    world.script.fail("tenant.find", TenantRefused(403, "x", "Insufficient privileges."), times=9)
    assert set(await problems(world, edit_of(request, justification="More"))) == {"template"}


async def test_nobody_unknown_edits(world: World) -> None:
    request = await world.waiting()
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("Slack does not answer."), times=9)
    found = await problems(world, edit_of(request, justification="More"))
    assert set(found) == {"template"}
    assert await world.request(request.id) == request


@pytest.mark.parametrize("someone", [SAM, AMARA])
async def test_only_the_requester_opens_and_sends_an_edit(world: World, someone: Person) -> None:
    request = await world.waiting()
    editing = RequestEditor(intake=world.intake)
    for asked in (
        editing.require_editable(request.id, someone.chat_id),
        editing.edit(edit_of(request, someone, justification="More"), key="k"),
    ):
        with pytest.raises(Refused) as refused:
            await asked
        assert refused.value.fact == Fact(RefusalCode.NOT_THE_REQUESTER, {"edits": True})
    assert await editing.require_editable(request.id, RILEY.chat_id) == request


async def test_what_nobody_knows_and_what_is_closed_cannot_be_edited(world: World) -> None:
    editing = RequestEditor(intake=world.intake)
    with pytest.raises(Refused) as refused:
        await editing.require_editable(RequestId("R-AAAAAAAAAA"), RILEY.chat_id)
    assert refused.value.code == RefusalCode.UNKNOWN_REQUEST
    request = await world.waiting()
    await world.service.withdraw(request.id, RILEY.chat_id, key="w")
    for asked in (
        editing.require_editable(request.id, RILEY.chat_id),
        editing.edit(edit_of(request, days=30), key="k"),
    ):
        with pytest.raises(Refused) as refused:
            await asked
        assert refused.value.code == RefusalCode.NOT_POSSIBLE_IN_THIS_STATE
    await editing.edit(filled_form(requester=RILEY.chat_id), key="k2")  # a form that edits nothing


async def test_edits_count_as_requests_of_the_hour(world: World) -> None:
    request = await world.waiting()
    most = dict.fromkeys(LimitedAction, 2)
    alarms = Alarms(store=world.store, clock=world.clock, wake=lambda: None)
    limits = Limits(store=world.store, alarms=alarms, clock=world.clock, maximums=most)
    editing = RequestEditor(intake=replace(world.intake, limits=limits))
    await editing.edit(edit_of(request, justification="One"), key="k1")
    request = await world.settled(request.id)
    with pytest.raises(InvalidForm) as caught:
        await editing.edit(edit_of(request, justification="Two"), key="k2")
    assert caught.value.problems["template"].code == RefusalCode.LIMIT_REACHED


async def test_a_form_from_an_earlier_request_notes_what_is_different_today(world: World) -> None:
    request = await world.waiting()
    same = refill(request, RILEY.chat_id, CATALOG, NOW)
    assert (same.notes, same.form) == ({}, filled_form(requester=RILEY.chat_id))
    template = CATALOG.templates[request.fields.template]
    others = {name: one for name, one in CATALOG.templates.items() if name != template.name}
    gone = refill(request, RILEY.chat_id, replace(CATALOG, templates=others), NOW)
    assert gone.notes == {"template": Fact(RefillCode.TEMPLATE_GONE, {"template": template.title})}
    other = replace(template, content_hash="other", durations=(timedelta(days=90),))
    changed = refill(request, RILEY.chat_id, replace(CATALOG, templates={**others, other.name: other}), NOW)
    assert changed.notes == {
        "template": Fact(RefillCode.TEMPLATE_CHANGED, {"template": template.title}),
        "duration": Fact(RefillCode.DURATION_GONE, {"template": template.title, "days": 180}),
    }


async def test_a_chosen_day_is_filled_in_while_it_can_be_chosen(world: World) -> None:
    request = await world.waiting(template="guest-collaboration", ends_on="2027-04-30", ticket="PRJ-1")
    form = refill(request, RILEY.chat_id, CATALOG, NOW).form
    assert (form.ends_on, form.days) == ("2027-04-30", 0)
    later = refill(request, RILEY.chat_id, CATALOG, NOW + timedelta(days=90))
    assert later.form.ends_on == ""
    assert later.notes == {"end_date": Fact(RefillCode.END_DATE_OVER, {"day": "2027-04-30"})}


async def test_what_was_never_prepared_is_filled_in_without_names(world: World) -> None:
    request = await world.request(await world.file())
    assert refill(request, SAM.chat_id, CATALOG, NOW).form == filled_form(requester=SAM.chat_id)

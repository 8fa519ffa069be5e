"""Who answers a review, when, and once: the sponsor of today, before the end, with one answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import AMARA, DANA, RILEY, SAM, TENANT
from tests.workflows.world import World, filled_form
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import Person
from workflows.core.policy.reviews.terms import AttestedText
from workflows.core.requests.commands.partner_record import Keep
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

LESS: Final = {"template": "guest-collaboration", "days": 90}


async def record(world: World) -> Any:
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


async def reduced(world: World, requester: Person, **form: Any) -> Any:
    """File a reduction that answers the review; return it, prepared."""
    filled = replace(filled_form(requester=requester.chat_id, **{**LESS, **form}), answers_review_of=TENANT)
    request = await world.settled(await world.intake.file(filled, key=world.key()))
    assert request.state is RequestState.AWAITING_APPROVAL, request.note
    return request


async def test_two_answers_at_once_are_one(world: World) -> None:
    """Both clicks are stored before either is checked."""
    await world.opened()
    await world.review()
    for person, reason in ((SAM, "The bridge project runs until March"), (DANA, "Audit of the bridge until June")):
        keep = Keep(actor=person.chat_id, tenant_id=TENANT, reason=reason, attests=AttestedText.EVERYBODY_USES_MFA)
        await world.service.store_click(keep, key=world.key())
    await world.settle()
    assert [one.person for one in (await record(world)).attestations] == [SAM]
    assert await world.refusals() == [(DANA.chat_id, "not_due")]


async def test_an_answer_after_the_end_keeps_nothing(world: World) -> None:
    await world.opened()
    await world.review()
    world.clock.advance(days=400)
    await world.keep(SAM)
    assert (await world.refusals())[-1] == (SAM.chat_id, "past_its_end")
    assert (await record(world)).attestations == ()


async def test_who_was_the_sponsor_yesterday_answers_nothing(world: World) -> None:
    """Their click waits while the partner gets another sponsor."""
    await world.opened()
    world.directory.assign(SAM, "")
    await world.review()
    keep = Keep(
        actor=SAM.chat_id,
        tenant_id=TENANT,
        reason="The bridge project runs until March",
        attests=AttestedText.EVERYBODY_USES_MFA,
    )
    await world.service.store_click(keep, key=world.key())
    await world.settle(but=CheckPermission)
    stored = await record(world)
    entry = AuditEntry(
        key="handed over", at=world.clock.now(), actor="test", command="test", outcome="accepted", details={}
    )
    await world.store.commit(Commit(entry=entry, partnership=replace(stored, sponsor=DANA, version=stored.version + 1)))
    await world.settle()
    assert (await world.refusals())[-1] == (SAM.chat_id, "not_the_sponsor")
    assert (await record(world)).state is PartnershipState.REVIEW_DUE


@pytest.mark.parametrize(("person", "is_answer"), [(SAM, True), (DANA, True), (RILEY, False)])
async def test_a_reduction_answers_only_for_the_sponsor_and_admins(
    world: World, person: Person, is_answer: bool
) -> None:
    """Anybody may ask for less. A form that stood open while the sponsor changed answers no review."""
    await world.opened()
    for one in (SAM, RILEY):
        world.directory.assign(one, "")
    await world.review()
    request = await reduced(world, person)
    assert (request.fields.answers_review_of == TENANT) is is_answer
    await world.approve(request, AMARA)
    after = await record(world)
    assert (after.state is PartnershipState.ACTIVE) is is_answer
    assert [one.reduced_by for one in after.attestations] == ([request.id] if is_answer else [])


async def test_after_a_reduction_the_next_review_is_an_interval_later(world: World) -> None:
    await world.opened()
    await world.review()
    request = await reduced(world, SAM)
    await world.approve(request, AMARA)
    after = await record(world)
    answered = after.attestations[-1]
    assert answered.person == SAM
    assert after.next_review_at - answered.at <= timedelta(days=30)

"""A member opens a draft and asks for what it shows: what is offered, what is checked, and who decides."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.app.batches.many import (
    batch_of,
    configure_many,
    drafted,
    form,
    tenant_number,
)
from tests.workflows.core.builders import AMARA, MALLORY, RILEY, SAM
from tests.workflows.world import World
from workflows.app.batches.drafting import PartnerChoice, chosen_tenants
from workflows.app.requests.forms import InvalidForm
from workflows.core.batches.batch import Batch, BatchState, RowState
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.request import BatchId
from workflows.core.settings.block import BLOCK
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantUnavailable


async def draft(world: World, count: int = 2) -> Batch:
    configure_many(world, count)
    found = await drafted(world)
    assert found.batch is not None
    return found.batch


async def problems(world: World, batch: Batch, **filled: object) -> dict[str, str]:
    with pytest.raises(InvalidForm) as caught:
        await world.batch_intake().confirm(form(batch, **filled), key=world.key())
    assert (await batch_of(world, batch.id)).state is BatchState.DRAFT
    return {name: fact.code for name, fact in caught.value.problems.items()}


async def test_the_form_offers_what_every_template_offers_and_names_the_authors(world: World) -> None:
    batch = await draft(world)
    terms = await world.batch_intake().terms(batch, RILEY.chat_id, SAM.chat_id)
    assert terms.default_days in terms.days
    assert [one.chat_id for one in terms.authors] == [MALLORY.chat_id], "found by the account"
    assert terms.problem is None
    assert terms.stages


async def test_a_person_who_made_the_settings_is_not_among_those_who_can_decide(world: World) -> None:
    configure_many(world, 2, author=AMARA)
    found = await drafted(world)
    assert found.batch is not None
    terms = await world.batch_intake().terms(found.batch, RILEY.chat_id, SAM.chat_id)
    assert terms.problem is not None
    assert terms.problem.code == RefusalCode.STAGE_WITHOUT_PEOPLE
    assert await problems(world, found.batch) == {"draft": RefusalCode.STAGE_WITHOUT_PEOPLE}


async def test_what_cannot_be_read_now_is_no_problem_of_the_draft(world: World) -> None:
    batch = await draft(world)
    world.script.fail("directory.people_of", PeopleDirectoryUnavailable("no answer"))
    terms = await world.batch_intake().terms(batch, RILEY.chat_id, SAM.chat_id)
    assert (terms.problem, terms.authors) == (None, batch.authors)


async def test_a_wrong_field_stores_nothing(world: World) -> None:
    batch = await draft(world)
    wrong = {"justification": " ", "days": 1}
    assert await problems(world, batch, **wrong) == {
        "justification": RefusalCode.JUSTIFICATION_MISSING,
        "duration": RefusalCode.DURATION_NOT_OFFERED,
    }
    assert await problems(world, batch, sponsor=ChatId("U-NOBODY")) == {"sponsor": RefusalCode.SPONSOR_REFUSED}
    assert await problems(world, batch, requester=ChatId("U-NOBODY")) == {"draft": RefusalCode.NOT_EXACTLY_ONE_ACCOUNT}
    world.script.fail("directory.identify", TenantUnavailable("no answer"))
    assert await problems(world, batch) == {"draft": RefusalCode.NOT_READ_NOW}


async def test_a_draft_is_confirmed_once_and_delivered_twice(world: World) -> None:
    batch = await draft(world)
    key = world.key()
    intake = world.batch_intake()
    await intake.confirm(form(batch), key=key)
    again = await intake.confirm(form(batch), key=key)
    assert (again.state, again.requester) == (BatchState.PREPARING, RILEY)
    with pytest.raises(Refused) as caught:
        await intake.confirm(form(batch), key=world.key())
    assert caught.value.code == RefusalCode.BATCH_NOT_POSSIBLE_NOW


async def test_a_draft_that_is_unknown_or_too_old_cannot_be_opened(world: World) -> None:
    batch = await draft(world)
    with pytest.raises(Refused) as caught:
        await world.batch_intake().load_draft(BatchId("B-0"))
    assert caught.value.code == RefusalCode.UNKNOWN_BATCH
    world.clock.advance(days=7)
    with pytest.raises(Refused) as caught:
        await world.batch_intake().load_draft(batch.id)
    assert caught.value.code == RefusalCode.EXPIRED


async def test_a_draft_has_the_partners_without_a_record_that_were_chosen(world: World) -> None:
    configure_many(world, 4)
    names = await chosen_tenants(["partner0002.example", tenant_number(3)], tenant=world.tenant)
    only = await drafted(world, PartnerChoice(only=names))
    assert [row.tenant_id for row in only.rows] == [tenant_number(2), tenant_number(3)]
    without = await drafted(world, PartnerChoice(without=names))
    assert [row.tenant_id for row in without.rows] == [tenant_number(1), tenant_number(4)]
    with pytest.raises(InvalidField):
        await chosen_tenants(["unknown.example"], tenant=world.tenant)


async def test_what_cannot_be_adopted_is_named_with_its_reason(world: World) -> None:
    """A block, a tenant that Entra cannot look up, and a partner with an open request."""
    configure_many(world, 4)
    world.tenant.edit(tenant_number(1), **{name: value for name, value in BLOCK.items() if name != "tenantId"})
    world.tenant.tenants.pop(tenant_number(2))
    first = await drafted(world, PartnerChoice(only=[tenant_number(3)]))
    assert first.batch is not None
    await world.batch_intake().confirm(form(first.batch), key=world.key())
    await world.settle()
    found = await drafted(world)
    assert [(row.tenant_id, row.state, [fact.code for fact in row.reason]) for row in found.rows] == [
        (tenant_number(2), RowState.NOT_ADOPTABLE, [RefusalCode.ADOPTS_OTHER_CLOUD]),
        (tenant_number(1), RowState.NOT_ADOPTABLE, [RefusalCode.ADOPTS_A_BLOCK]),
        (tenant_number(3), RowState.NOT_ADOPTABLE, [RefusalCode.OPEN_REQUEST]),
        (tenant_number(4), RowState.WAITING, []),
    ]


async def test_while_the_tenant_cannot_be_read_no_draft_is_stored(world: World) -> None:
    configure_many(world, 2)
    world.script.fail("tenant.read_partners", TenantUnavailable("no answer"))
    with pytest.raises(TenantUnavailable):
        await drafted(world)
    assert await world.store.open_batches() == []


async def test_without_anything_to_adopt_no_draft_is_stored(world: World) -> None:
    found = await drafted(world)
    assert (found.batch, found.rows, found.recorded) == (None, (), 0)


async def test_an_author_without_a_chat_user_is_named_by_the_account(world: World) -> None:
    stranger = replace(MALLORY, id=PersonId("9f0e0000-0000-4000-8000-000000000001"), name="Stranger")
    configure_many(world, 1, author=stranger)
    found = await drafted(world)
    assert found.batch is not None
    terms = await world.batch_intake().terms(found.batch, RILEY.chat_id, SAM.chat_id)
    assert [(one.id, one.chat_id) for one in terms.authors] == [(stranger.id, "")]
    assert terms.days
    assert timedelta(days=terms.default_days) > timedelta(0)

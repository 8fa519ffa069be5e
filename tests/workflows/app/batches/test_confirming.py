"""A member opens a draft and asks for what it shows: what is offered, what is checked, and who decides."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from bot.words.batches.rows import row_reason_words
from tests.workflows.app.batches.many import (
    batch_of,
    configure_many,
    drafted,
    form,
    row_request,
    tenant_number,
)
from tests.workflows.core.builders import AMARA, MALLORY, RILEY, SAM
from tests.workflows.world import CATALOG, World, open_world, restarted
from workflows.app.batches.drafting import PartnerChoice, chosen_tenants
from workflows.app.requests.forms import InvalidForm
from workflows.core.batches.batch import Batch, BatchState, RowState
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import strongest_template
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.request import BatchId
from workflows.core.settings.block import BLOCK
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantUnavailable

DAYS_30: Final = timedelta(days=30)
DAYS_90: Final = timedelta(days=90)
PARTLY: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
}
"""An opening that makes a partner equal to no template, without high risk."""


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


async def test_templates_without_a_common_duration_are_named_and_each_partner_gets_one_of_its_own(
    tmp_path: Path,
) -> None:
    """Before, such a draft could not be confirmed, and did not say why."""
    guests = replace(CATALOG.templates["guest-collaboration"], durations=(DAYS_30, DAYS_90), default_duration=DAYS_30)
    strongest = strongest_template(CATALOG.templates.values())
    other = replace(strongest, durations=(2 * DAYS_30, 2 * DAYS_90), default_duration=2 * DAYS_30)
    catalog = replace(CATALOG, templates={**CATALOG.templates, guests.name: guests, other.name: other})
    async with open_world(tmp_path / "differing.db", catalog=catalog) as world:
        configure_many(world, 1)
        configure_many(world, 1, first=2, more={"b2bCollaborationOutbound": PARTLY})
        found = await drafted(world)
        assert found.batch is not None
        terms = await world.batch_intake().terms(found.batch, RILEY.chat_id, SAM.chat_id)
        assert (terms.days, terms.default_days) == ((60, 90), 60)
        assert {one.name for one in terms.differing} == {guests.name, other.name}
        await world.batch_intake().confirm(form(found.batch, days=90), key=world.key())
        await world.settle()
        batch = await batch_of(world, found.batch.id)
        assert [row.duration for row in batch.rows] == [DAYS_90, 2 * DAYS_30]
        for row in batch.rows:
            assert (await row_request(world, row)).plan.duration == row.duration


async def test_a_template_that_allows_only_longer_times_now_adopts_nothing(world: World) -> None:
    """Its durations were changed after the draft was confirmed."""
    found = (await draft(world)).id
    await world.batch_intake().confirm(form(await batch_of(world, found), days=180), key=world.key())
    some = CATALOG.templates["guest-collaboration"]
    longer = replace(some, durations=(timedelta(days=365),), default_duration=timedelta(days=365))
    catalog = replace(CATALOG, templates={**CATALOG.templates, some.name: longer})
    async with restarted(world, catalog=catalog) as again:
        await again.settle()
        batch = await batch_of(again, found)
        assert batch.counts() == {RowState.ENDED: 2}
        assert {fact.code for row in batch.rows for fact in row.reason} == {RefusalCode.DURATION_NOT_OFFERED}
        assert "365" in row_reason_words(batch.rows[0])


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
        (tenant_number(2), RowState.NOT_ASKED, [RefusalCode.ADOPTS_OTHER_CLOUD]),
        (tenant_number(1), RowState.NOT_ASKED, [RefusalCode.ADOPTS_A_BLOCK]),
        (tenant_number(3), RowState.NOT_ASKED, [RefusalCode.OPEN_REQUEST]),
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

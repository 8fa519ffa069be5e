"""A draft of a sheet is confirmed, its rows are planned as requests, and one decision decides on those that may be."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.app.batches.importing.test_drafting import GUESTS, by_number, stored
from tests.workflows.app.batches.importing.test_judging import known
from tests.workflows.app.batches.importing.test_sheet_sponsors import SAMS
from tests.workflows.app.batches.many import approve_batch, batch_of, form, row_request
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, SAM
from tests.workflows.core.policies import policy
from tests.workflows.preflight.test_access_check import DEFAULT
from tests.workflows.world import CATALOG, World, restarted
from workflows.app.requests.forms import InvalidForm
from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowCode, RowState
from workflows.core.checks.findings import Finding, FindingCode
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import PersonId, Role
from workflows.core.requests.effects import AdvanceBatch
from workflows.core.requests.request import RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.people_directory import PeopleDirectoryUnavailable

ABOUT: Final = ("Domain", "Template", "Days", "Reason", "Ticket")


async def confirmed(world: World, batch: Batch, **filled: Any) -> Batch:
    """Let Riley confirm a draft, and let everything follow."""
    await world.batch_intake().confirm(form(batch, days=0, **filled), key=world.key())
    await world.settle()
    return await batch_of(world, batch.id)


async def asked(world: World, *rows: Sequence[Any]) -> Batch:
    """Draft a sheet and let Riley confirm it."""
    return await confirmed(world, await stored(world, *rows))


def with_sponsor(batch: Batch, number: int, sponsor_id: PersonId) -> BatchRow:
    row = by_number(batch)[number]
    assert row.asked is not None
    return replace(row, asked=replace(row.asked, sponsor=replace(SAM, id=sponsor_id)))


async def test_each_row_becomes_a_request_with_what_it_asks_for(world: World) -> None:
    known(world, "fabrikam.com", "adatum.com")
    draft = await stored(
        world,
        ("fabrikam.com", GUESTS, 90, "They build the new portal"),
        ("adatum.com", "merger"),
        ("nobody.example", GUESTS),
        ("contoso.com", GUESTS),
    )
    terms = await world.batch_intake().terms(draft, RILEY.chat_id, SAM.chat_id)
    assert (terms.days, terms.problem, terms.rows, terms.authors) == ((), None, {}, ())
    assert terms.stages
    batch = await confirmed(world, draft)
    assert (batch.state, batch.duration) == (BatchState.AWAITING_APPROVAL, None)
    rows = by_number(batch)
    assert {number: row.state for number, row in rows.items()} == {
        2: RowState.PLANNED,
        3: RowState.LEFT,
        4: RowState.NOT_ASKED,
        5: RowState.PLANNED,
    }
    request = await row_request(world, rows[2])
    fields = request.fields
    assert (fields.kind, fields.requester, fields.sponsor, fields.target, fields.template, fields.duration) == (
        RequestKind.ACCESS,
        RILEY.chat_id,
        SAM.chat_id,
        "fabrikam.com",
        GUESTS,
        timedelta(days=90),
    )
    assert (fields.justification, request.batch) == ("They build the new portal", batch.id)
    assert rows[2].plan_digest == request.plan.digest
    assert (rows[2].template, rows[2].template_title) == (GUESTS, CATALOG.templates[GUESTS].title)
    assert rows[2].openings
    assert (await row_request(world, rows[5])).fields.justification == batch.justification
    alone = await row_request(world, rows[3])
    assert (alone.state, alone.batch) == (RequestState.AWAITING_APPROVAL, None)
    approved = await approve_batch(world, batch, (AMARA, BRUNO), but=AdvanceBatch)
    assert (approved.state, approved.verdict().is_complete) == (BatchState.APPLYING, True)
    await world.settle()
    done = await batch_of(world, batch.id)
    assert done.state is BatchState.DONE, (done.counts(), done.note)
    assert {row.name for row in done.rows if row.state is RowState.APPLIED} == {"fabrikam.com", "contoso.com"}
    record = await world.store.partnership(rows[2].tenant_id)
    assert record is not None
    assert (record.template, record.sponsor) == (GUESTS, SAM)


async def test_rows_with_a_template_that_the_member_may_not_request_are_not_asked(world: World) -> None:
    ruled = replace(CATALOG.templates["merger"], may_request=(Role("legal"),))
    catalog = replace(CATALOG, templates={**CATALOG.templates, "merger": ruled})
    known(world, "fabrikam.com")
    draft = await stored(world, ("fabrikam.com", "merger"), ("contoso.com", GUESTS))
    only = await stored(world, ("fabrikam.com", "merger"))
    async with restarted(world, catalog=catalog) as again:
        terms = await again.batch_intake().terms(draft, RILEY.chat_id, SAM.chat_id)
        (row,) = terms.rows.values()
        assert (row.name, row.state, row.reason[0].code) == (
            "fabrikam.com",
            RowState.NOT_ASKED,
            RefusalCode.MAY_NOT_REQUEST,
        )
        batch = await confirmed(again, draft)
        assert [row.state for row in batch.rows] == [RowState.NOT_ASKED, RowState.PLANNED]
        entry = next(one for one in await again.store.history() if one.command == "confirm_draft")
        assert list(entry.details["not_asked"]) == ["fabrikam.com"]
        with pytest.raises(InvalidForm) as caught:
            await again.batch_intake().confirm(form(only, days=0), key=again.key())
        assert {name: fact.code for name, fact in caught.value.problems.items()} == {"draft": RefusalCode.BATCH_EMPTY}


async def test_a_template_that_is_gone_or_offers_another_time_asks_for_nothing(world: World) -> None:
    known(world, "fabrikam.com", "adatum.com")
    draft = await stored(world, ("fabrikam.com", "merger"), ("contoso.com", GUESTS, 90), ("adatum.com", "block"))
    guests = replace(CATALOG.templates[GUESTS], durations=(timedelta(days=5),), default_duration=timedelta(days=5))
    kept = {name: one for name, one in CATALOG.templates.items() if name != "merger"}
    async with restarted(world, catalog=replace(CATALOG, templates={**kept, GUESTS: guests})) as again:
        terms = await again.batch_intake().terms(draft, RILEY.chat_id, SAM.chat_id)
        assert {row.name: row.reason[0].code for row in terms.rows.values()} == {
            "fabrikam.com": RefusalCode.NO_SUCH_TEMPLATE,
            "contoso.com": RefusalCode.DURATION_NOT_OFFERED,
        }


async def test_the_sponsor_of_a_row_is_found_and_decides_on_no_row(world: World) -> None:
    known(world, "fabrikam.com")
    world.tenant.accounts += [
        replace(SAMS, id=AMARA.id, name=AMARA.name, mail="amara@woodgrove.com"),
        replace(SAMS, id=PersonId("00000000-0000-4000-8000-0000000000ff"), name="Gone", mail="gone@woodgrove.com"),
    ]
    world.directory.assign(DANA, "security admin")
    header = ("Domain", "Template", "Sponsor")
    draft = await stored(world, ("fabrikam.com", GUESTS, "amara@woodgrove.com"), ("contoso.com", GUESTS), header=header)
    assert draft.row_sponsors[0].chat_id == ""
    terms = await world.batch_intake().terms(draft, RILEY.chat_id, SAM.chat_id)
    assert [one.chat_id for one in terms.sponsors] == [AMARA.chat_id]
    batch = await confirmed(world, draft)
    assert [(await row_request(world, row)).fields.sponsor for row in batch.rows] == [AMARA.chat_id, SAM.chat_id]
    assert AMARA.id in batch.excluded
    await approve_batch(world, batch, (AMARA,))
    assert (await batch_of(world, batch.id)).decisions == ()
    assert [code for who, code in await world.refusals() if who == AMARA.chat_id] == [
        RefusalCode.SPONSOR_MAY_NOT_DECIDE
    ]


async def test_sponsors_who_cannot_be_found_in_time_are_found_when_the_requests_are_filed(world: World) -> None:
    ruled = replace(CATALOG.templates["merger"], may_request=(Role("legal"),))
    known(world, "fabrikam.com")
    world.tenant.accounts.append(replace(SAMS, id=MALLORY.id, name=MALLORY.name, mail="mallory@woodgrove.com"))
    header = ("Domain", "Template", "Sponsor")
    draft = await stored(
        world, ("fabrikam.com", "merger"), ("contoso.com", GUESTS, "mallory@woodgrove.com"), header=header
    )
    async with restarted(world, catalog=replace(CATALOG, templates={**CATALOG.templates, "merger": ruled})) as again:
        again.script.fail("directory.people_of", PeopleDirectoryUnavailable("no answer"), times=3)
        batch = await confirmed(again, draft)
        assert [row.state for row in batch.rows] == [RowState.NOT_ASKED, RowState.PLANNED]
        assert (await row_request(again, batch.rows[1])).fields.sponsor == MALLORY.chat_id
        assert [one.chat_id for one in batch.row_sponsors] == [MALLORY.chat_id]


async def test_a_sponsor_who_is_not_in_the_chat_is_named(world: World) -> None:
    known(world, "fabrikam.com")
    gone = PersonId("00000000-0000-4000-8000-0000000000ff")
    world.tenant.accounts.append(replace(SAMS, id=gone, name="Gone", mail="gone@woodgrove.com"))
    header = ("Domain", "Template", "Sponsor")
    draft = await stored(world, ("fabrikam.com", GUESTS, "gone@woodgrove.com"), ("contoso.com", GUESTS), header=header)
    batch = await confirmed(world, draft)
    assert [(row.state, [fact.code for fact in row.reason]) for row in batch.rows] == [
        (RowState.NOT_ASKED, [RowCode.SPONSOR_NOT_IN_CHAT]),
        (RowState.PLANNED, []),
    ]


async def test_a_partner_that_somebody_made_since_goes_alone_and_a_changed_one_is_planned_from_what_stands(
    world: World,
) -> None:
    known(world, "fabrikam.com", "adatum.com")
    world.tenant.edit(world.tenant.tenants["adatum.com"].tenant_id)
    draft = await stored(world, ("fabrikam.com", GUESTS), ("adatum.com", GUESTS), ("contoso.com", GUESTS))
    world.tenant.edit(world.tenant.tenants["fabrikam.com"].tenant_id)
    world.tenant.edit(world.tenant.tenants["adatum.com"].tenant_id, inboundTrust={"isMfaAccepted": True})
    batch = await confirmed(world, draft)
    rows = by_number(batch)
    assert (rows[2].state, [fact.code for fact in rows[2].reason]) == (RowState.LEFT, [RowCode.EXISTS_NOW])
    assert (rows[3].state, rows[4].state) == (RowState.PLANNED, RowState.PLANNED)
    plan = (await row_request(world, rows[3])).plan
    assert plan.before is not None
    assert plan.before["inboundTrust"] == {"isMfaAccepted": True}


async def test_a_name_that_belongs_to_another_tenant_now_asks_for_nothing(world: World) -> None:
    known(world, "fabrikam.com")
    draft = await stored(world, ("fabrikam.com", GUESTS), ("contoso.com", GUESTS))
    other = replace(world.tenant.tenants["fabrikam.com"], tenant_id=TenantId("7e9a0000-0000-4000-8000-0000000000ff"))
    world.tenant.tenants["fabrikam.com"] = other
    batch = await confirmed(world, draft)
    assert [(row.state, [fact.code for fact in row.reason]) for row in batch.rows] == [
        (RowState.ENDED, [RowCode.OTHER_TENANT]),
        (RowState.PLANNED, []),
    ]


async def test_a_partner_with_a_request_made_since_asks_for_nothing(world: World) -> None:
    known(world, "fabrikam.com")
    draft = await stored(world, ("fabrikam.com", GUESTS), ("contoso.com", GUESTS))
    await world.waiting(template=GUESTS, days=180)
    batch = await confirmed(world, draft)
    assert [(row.state, [fact.code for fact in row.reason]) for row in batch.rows] == [
        (RowState.PLANNED, []),
        (RowState.ENDED, [RowCode.STOPPED]),
    ]


async def test_a_similar_name_in_the_sheet_is_on_the_request_of_both(world: World) -> None:
    known(world, "fabrikam.com", "fabrlkam.com")
    batch = await asked(world, ("fabrikam.com", GUESTS), ("fabrlkam.com", GUESTS), ("contoso.com", GUESTS))
    found = []
    for row in batch.rows:
        request = await row_request(world, row)
        likes = [
            one.values["other"] for one in request.require_prepared().findings if one.code == FindingCode.LOOK_ALIKE
        ]
        assert [one.values["other"] for one in row.findings if one.code == FindingCode.LOOK_ALIKE] == likes
        found.append(likes)
    assert found == [["fabrlkam.com"], ["fabrikam.com"], []]


def _similar(findings: Sequence[Finding]) -> list[str]:
    return [one.values["other"] for one in findings if one.code == FindingCode.LOOK_ALIKE]


async def test_a_partner_that_is_revoked_meanwhile_leaves_and_the_others_are_decided(world: World) -> None:
    await world.opened()
    known(world, "fabrikam.com")
    batch = await asked(world, ("contoso.com", GUESTS), ("fabrikam.com", GUESTS))
    assert [row.state for row in batch.rows] == [RowState.PLANNED] * 2
    await world.revoke(DANA)
    after = await batch_of(world, batch.id)
    assert [row.state for row in after.rows] == [RowState.ENDED, RowState.PLANNED]
    assert after.digest != batch.digest
    approved = await approve_batch(world, after, (AMARA, BRUNO, CHIE), but=AdvanceBatch)
    assert (approved.state, approved.digest) == (BatchState.APPLYING, after.digest)


async def test_a_later_start_is_approved_together_and_starts_by_itself(world: World) -> None:
    known(world, "fabrikam.com")
    day = (world.clock.now() + timedelta(days=10)).date()
    header = ("Domain", "Template", "Starts on")
    draft = await stored(world, ("fabrikam.com", GUESTS, day), ("contoso.com", GUESTS, day), header=header)
    batch = await confirmed(world, draft)
    done = await approve_batch(world, batch, (AMARA, BRUNO))
    assert done.state is BatchState.DONE
    assert [(row.state, row.reason) for row in done.rows] == [(RowState.SCHEDULED, ())] * 2
    request = await row_request(world, done.rows[0])
    assert (request.state, request.batch, request.left_batch) == (RequestState.SCHEDULED, None, batch.id)
    assert {one.batch_digest for one in request.decisions} == {batch.digest}
    assert world.tenant.attempts == []


async def test_the_members_share_one_evaluation_under_the_policies_of_the_time_when_they_are_planned(
    world: World,
) -> None:
    """The draft was judged under another policy. Each request, and each row of the batch, has what is so now."""
    world.tenant.default = DEFAULT
    domains = [f"partner{number}.example" for number in range(6)]
    known(world, *domains)
    world.tenant.tenant_settings.policies = [policy("mfa")]
    draft = await stored(world, *((domain, GUESTS) for domain in domains))
    assert len(world.tenant.tenant_settings.evaluated) == 1
    world.tenant.tenant_settings.policies = [policy("block", name="New")]
    batch = await confirmed(world, draft)
    assert len(world.tenant.tenant_settings.evaluated) == 2, "once for the draft, and once for all members"
    for row in batch.members:
        prepared = (await row_request(world, row)).require_prepared()
        found = [one.code for one in prepared.findings if one.code.startswith("ca_")]
        assert found == [FindingCode.CA_LOCKED_OUT, FindingCode.CA_SHARED]
        assert found == [one.code for one in row.findings if one.code.startswith("ca_")]
    assert len(batch.members) == 6


async def test_a_web_address_is_asked_for_by_the_name_that_has_a_tenant_and_applied(world: World) -> None:
    """It was approved as www.contoso.com, which has no tenant, and then stopped as the name of another tenant."""
    batch = await asked(world, ("https://www.contoso.com/about", GUESTS))
    request = await row_request(world, by_number(batch)[2])
    assert request.fields.target == request.require_prepared().observation.identity.typed_name == "contoso.com"
    await approve_batch(world, batch, [AMARA])
    await world.settle()
    assert (await row_request(world, by_number(batch)[2])).state is RequestState.APPLIED

"""Whoever made a sheet's draft, or is the sponsor of any row of it, decides on none of it."""

from dataclasses import replace

import pytest

from tests.workflows.app.batches.importing.test_drafting import GUESTS, stored
from tests.workflows.app.batches.importing.test_judging import known
from tests.workflows.app.batches.many import approve_batch, batch_of, form
from tests.workflows.core.builders import AMARA, BRUNO
from tests.workflows.world import World
from workflows.app.requests.forms import InvalidForm
from workflows.core.batches.batch import Batch, BatchState, RowState, with_rows
from workflows.core.batches.deciding import batch_eligibility
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

TWO = (("fabrikam.com", GUESTS, 90, "x"), ("adatum.com", GUESTS, 90, "x"))
ONE_ALONE = (("fabrikam.com", GUESTS, 90, "x"), ("adatum.com", "merger", "", "x"))


async def confirmed(world: World, draft: Batch) -> Batch:
    """Let Riley confirm a draft, and everything follow."""
    world.directory.assign(BRUNO, "security")
    await world.batch_intake().confirm(form(draft, days=0), key=world.key())
    await world.settle()
    return await batch_of(world, draft.id)


async def test_who_made_the_draft_decides_on_no_row_together_or_alone(world: World) -> None:
    known(world, "fabrikam.com", "adatum.com")
    batch = await confirmed(world, await stored(world, *ONE_ALONE, drafted_by=f"chat:{AMARA.chat_id}"))
    assert batch.drafter == AMARA
    assert AMARA.id in batch.excluded
    assert AMARA.id in batch_eligibility(batch).submitter
    batch = await approve_batch(world, batch, (AMARA,))
    assert batch.state is BatchState.AWAITING_APPROVAL
    assert RefusalCode.SUBMITTER_MAY_NOT_DECIDE in [code for _, code in await world.refusals()]
    for row in batch.rows:
        request = await world.request(row.request_id or pytest.fail("it has a request"))
        assert [one.person for one in request.supports] == [AMARA]
    assert world.tenant.writes == []


async def test_a_draft_of_the_requester_excludes_nobody_more(world: World) -> None:
    known(world, "fabrikam.com", "adatum.com")
    draft = await stored(world, *TWO)
    own = await confirmed(world, draft)
    assert own.drafter is None


async def test_a_draft_of_somebody_who_is_gone_is_not_confirmed(world: World) -> None:
    known(world, "fabrikam.com", "adatum.com")
    draft = await stored(world, *TWO, drafted_by=f"chat:{AMARA.chat_id}")
    world.directory.remove(AMARA)
    with pytest.raises(InvalidForm) as refused:
        await confirmed(world, draft)
    assert refused.value.problems["draft"].code == RefusalCode.PERSON_NAMED_REFUSED


async def test_the_sponsor_of_a_row_that_goes_alone_does_not_decide_on_the_others(world: World) -> None:
    known(world, "fabrikam.com", "adatum.com")
    draft = await stored(world, *ONE_ALONE)
    named = {
        row.tenant_id: replace(row, asked=replace(row.asked, sponsor=AMARA))
        for row in draft.rows
        if row.asked is not None and row.asked.template == "merger"
    }
    draft = replace(with_rows(draft, named), version=draft.version + 1)
    entry = AuditEntry(
        key=world.key(), at=world.clock.now(), actor="test", command="put", outcome="accepted", details={}
    )
    assert await world.store.commit(Commit(entry=entry, batch=draft))
    batch = await confirmed(world, draft)
    assert AMARA.id in batch.excluded
    assert AMARA.id in batch_eligibility(batch).sponsor
    assert batch.in_state(RowState.PLANNED)
    batch = await approve_batch(world, batch, (AMARA,))
    assert batch.state is BatchState.AWAITING_APPROVAL

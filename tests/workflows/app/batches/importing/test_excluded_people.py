"""Who may not decide on the rows of a sheet: who gave the file, and the sponsor of any row, also of one alone."""

from dataclasses import replace

import pytest

from tests.workflows.app.batches.importing.test_drafting import GUESTS, by_number, stored
from tests.workflows.app.batches.importing.test_judging import known
from tests.workflows.app.batches.importing.test_sheet_sponsors import SAMS
from tests.workflows.app.batches.many import approve_batch, batch_of, form, row_request
from tests.workflows.core.builders import AMARA, BRUNO, MALLORY, RILEY, SAM
from tests.workflows.world import World
from workflows.app.requests.forms import InvalidForm
from workflows.core.batches.batch import BY_PERSON, Batch, BatchState, RowState
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.requests.commands.request import Approve
from workflows.core.requests.eligibility import IneligibleReason, eligibility
from workflows.core.requests.request import RequestState


async def drafted_by(world: World, chat_id: str) -> Batch:
    """A draft of a file that somebody gave: one row of guests, and one that goes alone."""
    known(world, "fabrikam.com", "adatum.com")
    return await stored(world, ("fabrikam.com", GUESTS), ("adatum.com", "merger"), drafted_by=f"{BY_PERSON}{chat_id}")


async def confirmed(world: World, draft: Batch) -> Batch:
    """Let Riley confirm a draft, and let everything follow. Mallory can approve in place of Amara."""
    world.directory.assign(MALLORY, "security")
    await world.batch_intake().confirm(form(draft, days=0), key=world.key())
    await world.settle()
    return await batch_of(world, draft.id)


async def test_who_gave_the_file_decides_on_no_row_when_somebody_else_asks(world: World) -> None:
    batch = await confirmed(world, await drafted_by(world, AMARA.chat_id))
    assert (batch.requester, batch.drafter) == (RILEY, AMARA)
    assert AMARA.id in batch.excluded
    batch = await approve_batch(world, batch, (AMARA,))
    assert (batch.state, batch.decisions) == (BatchState.AWAITING_APPROVAL, ())
    assert (AMARA.chat_id, RefusalCode.DRAFTER_MAY_NOT_DECIDE) in await world.refusals()
    entry = next(one for one in await world.store.history() if one.command == "confirm_draft")
    assert entry.details["drafter"] == AMARA.id


async def test_who_gave_the_file_does_not_decide_on_a_row_that_goes_alone_either(world: World) -> None:
    batch = await confirmed(world, await drafted_by(world, AMARA.chat_id))
    alone = await row_request(world, by_number(batch)[3])
    assert (alone.state, alone.drafter) == (RequestState.AWAITING_APPROVAL, AMARA)
    assert eligibility(alone).ineligible_reason(AMARA.chat_id, AMARA.id) is IneligibleReason.DRAFTER
    assert AMARA in alone.taking_part
    await world.click(Approve(actor=AMARA.chat_id, request_id=alone.id, digest=alone.plan.digest))
    assert (await world.request(alone.id)).decisions == ()
    filed = [one for one in await world.store.history() if one.command == "submit"]
    assert {one.details["drafter"] for one in filed} == {AMARA.id}
    member = await row_request(world, by_number(batch)[2])
    assert (member.batch, member.drafter) == (batch.id, AMARA)


async def test_the_window_names_who_gave_the_file_and_leaves_them_out(world: World) -> None:
    draft = await drafted_by(world, AMARA.chat_id)
    terms = await world.batch_intake().terms(draft, RILEY.chat_id, SAM.chat_id)
    assert (terms.drafter, AMARA.chat_id in terms.excluded) == (AMARA, True)
    own = await world.batch_intake().terms(draft, AMARA.chat_id, SAM.chat_id)
    assert (own.drafter, own.excluded) == (None, frozenset())


async def test_nothing_is_asked_for_when_only_who_gave_the_file_could_decide(world: World) -> None:
    draft = await drafted_by(world, AMARA.chat_id)
    with pytest.raises(InvalidForm) as caught:
        await world.batch_intake().confirm(form(draft, days=0), key=world.key())
    assert caught.value.problems["draft"].code == RefusalCode.STAGE_WITHOUT_PEOPLE
    assert "is_for_lack_of_row_sponsors" not in caught.value.problems["draft"].values


async def test_who_asks_for_the_own_file_is_only_the_requester(world: World) -> None:
    batch = await confirmed(world, await drafted_by(world, RILEY.chat_id))
    assert (batch.requester, batch.drafter) == (RILEY, None)


async def test_a_file_of_somebody_who_cannot_be_identified_is_not_asked_for(world: World) -> None:
    """Nobody could keep them from deciding once they are known again."""
    draft = await drafted_by(world, "U-GONE")
    terms = await world.batch_intake().terms(draft, RILEY.chat_id, SAM.chat_id)
    assert terms.problem is not None
    assert terms.problem.code == RefusalCode.DRAFTER_REFUSED
    with pytest.raises(InvalidForm) as caught:
        await world.batch_intake().confirm(form(draft, days=0), key=world.key())
    assert caught.value.problems["draft"].code == RefusalCode.DRAFTER_REFUSED
    assert (await batch_of(world, draft.id)).state is BatchState.DRAFT


async def test_the_sponsor_of_a_row_that_goes_alone_decides_on_no_other_row(world: World) -> None:
    """Two people could otherwise sponsor each other's rows, and approve them."""
    known(world, "fabrikam.com", "adatum.com")
    world.tenant.accounts.append(replace(SAMS, id=AMARA.id, name=AMARA.name, mail="amara@woodgrove.com"))
    header = ("Domain", "Template", "Sponsor")
    rows = (("fabrikam.com", GUESTS, ""), ("adatum.com", "merger", "amara@woodgrove.com"))
    batch = await confirmed(world, await stored(world, *rows, header=header))
    assert by_number(batch)[3].state is RowState.LEFT
    assert [one.id for one in batch.row_sponsors] == [AMARA.id]
    batch = await approve_batch(world, batch, (AMARA,))
    assert (batch.state, batch.decisions) == (BatchState.AWAITING_APPROVAL, ())
    assert BRUNO.id not in batch.excluded


async def test_where_only_sponsors_of_rows_could_decide_the_window_and_the_form_say_that_they_are_the_cause(
    world: World,
) -> None:
    """Another requester would not help: another sponsor in the sheet does."""
    known(world, "fabrikam.com")
    world.tenant.accounts.append(replace(SAMS, id=AMARA.id, name=AMARA.name, mail="amara@woodgrove.com"))
    header = ("Domain", "Template", "Sponsor")
    draft = await stored(world, ("fabrikam.com", GUESTS, "amara@woodgrove.com"), header=header)
    terms = await world.batch_intake().terms(draft, RILEY.chat_id, SAM.chat_id)
    assert terms.problem is not None
    assert terms.problem.values["is_for_lack_of_row_sponsors"] is True
    with pytest.raises(InvalidForm) as caught:
        await world.batch_intake().confirm(form(draft, days=0), key=world.key())
    assert caught.value.problems["draft"] == terms.problem

"""The life of a batch: drafted, confirmed, decided by one decision, recorded partner by partner."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.app.batches.many import (
    TRUSTED,
    approve_batch,
    asked,
    batch_of,
    configure_many,
    drafted,
    form,
    reject_batch,
    row_request,
    tenant_number,
)
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, NOW, RILEY, SAM
from tests.workflows.fakes import Crash
from tests.workflows.world import CATALOG, World, restarted
from workflows.app.batches.expiry import BatchExpiry
from workflows.app.limits import LimitedAction, Limits
from workflows.app.requests.open_request import open_request_fact
from workflows.core.batches.batch import BatchState, RowCode, RowState
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.risk import RiskLevel, risk_for_approval
from workflows.core.requests.commands.batch import ApproveBatch, WithdrawBatch
from workflows.core.requests.effects import AdvanceBatch, ShowBatch
from workflows.core.requests.request import RequestState
from workflows.core.settings.canonical import Digest
from workflows.core.settings.open_access import access_kinds, possibly_open
from workflows.ports.notifier import NotifierRefused
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantUnavailable

CHAIN = (AMARA,)
"""Who must approve: the partners equal the template for guests, and the log names their author."""
LONGER = (AMARA, DANA)
"""The same when the author is not known: one approver more."""


async def test_forty_partners_are_adopted_with_one_decision(world: World) -> None:
    """Each is a request of its own with the decisions on its plan, and nothing is ever written to the tenant."""
    configure_many(world, 40)
    batch = await asked(world)
    assert batch.state is BatchState.AWAITING_APPROVAL, batch.note
    assert batch.counts() == {RowState.PLANNED: 40}
    assert batch.is_list_current
    assert world.notifier.lists == [batch.members]
    assert [one.id for one in batch.authors] == [MALLORY.id]
    assert world.notifier.requests == []
    batch = await approve_batch(world, batch, CHAIN)
    assert batch.state is BatchState.DONE, (batch.counts(), batch.note, await world.refusals())
    assert batch.counts() == {RowState.APPLIED: 40}
    assert world.tenant.attempts == []
    assert world.notifier.requests == []
    for row in batch.rows:
        request = await row_request(world, row)
        assert request.state is RequestState.APPLIED, note_words(request.note)
        assert {one.digest for one in request.decisions} == {request.plan.digest}
        assert {one.batch_digest for one in request.decisions} == {batch.digest}
        record = await world.store.partnership(row.tenant_id)
        assert record is not None
        assert (record.is_adopted, record.sponsor, record.stages) == (True, SAM, batch.stages)
        assert record.ends_at == NOW + timedelta(days=180)


async def test_a_draft_says_who_goes_alone_and_who_cannot_be_adopted(world: World) -> None:
    """A draft asks nobody for anything. Its audit entry names the user of the operating system."""
    configure_many(world, 2)
    configure_many(world, 1, first=3, more=TRUSTED)
    found = await drafted(world)
    assert found.batch is not None
    assert [row.state for row in found.rows] == [RowState.WAITING, RowState.WAITING, RowState.ALONE]
    assert found.rows[2].risk is RiskLevel.HIGH
    assert [fact.code for fact in found.rows[2].reason] == [RowCode.HIGH_RISK]
    assert (await world.log())[-1] == ("os:root", "draft_batch", "accepted")
    assert await world.all_requests() == []


async def test_a_row_that_changes_before_it_is_recorded_leaves_and_the_rest_is_adopted(world: World) -> None:
    """It asks its own chain with its own card. What was approved for the others still counts."""
    configure_many(world, 4)
    batch = await asked(world)
    world.tenant.edit(tenant_number(2), inboundTrust={"isMfaAccepted": True})
    batch = await approve_batch(world, batch, CHAIN)
    assert batch.counts() == {RowState.APPLIED: 3, RowState.LEFT: 1}
    row = batch.row_of(tenant_number(2))
    assert row is not None
    assert [fact.code for fact in row.reason] == [RowCode.PLANNED_AGAIN]
    left = await row_request(world, row)
    assert (left.state, left.batch, left.left_batch) == (RequestState.AWAITING_APPROVAL, None, batch.id)
    assert left.decisions == ()
    assert [one.id for one in world.notifier.requests if one.id != left.id] == []
    assert world.notifier.requests[-1].id == left.id
    assert await world.store.partnership(tenant_number(2)) is None


async def test_high_risk_is_filed_alone_and_what_changed_since_the_draft_is_not_asked_for(world: World) -> None:
    configure_many(world, 3)
    configure_many(world, 1, first=4, more=TRUSTED)
    found = await drafted(world)
    assert found.batch is not None
    world.tenant.edit(tenant_number(1), inboundTrust={"isMfaAccepted": True})
    await world.batch_intake().confirm(form(found.batch), key=world.key())
    await world.settle()
    batch = await batch_of(world, found.batch.id)
    states = {row.tenant_id: (row.state, [fact.code for fact in row.reason]) for row in batch.rows}
    assert states == {
        tenant_number(1): (RowState.ENDED, [RowCode.CHANGED_SINCE_DRAFT]),
        tenant_number(2): (RowState.PLANNED, []),
        tenant_number(3): (RowState.PLANNED, []),
        tenant_number(4): (RowState.LEFT, [RowCode.HIGH_RISK]),
    }
    alone = await row_request(world, batch.rows[3])
    assert (alone.state, alone.batch) == (RequestState.AWAITING_APPROVAL, None)


async def test_a_partner_whose_risk_became_high_leaves_while_it_is_prepared(world: World) -> None:
    """The default that it inherits was opened after the draft was made."""
    configure_many(world, 2)
    found = await drafted(world)
    assert found.batch is not None
    world.tenant.default = {"isServiceDefault": True, **TRUSTED}
    for number in (1, 2):
        world.tenant.edit(tenant_number(number), inboundTrust=None)
    for row in found.batch.rows:
        assert row.state is RowState.WAITING
    await world.batch_intake().confirm(form(found.batch), key=world.key())
    await world.settle()
    batch = await batch_of(world, found.batch.id)
    assert RowState.PLANNED not in batch.counts()
    assert batch.state is BatchState.DONE


async def test_a_revocation_takes_a_member_out_and_the_others_are_decided_again(world: World) -> None:
    configure_many(world, 3, author=None)
    batch = await asked(world)
    first = (await approve_batch(world, batch, LONGER[:1])).decisions
    await world.revoke(DANA, tenant_number(1))
    after = await batch_of(world, batch.id)
    assert after.counts() == {RowState.ENDED: 1, RowState.PLANNED: 2}
    assert (after.decisions, after.void_decisions) == ((), first)
    assert after.digest != batch.digest
    assert after.is_list_current
    assert (await row_request(world, after.rows[0])).state is RequestState.STOPPED
    await approve_batch(world, batch, LONGER[:1])
    assert (await world.refusals())[-1][1] == "stale_card"
    assert (await approve_batch(world, after, LONGER)).counts() == {RowState.ENDED: 1, RowState.APPLIED: 2}


async def test_one_rejection_ends_every_member(world: World) -> None:
    configure_many(world, 25)
    batch = await reject_batch(world, await asked(world), AMARA)
    assert (batch.state, batch.counts()) == (BatchState.REJECTED, {RowState.ENDED: 25})
    requests = [await row_request(world, row) for row in batch.rows]
    assert {one.state for one in requests} == {RequestState.REJECTED}
    assert await world.all_requests() == []
    assert await world.store.identities() == []


async def test_the_requester_withdraws_it_and_nobody_else(world: World) -> None:
    configure_many(world, 2)
    batch = await asked(world)
    await world.click(WithdrawBatch(actor=BRUNO.chat_id, batch_id=batch.id))
    assert (await world.refusals())[-1] == (BRUNO.chat_id, "not_the_requester")
    await world.click(WithdrawBatch(actor=RILEY.chat_id, batch_id=batch.id))
    batch = await batch_of(world, batch.id)
    assert (batch.state, batch.counts()) == (BatchState.WITHDRAWN, {RowState.ENDED: 2})


async def test_what_nobody_confirms_or_decides_expires(world: World) -> None:
    """A click that came in time is checked first."""
    configure_many(world, 2, author=None)
    found = await drafted(world)
    assert found.batch is not None
    expiry = BatchExpiry(batches=world.batches)
    batch = await asked(world)
    await expiry.check()
    assert (await batch_of(world, batch.id)).state is BatchState.AWAITING_APPROVAL
    world.clock.advance(days=6, hours=23)
    assert batch.digest is not None
    click = ApproveBatch(actor=AMARA.chat_id, batch_id=batch.id, digest=batch.digest)
    await world.service.store_click(click, key=world.key())
    world.clock.advance(days=8)
    await expiry.check()
    waiting = await batch_of(world, batch.id)
    assert waiting.state is BatchState.AWAITING_APPROVAL
    assert (await batch_of(world, found.batch.id)).state is BatchState.EXPIRED
    await world.settle()
    await expiry.check()
    await world.settle()
    batch = await batch_of(world, batch.id)
    assert (batch.state, batch.counts()) == (BatchState.EXPIRED, {RowState.ENDED: 2})
    await expiry.check()


async def test_approvers_of_a_batch_are_reminded_at_the_times_of_a_request(world: World) -> None:
    configure_many(world, 2)
    batch = await asked(world)
    assert (batch.remind_after, len(batch.reminders)) == ((1, 3, 5), 4), "the days of the templates, and the notice"
    expiry = BatchExpiry(batches=world.batches)
    found = []
    for _ in range(14):
        world.clock.advance(hours=12)
        for _ in range(2):
            await expiry.check()
            await world.settle()
        found.append(len(world.notifier.reminded_batches))
    assert found[:8] == [0, 1, 1, 1, 1, 2, 2, 2]
    assert world.notifier.reminded_batches == [batch.id] * 3
    world.clock.advance(days=7)
    await expiry.check()
    assert (await batch_of(world, batch.id)).state is BatchState.EXPIRED


async def test_without_its_list_nobody_decides_and_the_upload_is_repeated(world: World) -> None:
    configure_many(world, 2)
    world.script.fail("notifier.upload_batch_list", NotifierRefused("no files"), times=2)
    batch = await asked(world)
    assert (batch.list_file, [str(one) for one in batch.list_problem]) == (None, ["no files"])
    await approve_batch(world, batch, CHAIN[:1])
    assert (await world.refusals())[-1][1] == "batch_list_missing"
    world.clock.advance(minutes=2)
    await world.settle()
    world.clock.advance(minutes=2)
    await world.settle()
    batch = await batch_of(world, batch.id)
    assert (batch.is_list_current, batch.list_problem) == (True, ())
    assert (await approve_batch(world, batch, CHAIN)).state is BatchState.DONE


async def test_the_card_names_the_list_that_was_attached_last(world: World) -> None:
    """A later version may write other bytes for the same members. The approvals are on the digest of the batch."""
    configure_many(world, 2, author=None)
    batch = await approve_batch(world, await asked(world), LONGER[:1])
    assert batch.list_file is not None
    again = replace(batch.list_file, file_id="F99", sha256=Digest("cd" * 32))
    world.notifier.attached_again = again
    await world.service.update_cards(ShowBatch(batch_id=batch.id), key="moved", channel="C-NEW")
    await world.settle()
    after = await batch_of(world, batch.id)
    assert (after.list_file, after.decisions, after.digest) == (again, batch.decisions, batch.digest)
    assert world.notifier.batches[-1].list_file == again
    assert (await approve_batch(world, batch, LONGER[1:])).state is BatchState.DONE


async def test_an_approver_ends_a_batch_whose_list_cannot_be_attached(world: World) -> None:
    configure_many(world, 2)
    world.script.fail("notifier.upload_batch_list", NotifierRefused("no files"), times=9)
    batch = await reject_batch(world, await asked(world), AMARA)
    assert (batch.state, batch.counts()) == (BatchState.REJECTED, {RowState.ENDED: 2})


async def test_an_approver_who_lost_the_role_before_it_is_recorded_is_replaced(world: World) -> None:
    """Everybody who decided is read again before each wave. Nothing is recorded with an approval too few."""
    configure_many(world, 2)
    batch = await asked(world)
    assert len(CHAIN) > 0
    batch = await approve_batch(world, batch, CHAIN, but=AdvanceBatch)
    assert batch.state is BatchState.APPLYING
    world.directory.assign(AMARA, "")
    await world.settle()
    batch = await batch_of(world, batch.id)
    assert (batch.state, batch.decisions) == (BatchState.AWAITING_APPROVAL, ())
    assert await world.store.identities() == []


async def test_changed_rules_plan_every_member_again(world: World) -> None:
    configure_many(world, 2)
    batch = await asked(world)
    template = CATALOG.templates["guest-collaboration"]
    changed = replace(template, content_hash="f" * 64)
    catalog = replace(CATALOG, templates={**CATALOG.templates, template.name: changed})
    async with restarted(world, catalog=catalog) as again:
        await approve_batch(again, batch, CHAIN[:1])
        assert (await again.refusals())[-1][1] == "template_changed"
        after = await batch_of(again, batch.id)
        assert (after.state, after.counts()) == (BatchState.AWAITING_APPROVAL, {RowState.PLANNED: 2})
        assert after.digest != batch.digest
        assert after.templates[template.name] == "f" * 64
        requests = [await row_request(again, row) for row in after.rows]
        assert {one.batch for one in requests} == {batch.id}
        assert again.notifier.requests == []


@pytest.mark.parametrize("calls", [1, 3, 7, 20])
async def test_a_kill_at_any_point_repeats_nothing(world: World, calls: int) -> None:
    """The process ends in a read of a partner, before and after it; the next one does the rest."""
    configure_many(world, 3)
    world.script.fail("tenant.read_partner", Crash(), on=calls)
    batch_id = None
    try:
        batch = await asked(world)
        batch_id = batch.id
        await approve_batch(world, batch, CHAIN)
    except (Crash, BaseExceptionGroup):
        pass
    async with restarted(world) as again:
        await again.settle()
        again.clock.advance(minutes=2)
        await again.settle()
        open_batches = await again.store.open_batches()
        batch_id = batch_id or open_batches[0].id
        batch = await batch_of(again, batch_id)
        if batch.state is BatchState.AWAITING_APPROVAL:
            batch = await approve_batch(again, batch, CHAIN)
        assert batch.counts() == {RowState.APPLIED: 3}
        commands = [command for _, command, _ in await again.log()]
        assert (commands.count("submit"), commands.count("record_applied")) == (3, 3)


async def test_while_something_does_not_answer_the_batch_waits(world: World) -> None:
    configure_many(world, 2)
    batch = await asked(world)
    batch = await approve_batch(world, batch, CHAIN, but=AdvanceBatch)
    world.script.fail("directory.current_roles", PeopleDirectoryUnavailable("no answer"), times=1)
    await world.settle()
    assert (await batch_of(world, batch.id)).counts() == {RowState.PLANNED: 2}
    world.script.fail("tenant.read_partner", TenantUnavailable("no answer"), times=2)
    world.clock.advance(minutes=2)
    await world.settle()
    assert (await batch_of(world, batch.id)).counts() == {RowState.PLANNED: 2}
    world.clock.advance(minutes=2)
    await world.settle()
    assert (await batch_of(world, batch.id)).counts() == {RowState.APPLIED: 2}


async def test_with_more_than_fifty_members_one_approver_more_decides(world: World) -> None:
    configure_many(world, 51)
    batch = await asked(world)
    alone = batch.rows[0].stages
    assert sum(stage.quorum for stage in batch.stages) == sum(stage.quorum for stage in alone) + 1


async def test_when_nobody_could_decide_every_member_ends_and_the_requester_hears_why(world: World) -> None:
    configure_many(world, 2)
    found = await drafted(world)
    assert found.batch is not None
    await world.batch_intake().confirm(form(found.batch), key=world.key())
    for person in (AMARA, BRUNO, CHIE, DANA):
        world.directory.assign(person, "")
    await world.settle()
    batch = await batch_of(world, found.batch.id)
    assert batch.state in (BatchState.WITHDRAWN, BatchState.DONE)
    assert RowState.APPLIED not in batch.counts()
    assert await world.all_requests() == []


async def test_members_that_were_approved_and_not_recorded_end_with_a_batch_that_is_rejected_later(
    world: World,
) -> None:
    """Otherwise they stay open for ever, and every other request about their partners is refused."""
    configure_many(world, 2)
    batch = await asked(world)
    batch = await approve_batch(world, batch, CHAIN, but=AdvanceBatch)
    world.script.fail("tenant.read_partner", TenantUnavailable("no answer"), times=2)
    await world.settle()
    requests = [await row_request(world, row) for row in batch.rows]
    assert {request.state for request in requests} == {RequestState.APPLYING}
    world.directory.assign(AMARA, "")
    world.clock.advance(minutes=2)
    await world.settle()
    batch = await batch_of(world, batch.id)
    assert batch.state is BatchState.AWAITING_APPROVAL
    world.directory.assign(AMARA, "security")
    batch = await reject_batch(world, batch, AMARA)
    assert (batch.state, batch.counts()) == (BatchState.REJECTED, {RowState.ENDED: 2})
    ended = [await row_request(world, row) for row in batch.rows]
    assert {request.state for request in ended} == {RequestState.REJECTED}
    assert await world.store.identities() == []


async def test_the_card_tells_risk_and_openings_of_the_plans_and_not_of_the_draft(world: World) -> None:
    """The tenant's default may be opened between the draft and its confirmation."""
    configure_many(world, 2)
    found = await drafted(world)
    assert found.batch is not None
    everything = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
    every_app = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}
    world.tenant.default = {
        **world.tenant.default,
        "b2bCollaborationOutbound": {"usersAndGroups": everything, "applications": every_app},
    }
    await world.batch_intake().confirm(form(found.batch), key=world.key())
    await world.settle()
    batch = await batch_of(world, found.batch.id)
    assert batch.counts() == {RowState.PLANNED: 2}
    for row in batch.members:
        request = await row_request(world, row)
        plan, default = request.plan, request.require_prepared().observation.default
        assert row.openings == tuple(
            one.name for one in possibly_open(access_kinds(plan.before, default, is_cross_cloud=plan.is_cross_cloud))
        )
        assert row.risk is risk_for_approval(plan, default).level
    assert batch.rows[0].openings != found.rows[0].openings


async def test_a_tick_looks_at_no_member_of_a_batch(world: World) -> None:
    configure_many(world, 3)
    batch = await asked(world)
    world.clock.advance(days=3)
    due, _ = await world.store.due(world.clock.now())
    assert due == []
    assert batch.counts() == {RowState.PLANNED: 3}


async def test_a_batch_counts_as_one_request_and_as_one_approval(world: World) -> None:
    """Its members are filed by Gatehouse: otherwise a batch of forty uses up what its requester may ask in an hour."""
    configure_many(world, 3)
    configure_many(world, 1, first=9, more=TRUSTED)
    maximums = dict.fromkeys(LimitedAction, 9) | {LimitedAction.REQUESTS: 2, LimitedAction.APPROVALS: 1}
    limits = Limits(store=world.store, alarms=world.alarms, clock=world.clock, maximums=maximums)
    batch = await asked(world)
    allowance = await limits.require(LimitedAction.REQUESTS, RILEY.chat_id, RILEY.id)
    assert allowance.remaining == 0, "one is left now, and this would be it"
    await approve_batch(world, batch, CHAIN)
    with pytest.raises(Refused) as refused:
        await limits.require(LimitedAction.APPROVALS, AMARA.chat_id, AMARA.id)
    assert refused.value.code is RefusalCode.LIMIT_REACHED


async def test_after_a_member_left_there_is_the_whole_time_to_decide_again(world: World) -> None:
    configure_many(world, 2)
    batch = await asked(world)
    time = batch.expires_at - world.clock.now()
    world.clock.advance(days=1)
    await world.revoke(DANA, tenant_number(1))
    after = await batch_of(world, batch.id)
    assert (after.state, after.counts()) == (BatchState.AWAITING_APPROVAL, {RowState.PLANNED: 1, RowState.ENDED: 1})
    assert after.expires_at - world.clock.now() == time


async def test_nobody_is_advised_to_withdraw_a_member(world: World) -> None:
    """It is withdrawn with its whole batch."""
    configure_many(world, 1)
    batch = await asked(world)
    fact = open_request_fact(await row_request(world, batch.rows[0]), RILEY.chat_id)
    assert fact.values["may_withdraw"] is False

"""Which requests one decision may decide, by which chain, and how a member gets the decisions."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.batches.examples import adoption_plan, batch, member, row, tenant
from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    NOW,
    SAM,
    STAGES,
    batch_decisions,
    noted,
    partnership,
    request,
    situation,
)
from workflows.core.batches.batch import Batch, BatchState, RowCode, RowState
from workflows.core.batches.members import (
    MANY,
    accepted_decisions,
    batch_chains,
    end_with,
    ended_with,
    row_after,
    rows_to_end,
    why_alone,
    with_row_sponsors,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.approval_policy import is_as_strict
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.people import Role
from workflows.core.policy.approval import ChainRule
from workflows.core.policy.relations import REQUESTER_MANAGER
from workflows.core.policy.risk import Risk, RiskLevel, RiskReason
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.automatic import EndWithBatch, LeaveBatch, RecordApplied, Reopen, Replan, Stop
from workflows.core.requests.commands.request import Approve, Withdraw
from workflows.core.requests.effects import AdvanceBatch, Prepare, ShowRequest, ShowReview
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.canonical import Digest

ADMIN_TITLE = "Admins"


def total(chain: tuple[Stage, ...]) -> int:
    return sum(stage.quorum for stage in chain)


def test_the_chain_is_as_strict_as_that_of_every_member_and_stricter_for_many() -> None:
    other = (Stage(title="Legal", role=Role("legal"), quorum=2),)
    few = batch_chains([STAGES, other, STAGES], MANY, ADMIN_TITLE)
    assert len(few) == 1
    assert is_as_strict(few[0], STAGES)
    assert is_as_strict(few[0], other)
    many = batch_chains([STAGES, other], MANY + 1, ADMIN_TITLE)
    assert {total(chain) for chain in many} == {total(few[0]) + 1}
    assert all(is_as_strict(chain, few[0]) for chain in many)


def test_a_draft_with_unknown_authors_asks_for_one_more_and_many_for_another() -> None:
    few = batch_chains([STAGES], 2, ADMIN_TITLE, has_unknown_author=True)
    assert {total(chain) for chain in few} == {total(STAGES) + 1}
    many = batch_chains([STAGES], MANY + 1, ADMIN_TITLE, has_unknown_author=True)
    assert {total(chain) for chain in many} == {total(STAGES) + 2}
    assert len(set(many)) == len(many)


def test_high_risk_is_decided_alone() -> None:
    assert why_alone(Risk(level=RiskLevel.ELEVATED, reasons=(RiskReason.MFA,))) == ()
    by_manager = (Stage(title="Manager", role=REQUESTER_MANAGER, quorum=1),)
    (fact,) = why_alone(Risk(level=RiskLevel.LOW, reasons=()), by_manager)
    assert fact.code == RowCode.BY_RELATION
    (fact,) = why_alone(Risk(level=RiskLevel.HIGH, reasons=(RiskReason.ALL_TRUST,)), by_manager)
    assert (fact.code, fact.values) == (RowCode.HIGH_RISK, {"reasons": ["all_trust"]})


def test_whether_a_batch_is_approved_is_found_once_for_all_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a look at every row, and every row asks."""
    known, asked = batch(BatchState.APPLYING), []
    verdict = Batch.verdict
    monkeypatch.setattr(Batch, "verdict", lambda one: asked.append(one) or verdict(one))  # type: ignore[func-returns-value]
    for _ in range(3):
        accepted_decisions(known, known.rows[0], member(1))
    assert asked == [known]


def test_a_member_gets_the_decisions_on_its_batch_as_decisions_on_its_plan() -> None:
    known = batch(BatchState.APPLYING)
    command = accepted_decisions(known, known.rows[0], member(1))
    accepted = advance(member(1), command, situation())
    after = accepted.request
    assert after.state is RequestState.APPLYING
    assert {one.digest for one in after.decisions} == {adoption_plan(1).digest}
    assert {one.batch_digest for one in after.decisions} == {known.digest}
    assert accepted.effects == (), "the batch records its members"
    assert command.audit_details(after)["batch_digest"] == known.digest


def test_a_stricter_chain_of_the_batch_is_the_chain_of_its_members() -> None:
    chain = (*STAGES, Stage(title="Admins", role=Role("admin"), quorum=1))
    known = member(1)
    command = batch_decisions(stages=chain, plan_digest=adoption_plan(1).digest)
    on_plan = tuple(replace(one, digest=adoption_plan(1).digest) for one in command.decisions)
    with pytest.raises(Refused) as caught:
        advance(known, replace(command, decisions=on_plan), situation())
    assert caught.value.code == RefusalCode.NOT_APPROVED_IN_BATCH
    renamed = (STAGES[0], replace(STAGES[1], title="Owners"))
    after = advance(known, replace(command, stages=renamed, decisions=on_plan), situation()).request
    assert after.require_prepared().chain_rule is ChainRule.STRICTER


@pytest.mark.parametrize(
    "case",
    ["not_approved", "no_digest", "incomplete", "not_planned", "other_request", "other_plan", "other_tenant", "weaker"],
)
def test_a_member_that_was_not_approved_exactly_so_gets_no_decision(case: str) -> None:
    known, planned, request_of_row = batch(BatchState.APPLYING), batch().rows[0], member(1)
    stricter = (*STAGES, Stage(title="Admins", role=Role("admin"), quorum=1))
    prepared = request_of_row.require_prepared()
    cases: dict[str, tuple[Any, Any, Any]] = {
        "not_approved": (batch(), planned, request_of_row),
        "no_digest": (replace(known, digest=None), planned, request_of_row),
        "incomplete": (replace(known, decisions=known.decisions[:2]), planned, request_of_row),
        "not_planned": (known, replace(planned, state=RowState.LEFT), request_of_row),
        "other_request": (known, planned, member(2)),
        "other_plan": (known, replace(planned, plan_digest=Digest("0" * 64)), request_of_row),
        "other_tenant": (known, replace(planned, tenant_id=tenant(7)), request_of_row),
        "weaker": (known, planned, replace(request_of_row, prepared=replace(prepared, stages=stricter))),
    }
    with pytest.raises(Refused) as caught:
        accepted_decisions(*cases[case])
    assert caught.value.code == RefusalCode.NOT_APPROVED_IN_BATCH


@pytest.mark.parametrize("changes", [{"batch": "B-2"}, {"plan_digest": Digest("0" * 64)}, {"decisions": ()}])
def test_the_request_itself_refuses_decisions_that_are_not_about_its_plan(changes: dict[str, Any]) -> None:
    command = accepted_decisions(batch(BatchState.APPLYING), batch().rows[0], member(1))
    with pytest.raises(Refused) as caught:
        advance(member(1), replace(command, **changes), situation())
    assert caught.value.code == RefusalCode.NOT_APPROVED_IN_BATCH
    foreign = replace(command, decisions=tuple(replace(one, digest=Digest("0" * 64)) for one in command.decisions))
    with pytest.raises(Refused):
        advance(member(1), foreign, situation())


def test_an_approver_who_lost_the_role_does_not_count_for_a_member() -> None:
    command = accepted_decisions(batch(BatchState.APPLYING), batch().rows[0], member(1))
    with pytest.raises(Refused):
        advance(member(1), command, situation(bruno=""))


def test_people_decide_on_the_batch_and_not_on_a_member() -> None:
    for command in (
        Approve(actor=BRUNO, request_id=member(1).id, digest=adoption_plan(1).digest),
        Withdraw(actor=CHIE.chat_id, request_id=member(1).id),
    ):
        with pytest.raises(Refused) as caught:
            advance(member(1), command, situation())
        assert (caught.value.code, caught.value.fact.values) == (RefusalCode.IN_A_BATCH, {"batch": BATCH})


def test_a_member_that_leaves_gets_its_own_card() -> None:
    left = advance(member(1), LeaveBatch(reason=noted("Its risk is high.")), situation())
    assert (left.request.batch, left.request.left_batch) == (None, BATCH)
    assert left.effects == (ShowRequest(request_id=member(1).id), AdvanceBatch(batch_id=BATCH))
    assert LeaveBatch(reason=()).audit_details(left.request) == {"batch": BATCH, "reason": []}


@pytest.mark.parametrize("days", [None, 3])
def test_a_member_that_leaves_has_its_own_time_to_decide_from_then_on(days: int | None) -> None:
    """As a member it had that of its batch, which may have been renewed since it was filed."""
    known, now = member(1), NOW + timedelta(days=60)
    ends_at = None if days is None else now + timedelta(days=days)
    known = replace(known, lifetime=timedelta(days=14), fields=replace(known.fields, ends_at=ends_at))
    left = advance(known, LeaveBatch(reason=noted("Its risk is high.")), situation(now))
    assert left.request.expires_at == now + timedelta(days=days or 14)


def test_a_member_that_leaves_late_has_the_whole_time_to_decide() -> None:
    """Its batch may have been asked again, or have halted for weeks."""
    known = member(1)
    late = known.expires_at + timedelta(days=30)
    left = advance(known, LeaveBatch(reason=noted("Its risk is high.")), situation(late)).request
    assert left.expires_at == late + (known.expires_at - known.created_at)
    early = advance(known, LeaveBatch(reason=noted("Its risk is high.")), situation(known.created_at)).request
    assert early.expires_at == known.expires_at


def test_what_starts_later_ends_with_a_batch_that_halted_unless_its_day_has_come() -> None:
    scheduled = member(1, RequestState.SCHEDULED, batch=None, left_batch=BATCH)
    stopped = batch(BatchState.STOPPED, row(1, RowState.SCHEDULED), row(2), note=noted("Ended."))
    assert [one.state for one in rows_to_end(stopped)] == [RowState.SCHEDULED, RowState.PLANNED]
    assert [one.state for one in rows_to_end(replace(stopped, state=BatchState.REJECTED))] == [RowState.PLANNED]
    command = end_with(stopped, scheduled)
    assert command == EndWithBatch(state=RequestState.STOPPED, note=noted("Ended."))
    ended = advance(scheduled, command, situation())
    assert (ended.request.state, ended.effects) == (RequestState.STOPPED, (ShowRequest(request_id=scheduled.id),))
    assert command.audit_details(ended.request)["batch"] == BATCH
    first = stopped.rows[0]
    assert ended_with(stopped, first, ended.request).state is RowState.ENDED
    begun = member(1, RequestState.APPLYING, batch=None, left_batch=BATCH)
    assert ended_with(stopped, first, begun).state is RowState.LEFT
    applied = member(1, RequestState.APPLIED, batch=None, left_batch=BATCH)
    assert ended_with(stopped, first, applied).state is RowState.APPLIED
    revoked = member(2, RequestState.STOPPED)
    assert ended_with(stopped, stopped.rows[1], revoked).state is RowState.ENDED
    alone = member(2, batch=None, left_batch=BATCH)
    assert ended_with(stopped, stopped.rows[1], alone).state is RowState.LEFT
    with pytest.raises(Refused) as caught:
        advance(member(1, RequestState.SCHEDULED, batch=None), command, situation())
    assert caught.value.code == RefusalCode.NOT_IN_A_BATCH


def test_a_member_that_leaves_before_it_is_planned_is_prepared_alone() -> None:
    left = advance(member(1, RequestState.PREPARING), LeaveBatch(reason=noted("It cannot be read.")), situation())
    assert (left.request.state, left.request.left_batch) == (RequestState.PREPARING, BATCH)
    assert [type(effect) for effect in left.effects] == [Prepare, ShowRequest, AdvanceBatch]


def test_a_member_that_is_planned_again_leaves_unless_the_whole_batch_is() -> None:
    again = advance(member(1), Replan(reason=noted("Changed.")), situation())
    assert again.request.left_batch == BATCH
    assert [type(effect) for effect in again.effects] == [ShowRequest, Prepare, AdvanceBatch]
    stays = advance(member(1), Replan(reason=noted("Changed."), stays_in_batch=True), situation())
    assert (stays.request.batch, stays.effects) == (BATCH, ())


def test_a_member_whose_approval_does_not_count_any_more_asks_alone() -> None:
    command = accepted_decisions(batch(BatchState.APPLYING), batch().rows[0], member(1))
    applying = advance(member(1), command, situation()).request
    again = advance(applying, Reopen(reason=noted("Amara left.")), situation(amara="")).request
    assert (again.batch, again.left_batch, again.state) == (None, BATCH, RequestState.AWAITING_APPROVAL)
    assert row_after(row(1), again).reason[0].code == RowCode.APPROVAL_AGAIN


def test_a_revocation_stops_a_member_and_lets_the_batch_look() -> None:
    stopped = advance(member(1), Stop(reason=noted("Revoked.")), situation())
    assert stopped.effects == (AdvanceBatch(batch_id=BATCH),)
    ended = row_after(row(1), stopped.request)
    assert (ended.state, ended.reason[0].code) == (RowState.ENDED, RowCode.STOPPED)


@pytest.mark.parametrize(
    ("state", "ended_as"),
    [
        (BatchState.REJECTED, RequestState.REJECTED),
        (BatchState.WITHDRAWN, RequestState.WITHDRAWN),
        (BatchState.EXPIRED, RequestState.EXPIRED),
    ],
)
def test_a_member_ends_as_its_batch_does(state: BatchState, ended_as: RequestState) -> None:
    known = batch(state, decisions=batch(BatchState.APPLYING).decisions[:1], note=noted("Too many"))
    command = end_with(known, member(1))
    assert command is not None
    ended = advance(member(1), command, situation())
    assert (ended.request.state, ended.request.note, ended.effects) == (ended_as, noted("Too many"), ())
    assert [one.digest for one in ended.request.decisions] == [adoption_plan(1).digest]
    assert command.audit_details(ended.request)["batch"] == BATCH
    unplanned = end_with(known, member(1, RequestState.PREPARING))
    assert unplanned is not None
    assert unplanned.decisions == ()
    assert end_with(batch(), member(1)) is None


def test_a_request_that_is_decided_alone_is_not_ended_by_a_batch() -> None:
    command = EndWithBatch(state=RequestState.REJECTED, note=())
    for alone in (command, LeaveBatch(reason=())):
        with pytest.raises(Refused) as caught:
            advance(request(RequestState.AWAITING_APPROVAL), alone, situation())
        assert caught.value.code == RefusalCode.NOT_IN_A_BATCH


def test_what_a_row_becomes() -> None:
    waiting = row(1, RowState.WAITING)
    planned = row_after(waiting, member(1))
    assert (planned.state, planned.plan_digest, planned.request_id) == (
        RowState.PLANNED,
        adoption_plan(1).digest,
        member(1).id,
    )
    assert row_after(waiting, member(1, RequestState.PREPARING)) == waiting
    assert row_after(row(1), member(1)) == row(1)
    assert row_after(row(1), member(1, RequestState.APPLIED)).state is RowState.APPLIED
    alone: AccessRequest = member(1, batch=None, left_batch=BATCH)
    left = row_after(row(1), alone)
    assert (left.state, left.reason[0].code) == (RowState.LEFT, RowCode.PLANNED_AGAIN)
    assert row_after(left, alone) == left
    known = replace(row(1), reason=noted("Its risk is high."))
    assert row_after(known, alone).reason == noted("Its risk is high.")


def test_an_adopted_member_tells_nobody_alone_and_has_a_record() -> None:
    """The batch tells once. Cards that show the record from before are updated."""
    command = accepted_decisions(batch(BatchState.APPLYING), batch().rows[0], member(1))
    applying = advance(member(1), command, situation()).request
    applied = RecordApplied(configuration={"tenantId": tenant(1)})
    new = advance_request_and_record(applying, applied, situation())
    assert new.effects == ()
    assert new.partnership is not None
    assert new.partnership.stages == STAGES
    earlier = replace(partnership(), request_id=RequestId("r-0"))
    known = advance_request_and_record(applying, applied, situation(), earlier)
    assert [type(effect) for effect in known.effects] == [ShowReview, ShowRequest]


def test_rows_name_who_became_a_sponsor_and_forget_nobody_and_those_that_ended_stay() -> None:
    known = batch(BatchState.AWAITING_APPROVAL, row(1, partner_sponsors=(SAM,)), row(2), row(3, RowState.ENDED), row(4))
    sponsors = {tenant(1): (AMARA,), tenant(2): (BRUNO,), tenant(3): (CHIE,)}
    after = with_row_sponsors(known, sponsors)
    assert [set(one.partner_sponsors) for one in after.rows] == [{SAM, AMARA}, {BRUNO}, set(), set()]
    assert {AMARA.id, BRUNO.id} <= after.excluded
    assert with_row_sponsors(after, sponsors) is after

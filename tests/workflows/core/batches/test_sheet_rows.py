"""Rows of a sheet in a batch: their order, when they are decided alone, and which never change."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.batches.examples import batch, row, tenant
from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    EXPIRY,
    LIFETIME,
    NOW,
    RILEY,
    SAM,
    WHOLE_CHAIN,
    access_plan,
    batch_decisions,
    identity,
    partnership,
    prepared,
    request,
    situation,
)
from workflows.core.batches.asked_row import AskedAccess, BatchSheet
from workflows.core.batches.batch import BatchRow, BatchState, RowCode, RowState
from workflows.core.batches.commands import ConfirmDraft, DraftBatch, RecordRows
from workflows.core.batches.deciding import batch_eligibility
from workflows.core.batches.lifecycle import advance_batch
from workflows.core.batches.members import openings_after, row_after, warnings_of, why_row_alone
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.changes import changed_kinds
from workflows.core.plans.plan import Plan
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.requests.commands.batch import ApproveBatch
from workflows.core.requests.effects import AdvanceBatch, ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestKind, RequestState
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import Digest
from workflows.intervals import DRAFT_KEPT_FOR

OPEN = access_plan()
CLOSED = {"tenantId": OPEN.tenant_id, **BLOCK}
CLOSING = replace(OPEN, operations=(), before=CLOSED)


def of_sheet(number: int, tenant_number: int = 1, state: RowState = RowState.WAITING) -> BatchRow:
    """A row of a sheet."""
    return replace(row(tenant_number, state), asked=AskedAccess(row=number, target=f"partner{number}.example"))


def test_a_draft_of_a_sheet_keeps_its_order_and_its_file() -> None:
    sheet = BatchSheet(name="partners.csv", sha256=Digest("5e" * 32), rows=3)
    command = DraftBatch(
        batch_id=BATCH,
        kind=RequestKind.ACCESS,
        rows=(of_sheet(10, 1), of_sheet(9, 2), of_sheet(2, 3)),
        drafted_by="os:root",
        lifetime=DRAFT_KEPT_FOR,
        sheet=sheet,
    )
    drafted = advance_batch(None, command, Situation(now=NOW)).batch
    assert [one.asked.row for one in drafted.rows if one.asked is not None] == [2, 9, 10]
    assert drafted.sheet == sheet
    details = command.audit_details()
    assert (details["file"], details["sha256"], details["rows"]) == ("partners.csv", sheet.sha256, 3)
    assert "file" not in replace(command, sheet=None).audit_details()


def test_a_row_for_which_nothing_is_asked_stays_when_another_row_of_its_partner_changes() -> None:
    asked, double = of_sheet(2), of_sheet(3, state=RowState.NOT_ASKED)
    before = batch(BatchState.PREPARING, double, asked)
    planned = replace(asked, state=RowState.LEFT)
    command = RecordRows(batch_id=BATCH, rows={tenant(1): planned})
    after = advance_batch(before, command, situation()).batch
    assert after.rows == (double, planned)
    assert after.row_of(tenant(1)) == planned
    assert replace(after, rows=(double,)).row_of(tenant(1)) == double
    assert after.row_of(tenant(2)) is None


@pytest.mark.parametrize(
    ("before", "record", "state"),
    [
        (CLOSED, None, None),
        (None, partnership(state=PartnershipState.REVOKED), "revoked"),
        (CLOSED, partnership(state=PartnershipState.SUSPENDED), "suspended"),
    ],
)
def test_whoever_is_blocked_now_is_opened_alone(
    before: dict[str, object] | None, record: Partnership | None, state: str | None
) -> None:
    (reason,) = why_row_alone(replace(OPEN, before=before), record)
    assert (reason.code, reason.values["state"]) == (RowCode.REOPENS, state)


def test_an_open_partner_is_changed_together_and_a_block_is_alone() -> None:
    assert why_row_alone(OPEN, None) == ()
    assert why_row_alone(OPEN, partnership()) == ()
    (reason,) = why_row_alone(CLOSING, partnership())
    assert reason.code == RowCode.CLOSES


def test_a_partner_that_has_settings_since_the_draft_goes_alone() -> None:
    plan = access_plan({"tenantId": OPEN.tenant_id, "inboundTrust": {"isMfaAccepted": True}})
    (reason,) = why_row_alone(plan, None, drafted=settings_digest(None))
    assert reason.code == RowCode.EXISTS_NOW
    assert why_row_alone(plan, None, drafted=settings_digest(plan.before)) == ()
    assert why_row_alone(OPEN, None, drafted=settings_digest(None)) == ()


def test_confirming_finds_sponsors_and_leaves_out_what_is_not_asked_any_more() -> None:
    first, second = of_sheet(2, 1), of_sheet(3, 2)
    draft = batch(BatchState.DRAFT, first, second)
    found = replace(first, asked=replace(first.asked, sponsor=AMARA))  # type: ignore[type-var]
    left_out = replace(second, state=RowState.NOT_ASKED, reason=(Fact(RowCode.SPONSOR_NOT_IN_CHAT, {"name": "Sam"}),))
    command = ConfirmDraft(
        actor=RILEY,
        batch_id=BATCH,
        shown_version=5,
        sponsor=SAM,
        justification="They work with us",
        duration=None,
        lifetime=LIFETIME,
        rows={tenant(1): found, tenant(2): left_out},
    )
    confirmed = advance_batch(draft, command, situation()).batch
    assert (confirmed.rows, confirmed.duration, confirmed.row_sponsors) == ((found, left_out), None, (AMARA,))
    details = command.audit_details()
    assert list(details["not_asked"]) == ["partner2.example"]
    assert "days" not in details
    nothing = {tenant(1): replace(left_out, tenant_id=tenant(1)), tenant(2): left_out}
    with pytest.raises(Refused) as caught:
        advance_batch(draft, replace(command, rows=nothing), situation())
    assert caught.value.code == RefusalCode.BATCH_EMPTY


def test_the_entry_of_a_draft_says_what_each_row_asks_for_up_to_a_number_of_them() -> None:
    asked = AskedAccess(row=2, target="partner1.example", template="guests", duration=timedelta(days=90))
    rows = [row(1, RowState.WAITING, asked=asked), row(2, RowState.ALONE, asked=replace(asked, row=3, sponsor=AMARA))]
    nothing = row(3, RowState.NOT_ASKED, asked=AskedAccess(row=4, target="x"))
    known = DraftBatch(
        batch_id=BATCH, kind=RequestKind.ACCESS, rows=(*rows, nothing), drafted_by="os:root", lifetime=LIFETIME
    )
    details = known.audit_details()
    first, second = [2, "partner1.example", "guests", 90, None], [3, "partner2.example", "guests", 90, AMARA.id]
    assert (details["asked"], details["not_listed"]) == ([first, second], 0)
    many = replace(known, rows=tuple(row(number, RowState.WAITING, asked=asked) for number in range(1003)))
    assert (len(many.audit_details()["asked"]), many.audit_details()["not_listed"]) == (1000, 3)
    without_end = replace(known, rows=(replace(rows[0], asked=replace(asked, duration=None)),))
    assert without_end.audit_details()["asked"][0][3] is None


def test_whoever_a_row_names_as_sponsor_decides_on_no_row() -> None:
    named = replace(row(1), asked=AskedAccess(row=2, target="partner1.example", sponsor=AMARA))
    known = batch(BatchState.AWAITING_APPROVAL, named, row(2), row(3))
    assert AMARA.id in known.excluded
    assert AMARA.id in batch_eligibility(known).sponsor
    assert AMARA.id in batch_eligibility(replace(known, sponsor=None)).sponsor
    approve = ApproveBatch(actor=AMARA, batch_id=BATCH, digest=known.digest or Digest(""))
    with pytest.raises(Refused) as caught:
        advance_batch(known, approve, situation())
    assert caught.value.code == RefusalCode.SPONSOR_MAY_NOT_DECIDE
    assert known.sponsored_rows == {AMARA: 1, SAM: 2}
    assert replace(known, sponsor=None).sponsored_rows == {AMARA: 1}
    alone = replace(named, state=RowState.ALONE, plan_digest=None)
    assert AMARA.id in batch(BatchState.AWAITING_APPROVAL, alone, row(2)).excluded
    not_asked = replace(alone, state=RowState.NOT_ASKED)
    assert AMARA.id not in batch(BatchState.AWAITING_APPROVAL, not_asked, row(2)).excluded


def of_access(plan: Plan = OPEN) -> AccessRequest:
    """The request of a row of a sheet."""
    observation = ObservedPartner(identity=identity(), configuration=None, default=BLOCK, at=NOW)
    warning = Finding(code=FindingCode.LOOK_ALIKE, severity=Severity.WARNING, source=Source.OWN_RULE)
    note = replace(warning, severity=Severity.NOTE)
    known = prepared(plan=plan, observation=observation, findings=(warning, note))
    return request(RequestState.AWAITING_APPROVAL, batch=BATCH, prepared=known, decisions=())


def test_a_planned_row_shows_its_plan() -> None:
    asking = of_access()
    planned = row_after(of_sheet(2), asking)
    assert (planned.state, planned.plan_digest, planned.template) == (
        RowState.PLANNED,
        OPEN.digest,
        OPEN.template,
    )
    assert (planned.is_author_known, planned.duration) == (True, OPEN.duration)
    assert "inboundTrust.isMfaAccepted" in planned.openings
    assert planned.access_changes == changed_kinds(OPEN, BLOCK)
    assert planned.access_changes["inboundTrust.isMfaAccepted"] is AccessChange.OPENS
    assert (planned.access_change, of_sheet(2).access_change) == (AccessChange.OPENS, None)
    assert [one.severity for one in planned.findings] == [Severity.WARNING]


def test_a_member_with_a_later_start_leaves_with_its_approvals_and_starts_by_itself() -> None:
    plan = replace(OPEN, starts_at=EXPIRY)
    asking = of_access(plan)
    decisions = tuple(replace(one, digest=plan.digest) for one in WHOLE_CHAIN)
    command = batch_decisions(plan_digest=plan.digest, decisions=decisions)
    approved = advance(asking, command, situation())
    after = approved.request
    assert (after.state, after.batch, after.left_batch) == (RequestState.SCHEDULED, None, BATCH)
    assert after.decisions == decisions
    assert approved.effects == (ShowRequest(request_id=after.id), AdvanceBatch(batch_id=BATCH))
    planned = replace(of_sheet(2, state=RowState.PLANNED), request_id=after.id)
    assert row_after(planned, after).state is RowState.SCHEDULED


def test_a_row_shows_what_is_open_after_its_plan_and_only_what_must_be_considered() -> None:
    assert set(openings_after(CLOSING, BLOCK)) < set(openings_after(OPEN, BLOCK))
    assert "inboundTrust.isMfaAccepted" in openings_after(OPEN, BLOCK)
    found = tuple(
        Finding(code=FindingCode.LOOK_ALIKE, severity=severity, source=Source.OWN_RULE) for severity in Severity
    )
    assert {one.severity for one in warnings_of(found)} == {Severity.ERROR, Severity.WARNING}


def test_a_row_says_that_people_are_locked_out_as_an_estimate_and_that_policies_could_not_be_read() -> None:
    def told(*codes: FindingCode) -> list[FindingCode]:
        severities = {FindingCode.CA_LOCKED_OUT: Severity.WARNING}
        found = [Finding(code=one, severity=severities.get(one, Severity.UNCHECKED), source="") for one in codes]
        return [one.code for one in warnings_of(tuple(found))]

    estimate = (FindingCode.CA_LOCKED_OUT, FindingCode.CA_SHARED)
    assert told(*estimate) == list(estimate)
    assert told(FindingCode.CA_REQUIRED_IN_OUR_TENANT, FindingCode.CA_SHARED) == []
    assert told(FindingCode.CONDITIONAL_ACCESS_UNREADABLE) == [FindingCode.CONDITIONAL_ACCESS_UNREADABLE]


def test_who_made_the_draft_decides_on_nothing_of_it() -> None:
    known = batch(BatchState.AWAITING_APPROVAL, row(1), row(2), drafter=AMARA)
    assert AMARA.id in known.excluded
    approve = ApproveBatch(actor=AMARA, batch_id=BATCH, digest=known.digest or Digest(""))
    with pytest.raises(Refused) as caught:
        advance_batch(known, approve, situation())
    assert caught.value.code == RefusalCode.DRAFTER_MAY_NOT_DECIDE

"""The record of a partner whose change ended with only a part of it in the tenant."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from tests.workflows.core.builders import (
    DANA,
    NOW,
    SAM,
    STAGES,
    TENANT,
    everybody,
    noted,
    partnership,
    prepared,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import Person
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access
from workflows.core.requests.commands.automatic import RecordApplied, RecordApplyFailed, RecordRefusal, Stop
from workflows.core.requests.commands.partner_record import Keep
from workflows.core.requests.effects import MessageCode, SendMessage, ShowRequest
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import DisplayedState, state_to_display
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState, WriteRefusal
from workflows.core.settings.model import AutomaticRedemption, IdentitySynchronization, Property

LATER: Final = NOW + timedelta(days=2)
WHY: Final = noted("Graph refused it.")
REFUSAL: Final = WriteRefusal(reason=WHY, accepted=1, is_unsure=False)
SYNC: Final = ("identitySynchronization",)


def opening() -> Plan:
    """A plan of two operations: the partner, then its synchronization."""
    return plan_access(
        tenant_id=TENANT,
        before=None,
        settings={
            Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
            Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=True),
        },
        template="trusted-partner",
        template_hash="hash-1",
        duration=timedelta(days=90),
    )


def reducing() -> Plan:
    """A plan of two operations that only narrow."""
    return plan_access(
        tenant_id=TENANT,
        before={
            "tenantId": TENANT,
            "automaticUserConsentSettings": {"inboundAllowed": True},
            "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}},
        },
        settings={
            Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False),
            Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=False),
        },
        template="trusted-partner",
        template_hash="hash-1",
        duration=timedelta(days=90),
    )


def written(plan: Plan) -> AccessRequest:
    """An approved request whose plan is being written."""
    return request(RequestState.APPLYING, id=RequestId("r-2"), prepared=prepared(plan=plan), writing_since=NOW)


def part_of(plan: Plan, known: Partnership | None = None) -> tuple[AccessRequest, Partnership]:
    """The request and the record after Graph refused the second operation, and the first was read back."""
    command = RecordApplyFailed(reason=WHY, configuration=plan.configuration_after(1))
    outcome = advance_request_and_record(written(plan), command, situation(LATER), known)
    assert outcome.partnership is not None
    return outcome.request, outcome.partnership


def test_a_refusal_is_stored_and_nothing_else_changes() -> None:
    known = written(opening())
    transition = advance(known, RecordRefusal(refusal=REFUSAL), situation(LATER))
    assert transition.request == replace(known, version=6, changed_at=LATER, write_refusal=REFUSAL)
    assert transition.effects == ()
    assert state_to_display(transition.request) is DisplayedState.REFUSED
    unconfirmed = replace(transition.request, state=RequestState.UNCONFIRMED)
    assert state_to_display(unconfirmed) is DisplayedState.REFUSED


def test_a_refusal_never_ends_a_revocation() -> None:
    known = request(RequestState.APPLYING, RequestKind.REVOCATION)
    with pytest.raises(Refused) as refused:
        advance(known, RecordRefusal(refusal=REFUSAL), situation(LATER))
    assert refused.value.code == "never_given_up"


@pytest.mark.parametrize("state", [None, *PartnershipState])
def test_a_part_of_an_opening_is_recorded_ends_at_once_and_is_reviewed(state: PartnershipState | None) -> None:
    known = None if state is None else partnership(state=state)
    ended, record = part_of(opening(), known)
    assert (ended.state, ended.applied_part) == (RequestState.FAILED, 1)
    assert state_to_display(ended) is DisplayedState.PARTLY_APPLIED
    assert (record.request_id, record.basis, record.not_applied) == (ended.id, SettingsBasis.PARTLY_APPLIED, SYNC)
    assert (record.ends_at, record.next_review_at, record.is_as_approved) == (LATER, LATER, False)
    assert record.state is not PartnershipState.REVOKED


def test_the_requester_is_told_that_it_is_partly_applied() -> None:
    plan = opening()
    command = RecordApplyFailed(reason=WHY, configuration=plan.configuration_after(1))
    outcome = advance_request_and_record(written(plan), command, situation(LATER), partnership())
    [told] = [one for one in outcome.effects if isinstance(one, SendMessage)]
    assert (told.fact.code, told.fact.values["state"], told.fact.values["part"]) == (MessageCode.ENDED, "failed", 1)
    shown = [one.request_id for one in outcome.effects if isinstance(one, ShowRequest)]
    assert shown == ["r-2", "r-1"], "the cards of the request that was in effect before are updated too"


def test_a_part_after_the_end_is_recorded_like_one_that_graph_refused() -> None:
    plan = opening()
    outcome = advance_request_and_record(
        written(plan), Stop(reason=WHY, configuration=plan.configuration_after(1)), situation(LATER)
    )
    assert outcome.partnership is not None
    assert (outcome.request.applied_part, outcome.partnership.basis) == (1, SettingsBasis.PARTLY_APPLIED)
    assert state_to_display(outcome.request) is DisplayedState.PARTLY_APPLIED


def test_without_a_part_there_is_no_record() -> None:
    outcome = advance_request_and_record(
        written(opening()), RecordApplyFailed(reason=WHY), situation(LATER), partnership()
    )
    assert (outcome.partnership, outcome.request.applied_part) == (None, 0)
    assert state_to_display(outcome.request) is DisplayedState.FAILED


@pytest.mark.parametrize("state", [PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE])
def test_a_part_of_a_reduction_keeps_the_approved_end(state: PartnershipState) -> None:
    known = partnership(state=state, ends_at=NOW + timedelta(days=10))
    _, record = part_of(reducing(), known)
    assert (record.basis, record.ends_at, record.next_review_at) == (SettingsBasis.PARTLY_REDUCED, known.ends_at, LATER)
    assert (record.is_as_approved, record.state, len(record.not_applied)) == (True, state, 1)


def test_a_part_of_a_reduction_of_access_without_end_has_none() -> None:
    assert part_of(reducing(), partnership(ends_at=None))[1].ends_at is None


@pytest.mark.parametrize(
    "known",
    [None, partnership(state=PartnershipState.REVOKED), partnership(basis=SettingsBasis.PARTLY_APPLIED, ends_at=NOW)],
    ids=["no record", "revoked", "not approved either"],
)
def test_a_part_of_a_reduction_of_what_nobody_approved_is_not_approved_either(known: Partnership | None) -> None:
    _, record = part_of(reducing(), known)
    assert record.basis is SettingsBasis.PARTLY_APPLIED
    assert record.ends_at is not None
    assert record.ends_at <= LATER


@pytest.mark.parametrize("basis", [SettingsBasis.PARTLY_APPLIED, SettingsBasis.OVERWRITTEN])
@pytest.mark.parametrize("person", [SAM, DANA], ids=["sponsor", "admin"])
def test_nobody_keeps_settings_that_nobody_approved(basis: SettingsBasis, person: Person) -> None:
    record = partnership(state=PartnershipState.REVIEW_DUE, basis=basis, ends_at=NOW)
    keep = Keep(actor=person, tenant_id=TENANT, reason="Needed")
    with pytest.raises(Refused) as refused:
        advance_review(record, keep, current_roles=everybody(sam=""), now=NOW)
    assert (refused.value.code, refused.value.fact.values) == ("not_as_approved", {"domain": "contoso.com"})


def test_a_part_of_a_reduction_may_be_kept() -> None:
    record = partnership(state=PartnershipState.REVIEW_DUE, basis=SettingsBasis.PARTLY_REDUCED)
    kept = advance_review(
        record,
        Keep(actor=SAM, tenant_id=TENANT, reason="The launch moved to July"),
        current_roles=everybody(sam=""),
        now=NOW,
    )
    assert kept.partnership.state is PartnershipState.ACTIVE


def test_a_complete_change_makes_the_settings_approved_again() -> None:
    known = partnership(basis=SettingsBasis.PARTLY_APPLIED, not_applied=SYNC, ends_at=NOW, stages=STAGES)
    outcome = advance_request_and_record(written(opening()), RecordApplied(configuration={}), situation(LATER), known)
    assert outcome.partnership is not None
    assert (outcome.partnership.basis, outcome.partnership.not_applied) == (SettingsBasis.APPROVED, ())


@pytest.mark.parametrize("basis", [SettingsBasis.PARTLY_APPLIED, SettingsBasis.OVERWRITTEN])
def test_a_complete_reduction_does_not_make_approved_what_nobody_approved(basis: SettingsBasis) -> None:
    """One approver is enough for a reduction, and what is left was never approved."""
    known = partnership(basis=basis, not_applied=SYNC, ends_at=NOW, stages=STAGES)
    outcome = advance_request_and_record(written(reducing()), RecordApplied(configuration={}), situation(LATER), known)
    assert outcome.partnership is not None
    assert (outcome.partnership.basis, outcome.partnership.not_applied) == (basis, SYNC)
    assert not outcome.partnership.is_as_approved


def test_a_reduction_that_is_completed_later_is_as_approved() -> None:
    known = partnership(basis=SettingsBasis.PARTLY_REDUCED, not_applied=SYNC, stages=STAGES)
    outcome = advance_request_and_record(written(reducing()), RecordApplied(configuration={}), situation(LATER), known)
    assert outcome.partnership is not None
    assert (outcome.partnership.basis, outcome.partnership.not_applied) == (SettingsBasis.APPROVED, ())


def test_after_a_reduction_request_template_and_time_are_those_of_the_present_settings() -> None:
    """The end, the sponsor and the approval policy stay as they were approved before."""
    known = partnership(template="b2b", template_title="B2B", restored_from=RequestId("r-0"), stages=STAGES)
    outcome = advance_request_and_record(written(reducing()), RecordApplied(configuration={}), situation(LATER), known)
    record = outcome.partnership
    assert record is not None
    assert (record.request_id, record.since, record.restored_from) == ("r-2", LATER, None)
    assert (record.template, record.template_title) == ("trusted-partner", "Trusted partner")
    assert (record.ends_at, record.sponsor, record.stages) == (known.ends_at, known.sponsor, known.stages)

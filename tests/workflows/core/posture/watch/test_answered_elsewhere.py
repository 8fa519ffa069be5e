"""What drift means for reviews and restorations, whose rules stand elsewhere."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import MALLORY, NOW, SAM, TENANT, access_plan, everybody, partnership, prepared
from tests.workflows.core.builders import request as a_request
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.outcome.new_records import opened_partnership
from workflows.core.partners.partnership import PartnershipState
from workflows.core.partners.restoration.not_restored import restoration_findings
from workflows.core.partners.restoration.restorable import has_approved_result, restored_summary
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.people import Person
from workflows.core.requests.commands.partner_record import AskReview, Keep
from workflows.core.requests.request import RequestId, RequestState

DUE = partnership(state=PartnershipState.REVIEW_DUE, next_review_at=NOW)


@pytest.mark.parametrize(
    ("actor", "code"), [(SAM, RefusalCode.DRIFTED), (MALLORY, RefusalCode.NOT_THE_SPONSOR)], ids=["sponsor", "nobody"]
)
def test_a_drifted_partner_cannot_be_kept(actor: Person, code: RefusalCode) -> None:
    keep = Keep(actor=actor, tenant_id=TENANT, reason="Still needed")
    with pytest.raises(Refused) as refused:
        advance_review(DUE, keep, current_roles=everybody(), now=NOW, is_drifted=True)
    assert refused.value.code is code
    asked = advance_review(DUE, AskReview(), current_roles=everybody(), now=NOW, is_drifted=True)
    assert asked.partnership.reminders == 1, "its review is asked all the same"


def test_what_changed_the_record_can_be_restored_as_approved() -> None:
    applied = a_request(RequestState.APPLIED)
    for state in (RequestState.APPLIED, RequestState.OVERWRITTEN):
        assert has_approved_result(replace(applied, state=state))
    for state in (RequestState.FAILED, RequestState.STOPPED):
        assert has_approved_result(replace(applied, state=state, applied_part=1))
        assert not has_approved_result(replace(applied, state=state))


def test_the_settings_that_were_approved_are_compared_with_those_after_the_change() -> None:
    plan = access_plan({"tenantId": TENANT})
    applied = replace(a_request(RequestState.APPLIED), prepared=prepared(plan=plan))
    now = {**(plan.configuration_after() or {}), "somethingNew": {"isOn": True}}
    (found,) = restoration_findings(applied, now, is_result=True)
    assert (found.code, found.values["names"]) == (FindingCode.NOT_RESTORED, ["somethingNew"])
    assert restoration_findings(applied, plan.configuration_after(), is_result=True) == ()


@pytest.mark.parametrize("is_result", [False, True])
def test_a_partner_that_is_as_approved_again_has_its_template_as_its_title(is_result: bool) -> None:
    earlier = replace(a_request(RequestState.APPLIED), id=RequestId("r-0"))
    summary = replace(restored_summary(earlier, is_result=is_result), policy_title="Trusted partner")
    restored = replace(a_request(RequestState.APPLIED), prepared=prepared(restored=summary))
    record = opened_partnership(restored, None, NOW)
    assert record.restored_from == (None if is_result else "r-0")

"""Which settings can be adopted, and why others cannot."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, SAM, TENANT, access_plan, identity, prepared, request
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.plans.renewal import MIN_EXTENSION
from workflows.core.posture.adoption.adoptable import approved_until, require_adoptable
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestId
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject

STANDS: JsonObject = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}
YEAR = timedelta(days=365)


def observed(configuration: JsonObject | None, *, is_resolved: bool = True) -> ObservedPartner:
    about = replace(identity(), is_resolved=is_resolved)
    return ObservedPartner(identity=about, configuration=configuration, at=NOW, default={})


def record(**changes: Any) -> Partnership:
    usual = Partnership(
        identity=identity(),
        version=1,
        state=PartnershipState.ACTIVE,
        sponsor=SAM,
        template="trusted-partner",
        template_title="Trusted partner",
        request_id=RequestId("r-1"),
        since=NOW,
        ends_at=NOW + timedelta(days=90),
        review_interval=None,
        next_review_at=None,
    )
    return replace(usual, **changes)


def recorded() -> AccessRequest:
    """The request of the record, whose plan leads to its settings."""
    return request(prepared=prepared(plan=access_plan({"tenantId": TENANT})))


def code(*arguments: Any) -> str:
    with pytest.raises(InvalidField) as caught:
        require_adoptable(*arguments)
    return caught.value.code


def test_a_partner_without_a_record_is_adopted_exactly_as_it_was_read() -> None:
    assert require_adoptable(observed(STANDS), None, None, YEAR, NOW) is STANDS


@pytest.mark.parametrize(
    ("given", "known", "expected"),
    [
        (observed(None), None, RefusalCode.NOTHING_TO_ADOPT),
        (observed(STANDS, is_resolved=False), None, RefusalCode.ADOPTS_OTHER_CLOUD),
        (observed({"tenantId": TENANT, **BLOCK}), None, RefusalCode.ADOPTS_A_BLOCK),
        (observed({"tenantId": TENANT, **BLOCK}), record(), RefusalCode.ADOPTS_A_BLOCK),
        (observed(STANDS), record(), RefusalCode.ADOPTION_RECORD_UNREADABLE),
    ],
)
def test_what_cannot_be_adopted(given: ObservedPartner, known: Partnership | None, expected: RefusalCode) -> None:
    assert code(given, known, None, YEAR, NOW) == expected


def test_a_block_that_is_recorded_needs_nothing() -> None:
    revoked = record(state=PartnershipState.REVOKED)
    with pytest.raises(InvalidField) as caught:
        require_adoptable(observed({"tenantId": TENANT, **BLOCK}), revoked, None, YEAR, NOW)
    assert caught.value.fact.values["is_recorded"] is True


def test_a_request_without_a_plan_cannot_be_compared() -> None:
    without = replace(recorded(), prepared=None)
    assert code(observed(STANDS), record(), without, YEAR, NOW) == RefusalCode.ADOPTION_RECORD_UNREADABLE


def test_a_revoked_partner_that_is_open_again_can_be_adopted() -> None:
    revoked = record(state=PartnershipState.REVOKED)
    assert require_adoptable(observed(STANDS), revoked, None, YEAR, NOW) is STANDS


@pytest.mark.parametrize("ends_at", [None, NOW + timedelta(days=90)])
def test_what_stands_as_approved_needs_no_adoption(ends_at: Any) -> None:
    after = recorded().plan.configuration_after()
    assert code(observed(after), record(ends_at=ends_at), recorded(), YEAR, NOW) == RefusalCode.ALREADY_AS_APPROVED


def test_what_differs_and_what_nobody_approved_can_be_adopted() -> None:
    after = recorded().plan.configuration_after()
    assert require_adoptable(observed(STANDS), record(), recorded(), YEAR, NOW) is STANDS
    overwritten = record(basis=SettingsBasis.OVERWRITTEN)
    assert require_adoptable(observed(after), overwritten, recorded(), YEAR, NOW) is after


def test_settings_of_no_template_are_adopted_again_only_for_longer() -> None:
    after = recorded().plan.configuration_after()
    adopted = record(is_adopted=True, template="")
    assert require_adoptable(observed(after), adopted, recorded(), YEAR, NOW) is after
    assert require_adoptable(observed(after), adopted, recorded(), None, NOW) is after
    short = timedelta(days=90)
    with pytest.raises(InvalidField) as caught:
        require_adoptable(observed(after), adopted, recorded(), short, NOW)
    assert (caught.value.field, caught.value.code) == ("duration", RefusalCode.ADOPTION_TOO_SHORT)
    assert caught.value.fact.values == {
        "days": 90,
        "ends_at": (NOW + timedelta(days=90)).isoformat(),
        "asked_from": (NOW + MIN_EXTENSION).isoformat(),
    }
    without_end = replace(adopted, ends_at=None)
    assert code(observed(after), without_end, recorded(), short, NOW) == RefusalCode.ALREADY_AS_APPROVED
    equal = replace(adopted, template="trusted-partner")
    assert code(observed(after), equal, recorded(), YEAR, NOW) == RefusalCode.ALREADY_AS_APPROVED


def test_until_when_the_settings_were_as_approved() -> None:
    overwritten = record(basis=SettingsBasis.OVERWRITTEN, since=NOW + timedelta(hours=1))
    assert approved_until(None, None) is None
    assert approved_until(record(), recorded()) == NOW
    assert approved_until(overwritten, None) == NOW + timedelta(hours=1)
    assert approved_until(overwritten, recorded()) == recorded().created_at
    sent = replace(recorded(), writing_since=NOW + timedelta(minutes=5))
    assert approved_until(overwritten, sent) == NOW + timedelta(minutes=5)

"""What is approved is reviewed when its risk grew, or when its template would give less today."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, STAGES, access_plan, partnership, prepared, reduction_plan, request
from workflows.core.people import Role
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import Stage, Template
from workflows.core.posture.watch.review_causes import approved_risk, grown_risk, stricter_parts
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.block import BLOCK
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import AutomaticRedemption, InboundTrust, Property, Setting, TargetType

DAY = timedelta(days=1)
EVERYBODY = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
EVERYTHING = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}
OPEN = {"b2bDirectConnectInbound": {"usersAndGroups": EVERYBODY, "applications": EVERYTHING}}
SETTINGS: dict[Property, Setting] = {
    Property.INBOUND_TRUST: InboundTrust(mfa=True),
    Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
}
LESS: dict[Property, Setting] = {**SETTINGS, Property.INBOUND_TRUST: InboundTrust(mfa=False)}


def template(**changes: Any) -> Template:
    usual = Template(
        name="trusted-partner",
        title="Trusted partner",
        description="",
        settings=SETTINGS,
        stages=STAGES,
        review_interval=30 * DAY,
        durations=(30 * DAY, 180 * DAY),
        default_duration=30 * DAY,
        decide_within=7 * DAY,
        content_hash="new",
    )
    return replace(usual, **changes)


def applied(**changes: Any) -> AccessRequest:
    return request(RequestState.APPLIED, **changes)


def test_risk_grew_when_the_partner_inherits_more_than_its_approvers_saw() -> None:
    assert grown_risk(access_plan(), BLOCK, {**BLOCK, **OPEN}) == (RiskLevel.ELEVATED, RiskLevel.HIGH)


def test_the_risk_as_approved_counts_what_was_not_known_most() -> None:
    def of(default: Any) -> RiskLevel:
        usual = prepared()
        return approved_risk(applied(prepared=replace(usual, observation=replace(usual.observation, default=default))))

    assert [of(BLOCK), of({**BLOCK, **OPEN}), of(None)] == [RiskLevel.ELEVATED, RiskLevel.HIGH, RiskLevel.HIGH]


@pytest.mark.parametrize(
    ("approved", "today"),
    [(None, OPEN), (OPEN, None), (BLOCK, BLOCK), ({**BLOCK, **OPEN}, BLOCK)],
    ids=["not known then", "not known now", "equal", "less"],
)
def test_risk_that_is_equal_less_or_not_known_is_no_cause(approved: Any, today: Any) -> None:
    assert grown_risk(access_plan(), approved, today) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ()),
        ({"settings": LESS}, ("settings",)),
        ({"settings": {**SETTINGS, Property.INBOUND_TRUST: InboundTrust(mfa=True, compliant_device=True)}}, ()),
        ({"stages": (*STAGES, Stage(title="Legal", role=Role("legal"), quorum=1))}, ("approvers",)),
        ({"stages": STAGES[:1]}, ()),
        ({"durations": (30 * DAY,)}, ("duration",)),
        ({"settings": LESS, "durations": (30 * DAY,)}, ("settings", "duration")),
    ],
)
def test_a_changed_template_is_stricter_where_that_is_certain(
    changes: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert stricter_parts(partnership(), applied(), template(**changes), NOW) == expected


def test_a_value_that_the_template_did_not_ask_for_then_is_no_cause() -> None:
    asks = Placeholder(name="app", label="App", kind=TargetType.APPLICATION, owner=Owner.OURS)
    assert stricter_parts(partnership(), applied(), template(settings=LESS, placeholders=(asks,)), NOW) == ()


def test_the_period_counts_from_now_and_no_end_is_no_cause() -> None:
    short = template(durations=(30 * DAY,))
    assert stricter_parts(partnership(), applied(), short, NOW + 60 * DAY) == ()
    assert stricter_parts(partnership(ends_at=None), applied(), short, NOW) == ()


def test_the_chain_is_compared_only_where_a_whole_chain_decided() -> None:
    more = template(stages=(*STAGES, Stage(title="Legal", role=Role("legal"), quorum=1)), settings={})
    assert stricter_parts(partnership(stages=()), applied(), more, NOW) == ()
    reduction = applied(prepared=prepared(plan=reduction_plan()))
    assert stricter_parts(partnership(), reduction, more, NOW) == ()

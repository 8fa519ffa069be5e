"""Cards show what a change opens, which current access raises the risk, and what stays open."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from slack_sdk.models.blocks import RichTextBlock

from bot.slack.blocks.untrusted import cut
from bot.slack.cards.risk import risk_elements, unchanged_access_elements
from bot.words.plans.risk import risk_for_approval_words
from bot.words.sentences import place_to_cut
from tests.bot.surfaces import shown
from tests.workflows.core.builders import TENANT, access_plan, closed_document
from tests.workflows.core.plans.test_other_clouds import CONSENT, SERVICE_DEFAULT, SYNCHRONIZED, standing
from tests.workflows.core.settings.test_effective import ALL
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access
from workflows.core.plans.renewal import plan_renewal
from workflows.core.settings.model import AutomaticRedemption, Property

DAY = timedelta(days=90)
WIDE = standing(
    identitySynchronization=SYNCHRONIZED, b2bDirectConnectOutbound=ALL, automaticUserConsentSettings=CONSENT
)
ID = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"


def risk(plan: Plan) -> str:
    return shown([RichTextBlock(elements=list(risk_elements(plan, SERVICE_DEFAULT))).to_dict()])


def staying(plan: Plan) -> str:
    elements = list(unchanged_access_elements(plan, SERVICE_DEFAULT))
    return shown([RichTextBlock(elements=elements).to_dict()]) if elements else ""


def test_the_reasons_of_the_current_settings_come_after_those_of_the_change() -> None:
    said = risk(access_plan(WIDE))
    opened, already = said.index("We accept the partner's MFA"), said.index("Of current access that stays: high")
    assert said.index("Risk of this change: elevated") < opened < already
    assert already < said.index("create and change user accounts") < said.index("Of all access afterwards: high")
    assert "Of current access that stays" not in risk(access_plan())


def test_less_access_says_the_risk_of_the_change_and_that_of_all_access_afterwards() -> None:
    """The posture names the second one. Only the first one asks for approvals."""
    no_prompt_is_off = {Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False, outbound=False)}
    less = plan_access(
        tenant_id=TENANT, before=WIDE, settings=no_prompt_is_off, template="t", template_hash="h", duration=DAY
    )
    said = risk(less)
    assert "Risk of this change: low (needs 1 approver)" in said
    assert "Of all access afterwards: high" in said
    assert risk_for_approval_words(less, SERVICE_DEFAULT) == "Low-risk change"


def test_the_risk_of_access_that_stays_is_not_called_the_risk_of_the_change() -> None:
    outbound = {Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True)}
    before = {**WIDE, "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False}}
    plan = plan_access(
        tenant_id=TENANT, before=before, settings=outbound, template="t", template_hash="h", duration=DAY
    )
    assert risk_for_approval_words(plan, SERVICE_DEFAULT) == "High-risk access"
    said = risk(plan)
    assert "Risk of this change: elevated" in said
    assert "Risk of this change: elevated (needs" not in said
    assert "Of current access that stays: high (needs 3 approvers in at least 2 stages)" in said


def test_an_extension_has_the_risk_of_the_access_that_it_extends() -> None:
    plan = plan_renewal(tenant_id=TENANT, before=WIDE, template="t", template_hash="h", duration=DAY)
    assert risk_for_approval_words(plan, SERVICE_DEFAULT) == "High-risk access"
    assert "Risk of the access to extend: high (needs 3 approvers in at least 2 stages)" in risk(plan)


def test_what_stays_open_is_named_and_what_lets_nobody_in_is_counted() -> None:
    said = staying(access_plan({**WIDE, "b2bDirectConnectInbound": closed_document()["b2bDirectConnectInbound"]}))
    for named in ("Identity synchronization into this tenant", "B2B direct connect, outbound", "Automatic redemption"):
        assert named in said
    assert "1 value that lets nobody in" in said
    assert "B2B direct connect, inbound" not in said
    assert staying(access_plan()) == ""


def test_what_nobody_manages_is_named_too() -> None:
    assert "crossCloudMeetingConfiguration" in staying(
        access_plan(standing(crossCloudMeetingConfiguration={"inboundAllowed": True}))
    )


def test_a_renewal_shows_all_that_it_prolongs() -> None:
    plan = plan_renewal(tenant_id=TENANT, before=WIDE, template="t", template_hash="h", duration=timedelta(days=90))
    assert "Access to extend" in staying(plan)
    assert staying(replace(plan, before={"tenantId": TENANT})) == ""


def test_no_text_is_cut_inside_an_id() -> None:
    text = f"group {ID}, group {ID}"
    for limit in range(7, len(text)):
        said: Any = cut(text, limit)
        assert len(said) <= limit
        assert said.count("1b4f") == said.count(ID)
    assert place_to_cut("a" * 50, 20) == 20

"""What is said of a template before a request is sent."""

from dataclasses import replace

from bot.words.reviews.template_policy import chosen_template_words
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.people import Role
from workflows.core.policy.offers import Offer
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import Stage

TRUSTED = load_catalog(SHIPPED).templates["trusted-partner"]


def last_line(*stages: Stage) -> str:
    template = replace(TRUSTED, stages=stages)
    return chosen_template_words(Offer(template=template, level=RiskLevel.HIGH, closes=False))[-1]


def test_the_form_says_who_is_asked_when_nobody_decides_only_where_the_template_has_it() -> None:
    security, owners = TRUSTED.stages
    assert "Without a decision" not in last_line(security, owners)
    both = [replace(stage, escalate_after=2) for stage in (security, owners)]
    told = "after 2 working days the approvers' managers are told, and later the admins."
    assert last_line(*both) == f"Without a decision: {told}"
    assert last_line(both[0], owners) == f"Without a decision: “Security”, {told}"
    alternates = replace(both[1], alternates=Role("deputy"))
    assert last_line(both[0], alternates) == (
        f"Without a decision: “Security”, {told} “Data owners”, after 2 working days “deputy” may approve too. Later "
        "managers, then admins are told."
    )

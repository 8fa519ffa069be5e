"""Why a request needs as many approvals as it does: one golden sentence for each rule."""

from dataclasses import replace

import pytest

from bot.words.requests.approval_chain import chain_rule_note, chain_rule_words, offered_chain_words
from tests.bot.shipped_cards import waiting
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.policy.approval import ChainRule
from workflows.core.policy.offers import Offer
from workflows.core.policy.risk import RiskLevel
from workflows.core.requests.request import PreparedRequest

TEMPLATES = load_catalog(SHIPPED).templates
NOTES = {
    ChainRule.ONE_APPROVER: "",
    ChainRule.TEMPLATE: "The template asks for 3 approvals (low risk alone needs 1)",
    ChainRule.STRICTER: (
        "The partner's approval policy or all its settings ask for 3 approvals (low risk alone needs 1)"
    ),
}
SENTENCES = {
    ChainRule.ONE_APPROVER: (
        "This only reduces or blocks access, so one approval is enough. The end that was approved earlier stays."
    ),
    ChainRule.TEMPLATE: ("The template asks for 3 approvals. Low risk alone needs 1."),
    ChainRule.STRICTER: (
        "It needs 3 approvals, more than the access template asks for. The reason is the partner's approval policy, or "
        "the risk of all settings afterwards. Low risk alone needs 1."
    ),
}


def known(template: str, rule: ChainRule | None) -> PreparedRequest:
    return replace(waiting(TEMPLATES[template]).require_prepared(), chain_rule=rule)


@pytest.mark.parametrize("rule", ChainRule)
def test_each_rule_says_what_asks_for_more_approvals_than_the_risk(rule: ChainRule) -> None:
    assert chain_rule_note(known("regulated-project", rule)) == NOTES[rule]
    assert chain_rule_words(known("regulated-project", rule)) == SENTENCES[rule]


def test_without_a_stored_rule_and_with_as_many_approvals_as_the_risk_needs_the_card_says_nothing() -> None:
    assert chain_rule_note(known("regulated-project", None)) == chain_rule_words(known("regulated-project", None)) == ""
    assert chain_rule_note(known("guest-collaboration", ChainRule.TEMPLATE)) == ""


def test_the_form_says_which_rule_asks_for_more_approvals_than_the_risk() -> None:
    offer = Offer(template=TEMPLATES["regulated-project"], level=RiskLevel.LOW, closes=False)
    stages = offer.template.stages
    assert offered_chain_words(offer, stages) == "The template asks for 3 approvals. Low risk alone needs 1."
    assert offered_chain_words(replace(offer, level=RiskLevel.HIGH), stages) == ""
    more = (*stages, replace(stages[0], title="Legal"))
    assert offered_chain_words(offer, more) == (
        "The partner's approval policy asks for 4 approvals. Low risk alone needs 1."
    )
    assert offered_chain_words(offer, stages[:1]) == "", "one approver closes a partner"

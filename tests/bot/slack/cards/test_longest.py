"""With every text at its longest, all stays within Slack's limits. What is left out is counted and can be opened."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from bot.slack import ids
from bot.slack.blocks.message import Message, message
from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.closed_card import closed_card
from bot.slack.cards.approval.new_approval import new_approval_message
from bot.slack.cards.approval.requester_and_sponsor import requester_card, sponsor_card
from bot.slack.cards.partner_and_plan import MAX_FINDINGS
from bot.slack.flows.decide.views import decision_view
from bot.slack.flows.home.view import home_view
from bot.slack.people.approvers import Approvers
from tests.bot.shipped_cards import waiting
from tests.bot.surfaces import all_of, assert_sound, assert_sound_message, buttons, shown
from tests.workflows.core.builders import NOW, noted
from workflows.app.reads.app_home import AppHome
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.requests.request import AccessRequest, RequestState

TEMPLATES: Final = load_catalog(SHIPPED).templates
DOMAIN: Final = f"contoso.com.{'.'.join(['x' * 40] * 5)}.{'y' * 23}.evil.example"
JUSTIFICATION: Final = " ".join(f"reason{number}" for number in range(180))
TEXT: Final = " ".join(f"finding{number}" for number in range(400))
PEOPLE: Final = Approvers(names=tuple(f"{'Very ' * 15}long name {number}" for number in range(12)), other_count=188)


def longest(template: str) -> AccessRequest:
    asked = waiting(TEMPLATES[template])
    identity = replace(
        asked.require_prepared().observation.identity, default_domain=DOMAIN, display_name="Contoso " * 32
    )
    findings = tuple(
        Finding(code=FindingCode.TEXT, severity=severity, values={"text": f"{number} {TEXT}"}, source="Entra " * 30)
        for severity in (Severity.WARNING, Severity.UNCHECKED, Severity.NOTE)
        for number in range(20)
    )
    known = replace(
        asked.require_prepared(),
        observation=replace(asked.require_prepared().observation, identity=identity),
        findings=findings,
        requester=replace(asked.require_prepared().requester, name="Riley " * 40),
        sponsor=replace(asked.require_prepared().sponsor, name="Sam " * 40),
    )
    particulars = replace(asked.fields, justification=JUSTIFICATION, ticket="T" * 100)
    return replace(asked, prepared=known, fields=particulars)


def holders(asked: AccessRequest) -> dict[str, Approvers]:
    return {stage.role: PEOPLE for stage in asked.require_prepared().stages}


def messages(asked: AccessRequest) -> Iterator[Message]:
    context = CardContext(is_first=True, others_open=49)
    blocks = approval_blocks(asked, holders=holders(asked), context=context, now=NOW)  # type: ignore[arg-type]
    yield message("", blocks)
    yield new_approval_message(
        replace(asked, asked_again=noted(TEXT)),
        holders={},
        context=context,
        now=NOW,
    )
    done = replace(asked, state=RequestState.STOPPED, note=noted(TEXT))
    yield closed_card(done, successor=None, now=NOW)
    yield requester_card(done, now=NOW)
    yield sponsor_card(done, now=NOW)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_message_is_taken_by_slack_and_leads_to_the_rest(template: str) -> None:
    for made in messages(longest(template)):
        assert_sound_message(made)
        assert len(made.blocks) <= 6


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_card_shows_the_whole_domain_and_counts_what_it_leaves_out(template: str) -> None:
    asked = longest(template)
    card, again, closed, *_ = messages(asked)
    assert len(DOMAIN) == 253
    for made in (card, again, closed):
        assert DOMAIN in shown(made.blocks), "its end says whose it is"
        assert ids.REVIEW_REQUEST in buttons(made.blocks)
    text = shown(card.blocks)
    assert "reason24 … (155 more words in Details)" in text
    assert "reason25" not in text
    assert "⚠️ Earlier finding (19 more issues; not checked: earlier finding, 19 more)" in text
    assert f"({PEOPLE.names[0]} and 199 others)" in text, "no name is cut"


@pytest.mark.parametrize("template", TEMPLATES)
def test_details_have_what_the_card_leaves_out(template: str) -> None:
    asked = longest(template)
    view = decision_view(asked, holders=holders(asked), history=(), now=NOW)  # type: ignore[arg-type]
    assert_sound(view)
    text = shown(view)
    assert DOMAIN in text
    assert JUSTIFICATION in text
    assert f"and {40 - MAX_FINDINGS} more" in text
    assert asked.plan.digest in text
    assert list(buttons(view["blocks"][-3:])) == [
        ids.APPROVE,
        ids.REJECT,
        ids.ASK,
        ids.REQUEST_CHANGES,
        ids.PROPOSE_LESS,
        ids.COMMENT,
    ]


def test_the_homes_of_everybody_stay_within_the_limits() -> None:
    asked = [replace(longest("merger"), id=f"R-{number:010}") for number in range(10)]  # type: ignore[arg-type]
    view = home_view(AppHome(approvals=all_of(asked), mine=all_of(asked)), now=NOW)
    assert_sound(view, "home")
    assert "more parts are not shown" not in shown(view)

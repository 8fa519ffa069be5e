"""The approval card: short enough to decide in thirty seconds, and nothing that opens is missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import ids
from bot.slack.blocks.blocks import Limit, within_limits
from bot.slack.blocks.message import message
from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.slack.flows.decide.views import decision_view
from bot.slack.people.approvers import Approvers
from bot.words.sentences import MAX_QUOTED_WORDS, day
from tests.bot.shipped_cards import FINDINGS, NAMES, waiting, words_of
from tests.bot.surfaces import assert_sound_message, buttons, dicts, hostile, hostile_request, shown
from tests.workflows.core.builders import (
    AMARA,
    DATA_OWNER,
    NOW,
    SECURITY,
    TENANT,
    access_plan,
    approval,
    closed_document,
    particulars,
    partnership,
    prepared,
    reduction_plan,
    request,
)
from tests.workflows.core.strategies import PROPERTY
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.findings import NEVER_READABLE, Finding, FindingCode, Severity
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.renewal import plan_renewal
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import InboundTrust

TEMPLATES = load_catalog(SHIPPED).templates
MAX_WORDS, MAX_BLOCKS = 120, 6


def card(asked: AccessRequest, **changes: Any) -> list[dict[str, Any]]:
    usual: dict[str, Any] = {"holders": NAMES, "context": CardContext(is_first=True, others_open=3), "now": NOW}
    return within_limits(approval_blocks(asked, **{**usual, **changes}), "message")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_shipped_templates_card_has_at_most_120_words_and_its_buttons_last(template: str) -> None:
    blocks = card(waiting(TEMPLATES[template]))
    assert words_of(blocks) <= MAX_WORDS
    assert len(blocks) <= MAX_BLOCKS
    assert list(buttons(blocks[-1])) == [ids.APPROVE, ids.REJECT, ids.ASK, ids.REVIEW_REQUEST]


SIGNED_IN = Finding(
    code=FindingCode.SIGN_INS,
    severity=Severity.NOTE,
    source="Entra",
    values={"people": 12, "applications": [], "application_count": 0, "is_complete": True, "days": 30},
)


@pytest.mark.parametrize("state", list(PartnershipState))
@pytest.mark.parametrize("template", TEMPLATES)
def test_with_all_that_is_known_of_the_partner_it_has_at_most_120_words(template: str, state: PartnershipState) -> None:
    asked = waiting(TEMPLATES[template])
    known = replace(asked.require_prepared(), findings=(SIGNED_IN, *FINDINGS, *FINDINGS))
    context = CardContext(is_first=False, others_open=3, partnership=partnership(state=state))
    assert words_of(card(replace(asked, prepared=known), context=context)) <= MAX_WORDS


def test_the_first_issue_is_named_and_the_others_are_counted() -> None:
    asked = waiting(TEMPLATES["guest-collaboration"])
    text = shown(card(asked))
    assert "⚠️ Guests are locked out by one policy. (not checked: earlier finding)" in text
    more = replace(asked, prepared=replace(asked.require_prepared(), findings=(*FINDINGS, *FINDINGS)))
    assert "one policy. (1 more issue; not checked: earlier finding, 1 more)" in shown(card(more))
    long = replace(FINDINGS[0], values={"text": "word " * 26})
    only = replace(asked, prepared=replace(asked.require_prepared(), findings=(long,)))
    assert "⚠️ Earlier finding\n" in shown(card(only))


def test_the_first_issue_is_the_worst_one() -> None:
    """Doubts about who the partner is come before what else may be wrong."""
    asked = waiting(TEMPLATES["guest-collaboration"])
    doubt = Finding(
        code=FindingCode.IMITATES_MICROSOFT,
        severity=Severity.WARNING,
        source="",
        values={"domain": "micros0ft.com", "text": "This domain imitates Microsoft."},
    )
    known = replace(asked.require_prepared(), findings=(*FINDINGS, doubt))
    assert "⚠️ This domain imitates Microsoft. (1 more issue;" in shown(card(replace(asked, prepared=known)))


def test_an_access_period_that_has_ended_is_not_called_approved_now() -> None:
    asked = waiting(TEMPLATES["guest-collaboration"])
    ended = CardContext(is_first=False, partnership=partnership(state=PartnershipState.ACTIVE, ends_at=NOW))
    text = shown(card(asked, context=ended))
    assert "Access period ended" in text
    assert "Approved now" not in text


def test_checks_that_were_not_possible_are_named_and_those_that_graph_never_shows_are_not() -> None:
    codes = (FindingCode.SIGN_INS_UNREADABLE, *NEVER_READABLE)
    unchecked = tuple(Finding(code=code, severity=Severity.UNCHECKED, source="Graph", values={}) for code in codes)
    asked = waiting(TEMPLATES["guest-collaboration"])
    one = replace(asked, prepared=replace(asked.require_prepared(), findings=unchecked))
    assert "⚠️ Not checked: sign-in log\n" in shown(card(one))
    none = replace(asked, prepared=replace(asked.require_prepared(), findings=unchecked[1:]))
    assert "The checks that were possible found no issues" in shown(card(none))


def test_it_says_how_many_of_theirs_signed_in_where_the_log_was_read() -> None:
    asked = waiting(TEMPLATES["guest-collaboration"])
    assert "signed in" not in shown(card(asked))
    read = replace(asked, prepared=replace(asked.require_prepared(), findings=(SIGNED_IN,)))
    assert "12 people of theirs signed in, last 30 days" in shown(card(read))
    partly = replace(SIGNED_IN, values={**SIGNED_IN.values, "people": 1, "is_complete": False})
    assert "at least 1 person of theirs" in shown(
        card(replace(read, prepared=replace(read.require_prepared(), findings=(partly,))))
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_who_signed_in_stays_on_the_card_whatever_else_there_is_to_say(template: str) -> None:
    asked = waiting(TEMPLATES[template])
    known = replace(asked.require_prepared(), findings=(SIGNED_IN, *FINDINGS, *FINDINGS))
    text = shown(card(replace(asked, prepared=known)))
    assert ("12 people of theirs signed in, last 30 days" in text) is not ("12 visitors (30 days)" in text)


def test_it_says_why_more_approvals_are_needed_than_its_risk_asks_for() -> None:
    """Where everybody may come in by default, a narrow template opens little; its chain stays the same."""
    text = shown(card(waiting(TEMPLATES["regulated-project"])))
    assert "Regulated project · Low-risk change" in text
    assert "The template asks for 3 approvals (low risk alone needs 1)" in text
    details = shown(decision_view(waiting(TEMPLATES["regulated-project"]), history=(), now=NOW))
    assert "The template asks for 3 approvals. Low risk alone needs 1." in details
    assert "asks for" not in shown(card(waiting(TEMPLATES["trusted-partner"])))


def test_less_access_is_on_the_card_and_the_requester_reads_it_while_they_can_still_act() -> None:
    asked = waiting(TEMPLATES["guest-collaboration"])
    loss = "Their guests: only Office 365 (now: all apps)"
    assert f"➖ {loss}" in shown(card(asked))
    said = shown(requester_card(asked, now=NOW).blocks)
    assert f"⚠️ Less access: {loss}. People who use more lose it. Edit or withdraw this if they still need it." in said
    assert "Less access" not in shown(requester_card(replace(asked, state=RequestState.APPLYING), now=NOW).blocks)
    opening = waiting(TEMPLATES["teams-shared-channels"])
    assert "Less access" not in shown(requester_card(opening, now=NOW).blocks)


def test_it_says_what_the_partner_has_now() -> None:
    asked, active = waiting(TEMPLATES["guest-collaboration"]), partnership()
    assert "First request for partner" in shown(card(asked))
    assert active.ends_at is not None
    said = shown(card(asked, context=CardContext(is_first=False, partnership=active)))
    assert f"Approved now: Trusted partner until {day(active.ends_at)}" in said
    endless = CardContext(is_first=False, partnership=replace(active, ends_at=None))
    assert "Approved now: Trusted partner, no end" in shown(card(asked, context=endless))


@pytest.mark.parametrize("is_still_blocked", [True, False])
def test_a_revoked_partner_is_called_blocked_only_while_its_settings_say_so(is_still_blocked: bool) -> None:
    before = closed_document() if is_still_blocked else {"tenantId": TENANT}
    known = prepared(plan=access_plan(before))
    known = replace(known, observation=replace(known.observation, default={}))
    revoked = partnership(state=PartnershipState.REVOKED)
    text = shown(card(request(prepared=known), context=CardContext(is_first=False, partnership=revoked)))
    assert (f"Blocked since {day(NOW)}" in text) is is_still_blocked
    assert (", settings changed since" in text) is not is_still_blocked


def test_it_says_who_until_when_how_risky_and_its_short_id() -> None:
    text = shown(card(waiting(TEMPLATES["trusted-partner"])))
    for part in ("contoso.com: Trusted partner · High-risk change", "Riley Park", "Sam Whitfield", "180 days", "r-1"):
        assert part in text


@pytest.mark.parametrize(("template", "asks"), [("merger", True), ("guest-collaboration", False)])
def test_only_high_risk_asks_once_more_with_the_change_in_one_sentence(template: str, asks: bool) -> None:
    approve = next(one for one in dicts(card(waiting(TEMPLATES[template]))) if one.get("action_id") == ids.APPROVE)
    assert ("confirm" in approve) is asks
    assert approve.get("style") == (None if asks else "primary")
    if asks:
        assert "contoso.com: Accept their MFA" in approve["confirm"]["text"]["text"]


def test_of_a_long_justification_25_words_are_shown_and_the_rest_is_counted() -> None:
    asked = waiting(TEMPLATES["trusted-partner"])
    long = replace(asked, fields=replace(asked.fields, justification="word " * 31))
    assert f"{'word ' * MAX_QUOTED_WORDS}… (6 more words in Details)" in shown(card(long))


def test_a_stage_shows_who_approved_and_who_still_can() -> None:
    holders = {SECURITY: Approvers(names=("Amara",)), DATA_OWNER: Approvers(names=("B", "C", "D", "E"), other_count=2)}
    text = shown(card(request(decisions=(approval(AMARA, 0),)), holders=holders))
    assert "✅ Security 1/1: approved by Amara" in text
    assert "⏳ Data owners 0/2 (B, C, D and 3 others)" in text


def test_without_the_right_to_decide_only_details_are_offered() -> None:
    assert list(buttons(card(request(), with_buttons=False))) == [ids.REVIEW_REQUEST]
    late = request(expires_at=NOW - timedelta(minutes=1))
    assert list(buttons(card(late))) == [ids.REVIEW_REQUEST]


def test_an_extension_shows_all_access_that_it_extends() -> None:
    known = prepared()
    configuration = known.plan.configuration_after()
    plan = plan_renewal(
        tenant_id=known.plan.tenant_id,
        before=configuration,
        template="trusted-partner",
        template_hash="hash",
        duration=timedelta(days=90),
    )
    text = shown(card(request(prepared=replace(known, plan=plan))))
    assert "extend Trusted partner" in text
    assert "Access to extend" in text
    assert "➕ Accept their MFA" in text


def extending(before: JsonObject, default: JsonObject | None, *, is_cross_cloud: bool = False) -> AccessRequest:
    """A request that extends what stands now."""
    plan = plan_renewal(
        tenant_id=TENANT,
        before=before,
        template="guest-collaboration",
        template_hash="hash",
        duration=timedelta(days=90),
        is_cross_cloud=is_cross_cloud,
    )
    known = prepared()
    observation = replace(known.observation, configuration=before, default=default)
    return request(prepared=replace(known, plan=plan, observation=observation))


def guests(*applications: str) -> JsonObject:
    return {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": one, "targetType": "application"} for one in applications],
        },
    }


@pytest.mark.parametrize("is_cross_cloud", [False, True])
@pytest.mark.parametrize(
    ("default", "trusted"),
    [
        ({"b2bCollaborationInbound": guests("AllApplications"), "inboundTrust": {"isMfaAccepted": True}}, True),
        ({"b2bCollaborationInbound": guests("Office365"), "inboundTrust": {"isMfaAccepted": False}}, False),
        (None, False),
    ],
)
def test_an_extension_is_compared_with_what_stands_now_and_not_with_the_default(
    default: JsonObject | None, trusted: bool, is_cross_cloud: bool
) -> None:
    """Nothing is cut, and nobody loses anything: the settings stay as they are."""
    before = {
        "tenantId": TENANT,
        "b2bCollaborationInbound": guests("Office365"),
        "b2bDirectConnectInbound": closed_document()["b2bDirectConnectInbound"],
        "inboundTrust": {"isMfaAccepted": trusted, "isCompliantDeviceAccepted": False},
    }
    asked = extending(before, default, is_cross_cloud=is_cross_cloud)
    text = shown(card(asked))
    assert "Access to extend" in text
    assert "➕ Their guests: only Office 365" in text
    assert ("Accept their MFA" in text) is trusted
    for untrue in ("now:", "➖", "Do not accept", "Shared channels"):
        assert untrue not in text
    assert "Less access" not in shown(requester_card(asked, now=NOW).blocks)


@pytest.mark.parametrize(("days", "is_kept"), [(30, True), (200, False)])
def test_a_reduction_that_extends_nothing_does_not_promise_the_time_it_asks_for(days: int, is_kept: bool) -> None:
    """One approver decides on it, so the approved end stays where it is earlier."""
    known = partnership(ends_at=NOW + timedelta(days=days))
    asked = request(prepared=prepared(plan=reduction_plan()))
    text = shown(card(asked, context=CardContext(is_first=False, partnership=known)))
    said = shown(requester_card(asked, now=NOW, record=replace(known, request_id=RequestId("r-0"))).blocks)
    assert (f"Keeps the approved end, {day(NOW + timedelta(days=days))}" in text) is is_kept
    assert (f"keeps the approved end, {day(NOW + timedelta(days=days))}" in said) is is_kept
    assert ("90 days, then asked" in text) is not is_kept
    assert ("90 days from approval" in said) is not is_kept
    extending = request(prepared=prepared(plan=reduction_plan(extends=True)))
    assert "90 days, then asked" in shown(card(extending, context=CardContext(is_first=False, partnership=known)))


def test_a_reduction_that_also_extends_shows_the_access_that_it_extends_and_the_reduction() -> None:
    before = {
        "tenantId": TENANT,
        "b2bCollaborationInbound": guests("Office365"),
        "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True},
    }
    plan = reduction_plan(before, InboundTrust(mfa=True, compliant_device=False), extends=True)
    text = shown(card(request(prepared=prepared(plan=plan))))
    assert "extend " in text
    assert text.index("Access to extend") < text.index("Accept their MFA") < text.index("Less access")
    assert "Open already, not changed" not in text


def test_an_extension_of_nothing_but_blocks_says_so() -> None:
    before = {"tenantId": TENANT, "b2bDirectConnectInbound": closed_document()["b2bDirectConnectInbound"]}
    text = shown(card(extending(before, {"b2bDirectConnectInbound": guests("AllApplications")})))
    assert "Access to extend" not in text
    assert "No access of its own to extend" in text


@PROPERTY
@given(text=hostile, kind=st.sampled_from([RequestKind.ACCESS, RequestKind.RESTORATION]))
@pytest.mark.threats("E1", "E2")
def test_text_from_outside_is_never_markup_and_the_partner_comes_first(text: str, kind: RequestKind) -> None:
    asked = hostile_request(RequestState.AWAITING_APPROVAL, kind, text)
    blocks = approval_blocks(asked, holders={}, context=CardContext(is_first=False), now=NOW)
    assert_sound_message(message("contoso.com", blocks))
    assert shown(within_limits(blocks, "message")[0]).startswith("contoso.com")


def test_a_request_without_a_reason_has_no_quotation() -> None:
    blank = request(fields=replace(particulars(), justification=" "))
    assert not [one for one in dicts(card(blank)) if one.get("type") == "rich_text_quote"]


@pytest.mark.parametrize(("template", "asks"), [("merger", True), ("guest-collaboration", False)])
def test_details_ask_once_more_for_high_risk_too(template: str, asks: bool) -> None:
    view = decision_view(waiting(TEMPLATES[template]), history=(), now=NOW)
    approve = next(one for one in dicts(view) if one.get("action_id") == ids.APPROVE)
    assert ("confirm" in approve) is asks


def test_the_confirmation_names_every_opening_of_a_shipped_template_or_counts_the_rest() -> None:
    for template in TEMPLATES.values():
        approve = next(one for one in dicts(card(waiting(template))) if one.get("action_id") == ids.APPROVE)
        text = approve.get("confirm", {"text": {"text": ""}})["text"]["text"]
        assert len(text) <= Limit.CONFIRM_TEXT
        assert "…" not in text


@pytest.mark.parametrize("is_first", [True, False])
def test_a_blocked_partner_is_not_said_to_have_access(is_first: bool) -> None:
    known = prepared()
    asked = request(prepared=replace(known, plan=access_plan(closed_document())))
    text = shown(card(asked, context=CardContext(is_first=is_first)))
    assert "has access" not in text
    assert ("Not yet managed by Gatehouse" if is_first else "This partner has settings already") in text


def test_details_name_the_other_open_requests_of_the_requester() -> None:
    others = [request(id=f"R-{number}") for number in range(12)]
    text = shown(decision_view(request(), history=(), now=NOW, other_requests=others))
    assert "Other open requests of the requester: contoso.com (R-0), contoso.com (R-1)" in text
    assert "and 2 more" in text
    assert "Other open requests" not in shown(decision_view(request(), history=(), now=NOW))


def test_the_last_day_and_the_ticket_are_on_the_card_and_in_details() -> None:
    """The day is the last one of the access, whose end is the moment after it."""
    template = load_catalog(SHIPPED).templates["guest-collaboration"]
    asked = waiting(template)
    ends_at = datetime(2027, 6, 1, tzinfo=UTC)
    plan = replace(asked.plan, ends_at=ends_at)
    asked = replace(
        asked,
        fields=replace(asked.fields, ends_at=ends_at, ticket="PRJ-1234"),
        prepared=replace(asked.require_prepared(), plan=plan),
    )
    text = shown(card(asked))
    assert "until May 31, 2027, then asked · Ticket PRJ-1234 · Decide by" in " ".join(text.split())
    assert "from approval" not in text
    details = " ".join(shown(decision_view(asked, history=(), now=NOW)).split())
    assert "End: the end of May 31, 2027 (UTC)" in details
    assert "Ticket: PRJ-1234" in details

"""The list of partners and one partner in detail: whole, cut honestly, and hostile text stays text."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.flows.show.partner_details import partner_details
from bot.slack.flows.show.partner_list import parse_step, partner_list
from bot.words.sentences import minute
from tests.bot import surfaces
from tests.bot.sandbox.page import samples
from tests.bot.surfaces import all_of, assert_sound_message, buttons, hostile_or_blank, hostile_request, shown
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    NOW,
    RILEY,
    SAM,
    TENANT,
    access_plan,
    approval,
    identity,
    noted,
    partnership,
    prepared,
    request,
)
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.reviews.sponsorship import Handover
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.model import Concern, ConcernSeverity
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.block import BLOCK
from workflows.ports.pages import Page, PagePosition

STATES = [(state, kind) for state in RequestState for kind in RequestKind]


def test_the_list_tells_template_sponsor_end_and_next_review() -> None:
    known = partnership()
    assert known.ends_at is not None
    assert known.next_review_at is not None
    said = shown(partner_list(all_of([known]), NOW).blocks)
    for told in ("contoso.com", "as “Trusted partner”", "Sponsor: Sam"):
        assert told in said
    assert f"Until {minute(known.ends_at)}" in said
    assert f"Next review {minute(known.next_review_at)}" in said


def test_a_page_of_the_list_counts_the_others_and_leads_to_them() -> None:
    every = [partnership() for _ in range(57)]
    page = Page(items=every[20:30], count=57, count_before=20, first_cursor=("c", "1"), last_cursor=("d", "2"), size=10)
    message = partner_list(page, NOW, "template:trusted")
    assert_sound_message(message)
    said = shown(message.blocks)
    assert "57 partners, 21–30" in said
    assert "Filter: template:trusted" in said
    assert "Previous 20" in said
    assert "Next 27" in said
    found = buttons(message.blocks)
    assert parse_step(found["list_next"]) == ("template:trusted", PagePosition(cursor=("d", "2")))
    assert parse_step(found["list_previous"]) == ("template:trusted", PagePosition(cursor=("c", "1"), is_before=True))
    for malformed in ("", "{}", "[]"):
        with pytest.raises(Refused):
            parse_step(malformed)


def test_a_filter_that_finds_nothing_is_named() -> None:
    message = partner_list(all_of([]), NOW, "state:revoked")
    assert_sound_message(message)
    assert "No partner matches this filter: state:revoked" in shown(message.blocks)


def test_an_empty_list_says_what_to_do() -> None:
    message = partner_list(all_of([]), NOW)
    assert_sound_message(message)
    assert "/partner request" in shown(message.blocks)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "✅ contoso.com: recorded as active"),
        ({"state": PartnershipState.REVIEW_DUE}, "⏰ contoso.com: recorded as active, review is due"),
        ({"ends_at": NOW}, "⏰ contoso.com: recorded as active, access period ended"),
        ({"state": PartnershipState.REVOKED}, "🔒 contoso.com: recorded as revoked"),
    ],
)
def test_every_partner_says_in_words_what_its_icon_says(changes: dict[str, Any], words: str) -> None:
    assert words in shown(partner_list(all_of([partnership(**changes)]), NOW).blocks)


def test_details_tell_own_settings_from_inherited_ones_and_list_the_history() -> None:
    own = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}, "protectedContentSharing": {"x": 1}}
    kept = partnership(attestations=(Attestation(person=SAM, reason="Still needed", at=NOW),))
    history = [
        request(RequestState.APPLIED),
        request(RequestState.REJECTED, note=noted("Too wide")),
        request(RequestState.PREPARING),
    ]
    message = partner_details(identity(), own, None, kept, history, NOW)
    assert_sound_message(message)
    said = shown(message.blocks)
    assert "Trust in the partner's MFA: trusted · set here" in said
    assert "Trust in the partner's compliant devices: the default could not be read · from the default" in said
    unknown = "1 setting that Gatehouse does not know"
    assert f"Also set: {unknown}. Microsoft Graph's names: protectedContentSharing" in said
    assert "Kept by Sam" in said
    assert "r-1: access request by Riley, active (verified), Mar 1, 2027 at 09:00 UTC" in said
    assert "Too wide" in said
    assert TENANT in surfaces.shown(message.blocks)
    assert TENANT not in message.text


def test_details_tell_since_when_who_approved_and_why() -> None:
    first, extended = NOW - timedelta(days=300), NOW - timedelta(days=10)
    opening = request(RequestState.APPLIED, id=RequestId("r-0"), confirmed_at=first)
    decisions = (
        replace(approval(AMARA, 0), reason="Contract signed"),
        replace(approval(BRUNO, 1), on_behalf_of=CHIE),
    )
    sent = extended - timedelta(hours=26, minutes=5)
    current = request(RequestState.APPLIED, created_at=sent, confirmed_at=extended, decisions=decisions)
    known = partnership(request_id=current.id, since=extended)
    message = partner_details(identity(), {}, {}, known, [current, opening], NOW)
    assert_sound_message(message)
    said = shown(message.blocks)
    assert f"Active since {minute(first)}" in said
    assert f"Requested by Riley on {minute(sent)}, verified {minute(extended)} (in 1 d 2 h)" in said
    assert ": Contract signed" in said
    assert current.fields.justification in said
    for decision in current.decisions:
        assert f"Approved by {decision.names}, {minute(decision.at)}" in said
    assert "Approved by Bruno for Chie, " in said
    revoked = partner_details(identity(), {}, {}, replace(known, state=PartnershipState.REVOKED), [current], NOW)
    assert "Active since" not in shown(revoked.blocks)


def test_details_say_first_what_the_posture_finds_wrong() -> None:
    """A record that says "blocked" must not calm anybody over a partner that is open again."""
    concerns = [
        Concern(code=ConcernCode.SYNCHRONIZATION_ON, severity=severity)
        for severity in (ConcernSeverity.ALERT, ConcernSeverity.WARNING, *[ConcernSeverity.NOTE] * 31)
    ]
    revoked = partnership(state=PartnershipState.REVOKED)
    message = partner_details(identity(), {"tenantId": TENANT}, {}, revoked, [request()], NOW, concerns=concerns)
    assert_sound_message(message)
    said = shown(message.blocks)
    assert said.index("🚨 Alert: Identity synchronization is allowed") < said.index("Settings, read just now")
    assert "and 3 more" in said
    assert buttons(message.blocks)["show_partner_part"] == f"{TENANT}:concerns:0"
    assert "Recorded as revoked." in said
    assert "Alert: Identity synchronization is allowed" in message.text
    assert message.text.endswith("in this tenant. 1 request on record.")
    calm = partner_details(identity(), None, {}, revoked, [], NOW, concerns=concerns[2:3])
    assert "Note" not in calm.text


def test_details_of_an_unknown_partner_say_that_the_defaults_apply() -> None:
    message = partner_details(identity(), None, {}, None, [request()] * 40, NOW)
    assert_sound_message(message)
    said = shown(message.blocks)
    assert "no configuration of its own" in said
    assert "neither opened nor closed" in said
    assert "and 25 older ones" in said
    assert buttons(message.blocks)["show_partner_part"] == f"{TENANT}:requests:0"
    assert "None." in shown(partner_details(identity(), None, {}, None, [], NOW).blocks)


@settings(deadline=None, max_examples=40)
@given(hostile_or_blank, st.sampled_from(PartnershipState))
def test_hostile_text_stays_text_in_lists_and_details(text: str, state: PartnershipState) -> None:
    known = partnership(
        identity=surfaces.hostile_identity(text),
        sponsor=surfaces.hostile_person(text),
        template_title=text,
        state=state,
        attestations=(surfaces.hostile_attestation(text),) * 5,
    )
    history = [hostile_request(one, kind, text) for one, kind in STATES]
    document = {"tenantId": TENANT, "inboundTrust": text, text: text, "b2bCollaborationInbound": {text: text}}
    for message in (
        partner_list(all_of([known] * 10), NOW),
        partner_details(known.identity, document, document, known, history, NOW),
    ):
        assert_sound_message(message)


waited = request(created_at=NOW - timedelta(days=1), lifetime=None)
"""A request that has waited for a day, so that its approvers may be reminded."""


block = replace(access_plan(), operations=(replace(access_plan().operations[0], body={"tenantId": TENANT, **BLOCK}),))
closing = request(id=RequestId("r-9"), prepared=prepared(plan=block))
"""A request to close the access, which waits."""
asked = Handover(number=1, proposed=RILEY, proposed_by=SAM, proposed_at=NOW, expires_at=NOW + timedelta(days=7))
"""A hand-over that waits for the answer of the reader."""


@pytest.mark.parametrize(
    ("requests", "record", "reader", "offered"),
    [
        ([waited], None, RILEY, ["remind", "edit", "withdraw"]),
        ([request()], None, AMARA, []),
        ([request(RequestState.REJECTED)], None, RILEY, ["request_again"]),
        ([waited, request(RequestState.REJECTED)], None, RILEY, ["remind", "edit", "withdraw"]),
        ([request(RequestState.APPLIED)], partnership(), RILEY, ["change_sponsor", "ask_access_test"]),
        (
            [request(RequestState.APPLIED)],
            partnership(handover=asked),
            RILEY,
            ["accept_sponsorship", "decline_sponsorship", "change_sponsor", "ask_access_test"],
        ),
        ([request(RequestState.APPLIED)], partnership(), SAM, ["close_early", "change_sponsor", "ask_access_test"]),
        ([closing, request(RequestState.APPLIED)], partnership(), SAM, ["change_sponsor", "ask_access_test"]),
        ([request(RequestState.APPLIED)], partnership(state=PartnershipState.REVOKED), SAM, []),
    ],
)
def test_who_reads_it_is_offered_what_is_theirs(
    requests: list[AccessRequest], record: Partnership | None, reader: Person, offered: list[str]
) -> None:
    ids = frozenset[ChatId | PersonId]({reader.chat_id, reader.id})
    found = partner_details(identity(), None, {}, record, requests, now=NOW, reader=ids)
    assert_sound_message(found)
    assert list(buttons(found.blocks)) == offered


def test_it_names_the_risk_of_all_access_as_the_posture_does() -> None:
    """Not that of one change: what the tenant's default gives counts as well."""
    closed = {"tenantId": TENANT, **BLOCK}
    default = samples.default_configuration()
    assert "Risk of all access: low" in shown(partner_details(identity(), closed, default, None, [], NOW).blocks)
    assert "Risk of all access: elevated" in shown(partner_details(identity(), None, default, None, [], NOW).blocks)
    assert "Risk of all access: at most high" in shown(partner_details(identity(), {}, None, None, [], NOW).blocks)

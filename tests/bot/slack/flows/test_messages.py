"""Messages and cards: what they say in every state, and that no text from outside can ping, link or hide the target."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.slack.block_kit.blocks import problems
from bot.slack.blocks.blocks import MOST_BLOCKS, footnote, utc_words, within_limits
from bot.slack.blocks.message import Message, notice
from bot.slack.blocks.untrusted import HIDDEN_REMOVED, clean, cut, escape
from bot.slack.cards.cards import request_card, requester_card, review_card
from bot.slack.flows.messages import help_message, partner_details, partner_list, refusal, unknown_command
from bot.slack.people.approvers import Approvers
from tests.bot import surfaces
from tests.bot.surfaces import buttons, hostile, hostile_or_blank, hostile_request, shown, texts
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    DATA_OWNER,
    EXPIRY,
    NOW,
    RILEY,
    SAM,
    SECURITY,
    TENANT,
    WHOLE_CHAIN,
    access_plan,
    approval,
    identity,
    partnership,
    prepared,
    request,
)
from workflows.core.partners.partnership import Attestation, PartnershipState
from workflows.core.policy.approval import Choice
from workflows.core.posture.model import Concern, Weight
from workflows.core.requests.request import AccessRequest, Observation, RequestId, RequestKind, RequestState

HOLDERS = {SECURITY: Approvers(names=("Amara",)), DATA_OWNER: Approvers(names=("Bruno", "Chie"))}
ACCESS, REVOCATION = RequestKind.ACCESS, RequestKind.REVOCATION
STATES = [(state, kind) for state in RequestState for kind in RequestKind]
DIGEST = access_plan().digest


def card(asked: AccessRequest, **changes: Any) -> Message:
    return request_card(asked, **{"holders": HOLDERS, "now": NOW, **changes})


def assert_sound(message: Message) -> None:
    """Slack takes it; nothing from outside is read as markup; no constant of ours is."""
    assert problems(message.blocks, "message") == []
    assert len(message.text) <= 4000
    assert "<" not in message.text
    for text in texts(message.blocks, "mrkdwn"):
        assert surfaces.MARK not in text
    for emoji in (item.get("emoji") for item in surfaces.dicts(message.blocks) if item.get("type") == "plain_text"):
        assert emoji is False
    json.dumps(message.blocks, ensure_ascii=False).encode()


# --- the request's card ---


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_every_state_makes_a_sound_card_that_names_the_target_first(state: RequestState, kind: RequestKind) -> None:
    for message in (card(request(state, kind)), requester_card(request(state, kind), now=NOW)):
        assert_sound(message)
        assert "contoso.com" in shown(message.blocks[0])
        assert "Target tenant" in shown(message.blocks[1])
        assert message.text.startswith("contoso.com")


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_buttons_live_only_where_they_can_do_something(state: RequestState, kind: RequestKind) -> None:
    found = buttons(card(request(state, kind)).blocks)
    if state is RequestState.AWAITING_APPROVAL:
        value = request(state, kind).known.plan.digest
        assert found == {"approve": f"r-1:{value}", "reject": f"r-1:{value}"}
    else:
        assert found == {}


def test_no_buttons_when_the_time_is_over_or_the_copy_is_for_reading() -> None:
    asked = request()
    late = card(asked, now=EXPIRY)
    assert buttons(late.blocks) == {}
    assert "The time to decide is over" in shown(late.blocks)
    assert buttons(card(asked, with_buttons=False).blocks) == {}


def test_the_card_says_who_what_and_why() -> None:
    said = shown(card(request()).blocks)
    for fact in (
        "waiting for approval",
        TENANT,
        "Contoso Ltd",
        "Access request by Riley",
        "Sponsor: Sam",
        "Access template: Trusted partner",
        "Duration: 90 days",
        "Joint launch in May",
        "Trust in the partner's MFA: inherits the tenant's default → trusted (opens)",
        "Nothing closes by itself after 90 days",
        DIGEST,
        "Expires",
        utc_words(EXPIRY),
    ):
        assert fact in said


def test_the_operations_are_shown_exactly_as_json() -> None:
    (pre,) = [item for item in surfaces.dicts(card(request()).blocks) if item.get("type") == "rich_text_preformatted"]
    assert json.loads(pre["elements"][0]["text"]) == [
        {"method": o.method, "path": o.path, "body": o.body} for o in access_plan().operations
    ]


def test_operations_that_are_too_long_say_how_much_is_missing() -> None:
    plan = access_plan({"tenantId": TENANT, "b2bDirectConnectInbound": None})
    value = {"usersAndGroups": "y" * 9000}
    plan = replace(plan, operations=(replace(plan.operations[0], body={"b2bDirectConnectInbound": value}),))
    blocks = card(request(prepared=prepared(plan=plan))).blocks
    assert "more characters; the digest covers all of them" in shown(blocks)
    assert problems(blocks, "message") == []


def test_stages_say_who_approved_and_who_must_still_decide() -> None:
    start = shown(card(request()).blocks)
    assert "Security: 0 of 1 approval. Decides now: Amara." in start
    assert "Data owners: 0 of 2 approvals. Decides after that: Bruno, Chie." in start
    half_way = request(decisions=(approval(AMARA, 0), approval(BRUNO, 1)))
    later = shown(card(half_way, holders={DATA_OWNER: Approvers(names=("Chie",))}).blocks)
    assert f"✅ Security: approved. Amara, {utc_words(NOW)}." in later
    assert f"Data owners: 1 of 2 approvals. Bruno, {utc_words(NOW)}. Decides now: Chie." in later
    unknown = shown(card(request(), holders={}).blocks)
    assert "Security: 0 of 1 approval. Decides now." in unknown


def test_of_many_approvers_some_are_named_and_all_are_counted() -> None:
    many = Approvers(names=tuple(f"Person {number}" for number in range(12)), others=148)
    said = shown(card(request(), holders={SECURITY: many}).blocks)
    assert "Person 11 and 148 more." in said


def test_an_approval_that_does_not_count_is_said_to() -> None:
    said = shown(card(request(decisions=(approval(AMARA, 0, digest="0" * 64),))).blocks)
    assert "Amara approved an earlier version of this request." in said
    assert "Security: 0 of 1 approval." in said


def test_a_rejection_says_who_and_why_once() -> None:
    rejection = replace(approval(BRUNO, 1, choice=Choice.REJECT), reason="Ask for a separate site")
    asked = request(
        RequestState.REJECTED,
        decisions=(approval(AMARA, 0), rejection),
        note="Bruno rejected it: Ask for a separate site",
    )
    said = shown(card(asked).blocks)
    assert "Rejected by Bruno" in said
    assert said.count("Ask for a separate site") == 1
    assert "What was asked for" in said
    assert "The exact Microsoft Graph operations" not in said


def test_applied_claims_the_read_back_and_nothing_else_does() -> None:
    done = request(RequestState.APPLIED, confirmed_at=NOW)
    assert f"The tenant was read back on {utc_words(NOW)} and showed every change of the plan." in shown(
        card(done).blocks
    )
    for state in set(RequestState) - {RequestState.APPLIED}:
        assert "read back" not in shown(card(request(state)).blocks)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (RequestState.PREPARING, "being looked up"),
        (RequestState.APPLYING, "not confirmed yet"),
        (RequestState.WITHDRAWN, "Withdrawn by the requester"),
    ],
)
def test_states_without_a_note_explain_themselves(state: RequestState, says: str) -> None:
    assert says in shown(card(request(state)).blocks)


@pytest.mark.parametrize("state", list(RequestState))
def test_the_note_is_shown(state: RequestState) -> None:
    if state is RequestState.WITHDRAWN:
        return  # its sentence says who withdrew it
    note = "Microsoft Graph refused it with Authorization_RequestDenied."
    assert note in shown(card(request(state, note=note)).blocks)


def test_a_plan_that_no_longer_stands_is_not_shown() -> None:
    """After a new look at the tenant the old plan would be a false promise."""
    again = request(RequestState.PREPARING, prepared=prepared(), note="The partner changed meanwhile.")
    message = card(again)
    assert DIGEST not in shown(message.blocks)
    assert DIGEST[:12] not in message.text
    assert TENANT in shown(message.blocks)


def test_what_the_form_saw_names_the_target_while_preparing() -> None:
    seen = Observation(identity=identity(), configuration=None, at=NOW)
    message = card(request(RequestState.PREPARING, observation=seen))
    assert TENANT in message.text
    assert TENANT in shown(message.blocks)


def test_a_revocation_needs_no_approval_and_says_what_it_is() -> None:
    said = shown(card(request(RequestState.APPLIED, REVOCATION, confirmed_at=NOW, not_closed=())).blocks)
    assert "🔒 contoso.com: blocked and read back" in said
    assert "Revocation by Riley" in said
    assert "none are needed to close a partner" in said
    assert "This blocks the partner and does not delete it" in said
    assert "up to an hour" in said


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_the_requester_may_withdraw_while_that_is_possible(state: RequestState, kind: RequestKind) -> None:
    found = buttons(requester_card(request(state, kind), now=NOW).blocks)
    is_open = state in (RequestState.PREPARING, RequestState.AWAITING_APPROVAL)
    assert found == ({"withdraw": "r-1"} if is_open else {})


def test_the_requester_reads_whose_approval_is_missing() -> None:
    said = shown(requester_card(request(decisions=(approval(AMARA, 0),)), now=NOW).blocks)
    assert "Waits for 2 approvals from “Data owners”." in said


def test_a_complete_chain_waits_for_nobody() -> None:
    said = shown(requester_card(request(decisions=WHOLE_CHAIN), now=NOW).blocks)
    assert "Waits for" not in said


# --- reviews ---


def review(**changes: Any) -> Message:
    return review_card(partnership(**changes), now=NOW)


def test_a_due_review_offers_keep_and_revoke() -> None:
    asked = review(state=PartnershipState.REVIEW_DUE, reminders=2)
    assert_sound(asked)
    assert buttons(asked.blocks) == {"keep": TENANT, "revoke_review": TENANT}
    assert "Asked twice." in shown(asked.blocks)
    assert TENANT in asked.text


def test_past_its_end_only_revoke_is_possible_and_the_way_on_is_said() -> None:
    asked = review(state=PartnershipState.REVIEW_DUE, reminders=1, ends_at=NOW)
    assert buttons(asked.blocks) == {"revoke_review": TENANT}
    said = shown(asked.blocks)
    assert "/partner request contoso.com" in said
    assert "The access is still open." in said


def test_an_answered_review_says_who_kept_it_and_why() -> None:
    kept = Attestation(person=SAM, reason="Campaign runs until May", at=NOW + timedelta(days=30))
    asked = review(attestations=(kept,))
    assert buttons(asked.blocks) == {}
    assert "Kept by Sam" in shown(asked.blocks)
    assert "Campaign runs until May" in shown(asked.blocks)


def test_an_older_answer_is_not_taken_for_one_about_a_new_approval() -> None:
    kept = Attestation(person=SAM, reason="Old reason", at=NOW - timedelta(days=1))
    said = shown(review(attestations=(kept,)).blocks)
    assert "Old reason" not in said
    assert "access approved anew" in said


def test_a_revoked_partner_has_nothing_to_review() -> None:
    asked = review(state=PartnershipState.REVOKED, ends_at=None, next_review_at=None)
    assert buttons(asked.blocks) == {}
    assert "Revoked and read back" in shown(asked.blocks)


# --- answers ---


def test_the_list_tells_template_sponsor_end_and_next_review() -> None:
    known = partnership()
    assert known.ends_at is not None
    assert known.next_review_at is not None
    said = shown(partner_list([known], NOW).blocks)
    for told in ("contoso.com", "as “Trusted partner”", "Sponsor: Sam"):
        assert told in said
    assert f"Approved until {utc_words(known.ends_at)}" in said
    assert f"Next review {utc_words(known.next_review_at)}" in said


def test_the_list_is_cut_honestly() -> None:
    message = partner_list([partnership() for _ in range(57)], NOW)
    assert_sound(message)
    assert "57 partners" in shown(message.blocks)
    assert "and 37 more" in shown(message.blocks)


def test_an_empty_list_says_what_to_do() -> None:
    message = partner_list([], NOW)
    assert_sound(message)
    assert "/partner request" in shown(message.blocks)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "✅ contoso.com (Contoso Ltd): recorded as open"),
        ({"state": PartnershipState.REVIEW_DUE}, "⏰ contoso.com (Contoso Ltd): recorded as open, review is due"),
        ({"ends_at": NOW}, "⏰ contoso.com (Contoso Ltd): recorded as open, approved time is over"),
        ({"state": PartnershipState.REVOKED}, "🔒 contoso.com (Contoso Ltd): recorded as revoked"),
    ],
)
def test_every_partner_says_in_words_what_its_icon_says(changes: dict[str, Any], words: str) -> None:
    assert words in shown(partner_list([partnership(**changes)], NOW).blocks)


def test_details_tell_own_settings_from_inherited_ones_and_list_the_history() -> None:
    own = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}, "protectedContentSharing": {"x": 1}}
    kept = partnership(attestations=(Attestation(person=SAM, reason="Still needed", at=NOW),))
    history = [
        request(RequestState.APPLIED),
        request(RequestState.REJECTED, note="Too wide"),
        request(RequestState.PREPARING),
    ]
    message = partner_details(identity(), own, None, kept, history, NOW)
    assert_sound(message)
    said = shown(message.blocks)
    assert "Trust in the partner's MFA: trusted · set here" in said
    assert "Trust in the partner's compliant devices: the default could not be read · inherits" in said
    assert "not managed by Gatehouse: protectedContentSharing" in said
    assert "Kept by Sam" in said
    assert "Access request by Riley: set and read back" in said
    assert "Too wide" in said
    assert TENANT in message.text


def test_details_say_first_what_the_posture_finds_wrong() -> None:
    """A record that says "blocked" must not calm anybody over a partner that is open again."""
    concerns = [
        Concern(code="c", weight=weight, text=f"{weight.word} text.", source="s")
        for weight in (Weight.ALERT, Weight.WARNING, *[Weight.NOTE] * 9)
    ]
    revoked = partnership(state=PartnershipState.REVOKED)
    message = partner_details(identity(), {"tenantId": TENANT}, {}, revoked, [request()], NOW, concerns=concerns)
    assert_sound(message)
    said = shown(message.blocks)
    assert said.index("🚨 Alert: alert text.") < said.index("Settings, read just now")
    assert "and 3 more" in said
    assert "Recorded as revoked." in said
    assert "Alert: alert text. 1 request on record." in message.text
    calm = partner_details(identity(), None, {}, revoked, [], NOW, concerns=concerns[2:3])
    assert "Note" not in calm.text


def test_details_of_a_stranger_say_that_the_defaults_apply() -> None:
    message = partner_details(identity(), None, {}, None, [request()] * 40, NOW)
    assert_sound(message)
    said = shown(message.blocks)
    assert "no configuration of its own" in said
    assert "neither opened nor closed" in said
    assert "and 25 older ones" in said
    assert "None." in shown(partner_details(identity(), None, {}, None, [], NOW).blocks)


def test_help_and_unknown_commands_list_every_command() -> None:
    for message in (help_message(), unknown_command("frobnicate"), unknown_command("")):
        assert problems(message.blocks, "message") == []
        for verb in ("request", "list", "show", "checklist", "revoke", "help"):
            assert f"/partner {verb}" in shown(message.blocks)
        assert "press Enter in the domain field" in shown(message.blocks)


def test_a_tenant_without_a_domain_is_named_by_its_id() -> None:
    nameless = replace(identity(), default_domain="", display_name="\u200b")
    asked = request(prepared=prepared(observation=Observation(identity=nameless, configuration=None, at=NOW)))
    message = card(asked)
    assert_sound(message)
    assert TENANT in shown(message.blocks[0])


# --- text from outside ---


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank, st.sampled_from(STATES))
def test_hostile_text_stays_text_on_request_cards(text: str, at: tuple[RequestState, RequestKind]) -> None:
    asked = hostile_request(*at, text)
    holders = {SECURITY: Approvers(names=(text,)), DATA_OWNER: Approvers(names=(text, text))}
    for message in (request_card(asked, holders=holders, now=NOW), requester_card(asked, now=NOW)):
        assert_sound(message)
        assert "Target tenant" in shown(message.blocks[1])
        if asked.prepared is not None:
            assert "contoso.com" in shown(message.blocks[0])
            assert TENANT in message.text
            assert TENANT in shown(message.blocks[1])


@settings(deadline=None, max_examples=40)
@given(hostile, st.sampled_from(RequestState))
def test_digest_and_tenant_are_the_same_in_text_and_blocks(text: str, state: RequestState) -> None:
    asked = hostile_request(state, ACCESS, text)
    message = request_card(asked, holders={}, now=NOW)
    if state in (RequestState.PREPARING, RequestState.UNFIT):
        return  # there is no plan that stands
    digest = asked.known.plan.digest
    assert digest in shown(message.blocks)
    assert digest[:12] in message.text
    assert TENANT in message.text
    assert TENANT in shown(message.blocks)


@settings(deadline=None, max_examples=40)
@given(hostile_or_blank, st.sampled_from(PartnershipState))
def test_hostile_text_stays_text_in_reviews_lists_and_details(text: str, state: PartnershipState) -> None:
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
        review_card(known, now=NOW),
        partner_list([known] * 60, NOW),
        partner_details(known.identity, document, document, known, history, NOW),
    ):
        assert_sound(message)


@settings(deadline=None)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_notices(text: str) -> None:
    for message in (notice(text), refusal(text)):
        assert_sound(message)
    message = unknown_command(text)
    assert problems(message.blocks, "message") == []
    assert all(surfaces.MARK not in found for found in texts(message.blocks, "mrkdwn"))


@given(st.text() | hostile, st.integers(min_value=1, max_value=300), st.booleans())
def test_clean_keeps_every_promise(text: str, limit: int, lines: bool) -> None:
    cleaned = clean(text, limit, lines=lines)
    assert 1 <= len(cleaned) <= max(limit, 1)
    assert cleaned.strip()
    assert "\n\n\n" not in cleaned
    assert lines or "\n" not in cleaned
    cleaned.encode()
    for hidden in "\u202e\u200b\u200d\ufeff\x00\x1b\r\u3164":
        assert hidden not in cleaned


def test_clean_says_when_it_stripped_something() -> None:
    assert clean("Con\u202etoso", 100) == f"Contoso{HIDDEN_REMOVED}"
    assert clean("Contoso\r\nLtd", 100, lines=True) == "Contoso\nLtd"
    assert clean("a\n\n \n\nb", 100, lines=True) == "a\n\nb"
    assert clean("é e\u0301 Ünï", 100) == "é e\u0301 Ünï"
    assert clean("\u200b", 5) == "(emp…"
    assert cut("abcdef", 4) == "abc…"
    assert escape("<!channel> & co") == "&lt;!channel&gt; &amp; co"


def test_too_many_blocks_are_cut_and_counted() -> None:
    for surface, most in MOST_BLOCKS.items():
        made = within_limits([footnote(str(number)) for number in range(most + 7)], surface)
        assert len(made) == most
        assert "8 more parts are not shown here." in shown(made[-1])


def test_moments_show_in_the_readers_own_time() -> None:
    (expiry, *_) = [item for item in surfaces.dicts(card(request()).blocks) if item.get("type") == "date"]
    assert expiry["timestamp"] == int(EXPIRY.timestamp())
    assert (expiry["format"], expiry["fallback"]) == ("{date_short_pretty} at {time}", "2027-03-08 09:00 UTC")


@pytest.mark.parametrize("verb", ["show", "REVOKE "])
def test_a_command_that_lacks_its_partner_is_not_called_unknown(verb: str) -> None:
    said = shown(unknown_command(verb).blocks)
    assert f"Name the partner: /partner {verb.strip().lower()}" in said
    assert "is not a command" not in said


def test_a_request_id_and_a_digest_fit_into_a_button() -> None:
    value = buttons(card(request(id=RequestId("R-" + "A" * 60))).blocks)["approve"]
    assert len(value) <= 2000
    assert RILEY.chat_id not in value

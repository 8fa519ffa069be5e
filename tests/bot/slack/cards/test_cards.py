"""Cards: what they say in every state, and that no text from outside can ping, link or hide the target."""

import json
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.sandbox.slack.block_kit.blocks import problems
from bot.slack.blocks.message import Message
from bot.slack.blocks.message import message as as_message
from bot.slack.cards.approval.closed_card import closed_card
from bot.slack.cards.approval.details_actions import details_actions
from bot.slack.cards.approval.requester_and_sponsor import former_sponsor_card, requester_card, sponsor_card
from bot.slack.cards.review_card import review_card
from bot.slack.flows.home.view import home_view
from bot.slack.flows.request_access.partner_result import LookupResult, open_request_buttons
from bot.slack.flows.show.partner_details import partner_details
from bot.slack.people.approvers import Approvers
from bot.words.sentences import last_day, minute
from tests.bot import surfaces
from tests.bot.shipped_cards import waiting
from tests.bot.surfaces import all_of, assert_sound_message, buttons, hostile, hostile_or_blank, hostile_request, shown
from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    DANA,
    DATA_OWNER,
    EXPIRY,
    NOW,
    RILEY,
    SAM,
    SECURITY,
    STAGES,
    TENANT,
    WHOLE_CHAIN,
    access_plan,
    approval,
    identity,
    noted,
    partnership,
    prepared,
    request,
)
from workflows.app.evidence.reviews.review_context import ReviewContext
from workflows.app.reads.app_home import AppHome
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Facts
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, SettingsBasis
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.stops.freeze import begin
from workflows.core.requests.commands.editing import require_may_edit
from workflows.core.requests.request import (
    TERMINAL,
    AccessRequest,
    EditRecord,
    ObservedPartner,
    RequestId,
    RequestKind,
    RequestState,
)
from workflows.core.requests.transitions.freezing import freeze_note
from workflows.core.settings.canonical import canonical_json

HOLDERS = {SECURITY: Approvers(names=("Amara",)), DATA_OWNER: Approvers(names=("Bruno", "Chie"))}
ACCESS, REVOCATION = RequestKind.ACCESS, RequestKind.REVOCATION
STATES = [(state, kind) for state in RequestState for kind in RequestKind]
DIGEST = access_plan().digest


def card(asked: AccessRequest, **changes: Any) -> Message:
    return surfaces.card(asked, **{"holders": HOLDERS, **changes})


def details(asked: AccessRequest, **changes: Any) -> Message:
    return surfaces.details(asked, **{"holders": HOLDERS, **changes})


# --- the request's card ---


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_every_state_makes_a_sound_card_that_names_the_target_first(state: RequestState, kind: RequestKind) -> None:
    for message in (card(request(state, kind)), requester_card(request(state, kind), now=NOW)):
        assert_sound_message(message)
        assert "contoso.com" in shown(message.blocks[0])
        assert message.text.startswith("contoso.com")
        assert TENANT not in message.text


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_details_are_sound_in_every_state_and_name_the_tenant_by_its_id(state: RequestState, kind: RequestKind) -> None:
    message = details(request(state, kind))
    assert_sound_message(message)
    assert "contoso.com" in shown(message.blocks[0])
    if state is not RequestState.PREPARING:
        assert TENANT in shown(message.blocks[0])


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_buttons_live_only_where_they_can_do_something(state: RequestState, kind: RequestKind) -> None:
    found = buttons(card(request(state, kind)).blocks)
    if state is RequestState.PREPARING:
        assert found == {}
        return
    value = f"r-1:{request(state, kind).plan.digest}"
    can_decide = {"approve": value, "reject": value, "ask": value} if state is RequestState.AWAITING_APPROVAL else {}
    is_access = kind in (RequestKind.ACCESS, RequestKind.RESTORATION, RequestKind.ADOPTION)
    is_unwritten = state is RequestState.APPLYING and is_access
    can_reject = {"reject": value} if state is RequestState.SCHEDULED or is_unwritten else {}
    assert found == {**can_decide, **can_reject, "review_request": value}


def test_no_buttons_when_the_time_is_over_or_the_copy_is_for_reading() -> None:
    asked = request()
    late = card(asked, now=EXPIRY)
    assert list(buttons(late.blocks)) == ["review_request"]
    assert "The time to decide is over" in shown(details(asked, now=EXPIRY).blocks)
    assert list(buttons(card(asked, with_buttons=False).blocks)) == ["review_request"]


def test_details_say_who_what_and_why() -> None:
    said = shown(details(request()).blocks)
    for fact in (
        TENANT,
        "Contoso Ltd",
        "Requester: Riley",
        "Sponsor: Sam",
        "Access template: Trusted partner",
        "Duration: 90 days",
        "Joint launch in May",
        "➕ Trust in the partner's MFA",
        "More access",
        "Now: the tenant's default (value not known)",
        "After: trusted",
        "After 90 days, the sponsor is asked. Access stays until somebody revokes it.",
        DIGEST,
        "Expires",
        minute(EXPIRY),
    ):
        assert fact in said


def test_the_operations_are_shown_exactly_as_json() -> None:
    shows = surfaces.dicts(details(request()).blocks)
    (pre,) = [item for item in shows if item.get("type") == "rich_text_preformatted"]
    assert json.loads(pre["elements"][0]["text"]) == [
        {"method": o.method, "path": o.path, "body": o.body} for o in access_plan().operations
    ]


@pytest.mark.threats("C5")
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_are_shown_in_the_form_that_was_hashed(form: Literal["NFC", "NFD"]) -> None:
    """The two forms have two digests, so neither may be shown in place of the other."""
    name = unicodedata.normalize(form, "Zürich")
    plan = access_plan()
    plan = replace(plan, operations=(replace(plan.operations[0], body={"note": name}),))
    shows = surfaces.dicts(details(request(prepared=prepared(plan=plan))).blocks)
    (pre,) = [item for item in shows if item.get("type") == "rich_text_preformatted"]
    assert json.loads(pre["elements"][0]["text"])[0]["body"] == {"note": name}
    assert name.encode() in canonical_json(plan.operations[0].body)


def test_operations_that_are_too_long_say_how_much_is_missing() -> None:
    plan = access_plan({"tenantId": TENANT, "b2bDirectConnectInbound": None})
    value = {"usersAndGroups": "y" * 9000}
    plan = replace(plan, operations=(replace(plan.operations[0], body={"b2bDirectConnectInbound": value}),))
    blocks = details(request(prepared=prepared(plan=plan))).blocks
    assert "more characters; the Change ID covers all of them" in shown(blocks)
    assert problems(blocks, "message") == []


def test_stages_say_who_approved_and_who_must_still_decide() -> None:
    start = shown(details(request()).blocks)
    assert "Security: 0 of 1 approval. Current approvers: Amara." in start
    assert "Data owners: 0 of 2 approvals. Next approvers: Bruno, Chie." in start
    half_way = request(decisions=(approval(AMARA, 0), approval(BRUNO, 1)))
    later = shown(details(half_way, holders={DATA_OWNER: Approvers(names=("Chie",))}).blocks)
    assert f"✅ Security: approved. Amara, {minute(NOW)}." in later
    assert f"Data owners: 1 of 2 approvals. Bruno, {minute(NOW)}. Current approvers: Chie." in later
    unknown = shown(details(request(), holders={}).blocks)
    assert "Security: 0 of 1 approval. Current approvers." in unknown


def test_of_many_approvers_some_are_named_and_all_are_counted() -> None:
    many = Approvers(names=tuple(f"Person {number}" for number in range(12)), other_count=148)
    said = shown(details(request(), holders={SECURITY: many}).blocks)
    assert "Person 11 and 148 more." in said


def test_an_approval_that_does_not_count_is_said_to() -> None:
    said = shown(details(request(decisions=(approval(AMARA, 0, digest="0" * 64),))).blocks)
    assert "Amara approved an earlier version of this request." in said
    assert "Security: 0 of 1 approval." in said


def test_a_rejection_says_who_and_why_once() -> None:
    rejection = replace(approval(BRUNO, 1, choice=Choice.REJECT), reason="Ask for a separate site")
    asked = request(
        RequestState.REJECTED,
        decisions=(approval(AMARA, 0), rejection),
        note=noted("Rejected by Bruno: Ask for a separate site"),
    )
    said = shown(card(asked).blocks)
    assert "Rejected by Bruno" in said
    assert said.count("Ask for a separate site") == 1
    assert "Approved by Amara" in said


def test_applied_claims_the_read_back_and_nothing_else_does() -> None:
    done = request(RequestState.APPLIED, confirmed_at=NOW)
    assert f"Verified in the tenant on {minute(NOW)}: every change of the plan." in shown(card(done).blocks)
    for state in set(RequestState) - {RequestState.APPLIED}:
        assert "verified" not in shown(card(request(state)).blocks)


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
    shows = details if state is RequestState.AWAITING_APPROVAL else card
    assert note in shown(shows(request(state, note=noted(note))).blocks)


def test_a_plan_that_is_no_longer_current_is_not_shown() -> None:
    """After a new look at the tenant the old plan would be a false promise."""
    again = request(RequestState.PREPARING, prepared=prepared(), note=noted("The partner changed after that."))
    message = card(again)
    assert DIGEST not in shown(message.blocks)
    assert DIGEST not in shown(details(again).blocks)
    assert TENANT in shown(details(again).blocks)


def test_what_the_form_saw_names_the_target_while_preparing() -> None:
    seen = ObservedPartner(identity=identity(), configuration=None, at=NOW)
    assert TENANT in shown(details(request(RequestState.PREPARING, observation=seen)).blocks)


def test_a_revocation_needs_no_approval_and_says_what_it_is() -> None:
    revoked = request(RequestState.APPLIED, REVOCATION, confirmed_at=NOW, not_closed=())
    assert "🔒 contoso.com: blocked (verified)" in shown(card(revoked).blocks)
    assert shown(card(revoked).blocks).count("Mar 1, 2027 at 09:00 UTC") == 1, "the line below has the time"
    assert card(revoked).text.startswith("contoso.com: blocked (verified Mar 1, 2027 at 09:00 UTC). ")
    assert "Requester Riley" in shown(card(revoked).blocks)
    said = shown(details(revoked).blocks)
    assert "none are needed to close a partner" in said
    assert "This blocks the partner instead of deleting it" in said
    assert "up to one more hour" in said


def test_a_request_that_waits_for_its_day_promises_no_start() -> None:
    plan = replace(access_plan(), starts_at=NOW + timedelta(days=30))
    said = shown(requester_card(request(RequestState.SCHEDULED, prepared=prepared(plan=plan)), now=NOW).blocks)
    assert "Then everything is checked again." in said


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_the_requester_may_withdraw_while_that_is_possible(state: RequestState, kind: RequestKind) -> None:
    asked = replace(request(state, kind), created_at=NOW - timedelta(days=1), lifetime=None)
    found = buttons(requester_card(asked, now=NOW).blocks)
    is_access, is_waiting = kind is RequestKind.ACCESS, state is RequestState.AWAITING_APPROVAL
    is_open = is_waiting or state in (
        RequestState.PREPARING,
        RequestState.AWAITING_CONFIRMATION,
        RequestState.SCHEDULED,
    )
    is_written = state in (RequestState.APPLIED, RequestState.OVERWRITTEN)
    offered = {
        "remind": is_waiting,
        "edit": is_waiting and is_access,
        "withdraw": is_open,
        "request_again": state in TERMINAL and is_access and not is_written,
    }
    has_plan = state is not RequestState.PREPARING
    details = {"review_request": f"r-1:{asked.plan.digest}"} if has_plan else {}
    assert found == {**{name: "r-1" for name, is_offered in offered.items() if is_offered}, **details}


def test_reject_stays_on_the_cards_of_an_approved_request_that_waits_for_its_start() -> None:
    """For the channel, for who approved it, and in Details for who may. Not for who was only asked."""
    plan = replace(access_plan(), starts_at=NOW + timedelta(days=5))
    decisions = tuple(replace(decision, digest=plan.digest) for decision in WHOLE_CHAIN)
    waits = request(RequestState.SCHEDULED, prepared=prepared(plan=plan), decisions=decisions)
    both, value = ["reject", "review_request"], f"r-1:{plan.digest}"
    for reader, offered in ((None, both), (AMARA.chat_id, both), (DANA.chat_id, ["review_request"])):
        found = buttons(closed_card(waits, successor=None, now=NOW, reader=reader).blocks)
        assert found == dict.fromkeys(offered, value)
    for may_decide, may_reassign in ((True, False), (False, True), (False, False)):
        rows = list(details_actions(waits, NOW, may_decide=may_decide, may_reassign=may_reassign))
        assert buttons(as_message("Details", rows).blocks) == ({"reject": value} if may_decide or may_reassign else {})


FROZEN: Facts = (freeze_note(begin(None, by=DANA.name, reason="Incident 7", now=NOW)),)


@pytest.mark.parametrize("note", [(), FROZEN], ids=["writing", "frozen"])
def test_reject_is_on_the_cards_of_an_approved_request_until_its_first_write_is_stored(note: Facts) -> None:
    """As while it waits for its start: for the channel, for who approved it, and in Details for who may."""
    waits = request(RequestState.APPLYING, decisions=WHOLE_CHAIN, note=note)
    value = f"r-1:{waits.plan.digest}"
    both = {"reject": value, "review_request": value}
    batched, written = replace(waits, batch=BATCH), replace(waits, writing_since=NOW)
    for one, reader, offered in (
        (waits, None, both),
        (waits, AMARA.chat_id, both),
        (waits, DANA.chat_id, {"review_request": value}),
        (batched, None, {"review_request": value}),
        (written, None, {"review_request": value}),
    ):
        assert buttons(closed_card(one, successor=None, now=NOW, reader=reader).blocks) == offered
    for one, may_decide, may_reassign, is_offered in (
        (waits, True, False, True),
        (waits, False, True, True),
        (waits, False, False, False),
        (batched, True, True, False),
        (written, True, True, False),
    ):
        rows = list(details_actions(one, NOW, may_decide=may_decide, may_reassign=may_reassign))
        found = buttons(as_message("Details", rows).blocks) if rows else {}
        assert found == ({"reject": value} if is_offered else {})


@pytest.mark.parametrize(
    ("record", "offered"),
    [
        (partnership(), ["ask_access_test", "close_early"]),
        (partnership(ends_at=NOW), ["request_again", "close_early"]),
        (partnership(request_id=RequestId("r-2")), ["request_again"]),
        (partnership(state=PartnershipState.REVOKED), []),
    ],
)
def test_what_was_applied_can_be_requested_again_or_closed_early(record: Partnership, offered: list[str]) -> None:
    """Riley sponsors it here: who requested it has one message for both."""
    mine = replace(record, sponsor=RILEY)
    applied = request(RequestState.APPLIED, prepared=prepared(sponsor=RILEY))
    sponsors = [one for one in offered if one in ("ask_access_test", "close_early")]
    again = [one for one in offered if one == "request_again"]
    assert list(buttons(requester_card(applied, now=NOW, record=mine).blocks)) == [*again, "review_request", *sponsors]
    assert list(buttons(sponsor_card(applied, now=NOW, record=record).blocks)) == ["review_request", *sponsors]


@pytest.mark.parametrize(
    ("state", "record", "is_responsible"),
    [
        (RequestState.AWAITING_APPROVAL, None, True),
        (RequestState.APPLIED, partnership(), True),
        (RequestState.APPLIED, partnership(request_id=RequestId("r-2")), False),
        (RequestState.WITHDRAWN, None, False),
    ],
)
def test_a_sponsor_is_called_responsible_only_while_there_is_access_to_answer_for(
    state: RequestState, record: Partnership | None, is_responsible: bool
) -> None:
    said = shown(sponsor_card(request(state), now=NOW, record=record).blocks)
    assert ("You are responsible" in said) is is_responsible
    assert ("nothing more for you to do" in said) is not is_responsible


@pytest.mark.parametrize(
    ("days", "is_offered", "said"),
    [
        (
            0,
            False,
            "Approvers reminded Mar 1, 2027 at 09:00 UTC. You can remind them again from Mar 2, 2027 at 09:00 UTC.",
        ),
        (1, True, "Approvers reminded Mar 1, 2027 at 09:00 UTC."),
    ],
)
def test_remind_is_gone_once_it_was_used_until_it_is_possible_again(days: int, is_offered: bool, said: str) -> None:
    asked = request(reminded_at=NOW, created_at=NOW - timedelta(days=2), lifetime=None)
    blocks = requester_card(asked, now=NOW + timedelta(days=days)).blocks
    assert ("remind" in buttons(blocks)) is is_offered
    assert said in shown(blocks)
    assert ("remind them again" in shown(blocks)) is not is_offered
    assert shown(blocks).count("Approvers reminded") == 1


@pytest.mark.parametrize(("state", "kind"), STATES)
def test_edit_is_offered_exactly_where_it_is_not_refused(state: RequestState, kind: RequestKind) -> None:
    """On the requester's message, the App Home, in /partner show, and in the form that finds the open request."""
    asked = request(state, kind)
    digest = asked.plan.digest if asked.prepared is not None else ""
    try:
        require_may_edit(asked, RILEY, digest, NOW)
    except Refused:
        is_refused = True
    else:
        is_refused = False
    found = LookupResult.of(
        ObservedPartner(identity=identity(), configuration=None, at=NOW),
        open_request=None if asked.is_terminal else asked,
    )
    readers = frozenset[ChatId | PersonId]({RILEY.chat_id, RILEY.id})
    surfaces = {
        "message": requester_card(asked, now=NOW).blocks,
        "home": home_view(AppHome(mine=all_of([asked])), now=NOW),
        "show": partner_details(identity(), None, {}, None, [asked], NOW, reader=readers).blocks,
        "form": [block.to_dict() for block in open_request_buttons(found, RILEY.chat_id)],
    }
    assert {name: "edit" not in buttons(shown) for name, shown in surfaces.items()} == dict.fromkeys(
        surfaces, is_refused
    )


def test_on_the_first_day_nobody_is_offered_a_reminder_that_would_be_refused() -> None:
    said = requester_card(request(), now=NOW).blocks
    assert "remind" not in buttons(said)


def test_the_history_of_a_request_names_each_edit() -> None:
    edited = request(edits=(EditRecord(person=RILEY, at=NOW + timedelta(hours=2)),))
    said = shown(requester_card(edited, now=NOW).blocks)
    assert "Sent Mar 1, 2027 at 09:00 UTC · Edited and sent again Mar 1, 2027 at 11:00 UTC" in said


def test_a_former_sponsor_reads_who_is_the_sponsor_now() -> None:
    said = shown(former_sponsor_card(request()).blocks)
    assert "You are not the sponsor any more: Riley named Sam. You need to do nothing." in said


def test_the_requester_reads_whose_approval_is_missing() -> None:
    message = requester_card(request(decisions=(approval(AMARA, 0),)), now=NOW)
    assert "Waits for 2 approvals from “Data owners”." in message.text
    assert "Security 1/1: approved by Amara" in shown(message.blocks)
    assert "Data owners 0/2" in shown(message.blocks)


def test_the_requester_reads_who_decides_by_when_and_until_when_the_access_is_asked_for() -> None:
    asked = request()
    day = replace(asked, fields=replace(asked.fields, ends_at=NOW + timedelta(days=124, hours=15)))
    holders = {STAGES[0].role: Approvers(names=("Amara Okafor",)), STAGES[1].role: Approvers(names=("Bruno", "Chie"))}
    said = shown(requester_card(day, now=NOW, holders=holders).blocks)
    assert "Security 0/1 (Amara Okafor)" in said
    assert "Data owners 0/2 (Bruno, Chie)" in said
    assert "Decide by" in said
    assert f"asked until {last_day(NOW + timedelta(days=124, hours=15))}" in said
    assert "124 days" not in said
    assert "asked for 90 days from approval" in shown(requester_card(asked, now=NOW).blocks)
    closed = shown(requester_card(request(RequestState.REJECTED, decisions=(approval(AMARA, 0),)), now=NOW).blocks)
    assert "Decide by" not in closed


def test_active_access_shows_its_end_and_a_block_has_none() -> None:
    ends = NOW + timedelta(days=180)
    applied = request(RequestState.APPLIED)
    record = partnership(ends_at=ends, request_id=applied.id)
    assert f"approved until {minute(ends)}" in shown(requester_card(applied, now=NOW, record=record).blocks)
    block = waiting(load_catalog(SHIPPED).templates["block"])
    assert "asked for" not in shown(requester_card(block, now=NOW).blocks)


def test_a_complete_chain_waits_for_nobody() -> None:
    said = shown(requester_card(request(decisions=WHOLE_CHAIN), now=NOW).blocks)
    assert "Waits for" not in said


# --- reviews ---


def review(**changes: Any) -> Message:
    return review_card(partnership(**changes), now=NOW)


def test_a_due_review_offers_keep_and_revoke() -> None:
    asked = review(state=PartnershipState.REVIEW_DUE, reminders=2)
    assert_sound_message(asked)
    assert buttons(asked.blocks) == dict.fromkeys(["keep", "reduce", "revoke_review", "review_details"], TENANT)
    assert not any("style" in one for one in surfaces.dicts(asked.blocks) if one.get("type") == "button")
    assert "Asked twice." in shown(asked.blocks)
    assert "/partner revoke contoso.com" in shown(asked.blocks)
    assert asked.text == "contoso.com: is this access still needed? Trusted partner (r-1)"
    assert "Trusted partner (r-1)" in shown(asked.blocks)


def test_a_reduction_that_did_not_answer_the_review_says_why_it_stays_open() -> None:
    """While another reduction waits, the card says that instead."""
    left_open = partnership(state=PartnershipState.REVIEW_DUE, not_attested_after=RequestId("r-7"))
    said = "Reduced (r-7), but nobody attests their MFA, so this stays open."
    assert said in shown(review_card(left_open, now=NOW).blocks)
    assert "nobody attests" not in shown(review(state=PartnershipState.REVIEW_DUE).blocks)
    another = ReviewContext(reduction=request())
    assert said not in shown(review_card(left_open, now=NOW, context=another).blocks)


def test_past_its_end_only_revoke_is_possible_and_the_way_on_is_said() -> None:
    asked = review(state=PartnershipState.REVIEW_DUE, reminders=1, ends_at=NOW)
    assert buttons(asked.blocks) == {"revoke_review": TENANT, "review_details": TENANT}
    said = shown(asked.blocks)
    assert "/partner request contoso.com" in said
    assert "The access is still open." in said


def test_an_answered_review_says_who_kept_it_and_why() -> None:
    kept = Attestation(person=SAM, reason="Campaign runs until May", at=NOW + timedelta(days=30))
    asked = review(attestations=(kept,))
    assert buttons(asked.blocks) == {}
    assert "Kept by Sam" in shown(asked.blocks)
    assert "Campaign runs until May" in shown(asked.blocks)


def test_an_older_answer_is_not_treated_as_one_about_a_new_approval() -> None:
    kept = Attestation(person=SAM, reason="Old reason", at=NOW - timedelta(days=1))
    said = shown(review(attestations=(kept,)).blocks)
    assert "Old reason" not in said
    assert "a later request was approved, nothing to review" in said


def test_settings_that_nobody_approved_are_not_said_to_be_approved() -> None:
    reduced = review(basis=SettingsBasis.PARTLY_REDUCED)
    said = shown(reduced.blocks)
    assert reduced.text.startswith("contoso.com: partly reduced. ")
    assert ("Settings found" in said, "after “Trusted partner” (r-1)" in said) == (True, True)
    assert ("approved, nothing" in said, "Settings since" in said) == (False, False)


def test_a_receipt_has_one_line_of_one_person() -> None:
    """What no longer counts is said once, and not below what counts: they may be of the same minute."""
    mine = approval(AMARA, 0)
    for decisions, void, line in (
        ((mine,), (mine, mine), f"You approved this {minute(mine.at)}"),
        ((), (mine, mine), f"Your approval of {minute(mine.at)} no longer counts"),
    ):
        asked = request(RequestState.APPLIED, decisions=decisions, void_decisions=void, confirmed_at=NOW)
        said = shown(closed_card(asked, successor=None, now=NOW, reader=AMARA.chat_id).blocks)
        assert said.count(line) == 1
        assert ("no longer counts" in said) is (not decisions)
        assert said.count("You approved this") == len(decisions)


def test_the_copy_of_somebody_who_approved_says_nothing_that_the_next_approval_changes() -> None:
    """So no approval after theirs has to update it. It still says what they did, and what ended the request."""
    asked = request(RequestState.AWAITING_APPROVAL)
    first, second = (approval(one, stage, digest=asked.plan.digest) for one, stage in ((AMARA, 0), (BRUNO, 1)))

    def copy_of(person: Person, *decisions: Decision, **changes: Any) -> Message:
        now = replace(asked, decisions=decisions, **changes)
        return closed_card(now, successor=None, now=NOW, reader=person.chat_id)

    theirs = copy_of(AMARA, first)
    assert copy_of(AMARA, first, second) == theirs
    said = shown(theirs.blocks)
    assert "waiting for approval" in theirs.text
    assert "Waits for other approvers, see Details." in said
    assert f"You approved this {minute(first.at)}" in said
    assert copy_of(CHIE, first) != copy_of(CHIE, first, second), "who has not decided sees who did"
    for ended in (RequestState.WITHDRAWN, RequestState.EXPIRED, RequestState.APPLYING, RequestState.APPLIED):
        assert copy_of(AMARA, first, state=ended, confirmed_at=NOW) != theirs
    assert copy_of(AMARA, first, expires_at=NOW) != theirs, "nobody is waited for any more"
    third = approval(CHIE, 1, digest=asked.plan.digest)
    assert copy_of(AMARA, first, second, third) != theirs, "no approval is missing"


@pytest.mark.parametrize(
    ("changes", "title", "line"),
    [
        (
            {"state": RequestState.FAILED, "applied_part": 1},
            "⚠️ contoso.com: replaced later in part",
            "Replaced in part ",
        ),
        ({"state": RequestState.APPLIED}, "ℹ️ contoso.com: replaced later", "Replaced "),
        (
            {"state": RequestState.OVERWRITTEN},
            "ℹ️ contoso.com: changed later by somebody else",
            "Changed by somebody else while this was sent: Trusted partner (r-2). Found ",
        ),
    ],
)
def test_a_closed_card_says_what_became_of_it_and_no_more(changes: dict[str, Any], title: str, line: str) -> None:
    later = request(id=RequestId("r-2"), **changes)
    blocks = closed_card(request(RequestState.APPLIED), successor=later, now=NOW).blocks
    assert blocks[0]["text"]["text"] == title
    said = shown(blocks)
    assert line in said
    assert ("Replaced " in said) is line.startswith("Replaced ")


def test_a_revoked_partner_has_nothing_to_review() -> None:
    asked = review(state=PartnershipState.REVOKED, ends_at=None, next_review_at=None)
    assert buttons(asked.blocks) == {}
    assert "Revoked (verified)" in shown(asked.blocks)


@pytest.mark.parametrize("basis", [one for one in SettingsBasis if one is not SettingsBasis.APPROVED])
@pytest.mark.parametrize("state", [PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE])
def test_what_nobody_approved_as_it_is_never_reads_approved(basis: SettingsBasis, state: PartnershipState) -> None:
    """Also in the seconds before its review is asked, while its record is active."""
    asked = review(state=state, basis=basis, reminders=1)
    words = {
        "partly_applied": "partly applied",
        "partly_reduced": "partly reduced",
        "overwritten": "changed by somebody",
    }
    assert words[basis] in shown(asked.blocks[0])
    assert words[basis] in asked.text
    assert "access approved again" not in shown(asked.blocks) + asked.text


def test_an_access_whose_period_ended_is_not_called_approved_again_or_kept() -> None:
    kept = Attestation(person=SAM, reason="Campaign runs until May", at=NOW)
    for answers in ((), (kept,)):
        assert "access period ended" in review(ends_at=NOW, attestations=answers).text


@pytest.mark.parametrize("state", [one for one in RequestState if one not in TERMINAL])
@pytest.mark.parametrize("basis", SettingsBasis)
def test_while_a_revocation_runs_nobody_is_asked_to_keep_the_access(state: RequestState, basis: SettingsBasis) -> None:
    """The card says who revokes. Only what is sent and not shown can be revoked again."""
    running = request(state, REVOCATION, prepared=prepared(REVOCATION))
    for known, by in ((running, "Riley"), (replace(running, prepared=None, submitter=DANA), "Dana")):
        due = partnership(state=PartnershipState.REVIEW_DUE, reminders=1, basis=basis)
        asked = review_card(due, now=NOW, context=ReviewContext(revocation=known))
        assert_sound_message(asked)
        assert buttons(asked.blocks) == ({"revoke_review": TENANT} if state is RequestState.UNCONFIRMED else {})
        assert f"A revocation is running (r-1). Started by {by} on " in shown(asked.blocks)
        assert asked.text.startswith("contoso.com: being revoked.")
    nameless = replace(running, prepared=None)
    assert RILEY.chat_id in json.dumps(
        review_card(partnership(), now=NOW, context=ReviewContext(revocation=nameless)).blocks
    )
    done = partnership(state=PartnershipState.REVOKED, ends_at=None, next_review_at=None)
    assert "revoked, nothing to review" in review_card(done, now=NOW, context=ReviewContext(revocation=running)).text


def test_a_tenant_without_a_domain_is_named_by_its_id() -> None:
    without_names = replace(identity(), default_domain="", display_name="\u200b")
    asked = request(prepared=prepared(observation=ObservedPartner(identity=without_names, configuration=None, at=NOW)))
    message = card(asked)
    assert_sound_message(message)
    assert TENANT in shown(message.blocks[0])


# --- text from outside ---


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank, st.sampled_from(STATES))
@example("", (RequestState.AWAITING_APPROVAL, RequestKind.DISABLE_GUESTS))
@pytest.mark.threats("E1")
def test_hostile_text_stays_text_on_request_cards(text: str, at: tuple[RequestState, RequestKind]) -> None:
    asked = hostile_request(*at, text)
    holders = {SECURITY: Approvers(names=(text,)), DATA_OWNER: Approvers(names=(text, text))}
    for message in (card(asked, holders=holders), requester_card(asked, now=NOW), details(asked, holders=holders)):
        assert_sound_message(message)
        if asked.prepared is not None:
            assert "contoso.com" in shown(message.blocks[0])
            assert TENANT not in message.text


@pytest.mark.threats("E3")
@settings(deadline=None, max_examples=40)
@given(hostile, st.sampled_from(RequestState))
def test_details_show_the_whole_digest_and_the_tenant_whatever_the_texts_are(text: str, state: RequestState) -> None:
    asked = hostile_request(state, ACCESS, text)
    message = details(asked)
    if state in (RequestState.PREPARING, RequestState.UNFIT):
        return  # there is no plan that stands
    digest = asked.plan.digest
    assert digest in shown(message.blocks)
    assert TENANT in shown(message.blocks)


def test_moments_show_in_the_readers_own_time() -> None:
    (expiry, *_) = [item for item in surfaces.dicts(card(request()).blocks) if item.get("type") == "date"]
    assert expiry["timestamp"] == int(EXPIRY.timestamp())
    assert (expiry["format"], expiry["fallback"]) == ("{date_short_pretty} at {time}", "Mar 8, 2027 at 09:00 UTC")


def test_a_request_id_and_a_digest_fit_into_a_button() -> None:
    value = buttons(card(request(id=RequestId("R-" + "A" * 60))).blocks)["approve"]
    assert len(value) <= 2000
    assert RILEY.chat_id not in value


@settings(deadline=None, max_examples=40)
@given(hostile_or_blank, st.sampled_from(PartnershipState))
@pytest.mark.threats("E1")
def test_hostile_text_stays_text_in_reviews(text: str, state: PartnershipState) -> None:
    known = partnership(
        identity=surfaces.hostile_identity(text),
        sponsor=surfaces.hostile_person(text),
        template_title=text,
        state=state,
        attestations=(surfaces.hostile_attestation(text),) * 5,
    )
    assert_sound_message(review_card(known, now=NOW))


def test_a_message_about_a_closing_does_not_offer_an_edit_and_earlier_steps_are_named_with_their_place() -> None:
    block = waiting(load_catalog(SHIPPED).templates["block"])
    said = shown(requester_card(block, now=NOW).blocks)
    assert "Everybody who uses this access loses it. Withdraw this if they still need it." in said
    assert "Edit or withdraw" not in said
    decided = tuple(approval(AMARA, 0, at=NOW + timedelta(hours=hour)) for hour in range(6))
    message = requester_card(request(decisions=decided), now=NOW)
    assert "3 earlier steps in Details · " in shown(message.blocks)
    assert "review_request" in buttons(message.blocks)

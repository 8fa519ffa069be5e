"""The windows about drift, the buttons of its alarms, and what cards say about it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.blocks.blocks import Json
from bot.slack.cards.approval.closed_card import closed_card
from bot.slack.cards.approval.requester_and_sponsor import requester_card, sponsor_card
from bot.slack.cards.review_card import review_card
from bot.slack.flows.alarms.drift_views import PER_PAGE, accept_view, drift_view, drifts_view
from bot.slack.flows.decide.views import decision_view
from bot.slack.flows.home.view import home_view
from bot.slack.flows.show.partner_details import partner_details
from bot.slack.flows.show.partner_list import partner_list
from bot.slack.payloads.button_values import parse_drift_value, parse_page
from bot.slack.words.alarms import alarm_message
from bot.slack.words.drift_buttons import alarm_answers
from bot.words.sentences import minute
from tests.bot.surfaces import shown
from tests.workflows.core.builders import AMARA, BRUNO, DANA, NOW, TENANT, identity, partnership, request
from tests.workflows.core.posture.watch.drifts import SHOWN, drift, found
from tests.workflows.core.posture.watch.test_comparison import ALLOW_ALL, BLOCK_ALL
from workflows.app.alarms import new_alarm
from workflows.app.evidence.reviews.review_context import ReviewContext
from workflows.app.reads.app_home import AppHome
from workflows.app.reads.found_requests import Today
from workflows.app.watch.telling import alarm_values, digest_values
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import PartnershipState
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.watch.drift import DEFAULT, Acceptance, Author, AuthorState, Drift, DriftSubject
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode
from workflows.core.requests.request import Closing, RequestId, RequestKind, RequestState
from workflows.ports.pages import Page


def accepted(one: Drift, *, days: int = 3) -> Drift:
    """The drift after Dana accepted it."""
    by = Acceptance(person=DANA, until=NOW + timedelta(days=days), reason="Known", at=NOW)
    return replace(one, acceptances=(*one.acceptances, by))


def buttons(view: Json) -> dict[str, str]:
    """The values of a view's buttons by their actions."""
    shown = [one for block in view["blocks"] for one in [*block.get("elements", []), block.get("accessory") or {}]]
    return {one["action_id"]: one.get("value", "") for one in shown if "action_id" in one}


def text(view: Any) -> str:
    """Everything that a view says."""
    return json.dumps(view, ensure_ascii=False)


def test_a_drift_has_every_answer_and_an_accepted_one_none() -> None:
    view = drift_view(drift(), NOW)
    assert set(buttons(view)) == {ids.RESTORE_APPROVED, ids.ADOPT_PARTNER, ids.ACCEPT_DRIFT, ids.REVOKE_PARTNER}
    assert buttons(view)[ids.ADOPT_PARTNER] == TENANT
    assert parse_drift_value(buttons(view)[ids.ACCEPT_DRIFT]) == (DriftSubject(TENANT), SHOWN)
    quiet = drift_view(accepted(drift(found=found(opens=False))), NOW)
    assert buttons(quiet) == {}
    assert "Accepted by " in text(quiet)
    assert "nothing to answer" in text(drift_view(None, NOW))


def test_the_default_and_an_unknown_partner_have_no_restore() -> None:
    default = drift(
        subject=DEFAULT, partner="", found=found(code=ConcernCode.DEFAULT_CHANGED, touches=("contoso.com",))
    )
    assert set(buttons(drift_view(default, NOW))) == {ids.ACCEPT_DRIFT}
    assert "The tenant's default" in text(drift_view(default, NOW))
    assert "1 partner inherits other values" in text(drift_view(default, NOW))
    unknown = drift(found=found(code=ConcernCode.UNKNOWN_TO_GATEHOUSE, settings=()))
    assert set(buttons(drift_view(unknown, NOW))) == {ids.ADOPT_PARTNER, ids.ACCEPT_DRIFT, ids.REVOKE_PARTNER}
    support = replace(unknown, found=replace(unknown.found, writers=(ConcernCode.MICROSOFT_SUPPORT,)))
    assert set(buttons(drift_view(support, NOW))) == {ids.ACCEPT_DRIFT, ids.REVOKE_PARTNER}


def test_all_drift_is_listed_in_pages_the_opening_first() -> None:
    drifts = [
        drift(
            subject=DriftSubject(f"00000000-0000-0000-0000-{n:012d}"), partner=f"p{n}.com", found=found(opens=n == 20)
        )
        for n in range(25)
    ]
    first = drifts_view(drifts, 0, NOW)
    assert text(first["blocks"][1]).count("p20.com") == 1
    assert parse_page(buttons(first)[ids.DRIFTS_NEXT]) == 1
    last = drifts_view(drifts, 9, NOW)
    assert len([one for one in last["blocks"] if one.get("accessory")]) == 25 - 2 * PER_PAGE
    assert parse_page(buttons(last)[ids.DRIFTS_PREVIOUS]) == 1
    assert "No open drift is recorded" in text(drifts_view([], 0, NOW))


def test_the_form_offers_the_days_and_says_who_is_missing() -> None:
    opening = accept_view(drift())
    days = [one["value"] for one in opening["blocks"][1]["element"]["options"]]
    assert days == ["1", "3", "7"]
    assert "two admins" in text(opening)
    assert "1 more admin must accept it" in text(accept_view(accepted(drift())))
    other = accept_view(drift(found=found(opens=False)))
    assert [one["value"] for one in other["blocks"][1]["element"]["options"]] == ["7", "30", "90"]
    assert parse_drift_value(opening["private_metadata"]) == (DriftSubject(TENANT), SHOWN)


@pytest.mark.parametrize("value", ["", TENANT, f"{TENANT}:x", f"x:{SHOWN}", f"{TENANT}:{SHOWN}:1"])
def test_a_value_that_names_no_drift_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_drift_value(value)


def test_an_alarm_has_its_answers_while_it_is_open_and_the_sponsor_only_restore() -> None:
    alarm = new_alarm(AlarmCode.DRIFT, TENANT, alarm_values(drift()), NOW)
    assert set(buttons({"blocks": alarm_message(alarm).blocks})) == {
        ids.RESTORE_APPROVED,
        ids.ADOPT_PARTNER,
        ids.ACCEPT_DRIFT,
        ids.REVOKE_PARTNER,
    }
    theirs = {"blocks": alarm_message(alarm, is_admin=False).blocks}
    assert set(buttons(theirs)) == {ids.RESTORE_APPROVED}
    assert "Only admins can accept the change or revoke the partner" in text(theirs), "it explains no other button"
    assert alarm_answers(replace(alarm, cleared_at=NOW), is_admin=True) is None
    digest = new_alarm(AlarmCode.DRIFT_DIGEST, "x", digest_values([drift()] * 6), NOW)
    assert set(buttons({"blocks": alarm_message(digest).blocks})) == {ids.SHOW_DRIFTS}
    assert alarm_answers(digest, is_admin=False) is None


def test_a_review_of_a_drifted_partner_offers_no_keep() -> None:
    due = partnership(state=PartnershipState.REVIEW_DUE, next_review_at=NOW)
    card = review_card(due, now=NOW, context=ReviewContext(drift=drift()))
    assert set(buttons({"blocks": card.blocks})) == {ids.RESTORE_APPROVED, ids.REVOKE_REVIEW, ids.REVIEW_DETAILS}
    assert "Not as approved" in text(card.blocks)
    assert set(buttons({"blocks": review_card(due, now=NOW).blocks})) == {
        ids.KEEP,
        ids.REDUCE,
        ids.REVOKE_REVIEW,
        ids.REVIEW_DETAILS,
    }
    revoked = drift(found=found(code=ConcernCode.UNKNOWN_TO_GATEHOUSE))
    assert set(buttons({"blocks": review_card(due, now=NOW, context=ReviewContext(drift=revoked)).blocks})) == {
        ids.REVOKE_REVIEW,
        ids.REVIEW_DETAILS,
    }


def test_a_review_of_a_drifted_partner_says_what_changed_who_did_it_and_what_each_answer_does() -> None:
    due = partnership(
        state=PartnershipState.REVIEW_DUE,
        next_review_at=NOW,
        review_reasons=(ReviewReason(code=ReviewReasonCode.DRIFT, at=NOW, values={"drift": "differs_from_approved"}),),
    )
    names = ("b2bDirectConnectInbound", "b2bCollaborationInbound", "b2bDirectConnectOutbound")
    values = {"approved_values": dict.fromkeys(names, BLOCK_ALL), "current_values": dict.fromkeys(names, ALLOW_ALL)}
    changed = found(settings=names, restores_less=True, **values)
    author = Author(state=AuthorState.KNOWN, name="Mallory Fox", at=NOW)

    def said(one: Drift) -> str:
        return shown(review_card(due, now=NOW, context=ReviewContext(drift=one)).blocks)

    card = said(drift(found=changed, author=author))
    assert "⚠️ Changed outside Gatehouse by Mallory Fox, Mar 1, 2027: " in card
    assert "Why now" not in card, "the change is the reason"
    assert "Their guests: all apps (approved: blocked)" in card
    assert "and 1 more" in card
    assert "Keep: not possible, nobody approved this." in card
    assert "Restore: asks one approver to undo the changes." in card
    own = said(drift(found=changed, author=replace(author, name="", is_own_application=True, at=None)))
    assert "Changed outside Gatehouse by Gatehouse's own application: " in own
    unnamed = said(drift(found=changed, author=replace(author, name="")))
    assert "Changed outside Gatehouse: " in unnamed
    until = NOW + timedelta(days=3)
    by_two = tuple(Acceptance(person=one, until=until, reason="test", at=NOW) for one in (AMARA, BRUNO))
    assert "Admins accepted it until Mar 4, 2027." in said(drift(found=changed, acceptances=by_two))


def test_the_list_says_which_partner_is_not_as_approved() -> None:
    page = Page(items=[partnership()], count=1, size=1)
    shown = text(partner_list(page, NOW, drifts={TENANT: "different from approved"}).blocks)
    assert "Not as approved: " in shown
    assert "Not as approved" not in text(partner_list(page, NOW).blocks)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (RequestKind.ACCESS, "Was verified in the tenant on {}: every change of the plan. It is different since."),
        (RequestKind.ADOPTION, "Was read again in the tenant on {}: exactly the approved settings."),
    ],
)
def test_the_card_of_a_drifted_access_says_that_it_was_verified_before_and_is_different_since(
    kind: RequestKind, said: str
) -> None:
    done = request(RequestState.APPLIED, kind, confirmed_at=NOW)
    card = shown(closed_card(done, successor=None, now=NOW, drift=drift()).blocks)
    assert "active, not as approved" in card
    assert said.format(minute(NOW)) in card
    assert card.count("It is different since.") == 1
    assert "It is different since." not in shown(closed_card(done, successor=None, now=NOW).blocks)


@pytest.mark.parametrize(
    ("kind", "said"),
    [(RequestKind.ACCESS, "active, not as approved"), (RequestKind.REVOCATION, "blocked, may be open again")],
)
def test_every_reader_of_a_request_is_told_of_the_drift_of_its_partner_in_the_same_words(
    kind: RequestKind, said: str
) -> None:
    done = request(RequestState.APPLIED, kind, confirmed_at=NOW, not_closed=())
    known = partnership(request_id=done.id)
    home = AppHome(
        mine=Page(items=[done], count=1, size=1),
        today={done.id: Today(drift=drift())},
    )
    messages = [
        closed_card(done, successor=None, now=NOW, drift=drift()),
        requester_card(done, now=NOW, record=known, drift=drift()),
        sponsor_card(done, now=NOW, record=known, drift=drift()),
    ]
    seen = [
        *(shown(one.blocks) for one in messages),
        *(one.text for one in messages),
        shown(home_view(home, now=NOW)["blocks"]),
    ]
    for words in seen:
        assert said in words
        assert "(verified" not in words
    details = shown(decision_view(done, history=(), now=NOW, drift=drift())["blocks"])
    assert details.count("It is different since.") == 1
    assert "Found on " in details


@pytest.mark.parametrize(
    ("closing", "opens", "said"),
    [
        (Closing.REVOKE, True, "blocked, may be open again"),
        (Closing.REVOKE, False, "blocked, settings changed since"),
        (Closing.SUSPEND, True, "suspended, may be open again"),
        (Closing.SUSPEND, False, "suspended, settings changed since"),
    ],
)
def test_a_closed_partner_is_called_open_again_only_where_a_change_may_open_it(
    closing: Closing, opens: bool, said: str
) -> None:
    done = request(RequestState.APPLIED, RequestKind.REVOCATION, confirmed_at=NOW, not_closed=())
    done = replace(done, fields=replace(done.fields, closing=closing))
    changed = drift(found=found(opens=opens))
    home = AppHome(mine=Page(items=[done], count=1, size=1), today={done.id: Today(drift=changed)})
    record = partnership(request_id=done.id)
    seen = (
        closed_card(done, successor=None, now=NOW, drift=changed).blocks,
        home_view(home, now=NOW)["blocks"],
        partner_details(identity(), None, {}, record, [done], NOW, drift=changed).blocks,
    )
    for blocks in seen:
        assert said in shown(blocks)


def test_a_replaced_request_says_nothing_of_a_drift() -> None:
    done = request(RequestState.APPLIED, confirmed_at=NOW)
    later = request(RequestState.APPLIED, RequestKind.REVOCATION, id=RequestId("r-2"), confirmed_at=NOW, not_closed=())
    for card in (
        requester_card(done, now=NOW, successor=later, drift=drift()),
        sponsor_card(done, now=NOW, successor=later, drift=drift()),
    ):
        assert "may be open again" not in shown(card.blocks)
        assert "not as approved" not in shown(card.blocks)


def test_the_app_home_marks_partners_that_are_not_as_approved() -> None:
    page = Page(items=[partnership()], count=1, size=1)
    for lists in ({"sponsored": page}, {"overdue": page, "is_admin": True}):
        marked = AppHome(drifted=frozenset({TENANT}), **lists)
        assert "⚠️ Not as approved" in text(home_view(marked, now=NOW))
        assert "⚠️ Not as approved" not in text(home_view(AppHome(**lists), now=NOW))


def test_partner_show_contradicts_itself_nowhere_while_the_settings_are_not_as_approved() -> None:
    done = request(RequestState.APPLIED, confirmed_at=NOW)
    opened = {"tenantId": TENANT, "b2bDirectConnectInbound": ALLOW_ALL}
    answer = shown(
        partner_details(identity(), opened, {}, partnership(request_id=done.id), [done], NOW, drift=drift()).blocks
    )
    assert "active, not as approved" in answer
    assert "active (verified" not in answer
    assert "Our side: done" not in answer.partition("Gatehouse's record")[0], "nobody is to open their side for it"
    assert "Not listed, because the last sweep found settings that are not the approved ones." in answer

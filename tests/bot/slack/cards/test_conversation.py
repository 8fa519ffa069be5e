"""Questions on the cards: what is open is said, the text is quoted and disarmed, and Approve asks once more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.slack import ids
from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.slack.cards.approval.sections.conversation import MAX_SHOWN, THREADS_NOT_READ, threads_hint
from bot.slack.flows.decide.remarks.conversation_views import answer_view, ask_view, comment_view
from bot.slack.flows.decide.views import decision_view
from bot.slack.outbound.requests.remark_cards import answer_card, question_card, thread_message
from bot.slack.payloads.button_values import parse_question_value
from bot.slack.payloads.models import View
from tests.bot.shipped_cards import waiting
from tests.bot.surfaces import assert_sound, assert_sound_message, buttons, card, dicts, shown
from tests.workflows.core.builders import AMARA, CHIE, NOW, QUESTION, RILEY, SAM, request, situation
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.conversation.remarks import MAX_TEXT, RemarkId, RemarkKind
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import Ask
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import ChangesRequested, RequestId, RequestState
from workflows.ports.audit_log import AuditEntry

EVIL = "<!channel> <@U0EVIL> <https://evil.example|Approve> *Approved* \u202eevil"
ID = RequestId("R-AAAAAAAAAA")
ASKED = advance(request(id=ID), Ask(actor=AMARA, request_id=ID, text=EVIL, asked=(RILEY, SAM)), situation()).request
ANSWER = replace(QUESTION, id=RemarkId("2"), kind=RemarkKind.ANSWER, person=RILEY, text=EVIL, asked=(), answers="1")
ANSWERED = replace(ASKED, remarks=(*ASKED.remarks, ANSWER))


def test_a_text_from_outside_is_shown_as_it_is_and_does_nothing() -> None:
    messages = (
        thread_message(ASKED, ASKED.remarks[0]),
        question_card(ASKED, ASKED.remarks[0], NOW),
        answer_card(ANSWERED, *ANSWERED.remarks),
        requester_card(ASKED, now=NOW),
    )
    for message in messages:
        assert_sound_message(message)
        assert "evil.example" not in message.text
    for view in (answer_view(ASKED, ASKED.remarks[0], NOW), decision_view(ANSWERED, history=(), now=NOW)):
        assert_sound(view)
    for blocks in [message.blocks for message in messages]:
        assert "<https://evil.example|Approve> *Approved*" in shown(blocks)
        assert "\u202e" not in str(blocks)
        assert not [one for one in dicts(blocks) if one.get("type") in ("user", "link", "broadcast", "mrkdwn")]


def test_an_open_question_is_on_the_card_and_approve_asks_once_more() -> None:
    """At low risk as well, where Approve asks nothing otherwise."""
    low = waiting(load_catalog(SHIPPED).templates["guest-collaboration"])
    asked = replace(low, remarks=(QUESTION, replace(QUESTION, id=RemarkId("2"))))
    for one, count in ((low, 0), (asked, 2)):
        [approve] = [button for button in dicts(card(one).blocks) if button.get("action_id") == ids.APPROVE]
        assert ("confirm" in approve) is bool(count)
    assert approve["confirm"]["text"]["text"] == "contoso.com: 2 questions not answered."
    assert "2 questions not answered" in shown(card(asked).blocks)
    high = replace(waiting(load_catalog(SHIPPED).templates["merger"]), remarks=(QUESTION,))
    [approve] = [button for button in dicts(card(high).blocks) if button.get("action_id") == ids.APPROVE]
    assert "1 question not answered." in approve["confirm"]["text"]["text"]


def test_the_stopped_time_is_said_as_long_as_it_is_stopped() -> None:
    assert "time stopped at most until" in shown(card(ASKED).blocks)
    stop = ASKED.clock_stop
    assert stop is not None
    assert "time stopped" not in shown(card(ASKED, now=stop.ends_by).blocks)
    assert "stopped until the answer" in shown(question_card(ASKED, ASKED.remarks[0], NOW).blocks)
    assert "stopped until" not in shown(question_card(ASKED, ASKED.remarks[0], stop.ends_by).blocks)
    assert "stopped until" in shown(answer_view(ASKED, ASKED.remarks[0], NOW))


def test_the_requester_answers_each_question_from_the_one_message() -> None:
    assert "Question from Amara" in " ".join(shown(requester_card(ASKED, now=NOW).blocks).split())
    assert buttons(requester_card(ASKED, now=NOW).blocks)["answer"] == f"{ID}:1"
    many = tuple(replace(QUESTION, id=RemarkId(str(number)), person=CHIE) for number in range(1, MAX_SHOWN + 3))
    message = requester_card(request(id=ID, remarks=many), now=NOW)
    assert_sound_message(message)
    offered = [one["value"] for one in dicts(message.blocks) if one.get("action_id") == ids.ANSWER]
    assert offered == [f"{ID}:{number}" for number in range(1, MAX_SHOWN + 1)]
    assert "and 2 more questions, see Details" in shown(message.blocks)
    for state in (RequestState.REJECTED, RequestState.APPLYING):
        closed = requester_card(request(state, id=ID, remarks=many), now=NOW)
        assert not [name for name in buttons(closed.blocks) if name.startswith(ids.ANSWER)]


def test_a_full_card_says_in_fewer_words_that_replies_are_not_read() -> None:
    assert [threads_hint(left) for left in (7, 6, 5)] == [THREADS_NOT_READ, THREADS_NOT_READ, ""]


def test_the_windows_hold_the_longest_text_and_name_the_requester() -> None:
    [people] = [one for one in dicts(ask_view(ASKED)) if one.get("type") == "multi_users_select"]
    assert people["initial_users"] == [RILEY.chat_id]
    of_the_bot = replace(ASKED, fields=replace(ASKED.fields, requester=ChatId("os:dana")))
    [people] = [one for one in dicts(ask_view(of_the_bot)) if one.get("type") == "multi_users_select"]
    assert "initial_users" not in people
    long = replace(ASKED.remarks[0], text="x" * MAX_TEXT)
    for view in (ask_view(ASKED), answer_view(ASKED, long, NOW + timedelta(days=90)), comment_view(ASKED)):
        assert_sound(view)


def test_details_show_the_newest_texts_and_lead_to_all_of_them() -> None:
    view = decision_view(ANSWERED, history=(), now=NOW, may_decide=False)
    assert "Questions and comments" in shown(view)
    assert list(buttons(view["blocks"][-3:])) == [ids.ASK, ids.COMMENT]
    assert ids.SHOW_PART not in buttons(view)
    many = replace(ASKED, remarks=tuple(replace(QUESTION, id=RemarkId(str(one))) for one in range(1, MAX_SHOWN + 2)))
    assert ids.SHOW_PART in buttons(decision_view(many, history=(), now=NOW))


def test_details_have_each_text_once() -> None:
    """Requested changes stand at the top; the history says only that somebody wrote."""
    remark = replace(QUESTION, id=RemarkId("7"), text="Only one channel, please")
    changes = ChangesRequested(person=AMARA, text=remark.text, at=NOW, remark=remark.id)
    waits = replace(ASKED, remarks=(QUESTION, remark), changes_requested=changes)
    entries = [
        AuditEntry(key=text, at=NOW, actor="U-AMARA", command=command, outcome="accepted", details={"text": text})
        for command, text in (("ask", QUESTION.text), ("request_changes", remark.text))
    ]
    said = shown(decision_view(waits, history=entries, now=NOW))
    assert said.count(QUESTION.text) == 1
    assert said.count(remark.text) == 1


@pytest.mark.parametrize("value", ["", "R-AAAAAAAAAA", "R-AAAAAAAAAA:", "R-AAAAAAAAAA:x", "R-AAAAAAAAAA:1:2", "x:1"])
def test_any_other_value_of_answer_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_question_value(value)
    assert parse_question_value(f"{ID}:7") == (ID, "7")


def test_the_chosen_people_are_read_each_once() -> None:
    values = {"asked_people": {"asked_people": {"selected_users": ["U1", "U2", "U1"]}}}
    view = View.model_validate({"id": "V1", "state": {"values": values}})
    assert view.people("asked_people") == ("U1", "U2")
    assert view.people("sponsor") == ()

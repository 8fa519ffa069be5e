"""Every message: its notification names the partner first, never an ID of Entra, and each icon is said in words."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.slack.blocks.message import Message, notice
from bot.slack.cards.approval.closed_card import closed_card
from bot.slack.cards.approval.new_approval import new_approval_message
from bot.slack.cards.approval.reminder import expired_message, reminder_message
from bot.slack.cards.approval.requester_and_sponsor import requester_card, sponsor_card
from bot.slack.cards.review_card import review_card
from bot.slack.cards.setup_card import setup_card
from bot.slack.flows.home.view import home_view
from bot.slack.flows.show.partner_details import partner_details
from bot.slack.flows.show.partner_list import partner_list
from bot.words.requests.messages import message_words
from tests.bot.shipped_cards import NAMES, waiting
from tests.bot.surfaces import all_of, card, details, dicts
from tests.bot.words.requests.test_messages import GOLDEN
from tests.workflows.core.builders import AMARA, EXPIRY, NOW, approval, closed_document, identity, partnership, request
from workflows.app.reads.app_home import Home
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.commands.request import Replan
from workflows.core.requests.lifecycle import Situation, advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.ports.records import LimitedList

TEMPLATES: Final = load_catalog(SHIPPED).templates
GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
SAID: Final = {
    "➕": ("More access", "Access to extend"),
    "➖": ("Less access", "with less access", "Blocked"),
    "✅": ("active", "approved", "No issues", "check", "confirmed", "answered", "restored", "kept", "caught up"),
    "⏳": ("waiting for approval", "0/", "1/", "2/"),
    "⚙️": ("being",),
    "🔎": ("being prepared", "current settings"),
    "❓": ("waiting for Microsoft",),
    "❔": ("not known", "not checked", "not confirmed", "could not be checked", "Perhaps"),
    "⛔": ("rejected", "Error"),
    "↩️": ("withdrawn",),
    "⌛": ("expired",),
    "⚠️": ("Warning", "issue", "could not", "stopped", "changed", "not everything", "Guests are locked out"),
    "❌": ("failed",),
    "🔒": ("blocked", "revoked", "block", "nothing is needed"),
    "🔁": ("needs new approval",),
    "⏰": ("wait", "ended", "reminder", "review is due"),
    "🔔": ("still needed",),
    "🤝": ("partner setup",),
    "ℹ️": ("replaced", "Note", "nothing is needed", "Deleted", "licence"),
}
"""What each icon means: one of these words stands in the same block."""
ICON: Final = re.compile("|".join(sorted(SAID, key=len, reverse=True)))
ANY_ICON: Final = re.compile("[\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")


def again() -> AccessRequest:
    decided = replace(waiting(TEMPLATES["merger"]), decisions=(approval(AMARA, 0),))
    return advance(decided, Replan(reason=(Fact(NoteCode.CHANGED_BY_OTHERS),)), Situation(now=NOW)).request


def about_requests() -> Iterator[tuple[str, Message]]:
    """Every message about one request, in every state."""
    for kind in RequestKind:
        for state in RequestState:
            asked = request(state, kind)
            if state is not RequestState.PREPARING:
                yield f"sponsor {state} {kind}", sponsor_card(asked, now=NOW)
            for name, make in (("card", card), ("requester", lambda one: requester_card(one, now=NOW))):
                yield f"{name} {state} {kind}", make(asked)
            later = request(RequestState.APPLIED, kind, id="r-2", confirmed_at=NOW, not_closed=())
            yield f"replaced {state} {kind}", closed_card(asked, successor=later, now=NOW, reader=AMARA.chat_id)
    for template in TEMPLATES.values():
        yield f"card {template.name}", card(waiting(template), holders=NAMES)
    asked_again = replace(again(), state=RequestState.AWAITING_APPROVAL)
    yield "again", new_approval_message(asked_again, now=NOW, asked=[AMARA.chat_id])
    two = LimitedList(shown=(request(), request()), count=2)
    yield "reminder", reminder_message(two, now=NOW)
    yield "expired", expired_message(two)
    for standing in PartnershipState:
        for moment in (NOW, EXPIRY + timedelta(days=400)):
            yield f"review {standing} {moment}", review_card(partnership(state=standing), now=moment)
        for may_confirm in (True, False):
            yield f"setup {standing} {may_confirm}", setup_card(partnership(state=standing), may_confirm=may_confirm)


def about_partners() -> Iterator[tuple[str, Message]]:
    for document in (None, closed_document()):
        yield "show", partner_details(identity(), document, {}, partnership(), [request()], NOW)


def others() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What is no message: windows and homes."""
    yield "list", partner_list(all_of([partnership()]), NOW).blocks
    for template in TEMPLATES.values():
        yield f"details {template.name}", details(waiting(template), holders=NAMES).blocks
    for state in RequestState:
        mine = Home(mine=all_of([request(state)]), is_admin=True, overdue=all_of([partnership()]))
        yield f"home {state}", home_view(mine, now=NOW)["blocks"]


REQUESTS: Final = dict(about_requests())
PARTNERS: Final = dict(about_partners())


@pytest.mark.parametrize("name", [*REQUESTS, *PARTNERS])
def test_a_notification_names_the_partner_first_and_no_id_of_entra(name: str) -> None:
    text = {**REQUESTS, **PARTNERS}[name].text
    assert text.startswith("contoso.com"), text
    assert not GUID.search(text), text


@pytest.mark.parametrize("name", REQUESTS)
def test_every_message_about_a_request_has_its_short_id_also_in_its_notification(name: str) -> None:
    made = REQUESTS[name]
    assert "r-1" in made.text, made.text
    assert "r-1" in str(made.blocks)


@pytest.mark.parametrize(("code", "values"), [(code, values) for code, values, _ in GOLDEN if "partner" in values])
def test_a_message_of_sentences_names_the_partner_first(code: str, values: dict[str, Any]) -> None:
    assert notice(message_words(Fact(code, values))).text.startswith("contoso.com")


def blocks_with_icons() -> Iterator[tuple[str, str]]:
    shown = {name: made.blocks for name, made in {**REQUESTS, **PARTNERS}.items()} | dict(others())
    for name, blocks in shown.items():
        for block in blocks:
            text = "\n".join(str(one["text"]) for one in dicts(block) if isinstance(one.get("text"), str))
            if ANY_ICON.search(text):
                yield name, text


def test_every_icon_is_said_in_words_in_the_same_block() -> None:
    """A screen reader says the name of an icon, not what it means here."""
    wrong = set()
    for name, text in blocks_with_icons():
        unknown = set(ANY_ICON.findall(text)) - set("".join(SAID))
        silent = [one for one in ICON.findall(text) if not any(word in text for word in SAID[one])]
        if unknown or silent:
            wrong.add((name, *sorted(unknown), *silent, text[:200]))
    assert wrong == set()


def test_no_button_is_an_icon_only() -> None:
    shown = [made.blocks for made in {**REQUESTS, **PARTNERS}.values()]
    labels = {one["text"]["text"] for one in dicts(shown) if one.get("type") == "button"}
    assert labels
    assert [label for label in labels if not label[0].isalpha()] == []

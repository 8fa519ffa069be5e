"""The card of a request that needs no decision of its reader: three lines, and Details. It says what is true today."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    paragraph,
    rich_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.decisions import EXPIRES_NOW, state_parts, still_needed
from bot.slack.cards.partner_and_plan import closed_line
from bot.slack.cards.requests import (
    MAX_DOMAIN_CHARACTERS,
    can_be_rejected,
    headline,
    reject_element,
    request_target,
    summary,
    whole_target,
)
from bot.words.posture.drift import difference_words
from bot.words.requests.notes import note_words
from bot.words.requests.replacement import CLOSINGS, later_event_words, later_state_words, left_words
from bot.words.requests.revision import new_round_words
from bot.words.requests.states import drifted_state_words, state_words
from bot.words.requests.titles import prepared_title
from bot.words.sentences import counted, first_words
from workflows.app.watch.telling import alarm_values
from workflows.core.errors.facts import Fact, Facts
from workflows.core.partners.partnership import LaterChange, later_change
from workflows.core.people import ChatId
from workflows.core.policy.approval import Choice, Decision
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.deciding import is_approved_and_unwritten
from workflows.core.requests.notes import NoteCode, is_believed, with_earlier_write
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

MAX_NOTE_CHARACTERS: Final = 300
"""Characters of a note on a card; its further sentences are counted, and are in Details."""
MAX_LONG_SENTENCE_CHARACTERS: Final = 700
"""Characters of a note with a very long sentence."""
_COMPLETE: Final = "No approval is missing."
_NEWER_MESSAGE: Final = "see the newer message"
_ASKED_LATER: Final = "You get a new message when it is your turn again."
_OTHERS_DECIDE: Final = "Waits for other approvers, see Details."
_DONE: Final = {Choice.APPROVE: "approved", Choice.REJECT: "rejected"}
_NOUNS: Final = {Choice.APPROVE: "approval", Choice.REJECT: "rejection"}


def closed_card(
    request: AccessRequest,
    *,
    successor: AccessRequest | None,
    now: datetime,
    reader: ChatId | None = None,
    is_asked_later: bool = False,
    drift: Drift | None = None,
) -> Message:
    """Return the card as a message.

    :param successor: the later request that replaced the result of this one; None where the partner still has that.
    :param drift: open drift of the partner, which is said while the result of the request is in force.
    :param reader: whose copy it is, for the receipt of their decisions; None for the channel's card.
    :param is_asked_later: whether the reader was asked about an earlier plan, and is asked again in a later stage.
    """
    drift = drift_in_force(request, successor, drift)
    later = [cleaned_text(f"{new_round_words(request)}. {_ASKED_LATER}", 300)]
    status = later if is_asked_later else [*status_parts(request, successor, now, has_drifted=drift is not None)]
    is_settled = not is_asked_later and _is_left_to_others(request, reader, now)
    if is_settled:
        status = [fixed_text(_OTHERS_DECIDE)]
    people = _people_parts(request, with_approvers=not is_settled)
    blocks: list[Block] = [
        header(closed_headline(request, successor, drift)),
        rich_text(
            *drift_paragraphs(drift),
            paragraph(*status),
            paragraph(*whole_target(request), *people, *_own_decisions(request, reader)),
        ),
    ]
    if request.prepared is not None:
        buttons = [button("Details", ids.REVIEW_REQUEST, ids.decision_value(request))]
        is_waiting = is_approved_and_unwritten(request) or not is_believed(request)
        if is_waiting and can_be_rejected(request, now) and _may_reject(request, reader):
            buttons.insert(0, reject_element(request))
        blocks.append(actions(f"details:{request.id}", *buttons))
    return message(closed_summary(request, successor, drift), blocks)


def drift_in_force(request: AccessRequest, successor: AccessRequest | None, drift: Drift | None) -> Drift | None:
    """Return the drift of a partner where it is said: of the request whose result is in force."""
    return drift if request.state is RequestState.APPLIED and successor is None else None


def drift_paragraphs(drift: Drift | None) -> Iterator[RichTextElement]:
    """State since when and how the partner differs from what a request set; nothing without drift."""
    if drift is not None:
        words = cleaned_text(f": {difference_words(alarm_values(drift))}", MAX_LONG_SENTENCE_CHARACTERS)
        yield paragraph(fixed_text("Found on ", bold=True), local_time(drift.found_at), words)


def _may_reject(request: AccessRequest, reader: ChatId | None) -> bool:
    """Return whether to offer Reject of an approved request: on the channel's card, and to who approved it."""
    return reader is None or any(_decisions_of(request.decisions, reader))


def _is_left_to_others(request: AccessRequest, reader: ChatId | None, now: datetime) -> bool:
    """Return whether the reader has approved, and the open stage asks only other people.

    Their copy then says nothing that the next approval makes untrue, so that no approval has to update it.
    """
    has_approved = any(decision.choice is Choice.APPROVE for decision in _decisions_of(request.decisions, reader))
    return has_approved and bool(still_needed(request)) and now < request.expires_at


def older_card(request: AccessRequest, *, reader: ChatId | None = None) -> Message:
    """Return the message that replaces an older one when its reader gets a newer message. It does not show the state.

    :param reader: see `closed_card`.
    """
    words = new_round_words(request)
    receipt = [*_own_decisions(replace(request, decisions=()), reader)]
    summary = f"{words[0].lower()}{words[1:]}, {_NEWER_MESSAGE}"
    return closed_line("🔁", request_target(request), summary, request.id, after=receipt)


def closed_headline(request: AccessRequest, successor: AccessRequest | None, drift: Drift | None = None) -> str:
    """Return target and state in a few words: what the request set, or that it is no longer in force.

    :param drift: see `drift_in_force`.
    """
    target = clean(request_target(request), MAX_DOMAIN_CHARACTERS)
    if drift is not None:
        return f"⚠️ {target}: {drifted_state_words(request, drift)}"
    if successor is None:
        return headline(request)
    return f"{replaced_icon(request, successor)} {target}: {later_state_words(request, successor)}"


def closed_summary(request: AccessRequest, successor: AccessRequest | None, drift: Drift | None = None) -> str:
    """Return the text of notifications.

    :param drift: see `drift_in_force`.
    """
    if drift is not None:
        return summary(request, drifted_state_words(request, drift))
    return summary(request, state_words(request) if successor is None else later_state_words(request, successor))


def replaced_icon(request: AccessRequest, successor: AccessRequest) -> str:
    """Return the emoji for `later_state_words`."""
    change = later_change(request, successor)
    if change is LaterChange.REPLACED_IN_PART:
        return "⚠️"
    if change in CLOSINGS:
        return "⚠️" if successor.not_closed else "🔒"
    return "ℹ️"


def status_parts(
    request: AccessRequest, successor: AccessRequest | None, now: datetime, *, has_drifted: bool = False
) -> Iterator[TextRun]:
    """State its result in one line: who ended it, when, and why; or what replaced it.

    :param has_drifted: see `state_parts`.
    """
    rejection = next((decision for decision in reversed(request.decisions) if decision.choice is Choice.REJECT), None)
    if successor is not None:
        yield from _successor_parts(request, successor)
    elif request.state is RequestState.REJECTED and rejection is not None:
        yield fixed_text("Rejected by ", bold=True)
        yield cleaned_text(rejection.names, bold=True)
        yield fixed_text(" on ")
        yield local_time(rejection.at)
        yield fixed_text(": ")
        yield cleaned_text(first_words(rejection.reason), 300)
        yield from _earlier_write_parts(request)
    elif not is_believed(request):
        yield cleaned_text(shortened_note(request.note), MAX_LONG_SENTENCE_CHARACTERS)
    elif request.state is RequestState.AWAITING_APPROVAL:
        yield cleaned_text(EXPIRES_NOW if now >= request.expires_at else still_needed(request) or _COMPLETE, 300)
    else:
        state = list(state_parts(request, now, with_steps=False, has_drifted=has_drifted))
        yield from state
        if request.state is RequestState.WITHDRAWN:
            yield from _earlier_write_parts(request)
        elif request.note:
            if state:
                yield fixed_text(" ")
            yield cleaned_text(shortened_note(request.note), MAX_LONG_SENTENCE_CHARACTERS)
        elif not state:
            yield fixed_text("Since ")
            yield local_time(request.changed_at)


def _earlier_write_parts(request: AccessRequest) -> Iterator[TextRun]:
    if earlier_write := with_earlier_write(request, ()):
        yield fixed_text(" ")
        yield cleaned_text(note_words(earlier_write), MAX_LONG_SENTENCE_CHARACTERS)


def _successor_parts(request: AccessRequest, successor: AccessRequest) -> Iterator[TextRun]:
    change = later_change(request, successor)
    title = cleaned_text(prepared_title(successor.require_prepared()))
    yield fixed_text(later_event_words(request, successor))
    if change is LaterChange.CHANGED_BY_OTHERS:
        yield from (fixed_text(" while this was sent: "), title, fixed_text(f" ({successor.id}). Found "))
        yield local_time(successor.changed_at)
        return
    yield fixed_text(" ")
    yield local_time(successor.confirmed_at or successor.changed_at)
    yield fixed_text(" by ")
    yield cleaned_text(successor.require_prepared().requester.name, bold=True)
    if change not in (LaterChange.REVOKED, LaterChange.SUSPENDED):
        yield from (fixed_text(" with "), title)
    yield fixed_text(f" ({successor.id}){left_words(successor)}")


def shortened_note(note: Facts) -> str:
    """Return the first sentences of a note, and how many more sentences it has.

    No sentence is cut, unless it is very long.

    That something was sent and may be in the tenant is always said.
    """
    first_facts: list[Fact] = []
    for index, fact in enumerate(note):
        is_short = len(note_words((*first_facts, fact))) <= MAX_NOTE_CHARACTERS
        if index == 0 or is_short or fact.code == NoteCode.SENT_BEFORE:
            first_facts.append(fact)
    more = len(note) - len(first_facts)
    return note_words(first_facts) + (f" ({counted(more, 'more note')} in Details)" if more else "")


def _people_parts(request: AccessRequest, *, with_approvers: bool = True) -> Iterator[TextRun]:
    if request.prepared is not None:
        yield cleaned_text(prepared_title(request.prepared))
        yield fixed_text(" · Requester ")
        yield cleaned_text(request.prepared.requester.name)
        approvers = [decision.names for decision in request.decisions if decision.choice is Choice.APPROVE]
        if approvers and with_approvers and request.fields.kind is not RequestKind.REVOCATION:
            yield fixed_text(" · Approved by ")
            yield cleaned_text(", ".join(approvers), 300)
        yield fixed_text(" · ")
    yield fixed_text(f"{request.id}")


def _own_decisions(request: AccessRequest, reader: ChatId | None) -> Iterator[TextRun]:
    """Return the reader's decisions that count, with their times; if none counts, their last decision."""
    counted_decisions = list(_decisions_of(request.decisions, reader))
    for decision in counted_decisions:
        yield fixed_text(f"\nYou {_DONE[decision.choice]} this ")
        yield local_time(decision.at)
    for decision in [] if counted_decisions else [*_decisions_of(request.void_decisions, reader)][-1:]:
        yield fixed_text(f"\nYour {_NOUNS[decision.choice]} of ")
        yield local_time(decision.at)
        yield fixed_text(" no longer counts")


def _decisions_of(decisions: tuple[Decision, ...], reader: ChatId | None) -> Iterator[Decision]:
    return (decision for decision in decisions if decision.person.chat_id == reader)

"""The card of a request that needs no decision of its reader: three lines, and Details. It says what is true today."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks.blocks import Part, actions, button, header, paragraph, part, rich, when, words
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.chain import EXPIRES_NOW, state_parts, still_needed
from bot.slack.cards.requests import MOST_TARGET, headline, request_target, summary, whole_target
from bot.words.requests.notes import note_words
from bot.words.requests.states import state_words
from bot.words.requests.titles import prepared_title
from bot.words.sentences import counted
from workflows.core.errors.facts import Fact, Facts
from workflows.core.people import ChatId
from workflows.core.policy.approval import Choice, Decision
from workflows.core.requests.notes import NoteCode, with_sent_before
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

MOST_NOTE: Final = 300
"""Characters of a note on a card; its further sentences are counted, and are in Details."""
MOST_LONG: Final = 700
"""Characters of a note with a very long sentence."""
MOST_QUOTED: Final = 25
"""Words of a reason on a card; the rest is counted, and is in Details."""
_COMPLETE: Final = "No approval is missing."
_NEWER: Final = "Needs new approval: the newer message has the buttons."
_DONE: Final = {Choice.APPROVE: "approved", Choice.REJECT: "rejected"}
_NOUNS: Final = {Choice.APPROVE: "approval", Choice.REJECT: "rejection"}


def closed_card(
    request: AccessRequest,
    *,
    successor: AccessRequest | None,
    now: datetime,
    reader: ChatId | None = None,
    is_older: bool = False,
) -> Message:
    """Return the card as a message.

    :param successor: the later request whose settings the partner has today; None where it has those of this one.
    :param reader: whose copy it is, for the receipt of their decisions; None for the channel's card.
    :param is_older: whether a newer message asks for the decision.
    """
    status = [words(_NEWER)] if is_older else [*status_parts(request, successor, now)]
    blocks: list[Block] = [
        header(closed_headline(request, successor)),
        rich(paragraph(*status), paragraph(*whole_target(request), *_people(request), *_receipts(request, reader))),
    ]
    if request.prepared is not None:
        blocks.append(
            actions(f"details:{request.id}", button("Details", ids.REVIEW_REQUEST, ids.decision_value(request)))
        )
    return message(closed_summary(request, successor), blocks)


def closed_headline(request: AccessRequest, successor: AccessRequest | None) -> str:
    """Return target and state in a few words: what the request set, or that it is no longer in force."""
    if successor is None:
        return headline(request)
    return f"{replaced_icon(successor)} {clean(request_target(request), MOST_TARGET)}: {replaced_words(successor)}"


def closed_summary(request: AccessRequest, successor: AccessRequest | None) -> str:
    """Return the text of notifications."""
    return summary(request, state_words(request) if successor is None else replaced_words(successor))


def replaced_icon(successor: AccessRequest) -> str:
    """Return the emoji for `replaced_words`."""
    if successor.particulars.kind is not RequestKind.REVOCATION:
        return "ℹ️"
    return "⚠️" if successor.not_closed else "🔒"


def replaced_words(successor: AccessRequest) -> str:
    """State what became of the result of an earlier request."""
    if successor.state is RequestState.OVERWRITTEN:
        return "changed later by somebody else"
    return "revoked later" if successor.particulars.kind is RequestKind.REVOCATION else "replaced later"


def status_parts(request: AccessRequest, successor: AccessRequest | None, now: datetime) -> Iterator[Part]:
    """State its result in one line: who ended it, when, and why; or what replaced it."""
    rejection = next((one for one in reversed(request.decisions) if one.choice is Choice.REJECT), None)
    if successor is not None:
        yield from _replaced(successor)
    elif request.state is RequestState.REJECTED and rejection is not None:
        yield words("Rejected by ", bold=True)
        yield part(rejection.person.name, bold=True)
        yield words(" on ")
        yield when(rejection.at)
        yield words(": ")
        yield part(first_words(rejection.reason), 300)
        yield from _sent_before(request)
    elif request.state is RequestState.AWAITING_APPROVAL:
        yield part(EXPIRES_NOW if now >= request.expires_at else still_needed(request) or _COMPLETE, 300)
    else:
        said = list(state_parts(request, now, with_steps=False))
        yield from said
        if request.state is RequestState.WITHDRAWN:
            yield from _sent_before(request)
        elif request.note:
            if said:
                yield words(" ")
            yield part(shortened_note(request.note), MOST_LONG)
        elif not said:
            yield words("Since ")
            yield when(request.changed_at)


def _sent_before(request: AccessRequest) -> Iterator[Part]:
    if sent := with_sent_before(request, ()):
        yield words(" ")
        yield part(note_words(sent), MOST_LONG)


def _replaced(successor: AccessRequest) -> Iterator[Part]:
    is_closed = successor.particulars.kind is RequestKind.REVOCATION
    yield words("Revoked " if is_closed else "Replaced ")
    yield when(successor.confirmed_at or successor.changed_at)
    yield words(" by ")
    yield part(successor.known.requester.name, bold=True)
    if not is_closed:
        yield words(" with ")
        yield part(prepared_title(successor.known))
    yield words(f" ({successor.id})")


def first_words(text: str) -> str:
    """Return the first words of what a person wrote; the rest is counted."""
    said = text.split()
    more = len(said) - MOST_QUOTED
    return " ".join(said[:MOST_QUOTED]) + (f" … ({counted(more, 'more word')} in Details)" if more > 0 else "")


def shortened_note(note: Facts) -> str:
    """Return the first sentences of a note; the others are counted. No sentence is cut, unless it is very long.

    That something was sent and may be in the tenant is always said.
    """
    shown: list[Fact] = []
    for index, fact in enumerate(note):
        is_short = len(note_words((*shown, fact))) <= MOST_NOTE
        if index == 0 or is_short or fact.code == NoteCode.SENT_BEFORE:
            shown.append(fact)
    more = len(note) - len(shown)
    return note_words(shown) + (f" ({counted(more, 'more note')} in Details)" if more else "")


def _people(request: AccessRequest) -> Iterator[Part]:
    if request.prepared is not None:
        yield part(prepared_title(request.prepared))
        yield words(" · Requester ")
        yield part(request.prepared.requester.name)
        approvers = [one.person.name for one in request.decisions if one.choice is Choice.APPROVE]
        if approvers and request.particulars.kind is not RequestKind.REVOCATION:
            yield words(" · Approved by ")
            yield part(", ".join(approvers), 300)
        yield words(" · ")
    yield words(f"{request.id}")


def _receipts(request: AccessRequest, reader: ChatId | None) -> Iterator[Part]:
    """Return the dated receipt of what the reader decided: what counts first, then what counts no more."""
    for decision in _own(request.decisions, reader):
        yield words(f"\nYou {_DONE[decision.choice]} this ")
        yield when(decision.at)
    for decision in _own(request.void, reader):
        yield words(f"\nYour {_NOUNS[decision.choice]} of ")
        yield when(decision.at)
        yield words(" no longer counts")


def _own(decisions: tuple[Decision, ...], reader: ChatId | None) -> Iterator[Decision]:
    return (one for one in decisions if one.person.chat_id == reader)

"""What an approver asked the requester to change, or proposed to ask for, on cards, in messages and in Details."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, ButtonElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import TextRun, actions, bullets, button, cleaned_text, fixed_text, paragraph, quote
from bot.slack.cards.approval.sections.conversation import named_stop, stopped_parts
from bot.words.requests.revision import RevisedLine, proposal_lines
from bot.words.requests.titles import left_out_words
from bot.words.sentences import MAX_QUOTED_WORDS, first_words
from workflows.core.conversation.remarks import MAX_TEXT
from workflows.core.requests.request import AccessRequest, ChangesRequested, Proposal, RequestState

_MAX_SHORT_LINES: Final = 3
MAX_LINES: Final = 10
"""Differences of a proposal in a message; more are counted."""


def open_changes(request: AccessRequest) -> ChangesRequested | None:
    """Return what the requester is asked to change, while that can be done."""
    return request.changes_requested if request.state is RequestState.AWAITING_APPROVAL else None


def open_proposal(request: AccessRequest) -> Proposal | None:
    """Return the proposal that the requester can answer now."""
    return request.proposal if request.state is RequestState.AWAITING_APPROVAL else None


def asked_change_elements(
    request: AccessRequest, words: int = MAX_QUOTED_WORDS, *, who_answers: str = "The requester accepts or declines."
) -> Iterator[RichTextElement]:
    """Return what the requester was asked to change and by whom, in a few lines.

    :param who_answers: the sentence about who answers a proposal.
    :param words: how many words of the text are quoted; the rest is counted, and is in Details and in the thread.
    """
    if (asked := open_changes(request)) is not None:
        stop = named_stop(request)
        yield paragraph(
            fixed_text("✏️ Changes requested by ", bold=True),
            cleaned_text(asked.person.name, bold=True),
            *(() if stop is None else (fixed_text(", time"), *stopped_parts(stop))),
            fixed_text(":"),
        )
        yield quote(first_words(asked.text, words), MAX_TEXT)
    if (proposal := open_proposal(request)) is not None:
        lines = proposal_lines(request)[::-1]  # the choices of the proposer before what follows from them
        shown = [f"{line.subject}: {line.now}" for line in lines[:_MAX_SHORT_LINES]]
        more = f"; and {len(lines) - len(shown)} more, see Details" if len(lines) > len(shown) else ""
        yield paragraph(
            fixed_text("➖ ", bold=True),
            cleaned_text(proposal.person.name, bold=True),
            fixed_text(" proposes less. ", bold=True),
            cleaned_text("; ".join(shown), 300),
            fixed_text(f"{more}. {who_answers}"),
        )


def proposal_elements(request: AccessRequest) -> Iterator[RichTextElement]:
    """Return every difference between what is asked for and what is proposed."""
    lines = proposal_lines(request)
    items = [list(_line_parts(line)) for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        items.append([fixed_text(f"and {len(lines) - MAX_LINES} more")])
    yield bullets(items)


def left_out_parts(request: AccessRequest) -> Iterator[TextRun]:
    """Name what is not asked for of the template; nothing when everything is."""
    if words := left_out_words(request.plan.left_out):
        yield fixed_text("Not asked for: ", bold=True)
        yield cleaned_text(words, 400)


def proposal_buttons(request: AccessRequest, proposal: Proposal) -> tuple[ButtonElement, ButtonElement]:
    """Return Accept and Decline."""
    value = ids.proposal_value(request, proposal)
    return button("Accept", ids.ACCEPT_PROPOSAL, value), button("Decline", ids.DECLINE_PROPOSAL, value)


def proposal_row(request: AccessRequest) -> Iterator[ActionsBlock]:
    """Return Accept and Decline for the requester's card, while there is a proposal."""
    if (proposal := open_proposal(request)) is not None:
        yield actions(f"proposal:{request.id}", *proposal_buttons(request, proposal))


def reason_quote(text: str) -> RichTextElement:
    """Return what an approver wrote, as a quotation."""
    return quote(text, MAX_TEXT)


def _line_parts(line: RevisedLine) -> Iterator[TextRun]:
    yield cleaned_text(line.subject, 200, bold=True)
    yield fixed_text(": ")
    yield cleaned_text(f"{line.before} → {line.now}", 600)

"""The messages that ask the requester, and who sent it for them, to change a request or to ask for less. Pure."""

from collections.abc import Iterator

from slack_sdk.models.blocks import Block, ButtonElement

from bot.slack import ids
from bot.slack.blocks.blocks import TextRun, actions, button, cleaned_text, fixed_text, header, paragraph, rich_text
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.sections.asked_changes import (
    open_changes,
    proposal_buttons,
    proposal_elements,
    reason_quote,
)
from bot.slack.cards.requests import (
    MAX_DOMAIN_CHARACTERS,
    notified_target,
    request_target,
    whole_target,
)
from bot.words.requests.states import state_words
from bot.words.requests.titles import prepared_title, sent_for_words
from workflows.core.requests.request import AccessRequest, Proposal


def changes_card(request: AccessRequest) -> Message:
    """Return the message that asks the requester to change the request, with Edit."""
    asked = open_changes(request)
    name = "" if asked is None else asked.person.name
    blocks: list[Block] = [
        header(f"✏️ {_target(request)}: changes requested"),
        rich_text(
            paragraph(
                *whole_target(request),
                cleaned_text(name, bold=True),
                fixed_text(f" asks you to change {_your_request(request)} for "),
                cleaned_text(prepared_title(request.require_prepared())),
                fixed_text(f" ({request.id}"),
                *_sent_for_parts(request),
                fixed_text("):"),
            ),
            reason_quote("" if asked is None else asked.text),
            paragraph(
                fixed_text(
                    "Choose Edit and send the request again. The approvers then decide on the new plan. The time to "
                    "decide is stopped for at most five working days."
                )
            ),
        ),
        actions(f"changes:{request.id}", button("Edit", ids.EDIT_ASKED, request.id), _details(request)),
    ]
    return message(
        f"{notified_target(request)}: {clean(name, 80)} asks you to change {_your_request(request)}.", blocks
    )


def proposal_card(request: AccessRequest, proposal: Proposal) -> Message:
    """Return the message that asks the requester to ask for less, with Accept and Decline."""
    blocks: list[Block] = [
        header(f"➖ {_target(request)}: a proposal to ask for less"),
        rich_text(
            paragraph(
                *whole_target(request),
                cleaned_text(proposal.person.name, bold=True),
                fixed_text(f" proposes to ask for less than {_your_request(request)} ({request.id}"),
                *_sent_for_parts(request),
                fixed_text("):"),
            ),
            *proposal_elements(request),
            reason_quote(proposal.reason),
            paragraph(
                fixed_text(
                    "If you accept, the request is changed and the approvers decide on the new plan. If you decline, "
                    "it stays as it is."
                )
            ),
        ),
        actions(f"proposal:{request.id}", *proposal_buttons(request, proposal), _details(request)),
    ]
    who = clean(proposal.person.name, 80)
    return message(f"{notified_target(request)}: {who} proposes to ask for less ({request.id}).", blocks)


def closed_change_card(request: AccessRequest) -> Message:
    """Return the last content of both messages: that they need nothing more."""
    result = "you need to do nothing more here"
    blocks: list[Block] = [
        header(f"ℹ️ {_target(request)}: {result}"),
        rich_text(paragraph(fixed_text("The request now: "), cleaned_text(state_words(request), 300))),
        actions(f"details:{request.id}", _details(request)),
    ]
    return message(f"{notified_target(request)}: {result} ({request.id}).", blocks)


def _your_request(request: AccessRequest) -> str:
    return "your request" if request.require_prepared().submitter is None else "the request"


def _sent_for_parts(request: AccessRequest) -> Iterator[TextRun]:
    if sent_for := sent_for_words(request.require_prepared()):
        yield fixed_text(", ")
        yield cleaned_text(sent_for)


def _details(request: AccessRequest) -> ButtonElement:
    return button("Details", ids.REVIEW_REQUEST, ids.decision_value(request))


def _target(request: AccessRequest) -> str:
    return clean(request_target(request), MAX_DOMAIN_CHARACTERS)

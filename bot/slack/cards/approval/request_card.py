"""The card of a request in every state: the approval card while it waits, and a few lines before and afterwards."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import Part, actions, button, header, paragraph, part, rich, words
from bot.slack.blocks.message import Message, message
from bot.slack.cards.approval.card import CardContext, approval_blocks
from bot.slack.cards.chain import outcome_elements
from bot.slack.cards.drift import changed_behind
from bot.slack.cards.requests import headline, restore_hint, summary
from bot.slack.people.approvers import Approvers
from bot.words.actions import with_commands
from bot.words.requests.notes import note_words
from workflows.core.partners.restoration.restorable import is_restorable
from workflows.core.people import Role
from workflows.core.policy.approval import Choice
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

MOST_NOTE: Final = 400


def request_card(
    request: AccessRequest,
    *,
    holders: Mapping[Role, Approvers],
    context: CardContext,
    now: datetime,
    with_buttons: bool = True,
) -> Message:
    """Return a request's card as a message; for the parameters see `approval_blocks`."""
    if request.state is RequestState.AWAITING_APPROVAL:
        blocks = approval_blocks(request, holders=holders, context=context, now=now, with_buttons=with_buttons)
        if asked_again := list(_asked_again(request)):
            blocks.insert(1, rich(*asked_again))
    else:
        blocks = _few_lines(request, now)
    return message(summary(request), blocks)


def _asked_again(request: AccessRequest) -> Iterator[RichTextElement]:
    """State why approval is needed again, and what is different from the approved plan."""
    if not request.asked_again:
        return
    yield paragraph(
        words("Needs new approval: ", bold=True), part(with_commands(note_words(request.asked_again)), MOST_NOTE)
    )
    if request.drift is not None:
        yield from changed_behind(request.drift)


def _few_lines(request: AccessRequest, now: datetime) -> list[Block]:
    """Return the card of a request that needs no decision: its state, how it ended, who asked and who approved."""
    told = [*outcome_elements(request, now), paragraph(*_people(request))]
    blocks: list[Block] = [header(headline(request)), rich(*told)]
    if is_restorable(request):
        blocks.append(rich(restore_hint(request.known.observation.identity)))
    if request.prepared is not None:
        blocks.append(
            actions(f"details:{request.id}", button("Details", ids.REVIEW_REQUEST, ids.decision_value(request)))
        )
    return blocks


def _people(request: AccessRequest) -> Iterator[Part]:
    if request.prepared is not None:
        yield part(request.prepared.template_title)
        yield words(" · Requester ")
        yield part(request.prepared.requester.name)
        approvers = [one.person.name for one in request.decisions if one.choice is Choice.APPROVE]
        if approvers and request.particulars.kind is not RequestKind.REVOCATION:
            yield words(" · Approved by ")
            yield part(", ".join(approvers), 300)
        yield words(" · ")
    yield words(f"{request.id}")

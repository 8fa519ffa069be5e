"""The card of a request in every state: the approval card while it waits, and three lines before and afterwards."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.conversion import as_json
from bot.slack.blocks.message import Message, message
from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.card_context import CardContext, word_count
from bot.slack.cards.approval.closed_card import closed_card, shortened_note
from bot.slack.cards.approval.new_approval import MAX_WORDS, difference_elements
from bot.slack.cards.approval.sections.kept_access import access_opened_outside
from bot.slack.cards.drift import changed_items, default_of, outside_change_elements
from bot.slack.cards.requests import summary
from bot.slack.people.approvers import Approvers
from bot.words.requests.revision import RevisedLine, new_plan_title, revision_lines
from bot.words.sentences import counted
from workflows.core.people import Role
from workflows.core.requests.notes import is_believed
from workflows.core.requests.request import AccessRequest, RequestState


def request_card(
    request: AccessRequest,
    *,
    holders: Mapping[Role, Approvers],
    context: CardContext,
    now: datetime,
    with_buttons: bool = True,
    knows_earlier: bool = True,
) -> Message:
    """Return a request's card as a message; for the parameters see `approval_blocks`.

    :param knows_earlier: whether the reader may know an earlier plan. Other readers see only the outside changes.
    """
    if request.state is not RequestState.AWAITING_APPROVAL or not is_believed(request):
        return closed_card(request, successor=context.successor, now=now, drift=context.drift)
    blocks = approval_blocks(request, holders=holders, context=context, now=now, with_buttons=with_buttons)
    if (knows_earlier or request.drift is not None) and request.asked_again:
        words_left = MAX_WORDS - word_count([as_json(block) for block in blocks])
        lines = revision_lines(request) if knows_earlier else ()
        blocks.insert(1, rich_text(*_new_approval_elements(request, lines, words_left)))
    return message(summary(request), blocks)


def _new_approval_elements(
    request: AccessRequest, lines: Sequence[RevisedLine], words_left: int
) -> Iterator[RichTextElement]:
    """State why there is another plan to decide on, and what is different from the earlier one.

    :param lines: the differences as the message about the new plan lists them; empty for a reader who may not know the
        earlier plan, and reads only what others changed.
    """
    yield paragraph(
        fixed_text(f"{new_plan_title(request)}: ", bold=True), cleaned_text(shortened_note(request.asked_again), 500)
    )
    if request.drift is None:
        return
    if access_opened_outside(request) is not None:
        # What matters of it has a part of its own on the card.
        count = len(changed_items(request.drift, default_of(request)))
        yield paragraph(fixed_text(f"{counted(count, 'setting')} changed outside Gatehouse, see Details"))
    elif lines:
        yield from difference_elements(lines, words_left)
    else:
        yield from outside_change_elements(request.drift, default_of(request))

"""The message when approval is needed again: why, what is different from the earlier plan, and the new plan."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from slack_sdk.models.blocks import Block, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    TextRun,
    bullets,
    cleaned_text,
    fixed_text,
    header,
    mention,
    paragraph,
    rich_text,
)
from bot.slack.blocks.conversion import as_json
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.approval_card import plan_blocks
from bot.slack.cards.approval.card_context import CardContext, word_count
from bot.slack.cards.approval.closed_card import shortened_note
from bot.slack.cards.approval.details_parts import difference_parts
from bot.slack.cards.approval.sections.kept_access import KeptAccess, access_opened_outside, kept_access_elements
from bot.slack.cards.requests import (
    MAX_DOMAIN_CHARACTERS,
    notified_target,
    request_target,
)
from bot.slack.people.approvers import Approvers
from bot.words.plans.risk import risk_for_approval_words
from bot.words.requests.revision import RevisedLine, new_plan_title, revision_lines
from bot.words.requests.titles import prepared_title
from bot.words.sentences import MAX_QUOTED_WORDS, counted
from workflows.core.people import ChatId, Role
from workflows.core.policy.approval import Decision
from workflows.core.requests.request import AccessRequest

MAX_LINES: Final = 6
"""Differences on the message; the others are counted, and Details list all of them."""
MAX_WORDS: Final = 150
"""Words of the message. The first difference, and the facts of the new plan, are there also when they are longer."""
_USUAL_WORDS: Final = 145
"""More words than this have only what is different, and never a note."""
MAX_MENTIONED_PEOPLE: Final = 20
_SAME_PLAN: Final = "The plan is the same as before."


def new_approval_message(
    request: AccessRequest,
    *,
    holders: Mapping[Role, Approvers],
    context: CardContext,
    now: datetime,
    approvers: Iterable[ChatId] = (),
    reader: ChatId | None = None,
) -> Message:
    """Return the message when approval is needed again: the difference, the facts of the card, the buttons.

    :param holders: who has each role of the chain now, by name.
    :param approvers: whom to mention, in the channel's thread; nobody in a direct message.
    :param reader: whose direct message it is; None in the channel's thread.
    """
    prepared = request.require_prepared()
    risk = risk_for_approval_words(prepared.plan, prepared.observation.default)
    title, notified = _title(request, request_target(request)), _title(request, notified_target(request))
    plan = partial(
        plan_blocks,
        request,
        holders=holders,
        context=context,
        now=now,
        justification_words=0 if _is_new_reason(request) else MAX_QUOTED_WORDS,
        with_access_opened_outside=False,
    )
    head, opened = header(f"🔁 {title} · {risk}"), access_opened_outside(request)
    before = list(_before_differences(request, approvers, opened))
    after = list(_after_differences(request, reader))
    fixed = _words(head, rich_text(*before, *after), *plan(words_left=0))
    lines = [
        revision_line for revision_line in revision_lines(request) if opened is None or not revision_line.stays_open
    ]
    differences = difference_elements(lines, MAX_WORDS - fixed, least=1 if opened is None else 0)
    top: list[Block] = [head, rich_text(*before, *differences, *after)]
    *shown, buttons = [*top, *plan(words_left=_USUAL_WORDS - _words(*top))]
    blocks: list[Block] = [head, rich_text(*_elements_of(shown)), buttons]
    return message(f"{notified} ({request.id}). {shortened_note(request.asked_again)}", blocks)


def _before_differences(
    request: AccessRequest, approvers: Iterable[ChatId], opened_access: KeptAccess | None
) -> Iterator[RichTextElement]:
    """Mention the people who are asked; state why there is a new plan, and the access opened outside Gatehouse."""
    if mentioned := list(_mention_parts(approvers)):
        yield paragraph(*mentioned)
    yield paragraph(fixed_text("Why: ", bold=True), cleaned_text(shortened_note(request.asked_again), 500))
    if opened_access is not None:
        yield from kept_access_elements(request, opened_access)


def _after_differences(request: AccessRequest, reader: ChatId | None) -> Iterator[RichTextElement]:
    """State whose decisions no longer count, what a rejection does not do, and of which plan the rest is."""
    for parts in (list(_void_approvals(request.void_decisions, reader)), list(_reject_parts(request))):
        if parts:
            yield paragraph(*parts)
    title = prepared_title(request.require_prepared())
    yield paragraph(fixed_text("Plan now: ", bold=True), cleaned_text(title, 200))


def _title(request: AccessRequest, target: str) -> str:
    asked_again = new_plan_title(request)
    return f"{clean(target, MAX_DOMAIN_CHARACTERS)}: {asked_again[0].lower()}{asked_again[1:]}"


def _elements_of(blocks: Iterable[Block]) -> list[RichTextElement]:
    inside = [element for block in blocks if isinstance(block, RichTextBlock) for element in block.elements]
    return [element for element in inside if isinstance(element, RichTextElement)]


def _words(*blocks: Block) -> int:
    return word_count([as_json(block) for block in blocks])


def _is_new_reason(request: AccessRequest) -> bool:
    """Return whether the justification is among the differences."""
    earlier_fields = request.previous_fields
    return earlier_fields is not None and earlier_fields.justification != request.fields.justification


def _mention_parts(approvers: Iterable[ChatId]) -> Iterator[TextRun]:
    people = sorted(approvers)
    for person in people[:MAX_MENTIONED_PEOPLE]:
        yield mention(person)
        yield fixed_text(" ")
    if len(people) > MAX_MENTIONED_PEOPLE:
        yield fixed_text(f"and {counted(len(people) - MAX_MENTIONED_PEOPLE, 'other')}, see Details")


def _reject_parts(request: AccessRequest) -> Iterator[TextRun]:
    """State that a rejection does not undo outside changes, unless the part about open access says so."""
    is_said = access_opened_outside(request) is not None
    if request.drift is not None and request.drift.outside_changes and not is_said:
        yield fixed_text("Reject ends the request. It does not undo what others changed.")


def difference_elements(lines: Sequence[RevisedLine], words_left: int, *, least: int = 1) -> list[RichTextElement]:
    """Return as many differences as fit, and count the rest of them.

    :param least: how many are shown even if they do not fit; 0 when another part of the message shows a difference.
    """
    if not lines:
        return [paragraph(fixed_text(_SAME_PLAN))] if least else []
    items: list[list[TextRun]] = []
    for line in lines[:MAX_LINES]:
        item = difference_parts(line)
        words_left -= _words(rich_text(paragraph(*item)))
        if len(items) >= least and words_left < 0:
            break
        items.append(item)
    if not items:
        return [paragraph(fixed_text(f"{counted(len(lines), 'other difference')} from the earlier plan, see Details"))]
    if more := len(lines) - len(items):
        items.append([fixed_text(f"and {counted(more, 'more difference')}, see Details")])
    return [paragraph(fixed_text("Different from the earlier plan", bold=True)), bullets(items)]


def _void_approvals(decisions: Sequence[Decision], reader: ChatId | None) -> Iterator[TextRun]:
    """State whose decisions no longer count. Only who decided reads of an own one."""
    if decisions:
        names = ["yours" if decision.person.chat_id == reader else decision.names for decision in decisions]
        yield fixed_text("Earlier approvals no longer count: ")
        yield cleaned_text(", ".join(dict.fromkeys(names)), 300)

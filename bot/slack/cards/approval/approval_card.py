"""The approval card: what an approver needs to decide in thirty seconds. Everything else is behind Details."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    paragraph,
    quote,
    rich_text,
)
from bot.slack.blocks.conversion import as_json
from bot.slack.blocks.freeze_banner import freeze_banner
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.approval_chain import chain_elements, waiting_elements
from bot.slack.cards.approval.card_context import CardContext, account_notes, notes, word_count
from bot.slack.cards.approval.sections.accounts import approver_elements
from bot.slack.cards.approval.sections.approve_dialog import high_risk_dialog, unanswered_dialog
from bot.slack.cards.approval.sections.asked_changes import (
    asked_change_elements,
    open_changes,
    open_proposal,
)
from bot.slack.cards.approval.sections.conversation import (
    THREADS_NOT_READ,
    question_elements,
    threads_hint,
)
from bot.slack.cards.approval.sections.facts import fact_parts
from bot.slack.cards.approval.sections.kept_access import access_opened_outside, kept_access_elements, unapproved_access
from bot.slack.cards.approval.sections.open_now import open_now, open_now_elements
from bot.slack.cards.requests import MAX_DOMAIN_CHARACTERS, can_be_decided, reject_element, request_target
from bot.slack.people.approvers import Approvers
from bot.words.plans.risk import risk_for_approval_words
from bot.words.plans.short_changes import ShortChange, Sign, short_changes
from bot.words.refusals.named_people.deciders import profile_lines
from bot.words.requests.titles import prepared_title
from bot.words.sentences import MAX_QUOTED_WORDS, counted, first_words
from workflows.core.people import Role
from workflows.core.plans.renewal import is_extension, plan_of_extended_access
from workflows.core.policy.risk import RiskLevel, risk_for_approval
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.request import AccessRequest, PreparedRequest, RequestKind

MAX_CARD_WORDS: Final = 120
"""Words of the whole card. What is known beside the request is shown as far as it fits; all of it is in Details."""
MAX_OPENINGS_BESIDE_LESS_ACCESS: Final = 3
"""Beside more openings than this, the settings that give less access are counted. Every opening has a line."""
_QUOTED_WORDS: Final = ((MAX_QUOTED_WORDS, MAX_QUOTED_WORDS), (10, 10), (10, 0))
"""Words of what an approver asks for, and of the justification: the first ones with which the card is short enough.

Only a card that quotes an approver shortens the justification, or leaves it out.
"""
_SIGNS: Final[Mapping[Sign, str]] = {Sign.MORE: "➕ ", Sign.LESS: "➖ ", Sign.UNKNOWN: "❔ "}
_LABELS: Final[Mapping[Sign, str]] = {
    Sign.MORE: "More access",
    Sign.UNKNOWN: "Perhaps more access",
    Sign.LESS: "Less access",
}
"""What the signs say, for those who cannot see them; in the order of the card."""


def approval_blocks(
    request: AccessRequest,
    *,
    holders: Mapping[Role, Approvers],
    context: CardContext,
    now: datetime,
    with_buttons: bool = True,
) -> list[Block]:
    """Return the card of a request that waits for approvals, short enough for one screen.

    :param holders: who has each role of the approval chain now, by name.
    :param with_buttons: offer Approve, Reject and Ask; Details is offered always.
    """
    prepared = request.require_prepared()
    target, name = clean(request_target(request), MAX_DOMAIN_CHARACTERS), clean(_title(request), 30)
    risk = risk_for_approval_words(prepared.plan, prepared.observation.default)
    title = header(f"{target}: {name}" if prepared.plan.accounts is not None else f"{target}: {name} · {risk}")
    blocks: list[Block] = []
    is_asked = (open_changes(request) or open_proposal(request)) is not None
    for asked_words, justification_words in _QUOTED_WORDS if is_asked else _QUOTED_WORDS[:1]:
        asked = list(asked_change_elements(request, asked_words))
        top = [title, rich_text(*asked)] if asked else [title]
        words_left = MAX_CARD_WORDS - word_count([as_json(block) for block in top])
        below = plan_blocks(
            request,
            holders=holders,
            context=context,
            now=now,
            words_left=words_left,
            with_buttons=with_buttons,
            justification_words=justification_words,
        )
        blocks = [*top, *below]
        if word_count([as_json(block) for block in blocks]) <= MAX_CARD_WORDS:
            break
    return blocks


def plan_blocks(
    request: AccessRequest,
    *,
    holders: Mapping[Role, Approvers],
    context: CardContext,
    now: datetime,
    words_left: int,
    with_buttons: bool = True,
    justification_words: int = MAX_QUOTED_WORDS,
    with_access_opened_outside: bool = True,
) -> list[Block]:
    """Return what an approver decides about, below a headline: facts, changes, issues, approval policy, buttons.

    :param words_left: how many words (not characters) the message may still have under its own limit, such as
        `MAX_CARD_WORDS`. To stay within it, only notes are left out; see `card_context.notes`.
    :param justification_words: how many words of the justification are quoted; 0 for none.
    :param with_access_opened_outside: whether to list access that somebody opened outside Gatehouse while the request
        waited for approval. False when the message already lists it elsewhere.
    """
    prepared = request.require_prepared()
    justification = _justification_elements(request, justification_words)
    top = rich_text(paragraph(*fact_parts(request, context.partnership, now)), *justification)
    changes = list(_shown_elements(prepared))
    kept = unapproved_access(request, context.partnership)
    if kept is not None and (with_access_opened_outside or not kept.is_opened_outside):
        changes += kept_access_elements(request, kept)
    frozen = freeze_banner(context.freeze, is_short=True)
    end = _end_blocks(request, holders, now, with_buttons=with_buttons, hint="")
    words_left -= word_count([as_json(element) for element in (*frozen, top, rich_text(*changes), *end)])
    kept_free = len(THREADS_NOT_READ.split())
    noted = paragraph(
        *notes(prepared, context, words_left, now, kept_free=kept_free)
        if prepared.plan.accounts is None
        else account_notes(prepared, context, now)
    )
    hint = threads_hint(words_left - word_count([as_json(rich_text(noted))]))
    end = _end_blocks(request, holders, now, with_buttons=with_buttons, hint=hint)
    return [*frozen, top, rich_text(*changes, noted), *end]


def _shown_elements(prepared: PreparedRequest) -> Iterator[RichTextElement]:
    """Return the accounts that are changed, or the settings that are, or what is open now when that is adopted."""
    if prepared.plan.accounts is not None:
        yield from approver_elements(prepared.plan.accounts)
    elif prepared.plan.adoption is not None:
        yield from open_now_elements(changes_of(prepared))
    else:
        yield from _change_elements(changes_of(prepared), is_extension=is_extension(prepared.plan))


def _end_blocks(
    request: AccessRequest, holders: Mapping[Role, Approvers], now: datetime, *, with_buttons: bool, hint: str
) -> list[Block]:
    """Return the approval policy, the questions that are not answered, and the buttons.

    :param hint: the words that replies in threads are not read; empty on a message that is full.
    """
    lines = [*stage_elements(request, holders), *question_elements(request, now)]
    if with_buttons and hint:
        lines.append(paragraph(fixed_text(hint)))
    return [rich_text(*lines), decision_row(request, can_decide=with_buttons and can_be_decided(request, now))]


def changes_of(prepared: PreparedRequest) -> tuple[ShortChange, ...]:
    """Return the changes that the card shows. An extension shows all access that it extends, then what it reduces.

    An adoption shows what is open now.
    """
    default, names = prepared.observation.default, prepared.names
    if prepared.plan.adoption is not None:
        return open_now(prepared.plan, default, names)
    changes = short_changes(prepared.plan, default, names)
    if not is_extension(prepared.plan):
        return changes
    extended = short_changes(plan_of_extended_access(prepared.plan), default, names)
    return (*(change for change in extended if change.sign is not Sign.LESS), *changes)


def _title(request: AccessRequest) -> str:
    if request.fields.kind is RequestKind.RESTORATION:
        return "restore settings"
    if request.fields.kind is RequestKind.ADOPTION:
        return "adopt current settings"
    title = prepared_title(request.require_prepared())
    if request.fields.account_change is not None:
        return f"{title[:1].lower()}{title[1:]}"
    return f"extend {title}" if is_extension(request.plan) else title


def _justification_elements(request: AccessRequest, words: int) -> Iterator[RichTextElement]:
    if words and (justification := first_words(request.fields.justification, words)):
        yield quote(justification, 400)


def _change_elements(changes: Sequence[ShortChange], *, is_extension: bool) -> Iterator[RichTextElement]:
    more = [change for change in changes if change.sign is not Sign.LESS]
    less = [change for change in changes if change.sign is Sign.LESS]
    shown_changes = changes if len(more) <= MAX_OPENINGS_BESIDE_LESS_ACCESS else more
    if not changes:
        yield paragraph(fixed_text("No access of its own to extend" if is_extension else "No change of access"))
    for sign, label in _LABELS.items():
        lines = [cleaned_text(change.text, 300) for change in shown_changes if change.sign is sign]
        if sign is Sign.LESS and len(shown_changes) < len(changes):
            yield paragraph(fixed_text(f"{_SIGNS[sign]}{counted(len(less), 'setting')} with less access"))
        elif lines:
            yield paragraph(
                fixed_text("Access to extend" if is_extension and sign is not Sign.LESS else label, bold=True)
            )
            yield from (paragraph(fixed_text(_SIGNS[sign]), line) for line in lines)


def stage_elements(request: AccessRequest, holders: Mapping[Role, Approvers]) -> Iterator[RichTextElement]:
    """Return one line for each stage: how many have approved, and who still can."""
    if not request.require_prepared().stages:
        yield paragraph(fixed_text("No approval is needed to close a partner"))
    yield from chain_elements(request.require_prepared().stages, eligibility(request).verdict, holders)
    for line in profile_lines(request):
        yield paragraph(fixed_text("⚠️ "), cleaned_text(line, 400))
    yield from waiting_elements(request)


def decision_row(request: AccessRequest, *, can_decide: bool, with_details: bool = True) -> ActionsBlock:
    """Return Approve, Reject, Ask and Details; for high risk, Approve asks once more with the change in one sentence.

    Approve is not the prominent button for high risk, nor when somebody opened access outside Gatehouse that this plan
    does not close. In the second case Reject comes first.

    :param can_decide: whether Approve, Reject and Ask are offered.
    """
    prepared, value = request.require_prepared(), ids.decision_value(request)
    buttons = []
    if can_decide:
        is_high = risk_for_approval(prepared.plan, prepared.observation.default).level is RiskLevel.HIGH
        confirm = high_risk_dialog(request, _opened(prepared)) if is_high else unanswered_dialog(request)
        stays_open = access_opened_outside(request) is not None
        buttons += [
            button("Approve", ids.APPROVE, value, None if is_high or stays_open else "primary", confirm),
            reject_element(request),
        ]
        buttons = buttons[::-1] if stays_open else buttons
        buttons.append(button("Ask", ids.ASK, value))
    if with_details:
        buttons.append(button("Details", ids.REVIEW_REQUEST, value))
    return actions(f"decide:{request.id}", *buttons)


def _opened(prepared: PreparedRequest) -> list[str]:
    """Return what gives more access, or perhaps more, each without its present value."""
    return [change.text.partition(" (now: ")[0] for change in changes_of(prepared) if change.sign is not Sign.LESS]

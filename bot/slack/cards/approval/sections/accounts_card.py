"""The one message to the admin who disables or enables guest accounts: the preview, the progress, the result."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement
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
    quote,
    rich_text,
)
from bot.slack.blocks.freeze_banner import freeze_banner
from bot.slack.blocks.message import Message, message
from bot.slack.cards.approval.closed_card import closed_headline, closed_summary, shortened_note, status_parts
from bot.slack.cards.approval.sections.accounts import preview_elements, result_elements
from bot.slack.cards.requests import can_be_withdrawn, withdraw_element
from bot.words.plans.accounts import CHANGES, GROUPS, accounts_title, after_words
from bot.words.sentences import counted, first_words
from workflows.core.plans.accounts import AccountChange, AccountEnd, AccountPlan
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions.guest_accounts import UNDO_WITHIN, progress_of

S = RequestState

_GROUPS: Final = f"They are written {GROUPS}. Each account is read again before."


def accounts_card(
    request: AccessRequest,
    *,
    now: datetime,
    is_partner_closed: bool = False,
    chain: Sequence[RichTextElement] = (),
    freeze: Freeze | None = None,
    undo: AccessRequest | None = None,
) -> Message:
    """Return the message, with the buttons that are possible now. Each click is checked again.

    :param is_partner_closed: whether the partner is revoked or suspended: then nothing of it is enabled.
    :param chain: the stages of the approval chain, each with who can decide; empty when nobody else has to.
    :param freeze: the freeze in force that stops the request.
    :param undo: the request that undid this one: then there is no second undo.
    """
    plan = None if request.prepared is None else request.plan.accounts
    blocks: list[Block] = [
        header(closed_headline(request, None)),
        *freeze_banner(freeze, is_short=True),
        rich_text(*_elements(request, plan, chain, now, undo, is_partner_closed=is_partner_closed)),
    ]
    if buttons := list(_buttons(request, plan, now, may_enable=undo is None and not is_partner_closed)):
        blocks.append(actions(f"accounts:{request.id}", *buttons))
    return message(closed_summary(request, None), blocks)


def _elements(
    request: AccessRequest,
    plan: AccountPlan | None,
    chain: Sequence[RichTextElement],
    now: datetime,
    undo: AccessRequest | None,
    *,
    is_partner_closed: bool,
) -> Iterator[RichTextElement]:
    if request.state not in (S.AWAITING_CONFIRMATION, S.APPLIED) and (status := _status_parts(request, now)):
        yield paragraph(*status)
    if request.state is S.AWAITING_CONFIRMATION and request.asked_again:
        again = shortened_note(request.asked_again)
        yield paragraph(fixed_text("Confirm again: ", bold=True), cleaned_text(again, 500))
    if plan is not None:
        yield from _plan_elements(request, plan, is_partner_closed=is_partner_closed)
        if (until := undo_until(request)) is not None and plan.change is AccountChange.DISABLE:
            yield paragraph(*_undo_parts(until, now, undo, is_partner_closed=is_partner_closed))
        if request.state in (S.AWAITING_CONFIRMATION, S.AWAITING_APPROVAL):
            yield from _who_decides(request, chain)
    if reason := first_words(request.fields.justification):
        yield quote(reason, 400)
    yield paragraph(*_subject_parts(request))


def _status_parts(request: AccessRequest, now: datetime) -> list[TextRun]:
    """Return why it waits or ended. While it is written, only what delays it: the numbers are below."""
    if request.state is S.PREPARING and not request.note:
        return [fixed_text("Guest accounts and directory roles are being read. The preview follows here.")]
    if request.state is S.APPLYING and not request.note:
        return []
    return [*status_parts(request, None, now)]


def _plan_elements(request: AccessRequest, plan: AccountPlan, *, is_partner_closed: bool) -> Iterator[RichTextElement]:
    """Return the preview until something is sent, then the numbers, then what stays and what can be done."""
    words = CHANGES[plan.change]
    if request.state is S.AWAITING_CONFIRMATION:
        yield from preview_elements(plan, is_titled=False)
        yield paragraph(fixed_text(after_words(plan, is_partner_closed=is_partner_closed)))
    elif request.state is S.AWAITING_APPROVAL:
        yield paragraph(fixed_text(f"{accounts_title(plan)}. {words.after}"))
    elif request.state is S.APPLYING or request.accounts is not None:
        yield from result_elements(plan, progress_of(request))
        yield paragraph(fixed_text(words.after if request.is_terminal else _GROUPS))


def undo_until(request: AccessRequest) -> datetime | None:
    """Return until when the admin who disabled accounts may undo that alone; None when nothing was disabled."""
    is_done = request.is_terminal and progress_of(request).count(AccountEnd.DONE)
    return request.changed_at + UNDO_WITHIN if is_done else None


def _undo_parts(
    until: datetime, now: datetime, undo: AccessRequest | None, *, is_partner_closed: bool
) -> Iterator[TextRun]:
    if undo is not None:
        yield fixed_text("Undone by ")
        yield cleaned_text(undo.require_prepared().requester.name, bold=True)
        yield fixed_text(" on ")
        yield local_time(undo.confirmed_at or undo.changed_at)
        yield fixed_text(f": {counted(progress_of(undo).count(AccountEnd.DONE), 'account')} enabled (")
        yield cleaned_text(undo.id)
        yield fixed_text(").")
    elif is_partner_closed:
        yield fixed_text("The partner is blocked, so no account of it can be enabled.")
    elif now < until:
        yield fixed_text("You can undo this alone until ")
        yield local_time(until)
        yield fixed_text(". Later the approvers of the partner decide.")
    else:
        yield fixed_text("To enable accounts again, use Enable: the approvers of the partner decide.")


def _who_decides(request: AccessRequest, chain: Sequence[RichTextElement]) -> Iterator[RichTextElement]:
    if request.state is S.AWAITING_CONFIRMATION:
        after = "After that, these people decide:" if chain else "Nobody else has to approve."
        yield paragraph(
            fixed_text("Confirm until "), local_time(request.expires_at), fixed_text(f" by typing. {after}")
        )
    yield from chain


def _subject_parts(request: AccessRequest) -> Iterator[TextRun]:
    if request.prepared is not None:
        yield fixed_text("Read ")
        yield local_time(request.prepared.observation.at)
        yield fixed_text(f" · Change ID {request.plan.digest[:8]} · ")
    yield cleaned_text(request.id)


def _buttons(
    request: AccessRequest, plan: AccountPlan | None, now: datetime, *, may_enable: bool
) -> Iterator[ButtonElement]:
    if plan is not None and request.state is S.AWAITING_CONFIRMATION and now < request.expires_at:
        label = f"{CHANGES[plan.change].verb.capitalize()} {counted(len(plan.accounts), 'account')}…"
        yield button(label, ids.ACCOUNTS_CONFIRM, ids.decision_value(request), "danger")
    if request.prepared is not None:
        yield button("Details", ids.REVIEW_REQUEST, ids.decision_value(request))
    if can_be_withdrawn(request):
        yield withdraw_element(request)
    until = undo_until(request)
    if plan is not None and until is not None and plan.change is AccountChange.DISABLE and may_enable:
        if now < until:
            yield button("Undo…", ids.ACCOUNTS_UNDO, request.id)
        else:
            yield button("Enable…", ids.ACCOUNTS_ENABLE, request.plan.tenant_id)

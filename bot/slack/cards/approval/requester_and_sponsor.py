"""The one message about a request for its requester, and the one for its sponsor: updated in place, with history.

It is long because the two messages share most of their parts.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

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
    local_day,
    local_time,
    paragraph,
    rich_text,
)
from bot.slack.blocks.freeze_banner import freeze_banner
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.approval_card import changes_of, stage_elements
from bot.slack.cards.approval.closed_card import (
    closed_headline,
    closed_summary,
    drift_in_force,
    drift_paragraphs,
    shortened_note,
    status_parts,
)
from bot.slack.cards.approval.sections.asked_changes import (
    asked_change_elements,
    left_out_parts,
    proposal_row,
)
from bot.slack.cards.approval.sections.conversation import answer_rows, questions_for_requester
from bot.slack.cards.decisions import still_needed
from bot.slack.cards.partnership import ask_access_test_button, close_early_button
from bot.slack.cards.requests import (
    MAX_DOMAIN_CHARACTERS,
    can_be_decided,
    kind_words,
    notified_target,
    own_buttons,
    request_target,
    whole_target,
)
from bot.slack.people.approvers import NO_APPROVERS_KNOWN, Approvers
from bot.words.plans.short_changes import Sign
from bot.words.requests.access_end import AT_END
from bot.words.requests.approval_chain import decide_by_words
from bot.words.requests.form import access_duration_words, losses_words
from bot.words.requests.history import did_words
from bot.words.requests.revision import new_plan_title
from bot.words.requests.titles import prepared_title, sent_for_words
from bot.words.sentences import counted
from bot.words.settings.capabilities import ONE_WAY
from workflows.core.partners.extension import kept_end
from workflows.core.partners.partnership import Partnership, is_over
from workflows.core.partners.reviewing.answers.access_test import is_testable
from workflows.core.people import Role
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.writes.capability_writes import opens_capabilities
from workflows.core.policy.approval import Choice
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.commands.editing import is_editable
from workflows.core.requests.deadlines.reminder_times import reminder_possible_at
from workflows.core.requests.notes import is_believed
from workflows.core.requests.request import AccessRequest, PreparedRequest, RequestKind, RequestState
from workflows.core.requests.transitions.freezing import is_held

MAX_HISTORY_ENTRIES: Final = 4
"""Steps on the message, the newest; Details show all of them."""
MAX_NAMED_LOSSES: Final = 2
"""Settings with less access that the message names."""
_RESPONSIBLE: Final = "You are responsible for this access and answer its reviews."
_NOTHING_TO_DO: Final = "There is nothing more for you to do."
_NOTHING_NOW: Final = "You need to do nothing now."
_CHOICES: Final = {Choice.APPROVE: "approved", Choice.REJECT: "rejected"}


class Step(NamedTuple):
    """One step of a request's short history."""

    text: str
    at: datetime


def requester_card(
    request: AccessRequest,
    *,
    now: datetime,
    successor: AccessRequest | None = None,
    record: Partnership | None = None,
    newer: AccessRequest | None = None,
    holders: Mapping[Role, Approvers] = NO_APPROVERS_KNOWN,
    freeze: Freeze | None = None,
    drift: Drift | None = None,
) -> Message:
    """Return the message for the requester, with the buttons that are possible now.

    :param successor: see `closed_card`.
    :param holders: who can decide, by name; empty when that is not known.
    :param record: the record of the partner, if it is known.
    :param newer: the requester's later request that is shown instead of Request again.
    :param freeze: the freeze in force that stops the request.
    :param drift: see `closed_card`.
    """
    drift = drift_in_force(request, successor, drift)
    is_asked = can_be_decided(request, now) and bool(still_needed(request))
    state = [] if is_asked else [*_state_elements(request, successor, now, drift)]
    blocks: list[Block] = [
        header(closed_headline(request, successor, drift)),
        *([] if is_held(request) else freeze_banner(freeze, is_short=True)),
        rich_text(
            *state,
            *_progress_elements(request, now),
            *(_decision_elements(request, holders) if is_asked else []),
            paragraph(*_subject_parts(request, record, now)),
        ),
    ]
    blocks += (*proposal_row(request), *answer_rows(request))
    can_request_again = newer is None and is_over(request, record, now)
    blocks += own_buttons(request, now, can_request_again=can_request_again, newer=newer, has_details=True)
    if record is not None:
        is_sponsor = request.is_filed_by(None, record.sponsor.id)
        blocks += _active_blocks(request, record, now, asks="Say if it works", is_sponsor=is_sponsor)
    return message(f"{closed_summary(request, successor, drift)} {still_needed(request)}".strip(), blocks)


def _state_elements(
    request: AccessRequest, successor: AccessRequest | None, now: datetime, drift: Drift | None
) -> Iterator[RichTextElement]:
    """State what became of the request, after the drift of its partner."""
    yield from drift_paragraphs(drift)
    yield paragraph(*status_parts(request, successor, now, has_drifted=drift is not None))


def _progress_elements(request: AccessRequest, now: datetime) -> Iterator[RichTextElement]:
    """Return what is different since it was sent, its history, and what the requester is asked: changes, questions."""
    if _needs_new_approval(request):
        yield paragraph(*_new_approval_parts(request))
    if lost := _lost_access_parts(request):
        yield paragraph(*lost)
    yield paragraph(*_history_parts(request))
    if _is_reminded(request):
        yield paragraph(*_reminder_parts(request, now))
    yield from asked_change_elements(request, who_answers="You can accept or decline.")
    yield from questions_for_requester(request)


def sponsor_card(
    request: AccessRequest,
    *,
    now: datetime,
    successor: AccessRequest | None = None,
    record: Partnership | None = None,
    drift: Drift | None = None,
) -> Message:
    """Return the message that tells a person that they are the sponsor, and the state of the request.

    :param successor: see `closed_card`.
    :param record: the record of the partner, if it is known.
    :param drift: see `closed_card`.
    """
    drift = drift_in_force(request, successor, drift)
    blocks: list[Block] = [
        header(closed_headline(request, successor, drift)),
        rich_text(
            paragraph(
                cleaned_text(sender_name(request.require_prepared()), bold=True),
                fixed_text(" named you as the sponsor. "),
                fixed_text(_sponsor_task(request, record, now)),
            ),
            *_state_elements(request, successor, now, drift),
            paragraph(*_subject_parts(request, record, now)),
        ),
        actions(f"details:{request.id}", button("Details", ids.REVIEW_REQUEST, ids.decision_value(request))),
    ]
    blocks += [] if record is None else _active_blocks(request, record, now, asks="Ask if it works")
    return message(f"{closed_summary(request, successor, drift)} You are the sponsor.", blocks)


def _sponsor_task(request: AccessRequest, record: Partnership | None, now: datetime) -> str:
    if is_over(request, record, now):
        return _NOTHING_TO_DO
    return _RESPONSIBLE if is_believed(request) else _NOTHING_NOW


def former_sponsor_card(request: AccessRequest) -> Message:
    """Return the message to somebody who was named as the sponsor before the request was edited."""
    prepared = request.require_prepared()
    text = f"You are not the sponsor any more: {sender_name(prepared)} named {prepared.sponsor.name}."
    blocks: list[Block] = [
        # NB. without the state: the message is not updated any more.
        header(f"{clean(request_target(request), MAX_DOMAIN_CHARACTERS)}: sponsor changed"),
        rich_text(
            paragraph(*whole_target(request), cleaned_text(text, 300)),
            paragraph(fixed_text(f"You need to do nothing. · {request.id}")),
        ),
    ]
    return message(f"{notified_target(request)}: you are not the sponsor any more.", blocks)


def sender_name(prepared: PreparedRequest) -> str:
    """Return the name of who sent a request: the requester, or who did it for them."""
    return (prepared.submitter or prepared.requester).name


def _active_blocks(
    request: AccessRequest, record: Partnership, now: datetime, *, asks: str, is_sponsor: bool = True
) -> Iterator[Block]:
    """Return what is possible while the access of a request is active: for the sponsor, also Close early.

    :param asks: the label of the button that has the question asked whether it works.
    """
    if record.request_id != request.id or record.is_closed:
        return
    if opens_capabilities(request.plan):
        yield rich_text(paragraph(fixed_text(ONE_WAY)))
    tenant_id = record.identity.tenant_id
    close = [close_early_button(tenant_id)] if is_sponsor else []
    test = [ask_access_test_button(tenant_id, asks)] if is_testable(record, now) else []
    if close or test:
        yield actions(f"close:{tenant_id}", *test, *close)


def _needs_new_approval(request: AccessRequest) -> bool:
    return bool(request.asked_again) and request.state is RequestState.AWAITING_APPROVAL


def _new_approval_parts(request: AccessRequest) -> Iterator[TextRun]:
    yield fixed_text(f"{new_plan_title(request)}: ", bold=True)
    yield cleaned_text(shortened_note(request.asked_again), 500)


def _lost_access_parts(request: AccessRequest) -> list[TextRun]:
    """State while it can still be edited or withdrawn what the partner's people can do now, and not afterwards."""
    if request.state is not RequestState.AWAITING_APPROVAL or request.fields.kind is RequestKind.REVOCATION:
        return []
    if not is_believed(request):
        return []  # NB. it cannot be edited, and what it says is not known to be what was asked for
    less = [change.text for change in changes_of(request.require_prepared()) if change.sign is Sign.LESS]
    if not less:
        return []
    is_closing = closes_everything(request.plan)
    named = "; ".join(less[:MAX_NAMED_LOSSES])
    more = f"; and {len(less) - MAX_NAMED_LOSSES} more, see Details" if len(less) > MAX_NAMED_LOSSES else ""
    return [
        fixed_text("⚠️ Less access: ", bold=True),
        cleaned_text(named, 600),
        fixed_text(f"{more}. {losses_words(is_closing=is_closing, can_be_edited=is_editable(request))}"),
    ]


def _is_reminded(request: AccessRequest) -> bool:
    return request.reminded_at is not None and request.state is RequestState.AWAITING_APPROVAL


def _reminder_parts(request: AccessRequest, now: datetime) -> Iterator[TextRun]:
    """State when the approvers were reminded, and from when that is possible again while there is no button."""
    if request.reminded_at is not None:
        yield fixed_text("Approvers reminded ")
        yield local_time(request.reminded_at)
        yield fixed_text(".")
    possible = reminder_possible_at(request)
    if possible is not None and possible > now:
        yield fixed_text(" You can remind them again from ")
        yield local_time(possible)
        yield fixed_text(".")


def _decision_elements(request: AccessRequest, holders: Mapping[Role, Approvers]) -> Iterator[RichTextElement]:
    """State who decides, stage by stage, and until when."""
    yield from stage_elements(request, holders)
    yield paragraph(fixed_text(f"{decide_by_words(request).capitalize()} "), local_time(request.expires_at))


def _subject_parts(request: AccessRequest, record: Partnership | None, now: datetime) -> Iterator[TextRun]:
    known = request.prepared
    yield cleaned_text(f"Your {kind_words(request)}" if known is None else prepared_title(known))
    yield from _end_parts(request, record, now)
    if known is not None and (sent_for := sent_for_words(known)):
        yield fixed_text(" · ")
        yield cleaned_text(sent_for)
    if known is not None and (left_out := list(left_out_parts(request))):
        yield from (fixed_text(" · "), *left_out)
    if request.supports:
        yield fixed_text(f" · {counted(len(request.supports), 'supporter')}")
    yield fixed_text(f" · {request.id}")


def _end_parts(request: AccessRequest, record: Partnership | None, now: datetime) -> Iterator[TextRun]:
    """State until when the access is asked for, or approved. A block has no end."""
    if request.prepared is not None and closes_everything(request.plan):
        return
    if record is not None and record.request_id == request.id and not record.is_closed and record.ends_at is not None:
        yield fixed_text(" · approved until ")
        yield local_time(record.ends_at)
        yield fixed_text(f", {AT_END[record.at_end].then}")
    elif request.state is RequestState.AWAITING_APPROVAL and (end := kept_end(request.plan, record, now)) is not None:
        yield fixed_text(" · keeps the approved end, ")
        yield local_day(end)
    elif lasts := access_duration_words(request.fields):
        yield fixed_text(f" · asked {'' if request.fields.ends_at is not None else 'for '}{lasts}")


def _history_parts(request: AccessRequest) -> Iterator[TextRun]:
    """Return the newest steps in one line, each with its time."""
    steps = sorted(_steps(request), key=lambda step: step.at)
    last_steps = steps[-MAX_HISTORY_ENTRIES:]
    if len(last_steps) < len(steps):
        yield fixed_text(f"{counted(len(steps) - len(last_steps), 'earlier step')} in Details · ")
    for index, step in enumerate(last_steps):
        if index:
            yield fixed_text(" · ")
        yield cleaned_text(step.text, 150)
        yield fixed_text(" ")
        yield local_time(step.at)


def _steps(request: AccessRequest) -> Iterator[Step]:
    yield Step("Sent", request.created_at)
    for edit in request.edits:
        yield Step("Edited and sent again", edit.at)
    for decision in request.decisions:
        yield Step(f"{decision.names} {_CHOICES[decision.choice]}", decision.at)
    for decision in request.void_decisions:
        yield Step(f"{decision.names} {_CHOICES[decision.choice]} (no longer counts)", decision.at)
    for remark in request.remarks:
        yield Step(f"{remark.person.name} {did_words(remark)}", remark.at)
    if request.reminded_at is not None and not _is_reminded(request):
        yield Step("Approvers reminded", request.reminded_at)
    if request.confirmed_at is not None:
        yield Step("Checked in Entra", request.confirmed_at)
    elif request.is_terminal:
        yield Step("Ended", request.changed_at)

"""A diagnosis as a message: the first cause, who can change it, what can be done here, and every step. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    header,
    mention,
    paragraph,
    rich_text,
    small_text,
    with_local_times,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.flows.show.guests_views import GuestsStep
from bot.words.findings.diagnosis.steps import (
    FirstCause,
    StepWords,
    first_cause,
    is_on_our_side,
    read_words,
    side_next,
    side_words,
    step_rows,
)
from bot.words.requests.states import open_request_sentence
from workflows.core.people import ChatId
from workflows.core.posture.diagnosis.diagnosing import change_for
from workflows.core.posture.diagnosis.steps import Action, Diagnosis, StepResult

_MARKS: Final = {
    StepResult.PASSES: "✓",
    StepResult.STOPS: "✗",
    StepResult.NOT_KNOWN: "? Not known.",
    StepResult.NOT_READABLE: "? Not readable here.",
}
_MAX_CHARACTERS: Final = 700
DIAGNOSIS_TITLE: Final = "Why can't they get in?"
_ANSWERED_BY_REQUEST: Final = frozenset(
    {Action.REQUEST_ACCESS, Action.ADD_APPLICATION, Action.TRUST_MFA, Action.ACCEPT_CLAIMS}
)
_ENABLED_HERE: Final = frozenset({Action.ENABLE_WITH_APPROVAL, Action.ENABLE_BY_REQUEST})
"""Where Gatehouse can enable the account of the person who was asked about."""
_MAX_ADMINS: Final = 3
"""Admins that are named. More are counted."""
_MAX_WAITING: Final = 3
"""Open requests that are named. There are seldom two for one partner."""


def diagnosis_message(diagnosis: Diagnosis, *, is_admin: bool, admins: frozenset[ChatId] | None = None) -> Message:
    """Return all steps, after the first cause.

    :param is_admin: whether to offer what only admins may do. Each click is checked again.
    :param admins: who holds the role of admin; None when that is not known, or not for this reader.
    """
    named = sorted(admins) if admins is not None and len(admins) <= _MAX_ADMINS else []
    first = first_cause(diagnosis, admins=None if named or admins is None else len(admins))
    subject = clean(diagnosis.subject, 100)
    application = f", {clean(diagnosis.application, 60)}" if diagnosis.application else ""
    typed = f" (you wrote “{clean(diagnosis.typed_application, 60)}”)" if diagnosis.typed_application else ""
    about = f"{subject}{application}{typed}"
    answer = [paragraph(cleaned_text(about, 200, bold=True)), *_first_lines(first, named), *_waiting_lines(diagnosis)]
    blocks: list[Block] = [
        header(DIAGNOSIS_TITLE),
        rich_text(*answer),
        *_row(*_buttons(diagnosis, is_admin=is_admin)),
        rich_text(bullets((_step_runs(row) for row in step_rows(diagnosis)), ordered=True)),
        *([small_text(read)] if (read := read_words(diagnosis)) else []),
    ]
    return message(f"{DIAGNOSIS_TITLE} {about}: {clean(first.meant or first.text, 300)}", blocks)


def _first_lines(first: FirstCause, admins: Sequence[ChatId]) -> Iterator[RichTextElement]:
    if first.meant:
        yield paragraph(cleaned_text(first.meant, 300, bold=True))
    text = with_local_times(first.text, _MAX_CHARACTERS)
    if not first.who:
        yield paragraph(*text)
    else:
        yield paragraph(fixed_text("Stops them: ", bold=True), *text)
        yield paragraph(fixed_text("Can change it: ", bold=True), *_who_runs(first, admins))
        yield paragraph(fixed_text("How: ", bold=True), cleaned_text(first.how, _MAX_CHARACTERS))
    if first.then:
        yield paragraph(fixed_text("Then: ", bold=True), *with_local_times(first.then, _MAX_CHARACTERS))
    if first.next:
        yield paragraph(fixed_text("Next: ", bold=True), cleaned_text(first.next, 200))


def _who_runs(first: FirstCause, admins: Sequence[ChatId]) -> Iterator[TextRun]:
    yield fixed_text(first.who)
    for number, admin in enumerate(admins if first.are_admins else ()):
        yield fixed_text(", " if number else ": ")
        yield mention(admin)


def _waiting_lines(diagnosis: Diagnosis) -> Iterator[RichTextElement]:
    for request in diagnosis.waiting[:_MAX_WAITING]:
        yield paragraph(*with_local_times(open_request_sentence(request), _MAX_CHARACTERS))


def _step_runs(row: StepWords) -> list[TextRun]:
    when = f" ({row.read})" if row.read else ""
    return [
        fixed_text(f"{row.title}: {_MARKS[row.result]} ", bold=True),
        *with_local_times(f"{row.text}{when}", _MAX_CHARACTERS),
    ]


def _row(*buttons: ButtonElement) -> Iterator[Block]:
    if buttons:
        yield actions("diagnosis", *buttons)


def _buttons(diagnosis: Diagnosis, *, is_admin: bool) -> Iterator[ButtonElement]:
    """Return what this person can do here about the first cause, or to know more."""
    yield from _details_buttons(diagnosis)
    first, tenant_id = diagnosis.first, diagnosis.tenant_id
    action = None if first is None or first.cause is None else change_for(first.cause).action
    if diagnosis.asks_them_first:
        action = Action.SEND_CHECKLIST
    if action in _ANSWERED_BY_REQUEST and not diagnosis.waiting:
        offers = () if first is None or first.cause is None else first.cause.values.get("templates") or ()
        access = str(offers[0]["name"]) if offers else ""
        yield button("Request access", ids.REQUEST_NAMED, ids.named_request_value(diagnosis.domain, access))
    if tenant_id is None:
        return
    match action:
        case Action.RESTORE:
            yield button("Restore", ids.RESTORE_APPROVED, tenant_id)
        case Action.LIFT if is_admin and not diagnosis.waiting:
            yield button("Lift suspension", ids.LIFT_PARTNER, tenant_id)
        case Action.SEND_CHECKLIST:
            yield button("Partner setup", ids.SHOW_CHECKLIST, tenant_id)
        case (
            Action.ENABLE_ACCOUNT
            | Action.ENABLE_WITH_APPROVAL
            | Action.ENABLE_BY_REQUEST
            | Action.CORRECT_ACCOUNT
            | Action.RESET_REDEMPTION
        ) if is_admin:
            if action in _ENABLED_HERE and not diagnosis.enabling:
                yield button("Enable account…", ids.ACCOUNTS_ENABLE, f"{tenant_id}:{diagnosis.subject}")
            yield button("Show guests", ids.GUESTS_PAGE, GuestsStep(tenant=tenant_id).value)
        case _:
            return


def _details_buttons(diagnosis: Diagnosis) -> Iterator[ButtonElement]:
    """Return Details of the open requests that have a plan: one that is still prepared has nothing to show."""
    named = (*diagnosis.enabling[:1], *diagnosis.waiting[:_MAX_WAITING])
    planned = [request for request in named if request.prepared is not None]
    if planned:
        yield button("Details of the request", ids.REVIEW_REQUEST, ids.decision_value(planned[0]))


def _side_buttons(diagnosis: Diagnosis) -> Iterator[ButtonElement]:
    if diagnosis.tenant_id is not None and not is_on_our_side(diagnosis):
        yield button("Partner setup", ids.SHOW_CHECKLIST, diagnosis.tenant_id)


def side_message(diagnosis: Diagnosis) -> Message:
    """Return only on which side the cause is, for the sponsor of the partner, what they can do, and open requests."""
    side = side_words(diagnosis)
    rest = "About single people, admins and the help desk can ask."
    about = clean(diagnosis.domain, 100)
    text = f"{DIAGNOSIS_TITLE} {about}: {side}."
    answer = [cleaned_text(about, 120), fixed_text(": "), fixed_text(f"{side}.", bold=True), fixed_text(f" {rest}")]
    blocks: list[Block] = [
        header(DIAGNOSIS_TITLE),
        rich_text(
            paragraph(*answer),
            paragraph(fixed_text("Next: ", bold=True), fixed_text(side_next(diagnosis))),
            *_waiting_lines(diagnosis),
        ),
        *_row(*_details_buttons(diagnosis), *_side_buttons(diagnosis)),
    ]
    return message(text, blocks)

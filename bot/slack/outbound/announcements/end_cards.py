"""The messages about ends of accesses and suspensions for silence, each with the buttons that its reader can use."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    TextRun,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    header,
    local_day,
    local_time,
    paragraph,
    rich_text,
    with_local_times,
)
from bot.slack.blocks.message import MAX_NOTICE_CHARACTERS, Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import notified_partner, partner_name
from bot.slack.cards.partnership import close_early_button
from bot.words.names.partners import notified_name
from bot.words.requests.access_end import AT_END, WHY_OPEN
from bot.words.requests.messages import message_words
from bot.words.requests.titles import partner_title
from bot.words.reviews.silence import story_words
from bot.words.settings.open_access import REST_UNKNOWN, closing_rest_words
from workflows.core.errors.facts import Values
from workflows.core.partners.access_end.decision import EndStep
from workflows.core.partners.outcome.messages import closed_message
from workflows.core.partners.partnership import Partnership
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.transition import partner_of
from workflows.ports.notifier import AnnouncedEnd

MAX_WITH_BUTTONS: Final = 10
"""The most partners of one message that have buttons; the others are named."""
MAX_NAMED: Final = 100
"""The most partners that one message names. Only those that are named count as announced."""
_NAMED_TOGETHER: Final = 10
"""How many of the others are named in one paragraph."""
_TITLE_LIMIT: Final = 60
_CLOSED: Final = {
    False: "blocked at the end of its access period",
    True: "suspended, because nobody answered its review",
}
"""What became of a partner of which everything is closed, by whether it is a suspension."""
_NOT_CERTAINLY_CLOSED: Final = {False: "access period ended", True: "nobody answered its review"}
_UNLESS: Final = " unless it is extended or blocked before."


def end_notice(announced: Sequence[AnnouncedEnd], *, is_admin: bool, blocked: int = 0) -> Message:
    """Return one message about all of these ends, the next one first.

    :param is_admin: whether the reader is an admin, who can block at once.
    :param blocked: how many partners were blocked at their end at the same time, for an admin.
    """
    blocked = blocked if is_admin else 0
    title = _title(announced, blocked)
    name = f"{clean(partner_name(announced[0].record.identity), 90)}: " if len(announced) == 1 and not blocked else ""
    blocks: list[Block] = [header(f"⏰ {name}{title}")]
    for one in announced[:MAX_WITH_BUTTONS]:
        blocks += _entry(one, is_admin=is_admin)
    blocks += _others(announced[MAX_WITH_BUTTONS:MAX_NAMED])
    if (more := len(announced) - MAX_NAMED) > 0:
        blocks.append(rich_text(paragraph(fixed_text(f"and {more} more. See /partner list"))))
    names = ", ".join(clean(notified_partner(one.record.identity), 60) for one in announced[:3])
    return message(f"{names}: {title}", blocks)


def _title(announced: Sequence[AnnouncedEnd], blocked: int) -> str:
    waiting = sum(one.step is not None for one in announced)
    if len(announced) == 1 and not blocked:
        return "access period ended, not blocked yet" if waiting else "access ends soon"
    if waiting and blocked:
        wait = f"{waiting} {'waits' if waiting == 1 else 'wait'} for you"
        return f"{waiting + blocked} partners end; {blocked} {'is' if blocked == 1 else 'are'} being blocked, {wait}"
    if waiting == len(announced):
        return f"{waiting} access periods ended, not blocked yet"
    if waiting:
        return f"{len(announced)} partners: access ends soon, or has ended"
    return f"Access of {len(announced)} partners ends soon"


def _entry(announced: AnnouncedEnd, *, is_admin: bool) -> Iterator[Block]:
    record = announced.record
    tenant_id = record.identity.tenant_id
    yield rich_text(
        paragraph(
            cleaned_text(partner_name(record.identity), DOMAIN_LIMIT, bold=True),
            fixed_text(": "),
            cleaned_text(partner_title(record), _TITLE_LIMIT),
            fixed_text(f" · {record.request_id}\n"),
            *_state(announced),
            fixed_text("\nSponsor: "),
            cleaned_text(record.sponsor.name),
        )
    )
    buttons: list[ButtonElement] = [button("Extend", ids.REQUEST_AGAIN, tenant_id)]
    has_ended = announced.has_ended
    if not is_admin:
        buttons.append(close_early_button(tenant_id))
    elif has_ended:
        buttons.append(button("Block now", ids.REVOKE_PARTNER, tenant_id))
    yield actions(f"end:{tenant_id}", *buttons)


def _state(announced: AnnouncedEnd) -> Iterator[TextRun]:
    """Say what happens when; after the end, why it is still open and until when."""
    record = announced.record
    ends_at = announced.ends_at
    if announced.step is None:
        yield fixed_text(f"{AT_END[record.at_end].label} ")
        yield local_time(ends_at)
        yield fixed_text(" unless it is extended before.")
        return
    yield fixed_text("The access period ended ")
    yield local_time(ends_at)
    yield fixed_text(f". {WHY_OPEN[announced.step]}")
    if announced.step is EndStep.EXTENSION_OPEN and announced.extension is not None:
        yield fixed_text(f" ({announced.extension.id}")
        if (asked := announced.extension.prepared) is not None:
            yield fixed_text(", requested by ")
            yield cleaned_text(asked.requester.name)
        yield fixed_text(").")
    if announced.blocked_at is not None:
        label = AT_END[record.at_end].label
        yield fixed_text(f" {label} ")
        yield local_time(announced.blocked_at)
        is_waited_for = announced.step is EndStep.EXTENSION_OPEN
        yield fixed_text(", or earlier if that request ends without more time." if is_waited_for else _UNLESS)


def _others(announced: Sequence[AnnouncedEnd]) -> Iterator[Block]:
    for start in range(0, len(announced), _NAMED_TOGETHER):
        runs: list[TextRun] = []
        for one in announced[start : start + _NAMED_TOGETHER]:
            runs += [
                *([fixed_text("\n")] if runs else []),
                cleaned_text(partner_name(one.record.identity), DOMAIN_LIMIT, bold=True),
                fixed_text(f": {AT_END[one.record.at_end].label} " if one.step is None else ": ended "),
                local_day(one.ends_at),
            ]
        yield rich_text(paragraph(*runs))


def own_closing_result(
    request: AccessRequest, record: Partnership | None = None, *, guests: Values, can_lift: bool = False
) -> Message:
    """Return the message that Gatehouse closed a partner by itself, why, what was read back, and what is left.

    :param guests: see `read_guests_left`.
    :param record: the partner's record, which has who was asked before a suspension for silence.
    :param can_lift: whether it offers to lift the suspension, in place of a restore.
    """
    tenant_id = request.plan.tenant_id
    again = ("Lift suspension", ids.LIFT_PARTNER) if can_lift else ("Restore access", ids.RESTORE_PARTNER)
    is_all, fact = request.not_closed == (), closed_message(request)
    fact = replace(fact, values={**fact.values, **guests, "is_all": is_all})
    rest = closing_rest_words(request.not_closed) or REST_UNKNOWN
    state = _CLOSED[request.is_suspension] if is_all else f"{_NOT_CERTAINLY_CLOSED[request.is_suspension]}, {rest}"
    title = f"{'🔒' if is_all else '⚠️'} {clean(partner_of(request), 90)}: {state}"
    blocks: list[Block] = [
        header(title),
        rich_text(paragraph(*_why_closed(request), *with_local_times(message_words(fact), MAX_NOTICE_CHARACTERS))),
        *_asked_before(request, record),
        actions(f"end:{request.id}", button(*again, tenant_id)),
    ]
    return message(f"{notified_name(partner_of(request))}: {state}", blocks)


def _why_closed(request: AccessRequest) -> Iterator[TextRun]:
    """State since when the reason is there: the end of the access period, or a review without an answer."""
    if (ended_at := request.fields.period_ended_at) is not None:
        yield from (fixed_text("The approved access period ended "), local_time(ended_at), fixed_text(". "))
    if (silent_since := request.fields.silent_since) is not None:
        yield from (fixed_text("Nobody has answered the review of "), local_time(silent_since), fixed_text(". "))


def _asked_before(request: AccessRequest, record: Partnership | None) -> Iterator[Block]:
    """List who was asked before a suspension for silence, and when."""
    if request.fields.silent_since is None or record is None or not record.review_reminders:
        return
    items = [with_local_times(line, MAX_NOTICE_CHARACTERS) for line in story_words(record)]
    yield rich_text(paragraph(fixed_text("Who was asked", bold=True)), bullets(items))

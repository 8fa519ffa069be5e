"""Cards about a review: posted once, updated at every state."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    NAME_LIMIT,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    mention,
    paragraph,
    quote,
    rich_text,
    with_local_times,
)
from bot.slack.blocks.message import MAX_NOTICE_CHARACTERS, Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.decisions import MAX_REASON_CHARACTERS
from bot.slack.cards.partner_and_plan import (
    closed_line,
    identity_block,
    notified_partner,
    partner_name,
    without_empty,
)
from bot.slack.cards.partnership import partnership_facts, partnership_state_words, review_buttons, revoke_again_button
from bot.slack.cards.requests import kind_words
from bot.words.posture.drift import author_words, difference_words
from bot.words.requests.titles import partner_title
from bot.words.reviews.silence import asked_words, who_answers_words
from bot.words.sentences import times_words
from workflows.app.watch.telling import alarm_values
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, SettingsBasis
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.request import AccessRequest, RequestState

_MAX_DRIFT_CHARACTERS: Final = 700
_NOT_APPROVED: Final = "The current settings are not the approved ones, so one person cannot keep them."
_ANSWERED: Final = ("✅", "review answered, access kept")
_ENDED: Final = ("✅", "nobody has to answer this review")
_REPLACED: Final = ("✅", "a later request was approved, nothing to review")
_RUNNING: Final = "A {} is running ({}). Started by "
_NO_ANSWER_NEEDED: Final = ". Nobody has to answer this review any more. This card shows the result."
_SENT: Final = " The block is sent, and Microsoft does not show it yet. It is checked again by itself."


def review_card(
    partnership: Partnership, *, now: datetime, revocation: AccessRequest | None = None, drift: Drift | None = None
) -> Message:
    """Return the card that asks the sponsor whether the access is still needed, or shows the answer.

    :param drift: the drift of the partner that the last sweep found; Keep is not offered then.
    :param revocation: the open revocation of the partner; None when none is running.
    """
    running = None if partnership.is_closed else revocation
    being_closed = "being suspended" if running is not None and running.is_suspension else "being revoked"
    headline = ("⚙️", being_closed) if running is not None else _review_headline(partnership, now)
    domain = clean(partner_name(partnership.identity), 90)
    blocks = without_empty(
        [
            header(f"{headline[0]} {domain}: {headline[1]}"),
            identity_block(partnership.identity),
            rich_text(*_review_elements(partnership, now, drift))
            if running is None
            else _running_block(partnership, running),
            review_buttons(partnership, now, drift) if running is None else _buttons_of_running(partnership, running),
        ]
    )
    partner_and_request = f"{clean(partner_title(partnership), NAME_LIMIT)} ({partnership.request_id})"
    stop = "" if headline[1].endswith("?") else "."
    return message(f"{notified_partner(partnership.identity)}: {headline[1]}{stop} {partner_and_request}", blocks)


def replaced_review_card(partnership: Partnership, *, reminded_at: datetime) -> Message:
    """Return the text of a review question after its reader got a reminder."""
    line = [fixed_text("reminded again on "), local_time(reminded_at), fixed_text(", see below")]
    return closed_line(
        "🔔", partner_name(partnership.identity), "reminded again below", partnership.request_id, line=line
    )


def ended_review_card(partnership: Partnership, answer: Attestation | None) -> Message:
    """Return the text of an earlier review question when the next review is due.

    :param answer: how that review was answered; None when a later request ended it.
    """
    name, (icon, summary) = partner_name(partnership.identity), _REPLACED if answer is None else _ANSWERED
    line = [] if answer is None else [fixed_text(f"{summary} by "), cleaned_text(answer.person.name, bold=True)]
    when = [] if answer is None else [fixed_text(" on "), local_time(answer.at)]
    return closed_line(icon, name, summary, partnership.request_id, line=[*line, *when])


def unanswered_review_card(partnership: Partnership) -> Message:
    """Return the text of an earlier review question whose reason was over before anybody answered."""
    icon, summary = _ENDED
    line = [fixed_text("its reason was over before an answer")]
    return closed_line(icon, partner_name(partnership.identity), summary, partnership.request_id, line=line)


def _review_headline(partnership: Partnership, now: datetime) -> tuple[str, str]:
    match partnership.state:
        case PartnershipState.REVOKED:
            return ("⚠️" if partnership.not_closed else "🔒"), "revoked, nothing to review"
        case PartnershipState.SUSPENDED:
            return ("⚠️" if partnership.not_closed else "⏸️"), "suspended, nothing to review now"
        case _ if partnership.basis is not SettingsBasis.APPROVED:
            return "⚠️", partnership_state_words(partnership, now)
        case _ if partnership.is_past_its_end(now):
            return "⏰", "access period ended"
        case PartnershipState.REVIEW_DUE:
            return "🔔", "is this access still needed?"
        case _ if partnership.review_ended_by is not None:
            return _ENDED
        case _ if _answer(partnership) is not None:
            return _ANSWERED
    return _REPLACED


def _running_block(partnership: Partnership, revocation: AccessRequest) -> RichTextBlock:
    """State that a revocation is running, since when, and by whom."""
    by = revocation.submitter if revocation.prepared is None else revocation.prepared.requester
    person_run = mention(revocation.fields.requester) if by is None else cleaned_text(by.name, bold=True)
    is_sent = revocation.state is RequestState.UNCONFIRMED
    return rich_text(
        paragraph(
            fixed_text(_RUNNING.format(kind_words(revocation), revocation.id)),
            person_run,
            fixed_text(" on "),
            local_time(revocation.created_at),
            fixed_text(_NO_ANSWER_NEEDED + (_SENT if is_sent else "")),
        ),
        paragraph(*partnership_facts(partnership)),
    )


def _buttons_of_running(partnership: Partnership, revocation: AccessRequest) -> ActionsBlock | None:
    """Return no Keep. A revocation that is sent and not shown can be replaced by a newer one."""
    if revocation.state is not RequestState.UNCONFIRMED:
        return None
    return revoke_again_button(partnership.identity.tenant_id)


def _review_elements(partnership: Partnership, now: datetime, drift: Drift | None = None) -> Iterator[RichTextElement]:
    answer = _answer(partnership)
    if partnership.state is PartnershipState.ACTIVE and answer is not None and partnership.review_ended_by is None:
        yield paragraph(
            fixed_text("Kept by "),
            cleaned_text(answer.person.name, bold=True),
            fixed_text(" on "),
            local_time(answer.at),
            fixed_text(", because:"),
        )
        yield quote(answer.reason, MAX_REASON_CHARACTERS)
    yield paragraph(*partnership_facts(partnership))
    if partnership.state is not PartnershipState.REVIEW_DUE:
        return
    asked = asked_words(partnership) or f"Asked {times_words(partnership.reminders)}."
    yield paragraph(*with_local_times(f"{asked} {who_answers_words(partnership)}", MAX_NOTICE_CHARACTERS))
    if drift is not None:
        values = alarm_values(drift)
        yield paragraph(
            fixed_text("⚠️ Not as approved: ", bold=True),
            cleaned_text(f"{difference_words(values)} {author_words(values['author'])}", _MAX_DRIFT_CHARACTERS),
            fixed_text(" The access cannot be kept like this. Restore the approved settings, or revoke."),
        )
    elif partnership.is_past_its_end(now) or not partnership.is_as_approved:
        domain, is_approved = partner_name(partnership.identity), partnership.is_as_approved
        sentence = "The access is still open. One person cannot extend it." if is_approved else _NOT_APPROVED
        yield paragraph(
            fixed_text(f"{sentence} To keep the access, send a new request with "),
            cleaned_text(f"/partner request {domain}", DOMAIN_LIMIT + 20, code=True),
            fixed_text("; otherwise revoke it."),
        )
    else:
        yield paragraph(fixed_text("Keep asks for a reason. Revoke shows what will change before you confirm."))


def _answer(partnership: Partnership) -> Attestation | None:
    """Return the answer to the last review of the current settings; older answers were about an earlier approval."""
    last = partnership.attestations[-1] if partnership.attestations else None
    return last if last is not None and last.at >= partnership.since else None

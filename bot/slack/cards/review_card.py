"""Cards about a review: posted once, updated at every state.

It is long because every state of a review is one card.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, ContextBlock, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    NAME_LIMIT,
    TextRun,
    bullets,
    cleaned_text,
    fixed_text,
    header,
    local_day,
    local_time,
    mention,
    paragraph,
    quote,
    rich_text,
    small_text,
    with_local_times,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.decisions import MAX_REASON_CHARACTERS
from bot.slack.cards.partner_and_plan import (
    closed_line,
    identity_block,
    names_beside,
    notified_partner,
    partner_name,
    without_empty,
)
from bot.slack.cards.partnership import (
    MAX_REASONS_CHARACTERS,
    partnership_facts,
    partnership_state_words,
    review_buttons,
    review_terms,
    revoke_again_button,
)
from bot.slack.cards.requests import kind_words
from bot.words.names.actions import COMMANDS, Action
from bot.words.posture.drift import difference_words
from bot.words.requests.states import short_state_words
from bot.words.requests.titles import partner_title
from bot.words.reviews.answer_effects import (
    KEEP_NOT_POSSIBLE,
    OPENED_AGAIN,
    REDUCE_ASKS,
    restore_words,
    revoke_words,
)
from bot.words.reviews.answers import attestation_state_words, attestation_words, reduced_not_attested_words
from bot.words.reviews.changed_settings import changed_settings
from bot.words.reviews.evidence import EvidenceLine, EvidenceTopic, evidence_lines
from bot.words.reviews.reasons import card_reasons
from bot.words.reviews.silence import consequence_of
from bot.words.sentences import times_words, with_days
from workflows.app.evidence.reviews.review_context import ReviewContext
from workflows.app.watch.telling import alarm_values
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.answers.keeping import has_attestation_ended
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence
from workflows.core.posture.watch.acceptance import accepted_until, is_accepted
from workflows.core.posture.watch.drift import AuthorState, Drift
from workflows.core.requests.commands.review_event import ReviewReasonCode
from workflows.core.requests.request import AccessRequest, RequestState

_MAX_DRIFT_CHARACTERS: Final = 700
_MAX_CHANGE_CHARACTERS: Final = 300
_MAX_CHANGES: Final = 2
"""Changed settings that the card names; more are counted."""
_MAX_LISTED_CHANGES: Final = 30
_MAX_EVIDENCE_CHARACTERS: Final = 600
_NOTHING_KNOWN: Final = ReviewContext()
_NOT_ABOUT_DRIFT: Final = frozenset(
    {EvidenceTopic.GUESTS, EvidenceTopic.LIMITS, EvidenceTopic.SETTINGS, EvidenceTopic.LAST_ANSWER}
)
_SHOWN_BELOW: Final = frozenset({EvidenceTopic.LIMITS})
_NOT_AFTER_REDUCTION: Final = frozenset({EvidenceTopic.LIMITS, EvidenceTopic.LAST_ANSWER})
_SPONSOR_GONE: Final = (
    " The sponsor has no enabled account any more. An admin who keeps the access becomes the sponsor."
)
_NOT_APPROVED: Final = "The current settings are not the approved ones, so one person cannot keep them."
_QUESTION: Final = "is this access still needed?"
_CHANGED_OUTSIDE: Final = "⚠️ Changed outside Gatehouse"
_NOT_AS_APPROVED: Final = "⚠️ Not as approved"
_OWN_APPLICATION: Final = "Gatehouse's own application"
_SHORT_QUESTION: Final = "still needed?"
_ANSWERED: Final = ("✅", "review answered, access kept")
_ENDED: Final = ("✅", "nobody has to answer this review")
_REDUCED: Final = ("✅", "review answered, access reduced")
_REPLACED: Final = ("✅", "a later request was approved, nothing to review")
_RUNNING: Final = "A {} is running ({}). Started by "
_NO_ANSWER_NEEDED: Final = ". Nobody has to answer this review any more. This card shows the result."
_SENT: Final = " The block is sent, and Microsoft does not show it yet. It is checked again by itself."


def review_card(partnership: Partnership, *, now: datetime, context: ReviewContext = _NOTHING_KNOWN) -> Message:
    """Return the card that asks the sponsor whether the access is still needed, or shows the answer.

    :param context: what is known besides the record; Keep is not offered for a partner that has drifted.
    """
    running = None if partnership.is_closed else context.revocation
    being_closed = "being suspended" if running is not None and running.is_suspension else "being revoked"
    headline = ("⚙️", being_closed) if running is not None else _review_headline(partnership, now)
    domain = clean(partner_name(partnership.identity), 90)
    blocks = without_empty(
        [
            header(f"{headline[0]} {domain}: {_SHORT_QUESTION if headline[1] == _QUESTION else headline[1]}"),
            None if _is_asked(partnership, running) else identity_block(partnership.identity),
            rich_text(*_review_elements(partnership, now, context))
            if running is None
            else _running_block(partnership, running),
            _limits(context.evidence) if running is None else None,
            review_buttons(partnership, now, context.drift, offers_reduction=context.reduction is None)
            if running is None
            else _buttons_of_running(partnership, running),
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
    name, (icon, summary) = partner_name(partnership.identity), _REPLACED if answer is None else _answered(answer)
    line = [] if answer is None else [fixed_text(f"{summary} by "), cleaned_text(answer.person.name, bold=True)]
    when = [] if answer is None else [fixed_text(" on "), local_time(answer.at)]
    return closed_line(icon, name, summary, partnership.request_id, line=[*line, *when])


def unanswered_review_card(partnership: Partnership) -> Message:
    """Return the text of an earlier review question whose reason was over before anybody answered."""
    icon, summary = _ENDED
    line = [fixed_text("its reason was over before an answer")]
    return closed_line(icon, partner_name(partnership.identity), summary, partnership.request_id, line=line)


def _is_asked(partnership: Partnership, running: AccessRequest | None) -> bool:
    """Return whether the card is the question. It is short: the headline names the partner, Details have the rest."""
    return running is None and partnership.state is PartnershipState.REVIEW_DUE


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
            return "🔔", _QUESTION
        case _ if partnership.review_ended_by is not None:
            return _ENDED
        case _ if (answer := _answer(partnership)) is not None:
            return _answered(answer)
    return _REPLACED


def _answered(answer: Attestation) -> tuple[str, str]:
    return _ANSWERED if answer.reduced_by is None else _REDUCED


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


def _review_elements(partnership: Partnership, now: datetime, context: ReviewContext) -> Iterator[RichTextElement]:
    if partnership.state is PartnershipState.REVIEW_DUE:
        yield from _question(partnership, now, context)
        return
    answer = _answer(partnership)
    if partnership.state is PartnershipState.ACTIVE and answer is not None:
        yield paragraph(
            fixed_text("Kept by " if answer.reduced_by is None else f"Reduced ({answer.reduced_by}) by "),
            cleaned_text(answer.person.name, bold=True),
            fixed_text(" on "),
            local_time(answer.at),
            fixed_text(", because:"),
        )
        yield quote(answer.reason, MAX_REASON_CHARACTERS)
        if attested := attestation_words(answer.mfa):
            yield paragraph(fixed_text(attested))
    yield paragraph(*partnership_facts(partnership))


def _question(partnership: Partnership, now: datetime, context: ReviewContext) -> Iterator[RichTextElement]:
    """Return why it is asked, what silence leads to, what is decided, the evidence, and what each answer does."""
    yield paragraph(*_why_and_until(partnership, context.drift))
    yield paragraph(*names_beside(partnership.identity), *review_terms(partnership))
    if context.drift is not None:
        yield from changed_outside(context.drift, now, most=_MAX_CHANGES)
    if context.evidence is not None:
        is_drifted = context.drift is not None
        yield bullets(_evidence_lines(partnership, context.evidence, now, is_drifted=is_drifted))
    if context.reduction is not None:
        yield paragraph(*_reduction_parts(context.reduction))
    elif partnership.not_attested_after is not None and context.drift is None:  # with a drift nobody can keep it
        yield paragraph(fixed_text(reduced_not_attested_words(partnership.not_attested_after)))
    yield from _answers(partnership, now, context)


def changed_outside(drift: Drift, now: datetime, *, most: int = _MAX_LISTED_CHANGES) -> Iterator[RichTextElement]:
    """State who changed what outside of Gatehouse, against what was approved, and whether admins accepted it.

    :param most: how many changed settings are named; more are counted.
    """
    changed = changed_settings(drift.found)
    yield paragraph(
        fixed_text(_CHANGED_OUTSIDE if changed else _NOT_AS_APPROVED, bold=True),
        *_author_parts(drift),
        fixed_text(": "),
        *([] if changed else [cleaned_text(difference_words(alarm_values(drift)), _MAX_DRIFT_CHARACTERS)]),
        *_acceptance_parts(drift, now),
    )
    shown = [[cleaned_text(line, _MAX_CHANGE_CHARACTERS)] for line in changed[:most]]
    if (more := len(changed) - most) > 0:
        shown.append([fixed_text(f"and {more} more")])
    if shown:
        yield bullets(shown)


def _author_parts(drift: Drift) -> Iterator[TextRun]:
    """State who made the change, where Entra's audit log says it."""
    author = drift.author
    if author.state is AuthorState.KNOWN and (author.name or author.is_own_application):
        yield fixed_text(" by ")
        yield cleaned_text(_OWN_APPLICATION if author.is_own_application else author.name)
        if author.at is not None:
            yield fixed_text(", ")
            yield local_day(author.at)


def _acceptance_parts(drift: Drift, now: datetime) -> Iterator[TextRun]:
    until = accepted_until(drift)
    if until is not None and is_accepted(drift, now):
        yield fixed_text(" Admins accepted it until ")
        yield local_day(until)
        yield fixed_text(".")


def _reduction_parts(reduction: AccessRequest) -> Iterator[TextRun]:
    """State that less access is requested, by whom, and what it waits for."""
    by = None if reduction.prepared is None else reduction.prepared.requester
    yield fixed_text("⏳ A reduction is requested", bold=True)
    yield fixed_text(f" ({reduction.id}) by ")
    yield mention(reduction.fields.requester) if by is None else cleaned_text(by.name)
    yield fixed_text(f": {short_state_words(reduction)}. Once applied, it answers this review.")


def _why_and_until(partnership: Partnership, drift: Drift | None) -> Iterator[TextRun]:
    """State why it is asked, unless the change below is the only reason, and what happens when without an answer."""
    is_said_below = drift is not None and {one.code for one in partnership.review_reasons} == {ReviewReasonCode.DRIFT}
    if not is_said_below and (why := card_reasons(partnership.review_reasons)):
        yield fixed_text("Why now: ", bold=True)
        yield cleaned_text(why, MAX_REASONS_CHARACTERS)
        yield fixed_text("\n")
    if (consequence := consequence_of(partnership)) is not None:
        yield fixed_text("Without an answer: ", bold=True)
        yield fixed_text(f"{consequence.short} ")
        yield local_day(consequence.at)
        yield fixed_text(f"{consequence.short_after}.")
    asked = f" Asked {times_words(partnership.reminders)}." if partnership.reminders > 1 else ""
    gone = "" if partnership.sponsor_gone_at is None else _SPONSOR_GONE
    if asked or gone:
        yield fixed_text(f"{asked}{gone}")


def _evidence_lines(
    partnership: Partnership, evidence: PartnerEvidence, now: datetime, *, is_drifted: bool
) -> Iterator[Sequence[TextRun]]:
    """Return the evidence, one line for each topic. What drifted cannot be kept, so earlier answers are left out.

    After a reduction that did not answer the review, the card says that instead of the last answer.
    """
    is_reduced = partnership.not_attested_after is not None
    hidden = _NOT_ABOUT_DRIFT if is_drifted else _NOT_AFTER_REDUCTION if is_reduced else _SHOWN_BELOW
    for line in evidence_lines(evidence):
        if line.topic not in hidden:
            yield evidence_parts(line, is_day_enough=True)
    if not is_drifted and not is_reduced and has_attestation_ended(partnership.attestations, now):
        yield attested_parts(partnership, now)


def attested_parts(partnership: Partnership, now: datetime) -> list[TextRun]:
    """Return until when MFA is attested, or when the attestation ended; empty when there is none."""
    attested = attestation_state_words(partnership.attestations, now)
    return [fixed_text("MFA attested: ", bold=True), cleaned_text(attested)] if attested else []


def evidence_parts(line: EvidenceLine, *, is_day_enough: bool = False) -> list[TextRun]:
    """Return one line of evidence with its label. It contains names and texts from outside.

    :param is_day_enough: whether times are shown as days.
    """
    return [fixed_text(f"{line.label}: ", bold=True), *evidence_text(line, is_day_enough=is_day_enough)]


def evidence_text(line: EvidenceLine, *, is_day_enough: bool = False) -> list[TextRun]:
    """Return the text of one line of evidence, without its label; see `evidence_parts`."""
    text = clean(line.text, _MAX_EVIDENCE_CHARACTERS)
    if is_day_enough:
        return [cleaned_text(with_days(text), _MAX_EVIDENCE_CHARACTERS)]
    return with_local_times(text, _MAX_EVIDENCE_CHARACTERS)


def _limits(evidence: PartnerEvidence | None) -> ContextBlock | None:
    """Return when the evidence was read, and what it may leave out, in small text."""
    lines = () if evidence is None else evidence_lines(evidence)
    limits = [with_days(line.text) for line in lines if line.topic is EvidenceTopic.LIMITS]
    return small_text(*limits) if limits else None


def _answers(partnership: Partnership, now: datetime, context: ReviewContext) -> Iterator[RichTextElement]:
    """State what each answer needs and does; of one that cannot be given, why, and what to do instead."""
    domain = partner_name(partnership.identity)
    drift = context.drift
    known = context.evidence
    revoke = [fixed_text("Revoke: ", bold=True), fixed_text(OPENED_AGAIN if known is None else revoke_words(known))]
    command = cleaned_text(f"{COMMANDS[Action.REVOKE]} {domain}", DOMAIN_LIMIT + 20, code=True)
    admins = [fixed_text("Admins: ", bold=True), command]
    if drift is not None:
        restore = [fixed_text("Restore: ", bold=True), fixed_text(restore_words(drift))]
        keep = [fixed_text("Keep: ", bold=True), fixed_text(KEEP_NOT_POSSIBLE)]
        yield bullets([keep, *([restore] if drift.can_be_restored else []), revoke, admins])
    elif partnership.is_past_its_end(now) or not partnership.is_as_approved:
        is_approved = partnership.is_as_approved
        sentence = "The access is still open. One person cannot extend it." if is_approved else _NOT_APPROVED
        yield paragraph(
            fixed_text(f"{sentence} To keep the access, send a new request with "),
            cleaned_text(f"{COMMANDS[Action.REQUEST]} {domain}", DOMAIN_LIMIT + 20, code=True),
            fixed_text("; otherwise revoke it."),
        )
        yield bullets([revoke, admins])
    else:
        reduce = [fixed_text("Reduce: ", bold=True), fixed_text(REDUCE_ASKS)]
        yield bullets([*([reduce] if context.reduction is None else []), revoke, admins])


def _answer(partnership: Partnership) -> Attestation | None:
    """Return the answer to the last review of the current settings; older answers were about an earlier approval."""
    last = partnership.attestations[-1] if partnership.attestations else None
    return last if last is not None and last.at >= partnership.since else None

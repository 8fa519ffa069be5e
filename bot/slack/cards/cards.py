"""Cards about a review: posted once, updated at every state."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import DOMAIN, NAME, header, paragraph, part, quote, rich, when, words
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.chain import MOST_REASON
from bot.slack.cards.partners import (
    identity_block,
    joined,
    partner_name,
)
from bot.slack.cards.reviews import partnership_facts, partnership_state_words, review_buttons
from bot.words.requests.titles import partner_title
from bot.words.sentences import times_words
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, SettingsBasis
from workflows.core.requests.request import RequestState

S = RequestState


_NOT_APPROVED: Final = "The current settings are not the approved ones, so one person cannot keep them."


def review_card(partnership: Partnership, *, now: datetime) -> Message:
    """Return the card that asks the sponsor whether the access is still needed, or shows the answer."""
    opening = _review_headline(partnership, now)
    domain = clean(partner_name(partnership.identity), 90)
    blocks = joined(
        [
            header(f"{opening[0]} {domain}: {opening[1]}"),
            identity_block(partnership.identity),
            rich(*_review_elements(partnership, now)),
            review_buttons(partnership, now),
        ]
    )
    about = f"{clean(partner_title(partnership), NAME)} ({partnership.request_id})"
    stop = "" if opening[1].endswith("?") else "."
    return message(f"{domain}: {opening[1]}{stop} {about}", blocks)


def _review_headline(partnership: Partnership, now: datetime) -> tuple[str, str]:
    match partnership.state:
        case PartnershipState.REVOKED:
            return ("⚠️" if partnership.not_closed else "🔒"), "revoked, nothing to review"
        case PartnershipState.REVIEW_DUE if partnership.basis is not SettingsBasis.APPROVED:
            return "⚠️", f"{partnership_state_words(partnership, now)}"
        case PartnershipState.REVIEW_DUE if partnership.is_past_its_end(now):
            return "⏰", "access period ended"
        case PartnershipState.REVIEW_DUE:
            return "🔔", "is this access still needed?"
        case _ if _answer(partnership) is not None:
            return "✅", "review answered, access kept"
    return "✅", "access approved again, nothing to review"


def _review_elements(partnership: Partnership, now: datetime) -> Iterator[RichTextElement]:
    answer = _answer(partnership)
    if partnership.state is PartnershipState.ACTIVE and answer is not None:
        yield paragraph(
            words("Kept by "), part(answer.person.name, bold=True), words(" on "), when(answer.at), words(", because:")
        )
        yield quote(answer.reason, MOST_REASON)
    yield paragraph(*partnership_facts(partnership))
    if partnership.state is not PartnershipState.REVIEW_DUE:
        return
    yield paragraph(words(f"Asked {times_words(partnership.reminders)}. {_who_answers(partnership)}"))
    if partnership.is_past_its_end(now) or not partnership.is_as_approved:
        domain, is_approved = partner_name(partnership.identity), partnership.is_as_approved
        opening = "The access is still open. One person cannot extend it." if is_approved else _NOT_APPROVED
        yield paragraph(
            words(f"{opening} To keep it, send a new request with "),
            part(f"/partner request {domain}", DOMAIN + 20, code=True),
            words("; otherwise revoke it."),
        )
    else:
        yield paragraph(words("Keep asks for a reason. Revoke shows what will change before you confirm."))


def _who_answers(partnership: Partnership) -> str:
    if partnership.sponsor_gone_at is None:
        return "The sponsor or an admin can answer."
    return "The sponsor has no enabled account any more. An admin who keeps the access becomes the sponsor."


def _answer(partnership: Partnership) -> Attestation | None:
    """Return the answer to the last review of the current settings; older answers were about an earlier approval."""
    last = partnership.attestations[-1] if partnership.attestations else None
    return last if last is not None and last.at >= partnership.since else None

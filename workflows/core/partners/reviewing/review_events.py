"""Start a review because of an event, add the event to an open review, and end what an event started."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.answers.keeping import has_attestation_ended
from workflows.core.partners.reviewing.silence import answered
from workflows.core.policy.reviews.silence import pause_after
from workflows.core.requests.commands.review_event import (
    EndReviewReason,
    ReviewReason,
    ReviewReasonCode,
    StartReview,
)

ENDS_WITH_ITS_CAUSE: Final = frozenset({ReviewReasonCode.DRIFT, ReviewReasonCode.RISK_GREW, ReviewReasonCode.CAMPAIGN})
"""Reasons that leave an open review when their cause is over. Any other reason stays until the review is answered."""


def start_review(partnership: Partnership, command: StartReview, now: datetime) -> Partnership:
    """Return the record with the event as a reason of the open review, which begins now when none is open. Pure.

    The question is due now. When people were just told in another way, it is due after the pause of a first reminder.

    :raises Refused: when this event was a reason already.
    """
    event = event_name(command.reason, command.event)
    if event in partnership.review_events:
        raise Refused(RefusalCode.NOT_DUE_YET, what="review_event")
    after = replace(
        with_reason(partnership, command.reason, now, **command.values),
        version=partnership.version + 1,
        review_events=(*partnership.review_events, event),
    )
    if partnership.state is PartnershipState.REVIEW_DUE:
        return after
    return replace(
        after,
        state=PartnershipState.REVIEW_DUE,
        regular_review_at=partnership.next_review_at,
        next_review_at=now + (pause_after(1) if command.is_told else timedelta(0)),
        reminders=0,
        review_reminders=(),
    )


def end_reason(partnership: Partnership, command: EndReviewReason, now: datetime) -> Partnership:
    """Return the record without an event that is over. Pure.

    :raises Refused: when nothing of this kind is recorded.
    """
    code = command.reason
    events = tuple(event for event in partnership.review_events if not event.startswith(event_name(code, "")))
    if events == partnership.review_events:
        raise Refused(RefusalCode.NOT_DUE_YET, what="review_event")
    after = replace(partnership, version=partnership.version + 1, review_events=events)
    if partnership.state is not PartnershipState.REVIEW_DUE or code not in ENDS_WITH_ITS_CAUSE:
        return after
    reasons = tuple(reason for reason in partnership.review_reasons if reason.code is not code)
    if reasons or reasons == partnership.review_reasons:
        return replace(after, review_reasons=reasons)
    return replace(
        answered(after),
        review_reasons=(),
        review_ended_by=partnership.review_reasons[-1],
        ended_reviews=partnership.ended_reviews + 1,
        regular_review_at=None,
        # NB. a regular review that became due in the meantime is asked about now.
        next_review_at=partnership.regular_review_at or now,
    )


def with_regular_reason(partnership: Partnership, now: datetime) -> Partnership:
    """Return the record with why the question of the calendar is due, when the open review does not say so yet."""
    is_regular = partnership.state is not PartnershipState.REVIEW_DUE or not partnership.review_reasons
    regular_at = partnership.regular_review_at
    if not is_regular and (regular_at is None or now < regular_at):
        return partnership
    reason = ReviewReason(code=_regular_code(partnership, now), at=now)
    return replace(
        partnership, review_reasons=(*partnership.review_reasons, reason), regular_review_at=None, review_ended_by=None
    )


def with_reason(partnership: Partnership, code: ReviewReasonCode, now: datetime, **values: str) -> Partnership:
    """Return the record with a reason of the open review; a newer one of the same kind replaces it."""
    reason = ReviewReason(code=code, at=now, values=values)
    others = tuple(earlier for earlier in partnership.review_reasons if earlier.code is not code)
    return replace(partnership, review_reasons=(*others, reason), review_ended_by=None)


def kept_events(earlier: Partnership | None) -> tuple[str, ...]:
    """Return the events that a newly approved request does not answer: a silence lasts until somebody signs in."""
    if earlier is None or earlier.state is PartnershipState.REVOKED:
        return ()
    silence = event_name(ReviewReasonCode.NO_SIGN_IN, "")
    return tuple(event for event in earlier.review_events if event.startswith(silence))


def has_event(partnership: Partnership, code: ReviewReasonCode, event: str = "") -> bool:
    """Return whether an event of this kind is recorded, or exactly this one."""
    wanted = event_name(code, event)
    return any(known == wanted if event else known.startswith(wanted) for known in partnership.review_events)


def _regular_code(partnership: Partnership, now: datetime) -> ReviewReasonCode:
    if not partnership.is_as_approved:
        return ReviewReasonCode.NOT_APPROVED
    if partnership.is_past_its_end(now):
        return ReviewReasonCode.ACCESS_ENDED
    has_ended = has_attestation_ended(partnership.attestations, now)
    return ReviewReasonCode.ATTESTATION_ENDED if has_ended else ReviewReasonCode.CALENDAR


def event_name(code: ReviewReasonCode, event: str) -> str:
    """Return how an event is recorded."""
    return f"{code.value}:{event}"

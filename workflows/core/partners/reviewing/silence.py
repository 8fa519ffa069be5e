"""Apply the commands about a review that waits: ask it, record who was reached, leave it out, suspend for silence."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.pointless_reviews import next_after_skipping
from workflows.core.policy.reviews.silence import (
    ADMINS_ASKED_FROM,
    ASKED_AGAIN_WITHIN,
    ASKED_EARLY,
    LAST_CALL,
    SILENCE_LASTS,
    ReviewReminder,
    next_number,
    pause_after,
    with_issued,
    with_result,
)
from workflows.core.requests.commands.partner_record import AskReview
from workflows.core.requests.commands.review_event import (
    RecordReviewReminder,
    ReviewReasonCode,
    SilenceCommand,
    SkipReview,
    SuspendForSilence,
)


def with_question(partnership: Partnership, command: AskReview, now: datetime) -> Partnership:
    """Return the record with the next question of its review, which may come a little early; see `ASKED_EARLY`.

    :raises Refused: when it is not due.
    """
    due_at = partnership.review_due_at
    if due_at is None or now + ASKED_EARLY < due_at or partnership.suspended_by is not None:
        raise Refused(RefusalCode.NOT_DUE_YET, what="review")
    earlier, asked = _asked_before(partnership, now)
    number = next_number(earlier, asked)
    reminder = ReviewReminder(number=number, sponsor=partnership.sponsor.id, issued_at=now, batch=command.batch)
    return replace(
        partnership,
        version=partnership.version + 1,
        state=PartnershipState.REVIEW_DUE,
        next_review_at=now + pause_after(number),
        reminders=number,
        review_reminders=with_issued(earlier, reminder),
        asked_since=_asked_since(partnership) or now,
    )


def _asked_since(partnership: Partnership) -> datetime | None:
    """Return when the first question of the open review was issued; None when none was."""
    if partnership.state is not PartnershipState.REVIEW_DUE or not partnership.review_reminders:
        return None
    return partnership.asked_since or partnership.review_reminders[0].issued_at


def _asked_before(partnership: Partnership, now: datetime) -> tuple[tuple[ReviewReminder, ...], int]:
    """Return the reminders that count for the present sponsor, and how many there were.

    A new sponsor is asked from the beginning. Once the review is as old as silence may be, a hand-over no longer does
    that: the new sponsor gets the last reminders. Otherwise a partner that is handed over again and again would never
    be suspended.
    """
    reminders = partnership.review_reminders
    if partnership.state is not PartnershipState.REVIEW_DUE:
        return (), 0  # those of an earlier review, as after a suspension that was lifted
    asked_since = _asked_since(partnership)
    if asked_since is not None and reminders[-1].sponsor != partnership.sponsor.id:
        is_old = now - asked_since >= SILENCE_LASTS
        return (reminders, max(reminders[-1].number, LAST_CALL - 1)) if is_old else ((), 0)
    if not reminders:
        # NB. of a question that was asked without a record, as in earlier versions, nobody knows who got it.
        return (), min(partnership.reminders, ADMINS_ASKED_FROM - 1)
    return reminders, reminders[-1].number


def is_urgent(partnership: Partnership, now: datetime) -> bool:
    """Return whether the admins are asked with the first question: of ended access, or where the sponsor cannot know.

    That is a sponsor who left, or a domain that belongs to another tenant now.
    """
    is_moved = any(reason.code is ReviewReasonCode.DOMAIN_MOVED for reason in partnership.review_reasons)
    return is_moved or partnership.is_past_its_end(now) or partnership.sponsor_gone_at is not None


def answered(partnership: Partnership) -> Partnership:
    """Return the record without an open review."""
    return replace(
        partnership,
        state=PartnershipState.ACTIVE,
        reminders=0,
        review_reminders=(),
        asked_since=None,
        suspended_by=None,
        not_attested_after=None,
    )


def advance_silence(partnership: Partnership, command: SilenceCommand, now: datetime) -> Partnership:
    """Apply a command about a review that waits. Pure.

    :raises Refused: when the review has changed since, or the step was done already.
    """
    version = partnership.version + 1
    match command:
        case RecordReviewReminder():
            return replace(_recorded(partnership, command, now), version=version)
        case SkipReview():
            if partnership.review_due_at is None or now < partnership.review_due_at:
                raise Refused(RefusalCode.NOT_DUE_YET, what="review")
            last = max([partnership.since, *(one.at for one in partnership.attestations[-1:])])
            next_at = next_after_skipping(partnership, command.reason, last, now)
            return replace(partnership, version=version, next_review_at=next_at)
        case SuspendForSilence():
            if partnership.suspended_by is not None or not partnership.review_reminders:
                raise Refused(RefusalCode.NOT_DUE_YET, what="suspension")
            return replace(partnership, version=version, suspended_by=command.request_id)
        case _:
            assert_never(command)


def _recorded(partnership: Partnership, command: RecordReviewReminder, now: datetime) -> Partnership:
    """Return the record with who got a reminder. The next one counts from now."""
    reminders = partnership.review_reminders
    recorded = with_result(
        reminders,
        command.batch,
        people=command.people,
        manager=command.manager,
        manager_skipped=command.manager_skipped,
        now=now,
    )
    if recorded == reminders:
        raise Refused(RefusalCode.NOT_DUE_YET, what="review")
    pause = pause_after(recorded[-1].number) if command.people else ASKED_AGAIN_WITHIN
    return replace(partnership, review_reminders=recorded, next_review_at=now + pause)

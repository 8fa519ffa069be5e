"""Find out whether a review that is due would be pointless. Pure.

People who are asked for nothing learn to click without reading. So nobody is asked about access that is closed or ends
within days, or that was approved or confirmed a few days ago. What is left out is recorded.
"""

from datetime import datetime, timedelta
from typing import Final

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.answers.keeping import has_attestation_ended
from workflows.core.plans.plan import AtEnd
from workflows.core.requests.commands.review_event import SkipReason

ENDS_WITHIN: Final = timedelta(days=14)
"""Access that is blocked within this time has its own notices, with Extend; see `access_end.notices`."""
ANSWERED_WITHIN: Final = timedelta(days=7)
"""What was approved or kept within this time was looked at just now."""
CHECKED_AGAIN_AFTER: Final = timedelta(days=1)
"""When a review that is left out because the partner is being closed is looked at again."""


def why_pointless(
    record: Partnership, now: datetime, *, approved_at: datetime | None = None, is_being_closed: bool = False
) -> SkipReason | None:
    """Return why a review that is due need not be asked; None when it must be.

    A review that is waiting already, or of settings that nobody approved, is never left out. One at the end of the
    access, or after it, is left out only when Gatehouse blocks the partner.

    :param approved_at: when the whole approval chain approved the present access; None when that is not known.
    :param is_being_closed: whether a revocation or a suspension of the partner is running.
    """
    if record.state is not PartnershipState.ACTIVE or not record.is_as_approved or record.sponsor_gone_at is not None:
        return None
    if is_being_closed:
        return SkipReason.BEING_CLOSED
    if record.at_end is AtEnd.BLOCK and record.ends_at is not None and record.ends_at - now <= ENDS_WITHIN:
        return SkipReason.ENDS_SOON
    if record.is_past_its_end(now):
        # NB. nothing later asks about it: the end is the last moment for which a review is set.
        return None
    if has_attestation_ended(record.attestations, now):
        return None  # an approval or an earlier answer says nothing about MFA
    if approved_at is not None and timedelta(0) <= now - approved_at <= ANSWERED_WITHIN:
        return SkipReason.JUST_APPROVED
    answered_at = record.attestations[-1].at if record.attestations else None
    if answered_at is not None and record.since <= answered_at and timedelta(0) <= now - answered_at <= ANSWERED_WITHIN:
        return SkipReason.JUST_ANSWERED
    return None


def next_after_skipping(
    record: Partnership, reason: SkipReason, interval_from: datetime, now: datetime
) -> datetime | None:
    """Return when the next review is due after one was left out; None when there is no other.

    :param interval_from: when the access was approved or kept last.
    """
    if reason is SkipReason.BEING_CLOSED:
        return now + CHECKED_AGAIN_AFTER
    if record.review_interval is None:
        return record.ends_at
    usual = interval_from + record.review_interval
    later = usual if usual > now else now + record.review_interval
    return later if record.ends_at is None else min(later, record.ends_at)

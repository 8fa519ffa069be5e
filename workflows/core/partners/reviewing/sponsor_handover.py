"""Handle a sponsor without an enabled account. Admins are asked, and who keeps the access becomes the new sponsor.

A boundary: no other module of reviews depends on how a missing sponsor is found.
"""

from dataclasses import replace
from datetime import datetime

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.review_events import with_reason
from workflows.core.people import Person
from workflows.core.requests.commands.partner_record import RecordSponsorGone, SponsorCommand
from workflows.core.requests.commands.review_event import ReviewReasonCode


def advance_sponsor(partnership: Partnership, command: SponsorCommand, *, now: datetime) -> Partnership:
    """Record that the sponsor has no account, or has one again. Without an account, a review is due at once. Pure.

    :raises Refused: when this is recorded already, or the partner has another sponsor now.
    """
    is_gone = isinstance(command, RecordSponsorGone)
    if partnership.sponsor.id != command.sponsor or (partnership.sponsor_gone_at is not None) is is_gone:
        raise Refused(RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, sponsor=partnership.sponsor.name)
    updated = replace(partnership, version=partnership.version + 1, sponsor_gone_at=now if is_gone else None)
    if isinstance(command, RecordSponsorGone):
        updated = with_reason(updated, ReviewReasonCode.SPONSOR_GONE, now, cause=command.reason.value)
        updated = replace(updated, state=PartnershipState.REVIEW_DUE, next_review_at=now)
    return updated


def with_new_sponsor(partnership: Partnership, new_sponsor: Person) -> Partnership:
    """Return the record with a new sponsor: the person who kept the access while the sponsor had no account."""
    if partnership.sponsor_gone_at is None:
        return partnership
    return replace(partnership, sponsor=new_sponsor, sponsor_gone_at=None)

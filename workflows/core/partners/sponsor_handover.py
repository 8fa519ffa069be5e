"""A sponsor without an enabled account: the admins are asked, and who of them keeps the partner is its sponsor."""

from dataclasses import replace
from datetime import datetime

from workflows.core.errors import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import Person
from workflows.core.requests.commands.partner import RecordSponsorGone, SponsorCommand


def advance_sponsor(
    partnership: Partnership, command: SponsorCommand, *, now: datetime, ask_again_at: datetime
) -> Partnership:
    """Ask for the review at once where the sponsor is gone; note where the same sponsor is back. Pure.

    :param ask_again_at: when the review is asked once more, if nobody answers.
    :raises Refused: when that is known already, or the partner has another sponsor by now.
    """
    is_gone = isinstance(command, RecordSponsorGone)
    if partnership.sponsor.id != command.sponsor or (partnership.sponsor_gone_at is not None) is is_gone:
        raise Refused("not_now", "The record of this partner's sponsor says so already, or names somebody else.")
    changed = replace(partnership, version=partnership.version + 1, sponsor_gone_at=now if is_gone else None)
    if is_gone:
        changed = replace(
            changed,
            state=PartnershipState.REVIEW_DUE,
            next_review_at=ask_again_at,
            reminders=partnership.reminders + 1,
        )
    return changed


def taken_over(partnership: Partnership, keeper: Person) -> Partnership:
    """Make who keeps a partner its sponsor, where the sponsor is gone."""
    if partnership.sponsor_gone_at is None:
        return partnership
    return replace(partnership, sponsor=keeper, sponsor_gone_at=None)

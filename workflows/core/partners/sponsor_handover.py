"""Handle a sponsor without an enabled account: admins are asked, and the admin who keeps the access becomes sponsor.

A boundary: reviews do not know how a sponsor is found gone.
"""

from dataclasses import replace
from datetime import datetime

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import Person
from workflows.core.requests.commands.partner import RecordSponsorGone, SponsorCommand


def advance_sponsor(
    partnership: Partnership, command: SponsorCommand, *, now: datetime, ask_again_at: datetime
) -> Partnership:
    """Make a review due at once when the sponsor has no account; record it when the same sponsor has one again. Pure.

    :param ask_again_at: when the question is repeated, if nobody answers.
    :raises Refused: when that is known already, or the partner has another sponsor by now.
    """
    is_gone = isinstance(command, RecordSponsorGone)
    if partnership.sponsor.id != command.sponsor or (partnership.sponsor_gone_at is not None) is is_gone:
        raise Refused(RefusalCode.NOT_NOW, sponsor=partnership.sponsor.name)
    changed = replace(partnership, version=partnership.version + 1, sponsor_gone_at=now if is_gone else None)
    if is_gone:
        changed = replace(
            changed,
            state=PartnershipState.REVIEW_DUE,
            next_review_at=ask_again_at,
            reminders=partnership.reminders + 1,
        )
    return changed


def with_new_sponsor(partnership: Partnership, keeper: Person) -> Partnership:
    """Return the record with a new sponsor: the person who kept the access while the sponsor had no account."""
    if partnership.sponsor_gone_at is None:
        return partnership
    return replace(partnership, sponsor=keeper, sponsor_gone_at=None)

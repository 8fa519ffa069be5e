"""The sponsorship of a partner: the hand-over to another person, and who was the sponsor lately.

Rule 1: the sponsor stays the one who answers until the proposed person has accepted. So there always is one.
Rule 2: whoever is the sponsor, or was in the last 90 days, does not decide on requests about the partner. Otherwise a
sponsor could hand over to a friend and then approve.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.people import Person

DECIDES_AGAIN_AFTER: Final = timedelta(days=90)
"""How long after the end of the sponsorship a person does not decide on requests about the partner."""
HANDOVER_EXPIRES_AFTER: Final = timedelta(days=7)
"""How long a proposed sponsor has time to answer."""
HANDOVER_REMINDED_AFTER: Final = timedelta(days=3)
"""When a proposed sponsor who has not answered is reminded, once."""


class HandoverState(StrEnum):
    """The state of a hand-over. The values are stored."""

    OPEN = "open"
    """The proposed person has not answered."""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """Whoever proposed took it back."""
    STOPPED = "stopped"
    """The partner was revoked, or got another sponsor, before there was an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The last hand-over of a partner's sponsorship. A newer one takes the place of an open one."""

    number: int
    """Each hand-over of a partner has its own. A click on the message of an earlier one does not count."""
    proposed: Person
    proposed_by: Person
    proposed_at: datetime
    expires_at: datetime
    state: HandoverState = HandoverState.OPEN
    reminded_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it waits for an answer."""
        return self.state is HandoverState.OPEN

    @property
    def next_step_at(self) -> datetime | None:
        """Return when the reminder or the expiry is due; None when it has ended."""
        if not self.is_open:
            return None
        return self.expires_at if self.reminded_at is not None else self.proposed_at + HANDOVER_REMINDED_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerSponsor:
    """A person who was the sponsor of a partner, and until when."""

    person: Person
    until: datetime


def ended_handover(handover: Handover | None, state: HandoverState, now: datetime) -> Handover | None:
    """Return a hand-over that ends now; one that has ended already stays as it is."""
    if handover is None or not handover.is_open:
        return handover
    return replace(handover, state=state, ended_at=now)


def with_former(former: tuple[FormerSponsor, ...], sponsor: Person, now: datetime) -> tuple[FormerSponsor, ...]:
    """Return the former sponsors with one who is replaced now. Who may decide again is left out."""
    kept = (one for one in former if one.person.id != sponsor.id and now < one.until + DECIDES_AGAIN_AFTER)
    return (*kept, FormerSponsor(person=sponsor, until=now))


def recent_sponsors(
    sponsor: Person, former: tuple[FormerSponsor, ...], now: datetime, *, until: datetime | None = None
) -> tuple[Person, ...]:
    """Return who is the sponsor, or was in the last 90 days: none of them decides.

    :param until: when the sponsor stopped being one, because the partner was closed; None for a live partner.
    """
    people = [one.person for one in former if now < one.until + DECIDES_AGAIN_AFTER]
    if until is None or now < until + DECIDES_AGAIN_AFTER:
        people.append(sponsor)
    return tuple({one.id: one for one in people}.values())

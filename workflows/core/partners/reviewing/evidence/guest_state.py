"""What a guest account is, and what a review finds about it. Pure.

What could not be read is not a finding: an account counts as unused only where its last sign-in was read.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from workflows.core.partners.reviewing.evidence.sign_in_counting import later
from workflows.core.partners.reviewing.evidence.usage import GuestFinding
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import GuestLimits

GUEST: Final = "guest"
MEMBER: Final = "member"
EXTERNAL_MARK: Final = "#ext#"
"""What Entra puts into the user principal name of an account that was invited."""
_PENDING: Final = "pendingacceptance"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestActivity:
    """When a guest signed in, as Entra keeps it with the account."""

    succeeded_at: datetime | None = None
    tried_at: datetime | None = None
    """The last attempt, also an unsuccessful one; the time of a success is only kept since December 2023."""

    @property
    def last_at(self) -> datetime | None:
        """Return the last time that is known at all; None for who never signed in."""
        return later(self.succeeded_at, self.tried_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAccount:
    """One guest account of our tenant, or one that was invited. Texts are as Graph returns them; empty for none."""

    id: PersonId
    name: str = ""
    mail: str = ""
    principal_name: str = ""
    issuers: tuple[str, ...] = ()
    state: str = ""
    """`PendingAcceptance`, `Accepted`, or empty."""
    state_since: datetime | None = None
    """Since when the invitation is in this state."""
    created_at: datetime | None = None
    user_type: str = GUEST
    """`guest` or `member`, lower case. Somebody who was invited can be a member."""
    is_enabled: bool = True
    is_synchronized: bool = False
    """Whether the account is synchronized from our own servers."""
    activity: GuestActivity | None = None
    """None when it could not be read."""

    @property
    def is_pending(self) -> bool:
        """Return whether the invitation was not accepted."""
        return self.state.lower() == _PENDING

    @property
    def is_member(self) -> bool:
        """Return whether the account counts as one of our own members."""
        return self.user_type == MEMBER

    @property
    def is_invited(self) -> bool:
        """Return whether the account was made by an invitation."""
        return EXTERNAL_MARK in self.principal_name.lower() or bool(self.state)

    @property
    def has_come(self) -> bool | None:
        """Return whether the guest ever came; None when it is not known."""
        if self.activity is not None and self.activity.last_at:
            return True
        if self.is_pending or self.activity is not None:
            return False
        return None


def finding_about(
    guest: GuestAccount, limits: GuestLimits, now: datetime, *, has_signed_in: bool = False
) -> GuestFinding | None:
    """Return what a review finds about a guest; None for nothing, and for what is not known.

    A disabled account lets nobody in, so it is no finding.

    :param has_signed_in: whether the log, which no limit is shorter than, has a sign-in of this account. It may be
        newer than what Entra keeps with the account.
    """
    if has_signed_in or not guest.is_enabled:
        return None
    if guest.is_pending:
        since = guest.state_since or guest.created_at
        is_old = since is not None and now - since > limits.invited_before
        return GuestFinding.OLD_INVITATION if is_old else None
    if guest.activity is None:
        return None
    last_at = later(guest.activity.last_at, guest.created_at)
    return GuestFinding.UNUSED if last_at is not None and now - last_at > limits.unused_after else None


class Oddity(StrEnum):
    """What is unusual about an account that seems to be a partner's guest."""

    INVITED_MEMBER = "invited_member"
    """It was invited and counts as a member: perhaps somebody who also works for us, or a synchronized person."""
    NOT_INVITED = "not_invited"
    """A guest whose account was made here, without an invitation: it has a password of our tenant."""
    SYNCHRONIZED = "synchronized"
    """Our own servers own the account: what is changed in Entra is overwritten from there."""
    SAME_ADDRESS = "same_address"
    """Another account in the list has the same address."""


def oddities_of(guest: GuestAccount, *, has_same_address: bool = False) -> tuple[Oddity, ...]:
    """Return what is unusual about an account.

    :param has_same_address: whether an earlier account of the list has the same address.
    """
    judged = (
        (Oddity.INVITED_MEMBER, guest.is_member and guest.is_invited),
        (Oddity.NOT_INVITED, not guest.is_member and not guest.is_invited),
        (Oddity.SYNCHRONIZED, guest.is_synchronized),
        (Oddity.SAME_ADDRESS, has_same_address),
    )
    return tuple(oddity for oddity, is_so in judged if is_so)


@dataclass(slots=True)
class FindingCount:
    """Counts the findings about the guests of one partner."""

    limits: GuestLimits
    now: datetime | None
    """When the guests are judged; None: nothing is a finding."""
    with_roles: Collection[PersonId] = ()
    """The accounts that have a directory role, as far as it was read."""
    counts: dict[GuestFinding, int] = field(default_factory=dict)

    def add(self, guest: GuestAccount, *, has_signed_in: bool) -> GuestFinding | None:
        """Count everything that a review finds about one guest, and return the gravest finding."""
        if self.now is None:
            return None
        use = finding_about(guest, self.limits, self.now, has_signed_in=has_signed_in)
        role = GuestFinding.DIRECTORY_ROLE if guest.is_enabled and guest.id in self.with_roles else None
        for found in (role, use):
            if found is not None:
                self.counts[found] = self.counts.get(found, 0) + 1
        return role or use

"""What one scan of sign-ins and guests found, for the tenant and for each partner. Stored; data only.

Of people only object ids are kept, and only of a few for each partner: the next scan replaces them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.errors.facts import Values
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS, GuestLimits
from workflows.core.settings.model import TenantId

WINDOW: Final = timedelta(days=30)
"""How far back the sign-in log is read. Entra keeps it for 30 days at most, with some licences for less."""
MAX_SIGN_INS: Final = 50_000
"""The most sign-ins that one scan reads. When there are more, every number says "at least"."""
MAX_GUESTS: Final = 50_000
"""The most guest accounts that one scan reads."""
MAX_LISTED_GUESTS: Final = 500_000
"""The most guest accounts that are read to list those of one partner."""
MAX_PEOPLE: Final = 1_000
"""The most different people of one partner that are told apart. When there are more, the number says "at least"."""
MAX_LISTED: Final = 25
"""The most people of one partner whose ids are kept for the details."""


class GuestMatch(StrEnum):
    """Why a guest counts as one of a partner's people. The values are stored.

    Graph names no home tenant of a guest account, so all but the first are a heuristic.
    """

    SIGN_IN = "sign_in"
    """A sign-in of this account came from the partner's tenant."""
    ISSUER = "issuer"
    """One of its identities was issued by the partner's domain."""
    MAIL = "mail"
    NAME = "name"
    """The domain before `#EXT#` in its user principal name."""
    OWN_ACCOUNT = "own_account"
    """No guest: an account of our own, never invited, with a mail address of the partner. Only in a list."""


class GuestFinding(StrEnum):
    """What a review finds about a guest. The values are stored."""

    UNUSED = "unused"
    """An enabled account with which nobody signed in for the time that the template sets."""
    OLD_INVITATION = "old_invitation"
    """An invitation that has not been accepted for the time that the template sets."""
    DIRECTORY_ROLE = "directory_role"
    """An enabled account with a directory role of our tenant, assigned or eligible, directly or through a group."""


class EvidenceSource(StrEnum):
    """What a scan reads."""

    SIGN_INS = "sign_ins"
    GUESTS = "guests"
    LAST_SIGN_INS = "last_sign_ins"
    """The last sign-in that Entra keeps with a guest account."""
    CONDITIONAL_ACCESS = "conditional_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """How far one list was read."""

    rows: int = 0
    is_complete: bool = False
    """Whether it was read to its end. Otherwise every number from it says "at least", and zero means nothing."""
    unread: UnreadableReason | None = None
    """Why it was not read, or not to its end; None when it was, and when only the bound ended it."""
    permission: str = ""
    """The permission of Graph that is missing; empty when none is."""

    @property
    def is_usable(self) -> bool:
        """Return whether anything of it was read, also an empty list that was read to its end."""
        return self.is_complete or self.rows > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageScan:
    """One scan of the sign-in log and the guests of our tenant. There is only the newest one."""

    taken_at: datetime
    since: datetime
    """The time from which sign-ins were read."""
    sign_ins: SourceRead
    guests: SourceRead
    activity: SourceRead
    """Whether the last sign-in of guests could be read. It reaches further back than the log."""
    reaches_back_to: datetime | None
    """Since when the log certainly has entries; None when that is not known."""
    guests_not_matched: int = 0
    """Guests that belong to no recorded partner, as far as can be told."""
    roles: SourceRead = field(default_factory=SourceRead)
    """Whether directory roles of guests were read: never without the application for guest accounts."""

    @property
    def is_complete(self) -> bool:
        """Return whether both lists were read to their ends."""
        return self.sign_ins.is_complete and self.guests.is_complete

    @property
    def covers_window(self) -> bool:
        """Return whether a partner without a sign-in certainly had none in the whole time."""
        reach = self.reaches_back_to
        return self.sign_ins.is_complete and reach is not None and reach <= self.since

    @property
    def refused(self) -> Mapping[str, tuple[EvidenceSource, ...]]:
        """Return what was not read for each permission of Graph that is missing.

        The last sign-ins come with the guests. When no guest could be read, nothing more is known about them.
        """
        sources = {EvidenceSource.SIGN_INS: self.sign_ins, EvidenceSource.GUESTS: self.guests}
        if not self.guests.permission:
            sources[EvidenceSource.LAST_SIGN_INS] = self.activity
        permissions = sorted({read.permission for read in sources.values() if read.permission})
        return {
            permission: tuple(source for source, read in sources.items() if read.permission == permission)
            for permission in permissions
        }

    @property
    def missing_permissions(self) -> tuple[str, ...]:
        """List the permissions of Graph without which something was not read."""
        return tuple(self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGuest:
    """One guest of a partner, for the details."""

    id: PersonId
    match: GuestMatch
    has_come: bool | None
    """Whether the guest accepted the invitation and signed in; None when that is not known."""
    is_enabled: bool
    last_sign_in_at: datetime | None = None
    finding: GuestFinding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestUsage:
    """The guests of one partner in our tenant."""

    count: int = 0
    never_came: int = 0
    """Those who have not accepted the invitation, or never signed in as far as the scan could read that."""
    disabled: int = 0
    matches: Mapping[GuestMatch, int] = field(default_factory=dict)
    """How many guests were matched in which way."""
    shared_with: tuple[TenantId, ...] = ()
    """Other partners to which some of these guests belong as well, because both have the same domain."""
    last_sign_in_at: datetime | None = None
    """The last successful sign-in of any of them, as Entra keeps it with the accounts."""
    listed: tuple[ListedGuest, ...] = ()
    """Those with a finding first."""
    findings: Mapping[GuestFinding, int] = field(default_factory=dict)
    """How many guests have which finding, by the limits of the partner's template."""
    limits: GuestLimits = USUAL_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """Whom Conditional Access locks out of a partner's people now."""

    checked_at: datetime
    locked_out: Values | None = None
    """The values of `FindingCode.CA_LOCKED_OUT`; None when no enforced policy certainly locks somebody out."""
    unread: UnreadableReason | None = None
    """Why neither the policies nor Entra's evaluation could be read."""
    is_estimate: bool = False
    """Whether Entra did not evaluate every sign-in. Then somebody may be locked out who is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerUsage:
    """What one scan found about one partner."""

    tenant_id: TenantId
    taken_at: datetime
    people: int = 0
    """How many different people of the partner signed in successfully."""
    has_more_people: bool = False
    """Whether there are more than were told apart."""
    last_sign_in_at: datetime | None = None
    """The last successful sign-in in the log; None when there is none, or the log names no time."""
    failed: int = 0
    """How many sign-ins failed or were interrupted."""
    listed: tuple[PersonId, ...] = ()
    """Some of the people who signed in, the latest first."""
    guests: GuestUsage = field(default_factory=GuestUsage)
    lockout: Lockout | None = None
    """None when it was not checked in this scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """One scan with what it found about the partners. Partners of whom it found nothing are left out."""

    scan: UsageScan
    partners: tuple[PartnerUsage, ...] = ()

"""Drift: the stored finding that settings in the tenant are not as approved, with its author and its answers.

Data only. One record for each partner, and one for the tenant's default. It stays when the drift has ended.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from workflows.core.people import Person
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.requests.alarms import AlarmId
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.model import TenantId

DriftSubject = NewType("DriftSubject", str)
"""A partner's tenant id, or `DEFAULT`."""
DEFAULT: Final = DriftSubject("default")
"""The subject of a change of the tenant's default."""

LAST_COMPLETE: Final = "last_complete_sweep"
"""The name of the mark with the time when the last complete sweep began."""
INCOMPLETE: Final = "incomplete_sweeps"
"""The name of the mark with how many sweeps in a row were incomplete."""


class AuthorState(StrEnum):
    """Whether it is known who made a change. The values are stored."""

    PENDING = "pending"
    """Entra's audit log does not have the change yet. It is some minutes late."""
    KNOWN = "known"
    NOT_IN_LOG = "not_in_log"
    """The log has no entry that fits, hours after the change was found."""
    LOG_UNREADABLE = "log_unreadable"
    """The log could not be read in all that time."""
    NOT_LOGGED = "not_logged"
    """The log has no documented entry for such a change, so it is not looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who made the change, from Entra's audit log."""

    state: AuthorState = AuthorState.PENDING
    name: str = ""
    """The name or id of the person or application. Text from outside; empty when the log names nobody."""
    account: str = ""
    """The object id of the user; empty for an application."""
    at: datetime | None = None
    """When the change was made."""
    is_own_application: bool = False
    """Whether Gatehouse's own application made it, although no plan holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """An admin accepts drift until a date, and says why."""

    person: Person
    until: datetime
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDrift:
    """What one sweep found about a partner or the default."""

    code: ConcernCode
    settings: tuple[str, ...] = ()
    """Graph's names of the settings that differ; of a revoked or absent partner the kinds of access that are open."""
    opens: bool
    """Whether there may be more access than was approved."""
    fingerprint: Digest
    """Equal for equal drift. Order, upper and lower case of IDs, and annotations do not count."""
    writers: tuple[ConcernCode, ...] = ()
    """Others that are known to write such partners: Microsoft support, for example."""
    touches: tuple[str, ...] = ()
    """For the default: the names of the partners that inherit a changed value."""
    was_approved: bool = True
    """False when nothing of the partner was ever approved, or nothing since it was revoked."""
    is_suspended: bool = False
    """Whether the partner is suspended; otherwise, a partner that is to be blocked was revoked."""
    is_told: bool = False
    """Whether people were told in another way, so that no alarm is needed."""
    approved_values: JsonObject = field(default_factory=dict)
    """The values that were approved for `settings`, by Graph's names; one that is not set is missing.

    Empty for another code than `DIFFERS_FROM_APPROVED`, for values that are too long, and in earlier versions. Of the
    list of Microsoft 365 capabilities, only the entries that differ. Of the default, only these are here.
    """
    current_values: JsonObject = field(default_factory=dict)
    """The values that were found, in the same form."""
    restores_less: bool = False
    """Whether the approved settings certainly give less than these, so that one approver decides on a restore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Drift of one partner or of the default. `version` increases with every stored change."""

    subject: DriftSubject
    version: int
    partner: str
    """The partner's default domain, or its tenant id; empty for the default."""
    found: FoundDrift
    unchanged_at: datetime | None
    """When the last complete sweep found no such drift; None when there was none. The change was made later."""
    found_at: datetime
    author: Author = field(default_factory=Author)
    acceptances: tuple[Acceptance, ...] = ()
    """Of the present drift; enough of them accept it, see `acceptance`."""
    voided: tuple[Acceptance, ...] = ()
    """Acceptances that do not count, because Entra's audit log names that person as the author."""
    asked_again: int = 0
    """How often an acceptance ended and admins were asked again."""
    alarm_id: AlarmId | None = None
    """The alarm that tells of it; None while nothing needs to be told. A digest tells of several."""
    ended_at: datetime | None = None
    """When the settings were found as approved again; None while they differ."""

    @property
    def is_open(self) -> bool:
        """Return whether the settings still differ."""
        return self.ended_at is None

    @property
    def tenant_id(self) -> TenantId | None:
        """Return the partner's tenant id; None for the default."""
        return None if self.subject == DEFAULT else TenantId(self.subject)

    @property
    def can_be_restored(self) -> bool:
        """Return whether there are approved settings of this partner that a request can restore."""
        return self.found.was_approved and self.found.code in (ConcernCode.DIFFERS_FROM_APPROVED, ConcernCode.ABSENT)

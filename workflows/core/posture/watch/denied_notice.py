"""A notice about sign-ins that our settings deny to people of a tenant without an entry, as it is stored. Data only.

A boundary: every start reads records, and does not need what counts and decides.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType

from workflows.core.people import Person
from workflows.core.requests.alarms import AlarmId
from workflows.core.settings.model import TenantId

NoticeSubject = NewType("NoticeSubject", str)
"""A tenant's id, or `MANY`."""
MANY: Final = NoticeSubject("many")
"""The subject of the one notice about many tenants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedTenant:
    """The denied sign-ins of one tenant's people."""

    tenant_id: TenantId
    sign_ins: int
    people: int
    """How many people the log names; 0 when it names nobody."""
    has_more_people: bool
    """Whether there may be more people: some are not named, or not told apart."""
    days: int
    """On how many days, in UTC."""
    first_at: datetime
    last_at: datetime
    codes: tuple[int, ...]
    """Microsoft's codes, the most frequent first."""
    domain: str = ""
    """The default domain that Microsoft names for the tenant; empty when that is not known."""
    display_name: str = ""
    """The name that the tenant has chosen for itself. It proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissal:
    """An admin wants to hear nothing more for a time."""

    person: Person
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedNotice:
    """One notice, open or over. `version` increases with every stored change."""

    subject: NoticeSubject
    version: int
    tenants: tuple[DeniedTenant, ...]
    """The tenant; of many, those with the most people and sign-ins."""
    count: int = 1
    """How many tenants."""
    sign_ins: int
    """The sign-ins of all of them."""
    since: datetime
    """The first of these sign-ins."""
    is_at_least: bool
    """Whether the log was not read to its end, so that there may be more."""
    told_at: datetime
    alarm_id: AlarmId
    """The alarm that tells of it; empty until it is stored."""
    days_offered: int
    """For how many days it can be dismissed."""
    counted_from: datetime | None = None
    """The last dismissal, also after it was told again: earlier sign-ins do not count any more. None without one."""
    dismissal: Dismissal | None = None
    ended_at: datetime | None = None
    """When it was found over without a dismissal."""

    @property
    def is_open(self) -> bool:
        """Return whether it waits for an admin."""
        return self.dismissal is None and self.ended_at is None

    def is_quiet(self, now: datetime) -> bool:
        """Return whether it is dismissed, and the time is not over."""
        return self.dismissal is not None and now < self.dismissal.until

"""Count the sign-ins that our settings deny to people of tenants without an entry, while the log is read.

Anybody can cause such sign-ins. So the number of tenants and people that are told apart is bounded.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.people import PersonId
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES
from workflows.core.posture.diagnosis.steps import Changer
from workflows.core.posture.watch.denied_notice import DeniedTenant
from workflows.core.settings.model import TenantId

OUR_CODES: Final = frozenset(number for number, code in SIGN_IN_CODES.items() if code.changer is Changer.APPROVERS)
"""The codes of sign-ins that an entry of the tenant could let in: what an approval changes."""
MAX_TENANTS: Final = 1_000
"""The most tenants that one reading of the log tells apart."""
MAX_PEOPLE: Final = 100
"""The most people of one tenant that are told apart."""
_NOBODY: Final = frozenset({PersonId(""), PersonId("00000000-0000-0000-0000-000000000000")})
"""What the log has instead of a person who has no account here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From when on the admins are told: so many sign-ins, and besides on so many days or of so many people."""

    sign_ins: int
    days: int
    people: int


@dataclass(slots=True)
class _Count:
    first_at: datetime
    last_at: datetime
    sign_ins: int = 0
    people: set[PersonId] = field(default_factory=set)
    has_more_people: bool = False
    days: set[date] = field(default_factory=set)
    codes: dict[int, int] = field(default_factory=dict)

    def add(self, person: PersonId, code: int, at: datetime) -> None:
        self.sign_ins += 1
        self.first_at, self.last_at = min(self.first_at, at), max(self.last_at, at)
        self.days.add(at.date())
        self.codes[code] = self.codes.get(code, 0) + 1
        if person in _NOBODY or (person not in self.people and len(self.people) >= MAX_PEOPLE):
            self.has_more_people = True
        else:
            self.people.add(person)

    def reaches(self, thresholds: Thresholds) -> bool:
        is_repeated = len(self.days) >= thresholds.days or len(self.people) >= thresholds.people
        return self.sign_ins >= thresholds.sign_ins and is_repeated

    def found(self, tenant_id: TenantId) -> DeniedTenant:
        return DeniedTenant(
            tenant_id=tenant_id,
            sign_ins=self.sign_ins,
            people=len(self.people),
            has_more_people=self.has_more_people,
            days=len(self.days),
            first_at=self.first_at,
            last_at=self.last_at,
            codes=tuple(sorted(self.codes, key=lambda code: (-self.codes[code], code))),
        )


class DenialCount:
    """Counts the denied sign-ins of tenants without an entry. Rows may come in any order."""

    def __init__(
        self,
        not_counted: Collection[TenantId],
        *,
        since: datetime,
        until: datetime,
        counted_from: Mapping[TenantId, datetime],
    ) -> None:
        """Create the count.

        :param not_counted: our own tenant, those that belong to no organization, and the recorded partners.
        :param since: earlier sign-ins do not count, unless `counted_from` names another time for the tenant.
        :param until: a later time of a sign-in counts as this time: clocks differ.
        """
        self._not_counted = frozenset(not_counted)
        self._since = since
        self._until = until
        self._counted_from = counted_from
        self._by_tenant: dict[TenantId, _Count] = {}
        self._once: dict[TenantId, None] = {}
        """The tenants with one sign-in, the first counted first. They give way to others when there are too many."""
        self.is_partial = False
        """Whether a sign-in was left out: of too many tenants, or without a tenant or a time."""
        self.has_too_many_tenants = False
        """Whether there were more tenants than are told apart. One that should be told may be among those left out."""

    def add(self, sign_in: SignIn) -> None:
        """Count one sign-in, if our settings have denied it."""
        if sign_in.code is None or sign_in.code not in OUR_CODES or sign_in.home in self._not_counted:
            return
        if not sign_in.home or sign_in.at is None:
            self.is_partial = True
            return
        at = min(sign_in.at, self._until)
        if at < self._counted_from.get(sign_in.home, self._since):
            return
        if sign_in.home in self._by_tenant:
            self._once.pop(sign_in.home, None)
        elif not self._has_room():
            return
        else:
            self._by_tenant[sign_in.home] = _Count(first_at=at, last_at=at)
            self._once[sign_in.home] = None
        self._by_tenant[sign_in.home].add(sign_in.user_id, sign_in.code, at)

    def _has_room(self) -> bool:
        """Make room for one more tenant, if any of the counted ones has one sign-in only: return whether there is room.

        Otherwise a thousand tenants that try once would hide one whose people try every day.
        """
        if len(self._by_tenant) < MAX_TENANTS:
            return True
        self.is_partial = self.has_too_many_tenants = True
        if not self._once:
            return False
        first = next(iter(self._once))
        del self._once[first], self._by_tenant[first]
        return True

    def found(self, thresholds: Thresholds) -> tuple[DeniedTenant, ...]:
        """List the tenants that the admins are told of, those with the most people and sign-ins first."""
        reached = [one.found(tenant) for tenant, one in self._by_tenant.items() if one.reaches(thresholds)]
        return tuple(sorted(reached, key=lambda one: (-one.people, -one.sign_ins, one.tenant_id)))

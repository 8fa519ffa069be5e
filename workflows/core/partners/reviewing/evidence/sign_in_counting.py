"""Count sign-ins by partner while they are read, page by page. Only ids of people of partners are kept, and a limit."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from workflows.core.partners.reviewing.evidence.usage import MAX_LISTED, MAX_PEOPLE
from workflows.core.people import PersonId
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in from the log."""

    user_id: PersonId
    home: TenantId
    """The tenant of the person, in lower case; empty when the log names none."""
    at: datetime | None
    """None when the log names no time."""
    is_success: bool
    code: int | None = None
    """Microsoft's code of the result; None when the log names none."""


@dataclass(slots=True)
class PartnerSignIns:
    """The sign-ins of one partner's people so far."""

    last_by_person: dict[PersonId, datetime | None] = field(default_factory=dict)
    has_more_people: bool = False
    last_at: datetime | None = None
    failed: int = 0

    def add(self, sign_in: SignIn, at: datetime | None) -> None:
        """Count one sign-in."""
        if not sign_in.is_success:
            self.failed += 1
            return
        self.last_at = later(self.last_at, at)
        if sign_in.user_id in self.last_by_person:
            self.last_by_person[sign_in.user_id] = later(self.last_by_person[sign_in.user_id], at)
        elif len(self.last_by_person) < MAX_PEOPLE:
            self.last_by_person[sign_in.user_id] = at
        else:
            self.has_more_people = True

    def latest_people(self) -> tuple[PersonId, ...]:
        """List some of the people, those with the latest sign-in first; people without a time come last."""
        order = sorted(self.last_by_person.items(), key=_latest_first)
        return tuple(person for person, _ in order[:MAX_LISTED])


def _latest_first(row: tuple[PersonId, datetime | None]) -> tuple[float, PersonId]:
    person, at = row
    return (inf if at is None else -at.timestamp()), person


class SignInCount:
    """Counts the sign-ins of the recorded partners. Rows may come in any order."""

    def __init__(self, partners: Collection[TenantId], *, since: datetime, until: datetime) -> None:
        """Create the count.

        :param since: sign-ins before it do not count.
        :param until: a later time of a sign-in counts as this time: clocks differ.
        """
        self._since = since
        self._until = until
        self._by_partner: dict[TenantId, PartnerSignIns] = {}
        self._partners = frozenset(partners)
        self.rows = 0
        self.oldest_at: datetime | None = None
        """The oldest sign-in of the time that is counted, of any tenant."""
        self.has_unknown_home = False
        """Whether somebody signed in whose home tenant the log does not name: it may be any partner."""

    def add(self, sign_in: SignIn) -> None:
        """Count one sign-in. People of other tenants are not kept."""
        self.rows += 1
        at = None if sign_in.at is None else min(sign_in.at, self._until)
        if at is not None:
            if at < self._since:
                return
            self.oldest_at = at if self.oldest_at is None else min(self.oldest_at, at)
        if not sign_in.home and sign_in.is_success:
            self.has_unknown_home = True
        if sign_in.home in self._partners:
            self._by_partner.setdefault(sign_in.home, PartnerSignIns()).add(sign_in, at)

    def of(self, tenant_id: TenantId) -> PartnerSignIns:
        """Return the sign-ins of one partner's people."""
        return self._by_partner.get(tenant_id, PartnerSignIns())

    def tenant_by_person(self) -> dict[PersonId, TenantId]:
        """Return the home tenant of each person who signed in and is kept."""
        return {person: tenant for tenant, found in self._by_partner.items() for person in found.last_by_person}


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two times; None when there is none."""
    return max((moment for moment in (one, other) if moment is not None), default=None)

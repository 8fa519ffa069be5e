"""Match guests with partners and count them while they are read.

Graph v1.0 names no home tenant of a guest account. So a guest is matched by a sign-in from the partner's tenant, by the
issuer of an identity, by its mail domain, or by the domain in its `#EXT#` name, in this order. All but the first are a
heuristic: a company may use other mail domains than the one that is recorded for the partner.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from workflows.core.partners.reviewing.evidence.guest_state import EXTERNAL_MARK, FindingCount, GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import later
from workflows.core.partners.reviewing.evidence.usage import MAX_LISTED, GuestMatch, GuestUsage, ListedGuest
from workflows.core.people import PersonId
from workflows.core.policy.reviews.terms import USUAL_LIMITS, GuestLimits
from workflows.core.settings.model import TenantId, is_guid

_USUAL: Final[Mapping[TenantId, GuestLimits]] = MappingProxyType({})

Domains = Mapping[str, tuple[TenantId, ...]]
"""The partners that a domain is recorded for. A domain that moved may be recorded for two."""


def domains_of(partners: Iterable[tuple[TenantId, Iterable[str]]]) -> dict[str, tuple[TenantId, ...]]:
    """Return the partners of each recorded domain. Tenant ids and empty names are no domains."""
    found: dict[str, dict[TenantId, None]] = {}
    for tenant_id, names in partners:
        for name in names:
            domain = _normalized(name)
            if domain and not is_guid(domain):
                found.setdefault(domain, {})[tenant_id] = None
    return {domain: tuple(tenants) for domain, tenants in found.items()}


def match_guest(
    guest: GuestAccount, domains: Domains, tenant_by_person: Mapping[PersonId, TenantId]
) -> tuple[GuestMatch, tuple[TenantId, ...]] | None:
    """Return the partners that a guest belongs to, and how that was found; None when it belongs to none."""
    if (home := tenant_by_person.get(guest.id)) is not None:
        return GuestMatch.SIGN_IN, (home,)
    candidates = (
        *((GuestMatch.ISSUER, issuer) for issuer in guest.issuers),
        (GuestMatch.MAIL, guest.mail.rpartition("@")[2]),
        (GuestMatch.NAME, _domain_in_name(guest.principal_name)),
    )
    return next(((kind, found) for kind, name in candidates if (found := domains.get(_normalized(name)))), None)


@dataclass(slots=True)
class _PartnerGuests:
    findings: FindingCount
    count: int = 0
    never_came: int = 0
    disabled: int = 0
    matches: dict[GuestMatch, int] = field(default_factory=dict)
    shared_with: dict[TenantId, None] = field(default_factory=dict)
    last_at: datetime | None = None
    listed: list[ListedGuest] = field(default_factory=list)
    found: list[ListedGuest] = field(default_factory=list)
    """Those with a finding."""


class GuestCount:
    """Counts the guests of the recorded partners."""

    def __init__(
        self,
        domains: Domains,
        tenant_by_person: Mapping[PersonId, TenantId],
        limits: Mapping[TenantId, GuestLimits] = _USUAL,
        *,
        now: datetime | None = None,
        with_roles: Collection[PersonId] = (),
    ) -> None:
        """Create the count.

        :param limits: from when on guests of a partner are findings; the usual limits for a partner without any.
        :param now: when the guests are judged; None: nothing is a finding.
        :param with_roles: the accounts that have a directory role, as far as it was read.
        """
        self._limits = limits
        self._now = now
        self._with_roles = with_roles
        self._domains = domains
        self._tenant_by_person = tenant_by_person
        self._by_partner: dict[TenantId, _PartnerGuests] = {}
        self.rows = 0
        self.not_matched = 0

    def add(self, guest: GuestAccount) -> None:
        """Count one guest, for each partner that it may belong to."""
        self.rows += 1
        found = match_guest(guest, self._domains, self._tenant_by_person)
        if found is None:
            self.not_matched += 1
            return
        kind, tenants = found
        has_come = True if kind is GuestMatch.SIGN_IN else guest.has_come
        last_at = None if guest.activity is None else guest.activity.succeeded_at
        listed = ListedGuest(
            id=guest.id, match=kind, has_come=has_come, is_enabled=guest.is_enabled, last_sign_in_at=last_at
        )
        for tenant_id in tenants:
            partner = self._partner(tenant_id)
            finding = partner.findings.add(guest, has_signed_in=kind is GuestMatch.SIGN_IN)
            partner.count += 1
            partner.never_came += has_come is False
            partner.disabled += not guest.is_enabled
            partner.matches[kind] = partner.matches.get(kind, 0) + 1
            partner.shared_with.update(dict.fromkeys(other for other in tenants if other != tenant_id))
            partner.last_at = later(partner.last_at, last_at)
            kept = partner.listed if finding is None else partner.found
            if len(kept) < MAX_LISTED:
                kept.append(listed if finding is None else replace(listed, finding=finding))

    def _partner(self, tenant_id: TenantId) -> _PartnerGuests:
        found = self._by_partner.get(tenant_id)
        if found is None:
            limits = self._limits.get(tenant_id, USUAL_LIMITS)
            found = self._by_partner[tenant_id] = _PartnerGuests(FindingCount(limits, self._now, self._with_roles))
        return found

    def of(self, tenant_id: TenantId) -> GuestUsage:
        """Return the guests of one partner."""
        found = self._partner(tenant_id)
        return GuestUsage(
            count=found.count,
            never_came=found.never_came,
            disabled=found.disabled,
            matches=dict(found.matches),
            shared_with=tuple(found.shared_with),
            last_sign_in_at=found.last_at,
            listed=(*found.found, *found.listed)[:MAX_LISTED],
            findings=dict(found.findings.counts),
            limits=found.findings.limits,
        )


def _normalized(name: str) -> str:
    return name.strip().rstrip(".").lower()


def _domain_in_name(principal_name: str) -> str:
    """Return the domain in `maria_contoso.com#EXT#@…`; empty when the name has another form."""
    before, mark, _ = principal_name.lower().partition(EXTERNAL_MARK)
    return before.rpartition("_")[2] if mark and "_" in before else ""

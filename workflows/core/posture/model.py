"""The posture of a tenant: the access that its default and its partners' settings give, and concerns about it.

Data only; `rows` computes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.errors.facts import Values
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.risk import Risk
from workflows.core.posture.concern_codes import NO_RECORD_CODES, ConcernCode, may_be_adopted
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import EffectiveFlag, EffectiveTargets
from workflows.core.settings.model import Property, TenantId
from workflows.core.settings.open_access import AccessKind, AccessState


class ConcernSeverity(IntEnum):
    """The severity of a concern. A higher value is more urgent."""

    NOTE = 1
    UNCHECKED = 2
    WARNING = 3
    ALERT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """A problem of a partner or of the default, or something that could not be checked."""

    code: ConcernCode
    severity: ConcernSeverity
    values: Values = field(default_factory=dict)
    """The values of the code. They may contain text from outside, which is shown as plain text only."""

    def __hash__(self) -> int:
        """Hash without the values, because these may be lists."""
        return hash((self.code, self.severity))


@dataclass(frozen=True, slots=True, kw_only=True)
class B2BAccess:
    """One kind of B2B access of a partner: how open it is, and its effective lists."""

    opening: AccessState
    targets: EffectiveTargets


class RecordState(StrEnum):
    """Whether a partner is in our records. The values are for programs."""

    KEPT = "kept"
    NONE = "none"
    UNREADABLE = "unreadable"
    NOT_READ = "not read"
    """There are no records to read, so it is not known whether the partner is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPosture:
    """The tenant's default, which applies to every tenant without its own settings."""

    is_read: bool
    is_service_default: bool
    """Whether it is still Microsoft's default, which this tenant has never changed."""
    b2b_access: Mapping[Property, B2BAccess]
    trust: Mapping[str, EffectiveFlag]
    document: JsonObject | None
    """The default configuration as Graph's document; None when it could not be read."""
    access_kinds: tuple[AccessKind, ...]
    """Every kind of access, as it is for a partner without its own settings."""
    concerns: tuple[Concern, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerPosture:
    """The posture of one partner."""

    tenant_id: TenantId
    identity: TenantIdentity | None
    """The partner's identity from our records or from a lookup; None when it is not known."""
    configuration: JsonObject | None
    """The partner's own configuration; None for a partner of our records that has none in the tenant."""
    b2b_access: Mapping[Property, B2BAccess]
    trust: Mapping[str, EffectiveFlag]
    redemption: Mapping[str, EffectiveFlag]
    """Our flags of automatic redemption, by direction. The partner's flags cannot be read."""
    synchronization: EffectiveFlag
    """Whether users or other objects are synchronized. Not known when the policy contains undocumented members."""
    access_kinds: tuple[AccessKind, ...]
    """Every kind of access, open or closed."""
    unmanaged_settings: tuple[str, ...]
    """Graph's names of the partner's other settings, which Gatehouse does not manage."""
    risk: Risk
    is_risk_certain: bool
    """False when something could not be read. `risk` is then the highest possible risk."""
    record_state: RecordState
    record: Partnership | None
    concerns: tuple[Concern, ...]
    access: AccessReport | None = None
    """The effect of Conditional Access on its people. None when nobody has access, or when it was not read."""

    @property
    def has_settings(self) -> bool:
        """Return whether it has its own configuration in the tenant."""
        return self.configuration is not None

    @property
    def is_blocked_until_added(self) -> bool:
        """Return whether it is blocked because it is in another Microsoft cloud and not added in our tenant."""
        return self.configuration is None and self.identity is not None and not self.identity.is_resolved

    @property
    def is_not_adopted(self) -> bool:
        """Return whether it is open in some way, has no record, and can be adopted."""
        codes = {concern.code for concern in self.concerns if concern.severity is not ConcernSeverity.NOTE}
        return bool(codes & NO_RECORD_CODES) and may_be_adopted(codes)

    @property
    def severity(self) -> ConcernSeverity | None:
        """Return the severity of its most serious concern."""
        return max((concern.severity for concern in self.concerns), default=None)

    @property
    def name(self) -> str:
        """Return its default domain, or its tenant id when no domain is known. The domain is text from outside."""
        return self.identity.name if self.identity else self.tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """A tenant's security posture at one moment: the access that its default and every partner's settings give.

    “Posture” is Microsoft's word for the state of a tenant's security settings, measured against what they should be.
    """

    read_at: datetime
    home: TenantId | None
    """The tenant's own id; None when it is not known."""
    default: DefaultPosture
    partners: tuple[PartnerPosture, ...]
    """The partners; the one with the most serious concern is first."""
    partner_count: int
    """The number of partners in the tenant. `partners` may contain more, which only our records contain."""
    records_are_read: bool
    unanswered: int
    """The number of lookups by tenant id without an answer."""

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """Return every concern. The concerns of the default come first."""
        return (*self.default.concerns, *(concern for partner in self.partners for concern in partner.concerns))

    @property
    def not_adopted(self) -> tuple[PartnerPosture, ...]:
        """Return the partners that are open in some way, have no record, and can be adopted."""
        return tuple(partner for partner in self.partners if partner.is_not_adopted)

    def count(self, severity: ConcernSeverity) -> int:
        """Count the concerns of one severity."""
        return sum(concern.severity is severity for concern in self.concerns)


def sorted_concerns(concerns: Iterable[Concern]) -> tuple[Concern, ...]:
    """Sort concerns, the most serious first. Equally serious ones keep their order."""
    return tuple(sorted(concerns, key=lambda concern: -concern.severity))


def sorted_partners(partners: Iterable[PartnerPosture]) -> tuple[PartnerPosture, ...]:
    """Sort partners: by the most serious concern, then by risk (both the highest first), then by name."""
    return tuple(
        sorted(
            partners,
            key=lambda partner: (
                -(partner.severity or 0),
                -partner.risk.level,
                partner.name.lower(),
                partner.tenant_id,
            ),
        )
    )

"""A tenant's posture: the access that its default and every partner's settings give, and the concerns about it.

Data only; `rows` fills it in. It states nothing about what could not be read.
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
from workflows.core.posture.codes import ConcernCode
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import EffectiveFlag, EffectiveTargets
from workflows.core.settings.model import Property, TenantId
from workflows.core.settings.openness import AccessKind, Openness


class Weight(IntEnum):
    """How serious a concern is; a higher value is more urgent."""

    NOTE = 1
    UNCHECKED = 2
    WARNING = 3
    ALERT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing about a partner or the default that somebody should know."""

    code: ConcernCode
    weight: Weight
    values: Values = field(default_factory=dict)
    """The values that its code names. May contain text from the tenant or the records: show it as plain text."""

    def __hash__(self) -> int:
        """Hash without the values, because they may be lists."""
        return hash((self.code, self.weight))


@dataclass(frozen=True, slots=True, kw_only=True)
class B2BAccess:
    """One kind of access, with its current state for a partner."""

    opening: Openness
    targets: EffectiveTargets


class RecordState(StrEnum):
    """The state of a partner in our own records. The values are words for programs."""

    KEPT = "kept"
    NONE = "none"
    UNREADABLE = "unreadable"
    NOT_READ = "not read"
    """There were no records to read, so it is not known whether there is one of this partner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPosture:
    """The tenant's default, which applies to every tenant without its own settings."""

    is_read: bool
    is_service_default: bool
    """Whether it is Microsoft's own default, never changed by this tenant."""
    b2b_access: Mapping[Property, B2BAccess]
    trust: Mapping[str, EffectiveFlag]
    document: JsonObject | None
    """The document as it was read."""
    access_kinds: tuple[AccessKind, ...]
    """Every kind of access, with its state for a partner without its own settings."""
    concerns: tuple[Concern, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerPosture:
    """One partner."""

    tenant_id: TenantId
    identity: TenantIdentity | None
    """The partner's identity from our records or a lookup. The list of partners contains tenant ids only."""
    configuration: JsonObject | None
    """The configuration as listed; None for a partner of our records that has no configuration in the tenant (any
    more)."""
    b2b_access: Mapping[Property, B2BAccess]
    trust: Mapping[str, EffectiveFlag]
    redemption: Mapping[str, EffectiveFlag]
    """Our flags by direction. The other tenant's flags cannot be read."""
    synchronization: EffectiveFlag
    """Of users and of everything else that the policy may allow. Not known when it contains undescribed members."""
    access_kinds: tuple[AccessKind, ...]
    """Every kind of access, open or closed."""
    unmanaged: tuple[str, ...]
    """Graph's names of other settings that Gatehouse neither reads nor writes."""
    risk: Risk
    is_risk_certain: bool
    """False when something could not be read, so that the risk is the highest possible."""
    record_state: RecordState
    record: Partnership | None
    concerns: tuple[Concern, ...]
    access: AccessReport | None = None
    """The effect of Conditional Access on its people today. None when nobody comes in, or when it was not read."""

    @property
    def has_settings(self) -> bool:
        """Return whether it has its own configuration in the tenant."""
        return self.configuration is not None

    @property
    def is_barred(self) -> bool:
        """Return whether it is blocked because it is in another Microsoft cloud and is not added here.

        No default applies to it.
        """
        return self.configuration is None and self.identity is not None and not self.identity.is_resolved

    @property
    def weight(self) -> Weight | None:
        """Return the weight of its most serious concern."""
        return max((concern.weight for concern in self.concerns), default=None)

    @property
    def name(self) -> str:
        """Return its default domain or else its tenant id. The domain is text from outside."""
        return self.identity.name if self.identity else self.tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """A tenant's security posture at one moment: the access that its default and every partner's settings give.

    “Posture” is Microsoft's word for the state of a tenant's security settings, measured against what they should be.
    """

    read_at: datetime
    home: TenantId | None
    """None: the tenant's identity is not known."""
    default: DefaultPosture
    partners: tuple[PartnerPosture, ...]
    """The partner with the most serious concern first."""
    listed: int
    """How many partners the tenant has. `partners` may contain more, known only from our records."""
    records_are_read: bool
    unanswered: int
    """How many lookups by tenant id gave no answer."""

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """Return every concern, the default's first."""
        return (*self.default.concerns, *(one for partner in self.partners for one in partner.concerns))

    def count(self, weight: Weight) -> int:
        """Count the concerns of one weight."""
        return sum(concern.weight is weight for concern in self.concerns)


def sorted_concerns(concerns: Iterable[Concern]) -> tuple[Concern, ...]:
    """Sort by weight, the most serious first. Equal ones keep their order."""
    return tuple(sorted(concerns, key=lambda concern: -concern.weight))


def sorted_partners(partners: Iterable[PartnerPosture]) -> tuple[PartnerPosture, ...]:
    """Sort the most serious first: by concern, then by risk, then by name."""
    return tuple(
        sorted(
            partners,
            key=lambda one: (-(one.weight or 0), -one.risk.level, one.name.lower(), one.tenant_id),
        )
    )

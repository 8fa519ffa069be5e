"""A tenant's posture: what its default and every partner's settings let in and out, merged, and what is wrong with it.

Data only; `posture_rows` fills it in. Nothing in it is claimed of what could not be read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.current_settings import CurrentSetting, describe_current
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.risk import Risk
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import EffectiveFlag, EffectiveTargets
from workflows.core.settings.model import Property, TenantId
from workflows.core.settings.openness import Opening, Way


class Weight(IntEnum):
    """How much a concern weighs; the higher, the sooner somebody should look."""

    NOTE = 1
    UNCHECKED = 2
    WARNING = 3
    ALERT = 4

    @property
    def word(self) -> str:
        """The word that people and programs read."""
        return "could not be checked" if self is Weight.UNCHECKED else self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing about a partner or the default that somebody should know."""

    code: str
    weight: Weight
    text: str
    """Complete sentences. May hold text from the tenant or the records: show it as plain text."""
    source: str
    """The vendor page, or where in our own records it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way in or out, as it stands for a partner."""

    opening: Opening
    targets: EffectiveTargets


class RecordState(StrEnum):
    """What our own records say of a partner; the values are words for programs."""

    KEPT = "kept"
    NONE = "none"
    UNREADABLE = "unreadable"
    NOT_READ = "not read"
    """There were no records to read: whether there is one of this partner is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPosture:
    """The tenant's default: what applies to every tenant without settings of its own."""

    is_read: bool
    is_service_default: bool
    """Microsoft's own, never changed by this tenant."""
    doors: Mapping[Property, Door]
    trust: Mapping[str, EffectiveFlag]
    document: JsonObject | None
    """As it was read."""
    ways: tuple[Way, ...]
    """Every way in and out, as it stands for a partner without settings of its own."""
    concerns: tuple[Concern, ...]

    @property
    def current(self) -> tuple[CurrentSetting, ...]:
        """Every setting of it in words."""
        return describe_current(None, self.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerPosture:
    """One partner."""

    tenant_id: TenantId
    identity: TenantIdentity | None
    """Who that is, as far as our records or a lookup tell: the list of partners knows tenant ids only."""
    configuration: JsonObject | None
    """As it was listed; None for a partner of our records that has no configuration in the tenant (any more)."""
    doors: Mapping[Property, Door]
    trust: Mapping[str, EffectiveFlag]
    redemption: Mapping[str, EffectiveFlag]
    """Our half, by direction; the other tenant's half cannot be seen."""
    synchronization: EffectiveFlag
    """Of users and of whatever else the policy may let in: not known where it holds more than its description has."""
    ways: tuple[Way, ...]
    """Every way in and out, open or closed."""
    unmanaged: tuple[str, ...]
    """What else is set that Gatehouse neither reads nor writes, in Graph's names."""
    risk: Risk
    is_risk_certain: bool
    """False: something could not be read, so that the risk is the most it can be."""
    record_state: RecordState
    record: Partnership | None
    concerns: tuple[Concern, ...]
    access: AccessReport | None = None
    """What Conditional Access means for its people today; None: nobody asked, because nobody comes in or it was not
    looked at."""

    @property
    def has_settings(self) -> bool:
        """Return whether it has a configuration of its own in the tenant."""
        return self.configuration is not None

    @property
    def is_barred(self) -> bool:
        """Return whether it is blocked for being in another Microsoft cloud and not added here: no default applies."""
        return self.configuration is None and self.identity is not None and not self.identity.is_resolved

    @property
    def weight(self) -> Weight | None:
        """The weight of its gravest concern."""
        return max((concern.weight for concern in self.concerns), default=None)

    @property
    def name(self) -> str:
        """Its default domain or else its tenant id. The domain is text from outside."""
        return self.identity.name if self.identity else self.tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """The whole tenant, as read."""

    read_at: datetime
    home: TenantId | None
    """None: the tenant could not be named."""
    default: DefaultPosture
    partners: tuple[PartnerPosture, ...]
    """The gravest first."""
    listed: int
    """How many partners the tenant has; `partners` may hold more, known from our records only."""
    records_are_read: bool
    unanswered: int
    """How many partners were looked up by tenant id without an answer."""

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """Every concern, the default's first."""
        return (*self.default.concerns, *(one for partner in self.partners for one in partner.concerns))

    def count(self, weight: Weight) -> int:
        """Count the concerns of one weight."""
        return sum(concern.weight is weight for concern in self.concerns)


def sorted_concerns(concerns: Iterable[Concern]) -> tuple[Concern, ...]:
    """Put the gravest first; equals stay in the order in which they were found."""
    return tuple(sorted(concerns, key=lambda concern: -concern.weight))


def sorted_partners(partners: Iterable[PartnerPosture]) -> tuple[PartnerPosture, ...]:
    """Put the gravest first: by concern, then by risk, then by name."""
    return tuple(
        sorted(
            partners,
            key=lambda one: (-(one.weight or 0), -one.risk.level, one.name.lower(), one.tenant_id),
        )
    )

"""What was read for a diagnosis, or why it could not be read. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from workflows.core.checks.conditional_access.controls import Remedy, VisitorType
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.tenant_facts import AccountDisabling, AddressAccount, SignInLog, UnreadableFact
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.risk import RiskLevel
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import ALL_MICROSOFT_APPS, OFFICE_365, is_guid

TEAMS_APPLICATIONS: Final = frozenset(
    {
        *("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"),
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
    }
)
"""Teams (Microsoft: "Verify first-party Microsoft applications in sign-in reports")."""
SHAREPOINT_APPLICATIONS: Final = frozenset(
    {
        *("00000003-0000-0ff1-ce00-000000000000", "d3590ed6-52b3-4102-aeff-aad2292ab01c"),
        *("00000006-0000-0ff1-ce00-000000000000", "4765445b-32c6-49b0-83e6-1d93765276ca"),
        *(OFFICE_365.lower(), ALL_MICROSOFT_APPS.lower()),
    }
)
"""SharePoint, and what contains it (Microsoft: "Verify first-party Microsoft applications in sign-in reports")."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[Value]):
    """One fact, or why it could not be read, and when."""

    value: Value | UnreadableFact
    at: datetime


class HomeKind(StrEnum):
    """Where the people of a domain have their accounts."""

    ORGANIZATION = "organization"
    """In one Entra tenant of our cloud."""
    OTHER_CLOUD = "other_cloud"
    """In a tenant whose id this cloud does not know."""
    NO_TENANT = "no_tenant"
    """In no tenant of this cloud."""
    PERSONAL = "personal"
    """They are personal accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The home of the people who are asked about."""

    kind: HomeKind
    identity: TenantIdentity | None = None
    clouds: tuple[str, ...] = ()
    """The other clouds that our tenant has enabled. Only read where the tenant is not known here."""
    similar: tuple[str, ...] = ()
    """Domains of recorded partners that may be meant, where no tenant has the domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedApplication:
    """The application that was asked about."""

    typed: str
    id: str = ""
    """Its application id, in lower case; empty when our tenant has none with this name or id, or several."""
    name: str = ""
    others: tuple[str, ...] = ()
    """The names of several applications that the typed text may mean."""
    similar: tuple[str, ...] = ()
    """Names that may be meant, where there is no application of this name."""

    @property
    def is_unknown_name(self) -> bool:
        """Return whether nobody knows an application of this name: people write names in their own words.

        An id is exact. One that our tenant does not have is no typing error.
        """
        return not self.id and not self.others and not is_guid(self.typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedApplications:
    """The single applications that our settings allow, or block. All others are the opposite."""

    is_allow_list: bool
    ids: tuple[str, ...]
    """Application ids in lower case, or Graph's words for suites."""
    names: tuple[str, ...] = ()
    """Empty where the reader does not see names of our own objects, or where they could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTemplate:
    """What a template would do for people of the partner, as far as a diagnosis needs it."""

    name: str
    """As the request form names it."""
    accepts: frozenset[Remedy] = frozenset()
    """What of the partner's tenant it accepts."""
    refuses: frozenset[Remedy] = frozenset()
    """What it says not to accept, also where it is accepted now."""
    applications: frozenset[str] = frozenset()
    """The applications that it opens to guests, by id or Graph's words for all and for suites, in lower case."""
    placeholders: int = 0
    """How many applications the requester names, which it opens besides."""
    opens_channels: bool = False
    """Whether it opens shared channels."""
    risk: RiskLevel = RiskLevel.LOW
    settings: int = 0
    """How many settings it writes: of two with one risk, the one that writes less comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disabling:
    """The request by which Gatehouse disabled an account."""

    request: RequestId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRecord:
    """What Gatehouse recorded of the partner."""

    closed_state: str = ""
    """`suspended` or `revoked`; empty while it is not closed."""
    has_drifted: bool = False
    """Whether the last sweep found other settings than were approved."""
    needed_steps: int = 0
    """How many steps the partner has to do."""
    confirmed_steps: int = 0
    outbound_confirmed_by: str = ""
    """Who confirmed that the partner lets its people out to us; empty when nobody did."""
    outbound_confirmed_at: datetime | None = None
    settings_since: datetime | None = None
    """When our settings for the partner were read back after the last change that Gatehouse made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisFacts:
    """All that one diagnosis knows. A read that is None was not made, because it has no subject."""

    subject: str
    domain: str
    is_person: bool
    home: Read[Home]
    configuration: Read[JsonObject | None] | None
    """The partner's own configuration here; None as a value when it has none."""
    default: Read[JsonObject]
    application: Read[NamedApplication] | None
    record: PartnerRecord | None
    accounts: Read[tuple[AddressAccount, ...]] | None
    authorization: Read[JsonObject]
    access: Read[AccessReport] | None
    is_account_evaluated: bool = False
    """Whether Entra evaluated the person's own account, with its groups and roles."""
    sharepoint: Read[JsonObject]
    sign_ins: Read[SignInLog] | None
    waiting: tuple[AccessRequest, ...] = ()
    """The open requests about this partner."""
    enabling: tuple[AccessRequest, ...] = ()
    """The open requests that enable the account of the person."""
    listed: ListedApplications | None = None
    """None when our settings name no single applications, or are not known."""
    disabled_by: Disabling | None = None
    """None when Gatehouse did not disable the account of the person, or enabled it later."""
    disabled_in_log: Read[AccountDisabling | None] | None = None
    """The newest entry of Entra's audit log about a disabled account; None as a value when it has none."""
    enables_accounts: bool = False
    """Whether Gatehouse can enable accounts, after an approval."""
    templates: tuple[OfferedTemplate, ...] = ()
    """The templates that can be requested and open something."""
    template_names: Mapping[str, str] = field(default_factory=dict)
    """The names of applications that templates open or policies name, by id in lower case; empty where the reader does
    not see them."""

    @property
    def is_direct_connect(self) -> bool:
        """Return whether Conditional Access was asked about a person of shared channels, who has no account here."""
        report = None if self.access is None else self.access.value
        return isinstance(report, AccessReport) and VisitorType.DIRECT_CONNECT in report.visitors

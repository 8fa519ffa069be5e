"""The facts that are read in our tenant before a decision: each fact, or why it could not be read. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workflows.core.people import PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Target


class UnreadableReason(StrEnum):
    """Why a fact could not be read."""

    FORBIDDEN = "forbidden"
    NO_LICENCE = "no_licence"
    REFUSED = "refused"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    NOT_OFFERED = "not_offered"
    OUT_OF_TIME = "out_of_time"
    NOT_ASKED = "not_asked"
    """Many partners are decided together, and the service answers only a few questions a second."""


class CapabilityAccess(StrEnum):
    """Whether the Microsoft 365 capabilities of partners can be read and written."""

    AVAILABLE = "available"
    NOT_GRANTED = "not_granted"
    """The application does not have the permission, or Microsoft Graph refuses it."""
    NOT_AVAILABLE = "not_available"
    """Microsoft has not given them to this tenant yet, or does not offer them in this cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableFact:
    """A fact that could not be read. It never means that nothing was found."""

    reason: UnreadableReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIns:
    """Successful sign-ins in one direction in the requested period."""

    people: int
    applications: tuple[str, ...]
    """The display names, sorted. An application without a name is an empty text."""
    is_complete: bool
    """False when not every page was read. The real numbers may then be larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAccount:
    """An account of our tenant that belongs to a mail address. Texts are as Graph returns them; empty when unknown."""

    id: PersonId
    name: str = ""
    principal_name: str = ""
    issuers: tuple[str, ...] = ()
    """Who confirms the person's identity: `ExternalAzureAD` for another tenant."""
    state: str = ""
    """`PendingAcceptance`, `Accepted`, or empty."""
    is_enabled: bool = True
    is_member: bool = False
    """False for guests."""
    state_since: datetime | None = None
    """Since when it has its state; None when Graph does not say."""

    @property
    def is_external(self) -> bool:
        """Return whether the account was made for a person of another organization."""
        return "#ext#" in self.principal_name.lower()

    @property
    def is_pending(self) -> bool:
        """Return whether the invitation was not accepted."""
        return self.state.lower() == "pendingacceptance"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDisabling:
    """An entry of Entra's audit log: who disabled an account, and when. Texts are from the tenant."""

    by: str
    """The name of the person or the application; empty when the log names none."""
    at: datetime | None
    is_by_application: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedSignIn:
    """One sign-in to our tenant from the log, with Microsoft's code of its result."""

    user_id: PersonId
    address: str
    """The name that the person signed in with, in lower case."""
    at: datetime | None
    """None when the log names no time."""
    code: int | None
    """0 for a success; None when the log names no code."""
    application: str = ""
    correlation_id: str = ""
    """The id by which the partner finds the same event in its own log."""

    @property
    def is_success(self) -> bool:
        """Return whether the person got in."""
        return self.code == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLog:
    """The newest sign-ins of one tenant's people to our tenant."""

    entries: tuple[LoggedSignIn, ...]
    is_complete: bool
    """False when not every page was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightFacts:
    """The facts that were read in addition to the partner itself."""

    default: JsonObject | UnreadableFact
    access_policy: JsonObject | UnreadableFact
    authorization: JsonObject | UnreadableFact
    sharepoint: JsonObject | UnreadableFact
    conditional_access: tuple[JsonObject, ...] | UnreadableFact
    sign_ins: SignIns | UnreadableFact
    """Sign-ins of the partner's people in our tenant."""
    outbound_sign_ins: SignIns | UnreadableFact
    """Sign-ins of our people in the partner's tenant."""
    by_id: TenantIdentity | UnreadableFact | None
    """The identity that Entra returns for the tenant id; None when Entra does not know the id."""
    own_domains: tuple[str, ...] | UnreadableFact
    names: Mapping[Target, str | UnreadableFact | None] = field(default_factory=dict)
    """The names of the plan's ids in our tenant; None for an id that our tenant does not have."""

"""The facts that are read in our tenant before a decision: each fact, or why it could not be read. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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

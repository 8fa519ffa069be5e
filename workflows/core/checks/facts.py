"""The facts that are read in our tenant before a decision; each fact, or why it is not known. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Target


class UnreadReason(StrEnum):
    """Why a fact is not known."""

    FORBIDDEN = "forbidden"
    NO_LICENCE = "no_licence"
    REFUSED = "refused"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    NOT_OFFERED = "not_offered"
    OUT_OF_TIME = "out_of_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A fact that could not be read. It never means that nothing was found."""

    why: UnreadReason


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

    default: JsonObject | Unread
    access_policy: JsonObject | Unread
    authorization: JsonObject | Unread
    sharepoint: JsonObject | Unread
    conditional_access: tuple[JsonObject, ...] | Unread
    sign_ins: SignIns | Unread
    """Sign-ins of the partner's people in our tenant."""
    outbound_sign_ins: SignIns | Unread
    """Sign-ins of our people in the partner's tenant."""
    by_id: TenantIdentity | Unread | None
    """The identity that Entra returns for the tenant id; None when Entra does not know the id."""
    own_domains: tuple[str, ...] | Unread
    names: Mapping[Target, str | Unread | None] = field(default_factory=dict)
    """The names of the plan's ids in our tenant; None for an id that our tenant does not have."""

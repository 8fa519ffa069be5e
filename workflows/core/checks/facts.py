"""What a preflight read in the home tenant: each fact, or why it is not known. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Target


class Why(StrEnum):
    """Why a fact is not known, as a reader sees it."""

    FORBIDDEN = "permission missing"
    NO_LICENCE = "no licence"
    REFUSED = "refused"
    THROTTLED = "throttled"
    UNREACHABLE = "no answer"
    NOT_OFFERED = "not available in this Microsoft cloud"
    OUT_OF_TIME = "no time left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """A fact that could not be read. Never the same as "nothing found"."""

    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIns:
    """Successful sign-ins in one direction in the period that was asked for."""

    people: int
    applications: tuple[str, ...]
    """Display names, alphabetical."""
    is_complete: bool
    """False: there were more pages than were read, so the numbers are lower bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightFacts:
    """What was read beside the partner itself."""

    default: JsonObject | Unchecked
    access_policy: JsonObject | Unchecked
    authorization: JsonObject | Unchecked
    sharepoint: JsonObject | Unchecked
    conditional_access: tuple[JsonObject, ...] | Unchecked
    sign_ins: SignIns | Unchecked
    """Of the partner's people here."""
    outbound_sign_ins: SignIns | Unchecked
    """Of our people at the partner."""
    by_id: TenantIdentity | Unchecked | None
    """What Entra says of the tenant id by itself; None: it does not know the id."""
    own_domains: tuple[str, ...] | Unchecked
    names: Mapping[Target, str | Unchecked | None] = field(default_factory=dict)
    """What our directory calls the ids that the plan names; None: it knows no such id."""

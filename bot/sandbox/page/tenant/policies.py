"""Show the Conditional Access policies: their purpose, and whether each is on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

_STATES = {
    "enabled": ("On", "open"),
    "disabled": ("Off", "off"),
    "enabledForReportingButNotEnforced": ("Report-only", "mixed"),
}
_VISITORS = {
    "b2bCollaborationGuest": "guests",
    "b2bCollaborationMember": "synchronized members",
    "b2bDirectConnectUser": "direct connect users",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """One policy as the page shows it."""

    id: str
    name: str
    whom: str
    state: str
    tone: str
    is_on: bool

    @property
    def next_state(self) -> str:
        """Return the state, in Graph's words, that a press of its button sets."""
        return "disabled" if self.is_on else "enabled"


def policy_rows(state: Json) -> tuple[PolicyRow, ...]:
    """Return the tenant's policies in their order in the tenant."""
    policies: Json = state.get("conditionalAccessPolicies") or {}
    return tuple(_row(policy_id, policy) for policy_id, policy in policies.items())


def _row(policy_id: str, policy: Json) -> PolicyRow:
    words, tone = _STATES.get(str(policy.get("state")), (str(policy.get("state")), "mixed"))
    return PolicyRow(
        id=policy_id,
        name=str(policy.get("displayName") or policy_id),
        whom=", ".join(_included_users(policy)) or "selected users",
        state=words,
        tone=tone,
        is_on=policy.get("state") != "disabled",
    )


def _included_users(policy: Json) -> Iterator[str]:
    conditions = policy.get("conditions")
    users = conditions.get("users") if isinstance(conditions, dict) else None
    if not isinstance(users, dict):
        return
    included = users.get("includeUsers") or ()
    if "All" in included:
        yield "all users"
    if "GuestsOrExternalUsers" in included:
        yield "all guests and external users"
    external = users.get("includeGuestsOrExternalUsers")
    guest_types = str(external.get("guestOrExternalUserTypes") or "") if isinstance(external, dict) else ""
    yield from (words for kind, words in _VISITORS.items() if kind in guest_types.split(","))

"""What is sent or answered here although the installed msgraph-sdk lacks it: each by name, with the reason."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Instead(NamedTuple):
    """What a call is compared with when the SDK does not have it."""

    method: str | None
    """Another method at the same address that takes the same bodies; None where nothing describes them."""
    reason: str


CALLS: Final[Mapping[tuple[str, str], Instead]] = {
    ("POST", "/$batch"): Instead(
        method=None, reason="Its envelopes are part of the SDK's core, not of what is generated from the description."
    ),
    ("PATCH", "/policies/crossTenantAccessPolicy/partners/{id}/identitySynchronization"): Instead(
        method="PUT", reason="Graph's reference page and its table of permissions have it; its bodies are those of PUT."
    ),
}
"""By method and address, with `{id}` for each id."""
_PARTNER: Final = "CrossTenantAccessPolicyConfigurationPartner"
_SHOWN: Final = (
    "The service shows it of every partner (sample output in Microsoft's guide to cross-tenant synchronization)."
)
MEMBERS: Final[Mapping[tuple[str, str], str]] = {
    (_PARTNER, "crossCloudMeetingConfiguration"): _SHOWN,
    (_PARTNER, "protectedContentSharing"): _SHOWN,
}
"""By model and member. What such a member holds is not looked into: nothing describes it."""
VALUES: Final[Mapping[tuple[str, str], str]] = {}
"""By enumeration and value."""
QUERY: Final[Mapping[str, str]] = {
    "$skiptoken": "Graph's own part of `@odata.nextLink`, which clients follow as it is.",
}
REQUIRED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("POST", "/policies/crossTenantAccessPolicy/partners"): ("tenantId",),
}
"""What must not be missing from a body. The SDK does not say it; Graph's reference page does ("Create …Partner")."""

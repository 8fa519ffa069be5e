"""The codes of a posture's concerns. Programs read them, so they are never renamed.

`settings` are Graph's names of settings. `ways` are kinds of access: objects with `name` and `opening` (see
`workflows.core.settings.open_access`). Times are ISO 8601.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final


class ConcernCode(StrEnum):
    """The code of a concern about a partner or the default."""

    # The records, compared with what was read.
    UNFINISHED = "unfinished"
    """A request began to write the partner, and then failed or was stopped. Values: `request_id`, `state`."""
    UNKNOWN_TO_GATEHOUSE = "unknown_to_gatehouse"
    NOT_COMPARED = "not_compared"
    CAPABILITIES_NOT_READ = "capabilities_not_read"
    """Microsoft 365 capabilities were approved, and the list of them could not be read. So they are not compared."""
    """The request cannot be read. Values: `request_id`."""
    DIFFERS_FROM_APPROVED = "differs_from_approved"
    """Values: `request_id`, `settings`, `is_overwritten` (whether somebody changed it while it was written), `is_part`
    (whether only a part of it was read back)."""
    ABSENT = "absent"
    """Recorded as open, without settings in the tenant. Values: `is_other_cloud`, `is_default_read`, `ways`."""
    REVOKED_BUT_ABSENT = "revoked_but_absent"
    """Recorded as revoked, without settings in the tenant. Values: as for `absent`."""
    REVOKED_BUT_OPEN = "revoked_but_open"
    """Values: `open` and `unknown`, both `ways`. When `open` is empty, it is only possible that access is open."""
    REVOKED_NOT_KNOWN = "revoked_not_known"
    """It is not known whether everything is closed. Values: `unknown`, which are `ways`."""
    REVOKED_NOT_EXPLICIT = "revoked_not_explicit"
    """Closed without an explicit block. Values: `settings`."""
    BEING_WRITTEN = "being_written"
    RECORD_UNREADABLE = "record_unreadable"
    TIME_IS_OVER = "time_is_over"
    """Values: `ended_at`."""
    REVIEW_OVERDUE = "review_overdue"
    """Values: `sponsor` and `reminders` when the sponsor was asked; otherwise both are null, and `due_at` is set."""

    # The partner's own settings.
    SYNCHRONIZATION_ON = "synchronization_on"
    ALL_TRUST_ALL_APPLICATIONS = "all_trust_all_applications"
    """Values: `settings`."""
    INHERITS_OPEN_DEFAULT = "inherits_open_default"
    """Values: `settings`, `is_microsofts` (whether the tenant never changed that default)."""
    ALSO_OPEN = "also_open"
    """Values: `ways`."""
    NOT_KNOWN_CLOSED = "not_known_closed"
    """Values: `ways`."""
    NOT_CERTAIN = "not_certain"
    """Values: `setting`, `doubts` (values of `Doubt`)."""
    UNREADABLE = "unreadable"
    """Values: `settings`."""
    SERVICE_PROVIDER = "service_provider"
    MULTI_TENANT_ORGANIZATION = "multi_tenant_organization"
    MICROSOFT_SUPPORT = "microsoft_support"

    # Conditional Access.
    CONDITIONAL_ACCESS_UNREADABLE = "conditional_access_unread"
    """Values: `why` (a value of `UnreadableReason`)."""
    LOCKED_OUT = "ca_locked_out"
    """Values: as for `FindingCode.CA_LOCKED_OUT`."""
    ESTIMATE = "ca_estimate"
    """Values: as for `FindingCode.CA_ESTIMATE`, without `questions`."""

    # The default.
    DEFAULT_CHANGED = "default_changed"
    """Found by a sweep, not by a posture: the default is not as it was first read."""
    DEFAULT_UNREADABLE = "default_unread"
    """Values: `reason`: why it could not be read."""
    DEFAULT_TRUSTS_EVERYBODY = "default_trusts_everybody"
    """Values: `flags`, the model's names."""
    DEFAULT_OPEN_B2B_COLLABORATION_INBOUND = "default_open_b2b_collaboration_inbound"
    """Values: `is_whole` (False: in part)."""
    DEFAULT_OPEN_B2B_COLLABORATION_OUTBOUND = "default_open_b2b_collaboration_outbound"
    """Values: `is_whole`."""
    DEFAULT_OPEN_B2B_DIRECT_CONNECT_INBOUND = "default_open_b2b_direct_connect_inbound"
    """Values: `is_whole`."""
    DEFAULT_OPEN_B2B_DIRECT_CONNECT_OUTBOUND = "default_open_b2b_direct_connect_outbound"
    """Values: `is_whole`."""
    DEFAULT_ALSO_OPEN = "default_also_open"
    """Values: `ways`."""
    DEFAULT_NOT_KNOWN_CLOSED = "default_not_known_closed"
    """Values: `ways`."""
    DEFAULT_SETTINGS_UNREADABLE = "default_unreadable"
    """Values: `settings`."""
    DEFAULT_IS_MICROSOFTS = "default_is_microsofts"


NO_RECORD_CODES: Final = frozenset({ConcernCode.UNKNOWN_TO_GATEHOUSE, ConcernCode.UNFINISHED})
"""The partner is configured in the tenant, and Gatehouse has no record of it."""
_ADOPTABLE: Final = NO_RECORD_CODES | {ConcernCode.DIFFERS_FROM_APPROVED, ConcernCode.REVOKED_BUT_OPEN}
_NEVER_ADOPTED: Final = frozenset({ConcernCode.SERVICE_PROVIDER, ConcernCode.MICROSOFT_SUPPORT})
"""Somebody else writes the settings of these partners, and no request about them is accepted."""


def may_be_adopted(codes: Collection[ConcernCode]) -> bool:
    """Return whether a partner with these concerns can be adopted. Notes do not count as concerns here."""
    return not _ADOPTABLE.isdisjoint(codes) and _NEVER_ADOPTED.isdisjoint(codes)

"""Why a list of Entra was not read to its end. The scan for reviews and a list of guests say the same."""

from typing import Final

from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.reviewing.evidence.usage import SourceRead
from workflows.ports.tenant import TenantRefused, TenantUnavailable, why_refused

NO_ACTIVITY: Final = (UnreadableReason.FORBIDDEN, UnreadableReason.NO_LICENCE, UnreadableReason.REFUSED)
"""Why guests are read again without their last sign-in: the permission or the licence for it is missing."""


def source_of_error(error: TenantRefused | TenantUnavailable, permission: str, *, rows: int) -> SourceRead:
    """Return why a list was not read to its end.

    :param permission: the permission that the read needs.
    :param rows: how many rows were read before the error.
    """
    if isinstance(error, TenantRefused):
        reason = why_refused(error)
        return SourceRead(
            rows=rows, unread=reason, permission=permission if reason is UnreadableReason.FORBIDDEN else ""
        )
    return SourceRead(
        rows=rows, unread=UnreadableReason.THROTTLED if error.is_throttled else UnreadableReason.UNREACHABLE
    )

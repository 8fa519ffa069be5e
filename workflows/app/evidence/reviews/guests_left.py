"""How many guest accounts of a closed partner stay, as the last scan for reviews counted them.

A boundary: every message about a closed partner says the same, in the chat and at the terminal.
"""

from typing import Any, Final

from workflows.core.partners.reviewing.evidence.partner_evidence import was_looked_for
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store

_MAX_REQUESTS: Final = 100
"""The newest requests of a partner that tell whether it had a record when the scan began."""


async def read_guests_left(tenant_id: TenantId, store: Store) -> dict[str, Any]:
    """Return the values of `MessageCode.CLOSED` about guests: how many, whether there may be more, when it was read.

    `guests` is None when the number is not known: also where the scan is older than the partner's record, or began
    while the partner was revoked. Such a scan did not look for it.
    """
    scan, usage = await store.usage_scan(), await store.partner_usage(tenant_id)
    count = 0 if usage is None else usage.guests.count
    if scan is None or not (count or scan.guests.is_complete):  # of a list that was cut, none means nothing
        return {"guests": None}
    if not count and not was_looked_for(await store.requests_for(tenant_id, _MAX_REQUESTS), scan.taken_at):
        return {"guests": None}
    return {"guests": count, "is_at_least": not scan.guests.is_complete, "guests_read_at": scan.taken_at.isoformat()}

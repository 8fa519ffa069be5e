"""Say in the message about a closed partner how many of its guests have an account here: accounts stay.

A boundary: the only message that contains what a scan for reviews found.
"""

from dataclasses import replace
from typing import Any

from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import tenant_of
from workflows.core.requests.effects import MessageCode, SendMessage
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store


async def with_guests(message: SendMessage, store: Store) -> Fact:
    """Return the content of a message; one about a closed partner with its guests, as the last scan counted them."""
    fact, request_id = message.fact, message.subject.request_id
    if fact.code != MessageCode.CLOSED or request_id is None:  # a stored code is plain text
        return fact
    request = await store.request(request_id)
    tenant_id = None if request is None else tenant_of(request)
    if tenant_id is None:
        return fact
    return replace(fact, values={**fact.values, **await _guests(tenant_id, store)})


async def _guests(tenant_id: TenantId, store: Store) -> dict[str, Any]:
    """Return the number of guests, whether there may be more, and when they were read; that it is not known."""
    scan, usage = await store.usage_scan(), await store.partner_usage(tenant_id)
    count = 0 if usage is None else usage.guests.count
    if scan is None or not (count or scan.guests.is_complete):  # of a list that was cut, none means nothing
        return {"guests": None}
    return {"guests": count, "is_at_least": not scan.guests.is_complete, "guests_read_at": scan.taken_at.isoformat()}

"""Say in the message about a closed partner how many of its guests have an account here: accounts stay.

A boundary: the message is stored before, and the number is read when it is sent.
"""

from dataclasses import replace

from workflows.app.evidence.reviews.guests_left import read_guests_left
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import tenant_of
from workflows.core.requests.effects import MessageCode, SendMessage
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
    return replace(fact, values={**fact.values, "tenant": tenant_id, **await read_guests_left(tenant_id, store)})

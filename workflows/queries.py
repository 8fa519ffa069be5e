"""What a person is shown: read-only answers over the store and today's roles."""

from workflows.core.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.request import AccessRequest
from workflows.ports import Directory, Listed, Store

MOST: int = 50
"""The most records that are read for one person's list; how many there are besides is counted."""


async def waiting_for(
    person: ChatId, *, store: Store, directory: Directory, limit: int = MOST
) -> Listed[AccessRequest]:
    """List the requests whose open stage this person could decide on now, oldest first."""
    roles = [role for role in await store.roles_waited_for() if person in await directory.holders(role)]
    return await store.requests_waiting(roles, person, limit) if roles else Listed(shown=(), count=0)


async def partnerships_shown_to(
    person: ChatId, *, store: Store, directory: Directory, limit: int = MOST
) -> Listed[Partnership]:
    """List the live partnerships: to every full member, and to nobody else."""
    if not await directory.is_member(person):
        return Listed(shown=(), count=0)
    return await store.live_partnerships(limit)

"""What a person is shown: read-only answers over the store and today's roles."""

from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.requests.request import AccessRequest
from workflows.ports.directory import Directory
from workflows.ports.records import Listed
from workflows.ports.store import Store

MOST: int = 50
"""The most records that are read for one person's list; how many there are besides is counted."""


async def waiting_for(
    person: ChatId, *, store: Store, directory: Directory, limit: int = MOST, known: Person | None = None
) -> Listed[AccessRequest]:
    """List the requests whose open stage this person could decide on now, oldest first.

    :param known: who this is, where that could be told: requests and roles may name another chat id of theirs.
    """
    ids = ids_of(person, known)
    roles = [role for role in await store.roles_waited_for() if ids & await directory.holders(role)]
    every: frozenset[ChatId | PersonId] = ids if known is None else ids | {known.id}
    return await store.requests_waiting(roles, every, limit) if roles else Listed(shown=(), count=0)


def ids_of(person: ChatId, known: Person | None) -> frozenset[ChatId]:
    """Return the chat ids by which somebody may be named."""
    return frozenset({person} if known is None else {person, known.chat_id})


async def partnerships_shown_to(
    person: ChatId, *, store: Store, directory: Directory, limit: int = MOST
) -> Listed[Partnership]:
    """List the live partnerships: to every full member, and to nobody else."""
    if not await directory.is_member(person):
        return Listed(shown=(), count=0)
    return await store.live_partnerships(limit)

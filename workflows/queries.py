"""What a person is shown: read-only answers over the store and today's roles."""

from collections.abc import Sequence

from workflows.core.partnership import Partnership, PartnershipState
from workflows.core.people import ChatId, Role
from workflows.core.request import AccessRequest, RequestState
from workflows.ports import Directory, Store


async def waiting_for(person: ChatId, *, store: Store, directory: Directory) -> Sequence[AccessRequest]:
    """List the requests whose open stage this person could decide on now, oldest first."""
    waiting = []
    holders: dict[Role, frozenset[ChatId]] = {}
    for request in await store.open_requests():
        if request.state is not RequestState.AWAITING_APPROVAL:
            continue
        verdict, known = request.verdict(), request.known
        taken = {known.requester.chat_id, known.sponsor.chat_id}
        taken |= {decider.chat_id for people in verdict.counted for decider in people}
        if verdict.open_stage is None or person in taken:
            continue
        role = known.stages[verdict.open_stage].role
        if role not in holders:
            holders[role] = await directory.holders(role)
        if person in holders[role]:
            waiting.append(request)
    return waiting


async def partnerships_shown_to(person: ChatId, *, store: Store, directory: Directory) -> Sequence[Partnership]:
    """List the live partnerships: to every full member, and to nobody else."""
    if not await directory.is_member(person):
        return []
    return [
        partnership for partnership in await store.partnerships() if partnership.state is not PartnershipState.REVOKED
    ]

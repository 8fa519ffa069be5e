"""For whom a request waits: the role of its open stage, and who holds that role and still may not decide."""

from dataclasses import dataclass

from workflows.core.people import ChatId, Role
from workflows.core.requests.request import AccessRequest, RequestState


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Who is asked now, as far as the request itself says it."""

    role: Role
    excluded: frozenset[ChatId]
    """Requester, sponsor, and whoever counts already."""


def waits_for(request: AccessRequest) -> Waiting | None:
    """Tell for whom a request waits; None while nobody is to decide on it."""
    if request.state is not RequestState.AWAITING_APPROVAL:
        return None
    known, verdict = request.known, request.verdict()
    if verdict.open_stage is None:
        return None
    excluded = {known.requester.chat_id, known.sponsor.chat_id}
    excluded |= {decider.chat_id for people in verdict.counted for decider in people}
    return Waiting(role=known.stages[verdict.open_stage].role, excluded=frozenset(excluded))

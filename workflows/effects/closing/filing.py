"""File a revocation or a suspension, and stop what would open access for the same partner."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.revoking import (
    REVOCATION_LIFETIME,
    requests_for_more_access,
    requests_stopped_by_revocation,
    require_may_close,
)
from workflows.core.partners.partnership import Partnership
from workflows.core.people import Person, is_chat_user
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.commands.automatic import Stop
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, Closing, RequestFields, RequestId, RequestKind
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledClosing:
    """What is filed: whose partner is closed, how, by whom and why."""

    identity: TenantIdentity
    partnership: Partnership | None
    closing: Closing
    person: Person
    """Who closes it, which was checked; or the user of the operating system."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingFiling:
    """Stores requests to close partners. Every method may be repeated safely with the same key."""

    service: Service
    store: Store

    async def file(self, filed: FiledClosing, request_id: RequestId, *, key: str) -> None:
        """Stop what would open access, store the request, then stop the earlier one that it replaces.

        In this order, a crash in between leaves one that is performed. The queue worker performs what is stored.

        :raises Refused: when the partner is being closed already, or cannot be suspended.
        """
        open_requests = [one for one in await self.store.open_requests() if one.id != request_id]
        require_may_close(filed.closing, filed.partnership, open_requests, filed.identity)
        partnership, person = filed.partnership, filed.person
        await self._stop(requests_for_more_access(open_requests, filed.identity), person)
        await self.service.submit(
            request_id,
            RequestFields(
                kind=RequestKind.REVOCATION,
                requester=person.chat_id,
                sponsor=person.chat_id if partnership is None else partnership.sponsor.chat_id,
                target=filed.identity.tenant_id,
                template=filed.closing.value,
                justification=filed.reason,
                duration=None,
                closing=filed.closing,
            ),
            key=key,
            decide_within=REVOCATION_LIFETIME,
            submitter=person,
            filed_by=None if is_chat_user(person.chat_id) else person.chat_id,
        )
        # NB. read again: an approval may have been requested meanwhile.
        open_requests = [one for one in await self.store.open_requests() if one.id != request_id]
        await self._stop(requests_stopped_by_revocation(open_requests, filed.identity), person)

    async def _stop(self, requests: Sequence[AccessRequest], person: Person) -> None:
        reason = (Fact(NoteCode.REVOKED_MEANWHILE, {"name": person.name}),)
        for other in requests:
            with suppress(Refused):  # the request has ended in the meantime
                await self.service.advance(other.id, Stop(reason=reason))

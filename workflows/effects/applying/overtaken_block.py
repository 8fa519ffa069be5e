"""End a revocation of Gatehouse's own, when people acted before anything was sent."""

from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.requests.commands.automatic import Stop
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store


async def stop_if_overtaken(request: AccessRequest, *, store: Store, service: Service) -> bool:
    """End a revocation that has not begun, when the partner's record is not the one that Gatehouse created it for.

    An extension may be approved while Microsoft Graph does not answer, for example, or a review be answered. What a
    person revokes goes on.

    :returns: whether it was ended.
    """
    if not request.is_own_closing or request.was_sent:
        return False
    record = await store.partnership(TenantId(request.fields.target))
    if record is None or record.is_closed or request.id in (record.blocked_by, record.suspended_by):
        return False
    reason = NoteCode.EXTENDED_MEANWHILE if request.is_block_at_end else NoteCode.ANSWERED_MEANWHILE
    await service.advance(request.id, Stop(reason=(Fact(reason),)))
    return True

"""End a block at the end of an access, when the partner was approved again before anything was sent."""

from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.requests.commands.automatic import Stop
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.ports.store import Store


async def stop_if_overtaken(request: AccessRequest, *, store: Store, service: Service) -> bool:
    """End a block at the end that has not begun, when the partner's record is not the one that it was created for.

    An extension may be approved while Microsoft Graph does not answer, for example. What a person revokes goes on.

    :returns: whether it was ended.
    """
    if not request.is_block_at_end or request.was_sent:
        return False
    record = await store.partnership(TenantId(request.fields.target))
    if record is None or record.is_closed or record.blocked_by == request.id:
        return False
    await service.advance(request.id, Stop(reason=(Fact(NoteCode.EXTENDED_MEANWHILE),)))
    return True

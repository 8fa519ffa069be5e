"""Add the partner setup to partnerships that an earlier version recorded without it.

The boundary to records of earlier versions.
"""

import structlog

from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.reviewing.setup_reviews import setup_for_request
from workflows.core.requests.commands.partner_record import RecordSetup
from workflows.ports.store import Store

_log = structlog.get_logger()


async def record_missing_setup(*, service: Service, store: Store) -> None:
    """Compute and store the partner setup of every partnership that has none, from the applied plan.

    Reads only the store. A partnership that has a partner setup, or that needs none, is not changed. A failure with
    one record does not stop the others.
    """
    for tenant_id in await store.partners_without_setup():
        try:
            partnership = await store.partnership(tenant_id)
            request = None if partnership is None else await store.request(partnership.request_id)
            if request is not None and (steps := setup_for_request(request)):
                await service.advance_review(tenant_id, RecordSetup(request_id=request.id, steps=steps))
        except Refused:
            continue  # another command stored a newer version first
        except Exception:
            _log.exception("partner_setup_not_recorded", tenant_id=tenant_id)

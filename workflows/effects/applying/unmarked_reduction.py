"""Plan a reduction again that an earlier version planned: its one approver must not approve what it leaves as it is."""

from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.posture.watch.kept_approval import with_kept_approval
from workflows.core.requests.commands.automatic import Replan
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.ports.store import Store

_PLANNED: frozenset[RequestKind] = frozenset({RequestKind.ACCESS, RequestKind.RESTORATION})


async def replan_if_it_approves_drift(request: AccessRequest, *, store: Store, service: Service) -> bool:
    """Request approval again when a plan would make settings count as approved that nobody approved.

    Plans of earlier versions say nothing about that. A new plan does, so this happens once. Nothing was sent before.
    """
    plan = request.plan
    if request.fields.kind not in _PLANNED or not plan.required_operations or plan.kept_approval is not None:
        return False
    record = await store.partnership(plan.tenant_id)
    recorded = None if record is None else await store.request(record.request_id)
    recorded_plan = recorded.plan if recorded is not None and recorded.prepared is not None else None
    if with_kept_approval(plan, record, recorded_plan).kept_approval is None:
        return False
    reason = (Fact(NoteCode.LEAVES_UNAPPROVED), Fact(NoteCode.ASKED_AGAIN))
    await service.advance(request.id, Replan(reason=reason, has_written_nothing=True))
    return True

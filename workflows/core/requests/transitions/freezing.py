"""Which requests a freeze stops, and what becomes due for them when it begins or ends."""

from workflows.core.errors.facts import Fact
from workflows.core.plans.accounts import AccountChange
from workflows.core.plans.closing import only_reduces_access
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.effects import Apply, Effect, ShowRequest
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

_FROZEN_NOTES = frozenset({NoteCode.FROZEN, NoteCode.HELD})


def is_stopped_by_freeze(request: AccessRequest) -> bool:
    """Return whether nothing of a request may be written during a freeze: it opens, prolongs or replaces access.

    What only reduces access goes on, and so does an adoption, which writes nothing. A request without a plan counts as
    one that opens access.
    """
    if request.is_terminal or request.fields.kind is RequestKind.REVOCATION:
        return False
    if request.fields.account_change is AccountChange.DISABLE:
        return False
    plan = None if request.prepared is None else request.prepared.plan
    if request.fields.kind is RequestKind.ADOPTION:
        return plan is not None and bool(plan.operations)
    return plan is None or not only_reduces_access(plan)


def effects_of_freeze(request: AccessRequest, freeze: Freeze) -> tuple[Effect, ...]:
    """Return the effects for an open request when a freeze begins or ends: its card changes.

    At the end, each approved request that waits is written. Every check before a write is made again then.
    """
    if not is_stopped_by_freeze(request) or request.batch is not None:
        return ()  # the batch shows its members, and applies them
    show = ShowRequest(request_id=request.id)
    if freeze.is_frozen or request.state is not RequestState.APPLYING or is_void(request, freeze):
        return (show,)
    return (show, Apply(request_id=request.id, tenant_id=request.plan.tenant_id))


def freeze_note(freeze: Freeze) -> Fact:
    """Return the note of an approved request that waits for the end of a freeze."""
    if freeze.hold is not None:
        return Fact(NoteCode.HELD, {"cause": freeze.hold.cause.value})
    return Fact(NoteCode.FROZEN, {"name": freeze.by, "reason": freeze.reason})


def is_held(request: AccessRequest) -> bool:
    """Return whether an approved request waits for the end of a freeze."""
    return request.state is RequestState.APPLYING and any(fact.code in _FROZEN_NOTES for fact in request.note)


def is_void(request: AccessRequest, freeze: Freeze | None) -> bool:
    """Return whether a request is from before a held start and would open access, or change a record.

    What it was decided on may be older than the tenant, and decisions about it may be missing.
    """
    if freeze is None or freeze.voids_before is None or request.created_at >= freeze.voids_before:
        return False
    return is_stopped_by_freeze(request) or (not request.is_terminal and request.fields.kind is RequestKind.ADOPTION)

"""Find the requests whose change can be undone, and when each of them ended."""

from datetime import datetime
from typing import Final

from workflows.core.requests.request import AccessRequest, RequestState, Restored

FIELD: Final = "restores"
"""The name of the form's field with the change to undo."""

_CUT_SHORT: Final = frozenset({RequestState.FAILED, RequestState.STOPPED})


def is_restorable(request: AccessRequest) -> bool:
    """Return whether the change of a request can be undone; also when it may have changed only a part.

    See `ended_while_writing`.
    """
    is_written = request.was_written or ended_while_writing(request)
    return is_written and request.prepared is not None and bool(request.prepared.plan.operations)


def has_approved_result(request: AccessRequest) -> bool:
    """Return whether the settings that a request approves are those of its partner's record, so they can be restored.

    Also when only a part of them was applied, or somebody else changed the partner while they were sent.
    """
    return request.was_written and request.prepared is not None


def ended_while_writing(request: AccessRequest) -> bool:
    """Return whether a request ended while it was being written.

    Nothing, a part or all of its plan may be applied. A restoration is planned from the current settings, so it works
    in every case. Where Graph refused the first write, and none was sent before, nothing is applied for certain.
    """
    is_of_settings = request.fields.account_change is None
    is_sent = request.writing_since is not None and not _wrote_nothing(request)
    return is_of_settings and request.state in _CUT_SHORT and is_sent


def _wrote_nothing(request: AccessRequest) -> bool:
    """Return whether Graph refused the first write that any plan of the request sent."""
    refusal = request.write_refusal
    is_first_refused = refusal is not None and refusal.accepted == 0 and not refusal.is_unsure
    return is_first_refused and request.earlier_write_at is None and request.applied_part == 0


def ended_at(request: AccessRequest) -> datetime:
    """Return when a change was confirmed by reading it back, or else when its request ended."""
    return request.confirmed_at or request.changed_at


def restored_summary(request: AccessRequest, *, is_result: bool = False) -> Restored:
    """Return a summary of the change whose previous settings are restored.

    :param is_result: whether the settings after it are restored.
    :raises Refused: while the request has no plan.
    """
    prepared = request.require_prepared()
    return Restored(
        request_id=request.id,
        kind=request.fields.kind,
        title=prepared.template_title,
        person=prepared.requester,
        at=ended_at(request),
        is_result=is_result,
    )

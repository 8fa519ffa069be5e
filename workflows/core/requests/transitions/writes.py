"""Changes after the approval: what is known about the writes to the tenant, and how they ended."""

from collections.abc import Sequence
from typing import Final

from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.plan import AtEnd, count_written
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.requests.commands.automatic import (
    RecordApplied,
    RecordApplyFailed,
    RecordOverwritten,
    RecordRefusal,
    RecordResent,
    RecordUnseen,
    RecordWriting,
    Stop,
)
from workflows.core.requests.deciding import access_ends_at, is_too_late
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions import guest_accounts
from workflows.core.requests.transitions.resending import may_be_resent
from workflows.core.requests.transitions.transition import (
    Situation,
    Transition,
    changed,
    end_request,
    require_no_revocation,
)
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.open_access import CAPABILITIES, AccessState, OpenAccess, open_access

S = RequestState
_ACTED_MEANWHILE: Final = frozenset({NoteCode.EXTENDED_MEANWHILE, NoteCode.ANSWERED_MEANWHILE})


def record_writing(request: AccessRequest, command: RecordWriting, situation: Situation) -> Transition:
    if request.writing_since is not None:
        return Transition(request=request, effects=())
    return Transition(request=changed(request, request.state, situation, writing_since=situation.now), effects=())


def record_unseen(request: AccessRequest, command: RecordUnseen, situation: Situation) -> Transition:
    note = (Fact(NoteCode.NOT_SHOWN_YET),)
    if request.state is S.UNCONFIRMED and request.note == note and not command.sent:
        return Transition(request=request, effects=())
    request = changed(
        request,
        S.UNCONFIRMED,
        situation,
        note=note,
        unconfirmed_since=request.unconfirmed_since or situation.now,
        sent=(*request.sent, *command.sent),
    )
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def record_resent(request: AccessRequest, command: RecordResent, situation: Situation) -> Transition:
    if not may_be_resent(request, situation.now):
        raise Refused(RefusalCode.ALREADY_SENT_AGAIN)
    if request.resent_at == situation.now:
        return Transition(request=request, effects=())
    return Transition(request=changed(request, S.UNCONFIRMED, situation, resent_at=situation.now), effects=())


def record_overwritten(request: AccessRequest, command: RecordOverwritten, situation: Situation) -> Transition:
    if request.fields.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.REVOCATION_NEEDS_NEW_PLAN)
    note = (Fact(NoteCode.OVERWRITTEN),)
    return Transition(
        request=changed(request, S.OVERWRITTEN, situation, note=note), effects=(ShowRequest(request_id=request.id),)
    )


def record_applied(request: AccessRequest, command: RecordApplied, situation: Situation) -> Transition:
    is_closing = closes(request)
    # NB. with the default that was read after the writes: inherited values may have changed since the plan was made.
    still_open = open_access(command.configuration, command.default) if is_closing else None
    if still_open is not None and command.are_capabilities_unread:
        # NB. they rest only on the block of Microsoft 365 collaboration. That they are off was not read.
        kinds = (kind for kind in still_open if kind.name != CAPABILITIES)
        still_open = (*kinds, OpenAccess(name=CAPABILITIES, opening=AccessState.UNKNOWN))
    unread = (Fact(NoteCode.DEFAULT_UNREADABLE),) if is_closing and command.default is None else ()
    request = changed(
        request,
        S.APPLIED,
        situation,
        note=(
            *_not_closed(still_open or ()),
            *unread,
            *_not_taken(command.refused),
            *_already_ended_note(request, situation),
        ),
        confirmed_at=situation.now,
        not_closed=still_open,
        refused=command.refused,
        sent=(*request.sent, *command.sent),
    )
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _already_ended_note(request: AccessRequest, situation: Situation) -> Facts:
    """Return that the access ended before the change was verified, as after a crash in between."""
    ends_at = access_ends_at(request)
    if ends_at is None or not is_too_late(request, situation.now):
        return ()
    at_end = {"at_end": AtEnd.BLOCK.value} if request.plan.at_end is AtEnd.BLOCK else {}
    return (Fact(NoteCode.ENDED_ALREADY, {"ends_at": ends_at.isoformat(), **at_end}),)


def _not_closed(still_open: Sequence[OpenAccess]) -> Facts:
    if not still_open:
        return ()
    return (
        Fact(
            NoteCode.NOT_CLOSED, {"ways": [{"name": kind.name, "opening": kind.opening.value} for kind in still_open]}
        ),
    )


def _not_taken(refused_writes: Sequence[RefusedWrite]) -> Facts:
    return tuple(
        fact
        for refused_write in refused_writes
        for fact in (Fact(NoteCode.NOT_TAKEN, {"names": list(refused_write.names)}), *refused_write.reason)
    )


def closes(request: AccessRequest) -> bool:
    """Return whether a request closes its partner. After such a request it is read which access is still open.

    :raises Refused: while the request has no plan.
    """
    return request.fields.kind is RequestKind.REVOCATION or closes_everything(request.plan)


def record_apply_failed(request: AccessRequest, command: RecordApplyFailed, situation: Situation) -> Transition:
    require_no_revocation(request)
    return end_request(
        request, S.FAILED, situation, note=command.reason, applied_part=_part_shown(request, command.configuration)
    )


def record_refusal(request: AccessRequest, command: RecordRefusal, situation: Situation) -> Transition:
    """Store that Graph refused a write. From then on the partner is only read, see `RecordApplyFailed`."""
    require_no_revocation(request)
    return Transition(request=changed(request, request.state, situation, write_refusal=command.refusal), effects=())


def stop(request: AccessRequest, command: Stop, situation: Situation) -> Transition:
    if request.prepared is not None and request.plan.accounts is not None:
        return guest_accounts.stop(request, command, situation)
    if request.state is not S.UNCONFIRMED and not _is_overtaken(request, command):
        require_no_revocation(request)
    return end_request(
        request, S.STOPPED, situation, note=command.reason, applied_part=_part_shown(request, command.configuration)
    )


def _is_overtaken(request: AccessRequest, command: Stop) -> bool:
    """Return whether a revocation of Gatehouse's own ends, because people acted before it began.

    That is a block at the end of an access that was approved again, or a suspension for silence that was broken.
    """
    is_reason = command.reason[:1] and command.reason[0].code in _ACTED_MEANWHILE
    return bool(is_reason) and request.is_own_closing and not request.was_sent


def _part_shown(request: AccessRequest, configuration: JsonObject | None) -> int:
    """Return how many operations of the plan the partner shows; 0 when nothing was read."""
    return 0 if configuration is None else count_written(request.plan, configuration) or 0

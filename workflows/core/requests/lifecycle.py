"""The lifecycle of a request: which command is allowed in which state, and its results.

Rule 1: every change of a request's state is in this file; no other module creates a new state.
Rule 2: `TABLE` lists every allowed pair of state and command, and where it may lead. Any other pair is refused, and
nothing happens.
Rule 3: a terminal state accepts no command.
Rule 4: only a request in APPLYING or UNCONFIRMED may write to the tenant. An access or restore request gets there only
with a complete chain. A revocation gets there when a person with the right requests it.
Rule 5: a revocation does not end before it is confirmed, unless there is no such partner. A newer revocation of the
same partner may replace it once it is sent.

The diagram shows the table (a test compares them):

```mermaid
stateDiagram-v2
    [*] --> preparing: submit
    preparing --> preparing: record_delayed
    preparing --> awaiting_approval: record_prepared
    preparing --> applying: record_prepared
    preparing --> unfit: record_unfit
    preparing --> withdrawn: withdraw
    preparing --> expired: expire
    preparing --> stopped: stop
    awaiting_approval --> awaiting_approval: approve
    awaiting_approval --> applying: approve
    awaiting_approval --> rejected: reject
    awaiting_approval --> withdrawn: withdraw
    awaiting_approval --> preparing: edit
    awaiting_approval --> awaiting_approval: remind_approvers
    awaiting_approval --> expired: expire
    awaiting_approval --> preparing: replan
    awaiting_approval --> stopped: stop
    applying --> applying: record_delayed
    applying --> applying: record_writing
    applying --> overwritten: record_overwritten
    applying --> unconfirmed: record_unseen
    applying --> applied: record_applied
    applying --> applying: record_refusal
    applying --> failed: record_apply_failed
    applying --> preparing: replan
    applying --> awaiting_approval: reopen
    applying --> stopped: stop
    unconfirmed --> unconfirmed: record_delayed
    unconfirmed --> unconfirmed: record_writing
    unconfirmed --> unconfirmed: record_unseen
    unconfirmed --> unconfirmed: record_resent
    unconfirmed --> applied: record_applied
    unconfirmed --> unconfirmed: record_refusal
    unconfirmed --> failed: record_apply_failed
    unconfirmed --> overwritten: record_overwritten
    unconfirmed --> preparing: replan
    unconfirmed --> stopped: stop
```

This file is long because it contains every change of a state, with the table and its diagram.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person, Roster
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.plan import count_written, plan_revocation
from workflows.core.plans.refused_writes import RefusedWrite
from workflows.core.policy.approval import Choice, Decision
from workflows.core.requests.commands.editing import changed_fields, require_may_edit, with_edited_values
from workflows.core.requests.commands.request import (
    Approve,
    CommandSubject,
    Edit,
    Expire,
    RecordApplied,
    RecordApplyFailed,
    RecordDelayed,
    RecordOverwritten,
    RecordPrepared,
    RecordRefusal,
    RecordResent,
    RecordUnfit,
    RecordUnseen,
    RecordWriting,
    Reject,
    RemindApprovers,
    Reopen,
    Replan,
    RequestCommand,
    Stop,
    Submit,
    Withdraw,
)
from workflows.core.requests.deciding import access_ends_at, is_too_late, require_may_decide
from workflows.core.requests.effects import (
    Apply,
    Effect,
    MessageCode,
    Prepare,
    SendExpiryMessages,
    SendMessage,
    SendReminders,
    ShowRequest,
    ShowReview,
)
from workflows.core.requests.eligibility import eligibility_at_expiry
from workflows.core.requests.notes import NoteCode, with_sent_before
from workflows.core.requests.reminder_times import may_be_reminded, next_reminder_at, reminder_possible_at
from workflows.core.requests.request import TERMINAL, AccessRequest, Edited, Particulars, RequestKind, RequestState
from workflows.core.requests.resending import may_be_resent, pause_before_replan
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.core.settings.openness import OpenAccess, open_access

S = RequestState

NO_PARTNER: Final = frozenset({RefusalCode.UNKNOWN_TENANT, RefusalCode.OWN_TENANT})
"""The only reasons for which a revocation may end without a write: there is no partner to close."""

TABLE: Final[Mapping[tuple[RequestState | None, type[Any]], frozenset[RequestState]]] = {
    (None, Submit): frozenset({S.PREPARING}),
    (S.PREPARING, RecordDelayed): frozenset({S.PREPARING}),
    (S.PREPARING, RecordPrepared): frozenset({S.AWAITING_APPROVAL, S.APPLYING}),
    (S.PREPARING, RecordUnfit): frozenset({S.UNFIT}),
    (S.PREPARING, Withdraw): frozenset({S.WITHDRAWN}),
    (S.PREPARING, Expire): frozenset({S.EXPIRED}),
    (S.PREPARING, Stop): frozenset({S.STOPPED}),
    (S.AWAITING_APPROVAL, Approve): frozenset({S.AWAITING_APPROVAL, S.APPLYING}),
    (S.AWAITING_APPROVAL, Reject): frozenset({S.REJECTED}),
    (S.AWAITING_APPROVAL, Withdraw): frozenset({S.WITHDRAWN}),
    (S.AWAITING_APPROVAL, Edit): frozenset({S.PREPARING}),
    (S.AWAITING_APPROVAL, RemindApprovers): frozenset({S.AWAITING_APPROVAL}),
    (S.AWAITING_APPROVAL, Expire): frozenset({S.EXPIRED}),
    (S.AWAITING_APPROVAL, Replan): frozenset({S.PREPARING}),
    (S.AWAITING_APPROVAL, Stop): frozenset({S.STOPPED}),
    (S.APPLYING, RecordDelayed): frozenset({S.APPLYING}),
    (S.APPLYING, RecordWriting): frozenset({S.APPLYING}),
    (S.APPLYING, RecordOverwritten): frozenset({S.OVERWRITTEN}),
    (S.APPLYING, RecordUnseen): frozenset({S.UNCONFIRMED}),
    (S.APPLYING, RecordApplied): frozenset({S.APPLIED}),
    (S.APPLYING, RecordRefusal): frozenset({S.APPLYING}),
    (S.APPLYING, RecordApplyFailed): frozenset({S.FAILED}),
    (S.APPLYING, Replan): frozenset({S.PREPARING}),
    (S.APPLYING, Reopen): frozenset({S.AWAITING_APPROVAL}),
    (S.APPLYING, Stop): frozenset({S.STOPPED}),
    (S.UNCONFIRMED, RecordDelayed): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordWriting): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordUnseen): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordResent): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordApplied): frozenset({S.APPLIED}),
    (S.UNCONFIRMED, RecordRefusal): frozenset({S.UNCONFIRMED}),
    (S.UNCONFIRMED, RecordApplyFailed): frozenset({S.FAILED}),
    (S.UNCONFIRMED, RecordOverwritten): frozenset({S.OVERWRITTEN}),
    (S.UNCONFIRMED, Replan): frozenset({S.PREPARING}),
    (S.UNCONFIRMED, Stop): frozenset({S.STOPPED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The data that a command is decided with, besides the request."""

    now: datetime
    roster: Roster = field(default_factory=Roster)
    """The current roles of the actor and of the people who have decided."""
    received_at: datetime | None = None
    """When the click for the command was stored; None when it is not known, or when there was no click."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What to store in one transaction: the new request, and the effects to perform after it."""

    request: AccessRequest
    effects: tuple[Effect, ...]


def advance(request: AccessRequest | None, command: RequestCommand, situation: Situation) -> Transition:
    """Apply a command to a request. Pure.

    :param request: the request before the command; None before `Submit`.

    :raises Refused: when the command is not allowed in this state or for this person; nothing changes.
    """
    state = None if request is None else request.state
    allowed = TABLE.get((state, type(command)))
    if allowed is None:
        raise _not_now(request)
    transition = _HANDLERS[type(command)](request, command, situation)
    if transition.request.state not in allowed:
        raise AssertionError(f"{state} --{command.name}--> {transition.request.state} is not in the table")
    return _shown_in_review(state, transition)


def _shown_in_review(before: RequestState | None, transition: Transition) -> Transition:
    """Update the review card when a revocation starts, is sent, or ends. A success is shown by the partner's record."""
    request, now = transition.request, transition.request.state
    is_shown = before is None or (before is S.UNCONFIRMED) is not (now is S.UNCONFIRMED) or now in TERMINAL
    if request.particulars.kind is not RequestKind.REVOCATION or not is_shown or now is S.APPLIED:
        return transition
    tenant_id = TenantId(request.particulars.target) if request.prepared is None else request.plan.tenant_id
    return replace(transition, effects=(*transition.effects, ShowReview(tenant_id=tenant_id)))


def _submit(_: None, command: Submit, situation: Situation) -> Transition:
    request = AccessRequest(
        id=command.request_id,
        version=1,
        state=S.PREPARING,
        particulars=command.particulars,
        created_at=situation.now,
        changed_at=situation.now,
        expires_at=_decided_by(command.particulars, situation.now + command.lifetime),
        lifetime=command.lifetime,
        observation=command.observation,
        submitter=command.submitter,
        account=command.account,
    )
    return Transition(request=request, effects=(Prepare(request_id=request.id),))


def _prepared(request: AccessRequest, command: RecordPrepared, situation: Situation) -> Transition:
    is_revocation = request.particulars.kind is RequestKind.REVOCATION
    plan = command.prepared.plan
    _require_newest_edition(request, plan.edition)
    revocation = plan_revocation(
        tenant_id=plan.tenant_id,
        before=plan.before,
        default=command.prepared.observation.default,
        is_cross_cloud=plan.is_cross_cloud,
    )
    if is_revocation and plan != revocation:
        raise Refused(RefusalCode.NOT_A_REVOCATION)
    request = _changed(
        request,
        S.APPLYING if is_revocation else S.AWAITING_APPROVAL,
        situation,
        prepared=command.prepared,
        note=(),
    )
    if is_revocation:
        return _to_apply(request)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _require_newest_edition(request: AccessRequest, edition: int) -> None:
    """Refuse what was prepared from an earlier text: the request was edited while that was being read."""
    if edition != len(request.edits):
        raise _not_now(request)


def _unfit(request: AccessRequest, command: RecordUnfit, situation: Situation) -> Transition:
    _require_newest_edition(request, command.edition)
    if command.code not in NO_PARTNER:
        _require_no_revocation(request)
    return _ended(request, S.UNFIT, situation, note=command.reason)


def _delayed(request: AccessRequest, command: RecordDelayed, situation: Situation) -> Transition:
    if request.note == command.reason:
        return Transition(request=request, effects=())
    messages = (
        () if request.note else _tell_requester(request, MessageCode.REQUEST_WAITS, note=as_values(command.reason))
    )
    request = _changed(request, request.state, situation, note=command.reason)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *messages))


def _approve(request: AccessRequest, command: Approve[Person], situation: Situation) -> Transition:
    received = situation.received_at or situation.now
    stage = require_may_decide(request, command.actor, command.digest, roster=situation.roster, now=received)
    if stage is None:
        # An earlier approver has the role again, so the chain is complete without this approval.
        return _to_apply(_changed(request, S.APPLYING, situation, note=()))
    decision = Decision(
        person=command.actor, choice=Choice.APPROVE, stage=stage, digest=command.digest, reason="", at=received
    )
    request = _changed(request, request.state, situation, decisions=(*request.decisions, decision), note=())
    verdict = request.verdict(situation.roster)
    if verdict.is_complete:
        return _to_apply(replace(request, state=S.APPLYING))
    # No message to the requester, who need not do anything: their card shows it.
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _reject(request: AccessRequest, command: Reject[Person], situation: Situation) -> Transition:
    received = situation.received_at or situation.now
    stage = require_may_decide(
        request, command.actor, command.digest, roster=situation.roster, now=received, may_repeat=True
    )
    if stage is None:
        raise Refused(RefusalCode.COMPLETE)
    if not command.reason.strip():
        raise Refused(RefusalCode.REASON_MISSING, is_review=False)
    decision = Decision(
        person=command.actor,
        choice=Choice.REJECT,
        stage=stage,
        digest=command.digest,
        reason=command.reason.strip(),
        at=received,
    )
    request = replace(request, decisions=(*request.decisions, decision))
    return _ended(
        request,
        S.REJECTED,
        situation,
        note=(Fact(NoteCode.REJECTED, {"name": command.actor.name, "reason": decision.reason}),),
    )


def _withdraw(request: AccessRequest, command: Withdraw, situation: Situation) -> Transition:
    if command.actor != request.particulars.requester and not command.is_requester:
        raise Refused(RefusalCode.NOT_THE_REQUESTER)
    request = _with_note(request, S.WITHDRAWN, situation, (Fact(NoteCode.WITHDRAWN),))
    # No message: the requester withdrew it, and their card shows it.
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _remind(request: AccessRequest, command: RemindApprovers, situation: Situation) -> Transition:
    if command.actor is None:
        due = next_reminder_at(request)
        if due is None or situation.now < due:
            raise Refused(RefusalCode.NOT_DUE, what="approver_reminder")
    elif not request.is_filed_by(command.actor) and not command.is_requester:
        raise Refused(RefusalCode.NOT_THE_REQUESTER, reminds=True)
    elif not may_be_reminded(request, situation.now):
        raise Refused(RefusalCode.REMINDED_WITHIN_A_DAY)
    request = _changed(request, request.state, situation, reminders=request.reminders + 1, reminded_at=situation.now)
    shown: tuple[Effect, ...] = (SendReminders(request_id=request.id), ShowRequest(request_id=request.id))
    if possible := reminder_possible_at(request):
        shown = (*shown, ShowRequest(request_id=request.id, not_before=possible))
    return Transition(request=request, effects=shown)


def _expire(request: AccessRequest, command: Expire, situation: Situation) -> Transition:
    if request.particulars.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.NEVER_EXPIRES)
    if situation.now < request.expires_at:
        raise Refused(RefusalCode.NOT_DUE, what="expiry")
    request = _with_note(request, S.EXPIRED, situation, (Fact(NoteCode.UNDECIDED),))
    # No message: the requester's card shows it.
    messages = () if eligibility_at_expiry(request) is None else (SendExpiryMessages(request_id=request.id),)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *messages))


def _replan(request: AccessRequest, command: Replan, situation: Situation) -> Transition:
    if request.state is S.AWAITING_APPROVAL and situation.now >= request.expires_at:
        # NB. a new plan starts a new decision period, which a request that has expired must not get.
        raise Refused(RefusalCode.EXPIRED)
    lifetime = request.expires_at - request.created_at if request.lifetime is None else request.lifetime
    is_revocation = request.particulars.kind is RequestKind.REVOCATION
    replans = request.replans + is_revocation
    pause = pause_before_replan(replans)
    return _planned_again(
        request,
        situation,
        command.reason,
        lifetime,
        is_unwritten=command.is_unwritten,
        round=request.round + (not is_revocation),
        seen_particulars=None,
        drift=command.drift,
        observation=None,
        replans=replans,
        not_before=situation.now + pause if pause else None,
    )


def _edit(request: AccessRequest, command: Edit, situation: Situation) -> Transition:
    require_may_edit(request, command.actor, command.digest, situation.now)
    if command.observation.identity.tenant_id != request.plan.tenant_id:
        raise Refused(RefusalCode.OTHER_PARTNER, target=request.particulars.target)
    wanted = with_edited_values(request.particulars, command.wanted)
    if not changed_fields(request.particulars, wanted):
        raise Refused(RefusalCode.NOTHING_EDITED)
    return _planned_again(
        request,
        situation,
        (Fact(NoteCode.EDITED, {"name": command.actor.name}), Fact(NoteCode.ASKED_AGAIN)),
        command.lifetime,
        particulars=wanted,
        seen_particulars=request.particulars,
        edits=(*request.edits, Edited(person=command.actor, at=situation.now)),
        drift=None,
        observation=command.observation,
    )


def _planned_again(
    request: AccessRequest,
    situation: Situation,
    why: Facts,
    lifetime: timedelta,
    *,
    is_unwritten: bool = False,
    **changes: Any,
) -> Transition:
    """Give up the plan and every decision on it, and prepare the request again, with its whole time to decide."""
    # NB. from the request before the change. The reason already says what is given up now.
    reason = with_sent_before(request, why)
    sent = None if is_unwritten else request.writing_since or request.unseen_since
    usual: dict[str, Any] = {
        "note": reason,
        "asked_again": reason,
        "round": request.round + 1,
        "seen": request.prepared,
        "void": (*request.void, *request.decisions),
        "writing_since": None,
        "sent_before": request.sent_before or sent,
        "unseen_since": None,
        "resent_at": None,
        "write_refusal": None,
        "reminders": 0,
        "reminded_at": None,
        "decisions": (),  # also when the new plan is the same: approval is requested again
        "expires_at": _decided_by(changes.get("particulars", request.particulars), situation.now + lifetime),
        "lifetime": lifetime,
    }
    request = _changed(request, S.PREPARING, situation, **{**usual, **changes})
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), Prepare(request_id=request.id)))


def _decided_by(asked: Particulars, usual: datetime) -> datetime:
    """Return when an undecided request expires: at the usual time, but not later than the requested end."""
    return usual if asked.ends_at is None else min(usual, asked.ends_at)


def _reopen(request: AccessRequest, command: Reopen, situation: Situation) -> Transition:
    verdict = request.verdict(situation.roster)
    if verdict.is_complete or request.particulars.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.STILL_COMPLETE)
    counted = {person.id for people in verdict.counted for person in people}
    digest = request.plan.digest
    kept = tuple(d for d in request.decisions if d.person.id in counted and d.digest == digest)
    reason = with_sent_before(request, command.reason)
    request = _changed(
        request,
        S.AWAITING_APPROVAL,
        situation,
        decisions=kept,
        note=reason,
        asked_again=reason,
        round=request.round + 1,
        seen=None,
        seen_particulars=None,
        void=(*request.void, *(one for one in request.decisions if one not in kept)),
        drift=None,
    )
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _stop(request: AccessRequest, command: Stop, situation: Situation) -> Transition:
    if request.state is not S.UNCONFIRMED:
        _require_no_revocation(request)
    return _ended(request, S.STOPPED, situation, note=command.reason, applied_part=_part_shown(request, command.image))


def _writing(request: AccessRequest, command: RecordWriting, situation: Situation) -> Transition:
    if request.writing_since is not None:
        return Transition(request=request, effects=())
    return Transition(request=_changed(request, request.state, situation, writing_since=situation.now), effects=())


def _overwritten(request: AccessRequest, command: RecordOverwritten, situation: Situation) -> Transition:
    if request.particulars.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.PLAN_AGAIN)
    note = (Fact(NoteCode.OVERWRITTEN),)
    return Transition(
        request=_changed(request, S.OVERWRITTEN, situation, note=note), effects=(ShowRequest(request_id=request.id),)
    )


def _unseen(request: AccessRequest, command: RecordUnseen, situation: Situation) -> Transition:
    note = (Fact(NoteCode.NOT_SHOWN_YET),)
    if request.state is S.UNCONFIRMED and request.note == note:
        return Transition(request=request, effects=())
    request = _changed(request, S.UNCONFIRMED, situation, note=note, unseen_since=request.unseen_since or situation.now)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _resent(request: AccessRequest, command: RecordResent, situation: Situation) -> Transition:
    if not may_be_resent(request, situation.now):
        raise Refused(RefusalCode.ALREADY_SENT_AGAIN)
    if request.resent_at == situation.now:
        return Transition(request=request, effects=())
    return Transition(request=_changed(request, S.UNCONFIRMED, situation, resent_at=situation.now), effects=())


def _applied(request: AccessRequest, command: RecordApplied, situation: Situation) -> Transition:
    is_closing = closes(request)
    # NB. with the default that was read after the writes: inherited values may have changed since the plan was made.
    still_open = open_access(command.image, command.default) if is_closing else None
    unread = (Fact(NoteCode.DEFAULT_UNREADABLE),) if is_closing and command.default is None else ()
    request = _changed(
        request,
        S.APPLIED,
        situation,
        note=(
            *_not_closed(still_open or ()),
            *unread,
            *_not_taken(command.refused),
            *_ended_already(request, situation),
        ),
        confirmed_at=situation.now,
        not_closed=still_open,
        refused=command.refused,
    )
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _ended_already(request: AccessRequest, situation: Situation) -> Facts:
    """Return that the access ended before the change was verified, as after a crash in between."""
    ends_at = access_ends_at(request)
    if ends_at is None or not is_too_late(request, situation.now):
        return ()
    return (Fact(NoteCode.ENDED_ALREADY, {"ends_at": ends_at.isoformat()}),)


def _not_closed(still_open: Sequence[OpenAccess]) -> Facts:
    if not still_open:
        return ()
    return (
        Fact(
            NoteCode.NOT_CLOSED, {"ways": [{"name": kind.name, "opening": kind.opening.value} for kind in still_open]}
        ),
    )


def _not_taken(refused: Sequence[RefusedWrite]) -> Facts:
    return tuple(
        fact for one in refused for fact in (Fact(NoteCode.NOT_TAKEN, {"names": list(one.names)}), *one.reason)
    )


def closes(request: AccessRequest) -> bool:
    """Return whether a request closes its partner. After such a request it is read which access is still open.

    :raises Refused: while the request has no plan.
    """
    return request.particulars.kind is RequestKind.REVOCATION or closes_everything(request.plan)


def _apply_failed(request: AccessRequest, command: RecordApplyFailed, situation: Situation) -> Transition:
    _require_no_revocation(request)
    return _ended(request, S.FAILED, situation, note=command.reason, applied_part=_part_shown(request, command.image))


def _refusal(request: AccessRequest, command: RecordRefusal, situation: Situation) -> Transition:
    """Store that Graph refused a write. From then on the partner is only read, see `RecordApplyFailed`."""
    _require_no_revocation(request)
    return Transition(request=_changed(request, request.state, situation, write_refusal=command.refusal), effects=())


def _part_shown(request: AccessRequest, image: JsonObject | None) -> int:
    """Return how many operations of the plan the partner shows; 0 when nothing was read."""
    return 0 if image is None else count_written(request.plan, image) or 0


def _require_no_revocation(request: AccessRequest) -> None:
    if request.particulars.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.NEVER_GIVEN_UP)


def _to_apply(request: AccessRequest) -> Transition:
    return Transition(
        request=request,
        effects=(
            ShowRequest(request_id=request.id),
            Apply(request_id=request.id, tenant_id=request.plan.tenant_id),
        ),
    )


def _ended(
    request: AccessRequest, state: RequestState, situation: Situation, *, note: Facts, applied_part: int = 0
) -> Transition:
    request = replace(_with_note(request, state, situation, note), applied_part=applied_part)
    part = {"part": applied_part} if applied_part else {}
    messages = _tell_requester(request, MessageCode.ENDED, state=state.value, **part, note=as_values(request.note))
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *messages))


def _with_note(request: AccessRequest, state: RequestState, situation: Situation, note: Facts) -> AccessRequest:
    return _changed(request, state, situation, note=with_sent_before(request, note))


def _changed(request: AccessRequest, state: RequestState, situation: Situation, **changes: Any) -> AccessRequest:
    return replace(request, state=state, changed_at=situation.now, version=request.version + 1, **changes)


def _tell_requester(request: AccessRequest, code: MessageCode, **values: Any) -> tuple[SendMessage, ...]:
    requester: ChatId = request.particulars.requester
    said = Fact(code, {"partner": partner_of(request), "request": request.id, **values})
    return (SendMessage(person=requester, subject=CommandSubject(request_id=request.id), said=said),)


def partner_of(request: AccessRequest) -> str:
    """Return the domain of a request's partner; its tenant id when it has none, the typed name while it is unknown."""
    seen = request.observation if request.prepared is None else request.prepared.observation
    return request.particulars.target if seen is None else seen.identity.name


def _not_now(request: AccessRequest | None) -> Refused:
    if request is None:
        return Refused(RefusalCode.NOT_NOW)
    return Refused(RefusalCode.NOT_NOW, state=request.state.value, is_closed=request.is_terminal)


_HANDLERS: Final[Mapping[type[Any], Callable[..., Transition]]] = {
    Submit: _submit,
    RecordPrepared: _prepared,
    RecordUnfit: _unfit,
    RecordDelayed: _delayed,
    Approve: _approve,
    Reject: _reject,
    Withdraw: _withdraw,
    Edit: _edit,
    RemindApprovers: _remind,
    Expire: _expire,
    Replan: _replan,
    Reopen: _reopen,
    Stop: _stop,
    RecordWriting: _writing,
    RecordOverwritten: _overwritten,
    RecordUnseen: _unseen,
    RecordResent: _resent,
    RecordApplied: _applied,
    RecordRefusal: _refusal,
    RecordApplyFailed: _apply_failed,
}

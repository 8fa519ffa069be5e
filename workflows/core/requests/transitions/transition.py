"""What a command leads to: the changed request and the effects to perform, and the parts that every change shares."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, is_chat_user
from workflows.core.plans.closing import only_reduces_access
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import Apply, Effect, MessageCode, Prepare, SendMessage, ShowRequest, ShowReview
from workflows.core.requests.notes import with_earlier_write
from workflows.core.requests.request import TERMINAL, AccessRequest, RequestKind, RequestState
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The data that a command is decided with, besides the request."""

    now: datetime
    current_roles: CurrentRoles = field(default_factory=CurrentRoles)
    """The current roles of the actor and of the people who have decided."""
    received_at: datetime | None = None
    """When the click for the command was stored; None when it is not known, or when there was no click."""
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    """The organization's working days, in which time limits are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What to store in one transaction: the new request, and the effects to perform after it."""

    request: AccessRequest
    effects: tuple[Effect, ...]


def changed(request: AccessRequest, state: RequestState, situation: Situation, **changes: Any) -> AccessRequest:
    """Return the request in another state, with the time and the number of the change."""
    return replace(request, state=state, changed_at=situation.now, version=request.version + 1, **changes)


def with_note(request: AccessRequest, state: RequestState, situation: Situation, note: Facts) -> AccessRequest:
    """Return the request in another state, with a reason that also says what was sent to Entra before."""
    return changed(request, state, situation, note=with_earlier_write(request, note))


def end_request(
    request: AccessRequest, state: RequestState, situation: Situation, *, note: Facts, applied_part: int = 0
) -> Transition:
    """End a request, and tell the requester why."""
    request = replace(with_note(request, state, situation, note), applied_part=applied_part)
    part = {"part": applied_part} if applied_part else {}
    messages = tell_requester(request, MessageCode.ENDED, state=state.value, **part, note=as_values(request.note))
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *messages))


def preparation(request: AccessRequest) -> Prepare:
    """Return the effect that prepares a request, in the turn of its requester."""
    is_revocation = request.fields.kind is RequestKind.REVOCATION
    return Prepare(request_id=request.id, asked_by=request.fields.requester, closes=is_revocation)


def begin_to_apply(request: AccessRequest) -> Transition:
    """Show the request, and write its plan to the tenant."""
    return Transition(
        request=request,
        effects=(
            ShowRequest(request_id=request.id),
            Apply(request_id=request.id, tenant_id=request.plan.tenant_id, closes=_closes(request)),
        ),
    )


def begin_when_due(request: AccessRequest) -> Transition:
    """Write the plan of an approved request; let a plan with a start wait for a tick, also when its day has come.

    The store finds it by `next_due.next_due_at`. Only a tick starts it, because only a tick notices a clock that has
    jumped.
    """
    if request.plan.starts_at is not None:
        waiting = replace(request, state=RequestState.SCHEDULED)
        return Transition(request=waiting, effects=(ShowRequest(request_id=request.id),))
    return begin_to_apply(replace(request, state=RequestState.APPLYING))


def _closes(request: AccessRequest) -> bool:
    if request.plan.accounts is not None:
        return False  # a revocation of the partner goes before the next group of accounts
    return request.fields.kind is RequestKind.REVOCATION or only_reduces_access(request.plan)


def tell_requester(request: AccessRequest, code: MessageCode, **values: Any) -> tuple[SendMessage, ...]:
    """Return the message to the requester and to who sent the request for them, except to the bot itself and to the
    command line.
    """
    fact = Fact(code, {"partner": partner_of(request), "request": request.id, **values})
    about = CommandSubject(request_id=request.id)
    return tuple(SendMessage(person=person, subject=about, fact=fact) for person in senders_of(request))


def senders_of(request: AccessRequest) -> tuple[ChatId, ...]:
    """Return the requester and who sent the request for them, as far as they are people of the chat system."""
    people = (request.fields.requester, request.fields.submitter)
    return tuple(person for person in people if person is not None and is_chat_user(person))


def partner_of(request: AccessRequest) -> str:
    """Return the domain of a request's partner; its tenant id when it has none, the typed name while it is unknown."""
    observation = request.observation if request.prepared is None else request.prepared.observation
    return request.fields.target if observation is None else observation.identity.name


def not_possible_now(request: AccessRequest | None) -> Refused:
    """Return the refusal of a command that is not allowed in the present state."""
    if request is None:
        return Refused(RefusalCode.NOT_POSSIBLE_IN_THIS_STATE)
    return Refused(RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, state=request.state.value, is_closed=request.is_terminal)


def require_no_revocation(request: AccessRequest) -> None:
    """Refuse to give up a revocation: it is repeated until the partner is closed."""
    if request.fields.kind is RequestKind.REVOCATION:
        raise Refused(RefusalCode.REVOCATION_NEVER_GIVEN_UP)


def with_review_update(before: RequestState | None, transition: Transition) -> Transition:
    """Update the review card when a revocation starts, is sent, or ends. A success is shown by the partner's record."""
    request, now, sent = transition.request, transition.request.state, RequestState.UNCONFIRMED
    is_shown = before is None or (before is sent) is not (now is sent) or now in TERMINAL
    if request.fields.kind is not RequestKind.REVOCATION or not is_shown or now is RequestState.APPLIED:
        return transition
    tenant_id = TenantId(request.fields.target) if request.prepared is None else request.plan.tenant_id
    return replace(transition, effects=(*transition.effects, ShowReview(tenant_id=tenant_id)))

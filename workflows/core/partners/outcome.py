"""Compute what follows when a request was written to the tenant: the partner's record, and messages to send. Pure.

It is long because every way in which a write can end makes a record, and the records share their rules.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeGuard, TypeVar

from workflows.core.checks.partner_setup.confirmations import open_steps, valid_confirmations
from workflows.core.checks.partner_setup.steps import setup_of
from workflows.core.errors.facts import Fact, as_values
from workflows.core.partners.approval_policy import is_live, stricter
from workflows.core.partners.closing.lifting import lifted_partnership
from workflows.core.partners.closing.suspension import suspended_partnership
from workflows.core.partners.lifecycle import require_table_result
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.answers.keeping import attestation_end, next_review
from workflows.core.partners.reviewing.recent_sponsors import with_earlier_sponsors, with_partner_sponsors
from workflows.core.partners.reviewing.reducing import answered_by_reduction
from workflows.core.partners.reviewing.review_events import kept_events
from workflows.core.partners.reviewing.setup_reviews import with_prompts
from workflows.core.people import is_chat_user
from workflows.core.plans.closing import only_reduces_access, writes_only_reductions
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.policy.risk import risk_of_result, weakness_of
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.automatic import RecordApplied, RecordApplyFailed, RecordOverwritten, Stop
from workflows.core.requests.commands.request import CommandSubject, RequestCommand
from workflows.core.requests.deciding import access_ends_at
from workflows.core.requests.effects import (
    Effect,
    MessageCode,
    SendMessage,
    ShowBlockAtEnd,
    ShowHandover,
    ShowRequest,
    ShowReview,
    ShowSetup,
)
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import not_applied
from workflows.core.requests.request import AccessRequest, PreparedRequest, RequestId, RequestKind
from workflows.core.requests.transitions.transition import Situation, partner_of, senders_of
from workflows.core.requests.transitions.writes import closes
from workflows.core.settings.block import is_synchronization_allowed
from workflows.core.settings.canonical import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerOutcome:
    """What to store in one transaction: the new records, and the effects to perform after it."""

    request: AccessRequest
    effects: tuple[Effect, ...]
    partnership: Partnership | None = None
    """Set when the partner's record changes too."""


def advance_request_and_record(
    request: AccessRequest | None, command: RequestCommand, situation: Situation, earlier: Partnership | None = None
) -> PartnerOutcome:
    """Apply a command to a request, and to the record of its partner. Pure.

    :param earlier: the partner's record, if there is one.
    :raises Refused: when the command is not allowed in this state or for this person; nothing changes.
    """
    # NB. before anything is decided: who became the sponsor meanwhile does not decide, and their approval is void.
    named = None if request is None else with_partner_sponsors(request, earlier, situation.now)
    transition = advance(named, command, situation)
    if not _changes_record(command):
        answered = _show_answered_review(request, transition.request)
        return PartnerOutcome(request=transition.request, effects=(*transition.effects, *answered))
    after, now = transition.request, situation.now
    show_review: tuple[Effect, ...] = _show_answered_review(request, after)
    message: Fact | None = None
    if isinstance(command, RecordOverwritten):
        record = unapproved_partnership(
            after, earlier, now, configuration=command.configuration, basis=SettingsBasis.OVERWRITTEN
        )
        message = _message(after, MessageCode.OVERWRITTEN)
    elif not isinstance(command, RecordApplied):  # the requester hears of it as of any other end
        basis = SettingsBasis.PARTLY_REDUCED if is_reduction(after, earlier) else SettingsBasis.PARTLY_APPLIED
        record = unapproved_partnership(after, earlier, now, configuration=command.configuration, basis=basis)
    else:
        is_closed = closes(after)
        record = _applied_partnership(after, earlier, now, command)
        message = closed_message(after) if is_closed else _opened(after, record)
        show_review = (ShowReview(tenant_id=record.identity.tenant_id),)
        if after.is_own_closing:
            message, show_review = None, (*show_review, ShowBlockAtEnd(request_id=after.id))
    shown = (*show_review, *_show_handover(record, earlier), *_show_replaced(after, earlier))
    own = (*shown, *_show_setup(record, earlier), *_messages(after, message))
    of_batch = () if earlier is None else shown
    effects: tuple[Effect, ...] = (*transition.effects, *(own if after.batch is None else of_batch))
    return PartnerOutcome(request=after, effects=effects, partnership=require_table_result(earlier, command, record))


def _applied_partnership(
    request: AccessRequest, earlier: Partnership | None, now: datetime, command: RecordApplied
) -> Partnership:
    if closes(request):
        return closed_partnership(request, earlier, now)
    return opened_partnership(request, earlier, now, asks_attestation=command.asks_attestation)


def _show_answered_review(before: AccessRequest | None, after: AccessRequest) -> tuple[ShowReview, ...]:
    """Return the update of the review that a request answers: its card says that a reduction is requested, or is not
    any more.
    """
    tenant_id = after.fields.answers_review_of
    if tenant_id is None or (before is not None and before.state is after.state):
        return ()
    return (ShowReview(tenant_id=tenant_id),)


def _changes_record(
    command: RequestCommand,
) -> TypeGuard[RecordApplied | RecordOverwritten | Stop | RecordApplyFailed]:
    """Return whether a command changes the partner's record: the result of a written plan, or of a part of it."""
    if isinstance(command, Stop | RecordApplyFailed):
        return command.configuration is not None
    return isinstance(command, RecordApplied | RecordOverwritten)


def is_reduction(request: AccessRequest, earlier: Partnership | None) -> bool:
    """Return whether a request only reduces the approved access of a partner, so that a part of it opens nothing."""
    is_approved = earlier is not None and is_live(earlier) and earlier.is_as_approved
    return is_approved and writes_only_reductions(request.plan)


TOKENS_USUALLY_WORK_FOR: Final = timedelta(hours=1)
"""How long a token usually works that was issued before a block. A token lifetime policy can make it longer."""
_ONLY_REQUESTER: Final = frozenset(
    {MessageCode.OPENED, MessageCode.PUT_BACK, MessageCode.APPROVED_AGAIN, MessageCode.LIFTED, MessageCode.ADOPTED}
)
"""Messages that only the requester gets. The sponsor's own message shows the same."""


def _messages(request: AccessRequest, message: Fact | None) -> tuple[SendMessage, ...]:
    """Return the message to the requester, and to the sponsor unless `_ONLY_REQUESTER` contains its code."""
    if message is None:
        return ()
    people = set(senders_of(request))
    if message.code not in _ONLY_REQUESTER:
        people.add(request.fields.sponsor)
    people = set(filter(is_chat_user, people))
    return tuple(
        SendMessage(person=person, subject=CommandSubject(request_id=request.id), fact=message)
        for person in sorted(people)
    )


def _message(request: AccessRequest, code: MessageCode, **values: Any) -> Fact:
    about = {"partner": partner_of(request), "request": request.id}
    return Fact(code, {**about, **values, "note": as_values(request.note)})


def closed_message(request: AccessRequest) -> Fact:
    """Return the message about a closed partner. `is_all` is true only when the read-back showed nothing open."""
    values: dict[str, Any] = {"is_suspended": True} if request.is_suspension else {}
    before = request.plan.before
    if before is not None and is_synchronization_allowed(before):
        values["was_synchronized"] = True
    confirmed_at = request.confirmed_at or request.changed_at
    values["tokens_until"] = (confirmed_at + TOKENS_USUALLY_WORK_FOR).isoformat()
    return _message(request, MessageCode.CLOSED, is_all=not request.not_closed, **values)


def _opened(request: AccessRequest, partnership: Partnership) -> Fact | None:
    """Return the message about an opened partner; None when the partner setup card says the same."""
    if request.fields.kind is RequestKind.ADOPTION:
        return _message(request, MessageCode.ADOPTED)
    if request.fields.lifts:
        return _message(request, MessageCode.LIFTED, restores=request.fields.restores)
    if any(step.is_needed for step in open_steps(partnership.setup, partnership.confirmations)):
        return None
    if request.fields.kind is RequestKind.RESTORATION:
        code = MessageCode.APPROVED_AGAIN if request.fields.restores_result else MessageCode.PUT_BACK
        return _message(request, code, restores=request.fields.restores)
    return _message(request, MessageCode.OPENED)


def _show_replaced(request: AccessRequest, earlier: Partnership | None) -> tuple[ShowRequest, ...]:
    """Update the cards of the request that was in effect before, so that they show the present state."""
    if earlier is None or earlier.request_id == request.id:
        return ()
    return (ShowRequest(request_id=earlier.request_id),)


def _show_setup(partnership: Partnership, earlier: Partnership | None) -> tuple[ShowSetup, ...]:
    """Return the effect that shows the partner setup card; none when there are no steps and no earlier card."""
    earlier_setup = () if earlier is None else earlier.setup
    return (ShowSetup(tenant_id=partnership.identity.tenant_id),) if partnership.setup or earlier_setup else ()


def _show_handover(record: Partnership, earlier: Partnership | None) -> tuple[ShowHandover, ...]:
    """Update the messages of a hand-over that ended because the partner was closed or got another sponsor."""
    if earlier is None or record.handover == earlier.handover:
        return ()
    return (ShowHandover(tenant_id=record.identity.tenant_id),)


def unapproved_partnership(
    request: AccessRequest,
    earlier: Partnership | None,
    now: datetime,
    *,
    configuration: JsonObject | None,
    basis: SettingsBasis,
) -> Partnership:
    """Return the record of a partner whose current settings are not the approved ones. A review is due at once.

    :param configuration: the current settings; None when the partner has none of its own.
    :param basis: why nobody approved them. Unless they are a part of a reduction, the access ends now.
    """
    record = _new_record(request, earlier, now, configuration=configuration or {}, basis=basis)
    if record.is_closed:
        return record  # it stays suspended, and a sweep says that it is not blocked
    return replace(record, next_review_at=now, not_applied=not_applied(request) if request.applied_part else ())


def opened_partnership(
    request: AccessRequest, earlier: Partnership | None, now: datetime, *, asks_attestation: bool = True
) -> Partnership:
    """Return the record of a partner whose access was just applied and read back.

    A request with an approval chain that is strong enough for all current settings sets the end, reviews and
    responsible people. Otherwise the existing record keeps them, with its open review. This is the case after a
    reduction with one approver, see `stages_for`. Confirmations of unchanged steps of the partner setup stay valid.

    :param earlier: the partner's record before; None when there is none.
    :param asks_attestation: see `RecordApplied`.
    """
    configuration = request.plan.configuration_after()
    if request.fields.lifts and earlier is not None and earlier.suspension is not None:
        record = lifted_partnership(request, earlier, now)
        return _with_setup(record, earlier, configuration, request.require_prepared(), now)
    return _new_record(
        *(request, earlier, now),
        configuration=configuration,
        basis=SettingsBasis.APPROVED,
        asks_attestation=asks_attestation,
    )


def _new_record(
    request: AccessRequest,
    earlier: Partnership | None,
    now: datetime,
    *,
    configuration: JsonObject | None,
    basis: SettingsBasis,
    asks_attestation: bool = True,
) -> Partnership:
    prepared, attestations = request.require_prepared(), () if earlier is None else earlier.attestations
    if earlier is not None and _stays_suspended(earlier, prepared, basis):
        return replace(earlier, version=earlier.version + 1)
    ends_at = _end_of_settings(request, earlier, now, basis)
    record = Partnership(
        identity=prepared.observation.identity,
        version=1 if earlier is None else earlier.version + 1,
        state=PartnershipState.ACTIVE,
        sponsor=prepared.sponsor,
        template=_recorded_template(prepared),
        template_title=prepared.template_title,
        is_adopted=prepared.plan.adoption is not None,
        restored_from=_restored_from(prepared),
        request_id=request.id,
        since=now,
        ends_at=ends_at,
        review_interval=prepared.review_interval,
        next_review_at=next_review(prepared.review_interval, ends_at, now, attestation_end(attestations, now)),
        attestations=attestations,
        review_events=kept_events(earlier),
        stages=_approval_policy_from(prepared, earlier),
        basis=basis,
        at_end=prepared.plan.at_end if basis is SettingsBasis.APPROVED else AtEnd.ASK,
        on_silence=prepared.plan.on_silence if basis is SettingsBasis.APPROVED else OnSilence.ESCALATE,
        left_out=prepared.plan.left_out,
    )
    is_prolonged = basis is SettingsBasis.APPROVED and _may_prolong(prepared)
    if earlier is not None and is_live(earlier) and not is_prolonged:
        record = _with_earlier_terms(earlier, record)
        record = answered_by_reduction(record, request, now, asks_attestation=asks_attestation)
    return with_earlier_sponsors(_with_setup(record, earlier, configuration, prepared, now), earlier, now)


def _stays_suspended(earlier: Partnership, prepared: PreparedRequest, basis: SettingsBasis) -> bool:
    """Return whether a suspended partner, which somebody opened outside, was only reduced. Its whole chain lifts it.

    What is still open was not approved. So it stays recorded as blocked, a sweep goes on to report it, and nobody
    can lift it before it is blocked again.
    """
    is_whole = basis in (SettingsBasis.APPROVED, SettingsBasis.PARTLY_REDUCED)
    return earlier.state is PartnershipState.SUSPENDED and is_whole and only_reduces_access(prepared.plan)


def _recorded_template(prepared: PreparedRequest) -> str:
    """Return the template of the settings. Adopted settings have only the template that gives exactly them."""
    adoption = prepared.plan.adoption
    return prepared.plan.template if adoption is None else adoption.equal_template


def _restored_from(prepared: PreparedRequest) -> RequestId | None:
    """Return the request that a restoration undid; None for settings that are again as they were approved."""
    restored = prepared.restored
    return restored.request_id if restored and restored.policy_title and not restored.is_result else None


def _end_of_settings(
    request: AccessRequest, earlier: Partnership | None, now: datetime, basis: SettingsBasis
) -> datetime | None:
    match basis:
        case SettingsBasis.APPROVED:
            return access_ends_at(request)
        case SettingsBasis.PARTLY_REDUCED if earlier is not None:
            return earlier.ends_at
        case _:
            return now


def _with_earlier_terms(earlier: Partnership, new: Partnership) -> Partnership:
    """Return the earlier record with those fields of the new one that a weaker approval chain may change.

    The next review and the end can only become earlier. A reduction does not approve the access that it leaves as it
    is: if the earlier settings were not the approved ones, that stays recorded.
    """
    is_still_unapproved = new.basis is SettingsBasis.APPROVED and not earlier.is_as_approved
    return replace(
        earlier,
        version=new.version,
        state=new.state if earlier.is_closed else earlier.state,
        suspension=None,
        not_closed=None,
        template=new.template,
        template_title=new.template_title,
        left_out=new.left_out,
        is_adopted=new.is_adopted,
        restored_from=new.restored_from,
        request_id=new.request_id,
        since=new.since,
        ends_at=_earlier(earlier.ends_at, new.ends_at),
        review_interval=_earlier(earlier.review_interval, new.review_interval),
        next_review_at=_earlier(earlier.next_review_at, new.next_review_at),
        stages=new.stages,
        basis=earlier.basis if is_still_unapproved else new.basis,
        not_applied=earlier.not_applied if is_still_unapproved else (),
        at_end=earlier.at_end if is_still_unapproved or new.is_as_approved else AtEnd.ASK,
        on_silence=earlier.on_silence if is_still_unapproved or new.is_as_approved else OnSilence.ESCALATE,
    )


def _approval_policy_from(prepared: PreparedRequest, earlier: Partnership | None) -> tuple[Stage, ...]:
    """Return the partner's new approval policy. The approval of a reduction by one person does not change it."""
    if earlier is None or not is_live(earlier):
        return prepared.stages
    return earlier.stages if only_reduces_access(prepared.plan) else stricter(earlier.stages, prepared.stages)


def _with_setup(
    record: Partnership,
    earlier: Partnership | None,
    current: JsonObject | None,
    prepared: PreparedRequest,
    now: datetime,
) -> Partnership:
    observed = prepared.observation
    setup = setup_of(current, observed.default, is_cross_cloud=not observed.identity.is_resolved).steps
    confirmations = () if earlier is None else valid_confirmations(setup, earlier.confirmations)
    is_set = earlier is not None and earlier.remind_setup_at is not None and open_steps(setup, confirmations)
    reminded = earlier if is_set else None
    with_steps = replace(
        record,
        setup=setup,
        confirmations=confirmations,
        remind_setup_at=reminded.remind_setup_at if reminded else None,
        setup_reminder_asked_by=reminded.setup_reminder_asked_by if reminded else None,
        setup_reminder_asked_at=reminded.setup_reminder_asked_at if reminded else None,
    )
    # NB. counted anew: who has just done something for this partner is not reminded of it tomorrow.
    return with_prompts(replace(with_steps, setup_prompt_at=None, setup_prompts=0), now)


def closed_partnership(request: AccessRequest, earlier: Partnership | None, now: datetime) -> Partnership:
    """Return the record of a partner that was just blocked and read back.

    A partner that is revoked stays revoked when a suspension is confirmed later.

    :param earlier: the partner's record before; None when there is none.
    """
    if request.is_suspension and (earlier is None or is_live(earlier)):
        return with_earlier_sponsors(suspended_partnership(request, earlier, now), earlier, now)
    prepared = request.require_prepared()
    record = Partnership(
        identity=prepared.observation.identity,
        version=1 if earlier is None else earlier.version + 1,
        state=PartnershipState.REVOKED,
        sponsor=prepared.sponsor if earlier is None else earlier.sponsor,
        template=request.fields.template,
        template_title=prepared.template_title,
        request_id=request.id,
        since=now,
        ends_at=None,
        review_interval=None,
        next_review_at=None,
        attestations=() if earlier is None else earlier.attestations,
        not_closed=request.not_closed,
    )
    return with_earlier_sponsors(record, earlier, now)


def _may_prolong(prepared: PreparedRequest) -> bool:
    if only_reduces_access(prepared.plan):
        return False
    whole = risk_of_result(prepared.plan, prepared.observation.default)
    return weakness_of(prepared.stages, whole.level) is None


_Moment = TypeVar("_Moment", datetime, timedelta)


def _earlier(earlier: _Moment | None, new: _Moment | None) -> _Moment | None:
    """Return the earlier or shorter of the old and the new value; None when neither is set."""
    return min((partnership for partnership in (earlier, new) if partnership is not None), default=None)

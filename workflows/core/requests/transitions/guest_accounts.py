"""Changes of a request that disables or enables guest accounts: confirmed, sent group by group, read back.

It is long because every step of such a request is here, from the preview to the end of its undo.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, Person, PersonId
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountPlan,
    AccountProgress,
    AccountResult,
    merged_results,
)
from workflows.core.plans.plan import Plan
from workflows.core.requests.commands.automatic import (
    RecordAccountResults,
    RecordAccountsRead,
    RecordAccountsSending,
    RecordApplied,
    RecordApplyFailed,
    RecordOverwritten,
    RecordPrepared,
    RecordRefusal,
    RecordResent,
    RecordUnseen,
    RecordWriting,
    Stop,
)
from workflows.core.requests.commands.request import Confirm
from workflows.core.requests.deadlines.clock_stops import lifetime_of, with_new_deadline
from workflows.core.requests.effects import Apply, Effect, MessageCode, ShowRequest
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions.transition import (
    Situation,
    Transition,
    begin_to_apply,
    changed,
    end_request,
    partner_of,
    tell_requester,
)

S = RequestState

CONFIRM_WITHIN: Final = timedelta(hours=1)
"""How long the shown accounts may be confirmed. Later they are read again for a new request."""
UNDO_WITHIN: Final = timedelta(hours=24)
"""How long the admin who disabled accounts may undo it alone."""
ENABLE_WITHIN: Final = timedelta(days=7)
"""How long an approval to enable accounts counts. Later they are shown, confirmed and approved again."""
_CLOCKS_DIFFER_BY: Final = timedelta(minutes=1)
"""How far a stored time may be in the future. If it is farther, the clock was set back, and no age is known."""
_OF_SETTINGS: Final = (
    RecordWriting,
    RecordUnseen,
    RecordResent,
    RecordOverwritten,
    RecordApplied,
    RecordRefusal,
    RecordApplyFailed,
)
_SHOWN_EVERY: Final = 100
"""After how many accounts the card shows the progress."""


def account_plan(request: AccessRequest) -> AccountPlan:
    """Return the accounts that a request writes.

    :raises Refused: while there is no plan yet, and for a request that changes no accounts.
    """
    if request.plan.accounts is None:
        raise Refused(RefusalCode.NOT_AN_ACCOUNT_CHANGE)
    return request.plan.accounts


def progress_of(request: AccessRequest) -> AccountProgress:
    """Return how far the accounts of a request are written."""
    return request.accounts or AccountProgress()


def may_still_be_undone(disabling: AccessRequest, now: datetime) -> bool:
    """Return whether a disabling ended so lately that its admin may undo it alone."""
    return _is_within(disabling.changed_at, now, UNDO_WITHIN)


def is_approved_lately(request: AccessRequest, now: datetime) -> bool:
    """Return whether the last approval of an enabling is new enough for accounts to be written."""
    return any(_is_within(decision.at, now, ENABLE_WITHIN) for decision in request.decisions)


def _is_within(since: datetime, now: datetime, limit: timedelta) -> bool:
    return -_CLOCKS_DIFFER_BY <= now - since <= limit


def confirmation_text(request: AccessRequest) -> str:
    """Return what the admin types to confirm: the partner and the number of accounts, such as `contoso.com 37`.

    :raises Refused: while there is no plan yet, and for a request that changes no accounts.
    """
    return f"{partner_of(request)} {len(account_plan(request).accounts)}"


def result_fact(request: AccessRequest) -> Fact:
    """Return the note that says what came of the accounts of a plan.

    :raises Refused: as `account_plan`.
    """
    plan, progress = account_plan(request), progress_of(request)
    values = {"change": plan.change.value, **progress.counts, "unwritten": len(progress.remaining(plan))}
    return Fact(NoteCode.ACCOUNTS_RESULT, values)


def require_consistent_accounts(request: AccessRequest, plan: Plan) -> None:
    """Refuse a plan that changes other accounts than was asked, or settings as well, or that opens without a chain.

    :raises Refused: then.
    """
    asked, accounts = request.fields.account_change, plan.accounts
    planned = None if accounts is None else accounts.change
    if asked is not planned or (accounts is not None and (plan.operations or not accounts.accounts)):
        raise Refused(RefusalCode.NOT_AN_ACCOUNT_CHANGE)


def require_right_writes(request: AccessRequest | None, command: object) -> None:
    """Refuse a command about writes of settings for a request that changes guest accounts.

    :raises Refused: then.
    """
    is_of_settings = isinstance(command, _OF_SETTINGS)
    if request is not None and request.fields.account_change is not None and is_of_settings:
        raise Refused(RefusalCode.NOT_AN_ACCOUNT_CHANGE)


def record_prepared(request: AccessRequest, command: RecordPrepared, situation: Situation) -> Transition:
    """Store the accounts to show. Whatever decides later, the admin who asked confirms them first.

    :raises Refused: when accounts would be enabled without an approval chain, unless that undoes a disabling.
    """
    prepared = command.prepared
    is_enabling = request.fields.account_change is AccountChange.ENABLE
    if is_enabling and not prepared.stages and request.fields.undoes is None:
        raise Refused(RefusalCode.NOT_AN_ACCOUNT_CHANGE)
    request = changed(request, S.AWAITING_CONFIRMATION, situation, prepared=prepared, note=())
    request = replace(request, lifetime=lifetime_of(request), expires_at=situation.now + CONFIRM_WITHIN)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def confirm(request: AccessRequest, command: Confirm[Person], situation: Situation) -> Transition:
    """Begin to write, or ask the approval chain, when exactly the shown accounts were confirmed.

    :raises Refused: for everybody but the admin who asked, for another text, and when it is too late.
    """
    received = situation.received_at or situation.now
    if not request.is_requested_by(None, command.actor.id):
        raise Refused(RefusalCode.NOT_THE_CONFIRMER)
    if not situation.current_roles.holds(command.actor.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_CHANGE_GUESTS)
    if received >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    if command.digest != request.plan.digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE)
    if (text := confirmation_text(request)) != " ".join(command.typed.lower().split()):
        raise Refused(RefusalCode.CONFIRMATION_DIFFERS, text=text)
    if not request.require_prepared().stages:
        return begin_to_apply(changed(request, S.APPLYING, situation, note=()))
    request = changed(request, S.AWAITING_APPROVAL, situation, note=())
    request = with_new_deadline(request, situation.now + lifetime_of(request), situation.now, situation.calendar)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def record_sending(request: AccessRequest, command: RecordAccountsSending, situation: Situation) -> Transition:
    """Store which accounts are sent next. They must be of the plan, and nothing may be known or open about them.

    :raises Refused: otherwise, and when nothing more may be sent.
    """
    progress = progress_of(request)
    remaining = {one.id for one in progress.remaining(account_plan(request))}
    is_free = not progress.sending and not progress.stop
    if not is_free or not command.ids or len(set(command.ids)) != len(command.ids) or set(command.ids) - remaining:
        raise Refused(RefusalCode.ACCOUNTS_NOT_IN_TURN)
    progress = replace(progress, sending=command.ids, sending_since=situation.now)
    since = request.writing_since or situation.now
    request = changed(request, S.APPLYING, situation, accounts=progress, writing_since=since, note=())
    return Transition(request=request, effects=())


def record_results(request: AccessRequest, command: RecordAccountResults, situation: Situation) -> Transition:
    """Store what came of some accounts, and go on with the next group when that is possible at once.

    :raises Refused: when a result is about an account that is not of the plan, or was sent without being stored.
    """
    progress, plan = progress_of(request), account_plan(request)
    remaining = {one.id for one in progress.remaining(plan)}
    in_turn = set(progress.sending)
    known = {one.id for one in command.results}
    if not all(_is_in_turn(one, remaining, in_turn) for one in command.results):
        raise Refused(RefusalCode.ACCOUNTS_NOT_IN_TURN)
    if not set(command.not_written) <= in_turn - known:
        raise Refused(RefusalCode.ACCOUNTS_NOT_IN_TURN)
    answered = known | set(command.not_written)
    later = replace(
        progress,
        results=merged_results(progress.results, command.results),
        sending=tuple(one for one in progress.sending if one not in answered),
    )
    # NB. a group of which nothing was written is no write: then everything is checked again before the next one.
    since = request.writing_since if later.has_effect else None
    request = changed(request, S.APPLYING, situation, accounts=later, writing_since=since)
    shown = _shown_count(progress) != _shown_count(later)
    effects: tuple[Effect, ...] = (ShowRequest(request_id=request.id),) if shown else ()
    return Transition(request=request, effects=(*effects, *(_next_group(request) if command.goes_on else ())))


def _is_in_turn(result: AccountResult, remaining: set[PersonId], sending: set[PersonId]) -> bool:
    if result.end in (AccountEnd.LEFT_ALONE, AccountEnd.GONE):
        return result.id in remaining or result.id in sending
    return result.id in sending and result.end in (AccountEnd.SENT, AccountEnd.REFUSED)


def _shown_count(progress: AccountProgress) -> int:
    return len(progress.results) // _SHOWN_EVERY


def _next_group(request: AccessRequest) -> tuple[Effect, ...]:
    return (Apply(request_id=request.id, tenant_id=request.plan.tenant_id),)


def record_read(request: AccessRequest, command: RecordAccountsRead, situation: Situation) -> Transition:
    """Store the read-back of everything that was sent. It ends the request, unless it is read again.

    Where Graph refuses the read, what was sent stays unverified, and nothing more is sent.

    :raises Refused: when the answer to a write is not known, or something is left to send, or the accounts are not
        those that were sent.
    """
    progress, plan = progress_of(request), account_plan(request)
    if command.unread and progress.has_effect and not (command.shown or command.not_shown):
        return _ended(replace(request, accounts=replace(progress, stop=(*progress.stop, *command.unread))), situation)
    is_finished = not progress.sending and (bool(progress.stop) or not progress.remaining(plan))
    if not is_finished or {*command.shown, *command.not_shown} != set(progress.ids_of(AccountEnd.SENT)):
        raise Refused(RefusalCode.ACCOUNTS_NOT_IN_TURN)
    hidden = AccountEnd.NOT_SHOWN if command.is_last else None
    ends = {**dict.fromkeys(command.shown, AccountEnd.DONE), **dict.fromkeys(command.not_shown, hidden)}
    results = tuple(
        replace(one, end=end, at=situation.now) if (end := ends.get(one.id)) is not None else one
        for one in progress.results
    )
    later = replace(progress, results=results, sending_since=None)
    if command.not_shown and not command.is_last:
        return _read_again(request, later, situation)
    return _with_end_of_undo(_ended(replace(request, accounts=later), situation))


def _read_again(request: AccessRequest, progress: AccountProgress, situation: Situation) -> Transition:
    note = (Fact(NoteCode.NOT_SHOWN_YET),)
    since = request.unconfirmed_since or situation.now
    if request.state is S.UNCONFIRMED and request.note == note and request.accounts == progress:
        return Transition(request=request, effects=())
    request = changed(request, S.UNCONFIRMED, situation, accounts=progress, note=note, unconfirmed_since=since)
    return Transition(request=request, effects=(ShowRequest(request_id=request.id),))


def _ended(request: AccessRequest, situation: Situation) -> Transition:
    """End a request whose accounts are read back: it is applied unless nothing of it is verified, or it was stopped.

    Where every account had changed or was gone, nothing failed and nothing was written, so it counts as stopped.
    """
    progress = progress_of(request)
    note: Facts = (*progress.stop, result_fact(request))
    failed = progress.count(AccountEnd.REFUSED) + progress.count(AccountEnd.NOT_SHOWN)
    if progress.stop or not progress.count(AccountEnd.DONE):
        state = S.FAILED if failed and not progress.stop else S.STOPPED
        return end_request(request, state, situation, note=note)
    request = changed(request, S.APPLIED, situation, note=note, confirmed_at=situation.now)
    message = tell_requester(request, MessageCode.ACCOUNTS_CHANGED, note=as_values(request.note))
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *message))


def _with_end_of_undo(transition: Transition) -> Transition:
    """Have a disabling shown once more when nobody may undo it alone any more."""
    request = transition.request
    if account_plan(request).change is AccountChange.DISABLE and progress_of(request).count(AccountEnd.DONE):
        later = ShowRequest(request_id=request.id, not_before=request.changed_at + UNDO_WITHIN)
        return replace(transition, effects=(*transition.effects, later))
    return transition


def stop(request: AccessRequest, command: Stop, situation: Situation) -> Transition:
    """End a request of which nothing took effect; otherwise send nothing more, and end it once that is read back."""
    progress = progress_of(request)
    if not progress.has_effect:
        note = (*command.reason, result_fact(request)) if progress.results else command.reason
        return end_request(request, S.STOPPED, situation, note=note)
    if progress.stop:
        return Transition(request=request, effects=())
    request = changed(request, request.state, situation, accounts=replace(progress, stop=command.reason))
    return Transition(request=request, effects=(ShowRequest(request_id=request.id), *_next_group(request)))

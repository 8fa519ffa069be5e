"""The displayed state of a request, and its notes: codes with values that explain the state.

It is long because it is the one list of the codes of notes.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from workflows.core.errors.facts import Fact, Facts
from workflows.core.plans.accounts import AccountEnd
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.plan import Operation
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION
from workflows.core.settings.open_access import is_known_open


class NoteCode(StrEnum):
    """The code of a note of a request. The codes are stored."""

    TEXT = "text"
    """A text that an earlier version stored, or that another system wrote. Values: `text`."""

    REJECTED = "rejected"
    """Values: `name`, `reason`."""
    WITHDRAWN = "withdrawn"
    DRAFT_DISCARDED = "draft_discarded"
    """Of a batch that nobody had asked for."""
    UNDECIDED = "undecided"
    RESTORE_UNDECIDED = "restore_undecided"
    """The same for a restore. Values: `target`, as it was typed."""
    ADOPTION_UNDECIDED = "adoption_undecided"
    """The same for an adoption. Values: `target`."""
    NOBODY_COULD_DECIDE = "nobody_could_decide"
    """The roles of a stage had too few people for too long. Values: `stage`, its title."""
    BATCH_UNDECIDED = "batch_undecided"
    """Nobody decided on a batch in time."""
    DRAFT_NOT_CONFIRMED = "draft_not_confirmed"
    """Nobody asked for what a draft shows in time."""
    BATCH_MEMBER_LEFT = "batch_member_left"
    """Why a batch asks for approval again. Values: `names`, the partners that are not part of it any more."""
    SENT_BEFORE = "sent_before"
    """A write of an earlier plan was sent and may have taken effect."""
    OTHER_IS_OPEN = "other_is_open"
    """Another request was stored first. Values: `other`, its id."""
    REVOKED_MEANWHILE = "revoked_meanwhile"
    """Values: `name`."""
    ANSWERED_MEANWHILE = "answered_meanwhile"
    """A suspension for silence ended before it began, because the review was answered or the access changed."""
    EXTENDED_MEANWHILE = "extended_meanwhile"
    """A block at the end of an access has not begun, and the partner was approved again."""
    OVERWRITTEN = "overwritten"

    KEEPS_CHANGING = "keeps_changing"
    """A revocation waits, because somebody changes the partner again and again before it is written."""
    KEEPS_TRYING = "keeps_trying"
    REJECTION_UNCHECKED = "rejection_unchecked"
    """A rejection was received, and is checked before the first write."""
    WAITS_FOR_ADMIN = "waits_for_admin"
    WENT_WRONG = "went_wrong"
    """A programming error in Gatehouse. An admin must look at it."""

    NOT_SHOWN_YET = "not_shown_yet"
    """Graph accepted the change but does not show it yet. Gatehouse reads again."""
    FROZEN = "frozen"
    """An approved request waits for the end of a freeze. Values: `name` (of who began it), `reason`."""
    HELD = "held"
    """An approved request waits, because the bot started held. Values: `cause` (a value of `HoldCause`)."""
    VOID_AFTER_RESTORE = "void_since_hold"
    """The request is from before a held start, so it opens nothing."""
    CLOSING_FIRST = "closing_first"
    """What closes access goes before the next members of a batch."""
    BATCH_ENDED_AFTER_HALT = "batch_ended_after_halt"
    """An admin ended a batch that had halted by itself. Values: `name`, `reason`."""
    BATCH_HALT_UNANSWERED = "batch_halt_unanswered"
    """No admin answered in time after a batch had halted by itself."""
    FREEZE_UNREADABLE = "freeze_unreadable"
    """It cannot be read whether there is a freeze, so nothing that opens access is written."""
    CLOCK_WRONG = "clock_wrong"
    """Our clock is wrong, so nothing that opens access is written. Values: `seconds` (how far)."""
    NOT_AS_SIGNED = "not_as_signed"
    """Something that the plan rests on is not as signed audit entries say, so nothing that opens access is written."""
    NOT_BELIEVED = "not_believed"
    """Something other than Gatehouse changed the request, so nothing that it says was approved. Only shown."""
    ENDED_NOT_BELIEVED = "ended_not_believed"
    """Something other than Gatehouse changed the request, so it ended when the freeze about that ended.

    Values: `was_sent` (whether a part of it may be in the tenant), not in earlier versions.
    """
    BATCH_NOT_BELIEVED = "batch_not_believed"
    """A batch was ended because something other than Gatehouse changed it.

    Values: `was_sent` in the note of a member, see `ENDED_NOT_BELIEVED`.
    """
    BATCH_CHANGED = "batch_changed"
    """Something other than Gatehouse changed the open batch, so nothing of it was approved. Only shown."""
    NOT_SENT_FROZEN = "not_sent_frozen"
    """A write that Graph may refuse was not sent because of a freeze. It is not sent later."""
    CAPABILITIES_UNREAD = "capabilities_unread"
    """The list of Microsoft 365 capabilities could not be read, so the partner cannot be compared with the plan."""
    CHANGE_NOT_SHOWN = "change_not_shown"
    SENT_NOT_SHOWN = "sent_not_shown"
    """The last sentence of a note about a write that cannot be sent again."""
    SENT_UNREADABLE = "sent_unreadable"
    """The first sentence of a note. The next fact says why the result cannot be read."""
    ACCEPTED_UNREADABLE = "accepted_unreadable"
    """The same as `SENT_UNREADABLE`, when Graph accepted every write."""
    EXISTS_UNREADABLE = "exists_unreadable"
    """The same as `SENT_UNREADABLE`, for an object that was to be created."""
    EXISTS_NOT_SHOWN = "exists_not_shown"
    SETTINGS_UNREADABLE = "settings_unreadable"
    WAS_THERE = "was_there"
    """The first sentence of a note. The next fact says why the partner cannot be read any more."""
    TRIED_AGAIN = "tried_again"
    SENT_DOES_NOT_SHOW = "sent_does_not_show"
    PROGRESS = "progress"
    """A part of a plan was accepted. Values: `written`, `unwritten`: for each write, a list of Graph's names.

    Also `is_read`: whether the tenant shows that part; false or missing when Graph only accepted it.
    """
    NOT_WRITTEN = "not_written"
    """Values: `is_first` (whether no earlier plan was sent either)."""

    ACCEPTED_NOT_SHOWN = "accepted_not_shown"
    PLANNED_FROM_NOW = "planned_from_now"
    """Graph accepted the change and does not show it; it is planned again."""
    CHANGED_BY_OTHERS = "changed_by_others"
    PLANNED_AGAIN = "planned_again"
    """Follows `CHANGED_BY_OTHERS`. Values: `is_first`, `has_written_nothing` (of the present plan), `is_revocation`."""
    AUTHOR_NOT_KNOWN = "author_not_known"
    """The audit log does not name the author of every setting any longer, as it did for the plan."""
    OTHER_AUTHOR = "other_author"
    """Entra's audit log names more authors of the settings than when the request was shown. Values: `names`."""
    UNKNOWN_SETTINGS_CHANGED = "unknown_settings_changed"
    """Values: `names` (Graph's), `is_first`."""
    TEMPLATE_CHANGED = "template_differs"
    ROLE_CHANGED = "role_differs"
    """Values: `role`."""
    EDITED = "edited"
    """The requester changed what is asked for. Values: `name`."""
    PROPOSAL_ACCEPTED = "proposal_accepted"
    """The requester accepted to ask for less. Values: `name`, `proposer`."""
    ASKED_AGAIN = "asked_again"
    STAGE_OPEN_AGAIN = "stage_open_again"
    """Values: `is_first`."""
    DEFAULT_CHANGED = "default_changed"
    """Values: `names` (of the settings, Graph's)."""
    ASKED_WITH_DEFAULT = "asked_with_default"
    """Values: `is_first`."""
    DEFAULT_UNKNOWN = "default_unknown"
    LEADS_ELSEWHERE = "leads_elsewhere"
    """Values: `target`, `tenant`, `now` (the present tenant; null: none)."""
    ASK_PARTNER_FIRST = "ask_partner_first"
    NOT_RUNNING = "not_running"
    """Values: `since` (null: not known), `until`."""
    LOG_TOO_SHORT = "log_too_short"
    LOG_UNREADABLE = "log_unreadable"
    CHANGED_SINCE_APPROVED = "changed_since_approved"

    ACCESS_ENDED = "access_ended"
    """The requested access ended before its plan was written. Values: `ends_at`."""
    REQUEST_LATER_END = "request_later_end"
    CHECK_PART = "check_part"
    """The next step where a part of the plan is in the tenant after its end."""
    REVIEW_PART = "review_part"
    """The next step where a part of the plan is in the tenant, because Graph refused the rest."""
    REFUSED_UNREAD = "refused_unread"
    """Graph refused a write, and what is in the tenant is not known yet."""
    REFUSED_NOT_SHOWN = "refused_not_shown"
    """Graph refused a write, and does not show yet what it accepted before."""
    ENDED_ALREADY = "ended_already"
    """The change was verified only after the access had ended. Values: `ends_at`; `at_end` where it is blocked then."""

    NOT_CLOSED = "not_closed"
    """Values: `ways`: a list of `name` (Graph's) and `opening`."""
    DEFAULT_UNREADABLE = "default_unread"
    NOT_TAKEN = "not_taken"
    """A write that Graph may refuse did not take effect; the next fact says why. Values: `names` (Graph's)."""
    LATE = "late"
    """A reason for `NOT_TAKEN`: Graph did not answer in time."""
    TAKEN_NOT_SHOWN = "taken_not_shown"
    """A reason for `NOT_TAKEN`: Graph accepted the write but does not show it."""

    ACCOUNTS_RESULT = "accounts_result"
    """What came of guest accounts. Values: `change`, `unwritten`, and how many of each `AccountEnd` (only where there
    are any), and `unknown`: how many were sent without an answer.
    """
    GUESTS_UNREADABLE = "guests_unreadable"
    """No guest account of our tenant can be read now."""
    ACCOUNTS_NOT_CONFIRMED = "accounts_not_confirmed"
    """The admin did not confirm the shown guest accounts in time."""
    ACCOUNTS_NOT_ALLOWED = "accounts_not_allowed"
    """Graph refused every account of a group for want of permission, so nothing more is sent."""
    ACCOUNTS_PARTNER_BLOCKED = "accounts_partner_blocked"
    """The partner is blocked now, so none of its guest accounts is enabled."""
    ACCOUNTS_UNDO_TOO_LATE = "accounts_undo_too_late"
    """An undo without an approval chain was not finished within a day of the disabling, or the clock was set back."""
    ACCOUNTS_APPROVED_LONG_AGO = "accounts_approved_long_ago"
    """The last approval to enable guest accounts is too old, or the clock was set back."""
    ACCOUNTS_DISABLED_INSTEAD = "accounts_disabled_instead"
    """Somebody asked to disable guest accounts of the same partner. Values: `name`."""
    ACCOUNTS_READ_BACK_FIRST = "accounts_read_back_first"
    """A request that enables accounts of the partner was stopped. What it sent is read back before the next one."""
    ACCOUNTS_NOT_ADMIN = "accounts_not_admin"
    """Who confirmed an undo is no admin any more. Values: `name`."""

    PERSON_GONE = "person_gone"
    """Who asked, or the sponsor, is no active full member with one account on the day of the start. Values: `name`."""
    MAY_NOT_REQUEST_NOW = "may_not_request_now"
    """Who sent the request may not send it any more on the day of the start. Values: `name`, `template`, its title."""
    SPONSOR_HANDED_OVER = "sponsor_handed_over"
    """The partner was handed over while the request waited. Values: `sponsor`, who stays; `named`, on the request."""
    PERSON_UNREADABLE = "person_unreadable"
    """A reason why a revocation waits: it is not known who asked for it."""
    CHANGED_REPEATEDLY = "changed_repeatedly"
    """A reason why a revocation waits: somebody changed the partner repeatedly."""
    OWN_FAULT = "own_fault"
    """A reason why a revocation waits: an error in Gatehouse. Values: `error`."""


class DisplayedState(StrEnum):
    """The state of a request for display. It distinguishes more cases than the stored state."""

    PREPARING = "preparing"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """The admin who asked has to confirm the shown guest accounts."""
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    """Approved, and nothing is written before the day on which the access starts."""
    TO_BE_WRITTEN = "to_be_written"
    """Approved, but the write is delayed."""
    APPLYING = "applying"
    UNCONFIRMED = "unconfirmed"
    REFUSED = "refused"
    """Graph refused a write, and what is in the tenant is being read."""
    APPLIED = "applied"
    GUESTS_DISABLED = "guests_disabled"
    """Guest accounts were disabled, and that was read back."""
    GUESTS_ENABLED = "guests_enabled"
    PARTLY_APPLIED = "partly_applied"
    """It ended, and the read-back shows only a part of the plan."""
    PUT_BACK = "put_back"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UNFIT = "unfit"
    STOPPED = "stopped"
    OVERWRITTEN = "overwritten"
    FAILED = "failed"
    TO_BE_BLOCKED = "to_be_blocked"
    """A revocation whose write is delayed."""
    BLOCKING = "blocking"
    BLOCK_UNCONFIRMED = "block_unconfirmed"
    BLOCKED = "blocked"
    """Blocked, and no other access is open."""
    SUSPENDED = "suspended"
    """A suspension: blocked, and no other access is open."""
    BLOCK_READ = "block_read"
    """Blocked; it was not checked whether other access is open."""
    BLOCKED_IN_PART = "blocked_in_part"
    BLOCKED_REST_UNKNOWN = "blocked_rest_unknown"
    """Blocked; whether other access is open could not be read."""
    REVOCATION_STOPPED = "revocation_stopped"


_REVOCATIONS: Final[Mapping[RequestState, DisplayedState]] = {
    RequestState.APPLYING: DisplayedState.BLOCKING,
    RequestState.UNCONFIRMED: DisplayedState.BLOCK_UNCONFIRMED,
    RequestState.APPLIED: DisplayedState.BLOCKED,
    RequestState.STOPPED: DisplayedState.REVOCATION_STOPPED,
}


_APPLIED: Final[Mapping[RequestKind, DisplayedState]] = {
    RequestKind.RESTORATION: DisplayedState.PUT_BACK,
    RequestKind.DISABLE_GUESTS: DisplayedState.GUESTS_DISABLED,
    RequestKind.ENABLE_GUESTS: DisplayedState.GUESTS_ENABLED,
}


def state_to_display(request: AccessRequest) -> DisplayedState:
    """Return the state of a request for display."""
    state, kind = request.state, request.fields.kind
    if state is RequestState.APPLIED and _is_block(request):
        if request.not_closed == ():
            return DisplayedState.SUSPENDED if request.is_suspension else DisplayedState.BLOCKED
        if not request.not_closed:
            return DisplayedState.BLOCK_READ
        is_open = is_known_open(request.not_closed)
        return DisplayedState.BLOCKED_IN_PART if is_open else DisplayedState.BLOCKED_REST_UNKNOWN
    if request.applied_part or is_partly_done(request):
        return DisplayedState.PARTLY_APPLIED
    return displayed(state, kind, is_delayed=bool(request.note), is_refused=request.write_refusal is not None)


def is_partly_done(request: AccessRequest) -> bool:
    """Return whether a request ended, and only some of the guest accounts that it was to write were written."""
    progress = request.accounts
    if progress is None or not request.is_terminal or not progress.count(AccountEnd.DONE):
        return False
    is_failed = progress.count(AccountEnd.REFUSED) + progress.count(AccountEnd.NOT_SHOWN) > 0
    return is_failed or request.state is not RequestState.APPLIED


def _is_block(request: AccessRequest) -> bool:
    """Return whether a request closes all access of its partner: a revocation, or an approved block."""
    is_revocation = request.fields.kind is RequestKind.REVOCATION
    return is_revocation or (request.prepared is not None and closes_everything(request.prepared.plan))


def displayed(state: RequestState, kind: RequestKind, *, is_delayed: bool, is_refused: bool = False) -> DisplayedState:
    """Return the state for display that follows from a stored state and the kind of request.

    :param is_delayed: whether something delays the write.
    :param is_refused: whether Graph refused a write for good.
    """
    is_revocation = kind is RequestKind.REVOCATION
    if is_refused and state in (RequestState.APPLYING, RequestState.UNCONFIRMED):
        return DisplayedState.REFUSED
    if state is RequestState.APPLYING and is_delayed:
        return DisplayedState.TO_BE_BLOCKED if is_revocation else DisplayedState.TO_BE_WRITTEN
    if is_revocation and state in _REVOCATIONS:
        return _REVOCATIONS[state]
    if state is RequestState.APPLIED and kind in _APPLIED:
        return _APPLIED[kind]
    return DisplayedState(state.value)


def not_written(request: AccessRequest) -> Fact:
    """Return the note that nothing of the present plan was written."""
    return Fact(NoteCode.NOT_WRITTEN, {"is_first": is_first_plan(request)})


def is_first_plan(request: AccessRequest) -> bool:
    """Return whether no earlier plan of the request was sent."""
    return request.earlier_write_at is None


def with_earlier_write(request: AccessRequest, note: Facts) -> Facts:
    """Return a note; if an earlier plan was sent, with the fact that it may have taken effect."""
    return note if is_first_plan(request) else (*note, Fact(NoteCode.SENT_BEFORE))


def progress(request: AccessRequest, done_count: int, *, is_read: bool) -> Fact:
    """Return the note that says which writes of the plan took effect, or were accepted.

    :param done_count: the number of operations that took effect.
    :param is_read: whether that many were read in the tenant; False when Graph only accepted them.
    """
    if done_count == 0 and request.writing_since is not None:
        return Fact(NoteCode.SENT_DOES_NOT_SHOW)
    if done_count == 0:
        return not_written(request)
    settings = [_settings_of(operation) for operation in request.plan.operations]
    return Fact(
        NoteCode.PROGRESS, {"written": settings[:done_count], "unwritten": settings[done_count:], "is_read": is_read}
    )


def not_applied(request: AccessRequest) -> tuple[str, ...]:
    """Return Graph's names of the settings of a partly applied plan that the read-back did not show."""
    missing = request.plan.required_operations[request.applied_part :]
    return tuple(name for operation in missing for name in _settings_of(operation))


def _settings_of(operation: Operation) -> list[str]:
    """Return Graph's names of the settings that an operation writes; empty when it only creates the partner."""
    if operation.path.endswith(f"/{IDENTITY_SYNCHRONIZATION}"):
        return [IDENTITY_SYNCHRONIZATION]
    return [name for name in operation.body if name != "tenantId"]


def is_believed(request: AccessRequest) -> bool:
    """Return whether nothing in a request says that something other than Gatehouse changed it."""
    return not {NoteCode.NOT_BELIEVED, NoteCode.ENDED_NOT_BELIEVED}.intersection(fact.code for fact in request.note)


def is_changed_by_others(request: AccessRequest) -> bool:
    """Return whether a request is shown as one that something else changed, so that its state says nothing."""
    return any(fact.code == NoteCode.NOT_BELIEVED for fact in request.note)


def as_not_believed(request: AccessRequest) -> AccessRequest:
    """Return a request that something else changed as it is shown: without decisions. It is never stored."""
    return replace(request, decisions=(), void_decisions=(), note=(Fact(NoteCode.NOT_BELIEVED),))

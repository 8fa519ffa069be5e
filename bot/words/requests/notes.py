"""The sentences of a request's notes, which explain its present state.

It is long because every code has its sentence here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from bot.words.names.actions import COMMANDS, Action
from bot.words.plans.consequences import STAYS_UNTIL_REVOKED
from bot.words.refusals.freeze import UNREADABLE_FREEZE, frozen_words, held_words
from bot.words.refusals.named_people.guest_accounts import accounts_result_words
from bot.words.refusals.sentences import fact_words
from bot.words.sentences import comma_list, last_day, minute
from bot.words.settings.open_access import access_kind_titles, not_closed_words
from bot.words.settings.values import title
from workflows.core.batches.batch import RowCode
from workflows.core.errors.facts import Fact, Values, facts_from_values
from workflows.core.errors.raised import DomainError
from workflows.core.policy.approval import NotCountedReason
from workflows.core.requests.notes import NoteCode
from workflows.core.settings.open_access import AccessState, OpenAccess

_SHOW: Final = COMMANDS[Action.SHOW]
_NAMES_SHOWN: Final = 3
"""How many names a note lists. It counts the others."""
_NOTHING_WRITTEN: Final = "Nothing was written"
_PLAN_NOT_WRITTEN: Final = "This plan was not written"

SENTENCES: Final[Mapping[str, str]] = {
    NoteCode.REJECTED: "Rejected by {name}: {reason}",
    NoteCode.WITHDRAWN: "The requester withdrew it.",
    NoteCode.DRAFT_DISCARDED: "The draft was discarded.",
    NoteCode.UNDECIDED: "Not approved in time. Request it again if it is still needed.",
    NoteCode.NOBODY_COULD_DECIDE: (
        "Nobody could decide: for ten working days, too few people could approve “{stage}”. Ask an admin to name "
        "approvers for it, then request it again."
    ),
    NoteCode.RESTORE_UNDECIDED: (
        f"Not approved in time. If it is still needed, ask again with {COMMANDS[Action.RESTORE]} {{target}}."
    ),
    NoteCode.BATCH_UNDECIDED: "Not approved in time. If it is still needed, ask an admin for a new draft.",
    NoteCode.DRAFT_NOT_CONFIRMED: "Nobody asked for it in time. An admin can make a new draft.",
    NoteCode.ADOPTION_UNDECIDED: (
        f"Not approved in time. If it is still needed, ask again with {COMMANDS[Action.ADOPT]} {{target}}."
    ),
    NoteCode.SENT_BEFORE: (
        "A change of an earlier plan of this request was sent but not verified. It may be active in the tenant. "
        f"{_SHOW} shows the current settings."
    ),
    NoteCode.OTHER_IS_OPEN: "{other} is open for the same tenant.",
    NoteCode.REVOKED_MEANWHILE: "{name} closed this partner before the change was verified, so the change was stopped.",
    NoteCode.EXTENDED_MEANWHILE: (
        "The partner was extended or approved again before the automatic block began. Nothing was blocked."
    ),
    NoteCode.ANSWERED_MEANWHILE: (
        "The review was answered, or the access was changed, before the automatic suspension began. "
        "Nothing was blocked."
    ),
    NoteCode.OVERWRITTEN: (
        "Somebody else changed the partner's settings while Gatehouse was sending the change. The current settings "
        f"are not the approved ones, so one person cannot keep them. Check them with {_SHOW}. Then revoke the partner, "
        f"or request the right settings with {COMMANDS[Action.REQUEST]}."
    ),
    NoteCode.KEEPS_CHANGING: "Somebody keeps changing this partner's settings.",
    NoteCode.KEEPS_TRYING: "Gatehouse keeps trying.",
    NoteCode.REJECTION_UNCHECKED: "Somebody rejected the request, and that is checked first. Nothing was written.",
    NoteCode.WAITS_FOR_ADMIN: "The request waits until an admin has corrected this.",
    NoteCode.WENT_WRONG: (
        "There was an error in Gatehouse. It does not continue automatically. Ask an admin to run gatehouse doctor."
    ),
    NoteCode.NOT_SHOWN_YET: (
        "Microsoft Graph accepted the change but does not show it yet. Gatehouse keeps reading until it does."
    ),
    NoteCode.CLOSING_FIRST: "Something that closes access goes first.",
    NoteCode.BATCH_HALT_UNANSWERED: "It had stopped by itself, and no admin answered in time.",
    NoteCode.BATCH_ENDED_AFTER_HALT: "{name} ended it after it had stopped by itself: {reason}.",
    NoteCode.FREEZE_UNREADABLE: UNREADABLE_FREEZE,
    NoteCode.VOID_AFTER_RESTORE: (
        f"Gatehouse was started with older records, or with records that may be older. So this is void, and nothing "
        f"more of it is written. It can be sent again with {COMMANDS[Action.REQUEST]}."
    ),
    NoteCode.CLOCK_WRONG: "The clock of Gatehouse's machine is wrong by {seconds} seconds. Nothing that opens "
    "access is written until it is right.",
    NoteCode.NOT_AS_SIGNED: "Something other than Gatehouse changed the records that this rests on. Nothing that opens "
    "access is written until two admins end the freeze about it.",
    NoteCode.NOT_BELIEVED: "Changed by something other than Gatehouse. Its approvals are not believed, and nothing of "
    "it is written. This request ends when two admins end the freeze about it.",
    NoteCode.BATCH_CHANGED: "Changed by something other than Gatehouse. Its approvals are not believed, and nothing "
    "more of it is written. This batch ends when two admins end the freeze about it.",
    NoteCode.NOT_SENT_FROZEN: "It was not sent because of a freeze, and is not sent later. Restore the settings again.",
    NoteCode.CAPABILITIES_UNREAD: "The partner's Microsoft 365 capabilities could not be read. Gatehouse needs the "
    "permission Policy.ReadWrite.CrossTenantCapability.",
    NoteCode.CHANGE_NOT_SHOWN: "Microsoft Graph does not show the change yet.",
    NoteCode.SENT_NOT_SHOWN: "The change was sent, but Microsoft does not show it yet.",
    NoteCode.SENT_UNREADABLE: "The change was sent but cannot be read back:",
    NoteCode.ACCEPTED_UNREADABLE: "The change was accepted but cannot be read back:",
    NoteCode.EXISTS_UNREADABLE: "The partner exists already but cannot be read:",
    NoteCode.EXISTS_NOT_SHOWN: "The partner's entry exists already, but Microsoft Graph does not show it yet.",
    NoteCode.SETTINGS_UNREADABLE: ("The partner's settings cannot be read, so the current settings are not known."),
    NoteCode.WAS_THERE: "The partner's entry existed a moment ago:",
    NoteCode.TRIED_AGAIN: "It existed a moment ago, so Gatehouse tries again.",
    NoteCode.SENT_DOES_NOT_SHOW: "Microsoft does not show the change that was sent before.",
    NoteCode.ACCEPTED_NOT_SHOWN: "Microsoft Graph accepted the change but does not show it.",
    NoteCode.PLANNED_FROM_NOW: (
        "Microsoft Graph accepted the change but does not show it. It is planned again from the current settings and "
        "needs new approval."
    ),
    NoteCode.CHANGED_BY_OTHERS: "Somebody changed this partner's settings outside Gatehouse.",
    NoteCode.TEMPLATE_CHANGED: "The template changed after this request was shown.",
    NoteCode.ROLE_CHANGED: ("The definition of the role “{role}” changed after this was shown."),
    NoteCode.EDITED: "{name} edited this request.",
    NoteCode.PROPOSAL_ACCEPTED: "{name} accepted to ask for less, as {proposer} proposed.",
    NoteCode.AUTHOR_NOT_KNOWN: "Entra's audit log does not say any longer who made all of these settings.",
    NoteCode.ASKED_AGAIN: "It is planned again, and approvers decide on the new plan.",
    NoteCode.DEFAULT_UNKNOWN: ("The tenant's default for this partner is not known, so nothing is sent."),
    NoteCode.ASK_PARTNER_FIRST: "Ask the partner before you request it again.",
    NoteCode.LOG_TOO_SHORT: "Entra's audit log does not go back far enough, so this needs new approval.",
    NoteCode.LOG_UNREADABLE: "Entra's audit log cannot be read, so this needs new approval.",
    NoteCode.CHANGED_SINCE_APPROVED: "This partner was changed after the approval, so this needs new approval.",
    NoteCode.REQUEST_LATER_END: "Request it again with a later end.",
    NoteCode.CHECK_PART: (
        f"A review is due now: revoke the partner, or request it again with a later end. {_SHOW} shows the current "
        "settings."
    ),
    NoteCode.REVIEW_PART: (
        f"A review is due now: revoke the partner, or send the request again. {_SHOW} shows the current settings."
    ),
    NoteCode.REFUSED_UNREAD: (
        "Microsoft Graph refused a write of this change. Nothing more is sent. The partner's settings cannot be read, "
        "so what is in the tenant now is not known."
    ),
    NoteCode.REFUSED_NOT_SHOWN: (
        "Microsoft Graph refused a write of this change. Nothing more is sent. It does not show yet what it accepted "
        "before, so what is in the tenant now is not known."
    ),
    NoteCode.DEFAULT_UNREADABLE: (
        f"The tenant's default could not be read, so what applies by default is not known. {_SHOW} reads it again."
    ),
    NoteCode.LATE: "Microsoft Graph did not answer in time.",
    NoteCode.TAKEN_NOT_SHOWN: "Microsoft Graph accepted it but does not show it.",
    NoteCode.GUESTS_UNREADABLE: "The guest accounts of this tenant cannot be read now.",
    NoteCode.ACCOUNTS_NOT_CONFIRMED: "The guest accounts were not confirmed in time. Nothing was written.",
    NoteCode.ACCOUNTS_NOT_ALLOWED: (
        "Microsoft Graph refused these writes: a permission of the credential for guest accounts is missing. Nothing "
        "more is sent."
    ),
    NoteCode.ACCOUNTS_PARTNER_BLOCKED: "The partner is blocked now, so no more guest accounts are enabled.",
    NoteCode.ACCOUNTS_UNDO_TOO_LATE: (
        "The undo was not finished within a day of the disabling, or the clock was set back. Request to enable the "
        "accounts: the partner's approvers decide."
    ),
    NoteCode.ACCOUNTS_APPROVED_LONG_AGO: (
        "The last approval is older than 7 days, or the clock was set back, so this needs new approval."
    ),
    NoteCode.ACCOUNTS_DISABLED_INSTEAD: "{name} asked later to disable guest accounts of this partner.",
    NoteCode.ACCOUNTS_READ_BACK_FIRST: (
        "An earlier request of this partner was stopped. What it sent is read back first."
    ),
    NoteCode.ACCOUNTS_NOT_ADMIN: "{name} confirmed this and is no admin any more.",
    NoteCode.PERSON_GONE: "{name} is named on this request or is the partner's sponsor, and cannot be any more.",
    NoteCode.MAY_NOT_REQUEST_NOW: "{name} may not send this request any more: the template “{template}” allows others.",
    NoteCode.SPONSOR_HANDED_OVER: (
        "{sponsor} is the partner's sponsor now and stays it. The request names {named}, and the partner was handed "
        "over after that."
    ),
    NoteCode.PERSON_UNREADABLE: "The requester cannot be looked up.",
    NoteCode.CHANGED_REPEATEDLY: (
        "The block cannot be verified, because somebody keeps changing the partner's settings."
    ),
    NoteCode.OWN_FAULT: "There was an error in Gatehouse: {error}.",
    NotCountedReason.EARLIER_VERSION: "{person} approved an earlier version of this request.",
    NotCountedReason.MAY_NOT: "{person} may not approve this request.",
    NotCountedReason.COUNTS_ONCE: "{person} has already approved once.",
    NotCountedReason.LOST_ROLE: "{person} no longer has the role “{stage}”.",
}


def note_words(note: Fact | Iterable[Fact]) -> str:
    """Return the sentences of a note; empty when there is none. They may contain text from outside."""
    if isinstance(note, Fact):
        return _sentence(note)
    return " ".join(filter(None, map(_sentence, note)))


def refusal_words(error: DomainError) -> str:
    """State what is not possible, why, and what to do next.

    Errors that only an operator reads have their own texts.
    """
    return note_words(error.facts)


def stored_note_words(value: str | Sequence[Mapping[str, Any]]) -> str:
    """Return the sentences of a note in a fact or an alarm. An earlier version stored a text there."""
    return value if isinstance(value, str) else note_words(facts_from_values(value))


def _sentence(fact: Fact) -> str:
    if fact.code in _FUNCTIONS:
        return _FUNCTIONS[fact.code](fact.values)
    # NB. a note may also be why something is refused; no two of these codes are the same.
    return SENTENCES[fact.code].format_map(fact.values) if fact.code in SENTENCES else fact_words(fact)


def _not_written(values: Values) -> str:
    return f"{_NOTHING_WRITTEN if values['is_first'] else _PLAN_NOT_WRITTEN}."


def _planned_again(values: Values) -> str:
    # `is_first`: whether it was the first plan of the request. Earlier versions stored the other as `is_unwritten`.
    if values.get("has_written_nothing", values.get("is_unwritten")):
        start = _NOTHING_WRITTEN if values["is_first"] else _PLAN_NOT_WRITTEN
    else:
        start = "The current settings differ from the change that was sent before"
    if values["is_revocation"]:
        return f"{start}. The revocation is planned again from the current settings."
    return f"{start}. The new plan needs new approval."


def _unknown_settings(values: Values) -> str:
    changed = access_kind_titles(values["names"])
    state = _NOTHING_WRITTEN if values["is_first"] else _PLAN_NOT_WRITTEN
    return (
        f"Changed for this partner since the plan, with an effect that is not known: {changed}. "
        f"{state}. The change is planned again from the current settings and needs new approval."
    )


def _other_author(values: Values) -> str:
    return f"Entra's audit log names somebody else who made these settings: {comma_list(values['names'])}."


def _stage_open_again(values: Values) -> str:
    return f"{_NOTHING_WRITTEN if values['is_first'] else _PLAN_NOT_WRITTEN}. The stage is open again."


def _default_changed(values: Values) -> str:
    settings = "; ".join(map(title, values["names"]))
    return f"The tenant's default changed after this was shown and would apply to the partner: {settings}."


def _asked_with_default(values: Values) -> str:
    start = _NOTHING_WRITTEN if values["is_first"] else _PLAN_NOT_WRITTEN
    return f"{start}. The change is planned again with the current default and needs new approval."


def _leads_elsewhere(values: Values) -> str:
    start = f"“{values['target']}” belonged to the tenant {values['tenant']} when this was approved"
    if values["now"] is None:
        return f"{start}, but belongs to no tenant now."
    return f"{start}, but belongs to the tenant {values['now']} now."


def _access_ended(values: Values) -> str:
    return f"The last day of the requested access, {last_day(values['ends_at'])} (UTC), passed before it was applied."


def _ended_already(values: Values) -> str:
    start = f"The last day of this access, {last_day(values['ends_at'])} (UTC), passed before it was verified."
    if "at_end" in values:
        return (
            f"{start} The access is active. The sponsor and the admins are asked, then it is blocked automatically. "
            "Revoke the partner, or request it again with a later end."
        )
    return (
        f"{start} The access is active and {STAYS_UNTIL_REVOKED}. A review is due now: revoke the partner, or request "
        "it again with a later end."
    )


def _member_left(values: Values) -> str:
    names = list(values["names"])
    shown = comma_list(names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{shown}{more} {'is' if len(names) == 1 else 'are'} not part of the batch any more."


def _not_running(values: Values) -> str:
    if values["since"] is None:
        return "Gatehouse was not running for a while, so its records may be older than the tenant."
    return (
        f"Gatehouse was not running between {minute(values['since'])} and {minute(values['until'])}, so its records "
        "may be older than the tenant."
    )


def _progress(values: Values) -> str:
    written, unwritten = values["written"], values["unwritten"]
    part = f"{len(written)} of {len(written) + len(unwritten)} changes"
    if values.get("is_read"):
        opening = f"Only {part} {'is' if len(written) == 1 else 'are'} in the tenant (verified)"
        return f"{opening}: {_writes(written)}. Not in the tenant: {_writes(unwritten)}."
    return f"Microsoft Graph accepted {part}. Accepted: {_writes(written)}. Refused or not sent: {_writes(unwritten)}."


def _writes(writes: Sequence[Sequence[str]]) -> str:
    return "; ".join(
        access_kind_titles(names, separator=", ") or "the partner without settings of its own" for names in writes
    )


def _not_closed(values: Values) -> str:
    return not_closed_words(
        [OpenAccess(name=kind["name"], opening=AccessState(kind["opening"])) for kind in values["ways"]]
    )


def _not_taken(values: Values) -> str:
    return f"Not accepted: {access_kind_titles(values['names'])}."


def _ended_not_believed(values: Values) -> str:
    return (
        "Something other than Gatehouse changed this request. Its approvals are not believed. "
        f"{_rest_not_written(values)} It can be sent again with {COMMANDS[Action.REQUEST]}."
    )


def _batch_not_believed(values: Values) -> str:
    return (
        "Something other than Gatehouse changed this batch. Its approvals are not believed. "
        f"{_rest_not_written(values)} Ask again for what is still needed."
    )


def _rest_not_written(values: Values) -> str:
    return "Nothing of it is written." if values.get("was_sent") is False else "Nothing more of it is written."


HIGH_RISK_ALONE: Final = "High risk is decided alone."
BY_RELATION_ALONE: Final = "A stage that a manager decides is decided alone."
FINISHED_ALONE: Final = "It was approved and begun. It is finished alone, with the same approvals."
FAILED_IN_BATCH: Final = "An error in Gatehouse stopped it several times in its batch. The log has the error."


def not_read_words(values: Values) -> str:
    """Say that a partner could not be read for a long time, with the last answer."""
    answer = note_words(facts_from_values(values.get("answer") or ()))
    return f"The partner could not be read for several hours. {answer}".strip()


_FUNCTIONS: Final[Mapping[str, Callable[[Values], str]]] = {
    NoteCode.ACCOUNTS_RESULT: accounts_result_words,
    NoteCode.ENDED_NOT_BELIEVED: _ended_not_believed,
    NoteCode.BATCH_NOT_BELIEVED: _batch_not_believed,
    NoteCode.FROZEN: lambda values: frozen_words(values["name"], values["reason"]),
    NoteCode.HELD: lambda values: held_words(values["cause"]),
    NoteCode.BATCH_MEMBER_LEFT: _member_left,
    RowCode.HIGH_RISK: lambda _: HIGH_RISK_ALONE,
    RowCode.BY_RELATION: lambda _: BY_RELATION_ALONE,
    RowCode.KEEPS_FAILING: lambda _: FAILED_IN_BATCH,
    RowCode.FINISHED_ALONE: lambda _: FINISHED_ALONE,
    RowCode.NOT_READ: not_read_words,
    NoteCode.NOT_WRITTEN: _not_written,
    NoteCode.PLANNED_AGAIN: _planned_again,
    NoteCode.UNKNOWN_SETTINGS_CHANGED: _unknown_settings,
    NoteCode.OTHER_AUTHOR: _other_author,
    NoteCode.STAGE_OPEN_AGAIN: _stage_open_again,
    NoteCode.DEFAULT_CHANGED: _default_changed,
    NoteCode.ASKED_WITH_DEFAULT: _asked_with_default,
    NoteCode.LEADS_ELSEWHERE: _leads_elsewhere,
    NoteCode.ACCESS_ENDED: _access_ended,
    NoteCode.ENDED_ALREADY: _ended_already,
    NoteCode.NOT_RUNNING: _not_running,
    NoteCode.PROGRESS: _progress,
    NoteCode.NOT_CLOSED: _not_closed,
    NoteCode.NOT_TAKEN: _not_taken,
}
"""The sentences that need a function."""

"""What happened to a request or a partner, from its audit entries: who did what, in a few words."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.words.partner_setup.access_test import outcome_words
from bot.words.sentences import and_list, counted
from workflows.core.conversation.remarks import Remark, RemarkKind
from workflows.core.partners.history.outside_changes import RecordedEntry
from workflows.core.policy.reviews.silence import AskedAs, ManagerSkipped
from workflows.core.requests.commands.review_event import SkipReason

ACCEPTED: Final = "accepted"
_DID: Final[Mapping[RemarkKind, str]] = {
    RemarkKind.ANSWER: "answered",
    RemarkKind.COMMENT: "commented",
    RemarkKind.CHANGES: "asked the requester to change the request",
    RemarkKind.PROPOSAL: "proposed to ask for less",
    RemarkKind.DECLINED: "declined the proposal to ask for less",
}
DONE: Final[Mapping[str, str]] = {
    "submit": "Requested",
    "record_prepared": "Checks done, change prepared",
    "record_unfit": "Could not be carried out",
    "record_delayed": "Delayed: a service did not answer",
    "change_guests": "Change of guest accounts requested",
    "confirm": "Guest accounts confirmed",
    "record_accounts_sending": "Sending a group of guest accounts to Microsoft",
    "record_account_results": "Answers about guest accounts",
    "record_accounts_read": "Guest accounts read back",
    "approve": "Approved",
    "reject": "Rejected",
    "support": "Supported by a person who needs the same access",
    "withdraw": "Withdrawn",
    "expire": "Expired",
    "remind_approvers": "Approvers reminded",
    "escalate": "Waited too long, others are asked or told",
    "record_escalation": "Others asked or told",
    "start": "The first day came",
    "announce_expiry": "Told that it expires soon",
    "stop_clock": "The time to decide stopped",
    "resume_clock": "The time to decide goes on",
    "find_own_write": "Found in Entra's audit log",
    "move_card": "Card moved to another channel",
    "reassign": "Approval reassigned",
    "set_absence": "Absence set",
    "end_absence": "Absence ended",
    "edit": "Edited and sent again",
    "request_changes": "Requester asked to change the request",
    "propose_less": "Proposal to ask for less",
    "record_proposal": "Proposed to ask for less",
    "accept_proposal": "Acceptance of the proposal",
    "decline_proposal": "Proposal to ask for less declined",
    "ask": "Question",
    "answer": "Answer",
    "comment": "Comment",
    "replan": "Planned again",
    "accept_batch_decisions": "Approved with its batch",
    "leave_batch": "Left its batch",
    "end_with_batch": "Ended with its batch",
    "reopen": "An approval no longer counts, needs new approval",
    "record_writing": "Sending the change to Microsoft",
    "record_unseen": "Sent, waiting for Microsoft to show it",
    "record_resent": "Sent again",
    "record_applied": "Verified in the tenant",
    "record_refusal": "Microsoft Graph refused a write",
    "record_apply_failed": "Failed, nothing more is sent",
    "record_overwritten": "Changed by somebody else",
    "stop": "Stopped",
    "revoke": "Revocation requested",
    "keep": "Access kept",
    "ask_review": "Review due",
    "ask_half": "Partner setup shown",
    "confirm_half": "Partner setup step confirmed",
    "unconfirm_half": "Confirmation of a partner setup step undone",
    "remind_half": "Partner setup reminder",
    "record_half": "Partner setup changed",
    "record_sponsor_gone": "The sponsor has no account any more",
    "record_sponsor_found": "The sponsor has an account again",
    "propose_sponsor": "Asked somebody to be the sponsor",
    "accept_sponsorship": "Accepted to be the sponsor",
    "decline_sponsorship": "Declined to be the sponsor",
    "withdraw_sponsorship": "Withdrew the question who shall be the sponsor",
    "remind_handover": "Reminded the person who was asked to be the sponsor",
    "expire_handover": "Not answered in time, the sponsor stays the same",
    "record_relations": "Entra names another manager, who is asked",
    "record_sponsors": "The partner has another sponsor; an approval of theirs does not count",
    "prompt_setup": "Partner setup reminder by itself",
    "postpone_setup_prompt": "Partner setup reminder postponed, because the sponsor had one that day",
    "start_review": "Review due before its time",
    "end_review_reason": "A reason of the review is over",
    "start_campaign": "Campaign of reviews started",
    "withdraw_campaign": "Campaign of reviews withdrawn",
    "issue_end_notice": "Notice about the end of access due",
    "record_end_notice": "Notice about the end of access sent, or not delivered",
    "block_at_end": "Access period ended, block requested by Gatehouse",
    "record_review_reminder": "Review question",
    "skip_review": "Review skipped",
    "suspend_for_silence": "Nobody answered the review, suspension requested by Gatehouse",
    "ask_access_test": "Asked whether the access works",
    "request_access_test": "Had the question asked whether the access works",
    "answer_access_test": "Said whether the access works",
}
_TRIED: Final[Mapping[str, str]] = {
    "change_guests": "Change of guest accounts refused",
    "confirm": "Confirmation refused",
    "approve": "Approval not counted",
    "reject": "Rejection not counted",
    "support": "Support not recorded",
    "withdraw": "Withdrawal refused",
    "edit": "Edit refused",
    "ask": "Question not recorded",
    "answer": "Answer not recorded",
    "comment": "Comment not recorded",
    "request_changes": "Request for changes not recorded",
    "propose_less": "Proposal not recorded",
    "accept_proposal": "Acceptance of a proposal refused",
    "decline_proposal": "Refusal of a proposal not recorded",
    "revoke": "Revocation refused",
    "keep": "Keeping refused",
    "submit": "Request refused",
    "reassign": "Reassignment refused",
    "set_absence": "Absence refused",
    "end_absence": "End of an absence refused",
    "remind_approvers": "Reminder refused",
    "ask_reminder": "Reminder refused",
    "propose_sponsor": "Change of the sponsor refused",
    "accept_sponsorship": "Acceptance as sponsor refused",
    "decline_sponsorship": "Refusal as sponsor not counted",
    "withdraw_sponsorship": "Withdrawal of the question to the next sponsor refused",
    "request_access_test": "Question whether the access works refused",
    "answer_access_test": "Answer whether the access works not recorded",
}

MANAGER_SKIPPED: Final[Mapping[ManagerSkipped, str]] = {
    ManagerSkipped.NONE: "The sponsor has no manager in Entra.",
    ManagerSkipped.DISABLED: "The sponsor's manager was not asked, because the account is disabled.",
    ManagerSkipped.GUEST: "The sponsor's manager was not asked, because the account is a guest.",
    ManagerSkipped.IS_SPONSOR: "The sponsor is their own manager in Entra.",
    ManagerSkipped.IS_ADMIN: "The sponsor's manager is an admin, and is asked as an admin.",
    ManagerSkipped.NOT_IN_CHAT: "The sponsor's manager was not asked, because no chat user has that mail address.",
    ManagerSkipped.UNREADABLE: "The sponsor's manager was not asked, because Entra did not answer.",
}

SKIPPED: Final[Mapping[SkipReason, str]] = {
    SkipReason.BEING_CLOSED: "the partner is being closed",
    SkipReason.ENDS_SOON: "the access ends within two weeks, and is blocked then",
    SkipReason.JUST_APPROVED: "the access was approved within the last 7 days",
    SkipReason.JUST_ANSWERED: "a review was answered within the last 7 days",
}
"""Why a review was not asked; follows "Review skipped: "."""

_ROLES: Final = {AskedAs.SPONSOR.value: "the sponsor", AskedAs.MANAGER.value: "the sponsor's manager"}


def _details_words(command: str, entry: RecordedEntry) -> str:
    """Return what an entry about a question or a review says besides its name."""
    match command, entry.details:
        case "ask", {"asked": [*asked]}:
            return f" to {and_list(list(map(str, asked)))}"
        case "skip_review", {"reason": str(reason)}:
            return f": {skipped_words(reason)}"
        case "record_review_reminder", {"people": dict(people)}:
            return f": {told_words(people, str(entry.details.get('manager_skipped', '')))}"
        case "propose_sponsor", {"proposed": str(proposed), "account": str()}:
            return f": {proposed}"
        case "answer_access_test", {"outcome": str(outcome)}:
            return f": {outcome_words(outcome)}"
        case "record_sponsor_gone", {"manager": str(manager)}:
            return f". Manager in Entra: {manager}"
        case "approve" | "reject", {"on_behalf_of_name": str(absent)}:
            return f" for {absent}"
        case "reassign", {"from": str(before), "to": str(after)}:
            return f" from {_without_account(before)} to {_without_account(after)}"
        case _:
            return ""


def _without_account(text: str) -> str:
    """Return the name of a person whose account is in brackets behind it."""
    return text.rsplit(" (", 1)[0]


def entry_words(entry: RecordedEntry) -> str:
    """Return in words what an audit entry records; an unknown command is shown by its stored name."""
    command = entry.command.removeprefix("want_")
    if entry.outcome == ACCEPTED:
        return f"{DONE.get(command, command)}{_details_words(command, entry)}"
    return f"{_TRIED.get(command, f'{command} refused')} ({entry.outcome.replace('_', ' ')})"


def skipped_words(reason: str) -> str:
    """Return why a review was not asked; a reason that is not known is shown by its stored name."""
    return {one.value: words for one, words in SKIPPED.items()}.get(reason, reason)


def told_words(people: Mapping[str, Sequence[str]], manager_skipped: str) -> str:
    """Return who got a reminder as the audit log has it: how many people in which role."""
    roles = [role for held in people.values() for role in held[:1]]
    named = [words for role, words in _ROLES.items() if role in roles]
    admins = roles.count(AskedAs.ADMIN.value)
    reached = and_list([*named, *([counted(admins, "admin")] if admins else [])])
    known = {one.value: words for one, words in MANAGER_SKIPPED.items()}
    skipped = f". {known[manager_skipped]}" if manager_skipped in known else ""
    return (f"reached {reached}" if reached else "reached nobody") + skipped


def did_words(remark: Remark) -> str:
    """Return what the author of a question, an answer or a comment did, in a few words that follow the name."""
    if remark.kind is RemarkKind.QUESTION:
        return f"asked {and_list([person.name for person in remark.asked])}"
    return _DID[remark.kind]

"""What happened to a request or a partner, from its audit entries: who did what, in a few words."""

from collections.abc import Mapping
from typing import Final

from workflows.core.partners.history.outside_changes import RecordedEntry

ACCEPTED: Final = "accepted"
DONE: Final[Mapping[str, str]] = {
    "submit": "Requested",
    "record_prepared": "Checks done, change prepared",
    "record_unfit": "Could not be carried out",
    "record_delayed": "Delayed: a service did not answer",
    "approve": "Approved",
    "reject": "Rejected",
    "withdraw": "Withdrawn",
    "expire": "Expired",
    "remind_approvers": "Approvers reminded",
    "move_card": "Card moved to another channel",
    "edit": "Edited and sent again",
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
    "start_review": "Review due before its time",
    "end_review_reason": "A reason of the review is over",
    "issue_end_notice": "Notice about the end of access due",
    "record_end_notice": "Notice about the end of access sent, or not delivered",
    "block_at_end": "Access period ended, block requested by Gatehouse",
}
_TRIED: Final[Mapping[str, str]] = {
    "approve": "Approval not counted",
    "reject": "Rejection not counted",
    "withdraw": "Withdrawal refused",
    "edit": "Edit refused",
    "revoke": "Revocation refused",
    "keep": "Keeping refused",
    "submit": "Request refused",
    "remind_approvers": "Reminder refused",
    "ask_reminder": "Reminder refused",
}


def entry_words(entry: RecordedEntry) -> str:
    """Return in words what an audit entry records; an unknown command is shown by its stored name."""
    command = entry.command.removeprefix("want_")
    if entry.outcome == ACCEPTED:
        return DONE.get(command, command)
    return f"{_TRIED.get(command, f'{command} refused')} ({entry.outcome.replace('_', ' ')})"

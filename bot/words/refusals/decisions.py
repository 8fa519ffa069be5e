"""Sentences for refused decisions on requests, refused answers about partners, and clicks that do not count.

It is long because every such code has its sentence here.
"""

from collections.abc import Mapping
from typing import Final

from bot.words.names.actions import COMMANDS, Action
from bot.words.names.partners import verified_name
from bot.words.refusals.named_people.approvers import manager_problem_words
from bot.words.sentences import Sentences, comma_list, counted, last_day, minute
from workflows.core.batches.batch import BatchState
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.partners.closing.lifting import CannotLift
from workflows.core.policy.reviews.sponsorship import HandoverState
from workflows.core.requests.request import RequestKind

_LIST, _REQUEST = COMMANDS[Action.LIST], COMMANDS[Action.REQUEST]


def _card_out_of_date(values: Values) -> str:
    match values.get("confirms"):
        case None:
            return "The request changed after this card was shown. Decide on the newest card."
        case True:
            return "The partner's steps changed after this card was shown. Send the partner the newest checklist first."
        case _:
            return (
                "The partner's steps changed after this card was shown. Check the newest card, and undo the "
                "confirmation if it is wrong."
            )


def _second_look_needed(values: Values) -> str:
    if values.get("is_first"):
        return (
            "High risk is approved in two steps. This approval is not counted yet. See the private message, and "
            "approve there."
        )
    return (
        f"You approved several high risk requests within {values['minutes']} minutes. This approval is not counted "
        "yet. See the private message that lists them, and approve there."
    )


def _second_look_counted(values: Values) -> str:
    return f"Your approval counts already: it was counted at {minute(values['at'])}. You need to do nothing."


def _not_an_approver(values: Values) -> str:
    if "stage" not in values:
        return (
            "You can't decide on this request, because you have none of its approver roles. Ask one of the approvers "
            "on the card."
        )
    return (
        "You can't decide on the stage “{stage}”, because you do not have the role “{role}”. Ask one of the approvers "
        "on the card."
    ).format_map(values)


def _in_a_batch(values: Values) -> str:
    start = f"This request is decided together with others in batch {values['batch']}."
    if not values.get("writes"):
        return f"{start} Decide on the batch."
    return (
        f"{start} Questions and comments about one partner of a batch are not possible. Ask the person who confirmed "
        "the batch directly, or reject the batch and give your question as the reason."
    )


def _drifted(values: Values) -> str:
    """Return what drifted. An earlier version stored no name."""
    if "partner" not in values:
        return "this partner"
    return verified_name(values["partner"]) if values["partner"] else "the tenant's default"


def _reason_missing(values: Values) -> str:
    if values["is_review"]:
        return "Write why the access is still needed."
    return "Write a reason for the rejection, so that the requester knows what to change."


def _too_few_approvers(values: Values) -> str:
    if "relation" in values:
        why = manager_problem_words(values["relation"])
        return f"Nobody can decide the stage “{values['stage']}” now. {why} The admins are told."
    approvals = counted(values["needed"], "approval", "approvals")
    has = counted(values["people"], "person", "people") if values["people"] else "nobody"
    return (
        f"“{values['stage']}” needs {approvals} from the role “{values['role']}”, and {has} with this role can give "
        f"one now.{_missing(values['missing_groups'])} The admins are told. Wait until an admin has corrected the role."
    )


def _missing(handles: list[str]) -> str:
    match len(handles):
        case 0:
            return ""
        case 1:
            return f" The user group @{handles[0]} does not exist or is off."
        case _:
            return f" The user groups {comma_list([f'@{handle}' for handle in handles])} do not exist or are off."


def _not_possible_in_this_state(values: Values) -> str:
    if "sponsor" in values:
        return "This is recorded already, or the partner has another sponsor now."
    if "is_closed" not in values:
        return f"Gatehouse does not know this request. It may be from another database. See {_LIST}."
    state = str(values.get("state", "")).replace("_", " ")
    if not values["is_closed"]:
        return f"This is not possible now, because the request is {state}. See its newest card."
    closed = f"This request is closed ({state})" if state else "This request is closed"
    return f"{closed} and cannot change any more. Request it again with {_REQUEST} if it is still needed."


_NOT_LIFTED: Final[Mapping[str, str]] = {
    CannotLift.NOT_SUSPENDED: "This partner is not suspended, so there is nothing to lift.",
    CannotLift.NO_ACCESS_BEFORE: "Gatehouse has no approved access of before the suspension.",
    CannotLift.NOT_AS_APPROVED: "What was active before the suspension was not approved as it was.",
    CannotLift.TOO_OLD: "The suspension is older than {days} days.",
    CannotLift.ENDED: "The approved access has ended.",
    CannotLift.DRIFTED: "Somebody changed the partner since it was suspended.",
}


def _cannot_lift(values: Values) -> str:
    why = _NOT_LIFTED[values["why"]].format(days=values.get("days"))
    if values["why"] == CannotLift.NOT_SUSPENDED:
        return f"{why} See {_LIST}."
    of = f" for {values['domain']}" if values["domain"] else ""
    return f"{why} Use {COMMANDS[Action.RESTORE]} or {_REQUEST}{of}."


def _already_being_closed(values: Values) -> str:
    closed = "suspended" if values.get("is_suspension") else "revoked"
    return f"This partner is already being {closed} ({values['request']}). You need to do nothing."


def _not_due_yet(values: Values) -> str:
    return {
        "expiry": "The request has not expired yet.",
        "review": "The review is not due yet.",
        "answered_review": "Somebody has answered this review already. You need to do nothing.",
        "review_event": "This is known already.",
        "suspension": "The suspension was requested already, or nobody was reminded yet.",
        "approver_reminder": "No reminder of the approvers is due.",
        "escalation": "No escalation is due.",
        "expiry_notice": "No notice about the expiry is due.",
        "start": "The day on which this access starts has not come.",
        "end_of_question": "The question still has time to be answered.",
        "setup_reminder": "No reminder of the partner setup is due.",
        "handover": "No reminder or end of the question to the next sponsor is due.",
        "access_test": "It is not time to ask whether the access works.",
        "end_notice": "No notice about the end of the access is due.",
        "end_of_access": "The access period has not ended, or the block was requested already.",
    }[values["what"]]


def _not_the_requester(values: Values) -> str:
    if values.get("reminds"):
        return "Only the requester can remind the approvers. Ask that person."
    if values.get("edits"):
        return f"Only the requester can edit a request. Ask that person, or send your own request with {_REQUEST}."
    return "Only the requester can withdraw a request. Ask that person."


def _not_the_sponsor(values: Values) -> str:
    action = "keep this access" if values["is_review"] else "confirm the partner setup"
    return f"Only the sponsor, {values['sponsor']}, or an admin can {action}. Ask one of them."


def _not_an_admin(values: Values) -> str:
    rule = "Only partner admins can revoke, and the sponsor when a review is due."
    if not values["is_sponsor"]:
        return f"{rule} Ask one of them."
    if values["is_review_due"]:
        return f"{rule} You are the sponsor, and a review is due: choose Revoke on the review's card, or ask an admin."
    return (
        f"{rule} You are the sponsor, but no review is due now. Use {COMMANDS[Action.SHOW]} and Close early to send a "
        "request that one approver decides, or ask an admin."
    )


def _card_replaced(values: Values) -> str:
    wrong = "This card is out of date, so your click changed nothing."
    if values["newest_at"] is None:
        return f"{wrong} See your App Home."
    return f"{wrong} The newest card is in this conversation, posted {minute(values['newest_at'])}."


def _last_day_passed(values: Values) -> str:
    return (
        f"The last day of the requested access, {last_day(values['ends_at'])} (UTC), has passed, so nobody can decide "
        "this request any more. Request it again with a later end."
    )


_BATCH_STATES: Final[Mapping[str, str]] = {
    BatchState.DRAFT: "a draft that nobody asked for yet",
    BatchState.PREPARING: "being prepared",
    BatchState.AWAITING_APPROVAL: "waiting for approval",
    BatchState.APPLYING: "approved and being recorded",
    BatchState.HALTED: "stopped by itself until an admin decides",
    BatchState.DONE: "done",
    BatchState.STOPPED: "ended before it was done",
    BatchState.REJECTED: "rejected",
    BatchState.WITHDRAWN: "withdrawn",
    BatchState.EXPIRED: "expired",
}


def _no_open_handover(values: Values) -> str:
    ended = {
        HandoverState.ACCEPTED.value: "You have accepted this already. You need to do nothing.",
        HandoverState.DECLINED.value: "You have declined this already. Ask the sponsor or an admin to ask you again.",
        HandoverState.WITHDRAWN.value: "Whoever asked you has withdrawn the question. You need to do nothing.",
        HandoverState.EXPIRED.value: "The time to answer is over. Ask the sponsor or an admin to ask you again.",
    }
    return ended.get(values.get("state", ""), "This question is not open any more. You need to do nothing.")


DECISIONS: Final[Sentences] = {
    R.CLICKED_IN_SHARED_CHANNEL: (
        "Nothing was decided. People from outside can read this channel, or were invited to it. Decide in your direct "
        "messages from Gatehouse."
    ),
    R.CLICKED_IN_UNKNOWN_CHANNEL: (
        "Nothing was decided. It is not known whether people from outside can read this channel. Decide in your "
        "direct messages from Gatehouse."
    ),
    R.EXPIRED: "This request has expired, so nobody can decide it any more. Request it again if it is still needed.",
    R.LAST_DAY_PASSED: _last_day_passed,
    R.CARD_OUT_OF_DATE: _card_out_of_date,
    R.REQUESTER_MAY_NOT_DECIDE: "You can't approve your own request. Ask one of the approvers on the card.",
    R.SPONSOR_MAY_NOT_DECIDE: "You can't decide on this request, because you are the partner's sponsor. Ask one of the "
    "approvers on the card.",
    R.PARTNER_SPONSOR_MAY_NOT_DECIDE: "You can't decide on this request, because you are this partner's sponsor, or "
    "were in the last 90 days. Ask one of the approvers on the card.",
    R.AUTHOR_MAY_NOT_DECIDE: "You can't decide on this request, because Entra's audit log names you as author of these "
    "settings. Ask one of the approvers on the card.",
    R.DRAFTER_MAY_NOT_DECIDE: "You can't decide on this request, because you gave the file with it. Ask one of the "
    "approvers on the card.",
    R.SUBMITTER_MAY_NOT_DECIDE: "You can't decide on this request, because you sent it for the requester. Ask one of "
    "the approvers on the card.",
    R.SUPPORTER_MAY_NOT_DECIDE: "You can't decide on this request, because you support it. Ask one of the approvers on "
    "the card.",
    R.SECOND_LOOK_NEEDED: _second_look_needed,
    R.OWN_REQUEST_NOT_SUPPORTED: "This is your own request, so you cannot support it as well. You need to do nothing.",
    R.ALREADY_SUPPORTED: "You support this request already. You need to do nothing.",
    R.APPROVED_NOT_SUPPORTED: "You have approved this request, so you cannot support it. You need to do nothing.",
    R.SUPPORTER_IS_NEEDED: "Who supports a request never decides on it. Without you, too few people with the role "
    "“{role}” could decide. Ask an admin to add people to the role.",
    R.TOO_MANY_SUPPORTERS: "This request has {limit} supporters already, as many as it can have. Wait until it ends.",
    R.SUPPORT_TOO_LONG: "Shorten the reason to {limit} characters.",
    R.ALREADY_DECIDED: "You have already approved this request. Each person can approve once. You need to do nothing.",
    R.SECOND_LOOK_COUNTED: _second_look_counted,
    R.NOT_AN_APPROVER: _not_an_approver,
    R.NOT_YOUR_TURN: "“{stage}” decides before your stage, “{later}”. Wait until it has approved.",
    R.ALL_APPROVALS_GIVEN: (
        "This request has all its approvals, and the change is being applied. Revoke the partner if you do not want it."
    ),
    R.CANNOT_REJECT_ANY_MORE: (
        "This request is approved and is being carried out, so it cannot be rejected any more. To close the partner's "
        f"access, use {COMMANDS[Action.REVOKE]}."
    ),
    R.MAY_NOT_REJECT_SCHEDULED: "This request is approved and starts on a later day. Only an admin, or somebody whose "
    "approval of it counts, can still reject it. Ask one of them.",
    R.REASON_MISSING: _reason_missing,
    R.TOO_FEW_APPROVERS: _too_few_approvers,
    R.TEMPLATE_CHANGED: "The template changed after this request was shown, so it has a new plan. Decide on the "
    "new card.",
    R.ROLE_CHANGED: "The definition of the role “{role}” changed after this was shown, so the request has a new "
    "plan. Decide on the new card.",
    R.ADOPTED_SETTINGS_CHANGED: "The partner's settings, or what is known about their authors, changed after this was "
    "shown. The request has a new plan. Decide on the new card.",
    R.IN_A_BATCH: _in_a_batch,
    R.NOT_IN_A_BATCH: "This request is decided alone.",
    R.UNKNOWN_BATCH: "Gatehouse does not know this batch. Check the ID. It may be from another database.",
    R.BATCH_NOT_POSSIBLE_NOW: lambda values: (
        f"This batch is closed ({_BATCH_STATES[values['state']]}). You need to do nothing."
        if values["is_closed"]
        else f"This is not possible now: the batch is {_BATCH_STATES[values['state']]}. Open its newest card."
    ),
    R.ONLY_ADMINS_ANSWER_HALT: "Only admins can continue or end a batch that stopped by itself. Ask one of them.",
    R.HALT_REASON_MISSING: "The reason is missing. Give one: the requester and the audit log show it.",
    R.HALT_ANSWERED: "The batch was continued or ended after this was shown. Open its newest card.",
    R.BATCH_LIST_MISSING: "The list of partners is not attached to the card yet, so nobody can approve. Try again when "
    "the card names the list.",
    R.BATCH_DRAFT_CHANGED: "The draft changed after this window showed it. Open it again.",
    R.DRAFTER_REFUSED: "It is not known who gave this file, so nobody could keep them from approving it. Give the file "
    "again with /partner import.",
    R.BATCH_EMPTY: "Nothing can be asked for with this draft. Ask an admin for a new one.",
    R.NOT_APPROVED_IN_BATCH: "The plan of this request is not what was approved in batch {batch}, so it needs its own "
    "approval.",
    R.NOT_POSSIBLE_IN_THIS_STATE: _not_possible_in_this_state,
    R.UNKNOWN_REQUEST: f"Gatehouse does not know this request. It may be from another database. See {_LIST}, or "
    f"request it again with {_REQUEST}.",
    R.NOT_PREPARED: "This request has no plan yet. Wait until it is prepared.",
    R.NOT_THE_REQUESTER: _not_the_requester,
    R.REQUEST_CHANGED_DURING_EDIT: (
        "This request changed after you opened this window, so your edit is not saved. Open it again with Edit, and "
        "change what is still needed."
    ),
    R.EDIT_NOT_CHECKED: (
        "An answer from the chat system or Microsoft Entra is missing, so your edit is not saved. The request that "
        "waits is unchanged. Try again in a minute."
    ),
    R.EDITED_TOO_OFTEN: "This request was edited {limit} times, as often as possible. Decide on it as it is. Ask for "
    "something else with a new request, after this one is withdrawn.",
    R.NOTHING_EDITED: "Nothing is different from the request that waits. Change something, or leave it as it is.",
    R.NOT_EDITABLE: lambda values: (
        "Only an access request can be edited. Withdraw this one. "
        + (
            f"Use {COMMANDS[Action.ADOPT]} to send it again."
            if values.get("kind") == RequestKind.ADOPTION.value
            else f"Use {COMMANDS[Action.RESTORE]} to restore other settings."
        )
    ),
    R.TARGET_LEADS_TO_OTHER_TENANT: (
        f"“{{target}}” belongs to another tenant now, so this request cannot be edited. Ask the partner, withdraw it, "
        f"and send a new request with {_REQUEST}."
    ),
    R.REMINDED_WITHIN_A_DAY: (
        "The approvers were asked or reminded within the last 24 hours. Wait until then, and remind them again."
    ),
    R.NOT_DUE_YET: _not_due_yet,
    R.NOT_AN_ADOPTION: "This plan does more than adopt the current settings, so it cannot be approved as that.",
    R.NOT_A_REVOCATION: "This plan does more than block the partner, so it needs approval.",
    R.REVOCATION_NEVER_EXPIRES: "A revocation does not expire. Gatehouse continues until it is done.",
    R.REVOCATION_NEVER_GIVEN_UP: "Gatehouse does not stop trying a revocation until it is verified.",
    R.ALL_APPROVALS_STILL_COUNT: "Every approval still counts.",
    R.REVOCATION_NEEDS_NEW_PLAN: "The revocation is planned again from the current settings until it is verified.",
    R.ALREADY_SENT_AGAIN: "The change cannot be sent again. It is sent again only once, soon after the first time.",
    R.REVOKED: f"This partner is already revoked. Request access with {_REQUEST} if it is needed.",
    R.SUSPENDED: "This partner is suspended, and nothing is asked about it until that is lifted. See "
    f"{COMMANDS[Action.SHOW]} for {{domain}}.",
    R.CANNOT_LIFT: _cannot_lift,
    R.UNKNOWN_PARTNER: f"Gatehouse does not know this partner. See {_LIST}.",
    R.NOTHING_RECORDED: "Gatehouse has no request and no record for “{partner}”. Check the spelling, or use the tenant "
    f"ID. See {_LIST}.",
    R.ACCESS_PERIOD_ENDED: f"The access period ended, so one person cannot extend it. Send a new request with "
    f"{_REQUEST} for "
    "{domain}, or revoke.",
    R.SETTINGS_NOT_APPROVED: "The current settings are not the approved ones, so one person cannot keep them. Send a "
    f"new request with {_REQUEST} for {{domain}}, or revoke.",
    R.NOT_THE_SPONSOR: _not_the_sponsor,
    R.MAY_NOT_PROPOSE_SPONSOR: "Only the sponsor, {sponsor}, the sponsor's manager in Entra, or an admin can change "
    "the sponsor. Ask one of them.",
    R.ALREADY_THE_SPONSOR: "{sponsor} is the sponsor already. Choose somebody else.",
    R.ALREADY_PROPOSED: lambda values: (
        f"{values['proposed']} is asked already, and has until {minute(values['expires_at'])} to answer. "
        "Choose somebody else, or wait."
    ),
    R.NOT_THE_PROPOSED: "{proposed} was asked to be the sponsor, so only this person can answer. You need to do "
    "nothing.",
    R.NOT_THE_PROPOSER: "{proposed_by} asked for another sponsor, so only this person can withdraw the question. "
    "/partner sponsor asks somebody else.",
    R.HANDOVER_ENDED: "This question is not open any more, so there is nothing to withdraw. You need to do nothing.",
    R.NO_OPEN_HANDOVER: _no_open_handover,
    R.ONLY_ADMINS_REVOKE: _not_an_admin,
    R.REVOCATION_RUNNING: _already_being_closed,
    R.STEP_ALREADY_CONFIRMED: "{person} has confirmed this already. You need to do nothing.",
    R.STEP_NOT_CONFIRMED: "This step is not confirmed, so there is nothing to undo. You need to do nothing.",
    R.SETUP_COMPLETE: "The partner setup is confirmed, so no reminder is needed. You need to do nothing.",
    R.ALREADY_REMINDING: "A reminder of the partner setup is set already. You need to do nothing.",
    R.SETUP_ALREADY_RECORDED: "The partner's steps are recorded already.",
    R.UNKNOWN_SETUP_STEP: f"The partner does not need this step any more. See {COMMANDS[Action.CHECKLIST]} for the "
    "current steps.",
    R.DRIFTED: "The current settings of {domain} are not the approved ones: a sweep found a change outside of "
    f"Gatehouse. So the access cannot be kept. Choose Restore in {COMMANDS[Action.SHOW]}, or revoke it.",
    R.ONLY_ADMINS_ACCEPT_DRIFT: "Only admins can see and accept drift. Ask one of them.",
    R.ONLY_ADMINS_DISMISS: "Only admins can see and dismiss messages about refused sign-ins. Ask one of them.",
    R.NOTICE_OVER: "This message is over, or a newer one tells of the same. You need to do nothing.",
    R.NO_DRIFT: "The settings are as approved again, so there is nothing to accept. You need to do nothing.",
    R.DRIFT_CHANGED: "The settings were changed again after this was shown. Open the newest alarm.",
    R.AUTHOR_MAY_NOT_ACCEPT: lambda values: (
        f"Entra's audit log says that you made the change of {_drifted(values)}, so you cannot accept it. Ask another "
        "admin."
    ),
    R.DRIFT_ALREADY_ACCEPTED: lambda values: (
        f"You or enough other admins have accepted the drift of {_drifted(values)} already. You need to do nothing."
    ),
    R.DRIFT_DAYS_NOT_OFFERED: lambda values: (
        f"This drift can be accepted for {comma_list(values['days'])} days. Choose one of them."
    ),
    R.ONLY_ADMINS_DECIDE_GIVEN_UP: "Only admins can retry stopped work or give it up. Ask one of them.",
    R.WORK_NOT_GIVEN_UP: "Somebody has decided about this stopped work already. You need to do nothing.",
    R.CARD_REPLACED: _card_replaced,
    R.WINDOW_NOT_YOURS: (
        "Gatehouse cannot tell that this was opened for you. It may be older than seven days, or from before an "
        "update. Nothing was done. Open it again. If you did not click, tell an admin."
    ),
    R.WINDOW_CLOSED: "The window of this click is closed. Open it again.",
    R.BUTTON_VALUE_UNREADABLE: "Gatehouse does not know this button, or it is too old. Use the newest card, or "
    "/partner help.",
    R.FOREIGN_RESPONSE_URL: (
        "The address for the answer is not allowed, so nothing was sent there. Type the command again."
    ),
}

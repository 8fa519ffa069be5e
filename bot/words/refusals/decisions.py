"""Sentences for refused decisions on requests, refused answers about partners, and clicks that do not count."""

from typing import Final

from bot.words.actions import COMMANDS, Action
from bot.words.sentences import Sentences, counted, listed, minute
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R

_LIST, _REQUEST = COMMANDS[Action.LIST], COMMANDS[Action.REQUEST]


def _stale_card(values: Values) -> str:
    match values.get("confirms"):
        case None:
            return "The request changed after this card was shown. Decide on the newest card."
        case True:
            return (
                "What the partner has to set changed after this card was shown. Give them the newest checklist first."
            )
        case _:
            return (
                "What the partner has to set changed after this card was shown. "
                "Look at what stands now, and take that back if it is not so."
            )


def _not_an_approver(values: Values) -> str:
    if "stage" not in values:
        return "You hold none of the roles that decide on this request. Ask one of the approvers; the card names them."
    return (
        "The stage “{stage}” needs someone with the role “{role}”, which you lack. "
        "Ask one of the approvers; the card names them."
    ).format_map(values)


def _reason_missing(values: Values) -> str:
    if values["is_review"]:
        return "Say why the access is still needed."
    return "A rejection needs a reason: the requester has to know what to change. Write one."


def _role_empty(values: Values) -> str:
    approvals = counted(values["needed"], "approval", "approvals")
    has = counted(values["people"], "person", "people") if values["people"] else "nobody"
    return (
        f"“{values['stage']}” needs {approvals} from the role “{values['role']}”, and {has} "
        f"with this role can give one now.{_missing(values['missing_groups'])} "
        "An admin has to mend that; the admins are told."
    )


def _missing(handles: list[str]) -> str:
    match len(handles):
        case 0:
            return ""
        case 1:
            return f" The user group @{handles[0]} does not exist or is off."
        case _:
            return f" The user groups {listed([f'@{handle}' for handle in handles])} do not exist or are off."


def _not_now(values: Values) -> str:
    if "sponsor" in values:
        return "The record of this partner's sponsor says so already, or names somebody else."
    if "is_closed" not in values:
        return f"There is no such request. It may have been removed together with its database. See {_LIST}."
    state = str(values.get("state", "")).replace("_", " ")
    if not values["is_closed"]:
        return f"This request is {state}; that is not possible now. Look at its newest card."
    closed = f"This request is closed ({state})" if state else "This request is closed"
    return f"{closed}; nothing about it can change any more. Ask again with {_REQUEST} if it is still needed."


def _not_due(values: Values) -> str:
    return {
        "expiry": "The request has not expired yet.",
        "review": "The review is not due yet.",
        "answered_review": "No review is waiting: somebody has answered it already. You need to do nothing.",
        "approver_reminder": "No reminder of the approvers is due.",
        "setup_reminder": "No reminder of the partner's half is due.",
    }[values["what"]]


def _not_the_requester(values: Values) -> str:
    if values.get("reminds"):
        return "Only the person who filed a request can remind its approvers. Ask that person."
    return "Only the person who filed a request can withdraw it. Ask that person."


def _not_the_sponsor(values: Values) -> str:
    what = "keep this access" if values["is_review"] else "speak for the partner's half"
    return f"Only the sponsor, {values['sponsor']}, or an admin can {what}. Ask one of them."


def _not_an_admin(values: Values) -> str:
    rule = "Only partner admins can revoke, and the sponsor in answer to a review."
    if not values["is_sponsor"]:
        return f"{rule} Ask one of them."
    if values["is_review_due"]:
        return f"{rule} You are the sponsor and are being asked: press Revoke on the review's card, or ask an admin."
    return f"{rule} You are the sponsor, but no review is due now: ask an admin."


def _card_replaced(values: Values) -> str:
    wrong = "This card is out of date, so your click changed nothing."
    if values["newest_at"] is None:
        return f"{wrong} See your App Home."
    return f"{wrong} The newest one stands in this conversation, posted {minute(values['newest_at'])}."


DECISIONS: Final[Sentences] = {
    R.EXPIRED: "This request has expired; it can no longer be decided. It can be filed again.",
    R.STALE_CARD: _stale_card,
    R.OWN_REQUEST: "You filed this request, so somebody else has to decide on it. "
    "Ask one of the approvers; the card names them.",
    R.SPONSOR: "You are this partner's sponsor, so somebody else has to decide on it. "
    "Ask one of the approvers; the card names them.",
    R.ALREADY_DECIDED: "You have already approved this request; one person counts once. You need to do nothing.",
    R.NOT_AN_APPROVER: _not_an_approver,
    R.NOT_YOUR_TURN: "“{stage}” decides first; your stage, “{later}”, follows. Wait until then.",
    R.COMPLETE: "Every approval is in; the change is being applied. Revoke it if it must not stand.",
    R.REASON_MISSING: _reason_missing,
    R.ROLE_EMPTY: _role_empty,
    R.TEMPLATE_CHANGED: "The template changed after this request was shown. So it is planned and asked again. "
    "Decide on the new card.",
    R.ROLE_CHANGED: "The role “{role}” is defined differently now: other people may hold it than when this was shown. "
    "So it is planned and asked again. Decide on the new card.",
    R.NOT_NOW: _not_now,
    R.UNKNOWN_REQUEST: "Gatehouse knows no such request; its card may be from another database. "
    f"See {_LIST}, or ask again with {_REQUEST}.",
    R.NOT_PREPARED: "This request has no plan yet; wait until it has been prepared.",
    R.NOT_THE_REQUESTER: _not_the_requester,
    R.REMINDED_LATELY: (
        "The approvers were asked or reminded within the last 24 hours. Wait until then, and remind them again."
    ),
    R.NOT_DUE: _not_due,
    R.NOT_A_REVOCATION: "This plan does more than closing the partner, so it needs an approval.",
    R.NEVER_EXPIRES: "A revocation is carried out, however long it takes.",
    R.NEVER_GIVEN_UP: "A revocation is tried until it is confirmed, whatever refuses it.",
    R.STILL_COMPLETE: "Every approval still counts.",
    R.PLAN_AGAIN: "A revocation is planned again from what stands now, until it holds.",
    R.NOT_AGAIN: "What was sent is sent again once, and only for a while after the first time.",
    R.REVOKED: "This partner is already revoked; there is nothing left to review. "
    f"Ask with {_REQUEST} if it is needed.",
    R.UNKNOWN_PARTNER: f"Gatehouse knows no such partner; see {_LIST}.",
    R.PAST_ITS_END: "The approved time is over, so one person cannot prolong it. "
    f"File a new request with {_REQUEST} for {{domain}}, or revoke.",
    R.NOT_THE_SPONSOR: _not_the_sponsor,
    R.NOT_AN_ADMIN: _not_an_admin,
    R.UNDER_WAY: "A revocation of this partner is already under way ({request}). You need to do nothing.",
    R.ALREADY_CONFIRMED: "{person} has confirmed this already. You need to do nothing.",
    R.NOT_CONFIRMED: "Nobody has confirmed this, so there is nothing to take back. You need to do nothing.",
    R.NOTHING_OPEN: "The partner's half is confirmed, so there is nothing to be reminded of. You need to do nothing.",
    R.ALREADY_REMINDING: "A reminder of the partner's half is set already. You need to do nothing.",
    R.NOT_MISSING: "What the partner has to do is recorded already.",
    R.NO_SUCH_STEP: "Nothing of this kind is wanted from the partner any more. "
    f"See {COMMANDS[Action.CHECKLIST]} for what is.",
    R.NOT_ADMIN: "Only admins can try given up work again or forget it. Ask one of them.",
    R.NOT_GIVEN_UP: "This work is not given up any more: somebody decided about it already. You need to do nothing.",
    R.CARD_REPLACED: _card_replaced,
    R.NO_VIEW: "This click belongs to no window; open it again.",
    R.MALFORMED: "This button is not one of Gatehouse's, or too old to be understood. "
    "Use the newest card, or /partner help.",
    R.FOREIGN_RESPONSE_URL: "The answer's address is not Slack's, so nothing was sent there. Type the command again.",
}

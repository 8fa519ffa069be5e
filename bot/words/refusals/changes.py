"""Why changes of a request cannot be asked for or proposed, and why a proposal cannot be answered."""

from typing import Final

from bot.words.sentences import Sentences, or_list
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode

R = RefusalCode


def _ends_later(values: Values) -> str:
    if values["has_day"]:
        return "The request names its last day. Choose an earlier day, because a duration may end later."
    return "Choose a shorter duration or an earlier last day than the request has."


def _out_of_date(values: Values) -> str:
    if values["is_replaced"]:
        return "There is a newer proposal. See the newest message about this request."
    return (
        "This proposal is out of date: it was answered, or the request changed since. Open Details for the present "
        "state. The approver can propose it again."
    )


def _requester_may_not(values: Values) -> str:
    name, template = values["name"], values["template"]
    if roles := or_list([f"“{role}”" for role in values["roles"]]):
        why = f"{name} may not request “{template}”: only people with the role {roles} may."
        cure = f"ask an admin to add {name} to the role"
    else:
        why, cure = f"{name} may not request “{template}” for somebody else.", ""
    if values["is_answer"]:
        again = f"Decline the proposal, or {cure} and accept again." if cure else "Write why, and decline the proposal."
        return f"{why} {again} Nothing was changed."
    return f"{why} Choose another template, or {cure or 'reject the request and say what is needed'}."


CHANGES: Final[Sentences] = {
    R.CANNOT_BE_CHANGED: (
        "Changes can be asked for only on an access request. Give a reason and reject this request instead."
    ),
    R.PROPOSAL_GIVES_MORE: (
        "This would give more access than the request. Choose less, or reject the request and say what is needed."
    ),
    R.PROPOSAL_NOT_PROVEN: (
        "Gatehouse cannot prove that this gives less access. Ask the requester for it with Request changes."
    ),
    R.PROPOSAL_ENDS_LATER: _ends_later,
    R.PROPOSAL_WATCHED_LESS: (
        "This template is reviewed less often, or its access does not end by itself. Choose another template."
    ),
    R.REQUESTER_MAY_NOT_REQUEST: _requester_may_not,
    R.PROPOSAL_EMPTY: "This is what the request asks for already. Choose less, or close this window.",
    R.PROPOSAL_OUT_OF_DATE: _out_of_date,
    R.ONLY_REQUESTER_ANSWERS: "Only the requester, or who sent the request for them, can answer this proposal. You "
    "need to do nothing.",
    R.LEFT_OUT_EVERYTHING: "Nothing of “{template}” would be left. Choose fewer parts to leave out.",
}

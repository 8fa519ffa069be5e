"""Sentences for refused questions, answers and comments."""

from collections.abc import Mapping
from typing import Final

from bot.words.sentences import Sentences, counted, or_list
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R


def _too_long(values: Values) -> str:
    return (
        f"The text has {values['characters']} characters. At most {values['maximum']} are possible. Shorten it, or "
        "send two."
    )


def _may_not_ask(values: Values) -> str:
    cure = "Use Comment in Details." if values["may_comment"] else "Ask the requester outside Gatehouse."
    return f"Only people who may decide on this request, and admins, can ask a question about it. {cure}"


def _may_not_answer(values: Values) -> str:
    return f"Only {or_list([*values['asked'], 'the requester'])} can answer this question. Ask one of them."


CONVERSATION: Final[Sentences] = {
    R.REMARK_EMPTY: "Write a text.",
    R.REMARK_TOO_LONG: _too_long,
    R.REMARKS_FULL: (
        "This request has {maximum} questions and comments, and cannot have more. Decide on it, or speak with "
        "the requester outside Gatehouse."
    ),
    R.ASKED_TOO_MANY: lambda values: (
        f"You have {counted(values['maximum'], 'open question')} about this request, and one person cannot have more. "
        "Wait for an answer first."
    ),
    R.NOBODY_ASKED: "Choose at least one person who shall answer. You cannot choose yourself.",
    R.TOO_MANY_ASKED: "Choose at most {maximum} people.",
    R.MAY_NOT_ASK: _may_not_ask,
    R.MAY_NOT_COMMENT: (
        "You can't comment, because you have nothing to do with this request. Its requester, sponsor and approvers, "
        "and admins can. Ask one of them."
    ),
    R.MAY_NOT_ANSWER: _may_not_answer,
    R.UNKNOWN_QUESTION: "This request has no such question. Open its newest card.",
    R.ALREADY_ANSWERED: "{name} has answered this question already. Use Comment in Details to add something.",
}

ABOUT_THE_ASKED: Final[Mapping[str, str]] = {
    R.SEVERAL_USERS_WITH_ONE_ADDRESS: "Another user of the workspace has the mail address of a person whom you chose.",
    R.NOT_EXACTLY_ONE_ACCOUNT: "A person whom you chose does not have exactly one account in Entra.",
    R.ACCOUNT_NOT_A_MEMBER: "A person whom you chose has a disabled or a guest account in Entra.",
    R.UNKNOWN_USER: "A person whom you chose is not in this workspace any more.",
    R.DEACTIVATED: "A person whom you chose is deactivated in this workspace.",
    R.NOT_A_PERSON: "You chose a bot or a workflow.",
    R.OTHER_WORKSPACE: "A person whom you chose belongs to another workspace.",
    R.WORKSPACE_GUEST: "A person whom you chose is a guest in this workspace.",
    R.NO_MAIL_ADDRESS: "The workspace shows no mail address of a person whom you chose.",
}
"""Why somebody cannot be asked, in words for the person who asks."""

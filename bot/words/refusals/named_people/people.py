"""Sentences about people who cannot take part: for the person, and for whoever named them as a sponsor."""

from typing import Final

from bot.words.sentences import Sentences, minute
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R


def limit_words(values: Values) -> str:
    """Return a limit of one person: "6 approvals an hour", "20 approvals a day"."""
    what = str(values["what"])
    return f"{values['limit']} {what.removeprefix('daily ')} {'a day' if what.startswith('daily ') else 'an hour'}"


def _limit_reached(values: Values) -> str:
    return (
        f"You have reached the limit of {limit_words(values)} for one person. Nothing was "
        f"changed. Try again after {minute(values['again_at'])}. An admin can change the limit."
    )


def _open_requests_reached(values: Values) -> str:
    expires = "" if values["ends_at"] is None else f"The first one expires at {minute(values['ends_at'])}. "
    return (
        f"You have {values['limit']} open requests, as many as one person may have. Wait until one of them ends, or "
        f"withdraw one. {expires}An admin can change the limit."
    )


def _not_one_account(values: Values) -> str:
    account_count = f"{values['count']} accounts" if values["count"] else "no account"
    return (
        f"Entra has {account_count} with your mail address {values['mail']}, but it must have exactly one. Ask an "
        "admin to correct the address in the chat system or in Entra."
    )


PEOPLE: Final[Sentences] = {
    R.NOT_AN_AUDITOR: "Only auditors can search all requests and read their audit history. Ask an admin to add you to "
    "the role auditor.",
    R.NO_REPORT_FOR_YOU: "Only admins and auditors can get an audit report. Ask an admin to add you to the "
    "role auditor.",
    R.NO_DIAGNOSIS_FOR_YOU: "Only admins and the help desk can ask this, and sponsors about their own partner. Ask an "
    "admin.",
    R.DIAGNOSIS_RIGHT_UNKNOWN: "The chat system or Microsoft Entra does not answer, so Gatehouse cannot check whether "
    "you may ask this. Nothing is shown. Try again in a minute.",
    R.NO_GUESTS_FOR_YOU: "Only admins can list the guests of a partner; the sponsor of a partner sees how many there "
    "are. Ask an admin.",
    R.AUDITOR_UNKNOWN: "The chat system or Microsoft Entra does not answer, so Gatehouse cannot check whether you are "
    "an auditor. Nothing is shown. Try again in a minute.",
    R.CANNOT_BE_CHECKED: "Your click changed nothing. Gatehouse could not check your permission: {answer} Tell an "
    "admin, and click again after it is corrected.",
    R.LIMIT_REACHED: _limit_reached,
    R.OPEN_REQUESTS_REACHED: _open_requests_reached,
    R.CHAT_DIRECTORY_REFUSED: "The chat system refuses to say who people are ({method}: {answer}). Tell an admin. "
    "Trying again does not help until this is corrected.",
    R.OTHER_APP: "This came from another app. Use the Gatehouse app of this workspace.",
    R.OTHER_WORKSPACE: "You belong to another workspace. Only members of this workspace can do this. Ask one of them.",
    R.DEACTIVATED: "This user is deactivated in the workspace. Ask an admin of the workspace to activate it again.",
    R.NOT_A_PERSON: "Bots and workflows cannot do this. Ask a person to do it.",
    R.WORKSPACE_GUEST: "You are a guest in this workspace. Only full members can do this. Ask one of them.",
    R.NO_MAIL_ADDRESS: "The workspace shows no mail address for you, so Gatehouse cannot find your Entra account. Ask "
    "an admin of the workspace.",
    R.UNKNOWN_USER: "This user is not in the workspace any more. Ask an admin of the workspace.",
    R.SEVERAL_USERS_WITH_ONE_ADDRESS: "Another user of the workspace has your mail address {mail}, so Gatehouse "
    "refuses both. Ask an admin of the workspace to correct one of the addresses, or to deactivate one of the users.",
    R.NOT_EXACTLY_ONE_ACCOUNT: _not_one_account,
    R.ACCOUNT_NOT_A_MEMBER: (
        "Your Entra account is disabled or a guest account. Only enabled members can do this. Ask an admin."
    ),
    R.PERSON_NOT_READABLE_NOW: (
        "The chat system does not say who you are at the moment, so nothing is shown. Click again in a minute."
    ),
}

ABOUT_THE_SPONSOR: Final[Sentences] = {
    R.SEVERAL_USERS_WITH_ONE_ADDRESS: "Another user of the workspace has the sponsor's mail address. Choose somebody "
    "else, or ask an admin of the workspace to correct the address.",
    R.NOT_EXACTLY_ONE_ACCOUNT: "Entra must have exactly one account with the sponsor's mail address, but has none or "
    "several. Choose somebody else, or ask an admin to correct the address here or in Entra.",
    R.ACCOUNT_NOT_A_MEMBER: "The sponsor's Entra account is disabled or a guest account. Choose an enabled member.",
    R.UNKNOWN_USER: "The sponsor is not in this workspace any more. Choose somebody else.",
    R.DEACTIVATED: "The sponsor's user is deactivated in this workspace. Choose somebody else.",
    R.NOT_A_PERSON: "The sponsor is a bot or a workflow. Choose a person.",
    R.OTHER_WORKSPACE: "The sponsor belongs to another workspace. Choose a member of this one.",
    R.WORKSPACE_GUEST: "The sponsor is a guest in this workspace. Choose a full member.",
    R.NO_MAIL_ADDRESS: "The workspace shows no mail address of the sponsor, so Gatehouse cannot find the Entra "
    "account. Choose somebody else, or ask an admin.",
}
"""The same refusals in words for the person who named the sponsor."""

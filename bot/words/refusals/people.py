"""Sentences for people who cannot take part, told to themselves, and about a sponsor, told to whoever chose them."""

from typing import Final

from bot.words.sentences import Sentences, time_of_day
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R


def _limit_reached(values: Values) -> str:
    return (
        f"You have reached the limit of {values['limit']} {values['what']} an hour for one person. "
        f"It is possible again at {time_of_day(values['again_at'])}. Nothing was changed. "
        "The limit is a setting; an admin can say more."
    )


def _not_one_account(values: Values) -> str:
    found = f"{values['count']} accounts" if values["count"] else "no account"
    return (
        f"Entra has {found} with your Slack mail address {values['mail']}; it has to be exactly one. "
        "Ask an admin to correct the address in Slack or in Entra."
    )


PEOPLE: Final[Sentences] = {
    R.CANNOT_BE_CHECKED: "Microsoft Graph refused to say who you are or what you may do, so your click changed "
    "nothing: {answer} Tell an admin; click again once it is mended.",
    R.LIMIT_REACHED: _limit_reached,
    R.DIRECTORY_REFUSED: "Slack refuses to say who people are ({method}: {answer}). "
    "Tell an admin: trying again does not help before that is mended.",
    R.OUTSIDER: "You belong to another workspace; only members of this one take part. Ask one of them.",
    R.DEACTIVATED: "This Slack user is deactivated. Ask an admin of Slack to activate it again.",
    R.NOT_HUMAN: "Only people take part, no bots or workflows. Let a person do this.",
    R.WORKSPACE_GUEST: "You are a guest in this workspace; only full members take part. Ask one of them.",
    R.NO_MAIL: "Slack shows no mail address for you, so Gatehouse cannot tell who you are in Entra. "
    "Ask an admin of Slack.",
    R.UNKNOWN_USER: "Slack does not know this user any more. Ask an admin of Slack.",
    R.NOT_ONE_ACCOUNT: _not_one_account,
    R.NOT_A_MEMBER: "Your Entra account is disabled or a guest account; only enabled members take part. Ask an admin.",
    R.NOT_KNOWN_NOW: "Slack does not say who you are at the moment, so nothing is shown. Click again in a minute.",
}

ABOUT_THE_SPONSOR: Final[Sentences] = {
    R.NOT_ONE_ACCOUNT: "Entra has no account, or several, with the sponsor's mail address; it has to be exactly one. "
    "Choose somebody else, or ask an admin to correct the address here or in Entra.",
    R.NOT_A_MEMBER: "The sponsor's Entra account is disabled or a guest account. Choose an enabled member.",
    R.UNKNOWN_USER: "The sponsor is not in this workspace any more. Choose somebody else.",
    R.DEACTIVATED: "The sponsor's user is deactivated in this workspace. Choose somebody else.",
    R.NOT_HUMAN: "The sponsor is a bot or a workflow. Choose a person.",
    R.OUTSIDER: "The sponsor belongs to another workspace. Choose a member of this one.",
    R.WORKSPACE_GUEST: "The sponsor is a guest in this workspace. Choose a full member.",
    R.NO_MAIL: "No mail address of the sponsor is shown here, so Gatehouse cannot tell who that is in Entra. "
    "Choose somebody else, or ask an admin.",
}
"""The refusals of people as `Directory.identify` raises them, for somebody who named them as a sponsor."""

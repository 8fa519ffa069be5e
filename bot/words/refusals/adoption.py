"""Sentences for refusals to adopt the current settings of a partner."""

from typing import Final

from bot.words.names.actions import COMMANDS, Action
from bot.words.sentences import Sentences, day
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R

_REQUEST, _REVOKE, _SHOW = COMMANDS[Action.REQUEST], COMMANDS[Action.REVOKE], COMMANDS[Action.SHOW]


def _nothing_to_adopt(values: Values) -> str:
    start = "This partner has no settings of its own in the tenant, so there is nothing to adopt."
    if values["is_recorded"]:
        return f"{start} Gatehouse has a record of it. {_SHOW} says what applies now; revoke it, or request access."
    return f"{start} The tenant's default applies to it. Request access with {_REQUEST}."


def _adopts_a_block(values: Values) -> str:
    if values["is_recorded"]:
        return "All B2B access of this partner is blocked, and it is recorded as revoked. You need to do nothing."
    return (
        "All B2B access of this partner is blocked, so nothing can be adopted. An admin can record it as revoked with "
        f"{_REVOKE}. That needs no approval."
    )


def _already_as_approved(values: Values) -> str:
    until = "" if values["ends_at"] is None else f" until {day(values['ends_at'])}"
    return (
        f"This partner is recorded, and its settings are as approved{until}. There is nothing to adopt. Request more "
        f"access or a later end with {_REQUEST}."
    )


def _too_short(values: Values) -> str:
    return (
        f"{values['days']} days from now are not longer than the approved access, which ends on "
        f"{day(values['ends_at'])}. Choose a longer duration, or ask for {values['days']} days again from "
        f"{day(values['asked_from'])}."
    )


def _not_read_now(values: Values) -> str:
    start = "The current settings cannot be read now, so nothing was sent. Try again in a minute."
    return f"{start} {values['answer']}".rstrip()


ADOPTION: Final[Sentences] = {
    R.NOTHING_TO_ADOPT: _nothing_to_adopt,
    R.ADOPTS_A_BLOCK: _adopts_a_block,
    R.ALREADY_AS_APPROVED: _already_as_approved,
    R.ADOPTION_TOO_SHORT: _too_short,
    R.ADOPTS_OTHER_CLOUD: (
        "Entra cannot look up the tenant {tenant_id}. It is in another Microsoft cloud, or does not exist any more. So "
        f"its settings cannot be adopted. Request access with {_REQUEST} and this ID, or ask an admin to revoke it."
    ),
    R.ADOPTION_RECORD_UNREADABLE: (
        "The request of this partner's record cannot be read, so it is not known what was approved. Ask an admin to "
        "run gatehouse doctor."
    ),
    R.ADOPTION_CHANGED_IN_FORM: (
        "The partner's settings changed after this form showed them. Close it, and type "
        f"{COMMANDS[Action.ADOPT]} again."
    ),
    R.NOT_READ_NOW: _not_read_now,
}

"""Sentences about guest accounts that are disabled or enabled: why that is refused, and what came of it."""

from typing import Final

from bot.words.plans.accounts import CHANGES, left_counts_words, unchecked_words
from bot.words.refusals.freeze import frozen_words, held_words
from bot.words.sentences import Sentences, comma_list, counted
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.plans.accounts import AccountChange, AccountEnd, LeftAlone

_PERHAPS_WRITTEN: Final = (AccountEnd.SENT.value, AccountEnd.NOT_SHOWN.value, "unknown")


def accounts_result_words(values: Values) -> str:
    """Return what came of the accounts of a plan: how many were written and read back, and what of the others."""
    done, verified = CHANGES[AccountChange(values["change"])].done, values.get(AccountEnd.DONE.value, 0)
    if not verified:
        is_open = any(values.get(name) for name in _PERHAPS_WRITTEN)
        nobody = f"No guest account {'is verified as' if is_open else 'was'} {done}"
        return f"{nobody}: {named}." if (named := _others(values)) else f"{nobody}."
    first = f"{counted(verified, 'guest account is', 'guest accounts are')} {done} (verified)."
    return f"{first} {other_accounts_words(values)}".strip()


def other_accounts_words(values: Values) -> str:
    """Return what came of the accounts of a plan that were not written and read back; empty when there are none."""
    named = _others(values)
    return f"Others: {named}." if named else ""


def _stopped_words(values: Values) -> str:
    """Return what stops the writes: a freeze of people, or that the bot started held."""
    cause = values.get("cause")
    return frozen_words(values["name"], values["reason"]) if cause is None else held_words(cause)


def _others(values: Values) -> str:
    done = CHANGES[AccountChange(values["change"])].done
    others = {
        AccountEnd.LEFT_ALONE.value: "left alone, because they changed",
        AccountEnd.GONE.value: "gone",
        AccountEnd.REFUSED.value: "refused by Microsoft Graph",
        AccountEnd.NOT_SHOWN.value: f"not shown as {done}",
        AccountEnd.SENT.value: "sent and not verified",
        "unknown": "sent without an answer",
        "unwritten": "not sent",
    }
    return comma_list([f"{number} {words}" for name, words in others.items() if (number := values.get(name))])


def _nothing(values: Values) -> str:
    change = AccountChange(values["change"])
    done = CHANGES[change].done
    left = left_counts_words({LeftAlone(reason): count for reason, count in values["left"].items()}, change)
    found = f" Found and left alone: {left}." if left else ""
    unread = "" if values["is_complete"] else " Not everything could be read, so there may be more."
    # NB. earlier versions stored no `more`. Asking again finds the same accounts, so who is meant has to be listed.
    more = f" {unchecked_words(number)} List the ones you mean." if (number := values.get("more")) else ""
    return f"No guest account of this partner can be {done} now.{found}{more}{unread} See /partner guests for the list."


def _blocked(values: Values) -> str:
    state, way = ("suspended", "Lift the suspension") if values["is_suspended"] else ("revoked", "Request access")
    return f"The partner is {state}, so its guest accounts are not enabled. {way} first."


GUEST_ACCOUNTS: Final[Sentences] = {
    R.ONLY_ADMINS_CHANGE_GUESTS: "Only admins can disable and enable guest accounts. Ask one of them.",
    R.GUESTS_NOT_CONFIGURED: (
        "Gatehouse has no credential for guest accounts. Ask an operator to set GUESTS_AZURE_CLIENT_ID and what "
        "belongs to it. “gatehouse doctor” names what is missing."
    ),
    R.GUESTS_PERMISSIONS_MISSING: lambda values: (
        f"Permissions of Microsoft Graph are missing for guest accounts: {comma_list(values['names'])}. Ask an "
        "administrator of the tenant to grant them. “gatehouse doctor” checks them."
    ),
    R.NOT_THE_CONFIRMER: "Only the admin who asked for it can confirm it. Ask for it yourself to confirm a list.",
    R.CONFIRMATION_DIFFERS: "That is not the text to confirm with, so nothing was written. Type “{text}” to confirm.",
    R.NOT_AN_ACCOUNT_CHANGE: "This is not the change of guest accounts that was asked for.",
    R.ACCOUNTS_NOT_IN_TURN: "This was recorded about these guest accounts already.",
    R.NO_GUESTS_TO_CHANGE: _nothing,
    R.GUESTS_OF_BLOCKED_PARTNER: _blocked,
    R.GUEST_CHANGE_RUNNING: "{request} changes guest accounts of this partner already. Wait until it ends.",
    R.GUEST_REASON_MISSING: "The reason is missing. Give one: it is recorded.",
    R.NOTHING_TO_UNDO: "This request disabled no guest accounts, or has not ended. Choose another one, or wait.",
    R.UNDO_OF_OTHERS: (
        "{name} disabled these accounts, so only they can undo it alone. Request to enable them: the partner's "
        "approvers decide."
    ),
    R.UNDO_TOO_LATE: (
        "More than a day has passed, or the clock was set back, so it cannot be undone alone. Request to enable them: "
        "the partner's approvers decide."
    ),
    R.UNDO_OVERTAKEN: (
        "A later request decided about these accounts, too. Request to enable them: the partner's approvers decide."
    ),
    R.UNDO_DURING_FREEZE: lambda values: f"No guest account is enabled now. {_stopped_words(values)} Wait until then.",
}

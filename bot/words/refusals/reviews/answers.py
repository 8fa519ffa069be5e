"""Sentences about refused answers to a review, or to the question whether an access works.

A boundary: `sentences` joins one file for each subject.
"""

from typing import Final

from bot.words.names.actions import COMMANDS, Action
from bot.words.partner_setup.access_test import outcome_words
from bot.words.sentences import Sentences, minute
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R


def _without_substance(values: Values) -> str:
    if values["problem"] == "repeated":
        return "This is the reason of the last review. Write what they work on now, and until when."
    return (
        f"This says too little. Write what they work on, and until when, in at least {values['words']} different words "
        f"and {values['letters']} letters. “Yes” or “still needed” alone is not enough."
    )


def _access_test_answered(values: Values) -> str:
    return (
        f"{values['by']} has answered this on {minute(values['at'])}: {outcome_words(values['outcome'])}. If that has "
        f"changed, ask again with {COMMANDS[Action.SHOW]}."
    )


REVIEW_ANSWERS: Final[Sentences] = {
    R.REASON_WITHOUT_SUBSTANCE: _without_substance,
    R.MFA_NOT_ATTESTED: (
        "The access is not kept, because nobody attested that {partner} requires MFA. Open Keep again, and tick it if "
        "it is true. If it is not true, choose Reduce or Revoke."
    ),
    R.MAY_NOT_TEST_ACCESS: (
        "Only the requester, the sponsor, {sponsor}, and admins ask and say whether this access works. Ask one of them."
    ),
    R.ACCESS_NOT_TESTABLE: (
        "This access has ended, or is not as approved, so nobody is asked whether it works. See "
        f"{COMMANDS[Action.SHOW]}."
    ),
    R.ACCESS_TEST_OPEN: lambda values: (
        f"This was asked less than a day ago. Ask again after {minute(values['possible_at'])}."
    ),
    R.ACCESS_TEST_OVER: (
        f"This question is not about the current settings, so your answer is not recorded. See {COMMANDS[Action.SHOW]}."
    ),
    R.ACCESS_TEST_ANSWERED: _access_test_answered,
    R.ACCESS_FAILURE_UNKNOWN: "Write what happened, so that somebody can find the cause.",
}

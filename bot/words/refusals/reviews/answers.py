"""Sentences about answers to a review that are refused. A boundary: `sentences` joins one file for each subject."""

from typing import Final

from bot.words.sentences import Sentences
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R


def _without_substance(values: Values) -> str:
    if values["problem"] == "repeated":
        return "This is the reason of the last review. Write what they work on now, and until when."
    return (
        f"This says too little. Write what they work on, and until when, in at least {values['words']} different words "
        f"and {values['letters']} letters. “Yes” or “still needed” alone is not enough."
    )


REVIEW_ANSWERS: Final[Sentences] = {
    R.REASON_WITHOUT_SUBSTANCE: _without_substance,
    R.MFA_NOT_ATTESTED: (
        "The access is not kept, because nobody attested that {partner} requires MFA. Open Keep again, and tick it if "
        "it is true. If it is not true, choose Reduce or Revoke."
    ),
}

"""Sentences about answers to a review that are refused. A boundary: the window of Keep uses the same words."""

from typing import Final

from bot.words.sentences import Sentences
from workflows.core.errors.facts import Values
from workflows.core.errors.refusal_codes import RefusalCode as R

KEEP_REASON_HINT: Final = "Say what they work on, and until when."


def _without_substance(values: Values) -> str:
    if values["problem"] == "repeated":
        return "This is the reason of the last review. Write what they work on now, and until when."
    return (
        f"This says too little. Write what they work on, and until when: at least {values['words']} different words "
        f"and {values['letters']} letters. Words such as “yes” or “still needed” do not count."
    )


REVIEW_ANSWERS: Final[Sentences] = {R.REASON_WITHOUT_SUBSTANCE: _without_substance}

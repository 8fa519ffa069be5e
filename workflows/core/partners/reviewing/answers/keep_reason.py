"""Check that the reason for keeping access says something: the rule that the form and the lifecycle share. Pure.

The rule counts, and understands no language. Whoever wants to write nothing finds a text that passes. It refuses what
people type without thinking: "yes", "ok", "still needed", and the text of last time.
"""

import unicodedata
from enum import StrEnum
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership

MIN_LETTERS: Final = 15
"""Letters that a reason needs. A Chinese, Japanese or Korean character counts as two."""
MIN_WORDS: Final = 3
"""Different words that a reason needs. In a script that is written without spaces, each character counts as a word."""
MIN_TELLING_WORDS: Final = 2
"""Different words among these that say something: a project, an event, a month."""

_EMPTY_WORDS: Final = """
a access active all and approved are as be before confirm confirmed continue continues continued do does fine for good
have i in is it keep kept last need needed needs no of ok okay on our partner please quite really reason required same
so still sure thank thanks that the their them they this time to too us use used we with yep yes yet you
"""
"""Words that say nothing by themselves, in the language in which the bot asks."""
_WITHOUT_SPACES: Final = (
    "CJK ",
    "HIRAGANA ",
    "KATAKANA ",
    "KATAKANA-HIRAGANA ",
    "THAI ",
    "LAO ",
    "KHMER ",
    "MYANMAR ",
    "TIBETAN ",
    "BOPOMOFO ",
    "YI ",
)
"""The beginnings of Unicode's names of letters that are written without spaces between words."""


class KeepReasonProblem(StrEnum):
    """Why a reason is not enough. The values are stored."""

    TOO_SHORT = "too_short"
    REPEATED = "repeated"
    """It is the text of the last answer."""


def last_reason(partnership: Partnership) -> str:
    """Return the reason of the last answer to a review; empty when there is none."""
    return partnership.attestations[-1].reason if partnership.attestations else ""


def require_substance(reason: str, last_reason: str = "") -> None:
    """Check the reason with which access is kept.

    :param last_reason: the reason of the last answer; empty when there is none.
    :raises Refused: when it is empty, too short, or the reason of the last answer.
    """
    if not reason.strip():
        raise Refused(RefusalCode.REASON_MISSING, is_review=True)
    words = set(_words(reason))
    letters = sum(_weight(character) for word in _words(reason) for character in word)
    telling = words - frozenset(_EMPTY_WORDS.split())
    if letters < MIN_LETTERS or len(words) < MIN_WORDS or len(telling) < MIN_TELLING_WORDS:
        raise _refused(KeepReasonProblem.TOO_SHORT)
    if _words(reason) == _words(last_reason):
        raise _refused(KeepReasonProblem.REPEATED)


def _refused(problem: KeepReasonProblem) -> Refused:
    return Refused(RefusalCode.REASON_WITHOUT_SUBSTANCE, problem=problem.value, letters=MIN_LETTERS, words=MIN_WORDS)


def _words(text: str) -> list[str]:
    """Return the words of a text, without case, punctuation and marks of other kinds."""
    words = []
    for run in unicodedata.normalize("NFKC", text).casefold().split():
        word = "".join(character for character in run if character.isalnum())
        spaceless = [character for character in word if _is_without_spaces(character)]
        words += spaceless
        if rest := "".join(character for character in word if character not in spaceless):
            words.append(rest)
    return words


def _weight(character: str) -> int:
    if not character.isalpha():
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _is_without_spaces(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_WITHOUT_SPACES)

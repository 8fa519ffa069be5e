"""Whether an access works, as somebody said it, in words.

What people wrote is untrusted text: each surface cleans it.
"""

from collections.abc import Mapping
from typing import Final

from bot.words.sentences import day
from workflows.core.policy.reviews.access_test import AccessAnswer, AccessFailure, AccessOutcome

QUESTION: Final = "does the access work?"
OUTCOME_WORDS: Final[Mapping[AccessOutcome, str]] = {
    AccessOutcome.WORKS: "works",
    AccessOutcome.FAILS: "does not work",
    AccessOutcome.NOT_TRIED: "not tried yet",
}
NOT_CHECKED: Final = "Gatehouse did not check this."


def outcome_words(outcome: str) -> str:
    """Return an outcome in words; one that is not known is shown by its stored name."""
    return {one.value: words for one, words in OUTCOME_WORDS.items()}.get(outcome, outcome)


def result_words(answer: AccessAnswer) -> str:
    """Return who said when that the access works, or does not; it follows "Tested": "Mar 12: works, said by Ann"."""
    return f"{day(answer.at)}: {OUTCOME_WORDS[answer.outcome]}, said by {answer.person.name}"


def failure_lines(failure: AccessFailure) -> tuple[tuple[str, str], ...]:
    """Return what somebody said about an access that does not work, each with its label."""
    lines = (
        ("What happened", failure.what),
        ("Who could not get in", failure.address),
        ("Application", failure.application),
        ("Error code", failure.code),
        ("Correlation ID", failure.correlation_id),
        ("Time", failure.time),
    )
    return tuple((label, text) for label, text in lines if text)


WHO_READS: Final = "the sponsor and the admins get what you write here."
TEST_BEFORE: Final = "You need one account of each side. Test each direction that was opened."
HOW_TO_TEST: Final = (
    "Ask the partner for one account to test with. Invite it if it must be a guest.",
    "Use a private browser window, so that no other account is signed in.",
    "The partner's account signs in here, and opens exactly what was opened: the application, the file or the channel.",
    "If access to the partner was opened too, one of your accounts does the same in the partner's tenant.",
    "If it fails, write down the error code (AADSTS…), the correlation ID and the time. Then choose No.",
    "After a change, wait until the next sign-in. A token usually lasts up to an hour.",
)
"""The steps of the test, also in docs/troubleshooting.md."""

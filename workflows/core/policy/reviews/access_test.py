"""Whether an access works, as people say: when they are asked, and what they answered.

Rule 1: a question has one answer at most. No answer says nothing, and nothing is concluded from it.
Rule 2: "not tried yet" has the question asked once more. After that, somebody must ask for it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.people import Person
from workflows.intervals import ACCESS_TESTED_AFTER, ACCESS_TESTED_AGAIN_AFTER

ASKED_APART: Final = timedelta(days=1)
"""The shortest time between a question and one that somebody asks for, unless the first answer of a day is a No."""
MAX_ANSWERS: Final = 10
"""The newest answers that the record keeps. The audit log has all."""


class AccessOutcome(StrEnum):
    """What somebody said about an access. The values are stored."""

    WORKS = "works"
    FAILS = "fails"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFailure:
    """What somebody said about an access that does not work. The texts are theirs, and prove nothing."""

    what: str
    address: str = ""
    """The mail address of the person who could not get in; empty when it was not given, as the others are."""
    application: str = ""
    code: str = ""
    """Microsoft's code of the error, such as AADSTS500213."""
    correlation_id: str = ""
    """Microsoft's id of the sign-in, from the page of the error."""
    time: str = ""
    """When it was, as they wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAnswer:
    """One answer to the question whether an access works."""

    question: int
    outcome: AccessOutcome
    person: Person
    at: datetime
    failure: AccessFailure | None = None
    """What does not work; None for every other outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTest:
    """The questions whether the present settings of a partner work, and the answers."""

    testers: tuple[Person, ...] = ()
    """The requester of these settings, and who sent the request. When nobody of them is left, the sponsor is asked."""
    due_at: datetime | None = None
    """When the next question is due that nobody asked for; None when none is."""
    question: int = 0
    """The number of the newest question. It never goes back, so that an old message answers no newer question."""
    asked_at: datetime | None = None
    """When that question was issued; None before the first one about these settings."""
    asked_by: Person | None = None
    """Who asked for it; None when it came by itself."""
    answers: tuple[AccessAnswer, ...] = ()
    """The newest answers about these settings, the newest last."""

    @property
    def answer(self) -> AccessAnswer | None:
        """Return the answer to the newest question; None without one."""
        newest = self.answers[-1] if self.answers else None
        return newest if newest is not None and newest.question == self.question else None

    @property
    def is_open(self) -> bool:
        """Return whether a question waits for an answer."""
        return self.asked_at is not None and self.answer is None

    @property
    def possible_at(self) -> datetime | None:
        """Return from when on somebody may ask for the question again; None when that is now.

        After a repair it is asked at once. Otherwise one person could ask, answer and ask others without end.
        """
        return None if self.asked_at is None or self._is_first_failure else self.asked_at + ASKED_APART

    @property
    def _is_first_failure(self) -> bool:
        """Return whether the newest answer is that it does not work, and no other was given within a day before."""
        newest = self.answer
        if newest is None or newest.outcome is not AccessOutcome.FAILS:
            return False
        return all(one.at <= newest.at - ASKED_APART for one in self.answers[:-1])

    @property
    def result(self) -> AccessAnswer | None:
        """Return the newest answer of somebody who has tried it; None when nobody has said so."""
        tried = (one for one in reversed(self.answers) if one.outcome is not AccessOutcome.NOT_TRIED)
        return next(tried, None)


def new_test(earlier: AccessTest | None, testers: tuple[Person, ...], now: datetime) -> AccessTest:
    """Return the test of settings that were just read back."""
    return AccessTest(
        testers=testers, due_at=now + ACCESS_TESTED_AFTER, question=0 if earlier is None else earlier.question
    )


def ended_test(earlier: AccessTest | None) -> AccessTest | None:
    """Return what stays of a test when its settings do not apply any more: only the number of its last question."""
    return AccessTest(question=earlier.question) if earlier is not None and earlier.question else None


def asked(test: AccessTest | None, now: datetime, by: Person | None) -> AccessTest:
    """Return a test with one more question."""
    known = AccessTest() if test is None else test
    return replace(known, question=known.question + 1, asked_at=now, asked_by=by, due_at=None)


def answered(test: AccessTest, answer: AccessAnswer) -> AccessTest:
    """Return a test with an answer to its newest question. The first "not tried yet" has it asked once more."""
    is_first = not any(one.outcome is AccessOutcome.NOT_TRIED for one in test.answers)
    is_asked_again = answer.outcome is AccessOutcome.NOT_TRIED and is_first
    due_at = answer.at + ACCESS_TESTED_AGAIN_AFTER if is_asked_again else None
    return replace(test, answers=(*test.answers, answer)[-MAX_ANSWERS:], due_at=due_at)

"""Questions, answers and comments about a request: their form, their limits, and which questions are open. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from workflows.core.people import Person

RemarkId = NewType("RemarkId", str)
"""The id of a remark; unique within its request."""

MAX_TEXT: Final = 1000
"""Characters of a question, an answer or a comment."""
MAX_REMARKS: Final = 50
"""Questions, comments and proposals of one request. Answers are not counted: each question has at most one."""
MAX_OPEN_QUESTIONS: Final = 3
"""Questions of one person about one request that are not answered."""
MAX_ASKED: Final = 5
"""People whom one question is asked."""


class RemarkKind(StrEnum):
    """What somebody wrote about a request. The values are stored."""

    QUESTION = "question"
    ANSWER = "answer"
    COMMENT = "comment"
    CHANGES = "changes"
    """What the requester is asked to change."""
    PROPOSAL = "proposal"
    """Why less is enough."""
    DECLINED = "declined"
    """Why a proposal is declined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One question, answer or comment. The text comes from outside."""

    id: RemarkId
    kind: RemarkKind
    person: Person
    text: str
    at: datetime
    asked: tuple[Person, ...] = ()
    """Who is asked to answer a question; empty for the other kinds."""
    answers: str = ""
    """The id of the question that an answer answers."""
    stops_clock: bool = False
    """Whether the time to decide does not pass while the question is open: its author may decide on the request."""


def question_of(remarks: Iterable[Remark], question_id: str) -> Remark | None:
    """Return a question by its id; None when there is none."""
    return next((one for one in remarks if one.id == question_id and one.kind is RemarkKind.QUESTION), None)


def answer_to(remarks: Iterable[Remark], question: Remark) -> Remark | None:
    """Return the answer to a question; None while it is open."""
    return next((one for one in remarks if one.kind is RemarkKind.ANSWER and one.answers == question.id), None)


def open_questions(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Return the questions that are not answered, oldest first."""
    known = tuple(remarks)
    return tuple(one for one in known if one.kind is RemarkKind.QUESTION and answer_to(known, one) is None)


def next_remark_id(remarks: Iterable[Remark]) -> RemarkId:
    """Return the id of the next remark of a request."""
    return RemarkId(str(sum(1 for _ in remarks) + 1))


def counts_towards_limit(remark: Remark) -> bool:
    """Return whether a remark counts towards `MAX_REMARKS`."""
    return remark.kind not in (RemarkKind.ANSWER, RemarkKind.DECLINED)

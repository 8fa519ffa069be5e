"""The interface for sending a file to one person, and why it was not sent. `outbound` implements this boundary."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Protocol

from workflows.core.people import ChatId


class FileProblem(StrEnum):
    """Why a file was not sent."""

    NO_SCOPE = "no_scope"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


class FileNotSent(Exception):
    """A file was not sent to anybody. `code` is Slack's error code; it may be empty."""

    def __init__(self, problem: FileProblem, code: str = "") -> None:
        super().__init__(f"{problem.value} {code}".strip())
        self.problem = problem
        self.code = code


class PrivateFiles(Protocol):
    """Sends files."""

    async def send(
        self,
        person: ChatId,
        content: bytes,
        *,
        name: str,
        title: str,
        comment: str,
        may_share: Callable[[], Awaitable[Any]],
    ) -> None:
        """Upload a file, and share it with one person in the direct message with the app.

        :param comment: the text of the message, in mrkdwn: constant words, or escaped.
        :param may_share: called right before it is shared. When it raises, nobody sees the file.
        :raises FileNotSent: when it was not sent.
        """

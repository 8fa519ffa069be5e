"""Upload a file to Slack, and share it in one conversation. The boundary to Slack's upload of files.

Slack's upload has three steps (Slack: "Working with files"): an address is asked for, the bytes are sent to it, and the
file is shared. A file that is not shared is seen by nobody.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answers.private_file import FileNotSent, FileProblem
from bot.slack.errors import NO_ANSWER, error_code

_SLACK_FILES: Final = "https://files.slack.com"
_UPLOAD_SECONDS: Final = 60
_NO_SCOPE: Final = frozenset({"missing_scope", "not_allowed_token_type", "no_permission"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """A file that was shared. `permalink` is empty where Slack's answer does not name it."""

    id: str
    permalink: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUpload:
    """Sends files to Slack. A failure is raised as FileNotSent by `problems_of_files`, which surrounds each use."""

    client: AsyncWebClient
    slack_api_url: str

    async def upload(self, content: bytes, *, name: str) -> str:
        """Send the bytes of a file, which nobody sees yet.

        :returns: Slack's id of the file.
        """
        announced = await self.client.files_getUploadURLExternal(filename=name, length=len(content))
        await self._send(str(announced["upload_url"]), content)
        return str(announced["file_id"])

    async def share(self, file_id: str, *, title: str, channel: str, comment: str, thread: str = "") -> SharedFile:
        """Share an uploaded file in one conversation.

        :param comment: the text of the message, in mrkdwn: constant words, or escaped.
        :param thread: the message under which it is posted; empty: as a message of its own.
        """
        answer = await self.client.files_completeUploadExternal(
            files=[{"id": file_id, "title": title}],
            channel_id=channel,
            initial_comment=comment,
            thread_ts=thread or None,
        )
        return SharedFile(id=file_id, permalink=_permalink(answer.data))

    async def _send(self, url: str, content: bytes) -> None:
        if not self._is_slacks_own(url):
            raise FileNotSent(FileProblem.REFUSED, "upload_url")
        timeout = aiohttp.ClientTimeout(total=_UPLOAD_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=BytesIO(content), allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise FileNotSent(FileProblem.REFUSED, f"http_{answer.status}")

    def _is_slacks_own(self, url: str) -> bool:
        """Return whether an address belongs to Slack: evidence must not be sent to any other address."""
        try:
            upload, api = urlsplit(url), urlsplit(self.slack_api_url)
        except ValueError:
            return False
        if upload.username is not None or upload.password is not None:
            return False
        return f"{upload.scheme}://{upload.netloc}" == _SLACK_FILES or (upload.scheme, upload.netloc) == (
            api.scheme,
            api.netloc,
        )


@contextmanager
def problems_of_files() -> Iterator[None]:
    """Raise every failure of Slack's client as the reason why a file was not sent.

    :raises FileNotSent: when Slack does not take the file.
    """
    try:
        yield
    except SlackApiError as error:
        code = error_code(error) or ""
        raise FileNotSent(FileProblem.NO_SCOPE if code in _NO_SCOPE else FileProblem.REFUSED, code) from error
    except NO_ANSWER as error:
        raise FileNotSent(FileProblem.NO_ANSWER) from error


def _permalink(answer: Any) -> str:
    """Return the address of a shared file for people; empty where Slack's answer does not name it."""
    files = answer.get("files") if isinstance(answer, Mapping) else None
    first = files[0] if isinstance(files, list) and files else None
    link = first.get("permalink") if isinstance(first, Mapping) else None
    return link if isinstance(link, str) else ""

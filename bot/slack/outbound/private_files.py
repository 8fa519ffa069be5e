"""Send a file to one person, in the direct message with the app. The boundary to Slack's upload of files.

Slack's upload has three steps (Slack: "Working with files"): an address is asked for, the bytes are sent to it, and the
file is shared. A file that is not shared is seen by nobody.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answers.private_file import FileNotSent, FileProblem
from bot.slack.errors import NO_ANSWER, error_code
from workflows.core.people import ChatId

_SLACK_FILES: Final = "https://files.slack.com"
_UPLOAD_SECONDS: Final = 60
_NO_SCOPE: Final = frozenset({"missing_scope", "not_allowed_token_type", "no_permission"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackPrivateFiles:
    """Implements `PrivateFiles`."""

    client: AsyncWebClient
    slack_api_url: str

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
        """Upload a file, and share it with one person.

        :param comment: the text of the message, in mrkdwn: constant words, or escaped.
        :param may_share: called right before it is shared. When it raises, nobody sees the file.
        :raises FileNotSent: when Slack does not take the file.
        """
        try:
            announced = await self.client.files_getUploadURLExternal(filename=name, length=len(content))
            await self._upload(str(announced["upload_url"]), content)
            opened = await self.client.api_call("conversations.open", json={"users": person})
            await may_share()
            await self.client.files_completeUploadExternal(
                files=[{"id": str(announced["file_id"]), "title": title}],
                channel_id=str(opened["channel"]["id"]),
                initial_comment=comment,
            )
        except SlackApiError as error:
            code = error_code(error) or ""
            problem = FileProblem.NO_SCOPE if code in _NO_SCOPE else FileProblem.REFUSED
            raise FileNotSent(problem, code) from error
        except NO_ANSWER as error:
            raise FileNotSent(FileProblem.NO_ANSWER) from error

    async def _upload(self, url: str, content: bytes) -> None:
        if not self._is_slacks_own(url):
            raise FileNotSent(FileProblem.REFUSED, "upload_url")
        timeout = aiohttp.ClientTimeout(total=_UPLOAD_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=content, allow_redirects=False) as answer,
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

"""Send a file to one person, in the direct message with the app. A boundary: the flows know only its interface."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.slack.outbound.files.upload import FileUpload, problems_of_files
from workflows.core.people import ChatId


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackPrivateFiles:
    """Implements `PrivateFiles`."""

    files: FileUpload

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
        with problems_of_files():
            file_id = await self.files.upload(content, name=name)
            opened = await self.files.client.api_call("conversations.open", json={"users": person})
            await may_share()
            await self.files.share(file_id, title=title, channel=str(opened["channel"]["id"]), comment=comment)

"""Who may have a window opened: full members, asked for no longer than the window's trigger allows."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bot.slack.people.directory import SlackDirectory
from workflows.core.errors import Refused
from workflows.core.people import ChatId
from workflows.ports.directory import DirectoryUnavailable

_KNOWN_SECONDS: Final = 1.25
"""How long a window that shows what is on record waits for Slack's word on who asks: half of the time to open it."""
_MEMBER_SECONDS: Final = 0.8
"""How long any other window waits for it: the trigger of the window lives three seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Asks Slack who is a full member, in time for an acknowledgement."""

    directory: SlackDirectory

    async def require_known(self, actor: ChatId) -> None:
        """Let full members pass, and nobody while Slack does not tell: for a window that shows what is on record.

        :raises Refused: for everybody else, and when it cannot be told in time.
        """
        try:
            async with asyncio.timeout(_KNOWN_SECONDS):
                await self.directory.require_member(actor)
        except (DirectoryUnavailable, TimeoutError):
            reason = "Slack does not say who you are at the moment, so nothing is shown. Click again in a minute."
            raise Refused("not_known_now", reason) from None

    async def require(self, actor: ChatId) -> None:
        """Let full members pass, and everybody while Slack does not tell in time: what is behind it asks again.

        :raises Refused: for everybody else.
        """
        with suppress(DirectoryUnavailable, TimeoutError):
            async with asyncio.timeout(_MEMBER_SECONDS):
                await self.directory.require_member(actor)

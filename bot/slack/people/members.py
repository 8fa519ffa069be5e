"""Check who may open a window: full members, in the time that the window's trigger is valid."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bot.slack.people.directory import SlackDirectory
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.intervals import FORM_ANSWERED_WITHIN
from workflows.ports.people_directory import PeopleDirectoryUnavailable

_STRICT_SECONDS: Final = 1.25
"""Seconds that a window with records waits for Slack's answer about the user: half of the time to open it."""
_MAX_WAIT_SECONDS: Final = 0.8
"""Seconds that any other window waits for it; the trigger of the window is valid for three seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowMembers:
    """Implements `MembershipCheck` for what a window shows: who opened it is not read again to fill it."""

    directory: SlackDirectory

    async def require_member(self, chat_id: ChatId) -> None:
        """Require a full member.

        :raises Refused: when Slack says that the person is a guest, a bot, deactivated or unknown.
        :raises PeopleDirectoryUnavailable: when this cannot be read now.
        """
        await self.directory.require_member(chat_id, within=FORM_ANSWERED_WITHIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Asks Slack whether a person is a full member, in time for an acknowledgement."""

    directory: SlackDirectory

    async def require_member(self, actor: ChatId) -> None:
        """Require a full member; refuse everybody when Slack does not answer in time. For windows that show records.

        :raises Refused: when Slack says that the person is not a full member, and when it does not answer in time.
        """
        try:
            async with asyncio.timeout(_STRICT_SECONDS):
                await self.directory.require_member(actor)
        except (PeopleDirectoryUnavailable, TimeoutError):
            raise Refused(RefusalCode.PERSON_NOT_READABLE_NOW) from None

    async def ids_of(self, actor: ChatId) -> frozenset[ChatId]:
        """List every Slack id of a person; only this one when Slack does not answer in time."""
        with suppress(PeopleDirectoryUnavailable, TimeoutError):
            async with asyncio.timeout(_STRICT_SECONDS):
                return await self.directory.all_ids([actor])
        return frozenset({actor})

    async def refuse_known_guests(self, actor: ChatId) -> None:
        """Require a full member; accept everybody when Slack does not answer in time.

        That is safe because later code checks again.

        :raises Refused: when Slack answers in time that the person is not a full member.
        """
        with suppress(PeopleDirectoryUnavailable, TimeoutError):
            async with asyncio.timeout(_MAX_WAIT_SECONDS):
                await self.directory.require_member(actor)

"""A short cache of the directory, for display only. Nothing is decided with it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from bot.slack.people.directory import SlackDirectory, UserGroups
from bot.slack.people.users import SlackUser, mail_of_user, name_of_user
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Person, Role, Roster
from workflows.ports.clock import Clock
from workflows.ports.directory import DirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_PATIENCE_SECONDS: Final = 2.0
"""Seconds to wait for a person's identity; without it only the Slack id is used for display."""
_SHOWN_FOR: Final = timedelta(seconds=30)
_KNOWN_FOR: Final = timedelta(minutes=10)

Answer = TypeVar("Answer")


class ShownDirectory:
    """Implements `ports.Directory` for display: role members up to 30 seconds old, names up to 10 minutes.

    Identity, membership and roles of a person are read again wherever anything depends on them: nothing is decided with
    the cache.
    """

    def __init__(self, directory: SlackDirectory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._memory: dict[Hashable, tuple[datetime, Any]] = {}

    async def identify(self, chat_id: ChatId) -> Person:
        """Map a Slack user to one Entra person, without the cache."""
        return await self._directory.identify(chat_id)

    async def known_person(self, chat_id: ChatId) -> Person | None:
        """Return the person of a Slack user from the cache; None when not known now, or without an account."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._cached(("person", chat_id), lambda: self._directory.identify(chat_id))
        except (Refused, DirectoryUnavailable, TenantRefused, TenantUnavailable, TimeoutError):
            return None

    async def is_member(self, chat_id: ChatId) -> bool:
        """Return whether this is a full member of our workspace, without the cache."""
        return await self._directory.is_member(chat_id)

    async def roster(self, people: Sequence[Person]) -> Roster:
        """Read which roles these people have now, without the cache."""
        return await self._directory.roster(people)

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the Slack users who have a role, from the cache."""
        return await self._cached(("holders", role), lambda: self._directory.holders_by(role, self))

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every Slack id of the people with these ids, from the cache."""
        return await self._directory.all_ids_by(chat_ids, self)

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Return the user groups of a role that do not exist, from the cache."""
        return await self._directory.missing_groups_by(role, self)

    async def name_of(self, chat_id: ChatId) -> str:
        """Return the display name of a Slack user, from the cache."""
        return name_of_user(await self.user(chat_id), chat_id)

    async def mail_of(self, chat_id: ChatId) -> str:
        """Return a Slack user's mail address, from the cache; empty when Slack shows none."""
        return mail_of_user(await self.user(chat_id))

    async def user_groups(self) -> UserGroups:
        """Return every user group with its members, from the cache."""
        return await self._cached("user groups", self._directory.user_groups)

    async def user(self, chat_id: ChatId) -> SlackUser:
        """Return a user, from the cache."""
        return await self._cached(("user", chat_id), lambda: self._directory.user(chat_id), _KNOWN_FOR)

    async def user_by_mail(self, mail: str) -> SlackUser | None:
        """Return the user with a mail address, from the cache."""
        return await self._cached(("mail", mail), lambda: self._directory.user_by_mail(mail), _KNOWN_FOR)

    async def _cached(
        self, key: Hashable, read: Callable[[], Awaitable[Answer]], lasts: timedelta = _SHOWN_FOR
    ) -> Answer:
        now = self._clock.now()
        # NB. a clock that was set back removes cached answers, too.
        self._memory = {k: kept for k, kept in self._memory.items() if now < kept[0] <= now + _KNOWN_FOR}
        if key not in self._memory:
            self._memory[key] = (now + lasts, await read())
        answer: Answer = self._memory[key][1]
        return answer

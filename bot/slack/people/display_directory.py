"""Cache the directory for a short time, for display only. Nothing is decided with it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from bot.slack.people.directory import SlackDirectory
from bot.slack.people.reads import UserGroups
from bot.slack.people.users import SlackUser, mail_of_user, name_of_user, time_to_keep, zone_of_user
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role
from workflows.core.policy.delegation.absence import Absence, active_absences
from workflows.core.policy.delegation.asking import StandIn
from workflows.core.policy.delegation.profiles import Profile
from workflows.intervals import ROLES_SHOWN_FOR
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import Account, TenantRefused, TenantUnavailable
from workflows.tasks import Cache

_TIMEOUT_SECONDS: Final = 2.0
"""Seconds to wait for a person's identity; without it only the Slack id is used for display."""
_MAX_CACHED_ANSWERS: Final = 5000
"""How many answers of one kind are kept."""

_log = structlog.get_logger()

Asked = TypeVar("Asked", bound=Hashable)
Answer = TypeVar("Answer")


class DisplayDirectory:
    """Implements `ports.PeopleDirectory` for display: role members up to 30 seconds old, names up to four hours.

    A person's identity, membership and roles are never read from the cache, because decisions depend on them.
    """

    def __init__(
        self,
        directory: SlackDirectory,
        clock: Clock,
        absences: Callable[[datetime], Awaitable[Sequence[Absence]]] | None = None,
    ) -> None:
        """Create the directory.

        :param absences: lists the absences that end after a moment; None: nobody is away.
        """
        self._directory, self._clock, self._absences = directory, clock, absences
        self._without_zone: set[ChatId] = set()

        def cache(
            read: Callable[[Asked], Coroutine[Any, Any, Answer]],
            kept_for: Callable[[Answer], timedelta] = lambda _: ROLES_SHOWN_FOR,
        ) -> Cache[Asked, Answer]:
            return Cache(
                read=read,
                kept_for=kept_for,
                max_entries=_MAX_CACHED_ANSWERS,
                now=lambda: clock.now().timestamp(),
            )

        self._people = cache(directory.identify)
        self._holders: Cache[Role, frozenset[ChatId]] = cache(lambda role: directory.holders_by(role, self))
        self._groups: Cache[None, UserGroups] = cache(lambda _: directory.user_groups())
        self._users = cache(directory.user, time_to_keep)
        self._by_mail = cache(directory.user_by_mail, time_to_keep)
        # What a decision has just read need not be read once more to be shown.
        directory.listeners.users.append(self._users.keep)
        directory.listeners.groups.append(partial(self._groups.keep, None))

    def for_one_check(self, began_ago: timedelta = timedelta(0)) -> SlackDirectory:
        """Return the directory for one check, without the cache."""
        return self._directory.for_one_check(began_ago)

    def read_groups_again(self) -> bool:
        """Return False: what is shown refuses nobody."""
        return False

    async def identify(self, chat_id: ChatId, *, with_accounts_of: Sequence[Person] = ()) -> Person:
        """Find the one Entra person of a Slack user, without the cache."""
        return await self._directory.identify(chat_id, with_accounts_of=with_accounts_of)

    async def profile_of(self, person: Person) -> Profile:
        """Return what Slack and Entra say of a person, without the cache."""
        return await self._directory.profile_of(person)

    async def known_person(self, chat_id: ChatId) -> Person | None:
        """Return the person of a Slack user from the cache; None when it is not there, or without an account."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await self._people.get(chat_id)
        except (Refused, PeopleDirectoryUnavailable, TenantRefused, TenantUnavailable, TimeoutError):
            return None

    async def is_member(self, chat_id: ChatId) -> bool:
        """Return whether this is a full member of our workspace, without the cache."""
        return await self._directory.is_member(chat_id)

    async def current_roles(self, people: Sequence[Person]) -> CurrentRoles:
        """Read which roles these people have now, without the cache."""
        return await self._directory.current_roles(people)

    async def stand_ins(self) -> tuple[StandIn, ...]:
        """Return who is away now, under every Slack id, with who is asked in their place."""
        if self._absences is None:
            return ()
        now, found = self._clock.now(), []
        for absence in active_absences(await self._absences(now), now):
            person = absence.person
            ids = {person.chat_id}
            with suppress(PeopleDirectoryUnavailable):
                ids |= await self.all_ids(ids)
            found += [StandIn(person=one, name=person.name, delegate=absence.delegate.chat_id) for one in sorted(ids)]
        return tuple(found)

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the Slack users who have a role, from the cache."""
        return await self._holders.get(role)

    async def known_holders(self, role: Role) -> frozenset[ChatId]:
        """List the Slack users who have a role, from the cache."""
        return await self.holders(role)

    async def find_active(self, chat_ids: Iterable[ChatId], *, enough: int, within: timedelta) -> frozenset[ChatId]:
        """Return some of these people who are active. Only answers that are not older than `within` count."""
        return await self._directory.find_active(chat_ids, enough=enough, within=within)

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every Slack id of the people with these ids, from the cache."""
        return await self._directory.all_ids_by(chat_ids, self)

    async def people_of(self, accounts: Sequence[PersonId]) -> tuple[Person, ...]:
        """Return the person of each account, without the cache."""
        return await self._directory.people_of(accounts)

    async def managers(self, accounts: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Return the manager of each account, without the cache."""
        return await self._directory.managers(accounts)

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Return the user groups of a role that do not exist, from the cache."""
        return await self._directory.missing_groups_by(role, self)

    async def name_of(self, chat_id: ChatId) -> str:
        """Return the display name of a Slack user, from the cache."""
        return name_of_user(await self.user(chat_id), chat_id)

    async def mail_of(self, chat_id: ChatId) -> str:
        """Return a Slack user's mail address, from the cache; empty when Slack shows none."""
        return mail_of_user(await self.user(chat_id))

    async def zone_of(self, chat_id: ChatId) -> tzinfo:
        """Return a Slack user's time zone, from the cache; UTC when there is none that exists, which is logged once."""
        try:
            user = await self.user(chat_id)
        except Refused:
            return UTC
        zone = zone_of_user(user)
        if zone is None and chat_id not in self._without_zone:
            self._without_zone.add(chat_id)
            _log.warning("time_zone_unknown", person=chat_id, tz=str(user.get("tz") or ""), used="UTC")
        return zone or UTC

    async def user_groups(self) -> UserGroups:
        """Return every user group with its members, from the cache."""
        return await self._groups.get(None)

    async def user(self, chat_id: ChatId) -> SlackUser:
        """Return a user, from the cache."""
        return await self._users.get(chat_id)

    def was_active(self, chat_id: ChatId, within: timedelta) -> bool:
        """Return whether Slack has said within some time that this user is active. Nothing is read."""
        user = self._users.recent(chat_id, within)
        return user is not None and not user.get("deleted")

    async def user_by_mail(self, mail: str) -> SlackUser | None:
        """Return the user with a mail address, from the cache."""
        return await self._by_mail.get(mail)

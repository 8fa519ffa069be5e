"""Read users and user groups from Slack: again each time, or each of them once for one check."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import NO_ANSWER, error_code, is_temporary, retry_after
from bot.slack.people.users import SlackUser, time_to_keep
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.intervals import GROUPS_DECIDE_FOR, MAX_AGE_IN_ONE_CHECK, NAMES_SHOWN_FOR
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.tasks import Cache

_NO_USER_CODES: Final = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_NO_GROUPS_CODES: Final = frozenset({"no_such_subteam", "plan_upgrade_required", "paid_teams_only"})
"""Slack's answers when there are no user groups (Slack: "usergroups.list", "usergroups.users.list", errors)."""
USERS_ON_A_PAGE: Final = 1000
PARALLEL_READS: Final = 8
"""How many reads of one question are sent at the same time."""
_MAX_READS: Final = 1000
"""How many answers of one kind one check keeps."""

UserGroups = Mapping[str, frozenset[ChatId]]
"""The members of every enabled user group, by its handle."""
Asked = TypeVar("Asked", bound=Hashable)
Answer = TypeVar("Answer")


class _UnknownUser(Exception):
    """Slack does not know the user, or does not show it."""


class _NoGroups(Exception):
    """Slack says that there is no user group."""


class RoleReads(Protocol):
    """The reads from Slack that are needed to find the members of a role."""

    async def user_groups(self) -> UserGroups:
        """Read every user group with its members. Disabled groups are left out."""

    async def user(self, chat_id: ChatId) -> SlackUser:
        """Read one user.

        :raises Refused: when Slack has none with this id.
        """

    async def user_by_mail(self, mail: str) -> SlackUser | None:
        """Find a user by mail address; None when there is none."""


class ReadListeners:
    """The functions that are called with every answer that was just read, and the newest answers.

    What was read for an act need not be read once more for the same act, or to be shown.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Create it without listeners.

        :param now: returns the present time in seconds. When the clock was set back, an answer counts as too old.
        """
        self.now = now
        self.recent_users: Cache[ChatId, SlackUser] = _cache(_not_read, now)
        self.recent_groups: Cache[None, UserGroups] = _cache(_not_read, now)
        self.users: list[Callable[[ChatId, SlackUser], None]] = [self.recent_users.keep]
        self.groups: list[Callable[[UserGroups], None]] = [partial(self.recent_groups.keep, None)]


class SlackReads:
    """Implements `RoleReads`. Every call asks Slack."""

    def __init__(self, client: AsyncWebClient, listeners: ReadListeners) -> None:
        self._client = client
        self.listeners = listeners

    async def user_groups(self) -> UserGroups:
        """Read every user group with its members, in one call. Disabled groups are left out."""
        try:
            answer = await self._call("usergroups.list", include_disabled=False, include_users=True)
        except _NoGroups:
            return {}
        listed = answer.get("usergroups")
        if not isinstance(listed, list):
            raise PeopleDirectoryUnavailable("Slack's answer to usergroups.list has no user groups in it.")
        groups = {
            str(group["handle"]): frozenset(ChatId(user) for user in group.get("users") or ())
            for group in listed
            if not group.get("date_delete")
        }
        for listener in self.listeners.groups:
            listener(groups)
        return groups

    async def user(self, chat_id: ChatId) -> SlackUser:
        """Read a user; see `RoleReads.user`."""
        try:
            user = dict((await self._call("users.info", user=chat_id))["user"])
        except _UnknownUser as error:
            raise Refused(RefusalCode.UNKNOWN_USER) from error
        for listener in self.listeners.users:
            listener(chat_id, user)
        return user

    async def user_by_mail(self, mail: str) -> SlackUser | None:
        """Find the user with a mail address; None when there is none."""
        try:
            return dict((await self._call("users.lookupByEmail", email=mail))["user"])
        except _UnknownUser:
            return None

    async def users_page(self, cursor: str) -> tuple[list[SlackUser], str]:
        """Read one page of all users of the workspace, also guests, bots and deactivated ones.

        :param cursor: of the page; empty for the first.
        :returns: the users, and the cursor of the next page; empty when there is none.
        """
        answer = await self._call("users.list", limit=USERS_ON_A_PAGE, cursor=cursor)
        following = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        return [dict(user) for user in answer.get("members") or ()], following

    async def _call(self, method: str, **arguments: object) -> Mapping[str, Any]:
        try:
            response = await self._client.api_call(method, http_verb="GET", params=_as_texts(arguments))
        except SlackApiError as error:
            code = error_code(error)
            if code in _NO_USER_CODES:
                raise _UnknownUser from error
            if code in _NO_GROUPS_CODES and method == "usergroups.list":
                raise _NoGroups from error
            if is_temporary(error):
                raise PeopleDirectoryUnavailable(
                    f"Slack does not answer {method} ({code}).", retry_after(error)
                ) from error
            raise PeopleDirectoryRefused(method, code) from error
        except NO_ANSWER as error:
            raise PeopleDirectoryUnavailable("Slack does not answer.") from error
        return dict(response.data) if isinstance(response.data, dict) else {}


class OneCheckReads:
    """Implements `RoleReads` for one check: each user, and the user groups, are read once.

    A user is never older than the act that is checked. Members of groups may be a minute old. An answer older than a
    minute is read again, so that a check that waits long decides with nothing old. Without answer nothing is decided.
    After `read_groups_again`, only groups count that were read since the check began.
    """

    def __init__(self, reads: SlackReads, began_ago: timedelta) -> None:
        """Create the reads.

        :param began_ago: how long ago the checked action began. Answers that were read since then count.
        """
        self._recent = reads.listeners
        self._began = self._recent.now()
        self._act_began = self._began - began_ago.total_seconds()
        self._needs_new_groups = self._has_used_older_groups = False
        self._groups: Cache[None, UserGroups] = _cache(lambda _: reads.user_groups())
        self._users = _cache(reads.user)
        self._by_mail = _cache(reads.user_by_mail)

    async def user_groups(self) -> UserGroups:
        """Return every user group with its members."""
        new = self._recent.recent_groups.recent(None, min(self._age, GROUPS_DECIDE_FOR))
        if new is not None:
            return new
        older = None if self._needs_new_groups else self._recent.recent_groups.recent(None, GROUPS_DECIDE_FOR)
        self._has_used_older_groups |= older is not None
        return await self._groups.get(None) if older is None else older

    def read_groups_again(self) -> bool:
        """Use only groups that were read since the check began; see `ports.PeopleDirectory.read_groups_again`."""
        self._needs_new_groups, has_used_older = True, self._has_used_older_groups
        self._has_used_older_groups = False
        return has_used_older

    @property
    def _age(self) -> timedelta:
        return timedelta(seconds=self._recent.now() - self._began)

    async def user(self, chat_id: ChatId) -> SlackUser:
        """Return a user; see `RoleReads.user`."""
        age = min(timedelta(seconds=self._recent.now() - self._act_began), MAX_AGE_IN_ONE_CHECK)
        recent = self._recent.recent_users.recent(chat_id, age)
        return await self._users.get(chat_id) if recent is None else recent

    async def user_by_mail(self, mail: str) -> SlackUser | None:
        """Return the user with a mail address; None when there is none."""
        return await self._by_mail.get(mail)


class KnownUsers:
    """Implements `RoleReads` for whom to ask: a user that was read in the last hours is not read again."""

    def __init__(self, reads: RoleReads, recent_users: Cache[ChatId, SlackUser]) -> None:
        self._reads = reads
        self._recent_users = recent_users

    async def user_groups(self) -> UserGroups:
        """Return every user group with its members."""
        return await self._reads.user_groups()

    async def user(self, chat_id: ChatId) -> SlackUser:
        """Return a user; see `RoleReads.user`."""
        recent_user = self._recent_users.recent(chat_id, NAMES_SHOWN_FOR)
        if recent_user is None or time_to_keep(recent_user) < NAMES_SHOWN_FOR:
            return await self._reads.user(chat_id)
        return recent_user

    async def user_by_mail(self, mail: str) -> SlackUser | None:
        """Return the user with a mail address; None when there is none."""
        return await self._reads.user_by_mail(mail)


async def read_in_parallel(keys: Sequence[Asked], read: Callable[[Asked], Awaitable[Answer]]) -> list[Answer]:
    """Read several things in parallel, a few at a time; return the answers in the order of the keys."""
    answers: list[Answer] = []
    for start in range(0, len(keys), PARALLEL_READS):
        answers += await asyncio.gather(*map(read, keys[start : start + PARALLEL_READS]))
    return answers


async def user_or_none(reads: RoleReads, chat_id: ChatId) -> SlackUser | None:
    """Read one user of a list; None when Slack cannot show that user. The other users are still read."""
    try:
        return await reads.user(chat_id)
    except Refused:
        return None


def _cache(
    read: Callable[[Asked], Coroutine[Any, Any, Answer]], now: Callable[[], float] = time.monotonic
) -> Cache[Asked, Answer]:
    return Cache(read=read, kept_for=lambda _: MAX_AGE_IN_ONE_CHECK, max_entries=_MAX_READS, now=now)


async def _not_read(_: Hashable) -> Any:
    raise NotImplementedError("only what was just read is kept here")


def _as_texts(arguments: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in arguments.items()}

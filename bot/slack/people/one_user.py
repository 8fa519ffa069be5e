"""One Slack user for one mail address: the boundary to what Slack says about an address.

Gatehouse finds the Entra account of a user by the mail address. Two users with one address would be one person, so
whoever gets a second user with the address of an approver could approve as them. Slack allows it once in a workspace,
but directories that are joined, changed addresses and an Enterprise Grid can lead to it. Then both are refused.

Slack names one user of an address only (Slack: "users.lookupByEmail"). So the users that were seen with an account
are stored, and each of the others is read again.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Protocol

from bot.slack.people.reads import RoleReads, user_or_none
from bot.slack.people.users import SlackUser, ids_of, is_full_member, mail_of_user, main_id
from workflows.core.people import ChatId, PersonId, is_same_mail
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.records import StoreNotWritable

_MARK: Final = "slack_users:"
"""The mark with the users that were seen with an account begins so; the account's id follows."""


class Marks(Protocol):
    """Where it is stored which users were seen; see `ports.records`."""

    async def mark(self, name: str) -> str | None:
        """Read a mark; None when it was never stored."""

    async def save_mark(self, name: str, value: str) -> None:
        """Store a mark."""


class NoMarks:
    """Implements `Marks` where nothing is stored: Slack is asked each time."""

    async def mark(self, name: str) -> str | None:
        """Return that it was never stored."""
        return None

    async def save_mark(self, name: str, value: str) -> None:
        """Store nothing."""


async def is_only_user(user: SlackUser, account: PersonId, *, reads: RoleReads, marks: Marks, team_id: str) -> bool:
    """Return whether no other active user has the address of this one, and remember who has.

    :param user: a full member of our workspace, found by the account's address.
    :raises PeopleDirectoryUnavailable: when Slack finds nobody by the address that it shows for this user.
    """
    own, name = main_id(user, ChatId("")), f"{_MARK}{account}"
    seen = _from_text(await marks.mark(name))
    others = await _with_the_same_mail(user, seen, reads, team_id)
    if own not in seen:
        named = await reads.user_by_mail(mail_of_user(user))
        if named is None:
            raise PeopleDirectoryUnavailable("Slack does not find this user by their own mail address.")
        if not _is_one(user, named):
            others.add(main_id(named, ChatId("")))
    now = {own, *others}
    if now != seen:
        with suppress(StoreNotWritable):  # the next click asks Slack again
            await marks.save_mark(name, json.dumps(sorted(now)))
    return not others


async def still_only_user(user: SlackUser, account: PersonId, *, reads: RoleReads, marks: Marks, team_id: str) -> bool:
    """Return whether none of the users that were seen with an account has the address of this one."""
    return not await _with_the_same_mail(user, _from_text(await marks.mark(f"{_MARK}{account}")), reads, team_id)


async def _with_the_same_mail(user: SlackUser, seen: Iterable[ChatId], reads: RoleReads, team_id: str) -> set[ChatId]:
    own_ids, mail, found = ids_of(user, ChatId("")), mail_of_user(user), set[ChatId]()
    for chat_id in sorted(set(seen) - own_ids):
        other = await user_or_none(reads, chat_id)
        if other is None or _is_one(user, other) or not is_full_member(other, team_id):
            continue
        if is_same_mail(mail_of_user(other), mail):
            found.add(chat_id)
    return found


def _is_one(user: SlackUser, other: SlackUser) -> bool:
    return bool(ids_of(user, ChatId("")) & ids_of(other, ChatId("")))


def _from_text(text: str | None) -> set[ChatId]:
    """Return the stored users; none when there are none, or they cannot be read. Then Slack is asked."""
    try:
        stored = json.loads(text or "[]")
    except ValueError:
        return set()
    return {ChatId(one) for one in stored if isinstance(one, str)} if isinstance(stored, list) else set()

"""Find the one Entra person of a Slack user, or refuse; read who has a role now.

A click proves a Slack user. Two questions identify the person, each time it matters. Slack: is this a full member of
our workspace, and the only one with this mail address? Entra: is there exactly one enabled member account with it?
Nothing is cached here; for display see `bot.slack.people.display_directory`. It is long because every question about
people is answered here.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from datetime import timedelta
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.people.one_user import Marks, NoMarks, is_only_user, still_only_user
from bot.slack.people.reads import (
    PARALLEL_READS,
    KnownUsers,
    OneCheckReads,
    ReadListeners,
    RoleReads,
    SlackReads,
    UserGroups,
    read_in_parallel,
    user_or_none,
)
from bot.slack.people.users import (
    SlackUser,
    ids_of,
    is_full_member,
    main_id,
    name_of_user,
    profile_of_user,
    require_full_member,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role, is_same_mail, mail_in_lower_case
from workflows.core.policy.delegation.profiles import Profile
from workflows.intervals import MAX_AGE_IN_ONE_CHECK
from workflows.ports.people_directory import PeopleDirectoryRefused, RoleSource
from workflows.ports.tenant import Account, Tenant, TenantRefused, TenantUnavailable

CHECKED_MEMBERS: Final = 20
"""How many active members of a role are checked: the largest quorum that a template can require."""


class SlackDirectory:
    """Implements `ports.PeopleDirectory` over Slack's user and user group methods and Entra's accounts."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        tenant: Tenant,
        team_id: str,
        roles: Mapping[Role, RoleSource],
        listeners: ReadListeners | None = None,
        marks: Marks | None = None,
    ) -> None:
        self._tenant = tenant
        self._marks = marks or NoMarks()
        self._team_id = team_id
        self._roles = roles
        self._known: dict[PersonId, tuple[float, Account]] | None = None
        """For one check: the accounts that it has read, and when. None outside of a check, where nothing is kept."""
        self._profiles: dict[PersonId, Profile] = {}
        """For one check: what was read of the people whom it has identified."""
        self.listeners = listeners or ReadListeners()
        self._slack = SlackReads(client, self.listeners)
        self._reads: RoleReads = self._slack
        self._read_groups_again: Callable[[], bool] = lambda: False
        """For one check: lets it read the user groups again. Outside of a check they are read each time."""

    def for_one_check(self, began_ago: timedelta = timedelta(0)) -> "SlackDirectory":
        """Return the directory for one check; see `ports.PeopleDirectory.for_one_check`."""
        one_check = copy(self)
        one_check._known, one_check._reads = {}, (reads := OneCheckReads(self._slack, began_ago))
        one_check._profiles = {}
        one_check._read_groups_again = reads.read_groups_again
        return one_check

    def read_groups_again(self) -> bool:
        """Let one check use no older groups; see `ports.PeopleDirectory.read_groups_again`."""
        return self._read_groups_again()

    async def identify(self, chat_id: ChatId, *, with_accounts_of: Sequence[Person] = ()) -> Person:
        """Find the one Entra person of a Slack user; see `ports.PeopleDirectory.identify`."""
        user = await self.user(chat_id)
        mail = require_full_member(user, self._team_id)
        accounts = [a for a in await self._accounts_by_mail(mail, with_accounts_of) if is_same_mail(a.mail, mail)]
        if len(accounts) != 1:
            raise Refused(RefusalCode.NOT_EXACTLY_ONE_ACCOUNT, mail=mail, count=len(accounts))
        account = accounts[0]
        if not _is_enabled_member(account):
            raise Refused(RefusalCode.ACCOUNT_NOT_A_MEMBER)
        if not await is_only_user(user, account.id, reads=self._reads, marks=self._marks, team_id=self._team_id):
            raise Refused(RefusalCode.SEVERAL_USERS_WITH_ONE_ADDRESS, mail=mail)
        if self._known is not None:
            self._known[account.id] = time.monotonic(), account
            self._profiles[account.id] = profile_of_user(user, account, main_id(user, chat_id))
        return Person(id=account.id, chat_id=main_id(user, chat_id), name=account.name)

    async def profile_of(self, person: Person) -> Profile:
        """Return what Slack and Entra say of a person; see `ports.PeopleDirectory.profile_of`."""
        if person.id in self._profiles:
            return self._profiles[person.id]
        user = await self.user(person.chat_id)
        account = (await self._accounts([person.id])).get(person.id)
        if account is None:
            raise Refused(RefusalCode.ACCOUNT_NOT_A_MEMBER)
        return profile_of_user(user, account, person.chat_id)

    async def current_roles(self, people: Sequence[Person]) -> CurrentRoles:
        """Read which roles these people have now. A person without an account or Slack user has none."""
        people_by_id = {person.id: person for person in people}
        accounts = await self._accounts(people_by_id)
        present: dict[PersonId, frozenset[ChatId]] = {}
        for person_id, account in accounts.items():
            chat_id = people_by_id[person_id].chat_id
            try:
                user = await self.user(chat_id)
                mail = require_full_member(user, self._team_id)
            except Refused:
                continue
            if is_same_mail(mail, account.mail) and await still_only_user(
                user, person_id, reads=self._reads, marks=self._marks, team_id=self._team_id
            ):
                present[person_id] = ids_of(user, chat_id)
        roles: dict[PersonId, set[Role]] = {person_id: set() for person_id in present}
        sources = list(self._roles.values()) if present else []
        groups = await self.user_groups() if any(source.user_groups for source in sources) else {}
        for source in sources:
            chat_ids = _members(source, groups)
            person_ids = await self._entra_members(source)
            mails = set(map(mail_in_lower_case, source.people))
            for person_id, own_ids in present.items():
                is_named = mail_in_lower_case(accounts[person_id].mail) in mails
                if own_ids & chat_ids or person_id in person_ids or is_named:
                    roles[person_id].add(source.role)
        return CurrentRoles(roles={person_id: frozenset(held) for person_id, held in roles.items()})

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the active, full members who have a role now; see `ports.PeopleDirectory.holders`."""
        return await self.holders_by(role, self)

    async def known_holders(self, role: Role) -> frozenset[ChatId]:
        """List who can be asked to decide; see `ports.PeopleDirectory.known_holders`."""
        return await self.holders_by(role, KnownUsers(self._reads, self._slack.listeners.recent_users))

    async def holders_by(self, role: Role, reads: RoleReads) -> frozenset[ChatId]:
        """List the Slack users who have a role, using the caller's reads of Slack."""
        source = self._roles.get(role)
        if source is None:
            return frozenset()
        mails = set(map(mail_in_lower_case, source.people))
        if person_ids := await self._entra_members(source):
            accounts = await self._tenant.accounts_by_id(sorted(person_ids))
            mails |= {mail_in_lower_case(account.mail) for account in accounts if _is_enabled_member(account)}
        users = await read_in_parallel(sorted(mails), reads.user_by_mail)
        by_mail = {main_id(user, ChatId("")) for user in users if user and is_full_member(user, self._team_id)}
        groups = await reads.user_groups() if source.user_groups else {}
        return frozenset(by_mail) | await self._active(_members(source, groups), reads)

    async def find_active(self, chat_ids: Iterable[ChatId], *, enough: int, within: timedelta) -> frozenset[ChatId]:
        """Return some of these people who are active; see `ports.PeopleDirectory.find_active`."""
        recent = {chat_id: self._slack.listeners.recent_users.recent(chat_id, within) for chat_id in sorted(chat_ids)}
        active_ids = {
            chat_id for chat_id, user in recent.items() if user is not None and is_full_member(user, self._team_id)
        }
        for unknown in (chat_id for chat_id, user in recent.items() if user is None):
            if len(active_ids) >= enough:
                break
            # NB. not `user_or_none`: that Slack refuses to answer does not mean that somebody has left.
            try:
                is_active = is_full_member(await self.user(unknown), self._team_id)
            except PeopleDirectoryRefused:
                raise
            except Refused:
                is_active = False
            if is_active:
                active_ids.add(unknown)
        return frozenset(active_ids)

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every Slack id of the people with these ids; see `ports.PeopleDirectory.all_ids`."""
        return await self.all_ids_by(chat_ids, self)

    async def all_ids_by(self, chat_ids: Iterable[ChatId], reads: RoleReads) -> frozenset[ChatId]:
        """List every Slack id of these people; one person may have several. The users are read with `reads`."""
        distinct_ids = sorted(set(chat_ids))
        users = await read_in_parallel(distinct_ids, lambda chat_id: user_or_none(reads, chat_id))
        all_ids = (ids_of(user or {}, chat_id) for chat_id, user in zip(distinct_ids, users, strict=True))
        return frozenset[ChatId]().union(*all_ids)

    async def people_of(self, accounts: Sequence[PersonId]) -> tuple[Person, ...]:
        """Return the person of each account; see `ports.PeopleDirectory.people_of`."""
        if not accounts:
            return ()
        accounts_by_id = {
            account.id.lower(): account for account in await self._tenant.accounts_by_id(sorted(accounts))
        }
        people = []
        for person_id in accounts:
            account = accounts_by_id.get(person_id.lower())
            user = await self.user_by_mail(account.mail) if account is not None and account.mail else None
            people.append(
                Person(
                    id=person_id if account is None else account.id,
                    chat_id=ChatId("") if user is None else main_id(user, ChatId("")),
                    name=person_id if account is None else account.name,
                )
            )
        return tuple(people)

    async def managers(self, accounts: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Return the manager of each account; see `ports.PeopleDirectory.managers`."""
        return await self._tenant.managers(accounts)

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Return the role's user groups that do not exist, or are disabled."""
        return await self.missing_groups_by(role, self)

    async def missing_groups_by(self, role: Role, reads: RoleReads) -> tuple[str, ...]:
        """Return the missing user groups of a role, using the caller's list of groups."""
        source = self._roles.get(role)
        if source is None or not source.user_groups:
            return ()
        groups = await reads.user_groups()
        return tuple(handle for handle in source.user_groups if handle not in groups)

    async def user_groups(self) -> UserGroups:
        """Read every user group with its members, in one call. Disabled groups are left out."""
        return await self._reads.user_groups()

    async def require_member(self, chat_id: ChatId, *, within: timedelta = timedelta(0)) -> None:
        """Check that this is a full member of our workspace. Slack's answer is enough for reading.

        :param within: the greatest age of an answer that was read for the same window.
        :raises Refused: when Slack says that the person is a guest, a bot, deactivated or unknown.
        """
        recent = self._slack.listeners.recent_users.recent(chat_id, within) if within else None
        require_full_member(await self.user(chat_id) if recent is None else recent, self._team_id)

    async def is_member(self, chat_id: ChatId) -> bool:
        """Return whether this is a full member of our workspace; see `ports.PeopleDirectory.is_member`."""
        try:
            await self.require_member(chat_id)
        except Refused:
            return False
        return True

    async def name_of(self, chat_id: ChatId) -> str:
        """Return the display name of a Slack user."""
        return name_of_user(await self.user(chat_id), chat_id)

    async def members_page(self, cursor: str) -> tuple[list[SlackUser], str]:
        """Read the full members on one page of all users, see `SlackReads.users_page`."""
        users, following = await self._slack.users_page(cursor)
        return [user for user in users if is_full_member(user, self._team_id)], following

    async def user(self, chat_id: ChatId) -> SlackUser:
        """Read a user.

        :raises Refused: when Slack has none with this id.
        """
        return await self._reads.user(chat_id)

    async def user_by_mail(self, mail: str) -> SlackUser | None:
        """Find the user with a mail address; None when there is none."""
        return await self._reads.user_by_mail(mail)

    async def _accounts_by_mail(self, mail: str, others: Sequence[Person]) -> Sequence[Account]:
        """Read the accounts with a mail address. One check reads those of other people at the same time."""
        ids = sorted({person.id for person in others})
        if self._known is None or not ids:
            return await self._tenant.accounts_by_mail([mail])
        async with self._tenant.together() as reads:
            by_mail = reads.start(self._tenant.accounts_by_mail([mail]))
            by_id = reads.start(self._tenant.accounts_by_id(ids))
            accounts_by_mail = await by_mail
            with suppress(TenantUnavailable, TenantRefused):  # they are then read when their roles are needed
                now = time.monotonic()
                self._known.update(
                    {account.id: (now, account) for account in await by_id if _is_enabled_member(account)}
                )
        return accounts_by_mail

    async def _accounts(self, ids: Iterable[PersonId]) -> dict[PersonId, Account]:
        """Read the enabled member accounts with these ids. One check reads each account once."""
        since = time.monotonic() - MAX_AGE_IN_ONE_CHECK.total_seconds()
        known_accounts = {key: account for key, (at, account) in (self._known or {}).items() if at >= since}
        unread = sorted(person_id for person_id in ids if person_id not in known_accounts)
        accounts_read = await self._tenant.accounts_by_id(unread) if unread else ()
        return {
            **{person_id: known_accounts[person_id] for person_id in ids if person_id in known_accounts},
            **{account.id: account for account in accounts_read if _is_enabled_member(account)},
        }

    async def _active(self, listed: Iterable[ChatId], reads: RoleReads) -> frozenset[ChatId]:
        """Return the full, active members of a list; after enough were found, the rest is included unchecked."""
        left, found = sorted(listed), set[ChatId]()
        while left and len(found) < CHECKED_MEMBERS:
            some, left = left[:PARALLEL_READS], left[PARALLEL_READS:]
            for chat_id, user in zip(
                some, await read_in_parallel(some, lambda chat_id: user_or_none(reads, chat_id)), strict=True
            ):
                if user is not None and is_full_member(user, self._team_id):
                    found.add(main_id(user, chat_id))
        return frozenset(found) | frozenset(left)

    async def _entra_members(self, source: RoleSource) -> frozenset[PersonId]:
        members: frozenset[PersonId] = frozenset()
        for group_id in source.entra_groups:
            members |= await self._tenant.group_members(group_id)
        return members


def _members(source: RoleSource, groups: UserGroups) -> frozenset[ChatId]:
    """List the members of a role's user groups. A missing or disabled group has none."""
    return frozenset().union(*(groups.get(handle, frozenset()) for handle in source.user_groups))


def _is_enabled_member(account: Account) -> bool:
    return account.is_enabled and account.is_member

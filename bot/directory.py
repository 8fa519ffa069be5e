"""Slack user to one Entra person, or refused; and who holds a role today.

A click proves a Slack user. Who that is, is asked of Slack (is this a full member of our workspace?) and of Entra (is
there exactly one enabled member account with this mail address?) each time it matters. Nothing that decides is
remembered; what is only shown may be half a minute old.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_errors import NO_ANSWER, error_code, retry_after
from workflows.core.errors import Refused
from workflows.core.people import ChatId, Person, PersonId, Role, Roster
from workflows.ports import Account, Clock, DirectoryUnavailable, RoleSource, Tenant

_GONE: Final = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_SHOWN_FOR: Final = timedelta(seconds=30)

UserGroups = Mapping[str, frozenset[ChatId]]
"""The members of every user group that is switched on, by its handle."""
Answer = TypeVar("Answer")


class _Gone(Exception):
    """Slack knows no such user, or shows it to nobody."""


class SlackDirectory:
    """Implements `ports.Directory` over Slack's user and user group methods and Entra's accounts."""

    def __init__(
        self, *, client: AsyncWebClient, tenant: Tenant, team_id: str, roles: Mapping[Role, RoleSource]
    ) -> None:
        self._client = client
        self._tenant = tenant
        self._team_id = team_id
        self._roles = roles

    async def identify(self, chat_id: ChatId) -> Person:
        """Map a Slack user to one Entra person; see `ports.Directory.identify`."""
        mail = _require_member(await self._user(chat_id), self._team_id)
        accounts = [a for a in await self._tenant.accounts_by_mail([mail]) if a.mail.casefold() == mail.casefold()]
        if len(accounts) != 1:
            found = "no account" if not accounts else f"{len(accounts)} accounts"
            raise Refused(
                "not_one_account",
                f"Entra has {found} with your Slack mail address {mail}; it has to be exactly one. "
                "Ask an admin to correct the address in Slack or in Entra.",
            )
        account = accounts[0]
        if not _is_eligible(account):
            raise Refused(
                "not_a_member", "Your Entra account is disabled or a guest account; only enabled members take part."
            )
        return Person(id=account.id, chat_id=chat_id, name=account.name)

    async def roster(self, people: Sequence[Person]) -> Roster:
        """Read which roles these people hold now; who lost the account or the Slack user holds none."""
        wanted = {person.id: person for person in people}
        accounts = {a.id: a for a in await self._tenant.accounts_by_id(sorted(wanted)) if _is_eligible(a)}
        present = []
        for person_id in accounts:
            try:
                mail = _require_member(await self._user(wanted[person_id].chat_id), self._team_id)
            except Refused:
                continue
            if mail.casefold() == accounts[person_id].mail.casefold():
                present.append(wanted[person_id])
        roles: dict[PersonId, set[Role]] = {person.id: set() for person in present}
        sources = list(self._roles.values()) if present else []
        groups = await self.user_groups() if any(source.user_groups for source in sources) else {}
        for source in sources:
            chat_ids = _members(source, groups)
            person_ids = await self._entra_members(source)
            mails = {mail.casefold() for mail in source.people}
            for person in present:
                if (
                    person.chat_id in chat_ids
                    or person.id in person_ids
                    or accounts[person.id].mail.casefold() in mails
                ):
                    roles[person.id].add(source.role)
        return Roster(roles={person_id: frozenset(held) for person_id, held in roles.items()})

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the Slack users who hold a role now."""
        return await self.holders_by(role, self.user_groups)

    async def holders_by(self, role: Role, user_groups: Callable[[], Awaitable[UserGroups]]) -> frozenset[ChatId]:
        """List the Slack users who hold a role, with the user groups from wherever the caller has them."""
        source = self._roles.get(role)
        if source is None:
            return frozenset()
        mails = set(source.people)
        if person_ids := await self._entra_members(source):
            mails |= {account.mail for account in await self._tenant.accounts_by_id(sorted(person_ids))}
        by_mail = {chat_id for mail in sorted(mails) if (chat_id := await self._by_mail(mail)) is not None}
        groups = await user_groups() if source.user_groups else {}
        return _members(source, groups) | by_mail

    async def user_groups(self) -> UserGroups:
        """Read every user group with its members, in one call. One that is switched off is left out."""
        answer = await self._call("usergroups.list", include_disabled=False, include_users=True)
        return {
            str(group["handle"]): frozenset(ChatId(user) for user in group.get("users") or ())
            for group in answer["usergroups"]
            if not group.get("date_delete")
        }

    async def require_member(self, chat_id: ChatId) -> None:
        """Let full members of our workspace pass; Slack's word suffices for reading.

        :raises Refused: for everybody else.
        """
        _require_member(await self._user(chat_id), self._team_id)

    async def is_member(self, chat_id: ChatId) -> bool:
        """Tell whether this is a full member of our workspace; see `ports.Directory.is_member`."""
        try:
            await self.require_member(chat_id)
        except Refused:
            return False
        return True

    async def name_of(self, chat_id: ChatId) -> str:
        """Give the name a Slack user goes by; for display only."""
        user = await self._user(chat_id)
        return str(user.get("real_name") or user.get("name") or chat_id)

    async def _user(self, chat_id: ChatId) -> Mapping[str, Any]:
        try:
            return dict((await self._call("users.info", user=chat_id))["user"])
        except _Gone as error:
            raise Refused("unknown_user", "Slack does not know this user any more.") from error

    async def _by_mail(self, mail: str) -> ChatId | None:
        try:
            return ChatId((await self._call("users.lookupByEmail", email=mail))["user"]["id"])
        except _Gone:
            return None

    async def _entra_members(self, source: RoleSource) -> frozenset[PersonId]:
        members: frozenset[PersonId] = frozenset()
        for group_id in source.entra_groups:
            members |= await self._tenant.group_members(group_id)
        return members

    async def _call(self, method: str, **arguments: object) -> Mapping[str, Any]:
        try:
            response = await self._client.api_call(method, http_verb="GET", params=_texts(arguments))
        except SlackApiError as error:
            code = error_code(error)
            if code in _GONE:
                raise _Gone from error
            raise DirectoryUnavailable(f"Slack does not answer {method} ({code}).", retry_after(error)) from error
        except NO_ANSWER as error:
            raise DirectoryUnavailable("Slack does not answer.") from error
        return dict(response.data) if isinstance(response.data, dict) else {}


class ShownDirectory:
    """Implements `ports.Directory` for showing: who holds a role, and what people are called, up to 30 seconds old.

    Who somebody is, whether a member, and with which roles, is read anew all the same: nothing is decided on a memory.
    """

    def __init__(self, directory: SlackDirectory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._memory: dict[Hashable, tuple[datetime, Any]] = {}

    async def identify(self, chat_id: ChatId) -> Person:
        """Map a Slack user to one Entra person, read anew."""
        return await self._directory.identify(chat_id)

    async def is_member(self, chat_id: ChatId) -> bool:
        """Tell whether this is a full member of our workspace, read anew."""
        return await self._directory.is_member(chat_id)

    async def roster(self, people: Sequence[Person]) -> Roster:
        """Read which roles these people hold now, anew."""
        return await self._directory.roster(people)

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the Slack users who hold a role, as lately read."""
        return await self._lately(("holders", role), lambda: self._directory.holders_by(role, self._user_groups))

    async def name_of(self, chat_id: ChatId) -> str:
        """Give the name a Slack user goes by, as lately read."""
        return await self._lately(("name", chat_id), lambda: self._directory.name_of(chat_id))

    async def _user_groups(self) -> UserGroups:
        return await self._lately("user groups", self._directory.user_groups)

    async def _lately(self, key: Hashable, read: Callable[[], Awaitable[Answer]]) -> Answer:
        now = self._clock.now()
        self._memory = {k: kept for k, kept in self._memory.items() if abs(now - kept[0]) < _SHOWN_FOR}
        if key not in self._memory:
            self._memory[key] = (now, await read())
        answer: Answer = self._memory[key][1]
        return answer


def _require_member(user: Mapping[str, Any], team_id: str) -> str:
    """Return the mail address of a full, living, human member of our workspace.

    :raises Refused: for everybody else (Slack: "user object").
    """
    teams = (user.get("enterprise_user") or {}).get("teams") or [user.get("team_id")]
    if user.get("deleted"):
        raise Refused("deactivated", "This Slack user is deactivated.")
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        raise Refused("not_human", "Only people take part, no bots or workflows.")
    if user.get("is_stranger") or team_id not in teams:
        raise Refused("outsider", "You belong to another workspace; only members of this one take part.")
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        raise Refused("slack_guest", "You are a guest in this workspace; only full members take part.")
    mail = (user.get("profile") or {}).get("email")
    if not mail:
        raise Refused("no_mail", "Slack shows no mail address for you, so Gatehouse cannot tell who you are in Entra.")
    return str(mail)


def _members(source: RoleSource, groups: UserGroups) -> frozenset[ChatId]:
    """List the members of a role's user groups. A group that is missing or switched off has none."""
    return frozenset().union(*(groups.get(handle, frozenset()) for handle in source.user_groups))


def _is_eligible(account: Account) -> bool:
    return account.is_enabled and account.is_member


def _texts(arguments: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in arguments.items()}

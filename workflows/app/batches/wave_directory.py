"""The people directory for several members of a batch at once: who they are, and their roles, are read once a wave."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role
from workflows.ports.people_directory import PeopleDirectory


class WaveDirectory:
    """The people directory for one wave, which takes seconds. Implements `ports.PeopleDirectory`.

    The first answer counts for all members of the wave. All of it was read after the wave began.
    """

    def __init__(self, directory: PeopleDirectory) -> None:
        """Create it for one wave.

        :param directory: what reads the people of this wave: for one check, or again before records are stored.
        """
        self._directory = directory
        self._roles: dict[frozenset[Person], CurrentRoles] = {}
        self._ids: dict[frozenset[ChatId], frozenset[ChatId]] = {}
        self._people: dict[tuple[PersonId, ...], tuple[Person, ...]] = {}

    def for_one_check(self, began_ago: timedelta = timedelta(0)) -> PeopleDirectory:
        """Return this directory: the whole wave is one check."""
        return self

    def read_groups_again(self) -> bool:
        """Let this check use no user groups any more that were read before it began."""
        is_used = self._directory.read_groups_again()
        if is_used:
            self._roles.clear()
        return is_used

    async def identify(self, chat_id: ChatId, *, with_accounts_of: Sequence[Person] = ()) -> Person:
        """Return the person of a chat user."""
        return await self._directory.identify(chat_id, with_accounts_of=with_accounts_of)

    async def is_member(self, chat_id: ChatId) -> bool:
        """Return whether a chat user is a full member of the workspace."""
        return await self._directory.is_member(chat_id)

    async def current_roles(self, people: Sequence[Person]) -> CurrentRoles:
        """Read which roles these people have now, once a wave."""
        asked = frozenset(people)
        if asked not in self._roles:
            self._roles[asked] = await self._directory.current_roles(people)
        return self._roles[asked]

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the chat ids of the active, full members who have a role now."""
        return await self._directory.holders(role)

    async def known_holders(self, role: Role) -> frozenset[ChatId]:
        """List who can be asked to decide."""
        return await self._directory.known_holders(role)

    async def find_active(self, chat_ids: Iterable[ChatId], *, enough: int, within: timedelta) -> frozenset[ChatId]:
        """Return some of these people who are active, full members."""
        return await self._directory.find_active(chat_ids, enough=enough, within=within)

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every chat id of the people with these chat ids."""
        asked = frozenset(chat_ids)
        if asked not in self._ids:
            self._ids[asked] = await self._directory.all_ids(asked)
        return self._ids[asked]

    async def people_of(self, accounts: Sequence[PersonId]) -> tuple[Person, ...]:
        """Return the person of each account."""
        asked = tuple(accounts)
        if asked not in self._people:
            self._people[asked] = await self._directory.people_of(asked)
        return self._people[asked]

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Return the role's chat user groups that do not exist, or are disabled."""
        return await self._directory.missing_groups(role)

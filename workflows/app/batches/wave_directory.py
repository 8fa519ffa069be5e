"""The people directory for several members of a batch at once: who they are, and their roles, are read once a wave."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role
from workflows.core.policy.delegation.profiles import Profile
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.tenant import Account

Value = TypeVar("Value")


class WaveDirectory:
    """The people directory for one wave, which takes seconds. Implements `ports.PeopleDirectory`.

    The first answer counts for all members of the wave. All of it was read after the wave began.
    """

    def __init__(self, directory: PeopleDirectory) -> None:
        """Create it for one wave.

        :param directory: what reads the people of this wave: for one check, or again before records are stored.
        """
        self._directory = directory
        self._asked: dict[Hashable, asyncio.Task[Any]] = {}

    async def _once(self, question: Hashable, ask: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """Ask a question once; whoever asks it at the same time or later gets the same answer or error."""
        task = self._asked.get(question)
        if task is None:
            task = self._asked[question] = asyncio.create_task(ask())
            # Whoever waited for an error may have given up already.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        # NB. shielded, so that the end of one member does not cancel the question of the others.
        answer: Value = await asyncio.shield(task)
        return answer

    def for_one_check(self, began_ago: timedelta = timedelta(0)) -> PeopleDirectory:
        """Return this directory: the whole wave is one check."""
        return self

    def read_groups_again(self) -> bool:
        """Let this check use no user groups any more that were read before it began."""
        is_used = self._directory.read_groups_again()
        if is_used:
            self._asked.clear()
        return is_used

    async def identify(self, chat_id: ChatId, *, with_accounts_of: Sequence[Person] = ()) -> Person:
        """Return the person of a chat user."""
        return await self._once(("identify", chat_id), lambda: self._directory.identify(chat_id))

    async def profile_of(self, person: Person) -> Profile:
        """Return what is known of a person; nobody decides in a wave."""
        return await self._directory.profile_of(person)

    async def is_member(self, chat_id: ChatId) -> bool:
        """Return whether a chat user is a full member of the workspace."""
        return await self._directory.is_member(chat_id)

    async def current_roles(self, people: Sequence[Person]) -> CurrentRoles:
        """Read which roles these people have now, once a wave."""
        return await self._once(("roles", frozenset(people)), lambda: self._directory.current_roles(people))

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the chat ids of the active, full members who have a role now."""
        return await self._once(("holders", role), lambda: self._directory.holders(role))

    async def known_holders(self, role: Role) -> frozenset[ChatId]:
        """List who can be asked to decide."""
        return await self._once(("known", role), lambda: self._directory.known_holders(role))

    async def find_active(self, chat_ids: Iterable[ChatId], *, enough: int, within: timedelta) -> frozenset[ChatId]:
        """Return some of these people who are active, full members."""
        return await self._directory.find_active(chat_ids, enough=enough, within=within)

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every chat id of the people with these chat ids."""
        asked = frozenset(chat_ids)
        return await self._once(("ids", asked), lambda: self._directory.all_ids(asked))

    async def people_of(self, accounts: Sequence[PersonId]) -> tuple[Person, ...]:
        """Return the person of each account."""
        asked = tuple(accounts)
        return await self._once(("people", asked), lambda: self._directory.people_of(asked))

    async def managers(self, accounts: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Return the manager of each account."""
        asked = tuple(accounts)
        return await self._once(("managers", asked), lambda: self._directory.managers(asked))

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Return the role's chat user groups that do not exist, or are disabled."""
        return await self._directory.missing_groups(role)

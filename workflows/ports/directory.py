"""The directory of people: chat users, Entra accounts, roles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from workflows.core.errors.facts import Facts
from workflows.core.errors.raised import Refused, ToldError
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person, Role, Roster


class DirectoryUnavailable(ToldError):
    """The people directory could not be read; nobody is eligible until it can. `retry_after` in seconds, if given."""

    def __init__(self, said: str | Facts, retry_after: float | None = None) -> None:
        """Create the error.

        :param said: what it tells: facts, or text from outside.
        """
        super().__init__(said)
        self.retry_after = retry_after


class DirectoryRefused(Refused):
    """The people directory refuses to answer. Further requests are refused too, until an admin repairs the cause."""

    def __init__(self, method: str, answer: str) -> None:
        super().__init__(RefusalCode.DIRECTORY_REFUSED, method=method, answer=answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSource:
    """The definition of a role: chat user groups by handle, Entra groups by object id, people by mail address."""

    role: Role
    title: str
    user_groups: tuple[str, ...] = ()
    entra_groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class Directory(Protocol):
    """The directory of people. A chat user maps to exactly one enabled member account, or is refused.

    Every method raises DirectoryUnavailable, DirectoryRefused, TenantUnavailable or TenantRefused.
    """

    async def identify(self, chat_id: ChatId) -> Person:
        """Map a chat user to one Entra person.

        :raises Refused: for guests, bots, deactivated or external users, and when there is not exactly one account.
        """

    async def is_member(self, chat_id: ChatId) -> bool:
        """Return whether a chat user is a full member, which is enough for reading."""

    async def roster(self, people: Sequence[Person]) -> Roster:
        """Read which roles these people have now. A person without an account or chat user has none."""

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the active, full members who have a role now, as far as the chat system knows them.

        For a role with many people, enough of them are checked for every quorum that a template can require. The rest
        is included unchecked.
        """

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every chat id of the people with these ids. One person may have several.

        An id that the chat system does not know is returned unchanged.
        """

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Return the role's chat user groups that do not exist, or are disabled."""

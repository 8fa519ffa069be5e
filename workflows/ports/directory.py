"""Who people are: chat users, Entra accounts, roles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from workflows.core.errors import DomainError, Refused
from workflows.core.people import ChatId, Person, Role, Roster


class DirectoryUnavailable(DomainError):
    """The people directory could not be read; nobody is eligible until it can. `retry_after` in seconds, if said."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class DirectoryRefused(Refused):
    """The people directory refuses to answer: asking again is refused again, until an admin has mended it."""

    def __init__(self, reason: str) -> None:
        super().__init__("directory_refused", reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSource:
    """Who holds a role: chat user groups by handle, Entra groups by object id, people by mail address."""

    role: Role
    title: str
    user_groups: tuple[str, ...] = ()
    entra_groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class Directory(Protocol):
    """Who people are: a chat user maps to exactly one enabled member account, or is refused.

    Every method raises DirectoryUnavailable, DirectoryRefused, TenantUnavailable or TenantRefused.
    """

    async def identify(self, chat_id: ChatId) -> Person:
        """Map a chat user to one Entra person.

        :raises Refused: for guests, bots, deactivated or outside users, and where the account is not exactly one.
        """

    async def is_member(self, chat_id: ChatId) -> bool:
        """Return whether a chat user is a full member, which suffices for reading."""

    async def roster(self, people: Sequence[Person]) -> Roster:
        """Read which roles these people hold now; who lost the account or the chat user holds none."""

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the living, full members who hold a role now, as far as the chat system knows them.

        Of a role with many people, enough are looked at for every quorum that a template can ask for; the rest is
        taken as listed.
        """

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every chat id of the people whom these ids name: one person may have several.

        Whom the chat system does not know keeps the id that was asked about.
        """

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Name the role's chat user groups that do not exist, or are switched off."""

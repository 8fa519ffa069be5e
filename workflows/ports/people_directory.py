"""The interface to the people directory: chat users, their Entra accounts, and roles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from workflows.core.errors.facts import Facts
from workflows.core.errors.raised import FactsError, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role
from workflows.core.policy.delegation.profiles import Profile
from workflows.ports.tenant import Account


class PeopleDirectoryUnavailable(FactsError):
    """The people directory could not be read now. `retry_after` is in seconds; None when it is not known."""

    def __init__(self, reason: str | Facts, retry_after: float | None = None) -> None:
        """Create the error.

        :param reason: the reason: facts, or a text from another system.
        """
        super().__init__(reason)
        self.retry_after = retry_after


class PeopleDirectoryRefused(Refused):
    """The chat system refuses to identify people, until an admin repairs the cause."""

    def __init__(self, method: str, answer: str) -> None:
        super().__init__(RefusalCode.CHAT_DIRECTORY_REFUSED, method=method, answer=answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSource:
    """The definition of a role: chat user groups by handle, Entra groups by object id, people by mail address."""

    role: Role
    title: str
    user_groups: tuple[str, ...] = ()
    entra_groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    accept_synchronized_groups: tuple[str, ...] = ()
    """Those of the Entra groups that are kept in a directory of our own, and that an admin accepts all the same."""


class DecisionPlaces(Protocol):
    """Where in the chat system a decision that opens access may be made."""

    async def require_ours(self, channel: str) -> None:
        """Check that only people of our own organization read a channel. The answer may be a minute old.

        :param channel: where the click was. Empty for a window; that and direct messages are always accepted.
        :raises Refused: when the channel is shared with another organization, is about to be, or is not shown.
        :raises PeopleDirectoryUnavailable: when that cannot be read now.
        """


class PeopleDirectory(Protocol):
    """The people directory. A chat user belongs to exactly one enabled member account, or is refused.

    Every method can raise PeopleDirectoryUnavailable, PeopleDirectoryRefused, TenantUnavailable and TenantRefused.
    """

    def for_one_check(self, began_ago: timedelta = timedelta(0)) -> "PeopleDirectory":
        """Return the directory for one check of a click or a request.

        It reads each chat user, the user groups, and each account at most once. A chat user that was read since the act
        began is not read again, nor are user groups that were read in the last minute. Before anybody is refused for
        lack of a role the groups are read again, see `workflows.app.approvers.role_refusals`. It must not be kept for
        another check, and not be used for a write.

        :param began_ago: how long ago the act began that is checked.
        """

    def read_groups_again(self) -> bool:
        """Let this check use no user groups any more that were read before it began.

        Nothing is read here. The next question about roles reads them, if this check has not read them itself.

        :returns: whether this check has used older groups, so that it may now get other answers.
        """

    async def identify(self, chat_id: ChatId, *, with_accounts_of: Sequence[Person] = ()) -> Person:
        """Return the person of a chat user.

        :param with_accounts_of: people whose roles the same check needs. Their accounts are read at the same time.
        :raises Refused: for guests, bots, deactivated and external users, and when there is not exactly one account.
        """

    async def profile_of(self, person: Person) -> Profile:
        """Return what the chat system and Entra say of a person whom this check has identified.

        :raises Refused: when there is no such chat user, or no such account.
        """

    async def is_member(self, chat_id: ChatId) -> bool:
        """Return whether a chat user is a full member of the workspace. Full members may look up partners."""

    async def current_roles(self, people: Sequence[Person]) -> CurrentRoles:
        """Read which roles these people have now. A person without an account or chat user has none."""

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the chat ids of the active, full members who have a role now.

        Of a role with very many people, only as many are checked as a stage can require. The others are included
        without a check.
        """

    async def known_holders(self, role: Role) -> frozenset[ChatId]:
        """List who can be asked to decide: as `holders`, but whether they are active is known from the last hours.

        Nothing is decided with it. Who decides is read again.
        """

    async def find_active(self, chat_ids: Iterable[ChatId], *, enough: int, within: timedelta) -> frozenset[ChatId]:
        """Return some of these people who are active, full members: `enough` of them, or fewer if there are not more.

        :param within: how old the answer may be that somebody is active. Who is not known is read, until there are
            enough.
        """

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every chat id of the people with these chat ids. One person may have several.

        An id that the chat system does not know is in the result, too.
        """

    async def people_of(self, accounts: Sequence[PersonId]) -> tuple[Person, ...]:
        """Return the person of each account, for its name and so that it is not asked.

        The chat id is empty when nobody in the chat system has the account's mail address. An account that does not
        exist any more has its id as the name. This gives nobody a right.
        """

    async def managers(self, accounts: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Return the manager of each account, see `Tenant.managers`. The answer is never older than the question."""

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Return the role's chat user groups that do not exist, or are disabled."""

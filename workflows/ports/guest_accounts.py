"""The interface to the guest accounts of our tenant: read them again, know their roles, enable and disable them.

It has an application of its own in Entra (optional), so that the bot itself never holds the right to disable accounts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountState, AccountWritten
from workflows.core.policy.stops.permissions import FOR_GUESTS

MAX_WRITES: Final = 20
"""How many writes are sent together. Source: Microsoft Graph, JSON batching: at most 20 requests in a batch."""
PERMISSIONS: Final = FOR_GUESTS
"""The permissions of Graph that the application for guest accounts needs, and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRoles:
    """The directory roles of one account, assigned or eligible, directly or through a group."""

    names: tuple[str, ...]
    """By name; never empty."""


def usable_accounts(accounts: "GuestAccounts | None") -> "GuestAccounts | None":
    """Return the accounts where the credential for them is set; otherwise None."""
    return accounts if accounts is not None and accounts.is_configured else None


class GuestAccounts(Protocol):
    """Reads guest accounts, and writes `accountEnabled` of them, nothing else.

    Every method can raise TenantUnavailable and TenantRefused.
    """

    @property
    def is_configured(self) -> bool:
        """Return whether the credential for accounts is set. Without it every method raises TenantRefused."""

    async def granted_permissions(self) -> frozenset[str] | None:
        """Return the application permissions in the token; None when they cannot be read."""

    async def missing_permissions(self) -> Sequence[str]:
        """List the permissions of Graph that the credential for accounts lacks, by name; empty when it has all.

        Empty, too, when the token does not show them. Graph then refuses what is not permitted.
        """

    async def read(self, ids: Sequence[PersonId]) -> Mapping[PersonId, AccountState]:
        """Read accounts anew. An account that does not exist any more is missing from the answer.

        :param ids: any number; they are read in groups of 20.
        """

    async def roles(self) -> Mapping[PersonId, AccountRoles]:
        """Return every account with a directory role, assigned now or eligible, also by membership of a group.

        The answer is complete, or an error is raised: an account that is missing from it has no directory role. It is
        at most `DIRECTORY_ROLES_KEPT_FOR` old, so it may be asked for before each group of writes.
        """

    async def set_enabled(self, ids: Sequence[PersonId], *, is_enabled: bool) -> Sequence[AccountWritten]:
        """Enable or disable accounts in one request, and return what came of each, in the same order.

        Nothing is sent again here: the caller decides, after it has read what is not known. An error means that nothing
        was written: no connection, no token, the wrong tenant, or a refusal of the whole.

        :param ids: at most MAX_WRITES, without repetition.
        """

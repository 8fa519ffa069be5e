"""Our own tenant, through Microsoft Graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from workflows.core.errors import DomainError
from workflows.core.people import PersonId
from workflows.core.plans.plan import Operation, TenantIdentity
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.ports.tenant_settings import TenantSettings

MOST_RETRY_AFTER: Final = 300.0
"""Seconds. No neighbour is left alone for longer, whatever it asks for: what was approved or revoked waits for it."""


class TenantUnavailable(DomainError):
    """Entra did not answer, or not usefully; nothing is known about the outcome of what was asked.

    `retry_after` is the number of seconds the service asked for, if it did; `is_throttled` tells that it has too much
    to do for the bot, rather than none of its answers arriving.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, is_throttled: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.is_throttled = is_throttled


class WrongTenant(TenantUnavailable):
    """Graph answers for another tenant than the one that is configured: nothing is written there."""

    def __init__(self, found: TenantId, expected: TenantId) -> None:
        super().__init__(
            f"Microsoft Graph answers for the tenant {found}, not for {expected} (AZURE_TENANT_ID). Nothing was sent."
        )
        self.found = found
        self.expected = expected


class TenantRefused(DomainError):
    """Entra refused for good: asking again would be refused again. `reason` names code and request id."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason


class AlreadyExists(TenantRefused):
    """What was to be created exists already (409): read it and compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user object of the home tenant."""

    id: PersonId
    name: str
    mail: str
    is_enabled: bool
    is_member: bool
    """False for guests."""


class Tenant(Protocol):
    """The home tenant in Entra. Reads may be repeated; `write` performs one planned operation and nothing else.

    Every method raises TenantUnavailable or TenantRefused.
    """

    @property
    def tenant_settings(self) -> TenantSettings:
        """What else in the tenant bears on a partner."""

    async def home(self) -> TenantId:
        """The tenant's own id."""

    async def verify_home(self, *, must_be_known: bool = False) -> None:
        """Ask every few minutes whether this is still the tenant that is configured; `write` holds while it is not.

        :param must_be_known: hold also while it has never been answered, as before whatever opens.
        :raises WrongTenant: while Graph answers for another one.
        :raises TenantUnavailable: while it has never answered, where it must have.
        """

    async def find(self, target: str, *, fresh: bool = False) -> TenantIdentity | None:
        """Resolve a domain or tenant id to a tenant; None when there is none.

        An answer may be up to a minute old unless `fresh` is asked for.
        """

    async def read_partner(self, tenant_id: TenantId) -> JsonObject | None:
        """Read a partner's own configuration with its synchronization policy; None when there is none."""

    async def read_partners(self) -> Sequence[JsonObject]:
        """List every partner's own configuration with its synchronization policy, each with its `tenantId`.

        All of them, or it raises: never a part of the list.
        """

    async def read_default(self) -> JsonObject:
        """Read the tenant's default configuration. There is no way to write it."""

    async def write(self, operation: Operation) -> None:
        """Perform one operation of a plan: these bytes to this address.

        :raises AlreadyExists: when a POST or a PUT meets what it was to create.
        :raises WrongTenant: while Graph answers for another tenant; nothing was sent.
        :raises TenantUnavailable: when the outcome is unknown; read back before anything else.
        """

    async def accounts_by_mail(self, mails: Sequence[str]) -> Sequence[Account]:
        """Find every account whose mail or user principal name is one of `mails`."""

    async def accounts_by_id(self, ids: Sequence[PersonId]) -> Sequence[Account]:
        """Find every account with one of these object ids; absent ones are left out."""

    async def group_members(self, group_id: str) -> frozenset[PersonId]:
        """List the users in an Entra group, nested ones included."""

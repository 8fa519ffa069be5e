"""The records: requests, partners, alarms and the audit log."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from workflows.core.errors import DomainError
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.effects import Effect
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.model import TenantId

Item = TypeVar("Item")


class StoreUnusable(DomainError):
    """The records cannot be opened, or another process works on them already."""


class StoreNotWritable(DomainError):
    """The records cannot be written at the moment (the disk is full, somebody locks them); nothing was stored."""


class StaleVersion(DomainError):
    """Somebody else stored a newer version of the record: load it again and decide again."""


class OtherOpenRequest(DomainError):
    """Another request about the same tenant is open: `other` names it. Nothing was stored."""

    def __init__(self, other: RequestId) -> None:
        super().__init__(f"{other} is open for the same tenant.")
        self.other = other


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the audit log. `key` is unique: the same click is entered once."""

    key: str
    at: datetime
    actor: str
    """Chat id or account id of who did it; `gatehouse` for the bot itself."""
    command: str
    """The command's stored name."""
    outcome: str
    """`accepted`, or the code of a refusal."""
    request_id: RequestId | None = None
    tenant_id: TenantId | None = None
    account: PersonId | None = None
    """The Entra account of who did it, where it was known."""
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one command changes: stored whole, or not at all."""

    entry: AuditEntry
    request: AccessRequest | None = None
    partnership: Partnership | None = None
    alarm: Alarm | None = None
    effects: tuple[Effect, ...] = ()
    is_only_one: bool = False
    """Whether `request` is stored only where no other request about its tenant is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[Item]):
    """The first records of a list, and how many there are in all."""

    shown: Sequence[Item]
    count: int


class Register(Protocol):
    """Which other partners and requests there are, for who only looks on; every `Store` is one."""

    async def open_requests(self) -> Sequence[AccessRequest]:
        """List the requests that are not terminal, oldest first."""

    async def partnerships(self) -> Sequence[Partnership]:
        """List every partnership, by default domain."""


class RecordStore(Protocol):
    """Where records and the audit log are kept. What `commit` returned from survives a crash.

    Every method that writes raises StoreNotWritable.
    """

    @property
    def trouble(self) -> str:
        """What keeps records from being written, as far as the last write showed; empty when nothing does."""

    async def probe(self) -> str:
        """Find out whether records can be written now, by writing one. Gives what is in the way; empty when nothing is.

        While something is, no effect is pending: what cannot be marked as done would be done again and again.
        """

    async def commit(self, commit: Commit) -> bool:
        """Store everything in one transaction; False when the entry's key is known already and nothing was done.

        :raises StaleVersion: when a record is not exactly one version newer than the stored one.
        :raises OtherOpenRequest: when it has to be the only open one for its tenant, and is not.
        """

    async def request(self, request_id: RequestId) -> AccessRequest | None:
        """Load one request."""

    async def partnership(self, tenant_id: TenantId) -> Partnership | None:
        """Load one partnership."""

    async def open_requests(self) -> Sequence[AccessRequest]:
        """List the requests that are not terminal, oldest first."""

    async def roles_waited_for(self) -> Sequence[Role]:
        """List the roles of open stages that requests wait for."""

    async def requests_waiting(
        self, roles: Sequence[Role], ids: Collection[ChatId | PersonId], limit: int
    ) -> Listed[AccessRequest]:
        """List the requests that wait for one of these roles and do not bar one person, oldest first.

        :param ids: every chat id of that person, and the account where it is known.
        """

    async def live_partnerships(self, limit: int) -> Listed[Partnership]:
        """List the partnerships that are not revoked, by default domain."""

    async def requests_of(
        self, requester: ChatId, limit: int, account: PersonId | None = None
    ) -> Sequence[AccessRequest]:
        """List a person's own requests, newest first: those filed under this chat id, or by this account."""

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant, newest first."""

    async def partnerships(self) -> Sequence[Partnership]:
        """List every partnership, by default domain."""

    async def records(self) -> Records:
        """Read every partnership and the requests that bear on what stands in the tenant, all of one moment.

        What cannot be read is named, not left out.
        """

    async def due(self, now: datetime) -> tuple[Sequence[RequestId], Sequence[TenantId]]:
        """List undecided requests past their expiry, and partnerships with a review or a reminder due."""

    async def history(self, *, request_id: RequestId | None = None, limit: int = 200) -> Sequence[AuditEntry]:
        """List audit entries, newest first."""

    async def is_known(self, key: str) -> bool:
        """Return whether an audit entry with this key exists."""

    async def times_of(
        self, actor: ChatId, account: PersonId | None, commands: Sequence[str], since: datetime
    ) -> Sequence[datetime]:
        """List when a person had one of these commands accepted since then, oldest first; closing a partner left out.

        :param account: what was entered under this account counts, too, whatever the chat id was.
        """

    async def alarm(self, alarm_id: AlarmId) -> Alarm | None:
        """Load one alarm, open or cleared."""

    async def open_alarm(self, code: AlarmCode, subject: str) -> Alarm | None:
        """Load the open alarm of this code and subject."""

    async def open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first."""

    async def mark(self, name: str) -> str | None:
        """Read one of the process's own marks, such as when it last looked at what is due; None: never set."""

    async def save_mark(self, name: str, value: str) -> None:
        """Remember a mark."""

"""The records: requests, partners, alarms and the audit log."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import DomainError, ToldError
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.effects import Effect
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.model import TenantId

Item = TypeVar("Item")


class StoreUnusable(DomainError):
    """The records cannot be opened, or another process uses them already."""


class StoreTrouble(StrEnum):
    """Why the records cannot be written. The values are stored in alarms."""

    DISK_FULL = "disk_full"
    LOCKED = "locked"
    """Another program holds a lock on the database."""
    READ_ONLY = "read_only"
    FILE_BESIDE = "file_beside"
    """A file beside the database cannot be opened."""
    DISK_ERROR = "disk_error"
    DAMAGED = "damaged"


class StoreNotWritable(ToldError):
    """The records cannot be written at the moment (the disk is full, or locked); nothing was stored."""

    def __init__(self, trouble: StoreTrouble) -> None:
        super().__init__((Fact(trouble),))
        self.trouble = trouble


class StaleVersion(DomainError):
    """Somebody else stored a newer version of the record. Load it again and decide again."""


class OtherOpenRequest(ToldError):
    """Another request about the same tenant is open: `other` names it. Nothing was stored."""

    def __init__(self, other: RequestId) -> None:
        super().__init__((Fact(NoteCode.OTHER_IS_OPEN, {"other": other}),))
        self.other = other


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the audit log. `key` is unique: a repeated click gives one entry."""

    key: str
    at: datetime
    actor: str
    """Chat id or account id of the actor; `gatehouse` for the bot itself."""
    command: str
    """The command's stored name."""
    outcome: str
    """`accepted`, or the code of a refusal."""
    request_id: RequestId | None = None
    tenant_id: TenantId | None = None
    account: PersonId | None = None
    """The actor's Entra account, when it was known."""
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one command changes. It is stored completely or not at all."""

    entry: AuditEntry
    request: AccessRequest | None = None
    partnership: Partnership | None = None
    alarm: Alarm | None = None
    effects: tuple[Effect, ...] = ()
    is_only_one: bool = False
    """Whether `request` is stored only when no other request about its tenant is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedList(Generic[Item]):
    """The first records of a list, and the total number."""

    shown: Sequence[Item]
    count: int


class Register(Protocol):
    """The other partners and requests, for read-only use; every `Store` is one."""

    async def open_requests(self) -> Sequence[AccessRequest]:
        """List the requests that are not terminal, oldest first."""

    async def partnerships(self) -> Sequence[Partnership]:
        """List every partnership, by default domain."""


class RecordStore(Protocol):
    """Where records and the audit log are stored. Data for which `commit` returned survives a crash.

    Every method that writes raises StoreNotWritable.
    """

    @property
    def trouble(self) -> StoreTrouble | None:
        """Return why records cannot be written, as of the last write; None when they can."""

    async def probe(self) -> StoreTrouble | None:
        """Check by writing one record whether records can be written now. Returns the reason when not; None otherwise.

        While they cannot, no effect is pending: an effect that cannot be marked as done would be repeated again and
        again.
        """

    async def commit(self, commit: Commit) -> bool:
        """Store everything in one transaction; return False when the entry's key is known and nothing was done.

        :raises StaleVersion: when a record is not exactly one version newer than the stored one.
        :raises OtherOpenRequest: when it must be the only open one for its tenant, and is not.
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
    ) -> LimitedList[AccessRequest]:
        """List the requests that wait for one of these roles and that this person may decide on, oldest first.

        :param ids: every chat id of that person, and the account when it is known.
        """

    async def live_partnerships(self, limit: int) -> LimitedList[Partnership]:
        """List the partnerships that are not revoked, by default domain."""

    async def requests_of(
        self, requester: ChatId, limit: int, account: PersonId | None = None
    ) -> Sequence[AccessRequest]:
        """List a person's own requests, newest first: those filed under this chat id, or by this account."""

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant, newest first."""

    async def approval_waits(self, limit: int) -> Mapping[str, Sequence[timedelta]]:
        """List the times from filing to the last approval, by template, of the newest access requests that were sent.

        :param limit: how many requests are read.
        """

    async def partnerships(self) -> Sequence[Partnership]:
        """List every partnership, by default domain."""

    async def records(self) -> Records:
        """Read every partnership and the requests that matter for the current settings, all at one moment.

        A record that cannot be read is named, not left out.
        """

    async def due(self, now: datetime) -> tuple[Sequence[RequestId], Sequence[TenantId]]:
        """List undecided requests past their expiry, and partnerships with a review or a reminder due."""

    async def expired_since(self, moment: datetime, limit: int) -> Sequence[AccessRequest]:
        """List the requests that expired at this moment or later, the newest first."""

    async def history(self, *, request_id: RequestId | None = None, limit: int = 200) -> Sequence[AuditEntry]:
        """List audit entries, newest first."""

    async def is_known(self, key: str) -> bool:
        """Return whether an audit entry with this key exists."""

    async def times_of(
        self, actor: ChatId, account: PersonId | None, commands: Sequence[str], since: datetime
    ) -> Sequence[datetime]:
        """List the times since then when a person's commands of these names were accepted, oldest first.

        Commands that close a partner are left out.

        :param account: entries of this account count too, whatever their chat id was.
        """

    async def alarm(self, alarm_id: AlarmId) -> Alarm | None:
        """Load one alarm, open or cleared."""

    async def open_alarm(self, code: AlarmCode, subject: str) -> Alarm | None:
        """Load the open alarm of this code and subject."""

    async def open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first."""

    async def mark(self, name: str) -> str | None:
        """Read one of the process's own marks, such as the time of its last check of what is due; None: never set."""

    async def save_mark(self, name: str, value: str) -> None:
        """Store a mark."""

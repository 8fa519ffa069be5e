"""The interface to the records: requests, partners and alarms, and to what one command stores.

It is long because every question to the records is here, in one place.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from workflows.core.batches.batch import Batch
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import DomainError, FactsError
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.partners.reviewing.evidence.usage import PartnerUsage, ScanResult, UsageScan
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.delegation.absence import Absence, AbsenceId
from workflows.core.policy.delegation.profiles import KnownProfile
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.denied_notice import DeniedNotice, NoticeSubject
from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.commands.campaign import CampaignId
from workflows.core.requests.effects import Effect
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, BatchId, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry, AuditLog
from workflows.ports.message_copies import ClickedCard
from workflows.ports.pages import START, Page, PagePosition

Item = TypeVar("Item")
Picked = TypeVar("Picked")


class StoreUnusable(DomainError):
    """The records cannot be opened, or another process uses them.

    `is_temporary` says that opening them may succeed later without another setting, as when a server is starting.
    """

    def __init__(self, text: str, *, is_temporary: bool = False) -> None:
        super().__init__(text)
        self.is_temporary = is_temporary


class StoreTrouble(StrEnum):
    """Why the records cannot be written. The values are stored in alarms."""

    DISK_FULL = "disk_full"
    LOCKED = "locked"
    """Another program holds a lock on the database."""
    READ_ONLY = "read_only"
    FILE_BESIDE = "file_beside"
    """Another file of the database, such as its log, cannot be opened."""
    DISK_ERROR = "disk_error"
    DAMAGED = "damaged"
    AWAY = "away"
    """The server of the database does not answer, or takes no connection."""
    OTHER_VERSION = "other_version"
    """A newer version of the program has changed the tables. Only a process of that version can write."""
    CANCELED = "canceled"
    """The server ended a statement before it was done: a time limit, or its administrator."""


class StoreNotWritable(FactsError):
    """The records cannot be written now; nothing was stored. `trouble` is the reason."""

    def __init__(self, trouble: StoreTrouble) -> None:
        super().__init__((Fact(trouble),))
        self.trouble = trouble


class StaleVersion(DomainError):
    """Another command has stored a newer version of the record. The caller must load it and decide again."""


class FreezeUnreadable(FactsError):
    """The record of the freeze cannot be read, so nothing that opens access may be written.

    `version` is its stored version; a new record replaces it with the next one.
    """

    def __init__(self, version: int) -> None:
        super().__init__((Fact(NoteCode.FREEZE_UNREADABLE),))
        self.version = version


class OtherOpenRequest(FactsError):
    """Another request about the same tenant is open; nothing was stored. `other` is its id."""

    def __init__(self, other: RequestId) -> None:
        super().__init__((Fact(NoteCode.OTHER_IS_OPEN, {"other": other}),))
        self.other = other


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one command changes. All of it is stored, or nothing."""

    entry: AuditEntry
    request: AccessRequest | None = None
    partnership: Partnership | None = None
    alarm: Alarm | None = None
    drift: Drift | None = None
    freeze: Freeze | None = None
    """The freeze. Where it begins or ends, each open request gets its effects in the same transaction.

    See `transitions.freezing.effects_of_freeze`.
    """
    batch: Batch | None = None
    campaign: Campaign | None = None
    absence: Absence | None = None
    denied: DeniedNotice | None = None
    usage: ScanResult | None = None
    """What a scan of sign-ins and guests found. It replaces everything that earlier scans found."""
    effects: tuple[Effect, ...] = ()
    must_be_only_open_request: bool = False
    """Whether `request` must be the only open request about its tenant."""
    clicked_card: ClickedCard | None = None
    """The card that must count; see `MessageCopies.require_current_card`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedList(Generic[Item]):
    """The first records of a list, and the total number."""

    items: Sequence[Item]
    count: int


class RecordsReader(Protocol):
    """A read-only list of partners and requests. Every `Store` implements it."""

    async def open_requests_about(self, tenant_id: TenantId, *, only_planned: bool = False) -> Sequence[AccessRequest]:
        """List the requests that are not terminal and may be about a tenant, oldest first.

        :param only_planned: without requests that have no plan. Each of these may be about any tenant.
        """

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership, by default domain."""


class RecordStore(AuditLog, Protocol):
    """Stores records and the audit log. What `commit` has stored is not lost in a crash.

    Every method that writes can raise StoreNotWritable.
    """

    @property
    def last_write_error(self) -> StoreTrouble | None:
        """Return why the last write failed; None when it succeeded."""

    async def probe(self) -> StoreTrouble | None:
        """Write one record to check whether records can be written now; return why not, or None.

        While records cannot be written, `pending` lists no effects. An effect that cannot be marked as done would be
        performed again and again.
        """

    async def commit(self, commit: Commit) -> bool:
        """Store everything in one transaction.

        :returns: False when there is an audit entry with this key already; nothing was stored then.
        :raises StaleVersion: when a record is not exactly one version newer than the stored one.
        :raises OtherOpenRequest: when the request must be the only open one about its tenant, and is not.
        :raises CardNotCurrent: when the clicked card does not count. Of the commit nothing was stored then.
        """

    async def request(self, request_id: RequestId) -> AccessRequest | None:
        """Load one request."""

    async def partnership(self, tenant_id: TenantId) -> Partnership | None:
        """Load one partnership."""

    async def open_requests(self) -> Sequence[AccessRequest]:
        """List the requests that are not terminal, oldest first."""

    async def roles_waited_for(self) -> Sequence[Role]:
        """List the roles of the open stages of all requests and batches that wait for approval."""

    async def requests_waiting(
        self, roles: Sequence[Role], ids: Collection[ChatId | PersonId], limit: int
    ) -> LimitedList[AccessRequest]:
        """List the requests that wait for one of these roles and that this person may decide on, oldest first.

        :param ids: every chat id of that person, and the account if it is known.
        """

    async def requests_of(
        self,
        requester: ChatId,
        limit: int,
        account: PersonId | None = None,
        *,
        is_open: bool | None = None,
        may_be_about: TenantId | None = None,
    ) -> Sequence[AccessRequest]:
        """List the requests that were filed under a chat id or by an account, newest first.

        :param is_open: only those that are not terminal, or only those that are; None: both.
        :param may_be_about: only those about this tenant, and those without a plan.
        """

    async def count_open_among_newest(
        self, requester: ChatId, account: PersonId | None, *, newest: int, other_than: RequestId
    ) -> int:
        """Count the requests that are not terminal among the newest of a person, without one of them."""

    async def has_other_requests_for(self, tenant_id: TenantId, request_id: RequestId) -> bool:
        """Return whether there is another request about a tenant, open or closed."""

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant, newest first."""

    async def account_changes_since(self, tenant_id: TenantId, moment: datetime) -> Sequence[AccessRequest]:
        """List the requests to change guest accounts of a tenant that changed at this time or later, oldest first.

        Requests without a plan are among them.
        """

    async def first_to_replace(self, request: AccessRequest) -> AccessRequest | None:
        """Load the request that replaced the result of another one; see `partnership.replacements_among`."""

    async def approval_waits(self, limit: int) -> Mapping[str, Sequence[timedelta | None]]:
        """Return, by template, the times from filing to the last approval of the newest applied access requests.

        None stands for a request that expired undecided.

        :param limit: the most requests that are read.
        """

    async def partnerships(self, pick: Callable[[Partnership], Picked]) -> Sequence[Picked]:
        """List something of every partnership, by default domain. Nothing else of them is kept in memory.

        :param pick: returns it. It is called in another thread.
        """

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership, by default domain."""

    async def partnerships_named(self, name: str) -> Sequence[Partnership]:
        """List the partnerships with this tenant id, default domain, or name as it was asked for, by default domain."""

    async def records(self, tenant_id: TenantId | None = None) -> Records:
        """Read every partnership, and the requests that are needed to compare them with the tenant, at one moment.

        With `tenant_id`, only the records of that tenant are read: then the cost does not grow with the others.
        The result lists the partners whose records cannot be read.
        """

    async def partners_without_setup(self) -> Sequence[TenantId]:
        """List the tenants of partnerships that are not revoked and have no partner setup."""

    async def due(self, now: datetime) -> tuple[Sequence[RequestId], Sequence[TenantId]]:
        """List requests whose expiry or reminder is due, and partnerships whose review or reminder is due."""

    async def ended_partners(self, now: datetime) -> Sequence[TenantId]:
        """List the partners that are blocked at their end and whose end has come, by their end.

        Revoked partners are left out.
        """

    async def silent_partners(self, now: datetime) -> Sequence[TenantId]:
        """List the partners whose review nobody has answered since the last reminder, the longest silence first."""

    async def expired_since(self, moment: datetime, limit: int) -> Sequence[AccessRequest]:
        """List the requests that expired at this time or later, the newest first."""

    async def alarm(self, alarm_id: AlarmId) -> Alarm | None:
        """Load one alarm, open or cleared."""

    async def open_alarm(self, code: AlarmCode, subject: str) -> Alarm | None:
        """Load the open alarm with this code and subject; None when there is none."""

    async def open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first."""

    async def drift(self, subject: DriftSubject) -> Drift | None:
        """Load the record of one partner's drift, or of the default's, also when it has ended."""

    async def open_drifts(self) -> Sequence[Drift]:
        """List the drift that has not ended, the oldest first."""

    async def count_open_drifts(self) -> int:
        """Count the drift that has not ended."""

    async def picked_drifts(self, pick: Callable[[Drift], Picked]) -> Sequence[Picked]:
        """List something of the drift that has not ended, the oldest first. Nothing else of it is kept in memory.

        :param pick: returns it. It is called in another thread.
        """

    async def drifts_to_ask_again(self, now: datetime) -> Sequence[Drift]:
        """List the open drift with an acceptance that has ended."""

    async def has_rewritten_drift(self, after: datetime, until: datetime) -> bool:
        """Return whether Gatehouse wrote a partner with open drift in this time: its settings must be read again."""

    async def drifts_without_author(self) -> Sequence[Drift]:
        """List the open drift whose author the audit log has not named yet, the oldest first."""

    async def freeze(self) -> Freeze | None:
        """Load the newest freeze, also when it has ended; None when there never was one.

        :raises FreezeUnreadable: when the record cannot be read.
        """

    async def requests_to_apply(self) -> Sequence[AccessRequest]:
        """List the requests whose plan is to be written, or is being written, oldest first."""

    async def batch(self, batch_id: BatchId) -> Batch | None:
        """Load one batch, in any state."""

    async def open_batches(self) -> Sequence[Batch]:
        """List the batches that have not ended, drafts too, oldest first."""

    async def batches_of(
        self, requester: ChatId, account: PersonId | None, limit: int, position: PagePosition = START
    ) -> Page[Batch]:
        """List the batches that a person asked for, newest first."""

    async def batches_waiting(
        self, roles: Sequence[Role], ids: Collection[ChatId | PersonId], limit: int, position: PagePosition = START
    ) -> Page[Batch]:
        """List the batches that wait for one of these roles and that this person may decide on, by deadline.

        :param ids: every chat id of that person, and the account if it is known.
        """

    async def is_batch_applying(self) -> bool:
        """Return whether the members of a batch are being recorded."""

    async def batch_members(self, batch_id: BatchId) -> Mapping[RequestId, RequestState]:
        """Return the state of each request that belongs to a batch now."""

    async def open_requests_about(self, tenant_id: TenantId, *, only_planned: bool = False) -> Sequence[AccessRequest]:
        """List the requests that are not terminal and may be about a tenant; see `RecordsReader`."""

    async def open_requests_alone(self, *, with_waiting: bool = True) -> Sequence[AccessRequest]:
        """List the requests that are not terminal and belong to no batch, oldest first.

        :param with_waiting: whether those that wait for approval, mostly the greater part, are among them.
        """

    async def campaign(self, campaign_id: CampaignId) -> Campaign | None:
        """Load one campaign of reviews, in any state."""

    async def open_campaigns(self) -> Sequence[Campaign]:
        """List the campaigns in which something is left to do, oldest first."""

    async def absence(self, absence_id: AbsenceId) -> Absence | None:
        """Load one absence, also when it has ended."""

    async def absences(self, ending_after: datetime) -> Sequence[Absence]:
        """List the absences that end, or ended, after a moment, the first to end first."""

    async def count_absences(self, person: PersonId) -> int:
        """Return how many absences of a person are stored, also those that have ended."""

    async def batches_due(self, now: datetime) -> Sequence[BatchId]:
        """List the drafts and undecided batches whose time is over, or whose approvers are to be reminded."""

    async def usage_scan(self) -> UsageScan | None:
        """Load the newest scan of sign-ins and guests; None when there is none, or it cannot be read."""

    async def partner_usage(self, tenant_id: TenantId) -> PartnerUsage | None:
        """Load what the newest scan found about one partner; None when it found nothing, or it cannot be read."""

    async def forget_usage(self) -> None:
        """Remove everything that scans found."""

    async def denied_notice(self, subject: NoticeSubject) -> DeniedNotice | None:
        """Load the newest notice about denied sign-ins of one tenant, or of many, also when it is over."""

    async def denied_notices(self, *, only_open: bool = False) -> Sequence[DeniedNotice]:
        """List the newest notice about each tenant, and the one about many, the oldest first."""

    async def known_profiles(self, chat_id: ChatId, account: PersonId) -> Sequence[KnownProfile]:
        """List what is known of a chat user and of an account, the newest first. Each may have another one now."""

    async def save_profile(self, known: KnownProfile) -> None:
        """Store what is known of a chat user, in place of what was known."""

    async def kept_lookups(self, home: TenantId, since: datetime) -> Mapping[str, TenantIdentity]:
        """Return the tenants that imports found since a moment, by the name that was looked up.

        :param home: our own tenant. What another tenant looked up is not returned: its cloud can be another one.
        """

    async def keep_lookups(
        self, home: TenantId, found: Mapping[str, TenantIdentity], at: datetime, *, forget_before: datetime
    ) -> None:
        """Keep tenants by the names that were looked up, and delete those of before a moment."""

    async def mark(self, name: str) -> str | None:
        """Read a mark of the process, such as the time of its last tick; None when it was never stored."""

    async def save_mark(self, name: str, value: str) -> None:
        """Store a mark of the process. A mark is a text with a name."""

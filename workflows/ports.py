"""What the domain needs from the world: one Protocol for each neighbour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from workflows.core.audit.partner_changes import PartnerChange
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.facts import SignIns
from workflows.core.errors import DomainError, Refused
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.people import ChatId, Person, PersonId, Role, Roster
from workflows.core.plans.plan import Operation, TenantIdentity
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.effects import Effect, Judge
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Target, TargetType, TenantId

Item = TypeVar("Item")


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The present, timezone-aware, UTC."""


MOST_RETRY_AFTER: Final = 300.0
"""Seconds. No neighbour is left alone for longer, whatever it asks for: what was approved or revoked waits for it."""


# --- Entra ---------------------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObject:
    """One of our own users, groups or applications, found by its name."""

    id: str
    """What a setting names it by: the object id, or the application id of an application. Lower case."""
    name: str
    mail: str
    """Empty where it has none."""
    kind: str
    """What tells it from others of one name, such as "security group" or "guest"."""


class Surroundings(Protocol):
    """What else in the home tenant bears on a partner. Read only; no answer is needed for anything to go on.

    Every method raises TenantUnavailable or TenantRefused.
    """

    async def verified_domains(self) -> Sequence[str]:
        """List the tenant's own verified domains, lower case."""

    async def read_access_policy(self) -> JsonObject:
        """Read the cross-tenant access policy itself: `allowedCloudEndpoints`."""

    async def read_authorization(self) -> JsonObject:
        """Read the authorization policy: who may invite, what guests see."""

    async def read_sharepoint(self) -> JsonObject:
        """Read SharePoint's sharing settings."""

    async def read_conditional_access(self) -> Sequence[JsonObject]:
        """Read every Conditional Access policy. An answer may be up to a minute old."""

    async def evaluate_access(self, question: Question) -> Sequence[JsonObject]:
        """Ask Entra which Conditional Access policies apply to a sign-in: every policy, and why one does not.

        Nothing is changed by it. An answer may be up to a minute old.
        """

    async def read_sign_ins(self, tenant_id: TenantId, since: datetime, *, home: TenantId | None = None) -> SignIns:
        """Count who signed in to which applications since then.

        :param home: None counts the partner's people here; our own tenant id counts our people at the partner.
        """

    async def read_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List who changed one partner's own configuration since then, from Entra's audit log.

        All of it, or it raises. NB. Entra writes its log some minutes late.
        """

    async def find_by_name(self, kind: TargetType, name: str, limit: int) -> Sequence[FoundObject]:
        """List our own users, groups or applications of this name; where there is none, those whose name begins so.

        Groups with hidden membership are left out. At most `limit`, by name.
        """

    async def name_of(self, target: Target, *, fresh: bool = False) -> str | None:
        """Give the name of one of our own users or groups (by object id) or applications (by application id).

        None when there is none of this kind with this id. An answer may be up to a minute old, unless `fresh`.
        """


class Tenant(Protocol):
    """The home tenant in Entra. Reads may be repeated; `write` performs one planned operation and nothing else.

    Every method raises TenantUnavailable or TenantRefused.
    """

    @property
    def surroundings(self) -> Surroundings:
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


# --- People --------------------------------------------------------------------------------------------------------


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
        """Tell whether a chat user is a full member, which suffices for reading."""

    async def roster(self, people: Sequence[Person]) -> Roster:
        """Read which roles these people hold now; who lost the account or the chat user holds none."""

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the living, full members who hold a role now, as far as the chat system knows them.

        Of a role with many people, enough are looked at for every quorum that a template can ask for; the rest is
        taken as listed.
        """

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Name the role's chat user groups that do not exist, or are switched off."""


# --- What people see -----------------------------------------------------------------------------------------------


class NotifierUnavailable(DomainError):
    """The chat system did not take a message. `retry_after` in seconds, if it said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class NotifierBlocked(NotifierUnavailable):
    """A place does not take a message until an admin mends that: it is archived, or the bot is no member of it."""


class NotifierRefused(DomainError):
    """The chat system will never take this message (the channel or the person is gone)."""


class Notifier(Protocol):
    """Shows the domain's state to people. Every method may be repeated.

    Every method raises NotifierUnavailable or NotifierRefused.
    """

    async def show_request(self, request: AccessRequest) -> None:
        """Bring every copy of the request's card up to date; post those that are missing."""

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Bring every review card of the partnership up to date; with `remind`, post a new one to the sponsor."""

    async def show_half(self, partnership: Partnership, *, remind: bool) -> None:
        """Bring every card about the partner's half up to date; post it where it is new, with `remind` once more."""

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person."""

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin who does not have it yet; bring what was sent before up to date."""

    async def tell(self, person: ChatId, text: str, *, channel: str) -> None:
        """Say something to one person: in `channel` for their eyes only, or directly when it is empty."""


# --- The store -----------------------------------------------------------------------------------------------------


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
class PendingEffect:
    """An effect that is stored and not yet performed."""

    id: int
    lane: str
    """Effects of one lane are performed one after the other, oldest first; lanes run side by side."""
    effect: Effect
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """An effect that was given up: stored, and not tried until somebody decides."""

    id: int
    lane: str
    error: str
    """Why."""
    effect: Effect | None
    """None where it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[Item]):
    """The first records of a list, and how many there are in all."""

    shown: Sequence[Item]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One posted copy of a card."""

    subject: str
    """`request:<id>` or `review:<tenant id>:<number>`."""
    channel: str
    ts: str
    audience: str
    """Empty for the channel's card, else the chat id of whom it was sent to."""
    content: str
    """Hash of what it shows now, so that an unchanged card is not sent again."""
    occasion: str = ""
    """Which of several posts to one person about one subject this is; empty where there is only one."""
    is_live: bool = True
    """False once another copy took its place: what is clicked on it does not count."""


class Register(Protocol):
    """Which other partners and requests there are, for who only looks on; every `Store` is one."""

    async def open_requests(self) -> Sequence[AccessRequest]:
        """List the requests that are not terminal, oldest first."""

    async def partnerships(self) -> Sequence[Partnership]:
        """List every partnership, by default domain."""


class Store(Protocol):
    """Where records, the audit log and effects are kept. What `commit` returned from survives a crash.

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

    async def requests_waiting(self, roles: Sequence[Role], person: ChatId, limit: int) -> Listed[AccessRequest]:
        """List the requests that wait for one of these roles and do not exclude this person, oldest first."""

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
        """Tell whether an audit entry with this key exists."""

    async def times_of(
        self, actor: ChatId, account: PersonId | None, commands: Sequence[str], since: datetime
    ) -> Sequence[datetime]:
        """List when a person had one of these commands accepted since then, oldest first; closing a partner left out.

        :param account: what was entered under this account counts, too, whatever the chat id was.
        """

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List the oldest due effect of each lane: at most `limit` of each rank, the first rank first.

        One that waits for later does not hold up its lane.
        """

    async def count_pending(self, now: datetime) -> tuple[int, int, int]:
        """Count the effects that are due, that wait for later, and that are parked."""

    async def done(self, effect_id: int) -> None:
        """Mark an effect as performed."""

    async def retry(self, effect_id: int, at: datetime, error: str) -> None:
        """Put an effect off until `at`, counting one more attempt."""

    async def park(self, effect_id: int, error: str) -> None:
        """Give an effect up; it stays visible and holds no lane."""

    async def unjudged(self) -> Sequence[Judge]:
        """List the clicks that are stored and not judged yet, oldest first; those that were given up are left out."""

    async def given_up(self) -> Sequence[GivenUp]:
        """List the effects that were given up, oldest first."""

    async def retry_given_up(self, effect_id: int) -> None:
        """Have a given up effect tried again, as if for the first time; nothing where it is not given up."""

    async def drop_given_up(self, effect_id: int) -> None:
        """Forget a given up effect; nothing where it is not given up."""

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

    async def copies(self, subject: str) -> Sequence[Copy]:
        """List the posted copies of a card."""

    async def channel_copies(self, fit: str, limit: int) -> Sequence[Copy]:
        """List the live copies that were posted for nobody in particular, but those in the channel `fit`."""

    async def save_copy(self, copy: Copy) -> None:
        """Remember a posted copy, or what it shows now."""

    async def has_opened_home(self, person: ChatId) -> bool:
        """Tell whether a person has ever opened the App Home."""

    async def save_home(self, person: ChatId) -> None:
        """Remember that a person opened the App Home."""

    async def want_homes(self, people: Sequence[ChatId]) -> None:
        """Have the App Homes of those who ever opened theirs published anew.

        At most one waits for each person, and a person's is published every few seconds at most.
        """

    async def home_wanted(self, person: ChatId) -> int:
        """Count how often a person's App Home was wanted; 0 for one who never opened it."""

    async def home_shown(self, person: ChatId, wanted: int) -> None:
        """Note that the App Home shows what stood when it was wanted so often; have it published again if need be."""

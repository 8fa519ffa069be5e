"""Fakes in memory for other systems: a clock, a tenant, a directory of people, a notifier.

Each fails on demand through one `Script`: before the work, or after it was done ("commit, then raise").
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from bot.words.requests.messages import message_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, NOW, RILEY, SAM, everybody
from tests.workflows.what_if import SignIn, evaluate
from workflows.core.batches.batch import Batch, BatchRow, ListFile
from workflows.core.batches.sheets.judged import JudgedRow
from workflows.core.checks.approver_groups import ApproverGroup
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.tenant_facts import (
    AccountDisabling,
    AddressAccount,
    CapabilityAccess,
    SignInLog,
    SignIns,
)
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn as LoggedSignIn
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId, Role
from workflows.core.plans.plan import CallIds, Operation, TenantIdentity, written_capability
from workflows.core.policy.delegation.asking import StandIn
from workflows.core.policy.delegation.profiles import Profile
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import SendEscalationMessage
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.model import IDENTITY_SYNCHRONIZATION, Property, Target, TargetType, TenantId
from workflows.core.settings.partner_changes import LoggedChange, PartnerChange
from workflows.ports.clock import Clock
from workflows.ports.notifier import AnnouncedEnd, AskedReview, Notifier, ShownImport
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.tenant import (
    Account,
    AlreadyExists,
    ReadsTogether,
    SurplusPermissions,
    Tenant,
    TenantRefused,
    TenantUnavailable,
    WriteResult,
    WrongTenant,
    ask_before_write,
)
from workflows.ports.tenant_settings import AccountPage, FoundObject
from workflows.sheets.received import FileNotUsable, ReceivedFile, ReceivedFileCode

PARTNERS: Final = "/policies/crossTenantAccessPolicy/partners"
CAPABILITIES: Final = "m365Capabilities"
Found = TypeVar("Found")
Row = TypeVar("Row")
BLANK: Final = {
    "isServiceProvider": None,
    "isInMultiTenantOrganization": False,
    "crossCloudMeetingConfiguration": {"inboundAllowed": None, "outboundAllowed": None},
    "protectedContentSharing": {"inboundAllowed": None, "outboundAllowed": None},
}
"""What the service shows of every partner besides what was sent, as long as nobody set it."""
HOME: Final = TenantId("6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11")


@dataclass(slots=True)
class FixedClock:
    """A clock that does not move until it is advanced."""

    moment: datetime = NOW

    def now(self) -> datetime:
        """The present."""
        return self.moment

    def advance(self, **duration: float) -> None:
        """Let time pass: `advance(days=30)`."""
        self.moment += timedelta(**duration)


class Crash(BaseException):
    """The process ends here: nothing catches it, as nothing catches `kill -9`."""


@dataclass(slots=True)
class _Fault:
    method: str
    countdown: int
    error: BaseException
    is_after: bool


@dataclass(slots=True)
class Script:
    """Which call fails with which error, and which calls there were. An empty method means every call."""

    calls: list[str] = field(default_factory=list)
    _faults: list[_Fault] = field(default_factory=list)
    _during_next_call: dict[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)

    def fail(self, method: str, error: BaseException, *, on: int = 1, times: int = 1, after: bool = False) -> None:
        """Raise `error` on the `on`-th call from now, and on the following ones, before the work or after it."""
        self._faults += [_Fault(method, on + number, error, after) for number in range(times)]

    def during_next_call(self, method: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do `work` during the next call of `method`, before the call answers, as another person could."""
        self._during_next_call[method] = work

    async def begin(self, method: str) -> _Fault | None:
        """Count a call; raise when it is to fail before its work, else return what is to fail after it."""
        await asyncio.sleep(0)  # as any call over a network, it lets others go first
        self.calls.append(method)
        if (work := self._during_next_call.pop(method, None)) is not None:
            await work()
        due = None
        for fault in [fault for fault in self._faults if fault.method in ("", method)]:
            fault.countdown -= 1
            if fault.countdown == 0:
                self._faults.remove(fault)
                due = fault
        if due is not None and not due.is_after:
            raise due.error
        return due

    @staticmethod
    def end(fault: _Fault | None) -> None:
        """Raise what fails after the work."""
        if fault is not None:
            raise fault.error


@dataclass(slots=True)
class FakeSurroundings:
    """What else is in the tenant: settings at their usual values, no sign-ins."""

    script: Script = field(default_factory=Script)
    domains: list[str] = field(default_factory=lambda: ["woodgrove.com", "woodgrove.onmicrosoft.com"])
    access_policy: dict[str, Any] = field(default_factory=lambda: {"allowedCloudEndpoints": []})
    authorization: dict[str, Any] = field(default_factory=lambda: {"allowInvitesFrom": "adminsAndGuestInviters"})
    sharepoint: dict[str, Any] = field(default_factory=lambda: {"sharingCapability": "externalUserSharingOnly"})
    policies: list[dict[str, Any]] = field(default_factory=list)
    sign_ins: SignIns = SignIns(people=0, applications=(), is_complete=True)  # noqa: RUF009
    outbound_sign_ins: SignIns = SignIns(people=0, applications=(), is_complete=True)  # noqa: RUF009
    sign_in_pages: list[list[LoggedSignIn]] = field(default_factory=list)
    """The log of sign-ins of people of other tenants."""
    log_reaches_back: bool = True
    sign_in_log: SignInLog = SignInLog(entries=(), is_complete=True)  # noqa: RUF009
    address_accounts: list[AddressAccount] = field(default_factory=list)
    disabling: AccountDisabling | None = None
    """The accounts of any address that is asked for."""
    addresses: list[str] = field(default_factory=list)
    """The addresses whose accounts were asked for."""
    guest_pages: list[list[GuestAccount]] = field(default_factory=list)
    own_account_pages: list[list[GuestAccount]] = field(default_factory=list)
    own_domains: list[tuple[str, ...]] = field(default_factory=list)
    """The domains for which own accounts were read."""
    links: list[str | None] = field(default_factory=list)
    """The pages of accounts that were read."""
    names: dict[str, str | None] = field(default_factory=dict)
    """What objects are called, by id; None: there is no such object. Any other id is called “Object …”."""
    changes: dict[TenantId, list[PartnerChange]] = field(default_factory=dict)
    logged: list[LoggedChange] = field(default_factory=list)
    """More entries of the log, with ids."""
    """Who changed which partner, as the audit log says."""
    objects: dict[TargetType, list[FoundObject]] = field(default_factory=dict)
    """What can be found by name."""
    searched: list[tuple[TargetType, str]] = field(default_factory=list)
    """What was searched for."""
    evaluated: list[Question] = field(default_factory=list)
    """Which sign-ins were evaluated."""
    asked: list[tuple[TenantId, datetime]] = field(default_factory=list)
    """For whose sign-ins since when was asked."""
    named: list[tuple[Target, bool]] = field(default_factory=list)
    """Whose names were asked for, and whether they had to be fresh."""

    async def verified_domains(self) -> Sequence[str]:
        """List the tenant's own domains."""
        return await self._read("verified_domains", self.domains)

    async def read_access_policy(self) -> JsonObject:
        """Read the cross-tenant access policy."""
        return await self._read("read_access_policy", self.access_policy)

    async def read_authorization(self) -> JsonObject:
        """Read the authorization policy."""
        return await self._read("read_authorization", self.authorization)

    async def read_sharepoint(self) -> JsonObject:
        """Read SharePoint's settings."""
        return await self._read("read_sharepoint", self.sharepoint)

    async def read_conditional_access(self, *, fresh: bool = False) -> Sequence[JsonObject]:
        """List Conditional Access policies."""
        return await self._read("read_conditional_access", self.policies)

    async def evaluate_access(self, question: Question, *, fresh: bool = False) -> Sequence[JsonObject]:
        """Evaluate the policies as Entra does."""
        self.evaluated.append(question)
        sign_in = SignIn(
            kind=question.visitor.value,
            tenant=question.tenant_id,
            application=question.application,
            client=question.client.value,
            sign_in_risk=question.sign_in_risk,
            user_risk=question.user_risk,
        )
        return await self._read("evaluate_access", evaluate(self.policies, sign_in))

    async def read_sign_ins(self, tenant_id: TenantId, since: datetime, *, home: TenantId | None = None) -> SignIns:
        """Count sign-ins."""
        if home is not None:
            return await self._read("read_sign_ins", self.outbound_sign_ins)
        self.asked.append((tenant_id, since))
        return await self._read("read_sign_ins", self.sign_ins)

    async def recent_sign_ins(self, home: TenantId, since: datetime) -> SignInLog:
        """List the newest sign-ins."""
        return await self._read("recent_sign_ins", self.sign_in_log)

    async def accounts_of(self, address: str) -> Sequence[AddressAccount]:
        """Find the accounts of an address."""
        self.addresses.append(address)
        return await self._read("accounts_of", self.address_accounts)

    async def last_disabling(self, account: PersonId) -> AccountDisabling | None:
        """Return who disabled the account."""
        return await self._read("last_disabling", self.disabling)

    async def read_foreign_sign_ins(
        self,
        home: TenantId,
        since: datetime,
        take: Callable[[Sequence[LoggedSignIn]], bool],
        *,
        partner: TenantId | None = None,
    ) -> bool:
        """Read the log page by page."""
        pages = [[one for one in page if partner in (None, one.home)] for page in self.sign_in_pages]
        return await self._take_pages("read_foreign_sign_ins", pages, take)

    async def has_sign_ins(self, since: datetime, until: datetime) -> bool:
        """Return whether the log reaches back."""
        return await self._read("has_sign_ins", self.log_reaches_back)

    async def read_guests(self, take: Callable[[Sequence[GuestAccount]], bool], with_activity: bool) -> bool:
        """Read the guests page by page."""
        found = [[one for one in page if not one.is_member] for page in self.guest_pages]
        pages = [[one if with_activity else replace(one, activity=None) for one in page] for page in found]
        return await self._take_pages("read_guests_active" if with_activity else "read_guests", pages, take)

    async def guest_page(self, link: str | None, with_activity: bool) -> AccountPage:
        """Read one page of the guests; a link is the number of its page."""
        pages = [[one if with_activity else replace(one, activity=None) for one in page] for page in self.guest_pages]
        return await self._page("guest_page_active" if with_activity else "guest_page", pages, link)

    async def own_account_page(self, link: str | None, domains: Sequence[str]) -> AccountPage:
        """Read one page of own accounts."""
        self.own_domains.append(tuple(domains))
        return await self._page("own_account_page", self.own_account_pages, link)

    async def _page(self, name: str, pages: Sequence[Sequence[GuestAccount]], link: str | None) -> AccountPage:
        number = int(link or 0)
        self.links.append(link)
        accounts = await self._read(name, pages[number] if pages else [])
        return AccountPage(accounts=accounts, next_link=str(number + 1) if number + 1 < len(pages) else None)

    async def _take_pages(
        self, name: str, pages: Sequence[Sequence[Row]], take: Callable[[Sequence[Row]], bool]
    ) -> bool:
        for page in pages or [[]]:
            if not take(await self._read(name, page)):
                return False
        return True

    async def read_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List who changed a partner."""
        found = [one for one in self.changes.get(tenant_id, []) if one.at >= since]
        return await self._read("read_partner_changes", found)

    async def recent_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List who changed a partner."""
        return await self.read_partner_changes(tenant_id, since)

    async def read_access_changes(self, since: datetime) -> Sequence[LoggedChange]:
        """List who changed any partner or, under `default`, the default."""
        found = [
            LoggedChange(
                change=one,
                partners=frozenset() if subject == "default" else frozenset({subject}),
                is_default=subject == "default",
            )
            for subject, changes in self.changes.items()
            for one in changes
            if one.at >= since
        ]
        found += [one for one in self.logged if one.change.at >= since]
        return await self._read("read_access_changes", found)

    async def find_by_prefix(self, kind: TargetType, begins: str, limit: int) -> Sequence[FoundObject]:
        """Find what begins so."""
        self.searched.append((kind, begins))
        found = [one for one in self.objects.get(kind, ()) if one.name.lower().startswith(begins.lower())]
        return await self._read("find_by_prefix", found[:limit])

    async def applications_with(self, words: Sequence[str]) -> Sequence[FoundObject]:
        """Find what has a word."""
        objects = self.objects.get(TargetType.APPLICATION, ())
        found = [
            one for one in objects if any(part.startswith(word) for word in words for part in one.name.lower().split())
        ]
        return await self._read("applications_with", found)

    async def name_of(self, target: Target, *, fresh: bool = False) -> str | None:
        """Name an object."""
        self.named.append((target, fresh))
        return await self._read("name_of", self.names.get(target.id, f"Object {target.id[:4]}"))

    async def _read(self, name: str, found: Found) -> Found:
        self.script.end(await self.script.begin(f"surroundings.{name}"))
        return deepcopy(found)


@dataclass(slots=True)
class FakeTenant:
    """A tenant whose partners are documents. A write is seen at once, or by the reads after the next `lag` ones."""

    script: Script = field(default_factory=Script)
    partners: dict[TenantId, dict[str, Any]] = field(default_factory=dict)
    tenants: dict[str, TenantIdentity] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    manager_of: dict[PersonId, PersonId] = field(default_factory=dict)
    """The manager of an account, by its id. The manager's own account is in `accounts`."""
    groups: dict[str, frozenset[PersonId]] = field(default_factory=dict)
    approver_group_list: list[ApproverGroup] = field(default_factory=list)
    """The groups that Entra shows with their owners."""
    default: dict[str, Any] = field(default_factory=lambda: {"isServiceDefault": True})
    page_size: int = 100
    lag: int = 0
    call_ids: CallIds = field(default_factory=CallIds)
    """The ids that each accepted write gets."""
    ignored: int = 0
    """So many of the next writes are taken without effect."""
    found: TenantId | None = None
    """For which other tenant Graph answers."""
    is_never_named: bool = False
    surplus: tuple[str, ...] = ()
    """The permissions that the application does not need."""
    granted: frozenset[str] | None = None
    """Graph has never said for which tenant it answers."""
    attempts: list[Operation] = field(default_factory=list)
    """Every write that was asked for, also the refused ones."""
    capabilities: CapabilityAccess = CapabilityAccess.AVAILABLE
    """Whether partners have Microsoft 365 capabilities that can be read and written."""
    writes: list[Operation] = field(default_factory=list)
    """Every write that was taken."""
    together_writes: list[int] = field(default_factory=list)
    """How many writes each request with several of them had."""
    fresh: list[str] = field(default_factory=list)
    """What was resolved without an old answer sufficing."""
    tenant_settings: FakeSurroundings = field(default_factory=FakeSurroundings)
    _stale: dict[TenantId, tuple[int, dict[str, Any] | None]] = field(default_factory=dict)

    def add_tenant(self, identity: TenantIdentity, *domains: str) -> None:
        """Let a tenant resolve by its id, its default domain and other domains."""
        for name in (identity.tenant_id, identity.default_domain, *domains):
            self.tenants[name] = identity

    def edit(self, tenant_id: TenantId, **changes: Any) -> None:
        """Change a partner as an admin in the portal would; every later read shows the change."""
        self.show(tenant_id)
        self.partners[tenant_id] = {**deepcopy(self.partners.get(tenant_id) or {"tenantId": tenant_id}), **changes}

    def show(self, tenant_id: TenantId) -> None:
        """Make every read show the current settings."""
        self._stale.pop(tenant_id, None)

    def delete(self, tenant_id: TenantId) -> None:
        """Let somebody else delete a partner; from then on every read shows none."""
        self.show(tenant_id)
        self.partners.pop(tenant_id, None)

    def together(self) -> ReadsTogether:
        """Begin reads that are started together; each is a call of its own here."""
        return ReadsTogether()

    async def home(self) -> TenantId:
        """The tenant's own id."""
        self.script.end(await self.script.begin("tenant.home"))
        return HOME

    async def verify_home(self, *, must_be_known: bool = False) -> None:
        """Refuse writes when this is another tenant, and refuse opening writes when the tenant is not known."""
        if must_be_known and self.is_never_named:
            raise TenantUnavailable("Microsoft Graph has not said yet which tenant it answers for.")
        self.script.end(await self.script.begin("tenant.verify_home"))
        if self.found is not None:
            raise WrongTenant(self.found, HOME)

    async def verify_permissions(self) -> None:
        """Refuse to open access while the application has permissions that it does not need."""
        if self.surplus:
            raise SurplusPermissions(self.surplus)

    async def granted_permissions(self) -> frozenset[str] | None:
        """The application permissions in the token."""
        self.script.end(await self.script.begin("tenant.granted_permissions"))
        return self.granted

    async def find(self, target: str, *, fresh: bool = False) -> TenantIdentity | None:
        """Resolve a domain or tenant id."""
        fault = await self.script.begin("tenant.find")
        if fresh:
            self.fresh.append(target)
        found = self.tenants.get(target)
        self.script.end(fault)
        return None if found is None else replace(found, typed_name=target)

    async def read_partner(self, tenant_id: TenantId, *, is_to_close: bool = False) -> JsonObject | None:
        """Read a partner as Graph shows it, perhaps as it was before the last write."""
        fault = await self.script.begin("tenant.read_partner")
        document = self.partners.get(tenant_id)
        left, old = self._stale.get(tenant_id, (0, None))
        if left:
            document = old
            self._stale[tenant_id] = (left - 1, old)
        self.script.end(fault)
        return deepcopy(document)

    async def read_partners(self) -> Sequence[JsonObject]:
        """List every partner with its current settings."""
        self.script.end(await self.script.begin("tenant.read_partners"))
        return [deepcopy(document) for document in self.partners.values()]

    async def partner_pages(self) -> AsyncIterator[Sequence[JsonObject]]:
        """List the partners, `page_size` at a time."""
        rows = list(self.partners.values())
        for start in range(0, max(len(rows), 1), self.page_size):
            self.script.end(await self.script.begin("tenant.partner_pages"))
            yield [deepcopy(document) for document in rows[start : start + self.page_size]]

    async def capability_access(self) -> CapabilityAccess:
        """Whether the Microsoft 365 capabilities of partners can be read and written."""
        self.script.end(await self.script.begin("tenant.capability_access"))
        return self.capabilities

    async def read_default(self) -> JsonObject:
        """Read the default configuration."""
        self.script.end(await self.script.begin("tenant.read_default"))
        return deepcopy(self.default)

    async def write(self, operation: Operation) -> CallIds:
        """Perform one operation as Graph does: null for what a POST leaves out, a PATCH replaces what it names."""
        if self.found is not None:
            raise WrongTenant(self.found, HOME)
        await ask_before_write()
        self.attempts.append(operation)
        fault = await self.script.begin("tenant.write")
        if self.ignored:
            self.ignored -= 1
            self.script.end(fault)
            return self.call_ids
        if name := written_capability(operation):
            self._write_capability(operation, name)
        elif operation.method == "POST":
            assert operation.path == PARTNERS
            self._create(operation)
        else:
            self._patch(operation)
        self.writes.append(operation)
        self.script.end(fault)
        return self.call_ids

    async def write_together(self, operations: Sequence[Operation]) -> Sequence[WriteResult]:
        """Perform each operation as if it were alone; one request for all. Its faults are those of the whole."""
        self.together_writes.append(len(operations))
        fault = await self.script.begin("tenant.write_together")
        results: list[WriteResult] = []
        for operation in operations:
            try:
                results.append(await self.write(operation))
            except (TenantRefused, TenantUnavailable) as error:
                results.append(error)
        self.script.end(fault)
        return results

    async def accounts_by_mail(self, mails: Sequence[str]) -> Sequence[Account]:
        """Find accounts by mail."""
        self.script.end(await self.script.begin("tenant.accounts_by_mail"))
        return [account for account in self.accounts if account.mail in mails]

    async def accounts_by_id(self, ids: Sequence[PersonId]) -> Sequence[Account]:
        """Find accounts by id."""
        self.script.end(await self.script.begin("tenant.accounts_by_id"))
        return [account for account in self.accounts if account.id in ids]

    async def managers(self, ids: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Find the managers of accounts."""
        self.script.end(await self.script.begin("tenant.managers"))
        accounts_by_id = {account.id: account for account in self.accounts}
        return {person: accounts_by_id.get(self.manager_of.get(person, PersonId(""))) for person in ids}

    async def approver_groups(self, ids: Sequence[str]) -> Sequence[ApproverGroup]:
        """Read groups with their owners."""
        self.script.end(await self.script.begin("tenant.approver_groups"))
        return [group for group in self.approver_group_list if group.id in ids]

    async def group_members(self, group_id: str) -> frozenset[PersonId]:
        """List a group."""
        self.script.end(await self.script.begin("tenant.group_members"))
        return self.groups.get(group_id, frozenset())

    def _create(self, operation: Operation) -> None:
        tenant_id = TenantId(operation.body["tenantId"])
        if tenant_id in self.partners:
            raise AlreadyExists(409, "Request_MultipleObjectsWithSameKeyValue", "This partner exists already.")
        unset: dict[str, Any] = {name.value: None for name in Property}
        if CAPABILITIES in self.default:
            unset[CAPABILITIES] = []
        self._store(tenant_id, {**unset, **BLANK, **deepcopy(dict(operation.body))})

    def _write_capability(self, operation: Operation, name: str) -> None:
        """Create a capability by a POST, or change it by a PATCH, as Graph does."""
        tenant_id = TenantId(operation.path.removeprefix(f"{PARTNERS}/").partition("/")[0])
        document = deepcopy(self.partners[tenant_id])
        others = [one for one in document[CAPABILITIES] if one["name"] != name]
        if (len(others) < len(document[CAPABILITIES])) is (operation.method == "POST"):
            raise AlreadyExists(409, "Request_MultipleObjectsWithSameKeyValue", "This capability exists already.")
        entry = {**deepcopy(dict(operation.body)), "name": name, "lastModifiedDateTime": None}
        document[CAPABILITIES] = sorted([*others, entry], key=lambda one: str(one["name"]))
        self._store(tenant_id, document)

    def _patch(self, operation: Operation) -> None:
        tenant_id, _, rest = operation.path.removeprefix(f"{PARTNERS}/").partition("/")
        document = deepcopy(self.partners.get(TenantId(tenant_id)))
        if document is None:
            raise TenantRefused(404, "Request_ResourceNotFound", "There is no such partner.")
        body = deepcopy(dict(operation.body))
        if rest == IDENTITY_SYNCHRONIZATION:
            if operation.method == "PUT" and document.get(rest) is not None:
                raise AlreadyExists(409, "Request_MultipleObjectsWithSameKeyValue", "This policy exists already.")
            policy = document.get(IDENTITY_SYNCHRONIZATION)
            body = {IDENTITY_SYNCHRONIZATION: {**(policy if isinstance(policy, dict) else {}), **body}}
        else:
            assert rest == "", f"no such address: {operation.path}"
        self._store(TenantId(tenant_id), {**document, **body})

    def _store(self, tenant_id: TenantId, document: dict[str, Any]) -> None:
        self._stale[tenant_id] = (self.lag, deepcopy(self.partners.get(tenant_id)))
        self.partners[tenant_id] = document


@dataclass(slots=True)
class FakeDirectory:
    """People and their roles, both changeable at any time. Starts with the usual people and the usual roles."""

    script: Script = field(default_factory=Script)
    people: dict[ChatId, Person] = field(
        default_factory=lambda: {p.chat_id: p for p in (RILEY, SAM, AMARA, BRUNO, CHIE, DANA, MALLORY)}
    )
    roles: dict[PersonId, frozenset[Role]] = field(default_factory=lambda: dict(everybody().roles))
    refusals: dict[ChatId, Refused] = field(default_factory=dict)
    profiles: dict[PersonId, dict[str, Any]] = field(default_factory=dict)
    """What is said of a person otherwise than usual, by the names of `Profile`."""
    missing: dict[Role, tuple[str, ...]] = field(default_factory=dict)
    """User groups that roles name and that do not exist."""
    away: tuple[StandIn, ...] = ()
    """Who is away, with who is asked in their place; for display."""
    manager_accounts: dict[PersonId, Account] = field(default_factory=dict)
    """The manager of each account; an account that is not here has none."""

    def assign(self, person: Person, roles: str) -> None:
        """Give a person exactly these roles, separated by spaces."""
        self.people[person.chat_id] = person
        self.roles[person.id] = frozenset(map(Role, roles.split()))

    def remove(self, person: Person) -> None:
        """Remove a person's account."""
        del self.people[person.chat_id]
        self.roles.pop(person.id, None)

    def for_one_check(self, began_ago: timedelta = timedelta(0)) -> "FakeDirectory":
        """Every question is asked here, as always."""
        return self

    def read_groups_again(self) -> bool:
        """Every question is asked anew here, as always."""
        return False

    async def identify(self, chat_id: ChatId, *, with_accounts_of: Sequence[Person] = ()) -> Person:
        """Map a chat user to a person, or refuse."""
        self.script.end(await self.script.begin("directory.identify"))
        if chat_id in self.refusals:
            raise self.refusals[chat_id]
        if chat_id not in self.people:
            raise Refused(RefusalCode.NOT_EXACTLY_ONE_ACCOUNT, mail="nobody@example.com", count=0)
        return self._by_main_id(self.people[chat_id])

    async def profile_of(self, person: Person) -> Profile:
        """What is said of a person: their name in lower case as the mail address, unless the test says otherwise."""
        self.script.end(await self.script.begin("directory.profile_of"))
        mail = f"{person.name.lower()}@woodgrove.com"
        usual = Profile(
            chat_id=person.chat_id,
            account=person.id,
            chat_mail=mail,
            chat_name=person.name,
            account_mail=mail,
            account_name=person.name,
            zone="UTC",
        )
        return replace(usual, **self.profiles.get(person.id, {}))

    def _by_main_id(self, person: Person) -> Person:
        """The person under the organization's id, where there is one: Slack's directory names people so."""
        same = (one for one in self.people.values() if one.id == person.id and one.chat_id.startswith("W-"))
        return next(same, person)

    async def is_member(self, chat_id: ChatId) -> bool:
        """Tell whether a chat user is a full member."""
        self.script.end(await self.script.begin("directory.is_member"))
        return chat_id in self.people and chat_id not in self.refusals

    async def current_roles(self, people: Sequence[Person]) -> CurrentRoles:
        """Read the roles of these people and of nobody else."""
        self.script.end(await self.script.begin("directory.current_roles"))
        present = [person.id for person in people if person.chat_id in self.people]
        return CurrentRoles(roles={person_id: self.roles.get(person_id, frozenset()) for person_id in present})

    async def stand_ins(self) -> tuple[StandIn, ...]:
        """Return who is away now, as `DisplayDirectory` does."""
        return self.away

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """List the people who have a role."""
        self.script.end(await self.script.begin("directory.holders"))
        held = (p for p in self.people.values() if role in self.roles.get(p.id, frozenset()))
        return frozenset(self._by_main_id(one).chat_id for one in held)

    async def known_holders(self, role: Role) -> frozenset[ChatId]:
        """List the people who have a role."""
        return await self.holders(role)

    async def find_active(self, chat_ids: Iterable[ChatId], *, enough: int, within: timedelta) -> frozenset[ChatId]:
        """Return those who have an account. Everybody is known here."""
        return frozenset(one for one in chat_ids if one in self.people)

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        """List every id of these people's accounts."""
        self.script.end(await self.script.begin("directory.all_ids"))
        asked = frozenset(chat_ids)
        accounts = {self.people[one].id for one in asked if one in self.people}
        return asked | {chat_id for chat_id, person in self.people.items() if person.id in accounts}

    async def people_of(self, accounts: Sequence[PersonId]) -> tuple[Person, ...]:
        """Find the people of accounts."""
        self.script.end(await self.script.begin("directory.people_of"))
        known = {person.id.lower(): self._by_main_id(person) for person in self.people.values()}
        return tuple(known.get(one.lower()) or Person(id=one, chat_id=ChatId(""), name=one) for one in accounts)

    async def managers(self, accounts: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Find the managers of accounts."""
        self.script.end(await self.script.begin("directory.managers"))
        return {account: self.manager_accounts.get(account) for account in accounts}

    async def missing_groups(self, role: Role) -> tuple[str, ...]:
        """Name the user groups that do not exist."""
        self.script.end(await self.script.begin("directory.missing_groups"))
        return self.missing.get(role, ())


@dataclass(slots=True)
class FakeNotifier:
    """Remembers what was shown, in order."""

    script: Script = field(default_factory=Script)
    requests: list[AccessRequest] = field(default_factory=list)
    reminded: list[AccessRequest] = field(default_factory=list)
    reminded_people: list[ChatId] = field(default_factory=list)
    expired: list[AccessRequest] = field(default_factory=list)
    reviews: list[tuple[Partnership, bool]] = field(default_factory=list)
    handovers: list[Partnership] = field(default_factory=list)
    access_tests: list[Partnership] = field(default_factory=list)
    halves: list[tuple[Partnership, bool]] = field(default_factory=list)
    homes: list[ChatId] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    ends: list[tuple[tuple[AnnouncedEnd, ...], int]] = field(default_factory=list)
    """The notices of each batch, and how many partners were blocked with it."""
    blocks_shown: list[AccessRequest] = field(default_factory=list)
    asked: list[tuple[AskedReview, ...]] = field(default_factory=list)
    """The reviews that were asked, by batch."""
    gone: set[ChatId] = field(default_factory=set)
    """Whom a question about a review does not reach."""
    freezes: list[Freeze] = field(default_factory=list)
    audit_heads: list[tuple[str, int]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    lists: list[tuple[BatchRow, ...]] = field(default_factory=list)
    attached_again: ListFile | None = None
    reminded_batches: list[str] = field(default_factory=list)
    imports: list[ShownImport] = field(default_factory=list)
    closed_imports: list[Batch] = field(default_factory=list)
    delivers_notices: bool = True
    leaves_copies: bool = False
    told: list[tuple[ChatId, str, str]] = field(default_factory=list)
    """Person, text, channel."""

    async def show_request(self, request: AccessRequest) -> None:
        """Remember a card."""
        self.script.end(await self.script.begin("notifier.show_request"))
        self.requests.append(request)

    async def show_change(self, request: AccessRequest, *, clicked_in: str, clicked_by: str) -> bool:
        """Remember a card: every copy of it is shown at once, unless a test says otherwise."""
        await self.show_request(request)
        return not self.leaves_copies

    async def remind(self, request: AccessRequest) -> None:
        """Remember a reminder."""
        self.script.end(await self.script.begin("notifier.remind"))
        self.reminded.append(request)

    async def send_expiry_messages(self, request: AccessRequest) -> None:
        """Remember that its approvers were told of the end."""
        self.script.end(await self.script.begin("notifier.tell_expired"))
        self.expired.append(request)

    async def remind_person(self, person: ChatId, *, of_expired: bool = False) -> None:
        """Remember who was reminded alone."""
        self.script.end(await self.script.begin("notifier.remind_person"))
        self.reminded_people.append(person)

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Remember a review card."""
        self.script.end(await self.script.begin("notifier.show_review"))
        self.reviews.append((partnership, remind))

    async def show_setup(self, partnership: Partnership, *, remind: bool) -> None:
        """Record a partner setup card."""
        self.script.end(await self.script.begin("notifier.show_half"))
        self.halves.append((partnership, remind))

    async def show_handover(self, partnership: Partnership) -> None:
        """Record the messages of a hand-over."""
        self.script.end(await self.script.begin("notifier.show_handover"))
        self.handovers.append(partnership)

    async def show_access_test(self, partnership: Partnership) -> None:
        """Record the question whether an access works."""
        self.script.end(await self.script.begin("notifier.show_access_test"))
        self.access_tests.append(partnership)

    async def send_end_notices(
        self, announced: Sequence[AnnouncedEnd], *, batch: str, blocked: int
    ) -> Mapping[TenantId, tuple[ChatId, ...]]:
        """Remember notices about ends of access; everybody gets theirs unless a test says otherwise."""
        self.script.end(await self.script.begin("notifier.end_notices"))
        self.ends.append((tuple(announced), blocked))
        delivered = {one.record.identity.tenant_id: (one.record.sponsor.chat_id,) for one in announced}
        return delivered if self.delivers_notices else {}

    async def send_review_reminders(
        self, asked: Sequence[AskedReview], *, admins: frozenset[ChatId], batch: str
    ) -> Mapping[TenantId, tuple[ChatId, ...]]:
        """Remember the questions of a batch; everybody gets theirs unless a test says otherwise."""
        self.script.end(await self.script.begin("notifier.review_reminders"))
        self.asked.append(tuple(asked))
        people = {}
        for one in asked:
            named = {person for person in (one.sponsor, one.manager) if person and person not in self.gone}
            asks_admins = one.asks_admins or one.sponsor not in named
            people[one.record.identity.tenant_id] = tuple(
                sorted(named | (admins - self.gone if asks_admins else frozenset()))
            )
        return people

    async def post_audit_head(self, head: str, seq: int) -> None:
        """Remember a head of the audit log."""
        self.script.end(await self.script.begin("notifier.post_audit_head"))
        self.audit_heads.append((head, seq))

    async def show_freeze(self, freeze: Freeze) -> None:
        """Remember a freeze."""
        self.script.end(await self.script.begin("notifier.show_freeze"))
        self.freezes.append(freeze)

    async def show_block_at_end(self, request: AccessRequest) -> None:
        """Remember the result of a block."""
        self.script.end(await self.script.begin("notifier.show_block_at_end"))
        self.blocks_shown.append(request)

    async def show_batch(self, batch: Batch) -> ListFile | None:
        """Remember the card of a batch. `attached_again` is the list below a card that was posted again."""
        self.script.end(await self.script.begin("notifier.show_batch"))
        self.batches.append(batch)
        attached, self.attached_again = self.attached_again, None
        return attached

    async def remind_about_batch(self, batch: Batch) -> None:
        """Remember who was to be reminded of what."""
        self.script.end(await self.script.begin("notifier.remind_about_batch"))
        self.reminded_batches.append(batch.id)

    async def upload_batch_list(self, batch: Batch) -> ListFile:
        """Remember the list of a batch: its rows stand for the file."""
        self.script.end(await self.script.begin("notifier.upload_batch_list"))
        self.lists.append(batch.members)
        return ListFile(
            file_id=f"F{len(self.lists)}",
            name=f"{batch.id}.csv",
            sha256=Digest("ab" * 32),
            digest=batch.digest or Digest(""),
        )

    async def show_import(self, shown: ShownImport) -> None:
        """Remember how far an import is."""
        self.script.end(await self.script.begin("notifier.show_import"))
        self.imports.append(shown)

    async def close_import(self, batch: Batch) -> None:
        """Remember an import whose draft was confirmed or ended."""
        self.script.end(await self.script.begin("notifier.close_import"))
        self.closed_imports.append(batch)

    async def show_home(self, person: ChatId) -> None:
        """Remember an App Home."""
        self.script.end(await self.script.begin("notifier.show_home"))
        self.homes.append(person)

    async def show_alarm(self, alarm: Alarm) -> None:
        """Remember an alarm."""
        self.script.end(await self.script.begin("notifier.show_alarm"))
        self.alarms.append(alarm)

    async def send_message(self, person: ChatId, said: Fact, *, channel: str) -> None:
        """Remember a message."""
        self.script.end(await self.script.begin("notifier.tell"))
        self.told.append((person, message_words(said), channel))

    async def send_escalation_message(self, effect: SendEscalationMessage, request: AccessRequest) -> None:
        """Remember a message that is sent in working hours."""
        self.script.end(await self.script.begin("notifier.send_escalation_message"))
        self.told.append((effect.person, message_words(effect.fact), ""))

    def texts_to(self, person: ChatId) -> list[str]:
        """What one person was told, oldest first."""
        return [text for chat_id, text, _ in self.told if chat_id == person]


@dataclass(slots=True)
class FakeFiles:
    """Implements `ReceivedFiles`: the files that people gave, by their ids."""

    given: dict[str, ReceivedFile] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    """Raised by the next loads, the first one first."""

    async def load(self, file_id: str, given_by: ChatId) -> ReceivedFile:
        """Give a file."""
        if self.errors:
            raise self.errors.pop(0)
        if file_id not in self.given:
            raise FileNotUsable((Fact(ReceivedFileCode.GONE),))
        return self.given[file_id]


@dataclass(slots=True)
class FakeRows:
    """Implements `ImportedRows`: the numbers of the rows, and what becomes of them."""

    lines: list[str] = field(default_factory=list)

    def take(self, judged: JudgedRow) -> None:
        """Remember one row."""
        self.lines.append(f"{judged.row.number} {judged.verdict}")

    def content(self) -> bytes:
        """The lines."""
        return "\n".join(self.lines).encode()


def _held_to_the_ports(clock: FixedClock, tenant: FakeTenant, directory: FakeDirectory, notifier: FakeNotifier) -> None:
    """Let the type checker compare every fake with its port."""
    _: tuple[Clock, Tenant, PeopleDirectory, Notifier] = (clock, tenant, directory, notifier)

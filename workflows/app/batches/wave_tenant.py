"""Our tenant for several partners at once: what is equal for all is read once, and their own reads go out together.

For one wave of a batch only, which takes seconds. Every answer was read after the wave began. Reads of one partner that
follow each other are separate reads, so that a check and the read-back after it never share an answer.

It is long because every question to the tenant is here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from workflows.core.checks.approver_groups import ApproverGroup
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.tenant_facts import (
    AccountDisabling,
    AddressAccount,
    CapabilityAccess,
    SignInLog,
    SignIns,
)
from workflows.core.partners.reviewing.evidence.guest_state import GuestAccount
from workflows.core.partners.reviewing.evidence.sign_in_counting import SignIn
from workflows.core.people import PersonId
from workflows.core.plans.plan import CallIds, Operation, TenantIdentity
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Target, TargetType, TenantId
from workflows.core.settings.partner_changes import ChangesByPartner, LoggedChange, PartnerChange
from workflows.ports.tenant import Account, ReadsTogether, Tenant, WriteResult
from workflows.ports.tenant_settings import AccountPage, FoundObject, TenantSettings

_COLLECTED_FOR_SECONDS: Final = 0.01
"""How long reads of several partners wait for each other, to go out in one request."""
_MAX_TOGETHER: Final = 20
"""The most reads in one request (Graph: "Combine multiple HTTP requests using JSON batching")."""

Value = TypeVar("Value")


class _Once(Generic[Value]):
    """Reads something at its first use, and returns the same answer or error from then on."""

    def __init__(self, read: Callable[[], Coroutine[Any, Any, Value]]) -> None:
        self._read = read
        self._task: asyncio.Task[Value] | None = None

    async def get(self) -> Value:
        if self._task is None:
            self._task = asyncio.create_task(self._read())
            # Whoever waited for an error may have given up already.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        # NB. shielded, so that the time limit of one reader does not cancel the read for the others.
        return await asyncio.shield(self._task)


class _Collected(Generic[Value]):
    """Collects reads with one parameter that are asked for at about the same time, and sends them together."""

    def __init__(self, tenant: Tenant, read: Callable[[str], Coroutine[Any, Any, Value]]) -> None:
        self._tenant = tenant
        self._read = read
        self._waiting: dict[str, asyncio.Future[Value]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def get(self, name: str) -> Value:
        future = self._waiting.get(name)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._waiting[name] = loop.create_future()
            if len(self._waiting) == 1:
                loop.call_later(_COLLECTED_FOR_SECONDS, self._send)
            elif len(self._waiting) >= _MAX_TOGETHER:
                self._send()
        return await asyncio.shield(future)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if waiting:
            task = asyncio.create_task(self._answer(waiting))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _answer(self, waiting: dict[str, "asyncio.Future[Value]"]) -> None:
        try:
            async with self._tenant.together() as reads:
                started = {name: reads.start(self._read(name)) for name in waiting}
                for name, task in started.items():
                    try:
                        _settle(waiting[name], await task)
                    except Exception as error:
                        _fail(waiting[name], error)
        except asyncio.CancelledError:
            for future in waiting.values():
                future.cancel()
            raise
        except BaseException as error:
            # Nobody may wait for ever, whatever happened.
            for future in waiting.values():
                _fail(future, error)


def _settle(future: "asyncio.Future[Value]", value: Value) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # whoever asked may have given up already


class WaveTenant:
    """Our tenant for one wave. Implements `ports.Tenant`, and writes nothing: see `WaveWrites`."""

    def __init__(self, tenant: Tenant, *, log_since: datetime) -> None:
        """Create it for one wave.

        :param log_since: since when Entra's audit log is read, once for all partners.
        """
        self._tenant = tenant
        self._settings = _WaveSettings(tenant.tenant_settings, log_since)
        self._default = _Once(tenant.read_default)
        self._partners: _Collected[JsonObject | None] = _Collected(
            tenant, lambda name: tenant.read_partner(TenantId(name))
        )
        self._closing: _Collected[JsonObject | None] = _Collected(
            tenant, lambda name: tenant.read_partner(TenantId(name), is_to_close=True)
        )
        self._found: _Collected[TenantIdentity | None] = _Collected(tenant, lambda name: tenant.find(name, fresh=True))

    @property
    def tenant_settings(self) -> TenantSettings:
        """Return the reader of the tenant's other settings."""
        return self._settings

    def together(self) -> ReadsTogether:
        """Return a group of reads. They are collected with those of the other partners."""
        return ReadsTogether()

    async def home(self) -> TenantId:
        """Return the tenant's own id."""
        return await self._tenant.home()

    async def verify_home(self, *, must_be_known: bool = False) -> None:
        """Check that Graph answers for the configured tenant."""
        await self._tenant.verify_home(must_be_known=must_be_known)

    async def verify_permissions(self) -> None:
        """Check that the application has no permission that it does not need."""
        await self._tenant.verify_permissions()

    async def granted_permissions(self) -> frozenset[str] | None:
        """Return the application permissions in the token; None when they cannot be read."""
        return await self._tenant.granted_permissions()

    async def find(self, target: str, *, fresh: bool = False) -> TenantIdentity | None:
        """Return the tenant of a name; always read now, together with those of the other partners."""
        return await self._found.get(target)

    async def read_partner(self, tenant_id: TenantId, *, is_to_close: bool = False) -> JsonObject | None:
        """Read a partner's own configuration, together with those of the other partners."""
        return await (self._closing if is_to_close else self._partners).get(tenant_id)

    async def read_partners(self) -> Sequence[JsonObject]:
        """List every partner's own configuration."""
        return await self._tenant.read_partners()

    def partner_pages(self) -> AsyncIterator[Sequence[JsonObject]]:
        """Read the same list page by page."""
        return self._tenant.partner_pages()

    async def capability_access(self) -> CapabilityAccess:
        """Return whether the Microsoft 365 capabilities of partners can be read and written."""
        return await self._tenant.capability_access()

    async def read_default(self) -> JsonObject:
        """Read the tenant's default configuration, once a wave."""
        return await self._default.get()

    async def write(self, operation: Operation) -> CallIds:
        """Refuse to write. An adoption writes nothing, and other members of a wave write through `WaveWrites`.

        :raises AssertionError: always; it is a programming error in Gatehouse.
        """
        raise AssertionError(f"a wave writes nothing here, but {operation.method} {operation.path} was to be sent")

    async def write_together(self, operations: Sequence[Operation]) -> Sequence[WriteResult]:
        """Refuse to write, as `write` does.

        :raises AssertionError: always.
        """
        raise AssertionError(f"a wave writes nothing here, but {len(operations)} operations were to be sent")

    async def accounts_by_mail(self, mails: Sequence[str]) -> Sequence[Account]:
        """Return every account whose mail or user principal name is one of `mails`."""
        return await self._tenant.accounts_by_mail(mails)

    async def accounts_by_id(self, ids: Sequence[PersonId]) -> Sequence[Account]:
        """Return every account with one of these object ids."""
        return await self._tenant.accounts_by_id(ids)

    async def managers(self, ids: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Return the manager of each account."""
        return await self._tenant.managers(ids)

    async def approver_groups(self, ids: Sequence[str]) -> Sequence[ApproverGroup]:
        """Read Entra groups with their owners."""
        return await self._tenant.approver_groups(ids)

    async def group_members(self, group_id: str) -> frozenset[PersonId]:
        """List the users in an Entra group."""
        return await self._tenant.group_members(group_id)


class _WaveSettings:
    """The tenant's other settings and logs, each read once a wave. Implements `ports.TenantSettings`."""

    def __init__(self, settings: TenantSettings, log_since: datetime) -> None:
        self._settings = settings
        self._log_since = log_since
        self._domains = _Once(settings.verified_domains)
        self._access_policy = _Once(settings.read_access_policy)
        self._authorization = _Once(settings.read_authorization)
        self._sharepoint = _Once(settings.read_sharepoint)
        self._conditional_access = _Once(settings.read_conditional_access)
        self._changes = _Once(self._read_changes)

    async def verified_domains(self) -> Sequence[str]:
        return await self._domains.get()

    async def read_access_policy(self) -> JsonObject:
        return await self._access_policy.get()

    async def read_authorization(self) -> JsonObject:
        return await self._authorization.get()

    async def read_sharepoint(self) -> JsonObject:
        return await self._sharepoint.get()

    async def read_conditional_access(self, *, fresh: bool = False) -> Sequence[JsonObject]:
        return await (self._settings.read_conditional_access(fresh=True) if fresh else self._conditional_access.get())

    async def evaluate_access(self, question: Question, *, fresh: bool = False) -> Sequence[JsonObject]:
        return await self._settings.evaluate_access(question, fresh=fresh)

    async def read_sign_ins(self, tenant_id: TenantId, since: datetime, *, home: TenantId | None = None) -> SignIns:
        return await self._settings.read_sign_ins(tenant_id, since, home=home)

    async def recent_sign_ins(self, home: TenantId, since: datetime) -> SignInLog:
        return await self._settings.recent_sign_ins(home, since)

    async def accounts_of(self, address: str) -> Sequence[AddressAccount]:
        return await self._settings.accounts_of(address)

    async def last_disabling(self, account: PersonId) -> AccountDisabling | None:
        return await self._settings.last_disabling(account)

    async def read_foreign_sign_ins(
        self,
        home: TenantId,
        since: datetime,
        take: Callable[[Sequence[SignIn]], bool],
        *,
        partner: TenantId | None = None,
    ) -> bool:
        return await self._settings.read_foreign_sign_ins(home, since, take, partner=partner)

    async def has_sign_ins(self, since: datetime, until: datetime) -> bool:
        return await self._settings.has_sign_ins(since, until)

    async def read_guests(self, take: Callable[[Sequence[GuestAccount]], bool], with_activity: bool) -> bool:
        return await self._settings.read_guests(take, with_activity=with_activity)

    async def guest_page(self, link: str | None, with_activity: bool) -> AccountPage:
        return await self._settings.guest_page(link, with_activity=with_activity)

    async def own_account_page(self, link: str | None, domains: Sequence[str]) -> AccountPage:
        return await self._settings.own_account_page(link, domains=domains)

    async def read_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List the changes of one partner, from the one read of the log for all partners of the wave."""
        if since < self._log_since:
            return await self._settings.read_partner_changes(tenant_id, since)
        return (await self._changes.get()).about(tenant_id.lower())

    async def recent_partner_changes(self, tenant_id: TenantId, since: datetime) -> Sequence[PartnerChange]:
        """List the same from a read of the log that other waves and requests share."""
        return await self._settings.recent_partner_changes(tenant_id, since)

    async def _read_changes(self) -> ChangesByPartner:
        return ChangesByPartner(await self._settings.read_access_changes(self._log_since))

    async def read_access_changes(self, since: datetime) -> Sequence[LoggedChange]:
        return await self._settings.read_access_changes(since)

    async def find_by_prefix(self, kind: TargetType, prefix: str, limit: int) -> Sequence[FoundObject]:
        return await self._settings.find_by_prefix(kind, prefix, limit)

    async def applications_with(self, words: Sequence[str]) -> Sequence[FoundObject]:
        return await self._settings.applications_with(words)

    async def name_of(self, target: Target, *, fresh: bool = False) -> str | None:
        return await self._settings.name_of(target, fresh=fresh)


def wave_tenant(tenant: Tenant, *, log_since: datetime) -> Tenant:
    """Return our tenant for one wave of partners; see `WaveTenant`."""
    return WaveTenant(tenant, log_since=log_since)

"""The interface to our own tenant, through Microsoft Graph.

It is long because every question to the tenant, and every way in which it fails, is here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

from workflows.core.checks.tenant_facts import CapabilityAccess, UnreadableFact, UnreadableReason
from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import FactsError
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.people import PersonId
from workflows.core.plans.plan import CallIds, Operation, TenantIdentity
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.ports.tenant_settings import TenantSettings
from workflows.tasks import end_tasks

if TYPE_CHECKING:
    from workflows.core.checks.approver_groups import ApproverGroup

Answer = TypeVar("Answer")

MAX_WRITES_TOGETHER: Final = 20
"""The most operations in one request (Graph: "Combine multiple HTTP requests using JSON batching")."""
MAX_RETRY_AFTER: Final = 300.0
"""Seconds. When another system asks for a longer pause, it is called again after this time: a revocation may wait."""


class Urgency(IntEnum):
    """What goes first when Entra accepts only some of the requests."""

    CLOSING = 0
    """Access is being closed. It never waits for others, and is also tried while Entra does not answer."""
    PERSON = 1
    """A person, or an approved change, waits for it."""
    SWEEP = 2
    """Nobody waits for it."""


_urgency: ContextVar[Urgency] = ContextVar("how urgent the requests to the tenant are", default=Urgency.PERSON)


def current_urgency() -> Urgency:
    """Return how urgent the requests of the running task are."""
    return _urgency.get()


@contextmanager
def with_urgency(urgency: Urgency) -> Iterator[None]:
    """Give all requests that are made inside, and by tasks that are started inside, this urgency."""
    token = _urgency.set(urgency)
    try:
        yield
    finally:
        _urgency.reset(token)


_before_write: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar(
    "what is asked before a write", default=None
)


@contextmanager
def asked_before_writes(check: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Have a check made right before each write inside leaves, after everything that a write waits for.

    Also before the same one is sent again, with a new token. A batch of writes counts as one.

    :param check: raises an error when the write must not be sent any more; it is raised to whoever writes.
    """
    token = _before_write.set(check)
    try:
        yield
    finally:
        _before_write.reset(token)


async def ask_before_write() -> None:
    """Make the check of `asked_before_writes`. Whatever sends writes to the tenant calls it as its last step."""
    if (check := _before_write.get()) is not None:
        await check()


class TenantUnavailable(FactsError):
    """Entra did not answer, or its answer cannot be used. The result of the request is not known.

    `retry_after` is the pause in seconds that the service asked for; None when it asked for none. `is_throttled` is
    true when the service refused because the bot sent too many requests.
    """

    def __init__(self, reason: str | Facts, retry_after: float | None = None, *, is_throttled: bool = False) -> None:
        """Create the error.

        :param reason: the reason: facts, or a text from another system.
        """
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_throttled = is_throttled


class WrongTenant(TenantUnavailable):
    """Graph answers for another tenant than the configured one. Nothing is written there."""

    def __init__(self, found: TenantId, expected: TenantId) -> None:
        super().__init__((Fact(TenantCode.WRONG_TENANT, {"found": found, "expected": expected}),))
        self.found = found
        self.expected = expected


class SurplusPermissions(TenantUnavailable):
    """The application has permissions that it does not need. Nothing that opens access is written."""

    def __init__(self, names: Sequence[str], *, is_for_guests: bool = False) -> None:
        """Create the error.

        :param is_for_guests: whether it is the application for guest accounts.
        """
        values = {"permissions": ", ".join(names), "is_for_guests": is_for_guests}
        super().__init__((Fact(TenantCode.SURPLUS_PERMISSIONS, values),))


class TenantRefused(FactsError):
    """Entra refused the request. The same request would be refused again."""

    def __init__(self, status: int, code: str, reason: str | Facts) -> None:
        """Create the error.

        :param reason: what it tells: facts, or text from outside.
        """
        super().__init__(reason)
        self.status = status
        self.code = code


class AlreadyExists(TenantRefused):
    """The object that should be created exists already (409). The caller must read it and compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user account of our tenant."""

    id: PersonId
    name: str
    mail: str
    is_enabled: bool
    is_member: bool
    """False for guests."""
    department: str = ""
    """Empty when Entra has none, or it was not read."""


class ReadsTogether:
    """Reads of the tenant that one decision needs, started together, so that they can go out in one request.

    Each read has its own answer or error, which is returned or raised where its task is awaited. At the end, reads that
    nobody awaited are cancelled. Only reads are started here, never a write.
    """

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self, read: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
        """Start one read."""
        task = asyncio.create_task(read, context=self._context())
        self._tasks.append(task)
        return task

    def _context(self) -> Context:
        return copy_context()

    async def __aenter__(self) -> Self:
        """Begin without any read."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel what is still being read."""
        await end_tasks(self._tasks)


class SendAlone(TenantUnavailable):
    """An operation was certainly not carried out, and cannot be sent together with others. It is to be sent alone."""

    def __init__(self) -> None:
        super().__init__((Fact(TenantCode.OUT_OF_TURN),))


WriteResult = CallIds | TenantRefused | TenantUnavailable
"""What came of one of several writes: the ids of the accepted call, or the error that `Tenant.write` would raise."""


class Tenant(Protocol):
    """Our tenant in Entra. Reads may be repeated. Only `write` and `write_together` change the tenant.

    Every method can raise TenantUnavailable and TenantRefused.
    """

    @property
    def tenant_settings(self) -> TenantSettings:
        """Return the reader of the tenant's other settings."""

    def together(self) -> ReadsTogether:
        """Return a new group of reads, to be used in `async with`."""

    async def home(self) -> TenantId:
        """Return the tenant's own id."""

    async def verify_home(self, *, must_be_known: bool = False) -> None:
        """Check that Graph answers for the configured tenant. Graph is asked at most every few minutes.

        :param must_be_known: whether an answer is required, as before every write that opens access.
        :raises WrongTenant: while Graph answers for another tenant.
        :raises TenantUnavailable: while there was never an answer, when one is required.
        """

    async def verify_permissions(self) -> None:
        """Check that the application's token has no permission that it does not need, before access is opened.

        A token that cannot be had or read is no reason to hold anything: the next request says what is wrong.

        :raises SurplusPermissions: when it has one that no setting allows by name.
        """

    async def granted_permissions(self) -> frozenset[str] | None:
        """Return the application permissions in the token; None when they cannot be read."""

    async def find(self, target: str, *, fresh: bool = False) -> TenantIdentity | None:
        """Return the tenant of a domain or tenant id; None when there is none.

        :param fresh: read it now; otherwise the answer may be up to a minute old.
        """

    async def read_partner(self, tenant_id: TenantId, *, is_to_close: bool = False) -> JsonObject | None:
        """Read a partner's own configuration with its synchronization policy; None when there is none.

        :param is_to_close: whether access is to be closed, which waits for no capabilities. When only they cannot be
            read now, they are absent, as where they never can be.
        """

    async def read_partners(self) -> Sequence[JsonObject]:
        """List every partner's own configuration with its synchronization policy, each with its `tenantId`.

        A part of the list is never returned. Where only the capabilities of a partner could not be read, they are
        absent, and the others have theirs.
        """

    def partner_pages(self) -> AsyncIterator[Sequence[JsonObject]]:
        """Read the same list page by page. Only when it ends without an error, every partner was in it."""

    async def capability_access(self) -> CapabilityAccess:
        """Return whether the Microsoft 365 capabilities of partners can be read and written.

        While they can be, the configurations that are read contain them, as the list `m365Capabilities` (may be empty).
        Otherwise this member is absent: whether there are any is not known. The answer is at most some minutes old.
        """

    async def read_default(self) -> JsonObject:
        """Read the tenant's default configuration. It cannot be written through this interface."""

    async def write(self, operation: Operation) -> CallIds:
        """Perform one operation of a plan: send its body to its address.

        :returns: the ids by which the tenant's logs name the accepted call.
        :raises AlreadyExists: when the object of a POST or a PUT exists already.
        :raises WrongTenant: while Graph answers for another tenant; nothing was sent.
        :raises TenantRefused: when Graph refuses the write.
        :raises TenantUnavailable: when the result is not known. The caller must read the partner before anything else.
        """

    async def write_together(self, operations: Sequence[Operation]) -> Sequence[WriteResult]:
        """Perform at most `MAX_WRITES_TOGETHER` operations about different partners in one request, at most once.

        Nothing is raised for one of them alone: an error is its result. When the whole request has no usable answer,
        no result is known, and the caller must read every partner before anything else.

        :returns: the result of each operation, in the same order.
        """

    async def accounts_by_mail(self, mails: Sequence[str]) -> Sequence[Account]:
        """Return every account whose mail or user principal name is one of `mails`."""

    async def accounts_by_id(self, ids: Sequence[PersonId]) -> Sequence[Account]:
        """Return every account with one of these object ids; missing ones are left out."""

    async def managers(self, ids: Sequence[PersonId]) -> Mapping[PersonId, Account | None]:
        """Return the manager of each account with one of these object ids, in one or a few requests.

        Every id has an entry. It is None for an account that has no manager, and for one that does not exist. The
        caller checks whether a manager is an enabled member: they may be disabled, or a guest.
        """

    async def group_members(self, group_id: str) -> frozenset[PersonId]:
        """List the users in an Entra group, including those in nested groups."""

    async def approver_groups(self, ids: Sequence[str]) -> "Sequence[ApproverGroup]":
        """Read these Entra groups with their owners, in one or a few requests; missing ones are left out.

        The ids are in lower case. The answer is never older than the question.
        """


_UNLICENSED: Final = ("NonPremium", "LicenseRequired", "LicenseNotFound")
"""Parts of Graph's error codes that mean a missing licence."""

TenantFact = TypeVar("TenantFact")


async def read_fact(read: Awaitable[TenantFact], timeout_seconds: float) -> TenantFact | UnreadableFact:
    """Wait for the read of a fact for at most `timeout_seconds`. Return its value, or why it is not known.

    A failed read raises no error.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            return await read
    except TenantRefused as error:
        return UnreadableFact(reason=why_refused(error))
    except TenantUnavailable as error:
        return UnreadableFact(reason=UnreadableReason.THROTTLED if error.is_throttled else UnreadableReason.UNREACHABLE)
    except TimeoutError:
        return UnreadableFact(reason=UnreadableReason.UNREACHABLE)


def why_refused(error: TenantRefused) -> UnreadableReason:
    """Return the reason of a refusal by Entra."""
    if any(word in error.code for word in _UNLICENSED):
        return UnreadableReason.NO_LICENCE
    return UnreadableReason.FORBIDDEN if error.status == 403 else UnreadableReason.REFUSED

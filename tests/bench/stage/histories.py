"""Stored histories of any length, written by the project's own store in few transactions.

Nobody waits for the disk while a history is made, and the store is closed before a bot opens it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Final

from bot.process.opening.readers import SystemClock
from bot.sandbox.seed import PEOPLE
from tests.bot.shipped_cards import waiting
from tests.workflows.core.builders import WHOLE_CHAIN, partnership
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.partner_setup.steps import SetupStep
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.setup_reviews import setup_for_request
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit
from workflows.store.location import RecordsLocation, StoreLocation
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.store import SqliteStore

REQUESTS_A_PARTNER: Final = 20
OPEN: Final = 10
"""How many requests of a history are open, whatever its length."""
FIRST: Final = TenantIdentity(
    tenant_id=TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1"),
    display_name="Contoso Ltd",
    default_domain="contoso.com",
    typed_name="contoso.com",
)
"""The first partner is one that the simulated tenant knows."""
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_IN_ONE_TRANSACTION: Final = 2000


def person(handle: str) -> Person:
    """Return a person of the simulated workspace."""
    found = next(one for one in PEOPLE if one.handle == handle)
    return Person(id=PersonId(found.entra_id or ""), chat_id=ChatId(found.slack_id), name=found.name)


def tenant_of(number: int) -> TenantIdentity:
    """Return the n-th partner."""
    if not number:
        return FIRST
    name = f"partner-{number:05d}"
    tenant_id = TenantId(f"00000000-0000-4000-8000-{number:012x}")
    return TenantIdentity(
        tenant_id=tenant_id, display_name=name, default_domain=f"{name}.com", typed_name=f"{name}.com"
    )


def request_of(number: int, tenant: TenantIdentity, at: datetime, *, is_open: bool) -> AccessRequest:
    """Return the n-th request: one that waits for its first approval, or one that was applied."""
    pattern = _pattern()
    plan = replace(pattern.plan, tenant_id=tenant.tenant_id)
    prepared = replace(
        pattern.require_prepared(),
        observation=replace(pattern.require_prepared().observation, identity=tenant, at=at),
        plan=plan,
    )
    request = replace(
        pattern,
        id=RequestId("R-" + "".join(_ALPHABET[(number >> 5 * place) & 31] for place in range(10))),
        version=1,
        fields=replace(pattern.fields, target=tenant.default_domain),
        prepared=prepared,
        created_at=at,
        changed_at=at,
        expires_at=at + timedelta(days=14),
    )
    if is_open:
        return request
    return replace(request, state=RequestState.APPLIED, decisions=WHOLE_CHAIN, confirmed_at=at)


@cache
def _pattern() -> AccessRequest:
    pattern = waiting(load_catalog(SHIPPED).templates["trusted-partner"])
    riley, dana = person("requester"), person("admin")
    asked = replace(pattern.fields, requester=riley.chat_id, sponsor=dana.chat_id)
    return replace(pattern, fields=asked, prepared=replace(pattern.require_prepared(), requester=riley, sponsor=dana))


@cache
def _setup() -> tuple[SetupStep, ...]:
    return setup_for_request(replace(_pattern(), state=RequestState.APPLIED))


def partner_of(tenant: TenantIdentity, request: AccessRequest, now: datetime) -> Partnership:
    """Return the record of a partner that was opened by a request. No review of it is due."""
    return partnership(
        identity=tenant,
        version=1,
        sponsor=person("admin"),
        request_id=request.id,
        since=request.created_at,
        ends_at=now + timedelta(days=200),
        next_review_at=now + timedelta(days=60),
        setup=_setup(),  # otherwise the bot adds it to every record after its start
    )


def commits(requests: int, partners: int) -> Iterator[Commit]:
    """Return what a history of so many requests about so many partners consists of."""
    now = datetime.now(UTC)
    for number in range(max(requests, partners)):
        tenant, is_open = tenant_of(number % partners), number >= requests - OPEN
        at = now - timedelta(minutes=max(requests, partners) - number)
        request = request_of(number, tenant_of(10**6 + number) if is_open else tenant, at, is_open=is_open)
        record = partner_of(tenant, request, now) if number < partners else None
        yield Commit(entry=_entry(request, at), request=request, partnership=record)


def open_commits(count: int) -> Iterator[Commit]:
    """Return so many open requests about as many partners, whose cards are still to be shown."""
    now = datetime.now(UTC)
    for number in range(count):
        at = now - timedelta(seconds=count - number)
        request = request_of(number, tenant_of(number), at, is_open=True)
        yield Commit(entry=_entry(request, at), request=request, effects=(ShowRequest(request_id=request.id),))


def _entry(request: AccessRequest, at: datetime) -> AuditEntry:
    return AuditEntry(
        key=f"bench-{request.id}",
        at=at,
        actor=request.fields.requester,
        command="submit",
        outcome="accepted",
        request_id=request.id,
        tenant_id=request.plan.tenant_id,
        details={"justification": request.fields.justification},
    )


class _BulkStore(SqliteStore):
    """The embedded store, many commits in one transaction."""

    async def add(self, commits: Iterable[Commit]) -> None:
        """Store commits."""

        def work(some: tuple[Commit, ...]) -> None:
            with self._db.atomic():
                assert all(self._commit(one) for one in some)

        left = iter(commits)
        while some := tuple(islice(left, _IN_ONE_TRANSACTION)):
            await self._run(partial(work, some))

    async def hurry(self) -> None:
        """Wait for no disk until it is closed."""
        await self._run(lambda: self._db.execute("pragma synchronous = off"))


async def store_history_in(location: RecordsLocation, commits: Iterable[Commit]) -> None:
    """Write a history into a new store of any kind."""
    if isinstance(location, StoreLocation):
        await store_history(location.path, commits)
        return
    store = await location.open(SystemClock())
    try:
        for commit in commits:
            await store.commit(commit)
    finally:
        await store.close()


async def store_history(path: Path, commits: Iterable[Commit]) -> Path:
    """Write a history into a new store."""
    store = _BulkStore(path, SystemClock(), RecordRedactor())
    await store.open()
    try:
        await store.hurry()
        await store.add(commits)
    finally:
        await store.close()
    return path

"""Block writes while Graph answers for a tenant other than the configured one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from kiota_abstractions.method import Method

from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.settings.model import TenantId, is_guid
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import read_call, unavailable
from workflows.entra.transport.connection import Connection
from workflows.intervals import HOME_TENANT_ASKED_AGAIN_AFTER, HOME_TENANT_CHECKED_EVERY
from workflows.ports.tenant import TenantRefused, TenantUnavailable, WrongTenant

_TRUSTED_SECONDS: Final = HOME_TENANT_CHECKED_EVERY.total_seconds()
_ASKED_AGAIN_SECONDS: Final = HOME_TENANT_ASKED_AGAIN_AFTER.total_seconds()


async def read_home(connection: Connection, permission: str = "Organization.Read.All") -> TenantId:
    """Read the id of the tenant that Graph answers for.

    :param permission: the permission that the application has for it; User.Read.All is enough ("List organizations").
    :raises TenantUnavailable, TenantRefused: when it does not name exactly one.
    """
    call = read_call("/organization", Purpose.NAME_HOME, permission)
    rows = await connection.collect(call, request_to(Method.GET, connection.graph.organization, select=["id"]))
    ids = {str(row.get("id") or "").lower() for row in rows}
    if len(ids) != 1 or not all(map(is_guid, ids)):
        raise unavailable(TenantCode.NOT_ONE_ORGANIZATION)
    return TenantId(ids.pop())


class OwnTenantGuard:
    """Checks which tenant Graph answers for. It asks at most every few minutes, so that a write seldom waits."""

    def __init__(self, *, read: Callable[[], Awaitable[TenantId]], expected: TenantId | None) -> None:
        self._read = read
        self._expected = expected
        self._found: TenantId | None = None
        self._trusted_until = float("-inf")
        """Set by an answer only."""
        self._failed_at = float("-inf")
        """When a question last failed. For some seconds, what needs no answer does not wait for another question."""
        self._asking = asyncio.Lock()

    def note(self, tenant_id: TenantId) -> None:
        """Record the id of the tenant that Graph has just answered for."""
        self._found = tenant_id
        is_expected = tenant_id == self._expected
        self._trusted_until = time.monotonic() + (_TRUSTED_SECONDS if is_expected else _ASKED_AGAIN_SECONDS)

    async def _ask(self, *, must_be_known: bool) -> None:
        """Ask Graph, unless it answered recently, or an earlier question failed while this question waited."""
        began = time.monotonic()
        async with self._asking:
            now = time.monotonic()
            if now < self._trusted_until or self._failed_at >= began:
                return
            if must_be_known or now >= self._failed_at + _ASKED_AGAIN_SECONDS:
                try:
                    self.note(await self._read())
                except (TenantUnavailable, TenantRefused):
                    self._failed_at = time.monotonic()

    async def verify(self, *, must_be_known: bool = False) -> None:
        """Check that Graph answers for the configured tenant. Asks Graph, unless it has answered recently.

        Without an answer, the last known answer stays valid, and the next caller that requires one asks again. A
        question that was given up changes nothing. Who needs no answer never waits for another's question, once there
        was an answer: closing a partner waits for nothing.

        :param must_be_known: whether an answer is required.
        :raises WrongTenant: while the last answer was for another tenant.
        :raises TenantUnavailable: while there was never an answer, when one is required.
        """
        if self._expected is None:
            return
        if must_be_known or self._found is None or not self._asking.locked():
            await self._ask(must_be_known=must_be_known)
        if must_be_known and self._found is None:
            raise unavailable(TenantCode.HOME_NOT_KNOWN)
        if self._found not in (None, self._expected):
            raise WrongTenant(self._found, self._expected)

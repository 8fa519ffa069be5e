"""Block writes while Graph answers for a tenant other than the configured one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from workflows.core.settings.model import TenantId
from workflows.entra.answers.answers import unavailable
from workflows.intervals import HOME_TENANT_ASKED_AGAIN_AFTER, HOME_TENANT_CHECKED_EVERY
from workflows.ports.tenant import TenantRefused, TenantUnavailable, WrongTenant
from workflows.ports.tenant_problems import TenantCode

_TRUSTED_SECONDS: Final = HOME_TENANT_CHECKED_EVERY.total_seconds()
_ASKED_AGAIN_SECONDS: Final = HOME_TENANT_ASKED_AGAIN_AFTER.total_seconds()


class OwnTenantGuard:
    """Checks which tenant Graph answers for. It asks at most every few minutes, so that a write seldom waits."""

    def __init__(self, *, read: Callable[[], Awaitable[TenantId]], expected: TenantId | None) -> None:
        self._read = read
        self._expected = expected
        self._found: TenantId | None = None
        self._trusted_until = float("-inf")
        """Set by an answer only."""
        self._asked_again_at = float("-inf")
        """Set by a question that failed. What needs no answer does not wait for another question until then."""
        self._asking = asyncio.Lock()

    def note(self, tenant_id: TenantId) -> None:
        """Record the id of the tenant that Graph has just answered for."""
        self._found = tenant_id
        is_expected = tenant_id == self._expected
        self._trusted_until = time.monotonic() + (_TRUSTED_SECONDS if is_expected else _ASKED_AGAIN_SECONDS)

    async def verify(self, *, must_be_known: bool = False) -> None:
        """Check that Graph answers for the configured tenant. Asks Graph, unless it has answered recently.

        Without an answer, the last known answer stays valid, and the next caller that requires one asks again. A
        question that was given up changes nothing.

        :param must_be_known: whether an answer is required.
        :raises WrongTenant: while the last answer was for another tenant.
        :raises TenantUnavailable: while there was never an answer, when one is required.
        """
        if self._expected is None:
            return
        async with self._asking:
            now = time.monotonic()
            if now >= self._trusted_until and (must_be_known or now >= self._asked_again_at):
                try:
                    self.note(await self._read())
                except (TenantUnavailable, TenantRefused):
                    self._asked_again_at = time.monotonic() + _ASKED_AGAIN_SECONDS
        if must_be_known and self._found is None:
            raise unavailable(TenantCode.HOME_NOT_KNOWN)
        if self._found not in (None, self._expected):
            raise WrongTenant(self._found, self._expected)

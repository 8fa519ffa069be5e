"""Read one fact about our tenant: its value, or why it is not known. A failed read raises no error."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_UNLICENSED: Final = ("NonPremium", "LicenseRequired", "LicenseNotFound")
"""Parts of Graph's error codes that mean a missing licence."""

Fact = TypeVar("Fact")


async def read_fact(read: Awaitable[Fact], timeout_seconds: float) -> Fact | UnreadableFact:
    """Wait for a read for at most `timeout_seconds`; return its value, or why there is none."""
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

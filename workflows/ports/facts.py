"""Read one fact about the home tenant: its value, or why it is not known. A failed read never raises."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from workflows.core.checks.facts import Unchecked, Why
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_UNLICENSED: Final = ("NonPremium", "LicenseRequired", "LicenseNotFound")
"""Parts of refusal codes that mean a missing licence."""

Fact = TypeVar("Fact")


async def read_fact(read: Awaitable[Fact], patience: float) -> Fact | Unchecked:
    """Wait for a read, `patience` seconds at most."""
    try:
        async with asyncio.timeout(patience):
            return await read
    except TenantRefused as error:
        return Unchecked(why=why_refused(error))
    except TenantUnavailable as error:
        return Unchecked(why=Why.THROTTLED if error.is_throttled else Why.UNREACHABLE)
    except TimeoutError:
        return Unchecked(why=Why.UNREACHABLE)


def why_refused(error: TenantRefused) -> Why:
    """Return why Entra refused, in a form for readers."""
    if any(word in error.code for word in _UNLICENSED):
        return Why.NO_LICENCE
    return Why.FORBIDDEN if error.status == 403 else Why.REFUSED

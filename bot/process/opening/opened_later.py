"""Our tenant and its guest accounts before they are opened: Microsoft's packages are imported in a thread, when the bot
is ready already.

They are some 500 modules, a quarter of all imports, and clicks are stored without them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from workflows.core.settings.canonical import JsonObject
from workflows.ports.tenant import ReadsTogether, Tenant, TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import TenantSettings

if TYPE_CHECKING:
    from workflows.ports.guest_accounts import GuestAccounts


class OpenTenant(Tenant, Protocol):
    """A tenant whose connections are open until they are closed."""

    async def warm(self) -> TenantUnavailable | TenantRefused | None:
        """Connect, so that no click waits for it. Returns the problem; None when Entra can be used."""

    async def close(self) -> None:
        """Close every connection."""


class TenantOpenedLater:
    """Opens our tenant in a thread when it is told to. Until then, whatever is asked of `tenant` waits."""

    def __init__(self, open_tenant: Callable[[], OpenTenant]) -> None:
        self._open_tenant = open_tenant
        self._begun = asyncio.Event()
        self._opening = asyncio.create_task(self._open())
        self.tenant = cast(Tenant, _TenantWhenOpen(self._opening))

    def begin(self) -> None:
        """Open it now."""
        self._begun.set()

    async def wait_until_open(self) -> OpenTenant:
        """Wait until it is open.

        :raises SettingsProblems: when the credential cannot be used.
        """
        return await asyncio.shield(self._opening)

    async def close(self) -> None:
        """Close it, if it was opened."""
        if not self._begun.is_set():
            self._opening.cancel()
        (opened,) = await asyncio.gather(self._opening, return_exceptions=True)
        if not isinstance(opened, BaseException):
            await opened.close()

    async def _open(self) -> OpenTenant:
        await self._begun.wait()
        return await asyncio.to_thread(self._open_tenant)


class OpenGuestAccounts(Protocol):
    """The gateway to guest accounts, open until it is closed."""

    async def close(self) -> None:
        """Close every connection."""


class GuestAccountsOpenedLater:
    """Opens the gateway to guest accounts in a thread, at its first use. Most bots never use it."""

    def __init__(self, open_accounts: Callable[[], OpenGuestAccounts], *, is_configured: bool) -> None:
        self._open_accounts = open_accounts
        self._opened: OpenGuestAccounts | None = None
        self._opening = asyncio.Lock()
        self.is_configured = is_configured

    @property
    def accounts(self) -> "GuestAccounts":
        """Return the accounts. Whatever is asked of them opens the gateway first.

        When it cannot be opened, that raises TenantRefused, and the next question tries again.
        """
        return cast("GuestAccounts", self)

    async def close(self) -> None:
        """Close it, if it was opened."""
        async with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    async def _open(self) -> OpenGuestAccounts:
        async with self._opening:
            if self._opened is None:
                self._opened = await asyncio.to_thread(self._open_accounts)
            return self._opened

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*arguments: object, **named: object) -> object:
            return await getattr(await self._open(), name)(*arguments, **named)

        return call


class _TenantWhenOpen:
    """Has every method of the tenant. Each waits until the tenant is open, and then calls the tenant's own."""

    def __init__(self, opening: asyncio.Task[OpenTenant], *, is_settings: bool = False) -> None:
        self._opening = opening
        self._is_settings = is_settings

    @property
    def tenant_settings(self) -> TenantSettings:
        """Return the reader of the tenant's other settings."""
        return cast(TenantSettings, _TenantWhenOpen(self._opening, is_settings=True))

    def together(self) -> ReadsTogether:
        """Return a group of reads; of reads in separate requests while the tenant is not open."""
        is_open = self._opening.done() and not self._opening.cancelled() and self._opening.exception() is None
        return self._opening.result().together() if is_open else ReadsTogether()

    async def partner_pages(self) -> AsyncIterator[Sequence[JsonObject]]:
        """Read the pages of the list of partners, once the tenant is open."""
        tenant = await asyncio.shield(self._opening)
        async for page in tenant.partner_pages():
            yield page

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*arguments: object, **named: object) -> object:
            tenant = await asyncio.shield(self._opening)
            place = tenant.tenant_settings if self._is_settings else tenant
            return await getattr(place, name)(*arguments, **named)

        return call

"""Our tenant and its guest accounts before they are opened: who asks waits, and gets their own answer or error."""

import asyncio
import threading
from typing import Any

import pytest

from bot.process.opening.opened_later import GuestAccountsOpenedLater, TenantOpenedLater
from bot.process.opening.readers import SystemClock, open_guest_accounts
from bot.process.settings import SettingsProblems
from bot.process.settings import TenantSettings as Environment
from bot.words.requests.notes import refusal_words
from workflows.core.people import PersonId
from workflows.ports.tenant import ReadsTogether, Tenant, TenantRefused
from workflows.ports.tenant_settings import TenantSettings


class Opened:
    """A tenant that notes what it is asked."""

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.is_closed = False
        self.asked: list[tuple[Any, ...]] = []
        self.tenant_settings = self

    def __getattr__(self, name: str) -> Any:
        async def method(*arguments: object, **named: object) -> str:
            self.asked.append((name, arguments, named))
            return name

        return method

    async def close(self) -> None:
        """Close it."""
        self.is_closed = True


async def test_a_question_waits_until_the_tenant_is_open() -> None:
    later = TenantOpenedLater(Opened)
    asked = asyncio.ensure_future(later.tenant.find("contoso.com", fresh=True))
    named = asyncio.ensure_future(later.tenant.tenant_settings.verified_domains())
    await asyncio.sleep(0.01)
    assert not asked.done()
    later.begin()
    assert [await asked, await named] == ["find", "verified_domains"]
    opened: Any = await later.wait_until_open()
    assert opened.asked == [("find", ("contoso.com",), {"fresh": True}), ("verified_domains", (), {})]
    assert opened.thread is not threading.current_thread()
    await later.close()
    assert opened.is_closed


async def test_one_who_no_longer_waits_does_not_keep_others_from_it() -> None:
    later = TenantOpenedLater(Opened)
    impatient = asyncio.ensure_future(later.tenant.home())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    later.begin()
    assert await later.tenant.home() == "home"
    await later.close()


async def test_a_credential_that_cannot_be_used_is_told_to_everybody() -> None:
    def refuse() -> Any:
        raise SettingsProblems(("AZURE_…: no",))

    later = TenantOpenedLater(refuse)
    later.begin()
    for waiting in (later.wait_until_open(), later.tenant.home()):
        with pytest.raises(SettingsProblems):
            await waiting
    await later.close()


async def test_a_start_that_ends_before_opens_nothing() -> None:
    def never() -> Any:
        raise AssertionError("it was opened")

    await TenantOpenedLater(never).close()


@pytest.mark.parametrize("port", [Tenant, TenantSettings])
def test_every_method_of_the_ports_can_be_waited_for(port: type) -> None:
    """A method that is no coroutine would answer with one."""
    others = {
        name
        for name, member in vars(port).items()
        if not name.startswith("_") and not asyncio.iscoroutinefunction(member)
    }
    assert others <= {"tenant_settings", "together", "partner_pages"}, "these have an answer of their own"


async def test_reads_together_are_the_tenant_s_own_once_it_is_open() -> None:
    group = ReadsTogether()

    class WithReads(Opened):
        def together(self) -> ReadsTogether:
            return group

    later = TenantOpenedLater(WithReads)
    async with later.tenant.together() as reads:
        home = reads.start(later.tenant.home())
        later.begin()
        assert await home == "home"
    assert reads is not group
    assert later.tenant.together() is group
    await later.close()


async def test_guest_accounts_are_opened_once_at_their_first_use() -> None:
    opened: list[Opened] = []

    def open_accounts() -> Opened:
        opened.append(Opened())
        return opened[-1]

    later = GuestAccountsOpenedLater(open_accounts, is_configured=True)
    accounts = later.accounts
    assert accounts.is_configured
    assert opened == []
    uses: list[Any] = [accounts.read([PersonId("a")]), accounts.set_enabled([PersonId("a")], is_enabled=False)]
    assert list(await asyncio.gather(*uses)) == ["read", "set_enabled"]
    (one,) = opened
    assert one.asked == [("read", (["a"],), {}), ("set_enabled", (["a"],), {"is_enabled": False})]
    assert one.thread is not threading.current_thread()
    await later.close()
    assert one.is_closed


async def test_guest_accounts_that_nobody_uses_are_never_opened() -> None:
    await GuestAccountsOpenedLater(lambda: pytest.fail("opened"), is_configured=False).close()


async def test_without_an_application_for_them_every_use_is_refused() -> None:
    settings = Environment.model_construct(guests_azure_client_id=None)
    later = GuestAccountsOpenedLater(lambda: open_guest_accounts(settings, SystemClock()), is_configured=False)
    accounts = later.accounts
    assert not accounts.is_configured
    for use in (accounts.roles(), accounts.read([]), accounts.set_enabled([], is_enabled=True)):
        with pytest.raises(TenantRefused) as refused:
            await use
        assert "GUESTS_AZURE_CLIENT_ID is not set" in refusal_words(refused.value)
    await later.close()

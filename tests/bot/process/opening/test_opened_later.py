"""Our tenant before it is opened: who asks waits, and gets the tenant's own answer or error."""

import asyncio
import threading
from typing import Any

import pytest

from bot.process.opening.opened_later import TenantOpenedLater
from bot.process.settings import SettingsProblems
from workflows.ports.tenant import ReadsTogether, Tenant
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

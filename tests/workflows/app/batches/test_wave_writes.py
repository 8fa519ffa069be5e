"""Writes of a wave wait for each other, are checked once more, and are sent together or not at all."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.waiting import LONGEST_WAIT
from tests.workflows.app.batches.many import tenant_number
from tests.workflows.entra.simulated_tenant import adding
from tests.workflows.fakes import Crash
from workflows.app.batches import wave_writes
from workflows.app.batches.wave_writes import WaveWrites
from workflows.core.plans.plan import CallIds, Operation
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantRefused, TenantUnavailable, WriteResult

REFUSED = TenantRefused(400, "Request_BadRequest", "no")
PARTNERS = [tenant_number(number) for number in range(1, 26)]


class Recording:
    """A tenant that records what is sent together."""

    def __init__(self, *errors: BaseException) -> None:
        self.sent: list[list[TenantId]] = []
        self.errors = list(errors)
        self.refuses: set[TenantId] = set()

    async def write_together(self, operations: Sequence[Operation]) -> Sequence[WriteResult]:
        """Accept everything but what is to be refused."""
        named = [TenantId(str(one.body["tenantId"])) for one in operations]
        self.sent.append(named)
        if self.errors:
            raise self.errors.pop()
        return [REFUSED if one in self.refuses else CallIds(request_id=one) for one in named]


async def passes() -> None:
    """The last check of a write that may be sent."""


def waves(tenant: Recording, partners: Sequence[TenantId]) -> WaveWrites:
    """The writes of a wave."""
    return WaveWrites(tenant, partners)  # type: ignore[arg-type]  # a wave needs no more of a tenant


async def write(writes: WaveWrites, partner: TenantId) -> CallIds:
    """Write one partner."""
    return await asyncio.wait_for(writes.write(partner, adding(partner), passes, passes), LONGEST_WAIT)


async def test_they_go_out_when_the_last_one_is_ready_or_has_ended() -> None:
    tenant = Recording()
    writes = waves(tenant, PARTNERS[:4])
    tasks = [asyncio.create_task(write(writes, one)) for one in PARTNERS[:3]]
    await asyncio.sleep(2 * wave_writes._COLLECTED_FOR_SECONDS)
    assert tenant.sent == [], "the fourth is still being checked"
    writes.ends(PARTNERS[3])
    assert [ids.request_id for ids in await asyncio.gather(*tasks)] == PARTNERS[:3]
    assert tenant.sent == [PARTNERS[:3]]


async def test_one_that_is_checked_for_long_holds_the_others_up_for_a_limited_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wave_writes, "_HELD_FOR_SECONDS", 0.05)
    tenant = Recording()
    writes = waves(tenant, PARTNERS[:3])
    await asyncio.gather(*(write(writes, one) for one in PARTNERS[:2]))
    await write(writes, PARTNERS[2])
    assert tenant.sent == [PARTNERS[:2], PARTNERS[2:3]]


async def test_twenty_are_sent_at_once_and_the_others_after_them() -> None:
    tenant = Recording()
    writes = waves(tenant, PARTNERS)
    await asyncio.gather(*(write(writes, one) for one in PARTNERS))
    assert tenant.sent == [PARTNERS[:20], PARTNERS[20:]]


async def test_the_second_operations_of_plans_go_out_together_too() -> None:
    tenant = Recording()
    writes = waves(tenant, PARTNERS[:5])

    async def both(partner: TenantId) -> None:
        await write(writes, partner)
        await write(writes, partner)

    await asyncio.gather(*map(both, PARTNERS[:5]))
    assert tenant.sent == [PARTNERS[:5]] * 2


async def test_each_gets_its_own_result() -> None:
    tenant = Recording()
    tenant.refuses = {PARTNERS[1]}
    writes = waves(tenant, PARTNERS[:3])
    results = await asyncio.gather(*(write(writes, one) for one in PARTNERS[:3]), return_exceptions=True)
    assert [type(one) for one in results] == [CallIds, TenantRefused, CallIds]


async def test_what_fails_its_last_check_is_not_sent_and_holds_no_other_up() -> None:
    tenant = Recording()
    writes = waves(tenant, PARTNERS[:2])

    async def fails() -> None:
        raise TenantUnavailable("frozen")

    frozen = asyncio.create_task(writes.write(PARTNERS[0], adding(PARTNERS[0]), fails, passes))
    await write(writes, PARTNERS[1])
    with pytest.raises(TenantUnavailable, match="frozen"):
        await frozen
    assert tenant.sent == [PARTNERS[1:2]]


async def test_when_all_fail_nothing_is_sent() -> None:
    tenant = Recording()
    writes = waves(tenant, PARTNERS[:1])

    async def fails() -> None:
        raise TenantUnavailable("frozen")

    with pytest.raises(TenantUnavailable, match="frozen"):
        await writes.write(PARTNERS[0], adding(PARTNERS[0]), fails, passes)
    assert tenant.sent == []


async def test_who_stops_waiting_has_sent_nothing() -> None:
    tenant = Recording()
    writes = waves(tenant, PARTNERS[:3])
    given_up = asyncio.create_task(writes.write(PARTNERS[0], adding(PARTNERS[0]), passes, passes))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await asyncio.gather(*(write(writes, one) for one in PARTNERS[1:3]))
    assert tenant.sent == [PARTNERS[1:3]]


async def test_nobody_waits_for_ever_when_sending_ends_unexpectedly() -> None:
    writes = waves(Recording(Crash()), PARTNERS[:2])
    results = await asyncio.gather(*(write(writes, one) for one in PARTNERS[:2]), return_exceptions=True)
    assert [type(one) for one in results] == [Crash, Crash]

"""Many requests are open, their cards wait to be shown, and one more is approved: that one does not wait.

Printed are effects a second, how long acknowledgements take, and how long the approved change waits (`pytest -s`).
Asserted is only what does not depend on the machine: the order of what is done.
"""

import asyncio
import os
import statistics
import time
from dataclasses import replace
from typing import Final

import pytest

from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click
from tests.bot.conftest import bare_environment, gatehouse, kept_world, pauses, settings, world
from workflows.core.people import ChatId
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

__all__ = ["bare_environment", "gatehouse", "kept_world", "pauses", "settings", "world"]

pytestmark = pytest.mark.load

COUNT: Final = int(os.environ.get("BENCH_REQUESTS", "90"))
"""Set BENCH_REQUESTS for more."""
CLICKS: Final = 20


def waiting(number: int, pattern: AccessRequest) -> AccessRequest:
    """One of many requests that wait for the first stage."""
    tenant_id = TenantId(f"00000000-0000-4000-8000-{number:012x}")
    request_id = RequestId(
        "R-" + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(number >> 5 * i) & 31] for i in range(10))
    )
    prepared = replace(pattern.require_prepared(), plan=replace(pattern.plan, tenant_id=tenant_id))
    return replace(pattern, id=request_id, version=1, prepared=prepared, decisions=())


def entry(gatehouse: BotUnderTest, key: str) -> AuditEntry:
    """One line of the audit log."""
    now = gatehouse.world.clock.now()
    return AuditEntry(key=f"bench-{key}", at=now, actor="bench", command="bench", outcome="accepted", details={})


async def pending(gatehouse: BotUnderTest) -> int:
    """Count what is left to do."""
    return (await gatehouse.store.count_pending(gatehouse.world.clock.now()))[0]


async def all_done(gatehouse: BotUnderTest) -> None:
    """Wait until nothing is left to do, however long."""
    while not await gatehouse.world.status.idle(10.0):
        pass


async def test_an_approved_change_does_not_wait_behind_the_cards_of_many_requests(
    gatehouse: BotUnderTest,
) -> None:
    for handle in ("approver1", "approver2", "approver3", "admin", "requester"):
        await gatehouse.store.save_home(ChatId(SLACK_IDS[handle]))
    urgent = await gatehouse.file_request()
    value = f"{urgent.id}:{urgent.plan.digest}"
    for handle in ("approver1", "approver2"):
        await gatehouse.interact(click(handle, "approve", value))
        await gatehouse.idle()
    others = [waiting(number, urgent) for number in range(COUNT)]
    for other in others:
        assert await gatehouse.store.commit(Commit(entry=entry(gatehouse, other.id), request=other))
    cards = tuple(ShowRequest(request_id=other.id) for other in others)
    assert await gatehouse.store.commit(Commit(entry=entry(gatehouse, "cards"), effects=cards))
    began = time.monotonic()
    acks = []

    async def press(what: str) -> None:
        at = time.monotonic()
        assert (await gatehouse.interact(click("approver3", "approve", what))).status == 200
        acks.append(time.monotonic() - at)

    async def applied() -> tuple[float, int]:
        """Wait until the change is applied: after how long, and how much was left to do then."""
        while True:
            now = await gatehouse.store.request(urgent.id)
            assert now is not None
            if now.state is RequestState.APPLIED:
                return time.monotonic() - began, (await pending(gatehouse))
            await asyncio.sleep(0.05)

    await press(value)
    checks = asyncio.create_task(applied())
    for other in others[:CLICKS]:
        await press(f"{other.id}:{'0' * 64}")
        await asyncio.sleep(0.1)
    async with asyncio.timeout(400):
        waited, left = await checks
        await all_done(gatehouse)
    took = time.monotonic() - began
    methods = [entry["path"].rpartition("/")[2] for entry in gatehouse.world.slack_log.entries]
    publishes = methods.count("views.publish")
    print(
        f"\n{COUNT} open requests: applied after {waited:.2f} s, {left} effects left then; "
        f"acks p50 {statistics.median(acks) * 1000:.0f} ms, worst {max(acks) * 1000:.0f} ms; "
        f"{COUNT} cards in {took:.1f} s, {COUNT / took:.1f} a second; views.publish {publishes}"
    )
    assert left > 0, "the change is applied while cards still wait"
    assert publishes <= 5 * (3 + took / 2), "five Homes are open, and each is published every two seconds at most"

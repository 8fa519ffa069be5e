"""Many requests are open, their cards wait to be shown, and one more is approved: that one does not wait.

Printed are effects a second, how long acknowledgements take, and how long the approved change waits (`pytest -s`).
Asserted is only what does not depend on the machine: the order of what is done.
"""

import asyncio
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click
from tests.bot.conftest import bare_environment, gatehouse, settings, world
from workflows.core.effects import ShowRequest
from workflows.core.partner import TenantId
from workflows.core.people import ChatId
from workflows.core.request import AccessRequest, RequestId, RequestState
from workflows.ports import AuditEntry, Commit

__all__ = ["bare_environment", "gatehouse", "settings", "world"]

COUNT: Final = int(os.environ.get("BENCH_REQUESTS", "60"))
"""Set BENCH_REQUESTS for more."""
CLICKS: Final = 20


def waiting(number: int, pattern: AccessRequest) -> AccessRequest:
    """One of many requests that wait for the first stage."""
    tenant_id = TenantId(f"00000000-0000-4000-8000-{number:012x}")
    request_id = RequestId(
        "R-" + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(number >> 5 * i) & 31] for i in range(10))
    )
    prepared = replace(pattern.known, plan=replace(pattern.known.plan, tenant_id=tenant_id))
    return replace(pattern, id=request_id, version=1, prepared=prepared, decisions=())


async def test_an_approved_change_does_not_wait_behind_the_cards_of_many_requests(
    gatehouse: BotUnderTest, tmp_path: Path
) -> None:
    for handle in ("approver1", "approver2", "approver3", "admin", "requester"):
        await gatehouse.store.save_home(ChatId(SLACK_IDS[handle]))
    urgent = await gatehouse.file_request()
    value = f"{urgent.id}:{urgent.known.plan.digest}"
    for handle in ("approver1", "approver2"):
        await gatehouse.interact(click(handle, "approve", value))
        await gatehouse.idle()
    pattern = urgent
    for number in range(COUNT):
        request = waiting(number, pattern)
        entry = AuditEntry(
            key=f"bench-{number}",
            at=gatehouse.world.clock.now(),
            actor="bench",
            command="submit",
            outcome="accepted",
            details={},
        )
        assert await gatehouse.store.commit(
            Commit(entry=entry, request=request, effects=(ShowRequest(request_id=request.id),))
        )
    began = time.monotonic()
    acks = []

    async def press(handle: str, what: str) -> None:
        at = time.monotonic()
        assert (await gatehouse.interact(click(handle, "approve", what))).status == 200
        acks.append(time.monotonic() - at)

    await asyncio.sleep(1)
    clicked = time.monotonic()
    await press("approver3", value)
    applied = None

    async def watch() -> float:
        while True:
            now = await gatehouse.store.request(urgent.id)
            assert now is not None
            if now.state is RequestState.APPLIED:
                return time.monotonic() - clicked
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    for number in range(CLICKS):
        await press("approver3", f"{waiting(number, pattern).id}:{'0' * 64}")
        await asyncio.sleep(0.1)
    applied = await asyncio.wait_for(watching, 400)
    left_then = await gatehouse.store.count_pending(gatehouse.world.clock.now())
    while (await gatehouse.store.count_pending(gatehouse.world.clock.now()))[0]:
        await asyncio.sleep(0.2)
        if time.monotonic() - began > 400:
            break
    took = time.monotonic() - began
    left = await gatehouse.store.count_pending(gatehouse.world.clock.now())
    methods = [entry["path"].rpartition("/")[2] for entry in gatehouse.world.slack_log.entries]
    assert left_then[0] > COUNT // 4, "the change is applied while most cards still wait"
    publishes = methods.count("views.publish")
    assert publishes <= 5 * (2 + took / 2), "five Homes are open, and each is published every two seconds at most"
    print(
        f"\n{COUNT} open requests: applied after {applied:.2f} s; "
        f"acks p50 {statistics.median(acks) * 1000:.0f} ms, worst {max(acks) * 1000:.0f} ms; "
        f"{COUNT - left[0]} cards in {took:.1f} s, {(COUNT - left[0]) / took:.1f} a second; "
        f"views.publish {publishes}; pending when applied {left_then}, at the end {left}"
    )

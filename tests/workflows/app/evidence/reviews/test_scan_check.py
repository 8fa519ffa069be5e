"""When a scan runs: only when a review needs it or somebody asks, twice a day, one at a time; old results go."""

from collections.abc import Coroutine
from typing import Any

import pytest

from tests.workflows.app.evidence.reviews.test_scan import DAY, FORBIDDEN, THROTTLED, scanner
from tests.workflows.core.builders import NOW, partnership
from tests.workflows.store.test_contract import put
from tests.workflows.world import World
from workflows.app.evidence.reviews.scan_check import UsageCheck
from workflows.app.evidence.wanted_scan import want_scan
from workflows.core.partners.partnership import PartnershipState
from workflows.core.settings.model import TenantId


@pytest.fixture
def started() -> list[Coroutine[Any, Any, None]]:
    """The work that the check started in the background."""
    return []


@pytest.fixture
def check(world: World, started: list[Coroutine[Any, Any, None]]) -> UsageCheck:
    """The check over a world; its work waits until a test runs it."""
    return UsageCheck(store=world.store, scanner=scanner(world), clock=world.clock, start=started.append)


async def run(check: UsageCheck, started: list[Coroutine[Any, Any, None]]) -> int:
    """One tick, and the work that it started; returns how much that was."""
    await check.check()
    count = len(started)
    while started:
        await started.pop()
    return count


async def test_a_thousand_reviews_at_once_are_one_scan(
    world: World, check: UsageCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    for number in range(30):  # as many as a test has time for: the number of calls does not depend on them
        identity = partnership().identity.without_names(TenantId(f"99999999-0000-4000-8000-{number:012}"))
        await put(world.store, partnership(version=1, identity=identity, next_review_at=NOW))
    assert await run(check, started) == 1
    around = [call for call in world.script.calls if call.startswith("surroundings.")]
    assert around == [
        "surroundings.read_foreign_sign_ins",
        "surroundings.has_sign_ins",
        "surroundings.read_guests_active",
    ]


async def test_no_scan_without_a_review_that_is_open_or_due_within_a_day(
    world: World, check: UsageCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    revoked = partnership().identity.without_names(TenantId("99999999-0000-4000-8000-000000000001"))
    await put(
        world.store, partnership(version=1), partnership(version=1, state=PartnershipState.REVOKED, identity=revoked)
    )
    assert await run(check, started) == 0
    world.clock.advance(days=28, hours=23)
    assert await run(check, started) == 0
    world.clock.advance(hours=2)
    assert await run(check, started) == 1
    world.clock.advance(hours=11)
    assert await run(check, started) == 0
    world.clock.advance(hours=1)
    assert await run(check, started) == 1


async def test_an_open_review_keeps_its_evidence_fresh(
    world: World, check: UsageCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    await put(world.store, partnership(version=1, state=PartnershipState.REVIEW_DUE, next_review_at=NOW + 9 * DAY))
    assert await run(check, started) == 1


async def test_somebody_may_ask_for_a_scan(
    world: World, check: UsageCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    assert await run(check, started) == 0
    await want_scan(world.store, world.clock.now())
    world.clock.advance(minutes=9)
    assert await run(check, started) == 0, "it is looked at every ten minutes"
    world.clock.advance(minutes=1)
    assert await run(check, started) == 1
    world.clock.advance(days=2)
    assert await run(check, started) == 0
    await want_scan(world.store, world.clock.now())
    world.clock.advance(minutes=10)
    assert await run(check, started) == 1


async def test_one_scan_at_a_time_and_what_may_pass_is_tried_again_soon(
    world: World, check: UsageCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    await put(world.store, partnership(version=1, next_review_at=NOW))
    await check.check()
    world.clock.advance(hours=13)
    await check.check()
    assert len(started) == 1
    world.script.fail("surroundings.read_foreign_sign_ins", THROTTLED)
    await started.pop()
    world.clock.advance(minutes=29)
    assert await run(check, started) == 0
    world.clock.advance(minutes=11)
    world.script.fail("surroundings.read_foreign_sign_ins", FORBIDDEN)
    assert await run(check, started) == 1
    world.clock.advance(minutes=40)
    assert await run(check, started) == 0, "a missing permission does not pass soon"
    world.clock.advance(hours=12)
    world.script.fail("surroundings.read_foreign_sign_ins", RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        await run(check, started)
    world.clock.advance(minutes=40)
    assert await run(check, started) == 1, "after an error of ours too"


async def test_what_was_found_is_forgotten_after_a_week(
    world: World, check: UsageCheck, started: list[Coroutine[Any, Any, None]]
) -> None:
    await want_scan(world.store, world.clock.now())
    assert await run(check, started) == 1
    world.clock.advance(days=6)
    assert await run(check, started) == 0
    assert await world.store.usage_scan() is not None
    world.clock.advance(days=1)
    assert await run(check, started) == 0
    assert await world.store.usage_scan() is None

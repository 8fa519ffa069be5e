"""Tasks that are ended have ended."""

import asyncio

import pytest

from workflows import tasks
from workflows.tasks import end_tasks


async def loses(count: int) -> None:
    """Go on until cancelled more often than so."""
    lost = 0
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            lost += 1
            if lost > count:
                raise


async def fails() -> None:
    """Fail when cancelled."""
    try:
        await asyncio.sleep(60)
    finally:
        raise ValueError("at its end")


@pytest.fixture(autouse=True)
def _again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_CANCELLED_AGAIN_AFTER", 0.01)


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_a_task_that_loses_cancellations_ends(count: int) -> None:
    task = asyncio.create_task(loses(count))
    await asyncio.sleep(0)
    await end_tasks([task])
    assert task.cancelled()


async def test_one_that_fails_one_that_was_over_and_one_that_never_began_have_ended_without_an_error() -> None:
    over = asyncio.create_task(asyncio.sleep(0))
    failing = asyncio.create_task(fails())
    await asyncio.sleep(0.001)
    unbegun = asyncio.create_task(asyncio.sleep(60))
    await end_tasks([over, failing, unbegun])
    assert (over.cancelled(), failing.cancelled(), unbegun.cancelled()) == (False, False, True)
    assert isinstance(failing.exception(), ValueError)


async def test_nothing_is_ended_at_once() -> None:
    await end_tasks([])

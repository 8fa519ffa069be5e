"""The thread of a store: it outlives who waits for it, and ends when nobody uses it any more."""

import asyncio
import gc
import threading
from collections.abc import Sequence

import pytest

from tests.waiting import LONGEST_WAIT
from workflows.ports.records import StoreUnusable
from workflows.store.work_thread import Outcome, Work, WorkThread, outcome_of


class Uses:
    """What does the writes of a thread."""

    def together(self, works: Sequence[Work]) -> Sequence[Outcome]:
        """Do them one by one."""
        return [outcome_of(work) for work in works]


def test_it_works_on_after_the_loop_of_somebody_who_waited_is_closed() -> None:
    uses, go = Uses(), threading.Event()
    thread = WorkThread(uses.together, name="test")

    async def give_up() -> None:
        waiting = asyncio.create_task(thread.read(lambda: go.wait(LONGEST_WAIT)))
        await asyncio.sleep(0.05)
        waiting.cancel()

    async def go_on() -> int:
        found = await thread.write(lambda: 7)
        await thread.close(lambda: None)
        return found

    asyncio.run(give_up())
    go.set()
    assert asyncio.run(go_on()) == 7


async def test_an_error_reaches_who_asked_and_ends_nothing() -> None:
    uses = Uses()
    thread = WorkThread(uses.together, name="test")

    def fail() -> None:
        raise StopIteration

    for error in (KeyError, ZeroDivisionError):

        def raise_it(error: type[Exception] = error) -> None:
            raise error

        with pytest.raises(error):
            await thread.write(raise_it)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await thread.read(fail)
    assert await thread.read(lambda: 1) == 1
    await thread.close(lambda: None)


async def test_it_ends_when_nobody_uses_it() -> None:
    """A store that was never closed leaves no thread behind."""
    uses = Uses()
    thread = WorkThread(uses.together, name="left behind")
    assert await thread.read(lambda: 1) == 1
    [left] = [one for one in threading.enumerate() if one.name == "left behind"]
    del thread, uses
    gc.collect()
    await asyncio.to_thread(left.join, LONGEST_WAIT)
    assert not left.is_alive()


async def test_a_closed_thread_answers_everybody_with_an_error() -> None:
    uses = Uses()
    thread = WorkThread(uses.together, name="test")
    assert await thread.write(lambda: 1) == 1
    await thread.close(lambda: None)
    async with asyncio.timeout(LONGEST_WAIT):
        for late in (thread.read(lambda: 2), thread.write(lambda: 2), thread.close(lambda: None)):
            with pytest.raises(StoreUnusable, match="closed"):
                await late


async def test_what_comes_during_the_last_work_is_answered() -> None:
    uses, go, did = Uses(), threading.Event(), list[str]()
    thread = WorkThread(uses.together, name="test")
    is_last_running = threading.Event()

    def last() -> None:
        is_last_running.set()
        go.wait(LONGEST_WAIT)

    closing = asyncio.create_task(thread.close(last))
    await asyncio.to_thread(is_last_running.wait, LONGEST_WAIT)
    late = [
        asyncio.create_task(thread.read(lambda: did.append("read"))),
        asyncio.create_task(thread.write(lambda: did.append("write"))),
        asyncio.create_task(thread.close(lambda: did.append("close"))),
    ]
    await asyncio.sleep(0)
    go.set()
    async with asyncio.timeout(LONGEST_WAIT):
        await closing
        answers = await asyncio.gather(*late, return_exceptions=True)
    assert all(isinstance(one, StoreUnusable) for one in answers), answers
    assert not did

"""End tasks of asyncio, also those that lose a cancellation."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_CANCELLED_AGAIN_AFTER: Final = 5.0
"""In seconds. What a task does at its end, such as giving work back, takes less."""


async def end_tasks(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks, and wait until all of them have ended. Their errors are not raised here.

    A task that goes on is cancelled again: a library can lose a cancellation. Before Python 3.12 `asyncio.wait_for`
    returns a result that arrives at the same time (cpython issue 86296), and the task never hears that it should end.
    """
    running = list(tasks)
    while left := [task for task in running if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_CANCELLED_AGAIN_AFTER)
    await asyncio.gather(*running, return_exceptions=True)

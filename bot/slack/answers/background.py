"""Run tasks whose result may be lost, such as a lookup for an open window. Few run at the same time."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog

from workflows.tasks import end_tasks

_MAX_RUNNING: Final = 32
"""The most tasks at the same time. More of them would delay the acknowledgement of clicks, and end no sooner."""
_MAX_WAITING: Final = 100
"""How many tasks may wait before a command is refused."""

_log = structlog.get_logger()


class Background:
    """Runs tasks while the payload is acknowledged: in the order of their start, only a few at a time.

    Use it only for work that may be lost when the process ends.
    """

    def __init__(self, *, max_running: int = _MAX_RUNNING, max_waiting: int = _MAX_WAITING) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(max_running)
        self._most = max_running + max_waiting

    @property
    def running(self) -> int:
        """Return how many tasks are running, or wait for their turn."""
        return len(self._tasks)

    @property
    def is_full(self) -> bool:
        """Return whether so many tasks wait that a person should rather try again later."""
        return len(self._tasks) >= self._most

    def start(self, work: Coroutine[Any, Any, None], *, at_once: bool = False) -> None:
        """Start a task as soon as there is a place; an error is logged. A task is never left out.

        :param at_once: whether it starts without waiting for a place. Used for work that closes access.
        """
        task = asyncio.create_task(work if at_once else self._in_its_turn(work))
        self._tasks.add(task)

        def log_failure(task: asyncio.Task[None]) -> None:
            work.close()  # it was never begun when the task was cancelled before
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.error("background_failed", exc_info=error)

        task.add_done_callback(log_failure)

    async def close(self) -> None:
        """Stop all running tasks."""
        await end_tasks(self._tasks)

    async def _in_its_turn(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._places:
            await work

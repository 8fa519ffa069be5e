"""A bot in a forked process that is sent SIGTERM at chosen turns of its event loop.

A turn of the loop is a moment that a slow machine has too. Nothing of this is in the product.
"""

import asyncio
import faulthandler
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from tests.warm.forks import start_forked
from tests.warm.short_pauses import STORY_PAUSES

LOG: Final = "bot.log"
"""In the folder of the bot: what it said."""
_SAY_WHAT_WAITS: Final = signal.SIGUSR1


class _Turns(asyncio.SelectorEventLoop):
    """An event loop that sends its own process a signal at some of its turns."""

    def __init__(self, turns: Sequence[int]) -> None:
        super().__init__()
        self._count = 0
        self._ends_at = frozenset(turns)

    def _run_once(self) -> None:
        self._count += 1
        if self._count in self._ends_at:
            os.kill(os.getpid(), signal.SIGTERM)
        super()._run_once()  # type: ignore[misc]


class _Policy(asyncio.DefaultEventLoopPolicy):
    """Makes such loops."""

    def __init__(self, turns: Sequence[int]) -> None:
        super().__init__()
        self._turns = turns

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = _Turns(self._turns)
        loop.add_signal_handler(_SAY_WHAT_WAITS, _say_what_waits, loop)
        return loop


def start_bot(
    settings: dict[str, str], folder: Path, turns: Sequence[int] = (), *, is_forced_soon: bool = False
) -> ForkServerProcess:
    """Start a bot. One whose records are in PostgreSQL has one connection, so that what it does waits for it.

    :param turns: at which it is sent SIGTERM, each time.
    :param is_forced_soon: whether it ends by force after a second.
    """
    (folder / LOG).unlink(missing_ok=True)
    return start_forked(_run, settings, folder, tuple(turns), is_forced_soon)


def said_by(folder: Path) -> str:
    """Return what the bot said so far."""
    path = folder / LOG
    return path.read_text(errors="replace") if path.exists() else ""


def kill_and_ask(process: ForkServerProcess, folder: Path) -> str:
    """Have a bot that does not end say what it waits for, and kill it. Return all that it said."""
    if process.pid is not None and process.exitcode is None:
        os.kill(process.pid, _SAY_WHAT_WAITS)
        process.join(2)
        process.kill()
    return said_by(folder)


def _run(settings: dict[str, str], folder: Path, turns: tuple[int, ...], is_forced_soon: bool) -> None:
    from bot.process import app
    from bot.process.child_process import become_bot_process

    if is_forced_soon:
        vars(app)["END_FORCED_AFTER"] = timedelta(seconds=1)
    if settings["DATABASE_URL"].startswith("postgresql:"):
        from workflows.store.postgres.opening import server

        vars(server)["_MAX_CONNECTIONS"] = 1
    asyncio.set_event_loop_policy(_Policy(turns))
    options: dict[str, Any] = {"pauses": STORY_PAUSES}
    become_bot_process(settings, folder, **options)


def _say_what_waits(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.print_stack()
    faulthandler.dump_traceback(sys.stderr)

"""Start the sandbox in a process that is forked from one that has imported everything.

What runs is what `gatehouse sandbox` runs, in a process of its own, and its bot in another one. They share nothing with
those of other stories. Only the seconds of imports are missing.
"""

import asyncio
import atexit
import contextlib
import multiprocessing
import os
import sys
import threading
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "tests.scenarios.everything"])
_started: Final[list[ForkServerProcess]] = []


class WarmProcess:
    """The sandbox's process, with the methods of `asyncio.subprocess.Process` that the stage needs."""

    def __init__(self, data: Path, environment: dict[str, str]) -> None:
        self._said, says = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_play, args=(data, environment, says))
        self._process.start()
        says.close()
        _started.append(self._process)

    @property
    def returncode(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.exitcode

    async def first_line(self) -> str:
        """Wait for what it says first, and listen no longer."""
        return await asyncio.to_thread(self._read_line)

    def _read_line(self) -> str:
        with self._said, open(self._said.fileno(), encoding="utf-8", closefd=False) as output:
            return output.readline()

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self._process.pid is not None and self.returncode is None:
            os.kill(self._process.pid, number)

    async def wait(self) -> int:
        """Wait for its end."""
        await asyncio.to_thread(self._process.join)
        status = self.returncode
        assert status is not None
        _started.remove(self._process)
        return status


@atexit.register
def _end_what_was_left() -> None:
    """A story that failed half-way may leave a sandbox; the end of this process would wait for it for ever."""
    for process in _started:
        process.kill()


def _play(data: Path, environment: dict[str, str], says: Connection) -> None:
    os.dup2(says.fileno(), sys.stdout.fileno())
    says.close()
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
    os.environ.update(environment)
    # The bot is forked from the same process. Without this line, Python would start another one for it.
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from bot.rehearsal import rehearse

    with contextlib.suppress(BrokenPipeError):
        playing = rehearse(port=0, browser=False, data=data, only=None, socket_mode=False, processes=_FORKS)
        sys.exit(asyncio.run(playing))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

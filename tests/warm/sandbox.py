"""The `sandbox` command as a forked process."""

import asyncio
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from tests.stores.bot_processes import BotForks
from tests.waiting import killed_when_it_hangs
from tests.warm.forks import FORKS, redirect_stream, start_forked
from tests.warm.patience import be_patient
from tests.warm.short_pauses import ShortPausesForks


class WarmSandbox:
    """The sandbox's process, with the methods of `asyncio.subprocess.Process` that the stage needs."""

    def __init__(self, data: Path, environment: dict[str, str], *, has_short_pauses: bool) -> None:
        """Start it.

        :param has_short_pauses: whether its bot makes short pauses.
        """
        self._said, says = FORKS.Pipe(duplex=False)
        self._process = start_forked(_run_sandbox_process, data, environment, has_short_pauses, says)
        says.close()

    @property
    def returncode(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.exitcode

    async def first_line(self) -> str:
        """Wait for what it says first, and listen no longer."""
        return await asyncio.to_thread(self._read_line)

    def _read_line(self) -> str:
        with self._said, killed_when_it_hangs(self._process):
            return open(self._said.fileno(), encoding="utf-8", closefd=False).readline()

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self._process.pid is not None and self.returncode is None:
            os.kill(self._process.pid, number)

    async def wait(self) -> int:
        """Wait for its end."""
        with killed_when_it_hangs(self._process):
            await asyncio.to_thread(self._process.join)
        status = self.returncode
        assert status is not None
        return status


def _run_sandbox_process(data: Path, environment: dict[str, str], has_short_pauses: bool, says: Connection) -> None:
    redirect_stream(os.dup(says.fileno()), sys.stdout.fileno())
    says.close()
    redirect_stream(Path(os.devnull), sys.stderr.fileno())
    os.environ.update(environment)
    be_patient()
    from bot.terminal.sandbox_command import run_sandbox

    processes = ShortPausesForks() if has_short_pauses else BotForks()
    sys.exit(
        asyncio.run(run_sandbox(port=0, browser=False, data=data, only=None, socket_mode=False, processes=processes))
    )

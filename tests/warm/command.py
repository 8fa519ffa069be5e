"""Any command as a forked process: what it says, and how it ends."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.waiting import LONGEST_WAIT
from tests.warm.forks import redirect_stream, start_forked
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.intervals import USUAL_PAUSES, Pauses


async def run_command(
    *arguments: str, folder: Path, environment: Mapping[str, str], has_short_pauses: bool = False
) -> tuple[int | None, str, str]:
    """Run `gatehouse …` to its end, with this environment and no other: status, standard output, standard error.

    :param has_short_pauses: whether it makes short pauses; see `tests.warm.short_pauses`.
    """
    return await asyncio.to_thread(_run_in_thread, arguments, folder, dict(environment), has_short_pauses)


def _run_in_thread(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], has_short_pauses: bool
) -> tuple[int | None, str, str]:
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        pauses = SHORT_PAUSES if has_short_pauses else USUAL_PAUSES
        process = start_forked(_run, arguments, folder, environment, pauses, out, err)
        process.join(LONGEST_WAIT)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"gatehouse {' '.join(arguments)} did not end")
        return process.exitcode, out.read_text(), err.read_text()


def _run(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], pauses: Pauses, out: Path, err: Path
) -> None:
    redirect_stream(out, sys.stdout.fileno())
    redirect_stream(err, sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["gatehouse", *arguments]
    from bot.terminal.cli import main

    main(pauses)

"""Any command as a forked process: what it says, and how it ends."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.warm.forks import forked, say_into
from tests.warm.haste import SHORT_PAUSES
from workflows.intervals import USUAL_PAUSES, Pauses

TIMEOUT_SECONDS = 20


async def ended(
    *arguments: str, folder: Path, environment: Mapping[str, str], is_hasty: bool = False
) -> tuple[int | None, str, str]:
    """Run `gatehouse …` to its end, with this environment and no other: status, standard output, standard error.

    :param is_hasty: whether it makes short pauses; see `tests.warm.haste`.
    """
    return await asyncio.to_thread(_ended, arguments, folder, dict(environment), is_hasty)


def _ended(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], is_hasty: bool
) -> tuple[int | None, str, str]:
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        pauses = SHORT_PAUSES if is_hasty else USUAL_PAUSES
        process = forked(_run, arguments, folder, environment, pauses, out, err)
        process.join(TIMEOUT_SECONDS)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"gatehouse {' '.join(arguments)} did not end")
        return process.exitcode, out.read_text(), err.read_text()


def _run(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], pauses: Pauses, out: Path, err: Path
) -> None:
    say_into(out, sys.stdout.fileno())
    say_into(err, sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["gatehouse", *arguments]
    from bot.terminal.cli import main

    main(pauses)

"""Fork processes from one that has imported everything, and leave none behind."""

import atexit
import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from tests.warm.shared_forks import EVERYTHING, use_offered_forks

FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", EVERYTHING])
_started: Final[list[ForkServerProcess]] = []


def start_forked(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """Start a process that calls a function. It does not outlive this one."""
    if not _started:
        use_offered_forks()
    process = FORKS.Process(target=_run_until_parent_ends, args=(target, *arguments))
    process.start()
    _started.append(process)
    return process


def redirect_stream(descriptor: int | Path, stream: int) -> None:
    """Let a standard stream of this process end in a file."""
    if isinstance(descriptor, Path):
        descriptor = os.open(descriptor, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(descriptor, stream)
    os.close(descriptor)


@atexit.register
def _kill_started_processes() -> None:
    """A test that failed half-way may leave a process; the end of this one would wait for it for ever."""
    for process in _started:
        process.kill()


def _run_until_parent_ends(target: Callable[..., None], *arguments: object) -> None:
    # What it starts is forked from the same process. Without this line, Python would start another one for that.
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    target(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

"""The start of a process, and an end for one that does not end by itself.

Imports are without garbage collection, and without the parts of a library that nobody uses. Nothing that is stored
depends on how a process ends, so it need not wait for a thread or a server that hangs.

The new process imports this module first. It needs only the standard library.
"""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

_SWITCH_SECONDS: Final = 0.0005
ENDED_BY_FORCE: Final = 3
"""The exit status of a process that was asked to end and did not."""
_SAYING_SECONDS: Final = 1.0
"""How long it may take to say so: whoever reads the log may hang too."""


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Import without garbage collection, and leave what was imported out of later collections.

    Modules, classes and functions stay until the process ends. Each full collection would look at all of them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def giving_way() -> Iterator[None]:
    """Import in a thread so that the event loop gets the interpreter within half a millisecond, and not after five."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@contextmanager
def without_package(name: str) -> Iterator[None]:
    """Import a library as if an optional package of it were not installed. A package that is imported already stays."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # so Python marks a package that cannot be imported
    try:
        yield
    finally:
        del sys.modules[name]


def end_at_sigterm() -> None:
    """End at SIGTERM as every program does, also as the first process of a container, until the bot handles it.

    The kernel does not pass a signal to the first process that this one does not handle (Linux: "pid_namespaces").
    """
    signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))


class LastResort:
    """Ends this process at a time, whatever its tasks and threads do."""

    def __init__(self, say: Callable[[Sequence[str]], None], what_runs: Callable[[], Sequence[str]]) -> None:
        """Create it. Nothing is ended before `within` is called.

        :param say: called with what still runs, before the process ends.
        """
        self._say = say
        self._what_runs = what_runs
        self._at = float("inf")

    def within(self, seconds: float) -> None:
        """End this process in so many seconds, if it still runs then. An earlier time that was given stays."""
        at = time.monotonic() + seconds
        if at < self._at:
            self._at = at
            timer = threading.Timer(seconds, self._end)
            timer.daemon = True
            timer.start()

    def _end(self) -> None:
        saying = threading.Thread(target=lambda: self._say(self._what_runs()), daemon=True)
        saying.start()
        saying.join(_SAYING_SECONDS)
        os._exit(ENDED_BY_FORCE)

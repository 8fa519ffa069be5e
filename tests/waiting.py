"""How long a test waits for what has to come: so long that no machine is too slow, as waiting costs nothing.

A test asserts order, counts and states, never how long something took. What a thing costs is measured in tests/bench.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

LONGEST_WAIT: Final = 120.0
"""In seconds."""
LONGEST_CALL: Final = 1800.0
"""Seconds of a call to a sandbox, in place of a client's usual five minutes.

Days that pass in steps take minutes on a machine with much other work.
"""


class _Process(Protocol):
    def kill(self) -> None:
        """End it at once."""


@contextmanager
def killed_when_it_hangs(process: _Process, seconds: float = LONGEST_WAIT) -> Iterator[None]:
    """Kill a process that is waited for in the block for longer than so.

    Whoever waits for its end, or for what it says, then goes on, and the assertion about that fails.
    """
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

"""How much is tried, and what one example may cost."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from hypothesis import HealthCheck, settings

from tests.waiting import LONGEST_WAIT

TIMES: Final = int(os.environ.get("GATEHOUSE_FUZZ", "1"))
"""How many times the usual number of examples."""
_MORE_BYTES: Final = 1_000_000_000
"""How much more memory one example may take: every input of these tests has less than a megabyte."""
_PAGE: Final = resource.getpagesize()
_STATM: Final = Path("/proc/self/statm")


def fuzzed(examples: int) -> settings:
    """Return how a test tries random input. A failure prints what reproduces it."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )


@contextmanager
def bounded() -> Iterator[None]:
    """Raise an error in what never ends, or takes memory without an end."""

    def give_up(_: int, __: FrameType | None) -> None:
        raise AssertionError("it does not end")

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, give_up)
    if _STATM.exists():
        resource.setrlimit(resource.RLIMIT_AS, (int(_STATM.read_text().split()[0]) * _PAGE + _MORE_BYTES, hard))
    signal.setitimer(signal.ITIMER_REAL, LONGEST_WAIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGALRM, before)

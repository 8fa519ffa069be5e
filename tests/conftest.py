"""For every test."""

import gc
import os
import shutil
import signal
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from tests.warm.block_checks import remember_checks

_MEMORY: Final = Path("/dev/shm")
_ROOM_NEEDED: Final = 1_000_000_000


def pytest_configure(config: pytest.Config) -> None:
    """Keep the folders of tests in memory where there is room.

    A store waits for the disk at every commit, and the tests make tens of thousands of them.
    """
    is_chosen = config.option.basetemp is not None
    if not is_chosen and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_NEEDED:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Handle Ctrl-C as Python does.

    Where it is not Python's own handler, asyncio leaves it alone. It would set another one for each test and each
    fixture, and Python 3.11 then writes down all that the task holds, for an error that it does not raise.
    """
    signal.default_int_handler(number, frame)


def pytest_collection_finish() -> None:
    """Spare work that no test is about.

    Garbage is looked for no more in what was imported, half a million objects, and seldom in what tests make.
    """
    remember_checks()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_xdist_auto_num_workers() -> int | None:
    """One worker more than there are cores.

    A story waits at times: for what is tried again, and for connections that time out.
    """
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    return (os.cpu_count() or 1) + 1

"""For every test."""

import gc
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import pytest
import pytest_asyncio
from structlog.dev import ConsoleRenderer, plain_traceback

from tests.crash.summary import CrashSummary
from tests.stores import choice
from tests.threats import ThreatSummary, mark_reports
from tests.warm.block_checks import remember_checks
from tests.warm.browser import SHARPNESS, started_browser
from tests.warm.shared_forks import offer_forks
from tests.workers.plugin import ForkedWorkers

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

_MEMORY: Final = Path("/dev/shm")
_ROOM_NEEDED: Final = 1_000_000_000
_CORES: Final = os.cpu_count() or 1
_ENDS_AT: Final = "PYTEST_ENDS_AT"
"""The variable with the time, in seconds since 1970, at which a run is interrupted and reports what failed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer workers that are forked from the process that collected the tests."""
    text = "run the tests in so many processes (or 'auto'), forked after all were collected; needs -n 0"
    choice.add_option(parser)
    parser.addoption("--forked", type=_number_of_workers, metavar="N", default=0, help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Keep the folders of tests in memory where there is room.

    A store waits for the disk at every commit, and the tests make tens of thousands of them.
    """
    is_chosen = config.option.basetemp is not None
    if not is_chosen and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_NEEDED:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
    if not hasattr(config, "workerinput"):  # no test writes into the home folder; workers inherit it
        os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="state-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))
        config.add_cleanup(lambda: shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True))
    choice.choose(config)
    signal.signal(signal.SIGINT, _interrupt)
    if (ends_at := os.environ.get(_ENDS_AT)) and not hasattr(config, "workerinput"):
        _interrupt_at(float(ends_at))
    remember_checks()
    if config.option.forked and not config.option.numprocesses:
        config.pluginmanager.register(ForkedWorkers(config.option.forked))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(CrashSummary())
    if "threats" in config.option.markexpr and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ThreatSummary())
    if getattr(config.option, "dist", "no") != "no" and not hasattr(config, "workerinput"):
        offer_forks()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the threats that a test holds into its report, and mark the stories on PostgreSQL and the whole bots."""
    mark_reports(items)
    for item in items:
        if _has_whole_bot(item):
            item.add_marker("bot")
    choice.mark_stories(items)


def _has_whole_bot(item: pytest.Item) -> bool:
    """Tell whether a test takes a whole bot, or is in a file that starts some with the bot's own `running`."""
    running = getattr(getattr(item, "module", None), "running", None)
    return "gatehouse" in getattr(item, "fixturenames", ()) or getattr(running, "__module__", "") == "bot.process.app"


def _number_of_workers(value: str) -> int:
    """Return a number of workers; three for each core are usual.

    A worker waits for almost half of its time: for a bot, for a lock, for a browser. A forked one costs little.
    """
    return 3 * _CORES if value == "auto" else int(value)


def _interrupt_at(moment: float) -> None:
    timer = threading.Timer(max(0.0, moment - time.time()), os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    timer.start()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Handle Ctrl-C as Python does.

    Where it is not Python's own handler, asyncio leaves it alone. It would set another one for each test and each
    fixture, and Python 3.11 then writes down all that the task holds, for an error that it does not raise.
    """
    signal.default_int_handler(number, frame)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are imported and collected: what is made then stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Spare work that no test is about.

    Garbage is looked for no more in what was imported, half a million objects, and seldom in what tests make. Where no
    test sets the logs up, an error in them is written down without colors and frames around its lines.
    """
    ConsoleRenderer.get_active().exception_formatter = plain_traceback
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_xdist_auto_num_workers() -> int | None:
    """Two workers for each core, unless the environment says otherwise: each imports and collects all tests."""
    return None if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") else 2 * _CORES


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator["Browser"]:
    """One Chromium for all tests in a browser; every page has a context of its own: its cookies, its storage."""
    async with started_browser() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tab(browser: "Browser") -> "Page":
    """One page for all tests that take it by `as_new`."""
    return await browser.new_page(device_scale_factor=SHARPNESS)

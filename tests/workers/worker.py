"""One worker: a process that runs the tests it is told to run, and sends their reports."""

import atexit
import io
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

import pytest
from _pytest.config import create_terminal_writer

WORKER_NAME: Final = "PYTEST_XDIST_WORKER"
"""The environment variable with the worker's name, as pytest-xdist has it."""


@dataclass(frozen=True, slots=True)
class RecordedWarning:
    """A warning, in values that every process knows."""

    text: str
    filename: str
    line: int
    when: str
    nodeid: str
    location: tuple[str, int, str] | None


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What came of one test."""

    __test__ = False

    place: int
    reports: list[dict[str, Any]]
    warnings: list[RecordedWarning]


@dataclass(slots=True, eq=False)
class _Recorder:
    """A plugin that keeps what the test that runs reports."""

    config: pytest.Config
    reports: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[RecordedWarning] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a report."""
        self.reports.append(self.config.hook.pytest_report_to_serializable(config=self.config, report=report))

    def pytest_warning_recorded(
        self, warning_message: Any, when: str, nodeid: str, location: tuple[str, int, str] | None
    ) -> None:
        """Keep a warning."""
        text = f"{warning_message.category.__name__}: {warning_message.message}"
        filename, line = warning_message.filename, warning_message.lineno
        self.warnings.append(RecordedWarning(text, filename, line, when, nodeid, location))

    def taken(self, place: int) -> TestOutcome:
        """Return what was kept, and begin again."""
        outcome = TestOutcome(place, self.reports, self.warnings)
        self.reports, self.warnings = [], []
        return outcome


class _Silent:
    """Takes what plugins write beside their reports, such as the stacks of a test that ran out of time."""

    def __init__(self, config: pytest.Config) -> None:
        self._tw = create_terminal_writer(config, io.StringIO())
        self.stats: dict[str, list[pytest.TestReport]] = {}


def work(session: pytest.Session, number: int, connection: Connection, others: Iterable[Connection]) -> None:
    """Run tests until there are none left. A test is sent before the one that runs has ended, None at the end.

    :param others: connections of the main process; an open copy would hide that the process has ended.
    """
    for other in others:
        other.close()
    recorder = _become_worker(session.config, f"gw{number}")
    try:
        _run_all(session, connection, recorder)
        session.config._ensure_unconfigure()  # raises what nobody could raise before, such as an error in __del__
    except (EOFError, KeyboardInterrupt):
        sys.exit(2)  # the main process has ended, or reports the interruption itself
    finally:
        atexit._run_exitfuncs()  # a forked process runs none by itself


def _become_worker(config: pytest.Config, name: str) -> _Recorder:
    """Have a folder and captured output of its own, and print nothing."""
    os.environ[WORKER_NAME] = name
    plugins = config.pluginmanager
    plugins.unregister(name="terminalreporter")
    plugins.register(_Silent(config), name="terminalreporter")
    capture: Any = plugins.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    folders: Any = config
    folders._tmp_path_factory._basetemp = folders._tmp_path_factory.mktemp(name, numbered=False)
    recorder = _Recorder(config)
    plugins.register(recorder)
    recorder.taken(-1)  # pytest repeats earlier warnings to a new plugin
    return recorder


def _run_all(session: pytest.Session, connection: Connection, recorder: _Recorder) -> None:
    place: int | None = connection.recv()
    while place is not None:
        item, following = session.items[place], connection.recv()
        next_item = None if following is None else session.items[following]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
        connection.send(recorder.taken(place))
        place = following

"""The plugin of the main process: starts workers, tells them what to run, and reports what they send."""

import multiprocessing
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, Final

import pytest

from tests.workers.supply import Supply, units_of
from tests.workers.worker import TestOutcome, work

_FORK: Final = multiprocessing.get_context("fork")
_SENT_AHEAD: Final = 2
"""Tests that a worker has: one runs, and the fixtures that the next one needs are kept."""


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker's process, as the main process sees it."""

    number: int
    process: ForkProcess
    connection: Connection
    sent: deque[int] = field(default_factory=deque)
    """Tests that it was sent and that have not ended."""
    last: int | None = None
    """The test that ended last."""
    is_told_the_end: bool = False


class ForkedWorkers:
    """Replaces pytest's loop over the tests."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._started = 0
        self._workers: list[_Worker] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run every test in one of the workers."""
        if session.testsfailed or session.config.option.collectonly:
            return None  # pytest's own loop stops here, too
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.showfspath = False  # tests of several files run at the same time
        factory: Any = session.config
        factory._tmp_path_factory.getbasetemp()
        supply = Supply(units_of(session.items))
        try:
            for _ in range(min(self._count, len(session.items))):
                self._start(session, supply)
            while self._workers:
                for outcome in self._outcomes(session, supply):
                    self._report(session, outcome)
                    if session.shouldfail:
                        raise session.Failed(session.shouldfail)
                    if session.shouldstop:
                        raise session.Interrupted(session.shouldstop)
        finally:
            for worker in self._workers:
                worker.process.kill()
                worker.process.join()
        return True

    def _start(self, session: pytest.Session, supply: Supply) -> None:
        ours, theirs = _FORK.Pipe()
        others = [ours, *(worker.connection for worker in self._workers)]
        process = _FORK.Process(target=work, args=(session, self._started, theirs, others))
        process.start()
        theirs.close()
        worker = _Worker(self._started, process, ours)
        self._started += 1
        self._workers.append(worker)
        for _ in range(_SENT_AHEAD):
            self._send_next(worker, supply)

    def _send_next(self, worker: _Worker, supply: Supply) -> None:
        if worker.is_told_the_end:
            return
        place = supply.next_for(worker.number)
        worker.is_told_the_end = place is None
        if place is not None:
            worker.sent.append(place)
        with suppress(BrokenPipeError):  # it has ended; the next read of its connection says so
            worker.connection.send(place)

    def _outcomes(self, session: pytest.Session, supply: Supply) -> Iterator[TestOutcome]:
        """Wait until at least one worker says something, or ends."""
        ready = wait([worker.connection for worker in self._workers])
        for worker in [worker for worker in self._workers if worker.connection in ready]:
            outcome = _received(worker.connection)
            if outcome is None:
                yield from self._end(session, supply, worker)
            else:
                worker.last = worker.sent.popleft()
                self._send_next(worker, supply)
                yield outcome

    def _end(self, session: pytest.Session, supply: Supply, worker: _Worker) -> Iterator[TestOutcome]:
        """Say which test a worker was at when it failed, and start another one for what it did not run."""
        self._workers.remove(worker)
        worker.process.join()
        worker.connection.close()
        status = worker.process.exitcode
        if worker.sent:
            place = worker.sent.popleft()
            supply.give_back(worker.number, worker.sent)
            yield _failure(session, place, f"The worker's process ended in this test; status {status}.")
            self._start(session, supply)
        elif status and worker.last is not None:
            yield _failure(session, worker.last, f"The worker's process failed after its last test; status {status}.")

    def _report(self, session: pytest.Session, outcome: TestOutcome) -> None:
        """Report as if the test had run here."""
        config, item = session.config, session.items[outcome.place]
        for one in outcome.warnings:
            warned = warnings.WarningMessage(one.text, Warning, one.filename, one.line)
            values = {"warning_message": warned, "when": one.when, "nodeid": one.nodeid, "location": one.location}
            config.hook.pytest_warning_recorded.call_historic(kwargs=values)
        config.hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for data in outcome.reports:
            report = config.hook.pytest_report_from_serializable(config=config, data=data)
            config.hook.pytest_runtest_logreport(report=report)
        config.hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _received(connection: Connection) -> TestOutcome | None:
    """Return what a worker says; None when it has ended."""
    try:
        outcome: TestOutcome = connection.recv()
    except (EOFError, ConnectionResetError):
        return None
    return outcome


def _failure(session: pytest.Session, place: int, text: str) -> TestOutcome:
    item = session.items[place]
    report = pytest.TestReport(
        nodeid=item.nodeid, location=item.location, keywords={}, outcome="failed", longrepr=text, when="call"
    )
    config = session.config
    return TestOutcome(place, [config.hook.pytest_report_to_serializable(config=config, report=report)], [])

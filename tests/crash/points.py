"""The labelled points of the bot's process, and the one at which it kills itself.

A point is reached before and after each commit, each call of Microsoft Graph, each call of Slack, each effect, and at
each step of receiving a click. Nothing of this is in the product: `labelled` puts it around the ports of a process that
was forked for a test.
"""

import os
import signal
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ARMED: Final = "armed"
"""The file in the log's folder without which nothing is counted: the preparation of a story is not part of it."""


@dataclass(frozen=True, slots=True)
class Point:
    """The k-th time that one process reaches a label."""

    label: str
    number: int = 1
    signal: int = signal.SIGKILL
    """The signal with which the process ends itself there."""

    def __str__(self) -> str:
        return f"{self.label} #{self.number}"


class Points:
    """Records which labels a process reaches, and ends it at one of them as `kill -9` does."""

    def __init__(self, folder: Path, kill_at: Point | None) -> None:
        self._armed = folder / ARMED
        self._log = os.open(folder / "points.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._kill_at = kill_at
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reach(self, label: str) -> None:
        """Record the label, and die when it is the one."""
        with self._lock:
            if not self._armed.exists():
                return
            self._counts[label] += 1
            last = self._kill_at
            is_last = last is not None and (last.label, last.number) == (label, self._counts[label])
            os.write(self._log, f"{'KILLED ' if is_last else ''}{label}\n".encode())
            if last is not None and is_last:
                os.kill(os.getpid(), last.signal)
                if last.signal == signal.SIGKILL:
                    signal.pause()


def reached_in(folder: Path) -> list[Point]:
    """Return the points that were reached, in order."""
    counts: Counter[str] = Counter()
    found = []
    for line in (folder / "points.log").read_text().splitlines():
        label = line.removeprefix("KILLED ")
        counts[label] += 1
        found.append(Point(label, counts[label]))
    return found


def was_killed_in(folder: Path) -> bool:
    """Return whether a process has killed itself."""
    path = folder / "points.log"
    return path.exists() and any(line.startswith("KILLED ") for line in path.read_text().splitlines())

"""Says at the end of a run at how many points the bot was killed, in which stories, and what was lost by it."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

PROPERTY: Final = "crash"
COUNTED: Final = ("lost", "doubled", "silent", "otherwise")


def record(record_property: Callable[[str, object], None], figures: dict[str, Any]) -> None:
    """Put the figures of one story into its test's report, where a run with many processes finds them."""
    record_property(PROPERTY, json.dumps(figures))


class CrashSummary:
    """Writes the figures of all stories together."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write one line for each story, and one for all."""
        reports = [*terminalreporter.stats.get("passed", ()), *terminalreporter.stats.get("failed", ())]
        rows = [
            json.loads(value)
            for report in reports
            if getattr(report, "when", "") == "call"
            for name, value in report.user_properties
            if name == PROPERTY
        ]
        if not rows:
            return
        terminalreporter.section("crashes")
        for row in rows:
            ends = ", ".join(f"{row[name]} {name}" for name in COUNTED)
            said = f"{row['killed']} kills, {row['labels']} labels reached {row['reached']} times, seed {row['seed']}"
            terminalreporter.write_line(f"{row['story']}: {said}; {ends}")
        total = ", ".join(f"{sum(row[name] for row in rows)} {name}" for name in COUNTED)
        killed = sum(row["killed"] for row in rows)
        terminalreporter.write_line(f"{killed} kills in {len(rows)} stories: {total}")

"""Says at the end of a run where the bot was killed and which calls failed, and what was lost by it."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest

KILLS: Final = "kills"
FAILING_CALLS: Final = "failing calls"
_KINDS: Final = {"lost": "acknowledged and lost", "doubled": "twice", "silent": "was not told"}
COUNTED: Final = (*_KINDS, "otherwise")


def counted(failures: Sequence[str]) -> dict[str, int]:
    """Return how many failures there are of each kind; a failure that is of none is counted as otherwise."""
    found = {name: sum(text in one for one in failures) for name, text in _KINDS.items()}
    return {**found, "otherwise": sum(not any(text in one for text in _KINDS.values()) for one in failures)}


def record(record_property: Callable[[str, object], None], figures: dict[str, Any], name: str = KILLS) -> None:
    """Put the figures of one story into its test's report, where a run with many processes finds them."""
    record_property(name, json.dumps(figures))


class CrashSummary:
    """Writes the figures of all stories together."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write one line for each story, and one for all."""
        _write_kills(terminalreporter, _rows(terminalreporter, KILLS))
        _write_failing_calls(terminalreporter, _rows(terminalreporter, FAILING_CALLS))


def _rows(reporter: pytest.TerminalReporter, wanted: str) -> list[dict[str, Any]]:
    reports = [*reporter.stats.get("passed", ()), *reporter.stats.get("failed", ())]
    return [
        json.loads(value)
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == wanted
    ]


def _write_kills(reporter: pytest.TerminalReporter, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    reporter.section("crashes")
    for row in rows:
        said = f"{row['killed']} kills, {row['labels']} labels reached {row['reached']} times, seed {row['seed']}"
        reporter.write_line(f"{row['story']}: {said}; {_ends([row])}")
    reporter.write_line(f"{sum(row['killed'] for row in rows)} kills in {len(rows)} stories: {_ends(rows)}")


def _write_failing_calls(reporter: pytest.TerminalReporter, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    reporter.section("failing calls")
    for row in rows:
        said = f"{row['failed']} calls failed in {row['runs']} runs, {row['operations']} operations"
        said += f", {row['unmade']} not made again" if row["unmade"] else ""
        told = f"{row['refused']} times refused and said, {row['stopped']} stopped and said, seed {row['seed']}"
        reporter.write_line(f"{row['story']}: {said}; {told}; {_ends([row])}")
    total = {name: sum(row[name] for row in rows) for name in ("failed", "runs", "operations")}
    said = f"{total['failed']} calls failed in {total['runs']} runs of {len(rows)} stories"
    reporter.write_line(f"{said}, {total['operations']} operations: {_ends(rows)}")


def _ends(rows: list[dict[str, Any]]) -> str:
    return ", ".join(f"{sum(row[name] for row in rows)} {name}" for name in COUNTED)

"""A log that anybody can write into, by asking again and again, stays small and says what it left out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import structlog

import bot
from bot.process.logs.limits import LineLimit, LogLimit

ROOT: Final = Path(bot.__file__).parents[1]

FLOOD: Final = """
import logging, structlog
from bot.process.logs.logs import configure_logs
configure_logs(str)
log, library = structlog.get_logger(), logging.getLogger("asyncio")
for number in range(5000):
    log.warning("not_signed_by_slack")
    log.info("graph call", number=number)
    try:
        raise OSError(24, "Too many open files")
    except OSError:
        library.exception("socket.accept() out of system resource\\nsocket: <socket %s>", number)
"""


def test_a_flood_of_warnings_writes_a_few_lines_and_work_that_was_done_writes_all() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FLOOD], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    work = [line for line in lines if line["event"] == "graph call"]
    others = [json.dumps(line) for line in lines if line["event"] != "graph call"]
    assert len(work) == 5000
    assert len(others) == 30 + 15
    assert sum(map(len, others)) < 20_000


def test_what_was_left_out_is_counted_once_the_minute_is_over() -> None:
    now = 0.0
    limit = LogLimit(3, lambda: now)
    with structlog.testing.capture_logs() as written:
        assert [limit.allows("rejected connection") for _ in range(10)] == [True] * 3 + [False] * 7
        assert limit.allows("something else")
        now = 59.9
        assert not limit.allows("rejected connection")
        assert written == []
        now = 60.0
        assert limit.allows("something else")
    assert written == [{"event": "lines_left_out", "of": "rejected connection", "lines": 8, "log_level": "warning"}]


def test_kinds_that_nobody_can_foresee_do_not_fill_the_memory() -> None:
    limit = LogLimit(1, lambda: 0.0)
    assert sum(limit.allows(f"kind {number}") for number in range(5000)) <= 501
    assert len(limit._counts) <= 501


def test_a_line_that_is_left_out_is_dropped_and_only_warnings_are() -> None:
    step = LineLimit(LogLimit(1, lambda: 0.0), LogLimit(0, lambda: 0.0))
    assert step(None, "", {"event": "a", "level": "warning"}) == {"event": "a", "level": "warning"}
    with pytest.raises(structlog.DropEvent):
        step(None, "", {"event": "a", "level": "error"})
    with pytest.raises(structlog.DropEvent):
        step(None, "", {"event": "b", "level": "error", "exc_info": True})
    assert step(None, "", {"event": "a", "level": "info"})

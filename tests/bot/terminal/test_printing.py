"""A command whose reader goes away, as `head` does, ends quietly with a status of its own."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Final

import pytest

from bot.terminal.printing import READER_GONE, end_without_reader
from tests.waiting import killed_when_it_hangs

ROOT: Final = Path(__file__).parents[3]
COMMAND: Final = """
import asyncio, sys
from bot.terminal.printing import end_without_reader, terminal_console

async def report():
    try:
        for number in range(100_000):
            print(number)
            terminal_console().print("a line")
    except OSError as error:
        print("No report can be made:", error, file=sys.stderr)

end_without_reader()
asyncio.run(report())
"""


async def test_a_command_ends_quietly_when_nobody_reads_its_output() -> None:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND), stdout=PIPE, stderr=PIPE, cwd=ROOT, limit=100
    )
    assert child.stdout is not None
    assert child.stderr is not None
    with killed_when_it_hangs(child):
        assert await child.stdout.readline() == b"0\n"
        child.stdout._transport.close()  # type: ignore[attr-defined]  # as a reader that ends
        assert await child.stderr.read() == b""
        assert await child.wait() == READER_GONE


async def test_a_reader_that_stays_gets_everything_in_the_same_encoding() -> None:
    command = "import sys; from bot.terminal.printing import end_without_reader; end_without_reader(); print('→ ü')"
    child = await asyncio.create_subprocess_exec(*(sys.executable, "-X", "utf8", "-c", command), stdout=PIPE, cwd=ROOT)
    with killed_when_it_hangs(child):
        out, _ = await child.communicate()
    assert (out.decode(), child.returncode) == ("→ ü\n", 0)


def test_an_output_that_was_replaced_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    end_without_reader()
    assert sys.stdout is before

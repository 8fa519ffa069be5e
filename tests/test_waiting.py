"""No test outside of tests/bench fails because a machine is slow: nothing asserts how long something took."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.sources import modules_naming
from tests.waiting import LONGEST_WAIT, killed_when_it_hangs

TESTS: Final = Path(__file__).parent
CLOCKS: Final = ("monotonic", "perf_counter", "time")
GIVES_UP_BELOW: Final = 1.0
"""A shorter time is that of somebody in the test who does not wait, and not a bound for what the test waits for."""
BY_HAND: Final = ("bench", "release.py", "mutants.py", "workers")
"""What people run by hand, and the processes that run the tests: these end with their parent."""


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Every call of a function or method of one of these names."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Call):
            called = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            if called in names:
                yield one


def short_bounds(tree: ast.AST) -> Iterator[int]:
    """The lines that bound an elapsed time from above, or wait less long than they could."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Compare) and isinstance(one.ops[0], ast.Lt | ast.LtE):
            is_elapsed = isinstance(one.left, ast.BinOp) and isinstance(one.left.op, ast.Sub)
            if is_elapsed and any(calls(one.left, *CLOCKS)):
                yield one.lineno
    for call in calls(tree, "timeout", "wait_for"):
        for bound in (*call.args[-1:], *(keyword.value for keyword in call.keywords if keyword.arg == "timeout")):
            value = bound.value if isinstance(bound, ast.Constant) else None
            if isinstance(value, int | float) and GIVES_UP_BELOW <= value < LONGEST_WAIT:
                yield call.lineno


def test_no_test_bounds_how_long_something_takes() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path, tree in modules_naming(("timeout(", "wait_for(", *(f"{one}(" for one in CLOCKS)), TESTS.rglob("*.py"))
        if not path.is_relative_to(TESTS / "bench")
        for line in short_bounds(tree)
    ]
    assert not found, f"assert order, counts or states, and wait for LONGEST_WAIT of tests/waiting.py: {found}"


def test_what_is_found() -> None:
    text = """
assert time.monotonic() - began < 2
assert loop.time() - began <= 1
assert time.monotonic() - began >= 1
assert time.monotonic() < deadline
async with asyncio.timeout(5): pass
async with asyncio.timeout(0.1): pass
async with asyncio.timeout(LONGEST_WAIT): pass
asyncio.wait_for(done, 20)
asyncio.wait_for(done, timeout=20)
"""
    assert sorted(short_bounds(ast.parse(text))) == [2, 3, 6, 9, 10]


def endless_waits(tree: ast.AST) -> Iterator[int]:
    """The lines that wait for another program, or for a process, as long as it runs."""
    limited = {
        id(inner)
        for block in ast.walk(tree)
        if isinstance(block, ast.With | ast.AsyncWith)
        and any(calls(ast.Tuple([one.context_expr for one in block.items]), "timeout", killed_when_it_hangs.__name__))
        for inner in ast.walk(block)
    }
    for call in calls(tree, "run", "check_output", "check_call"):
        is_program = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "subprocess"
        if is_program and "timeout" not in {keyword.arg for keyword in call.keywords}:
            yield call.lineno
    for call in calls(tree, "join", "communicate", "to_thread"):
        is_endless = [getattr(one, "attr", "") for one in call.args] == ["join"]
        is_parent = getattr(getattr(call.func, "value", None), "id", "") == "parent"  # its child ends with it
        if (is_endless or not (call.args or call.keywords)) and id(call) not in limited and not is_parent:
            yield call.lineno


def test_no_test_waits_for_a_process_for_ever() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path, tree in modules_naming(("subprocess.", "communicate(", "to_thread(", "join("), TESTS.rglob("*.py"))
        if path.relative_to(TESTS).parts[0] not in BY_HAND
        for line in endless_waits(tree)
    ]
    assert not found, f"wait inside of killed_when_it_hangs of tests/waiting.py, or give a timeout: {found}"


def test_which_endless_waits_are_found() -> None:
    text = """
subprocess.run(command)
subprocess.run(command, timeout=LONGEST_WAIT)
process.join()
process.join(LONGEST_WAIT)
await asyncio.to_thread(process.join)
await asyncio.to_thread(process.join, LONGEST_WAIT)
await child.communicate()
with killed_when_it_hangs(child):
    await child.communicate()
async with asyncio.timeout(LONGEST_WAIT):
    await child.communicate()
"".join(lines)
"""
    assert sorted(endless_waits(ast.parse(text))) == [2, 4, 6, 8]


def test_a_process_that_hangs_is_killed_and_one_that_ends_is_not() -> None:
    hangs = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(hangs) as process, killed_when_it_hangs(process, 0.1):
        assert process.wait(LONGEST_WAIT) < 0
    with subprocess.Popen([sys.executable, "-c", ""]) as process, killed_when_it_hangs(process):
        assert process.wait(LONGEST_WAIT) == 0

"""No test outside of tests/bench fails because a machine is slow: nothing asserts how long something took."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.waiting import LONGEST_WAIT

TESTS: Final = Path(__file__).parent
CLOCKS: Final = ("monotonic", "perf_counter", "time")
GIVES_UP_BELOW: Final = 1.0
"""A shorter time is that of somebody in the test who does not wait, and not a bound for what the test waits for."""


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
        for path in sorted(TESTS.rglob("*.py"))
        if not path.is_relative_to(TESTS / "bench")
        for line in short_bounds(ast.parse(path.read_text()))
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

"""Imports at the start of a process: without garbage collection, and without the parts of a library that nobody uses.

The new process imports this module first. It needs only the standard library.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SWITCH_SECONDS: Final = 0.0005


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Import without garbage collection, and leave what was imported out of later collections.

    Modules, classes and functions stay until the process ends. Each full collection would look at all of them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def giving_way() -> Iterator[None]:
    """Import in a thread so that the event loop gets the interpreter within half a millisecond, and not after five."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@contextmanager
def without_package(name: str) -> Iterator[None]:
    """Import a library as if an optional package of it were not installed. A package that is imported already stays."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # so Python marks a package that cannot be imported
    try:
        yield
    finally:
        del sys.modules[name]

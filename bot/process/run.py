"""Run the bot as a process: logs, settings, the event loop, the exit status."""

import asyncio
import ctypes
import os
import sys
from contextlib import suppress
from typing import Final

from bot.process.logs.logs import configure_logs
from bot.process.logs.redactor import Redactor, secrets_of
from bot.process.settings import SettingsProblems, load_settings
from bot.process.start_and_end import without_garbage_collection
from workflows.intervals import USUAL_PAUSES, Pauses

WRONG_SETTINGS: Final = 2
"""The exit status when the bot cannot start with these settings."""
_ARENA_MAX: Final = -8
"""The number of this setting (glibc: "malloc.h", M_ARENA_MAX)."""


def run_bot(pauses: Pauses = USUAL_PAUSES) -> int:
    """Run the bot with the settings of the environment until it is asked to stop. Returns the exit status."""
    use_one_arena()
    redactor = Redactor()
    configure_logs(redactor)
    try:
        settings = load_settings()
        redactor.learn(secrets_of(settings, os.environ))
        # After the settings: a wrong one is reported before slow imports.
        with without_garbage_collection():
            from bot.process.app import run

        asyncio.run(run(settings, pauses, redactor))
    except SettingsProblems as error:
        print_problems(error)
        return WRONG_SETTINGS
    return 0


def use_one_arena() -> None:
    """Let all threads share one arena of memory. Before any thread is started.

    With an arena for each thread, memory that a thread needed once is used by no other one. Here, only one thread
    allocates at a time, because of the interpreter's lock. Other C libraries than glibc do not have this setting.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def print_problems(error: SettingsProblems) -> None:
    """Print every problem of the settings on standard error."""
    print("Gatehouse cannot start:", *(f"- {problem}" for problem in error.problems), sep="\n", file=sys.stderr)

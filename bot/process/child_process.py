"""The bot's process in the sandbox: it runs with given settings in a given folder, and ends with the sandbox.

The boundary between the sandbox's process and the bot's. The new process imports this module first. It needs only the
standard library, so that the bot's own imports begin at once.
"""

import multiprocessing
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.process.start_and_end import without_garbage_collection

if TYPE_CHECKING:
    from workflows.intervals import Pauses

_OURS: Final = ("SLACK_", "AZURE_", "GRAPH_", "GATEHOUSE_", "DATABASE_URL", "PORT", "HOST")


def become_bot_process(settings: dict[str, str], folder: Path, **options: "Pauses") -> None:
    """Run the bot with exactly these settings, as `gatehouse run` would. Does not return.

    :param options: passed to `run_bot`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sandbox, which ends the bot itself
    for name in list(os.environ):
        if name.startswith(_OURS):
            del os.environ[name]
    os.environ.update(settings, NO_PROXY="127.0.0.1,localhost")
    os.chdir(folder)  # so that no .env of the folder where the command was typed is read
    log = os.open(folder / "bot.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with without_garbage_collection():
        from bot.process.run import run_bot

    sys.exit(run_bot(**options))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

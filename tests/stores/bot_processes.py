"""The bot's process of a sandbox, with the database of the sandbox's folder."""

import multiprocessing
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

from tests.stores.bot_database import bot_database


class _WithDatabase(multiprocessing.process.BaseProcess):
    """Its arguments are those of `become_bot_process`: the settings, and the folder."""

    _args: tuple[Any, ...]

    def run(self) -> None:
        """Run the bot."""
        settings, folder = self._args
        name_database(settings, folder)
        super().run()


def name_database(settings: dict[str, str], folder: Path) -> None:
    """Put the settings of the database of a folder among the bot's, just before the bot starts."""
    database = bot_database(folder)
    database.put_new()
    database.before_start()
    settings.update(database.settings)


class ForkedBot(_WithDatabase, ForkServerProcess):
    """A forked one."""


class BotForks(ForkServerContext):
    """Forks such processes."""

    Process = ForkedBot


class SpawnedBot(_WithDatabase, SpawnProcess):
    """A new one."""


class NewBots(SpawnContext):
    """Starts such processes."""

    Process = SpawnedBot

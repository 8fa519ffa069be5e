"""What the start of the bot imports, and what garbage collection sees of it afterwards."""

import gc
import subprocess
import sys

import pytest

from bot.process.run import imports_kept

NOT_NEEDED = (
    "bot.sandbox",
    "bot.terminal.doctor",
    "bot.terminal.sandbox_command",
    "jinja2",
    "markdown_it",
    "msgraph.generated.models",
    "opentelemetry.sdk",
    "rich.markdown",
    "trustme",
    "typer.rich_utils",
)
"""Other commands' modules, and what the packages offer beyond the bot's use of them."""
MODULES = 1_950
"""At most so many modules are imported, Python's own included; 1,833 with Python 3.11."""


def test_the_bot_imports_nothing_of_other_commands() -> None:
    """`gatehouse run` waits for its imports: they stay what it needs."""
    code = "import sys, bot.terminal.cli, bot.process.run, bot.process.app; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = ran.stdout.split()
    assert [name for name in NOT_NEEDED if name in imported] == []
    assert len(imported) <= MODULES


def test_what_was_imported_is_not_collected_again() -> None:
    """No collection runs during the imports; afterwards they run, and skip what was there already."""
    before = gc.get_freeze_count()
    try:
        with imports_kept():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_a_failed_import_leaves_garbage_collection_on() -> None:
    """The process reports the error in the usual way."""
    try:
        with pytest.raises(ImportError), imports_kept():
            raise ImportError("a package is missing")
        assert gc.isenabled()
    finally:
        gc.unfreeze()

"""The command line: `gatehouse …`, also as `python -m bot …`."""

import sys

from bot.process.imports import imports_kept


def main() -> None:
    """Run a command. The bot itself starts without the library of the command line, and so sooner."""
    if sys.argv[1:] == ["run"]:
        with imports_kept():
            from bot.process.run import run_bot
        sys.exit(run_bot())
    with imports_kept():
        from bot.terminal.cli import main as run_command
    run_command()


if __name__ == "__main__":
    main()

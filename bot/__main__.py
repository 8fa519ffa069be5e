"""The command line: `gatehouse …`, also as `python -m bot …`."""

import sys

from bot.process.start_and_end import end_at_sigterm, without_garbage_collection


def main() -> None:
    """Run a command. The bot itself starts without the library of the command line, and so sooner."""
    end_at_sigterm()
    if sys.argv[1:] == ["run"]:
        with without_garbage_collection():
            from bot.process.run import run_bot
        sys.exit(run_bot())
    with without_garbage_collection():
        from bot.terminal.cli import main as run_command
    run_command()


if __name__ == "__main__":
    main()

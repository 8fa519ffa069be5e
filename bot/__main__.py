"""`python -m bot` is the command line."""

from bot.terminal.cli import main

main()

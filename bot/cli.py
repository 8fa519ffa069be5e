"""The command line."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

app = typer.Typer(
    name="gatehouse",
    help="Opens a Microsoft Entra tenant to partner organizations from Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

Port = Annotated[int, typer.Option(help="The port of the page; 0 picks a free one.", min=0, max=65535)]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")]
Data = Annotated[
    Path | None, typer.Option(help="Keep everything in this folder across restarts; a temporary one otherwise.")
]
Only = Annotated[str | None, typer.Option(help="Start one stand-in alone: slack or entra. No bot is started then.")]
SocketMode = Annotated[bool, typer.Option("--socket-mode", help="Reach the bot by Socket Mode instead of HTTP.")]


@app.command()
def sandbox(
    port: Port = 8420,
    browser: Browser = True,
    data: Data = None,
    only: Only = None,
    socket_mode: SocketMode = False,
) -> None:
    """Play everything on this machine: a chat workspace, a tenant, and the bot between them. Nothing to sign up for."""
    from bot.rehearsal import rehearse

    if only not in (None, "slack", "entra"):
        _fail("--only: choose slack or entra")
    _run(rehearse(port=port, browser=browser, data=data, only=only, socket_mode=socket_mode))


@app.command()
def run() -> None:
    """Run the bot with the settings of the environment and of `.env`."""
    from bot.logs import configure_logs
    from bot.settings import SettingsProblems, load_settings

    configure_logs()
    try:
        settings = load_settings()
        from bot.app import run as run_bot

        _run(run_bot(settings))
    except SettingsProblems as error:
        _fail("Gatehouse cannot start:", *(f"- {problem}" for problem in error.problems))


@app.command()
def doctor() -> None:
    """Check the settings, the Slack app, the Graph permissions and the roles; change nothing."""
    from bot.doctor import examine
    from bot.settings import SettingsProblems, load_settings

    try:
        settings = load_settings()
    except SettingsProblems as error:
        _fail("Gatehouse cannot start:", *(f"- {problem}" for problem in error.problems))
    raise typer.Exit(_run(examine(settings, Console())))


def main() -> None:
    """Enter the command line."""
    app()


def _run(work: Any) -> Any:
    return asyncio.run(work)


def _fail(*lines: str) -> NoReturn:
    """Say what is wrong, all of it at once, and end with status 2."""
    for line in lines:
        print(line, file=sys.stderr)
    raise typer.Exit(2)

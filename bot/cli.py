"""The command line."""

import asyncio
from pathlib import Path
from typing import Annotated

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
        raise typer.BadParameter("choose slack or entra", param_hint="--only")
    status = asyncio.run(rehearse(port=port, browser=browser, data=data, only=only, socket_mode=socket_mode))
    raise typer.Exit(status)


@app.command()
def run() -> None:
    """Run the bot with the settings of the environment and of `.env`."""
    from bot.process import run_bot

    raise typer.Exit(run_bot())


@app.command()
def doctor() -> None:
    """Check the settings, the Slack app, the Graph permissions and the roles; change nothing."""
    from bot.doctor import examine
    from bot.process import WRONG_SETTINGS, print_problems
    from bot.settings import SettingsProblems, load_settings

    try:
        settings = load_settings()
    except SettingsProblems as error:
        print_problems(error)
        raise typer.Exit(WRONG_SETTINGS) from None
    raise typer.Exit(asyncio.run(examine(settings, Console())))


def main() -> None:
    """Enter the command line."""
    app()

"""The texts about commands after `/partner`: the help, and the answer to an unknown command."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.slack.blocks.blocks import mrkdwn, paragraph, part, rich
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean, escape

_PARTNER: Final = "<domain or tenant ID>"


@dataclass(frozen=True, slots=True)
class _Usage:
    what: str
    """What the command does, in a few words."""
    argument: str = ""
    """What is typed after the subcommand."""


COMMANDS: Final[Mapping[str, _Usage]] = {
    "request": _Usage("request access for a partner organization", "[domain]"),
    "block": _Usage("ask for a partner to be closed (admins: /partner revoke closes at once)", "[domain]"),
    "list": _Usage("partners that Gatehouse has opened or closed"),
    "show": _Usage("current settings and history of a partner", _PARTNER),
    "checklist": _Usage("what the partner's administrator has to set on its side", _PARTNER),
    "posture": _Usage("what the default and every partner's settings allow, with warnings"),
    "revoke": _Usage("block a partner (admins; the sponsor on a review's card)", _PARTNER),
    "restore": _Usage("request to restore the settings from before a change", _PARTNER),
    "help": _Usage("this list"),
}
"""The subcommands, as the help lists them."""

POSTURE_TAKES_NO_NAME: Final = "/partner posture takes no name and shows all. /partner show shows one."


def needs_partner(subcommand: str) -> bool:
    """Return whether a subcommand needs a partner's domain or tenant ID."""
    return subcommand in COMMANDS and COMMANDS[subcommand].argument == _PARTNER


def help_message() -> Message:
    """List the commands."""
    return message(f"Commands: {_list()}".replace("`", ""), [mrkdwn(_help())])


def unknown_command(text: str) -> Message:
    """Answer an unknown command, or one without its partner, with the known commands."""
    said = clean(text, 100, empty="")
    if needs_partner(said.lower()):
        opening = f"Name the partner: /partner {said.lower()} with its domain or tenant ID."
    else:
        opening = f"“{said}” is not a known command." if said else "Say what you want to do."
    return message(f"{opening} Try /partner help.", [rich(paragraph(part(opening, 200))), mrkdwn(_help())])


def _help() -> str:
    """Return the commands in mrkdwn. Constant words only."""
    return (
        f"*What you can do*\n{escape(_list())}\nOr use the shortcut *Request partner access*, or my Home tab. In the "
        "form, press Enter in the domain field to see which organization it is."
    )


def _list() -> str:
    return "\n".join(
        f"`{' '.join(filter(None, ('/partner', subcommand, usage.argument)))}`  {usage.what}"
        for subcommand, usage in COMMANDS.items()
    )

"""The subcommands of `/partner` with their help, and the answer to an unknown one.

A new subcommand needs a row in `SUBCOMMANDS`, and a `Subcommand` among the entry points of the flow that answers it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.slack import ids
from bot.slack.blocks.blocks import actions, button, cleaned_text, mrkdwn, paragraph, rich_text
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean, escape

_SLACK_ID: Final = re.compile(r"[A-Z][A-Z0-9]{2,39}", re.ASCII)
_PARTNER: Final = "<domain or tenant ID>"
_PARTNER_OR_DRAFT: Final = "<domain, tenant ID or draft ID>"


@dataclass(frozen=True, slots=True)
class _CommandHelp:
    purpose: str
    """What the command does, in a few words."""
    argument: str = ""
    """What is typed after the subcommand."""


SUBCOMMANDS: Final[Mapping[str, _CommandHelp]] = {
    "request": _CommandHelp("request access for a partner organization", "[domain]"),
    "block": _CommandHelp("ask for a partner to be closed (admins: /partner revoke closes at once)", "[domain]"),
    "list": _CommandHelp("partners that Gatehouse has opened or closed, all or filtered", "[filters]"),
    "show": _CommandHelp("current settings of a partner, its approvals and its history", _PARTNER),
    "audit": _CommandHelp("audit report about a partner, as a private file (admins and auditors)", _PARTNER),
    "checklist": _CommandHelp("what the partner's administrator has to set on its side", _PARTNER),
    "guests": _CommandHelp(
        "guest accounts of a partner's people: list, disable (admins; sponsors see how many)", _PARTNER
    ),
    "sponsor": _CommandHelp("hand over a partner to another sponsor, who must accept", _PARTNER),
    "posture": _CommandHelp("what the default and every partner's settings allow, with warnings"),
    "diagnose": _CommandHelp(
        "why somebody cannot get in (admins and help desk; sponsors: on which side)",
        "<address or domain> [application]",
    ),
    "policy": _CommandHelp("who may request a template, who decides, and what silence leads to", "[template]"),
    "revoke": _CommandHelp("block a partner for good (admins; the sponsor on a review's card)", _PARTNER),
    "suspend": _CommandHelp("block a partner until that is lifted (admins)", _PARTNER),
    "lift": _CommandHelp("ask to lift a suspension, after approval (admins and the sponsor)", _PARTNER),
    "review": _CommandHelp(
        "have many partners reviewed now (admins)", "[--template name | --sponsor name | --risk level | domain]"
    ),
    "restore": _CommandHelp("request to restore the settings from before a change", _PARTNER),
    "adopt": _CommandHelp("make the current settings of a partner the record, after approval", _PARTNER_OR_DRAFT),
    "import": _CommandHelp("ask for many partners from a spreadsheet, with one decision", "[draft ID]"),
    "freeze": _CommandHelp("stop everything that opens access, at once (admins)"),
    "unfreeze": _CommandHelp("end that; two admins must agree"),
    "away": _CommandHelp(
        "say until when you are away, and who is asked in your place (admins also for somebody else)", "[@name]"
    ),
    "home": _CommandHelp("your requests and what waits for you; /partner alone does the same"),
    "help": _CommandHelp("this list"),
}
"""The subcommands, as the help lists them."""

_DIAGNOSE: Final = (
    "Name the person, and the application that they cannot use: "
    "`/partner diagnose maria@contoso.com Contractor portal`. "
    "A domain instead of the address asks about a whole organization. /partner help lists the commands."
)
POSTURE_TAKES_NO_PARTNER: Final = "/partner posture takes no name and shows all. /partner show shows one."


def needs_partner(subcommand: str) -> bool:
    """Return whether a subcommand needs a partner's domain or tenant ID."""
    return subcommand in SUBCOMMANDS and SUBCOMMANDS[subcommand].argument.startswith("<")


def help_message() -> Message:
    """Return the list of commands."""
    return message(f"Commands: {_list()}".replace("`", ""), [mrkdwn(_help())])


def start_message(team_id: str, app_id: str) -> Message:
    """Return a message that leads to the App Home and to the request form.

    The link is Slack's own for an app's Home tab (Slack: "Deep linking into Slack"). Without an app id, or with ids of
    another form, the text says where it is.
    """
    is_known = _SLACK_ID.fullmatch(team_id) and _SLACK_ID.fullmatch(app_id)
    link = (
        f"<slack://app?team={team_id}&amp;id={app_id}&amp;tab=home|Open my Home tab>"
        if is_known
        else "Open my Home tab"
    )
    where = "what waits for you, your requests and your partners"
    new = button("New request", ids.OPEN_REQUEST, "command", "primary")
    text = f"Open my Home tab in Slack: {where}. /partner help lists the commands."
    block = mrkdwn(f"*{link}*: {where}.\n`/partner help` lists the commands.")
    return message(text, [block, actions("start", new)])


def unknown_command(text: str) -> Message:
    """Return the answer to an unknown command, or one without its partner: the known commands."""
    typed = clean(text, 100, empty="")
    if typed.lower() == "diagnose":
        return message(_DIAGNOSE, [mrkdwn(_DIAGNOSE)])
    if needs_partner(typed.lower()):
        wanted = SUBCOMMANDS[typed.lower()].argument.partition(">")[0].strip("<")
        problem = f"Name the partner: /partner {typed.lower()} with its {wanted}."
    else:
        problem = f"“{typed}” is not a known command." if typed else "Say what you want to do."
    return message(f"{problem} Try /partner help.", [rich_text(paragraph(cleaned_text(problem, 200))), mrkdwn(_help())])


def _help() -> str:
    """Return the commands in mrkdwn. Constant words only."""
    return (
        f"*What you can do*\n{escape(_list())}\nOr use the shortcut *Request partner access*, or my Home tab. In the "
        "form, press Enter in the domain field to see which organization it is."
    )


def _list() -> str:
    return "\n".join(
        f"`{' '.join(filter(None, ('/partner', subcommand, usage.argument)))}`  {usage.purpose}"
        for subcommand, usage in SUBCOMMANDS.items()
    )

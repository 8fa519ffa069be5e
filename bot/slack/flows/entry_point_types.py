"""The entry points by which Slack can call a flow.

Each flow returns its own; `inbound.guard` registers them with Bolt.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack.payloads.models import HomeOpened, Interaction, SlashCommand
from workflows.core.requests.commands.clicks import Click

ClickListener = Callable[[AsyncAck, Interaction], Awaitable[None]]
CommandListener = Callable[[AsyncAck, SlashCommand], Awaitable[None]]
EventListener = Callable[[HomeOpened], Awaitable[None]]


@unique
class Card(Enum):
    """The cards of which one copy counts in each place. The values are the first part of the stored copies' names."""

    REQUEST = "request"
    REQUESTER = "requester"
    REVIEW = "review"
    SETUP = "half"
    BATCH = "batch"
    HANDOVER = "handover"
    ACCESS_TEST = "access_test"


@dataclass(frozen=True, slots=True)
class Action:
    """A button, a select, or a field that is sent on Enter."""

    action_id: str | re.Pattern[str]
    listener: ClickListener
    audit_name: str = ""
    """The name in the audit log when it is refused; empty: its own action_id."""
    card: Card | None = None
    """The card that contains it. A click on a copy that no longer counts is refused."""
    is_in_view: bool = False
    """Whether it is only in windows and in the App Home. A click that names neither is refused."""


@dataclass(frozen=True, slots=True)
class CommandButton:
    """A button of a card whose click is stored as a command at once. The right of the person is checked later.

    The transaction that stores the click refuses it on a copy that no longer counts.
    """

    action_id: str
    command_of: Callable[[Interaction], Click]
    """Makes the command from the click alone. It raises Refused when the button's value cannot be read."""
    audit_name: str
    """The name in the audit log when it is refused."""
    card: Card
    then: Callable[[Interaction], None] | None = None
    """Starts what follows the acknowledgement."""


@dataclass(frozen=True, slots=True)
class Options:
    """A select that asks for its options. It is answered with none when that is refused."""

    action_id: str | re.Pattern[str]
    listener: ClickListener
    audit_name: str
    """The name in the audit log when it is refused."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The submission of a window."""

    callback_id: str
    listener: ClickListener
    audit_name: str


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A global shortcut."""

    callback_id: str
    listener: ClickListener
    audit_name: str


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A word after `/partner`; refusals are stored as `/partner <name>`. `partner_commands` has its help."""

    name: str
    listener: CommandListener


@dataclass(frozen=True, slots=True)
class HomeEvent:
    """The event that somebody opened the App Home."""

    event: str
    listener: EventListener


EntryPoint = Action | CommandButton | Options | Submission | Shortcut | Subcommand | HomeEvent

NO_SUBCOMMAND: Final = "home"
"""The name of the command without any word; typed, it means the same."""
UNKNOWN_SUBCOMMAND: Final = ""
"""The name for unknown commands, and for a command without the partner it needs."""

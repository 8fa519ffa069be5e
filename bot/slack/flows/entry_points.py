"""What Slack can call a flow by. Each flow gives its own; `inbound.guard` ties them to Bolt."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack.payloads import HomeOpened, Interaction, Invocation

Clicked = Callable[[AsyncAck, Interaction], Awaitable[None]]
Typed = Callable[[AsyncAck, Invocation], Awaitable[None]]
Happened = Callable[[HomeOpened], Awaitable[None]]


@unique
class Card(Enum):
    """The cards of which one copy counts in each place; the values begin the names of the stored copies."""

    REQUEST = "request"
    REQUESTER = "requester"
    REVIEW = "review"
    SETUP = "half"


@dataclass(frozen=True, slots=True)
class Action:
    """A button, a select or a field that is sent on Enter."""

    action_id: str | re.Pattern[str]
    listener: Clicked
    stored: str = ""
    """What the audit log calls it where it is refused; empty: by its own action_id."""
    card: Card | None = None
    """The card that it stands on; a click on a copy that does not count any more is refused."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A window that is sent."""

    callback_id: str
    listener: Clicked
    stored: str


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A global shortcut."""

    callback_id: str
    listener: Clicked
    stored: str


@dataclass(frozen=True, slots=True)
class Verb:
    """A word after `/partner`; refusals are stored as `/partner <verb>`. `words.commands` says how it is used."""

    verb: str
    listener: Typed


@dataclass(frozen=True, slots=True)
class Opened:
    """The event that somebody opened the App Home."""

    event: str
    listener: Happened


EntryPoint = Action | Submission | Shortcut | Verb | Opened

ANY_OTHER: Final = ""
"""The verb for whatever is no command, or lacks the partner it needs."""

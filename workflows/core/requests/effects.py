"""What is to be done after a transition is stored. Performed at least once; each one is safe to repeat."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Literal, assert_never

from workflows.core.people import ChatId
from workflows.core.requests.alarms import AlarmId
from workflows.core.requests.commands.clicks import Click
from workflows.core.requests.commands.request import Subject
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPermission:
    """Find out who clicked and what they may, then hand the command to the lifecycle."""

    kind: Literal["judge"] = field(default="judge")
    command: Click
    key: str
    """The click's idempotency key: the verdict is recorded once under it."""
    received_at: datetime | None = None
    """When the click was stored: what counts for a deadline. None in what was stored before this was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Resolve people and tenant, read the partner, compute the plan."""

    kind: Literal["prepare"] = field(default="prepare")
    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Check the chain and the tenant once more, write what is missing, read it back."""

    kind: Literal["apply"] = field(default="apply")
    request_id: RequestId
    tenant_id: TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRequest:
    """Bring every copy of the request's card up to date; post those that are missing."""

    kind: Literal["show_request"] = field(default="show_request")
    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReview:
    """Bring every copy of the partnership's review card up to date; remind where it is due."""

    kind: Literal["show_review"] = field(default="show_review")
    tenant_id: TenantId
    remind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSetup:
    """Bring every copy of the card about the partner's half up to date; post it where it is new or a reminder."""

    kind: Literal["show_half"] = field(default="show_half")
    tenant_id: TenantId
    remind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHome:
    """Publish a person's App Home as things stand when it is performed."""

    kind: Literal["show_home"] = field(default="show_home")
    person: ChatId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Send one person a private message about a subject."""

    kind: Literal["tell"] = field(default="tell")
    person: ChatId
    subject: Subject
    text: str
    channel: str = ""
    """Where the person clicked: shown there to this person only. Empty: a direct message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAlarm:
    """Send an alarm to every admin who does not have it yet, or bring what was sent up to date."""

    kind: Literal["show_alarm"] = field(default="show_alarm")
    alarm_id: AlarmId


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleGivenUp:
    """Try a given up effect again, or forget it, as somebody decided."""

    kind: Literal["settle_given_up"] = field(default="settle_given_up")
    effect_id: int
    is_retried: bool
    """False: it is forgotten."""


Effect = (
    CheckPermission
    | Prepare
    | Apply
    | ShowRequest
    | ShowReview
    | ShowSetup
    | ShowHome
    | Tell
    | ShowAlarm
    | SettleGivenUp
)


class Rank(IntEnum):
    """What is performed first where there is more than can be done at once; the values are stored."""

    DECIDE = 0
    """Permission checks and what they lead to: nobody's approval waits behind messages."""
    SHOW = 1
    """Cards, messages and alarms."""
    HOME = 2
    """App Homes, which say again what cards say."""


def rank(effect: Effect) -> Rank:
    """Return which effects go first."""
    match effect:
        case CheckPermission() | Prepare() | Apply() | SettleGivenUp():
            return Rank.DECIDE
        case ShowHome():
            return Rank.HOME
        case _:
            return Rank.SHOW


def lane(effect: Effect) -> str:
    """Name the lane an effect is performed in: one at a time within a lane, lanes side by side.

    Writes to one partner share a lane, and so do the messages of one card: the last state is shown last.
    """
    match effect:
        case CheckPermission():
            return f"judge:{effect.key}"
        case Prepare():
            return f"prepare:{effect.request_id}"
        case Apply():
            return f"tenant:{effect.tenant_id}"
        case ShowRequest():
            return f"card:{effect.request_id}"
        case ShowReview():
            return f"review:{effect.tenant_id}"
        case ShowSetup():
            return f"half:{effect.tenant_id}"
        case ShowHome():
            return f"home:{effect.person}"
        case Tell():
            return f"tell:{effect.person}"
        case ShowAlarm():
            return f"alarm:{effect.alarm_id}"
        case SettleGivenUp():
            return f"given_up:{effect.effect_id}"
        case _:
            assert_never(effect)

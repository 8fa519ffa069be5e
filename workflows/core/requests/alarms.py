"""An alarm: something that an admin must look at. Data only.

It contains facts and no sentences. Each surface makes the words from its code and values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NewType

AlarmId = NewType("AlarmId", str)

ENDED: Final = "ended"
"""The key of the value that says why an alarm ended although nothing was repaired: a code and values, see `EndingCode`.
In alarms of earlier versions a text."""
OPEN_ACCESS: Final = "ways"
"""The key of the value that lists what stays open although the block is confirmed: Graph's names, with commas."""


class AlarmCode(StrEnum):
    """The kind of alarm. The values are stored."""

    EFFECT_GIVEN_UP = "effect_given_up"
    """Stored work is not tried again. Subject: the effect's id."""
    WRITE_NOT_SHOWN = "write_not_shown"
    """Graph accepted a write and does not show it. Subject: the request's id."""
    REVOCATION_WAITS = "revocation_waits"
    """A revocation is not confirmed and still tried; or it is confirmed, and leaves `OPEN_ACCESS`.

    Subject: the request's id.
    """
    ROLE_EMPTY = "role_empty"
    """Nobody has a role that open requests need. Subject: the role."""
    SPONSOR_GONE = "sponsor_gone"
    """A partner's sponsor has no enabled account. Subject: the partner's tenant id."""
    CHANNEL_NOT_PRIVATE = "channel_not_private"
    """Approval cards are not posted, because people outside or everybody could read them. Subject: the channel."""
    CARD_NOT_POSTED = "card_not_posted"
    """A card cannot be posted. Subject: the request's id, or the id of the card's other subject."""
    STORE_NOT_WRITABLE = "store_not_writable"
    """Clicks cannot be stored. Subject: empty."""
    SOCKET_SILENT = "socket_silent"
    """The chat system sends nothing, so clicks do not arrive. Subject: empty."""
    WRONG_TENANT = "wrong_tenant"
    """Graph answers for a tenant other than the configured one; nothing is written. Subject: empty."""
    LIMIT_REACHED = "limit_reached"
    """Somebody reached a limit per hour. Subject: the person, and what is limited."""


class EndingCode(StrEnum):
    """Why an alarm ended although nothing was repaired. The values are stored."""

    CLICK_ENDED = "click_ended"
    """The click was refused, or an admin gave it up."""
    REPLACED = "replaced"
    """Values: `by` (the id of a newer request about the partner)."""
    REQUEST_ENDED = "request_ended"
    """Values: `state`."""
    DAY_PASSED = "day_passed"
    """What stays open was not seen closed for a day."""
    NOT_ALL_CLOSED = "not_all_closed"
    """The block is confirmed. Another alarm says what stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm. At most one of the same code and subject is open at a time."""

    id: AlarmId
    code: AlarmCode
    subject: str
    """What it is about, see `AlarmCode`; empty when there can be only one."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Values for the texts: names, reasons (lists of facts), times in ISO 8601. May contain text from outside."""
    raised_at: datetime
    cleared_at: datetime | None = None
    """When it was found repaired; None while it is open."""

    @property
    def is_open(self) -> bool:
        """Return whether it still needs attention."""
        return self.cleared_at is None

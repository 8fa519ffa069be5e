"""Alarms: problems that an admin must look at. Data only.

An alarm contains a code with values. The sentence is made in `bot/words`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NewType

from workflows.core.people import ChatId

AlarmId = NewType("AlarmId", str)

ENDED: Final = "ended"
"""The name of the value that says why an alarm ended although nothing was repaired.

It is a fact with a code of `EndingCode`; a text in alarms of earlier versions.
"""
OPEN_ACCESS: Final = "ways"
"""The name of the value with the access that stays open after a confirmed block: Graph's names, with commas."""


MESSAGES_WAIT_AFTER: Final = 8
"""The alarm `MESSAGES_WAIT` is raised when a message was tried so often: after two to three minutes, or when every
pause that was asked for is over."""


class AlarmCode(StrEnum):
    """The kind of alarm. The values are stored."""

    EFFECT_GIVEN_UP = "effect_given_up"
    """An effect was given up. Subject: the effect's id."""
    WRITE_NOT_SHOWN = "write_not_shown"
    """Graph accepted a write but does not show its result. Subject: the request's id."""
    REVOCATION_NOT_COMPLETE = "revocation_waits"
    """A revocation is not confirmed yet, or it is confirmed and some access stays open (`OPEN_ACCESS`).

    Subject: the request's id.
    """
    PARTLY_APPLIED = "partly_applied"
    """Only a part of an approved change is in the tenant. Subject: the request's id."""
    ROLE_EMPTY = "role_empty"
    """Too few people have a role that open requests need. Subject: the role."""
    SPONSOR_GONE = "sponsor_gone"
    """A partner's sponsor has no enabled account. Subject: the partner's tenant id."""
    CHANNEL_NOT_PRIVATE = "channel_not_private"
    """Approval cards are not posted, because the channel is not private. Subject: the channel."""
    CARD_NOT_POSTED = "card_not_posted"
    """A card cannot be posted. Subject: the id of the request or partner that the card is about."""
    STORE_NOT_WRITABLE = "store_not_writable"
    """Clicks cannot be stored. Subject: empty; of several processes the one that found it."""
    MESSAGES_WAIT = "messages_wait"
    """Messages are tried again and again, and the chat system does not accept them. Subject: empty.
    Values: `count`, `reason` (facts; why the oldest one waits)."""
    SOCKET_SILENT = "socket_silent"
    """The chat system sends nothing, so clicks do not arrive. Subject: empty."""
    CLOCK_WRONG = "clock_wrong"
    """Our clock differs from the clocks of the services that are called. Subject: empty.
    Values: `seconds` (how far)."""
    DRIFT = "drift"
    """Settings are not as approved. Subject: the partner's tenant id, or `default`."""
    DRIFT_DIGEST = "drift_digest"
    """One sweep found many changes. Subject: when the sweep began."""
    OWN_CHANGE = "own_change"
    """Gatehouse's own application made a change that no plan holds. Subject: as for `DRIFT`."""
    WRITE_NOT_IN_LOG = "write_not_in_log"
    """Entra's audit log does not show writes of ours. Subject: the number of the first one's audit entry.
    Values: `count`, `partners` (the first names), `since` (the first one's time)."""
    OWN_ENTRY_NOT_EXPLAINED = "own_entry_not_explained"
    """Entra's audit log shows changes by our application that no write of ours explains, and that are not drift.
    Subject: the id of the first entry. Values: as for `WRITE_NOT_IN_LOG`."""
    BATCH_HALTED = "batch_halted"
    """Too many members of a batch could not be applied; an admin continues or ends it. Subject: the batch's id.
    Values: `batch`, `tried`, `failed`."""
    SWEEP_INCOMPLETE = "sweep_incomplete"
    """No sweep was complete for some hours. Subject: empty."""
    WRONG_TENANT = "wrong_tenant"
    """Graph answers for a tenant other than the configured one; nothing is written. Subject: empty."""
    PERMISSIONS_SURPLUS = "permissions_surplus"
    """An application has permissions that it does not need; nothing that opens access is written. Subject: `bot` or
    `guests`. Values: `permissions` (a list of names)."""
    PERMISSIONS_MISSING = "permissions_missing"
    """An application lacks permissions without which Gatehouse cannot work. Subject and values: the same."""
    SERVICE_SILENT = "service_silent"
    """A service of Graph does not answer. Subject: the service. Values: `service`, `since` (ISO 8601)."""
    END_NOT_ANNOUNCED = "end_not_announced"
    """Accesses are open a week after their end, because no notice could be delivered. Subject: empty."""
    END_NOT_BLOCKED = "end_not_blocked"
    """The block at the end of an access ended, and the partner is still open. Subject: the tenant id."""
    REVIEW_SILENT = "review_silent"
    """Nobody answers reviews, and the access stays open. Subject: why, see `SilenceStep`."""
    FROZEN = "frozen"
    """Nothing that opens access is written. Subject: when the freeze began."""
    HELD = "held"
    """The bot started held: the records may not be the newest. Subject: when that began. Values: `cause`."""
    HELD_REPORT = "held_report"
    """What the records lack, after a held start. Subject: as for `HELD`. Values: see `HeldReport`."""
    FREEZE_END_ASKED = "freeze_end_asked"
    """An admin asks another one to confirm the end of the freeze. Subject: when it was asked."""
    AUDIT_CHAIN = "audit_chain"
    """The audit log is not as Gatehouse wrote it. Subject: the first problem, as `edited:123`.
    Values: `problem` (see `ChainProblemCode`), `seq`, `key_id`, `count`; of a record also `record`."""
    LIMIT_REACHED = "limit_reached"
    """A person reached a limit per hour. Subject: the person, and the limited action."""
    UNUSUAL_DECISIONS = "unusual_decisions"
    """Approvals that are unusual for their person. Subject: when they were found. Values: `decisions`: a list of
    `person`, `partner`, `request`, `unusual` (facts of `UnusualCode`)."""
    SIGN_INS_DENIED = "sign_ins_denied"
    """Our settings deny sign-ins of a tenant without an entry. Subject: its tenant id."""
    SIGN_INS_DENIED_TO_MANY = "sign_ins_denied_to_many"
    """The same of many tenants. Subject: `many`."""


class EndingCode(StrEnum):
    """Why an alarm ended although nothing was repaired. The values are stored."""

    CLICK_ENDED = "click_ended"
    """The click was refused, or an admin gave it up."""
    REPLACED = "replaced"
    """Values: `by` (the id of a newer request about the partner)."""
    REQUEST_ENDED = "request_ended"
    """Values: `state`."""
    DAY_PASSED = "day_passed"
    """The remaining access was still open after a day."""
    DRIFT_ACCEPTED = "drift_accepted"
    """Values: `until` (ISO 8601), `people` (names)."""
    ASKED_AGAIN = "asked_again"
    """A newer alarm tells of the same change."""
    ALL_ANSWERED = "all_answered"
    """Every change that the alarm lists is as approved again, accepted, or told by a newer alarm."""
    OTHER_CHANGE = "other_change"
    """The settings were changed again, and a newer alarm says how."""
    FREEZE_GOES_ON = "freeze_goes_on"
    """The request to end the freeze was taken back, or nobody confirmed it in time."""
    ADMINS_ENDED_FREEZE = "admins_ended_freeze"
    """Two admins ended the freeze that began because of it."""
    LOG_TOO_OLD = "log_too_old"
    """Entra's audit log may not go back so far any more."""
    HOLD_ENDED = "hold_ended"
    """Two admins released the bot; what the records lack may still be so."""
    PARTNERS_CHANGED = "partners_changed"
    """A newer alarm lists the partners that it is about now."""
    NOT_ALL_CLOSED = "not_all_closed"
    """The block is confirmed. Another alarm lists the access that stays open."""
    DISMISSED = "dismissed"
    """Values: `by` (a name), `until` (ISO 8601)."""
    ENTRY_ADDED = "entry_added"
    """The tenant has cross-tenant access settings now."""
    SHOWN_A_WEEK = "shown_a_week"
    """It tells of something that is over, and was shown for seven days."""
    NOT_REPEATED = "not_repeated"
    """The sign-in log has not so many denied sign-ins any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm. At most one of the same code and subject is open at a time."""

    id: AlarmId
    code: AlarmCode
    subject: str
    """What the alarm is about, see `AlarmCode`; empty when there is only one subject."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The values of the code: names, reasons (lists of facts), times in ISO 8601. May contain text from outside."""
    raised_at: datetime
    also_to: tuple[ChatId, ...] = ()
    """Who gets it besides the admins: the sponsor of the partner, for example."""
    cleared_at: datetime | None = None
    """When it was found repaired; None while it is open."""

    @property
    def is_open(self) -> bool:
        """Return whether the alarm has not been cleared."""
        return self.cleared_at is None

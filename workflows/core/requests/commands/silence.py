"""The commands about a review that waits for an answer: what was sent, what is left out, and the suspension."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from workflows.core.people import Person
from workflows.core.policy.silence import ManagerSkipped, Reminded
from workflows.core.requests.commands.audit_details import Details
from workflows.core.requests.request import RequestId


class SkipReason(StrEnum):
    """Why a review is not asked. The values are stored."""

    BEING_CLOSED = "being_closed"
    """A revocation or a suspension of the partner is running."""
    ENDS_SOON = "ends_soon"
    """The access is blocked at its end within days, unless it is extended."""
    JUST_APPROVED = "just_approved"
    """The whole approval chain approved the access a few days ago."""
    JUST_ANSWERED = "just_answered"
    """A review of the access was answered a few days ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReviewReminder:
    """The sending of a reminder of a review has ended."""

    name: Literal["record_review_reminder"] = field(default="record_review_reminder")
    batch: str
    people: tuple[Reminded, ...]
    """Who got it: the chat system accepted it, and they are active. Nobody: it was not delivered."""
    manager: Person | None = None
    """The sponsor's manager, when the manager was asked."""
    manager_skipped: ManagerSkipped | None = None
    """Why the manager was not asked although it was time."""

    def audit_details(self) -> Details:
        """Return who got the reminder in which role, and why the manager did not."""
        skipped = {"manager_skipped": self.manager_skipped.value} if self.manager_skipped else {}
        people = {one.person: [role.value for role in one.asked_as] for one in self.people}
        return {"people": people, "is_delivered": bool(self.people), **skipped}


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipReview:
    """The review is due, and asking would be pointless. The next one is set."""

    name: Literal["skip_review"] = field(default="skip_review")
    reason: SkipReason

    def audit_details(self) -> Details:
        """Return the reason."""
        return {"reason": self.reason.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendForSilence:
    """Nobody has answered the review. The bot creates the request that suspends the partner."""

    name: Literal["suspend_for_silence"] = field(default="suspend_for_silence")
    request_id: RequestId

    def audit_details(self) -> Details:
        """Return nothing: the request and the reminders of the partnership show the rest."""
        return {}


SilenceCommand = RecordReviewReminder | SkipReview | SuspendForSilence

"""Why a review is due, the commands by which an event starts one or is over, and those about one that waits.

Also the commands about the question whether an access works.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Literal

from workflows.core.people import Actor, Person
from workflows.core.policy.reviews.access_test import AccessFailure, AccessOutcome
from workflows.core.policy.reviews.silence import ManagerSkipped, Reminded
from workflows.core.requests.commands.audit_details import Details, clicked_details
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId


class ReviewReasonCode(StrEnum):
    """Why a review is due. The values are stored. `values` of `ReviewReason` has what is written here."""

    CALENDAR = "calendar"
    """The interval of the reviews is over."""
    ACCESS_ENDED = "access_ended"
    """The approved access period is over."""
    NOT_APPROVED = "not_approved"
    """Nobody approved the settings as they were read back."""
    ATTESTATION_ENDED = "attestation_ended"
    """The attestation that the partner enforces MFA does not count any more."""
    SPONSOR_GONE = "sponsor_gone"
    """The sponsor has no enabled member account. Values: `cause`, see `GoneReason`."""
    SPONSOR_MOVED = "sponsor_moved"
    """The sponsor has another department in Entra. Values: `sponsor` (the name), `before`, `after`: departments."""
    NO_SIGN_IN = "no_sign_in"
    """Nobody of the partner has signed in. Values: `days`."""
    DRIFT = "drift"
    """The settings are not as approved. Values: `drift`, a code of the posture."""
    RISK_GREW = "risk_grew"
    """The approved settings give more access now, because the default changed. Values: `before`, `after`: levels."""
    TEMPLATE_STRICTER = "template_stricter"
    """The template would give less now, or ask more people. Values: `template`, `changes`: names of what is stricter,
    separated by commas."""
    DOMAIN_MOVED = "domain_moved"
    """The partner's domain belongs to another tenant now. Values: `domain`, `tenant_id`."""
    CAMPAIGN = "campaign"
    """An admin asked for it. Values: `campaign`, `by`, `why`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReason:
    """One reason of an open review."""

    code: ReviewReasonCode
    at: datetime
    """When the reason was found."""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReview:
    """Something happened after which the access must be reviewed before its time. The same event counts once."""

    name: Literal["start_review"] = field(default="start_review")
    reason: ReviewReasonCode
    event: str
    """What happened, so that the same is not a reason twice: the fingerprint of a drift, for example."""
    values: Mapping[str, str] = field(default_factory=dict)
    is_told: bool = False
    """Whether the same people were just told in another way. Then the first question is sent as the next reminder."""

    def audit_details(self) -> Details:
        """Return the reason, and what it says about the event."""
        return {"reason": self.reason.value, "event": self.event, **self.values}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReviewReason:
    """An event is over: a later one of its kind is another event. An open review that only it started ends with it.

    Nobody stops being asked whether unused access is needed, or access after a change of the template.
    """

    name: Literal["end_review_reason"] = field(default="end_review_reason")
    reason: ReviewReasonCode

    def audit_details(self) -> Details:
        """Return the reason."""
        return {"reason": self.reason.value}


ReviewEventCommand = StartReview | EndReviewReason


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAccessTest:
    """It is time to ask whether the access works. The question is sent next."""

    name: Literal["ask_access_test"] = field(default="ask_access_test")

    def audit_details(self) -> Details:
        """Return nothing: the partnership shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAccessTest(Generic[Actor]):
    """The requester, the sponsor or an admin has the question asked now."""

    name: Literal["request_access_test"] = field(default="request_access_test")
    actor: Actor
    tenant_id: TenantId
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the account of the actor; for a click the partner."""
        if isinstance(self.actor, Person):
            return {"account": self.actor.id, "person": self.actor.name}
        return clicked_details(tenant_id=self.tenant_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAccessTest(Generic[Actor]):
    """Somebody who is asked says whether the access works."""

    name: Literal["answer_access_test"] = field(default="answer_access_test")
    actor: Actor
    tenant_id: TenantId
    question: int
    """The number of the question that was shown."""
    outcome: AccessOutcome
    failure: AccessFailure | None = None
    """What does not work; None for every other outcome."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the answer with everything that was said; for a click also the partner."""
        said = self.failure
        what = {} if said is None else clicked_details(**asdict(said))
        answer = {"outcome": self.outcome.value, "question": self.question, **what}
        if isinstance(self.actor, Person):
            return {"account": self.actor.id, "person": self.actor.name, **answer}
        return {**clicked_details(tenant_id=self.tenant_id), **answer}


AccessTestCommand = AskAccessTest | RequestAccessTest[Person] | AnswerAccessTest[Person]

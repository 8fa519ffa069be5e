"""Commands about the time of an undecided or scheduled request. The bot gives them when their time has come."""

from dataclasses import dataclass, field
from typing import Any, Literal

from workflows.core.errors.facts import Fact, as_values
from workflows.core.people import Person
from workflows.core.requests.request import AccessRequest, EscalationStep, StopCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate:
    """The open stage has waited too long: its alternates are asked, or others are told."""

    name: Literal["escalate"] = field(default="escalate")

    def audit_details(self, after: AccessRequest) -> dict[str, Any]:
        """Return the stage and the step."""
        return {"stage": after.escalations[-1].stage, "step": after.escalations[-1].step.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEscalation:
    """Who was asked or told in a step of the escalation is known."""

    name: Literal["record_escalation"] = field(default="record_escalation")
    stage: int
    step: EscalationStep
    told: tuple[Person, ...] = ()
    skipped: tuple[Fact, ...] = ()
    """Why others were not told. The codes are `SkippedReason`."""

    def audit_details(self, after: AccessRequest) -> dict[str, Any]:
        """Return who was told, and why others were not."""
        told = [{"name": person.name, "account": person.id} for person in self.told]
        return {"stage": self.stage, "step": self.step.value, "told": told, "skipped": as_values(self.skipped)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceExpiry:
    """The request expires soon: who can still decide and the requester are told, once."""

    name: Literal["announce_expiry"] = field(default="announce_expiry")

    def audit_details(self, after: AccessRequest) -> dict[str, Any]:
        """Return when it expires."""
        return {"expires_at": after.expires_at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StopClock:
    """The time to decide does not pass from now on."""

    name: Literal["stop_clock"] = field(default="stop_clock")
    cause: StopCause

    def audit_details(self, after: AccessRequest) -> dict[str, Any]:
        """Return the cause, and until when it may last."""
        stop = after.clock_stops[-1]
        return {"cause": self.cause.value, "ends_by": stop.ends_by.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeClock:
    """The time to decide passes again."""

    name: Literal["resume_clock"] = field(default="resume_clock")
    cause: StopCause

    def audit_details(self, after: AccessRequest) -> dict[str, Any]:
        """Return the cause, and when the request expires now."""
        return {"cause": self.cause.value, "expires_at": after.expires_at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The day has come on which the access of an approved request starts."""

    name: Literal["start"] = field(default="start")

    def audit_details(self, after: AccessRequest) -> dict[str, Any]:
        """Return the digest of the plan that is written next, and when it could start."""
        starts_at = after.plan.starts_at
        return {"digest": after.plan.digest, "starts_at": None if starts_at is None else starts_at.isoformat()}


DeadlineCommand = Escalate | RecordEscalation | AnnounceExpiry | StopClock | ResumeClock | Start

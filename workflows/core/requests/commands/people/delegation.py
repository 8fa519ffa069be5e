"""The commands by which people say who is asked in place of somebody else: absences, and a reassignment by an admin."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal

from workflows.core.delegation.absence import AbsenceId
from workflows.core.people import Actor, ChatId, Person
from workflows.core.requests.commands.audit_details import Details, account_details
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.canonical import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAbsence:
    """Somebody, or an admin for them, says that they are away and who is asked in the meantime."""

    name: Literal["set_absence"] = field(default="set_absence")
    actor: ChatId
    person: ChatId
    delegate: ChatId
    from_: datetime
    until: datetime
    note: str = ""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return who is away, when, and who is asked."""
        times = {"from": self.from_.isoformat(), "until": self.until.isoformat()}
        return {"person": self.person, "delegate": self.delegate, **times, "note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAbsence:
    """Somebody, or an admin, ends an absence before its time."""

    name: Literal["end_absence"] = field(default="end_absence")
    actor: ChatId
    absence_id: AbsenceId
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the absence."""
        return {"absence": self.absence_id}


AbsenceClick = SetAbsence | EndAbsence


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassign(Generic[Actor]):
    """An admin has somebody else of the role asked for an approval in the open stage, and says why."""

    name: Literal["reassign"] = field(default="reassign")
    actor: Actor
    request_id: RequestId
    digest: Digest
    """The plan that the window was opened on."""
    from_person: Actor
    to_person: Actor
    reason: str
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return from whom to whom, and why."""
        return {
            "digest": self.digest,
            "from": _id_of(self.from_person),
            "to": _id_of(self.to_person),
            "reason": self.reason,
            **account_details(self.actor),
        }


def _id_of(person: ChatId | Person) -> str:
    return f"{person.name} ({person.id})" if isinstance(person, Person) else person

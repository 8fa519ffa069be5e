"""The commands by which an admin accepts drift until a date, or dismisses a notice about denied sign-ins.

A click and its command are one class. A boundary: what people decide, without the rules, so that a click can be stored.
"""

from dataclasses import dataclass, field
from typing import Literal

from workflows.core.people import ChatId
from workflows.core.requests.commands.audit_details import Details, clicked_details
from workflows.core.settings.canonical import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptDrift:
    """An admin accepts exactly the drift that was shown, for some days."""

    name: Literal["accept_drift"] = field(default="accept_drift")
    actor: ChatId
    subject: str
    """The partner's tenant id, or `default` for the tenant's default."""
    fingerprint: Digest
    """Of the drift as it was shown."""
    days: int
    reason: str
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the accepted drift, the end of the acceptance, and the reason."""
        return {
            **clicked_details(subject=self.subject, fingerprint=self.fingerprint, reason=self.reason),
            "days": self.days,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissDenied:
    """An admin wants to hear nothing more about these denied sign-ins for a time."""

    name: Literal["dismiss_denied_sign_ins"] = field(default="dismiss_denied_sign_ins")
    actor: ChatId
    subject: str
    """The tenant's id, or `many`."""
    alarm_id: str
    """The alarm that was shown."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the notice that was shown."""
        return clicked_details(subject=self.subject, alarm=self.alarm_id)

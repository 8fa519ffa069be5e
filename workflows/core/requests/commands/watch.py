"""The command by which an admin accepts drift until a date. A click and its command are one class.

A boundary: what people decide about drift, without its rules, so that a click can be stored.
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

"""The command by which an admin begins or ends the freeze. A click and its command are one class.

A boundary: what people decide about the freeze, without its rules, so that a click can be stored.
"""

from dataclasses import dataclass, field
from typing import Literal

from workflows.core.people import ChatId
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.commands.audit_details import Details


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFreeze:
    """An admin freezes all writes that open access, asks to end that, ends it, or keeps it."""

    name: Literal["change_freeze"] = field(default="change_freeze")
    actor: ChatId
    step: FreezeStep
    version: int = 0
    """The version of the freeze that the person saw; 0 when there was none."""
    reason: str = ""
    """Why it is frozen; empty for the other steps."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the step, and the reason."""
        details: Details = {"step": self.step.value, "version": self.version}
        return {**details, "reason": self.reason} if self.reason else details

"""Where a request stands, in a few words."""

from collections.abc import Mapping
from typing import Final

from workflows.core.requests.notes import Standing, standing
from workflows.core.requests.request import AccessRequest

STANDING_WORDS: Final[Mapping[Standing, str]] = {
    Standing.PREPARING: "being prepared",
    Standing.AWAITING_APPROVAL: "waiting for approval",
    Standing.TO_BE_WRITTEN: "approved, waiting to be written",
    Standing.APPLYING: "approved, being written",
    Standing.UNCONFIRMED: "written, not yet confirmed",
    Standing.APPLIED: "set and read back",
    Standing.PUT_BACK: "put back and read back",
    Standing.REJECTED: "rejected",
    Standing.WITHDRAWN: "withdrawn",
    Standing.EXPIRED: "expired, nobody decided in time",
    Standing.UNFIT: "could not be carried out",
    Standing.STOPPED: "stopped before it was confirmed",
    Standing.OVERWRITTEN: "sent, then changed by somebody else",
    Standing.FAILED: "failed, Microsoft Graph refused it",
    Standing.TO_BE_BLOCKED: "waiting to be blocked",
    Standing.BLOCKING: "being blocked",
    Standing.BLOCK_UNCONFIRMED: "block written, not yet confirmed",
    Standing.BLOCKED: "blocked and read back",
    Standing.BLOCK_READ: "block read back",
    Standing.BLOCKED_IN_PART: "block read back, not everything closed",
    Standing.REVOCATION_STOPPED: "stopped",
}


def state_words(request: AccessRequest) -> str:
    """State the state of a request in a few words, without the content of its note."""
    return STANDING_WORDS[standing(request)]

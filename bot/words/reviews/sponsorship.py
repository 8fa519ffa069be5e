"""The words about the sponsorship of a partner: what it means, and how a hand-over stands."""

from collections.abc import Mapping
from typing import Final

from workflows.core.policy.reviews.sponsorship import HandoverState

IF_YOU_ACCEPT: Final = (
    "The sponsor answers the reviews and takes care of the partner setup. A sponsor cannot decide on requests about "
    "this partner, also for 90 days afterwards. If you have approved an open request, "
    "that approval does not count any more."
)

HANDOVER_WORDS: Final[Mapping[HandoverState, str]] = {
    HandoverState.OPEN: "has not answered yet",
    HandoverState.ACCEPTED: "accepted",
    HandoverState.DECLINED: "declined",
    HandoverState.WITHDRAWN: "is not asked any more",
    HandoverState.EXPIRED: "did not answer in time",
    HandoverState.STOPPED: "not needed any more",
}
"""How a hand-over stands, after the name of the proposed person."""

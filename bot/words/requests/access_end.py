"""What happens at the end of an access, in words: the one table for cards, lists, forms, notices and the terminal."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from workflows.core.partners.access_end.decision import EndStep
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import AtEnd


class AtEndWords(NamedTuple):
    """The words for one kind of end."""

    label: str
    """Stands before a day: "Blocked automatically on May 25"."""
    then: str
    """Follows a period: "180 days, then blocked"."""
    waits: str
    """The state of an access that is open after its end."""


AT_END: Final[Mapping[AtEnd, AtEndWords]] = {
    AtEnd.BLOCK: AtEndWords("Blocked automatically on", "then blocked", "waits to be blocked"),
    AtEnd.ASK: AtEndWords("Asked on", "then asked", "access period ended"),
}

WHY_OPEN: Final[Mapping[EndStep, str]] = {
    EndStep.NOT_ANNOUNCED: "It is still open, because no notice was delivered in time.",
    EndStep.NOBODY_REACHED: "It is still open, because no notice was delivered.",
    EndStep.EXTENSION_OPEN: "It waits for a request that would extend it",
    EndStep.TOO_MANY: "It is still open, because the limit of automatic blocks in 24 hours is reached. It is blocked "
    "when the limit allows it, unless it is extended or blocked before.",
}
"""Why an access is open after its end."""


def ended_state_words(partnership: Partnership) -> str:
    """Return the state of an access that is open after its end."""
    return AT_END[partnership.at_end].waits

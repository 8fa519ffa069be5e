"""What each answer to a review needs and does, in words: facts of this partner, and no recommendation."""

from typing import Final

from bot.words.sentences import counted
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence, UseState
from workflows.core.partners.reviewing.evidence.usage import WINDOW
from workflows.core.posture.watch.drift import Drift

KEEP_NEEDS: Final = "say what for, until when."
KEEP_NOT_POSSIBLE: Final = "not possible, nobody approved this."
OPENED_AGAIN: Final = "Undo: a new request."
_SEEN: Final = f"seen in {WINDOW.days} days"


def revoke_words(evidence: PartnerEvidence) -> str:
    """Return whom a revocation blocks, as far as the last scan shows, and how it is undone."""
    return f"{_blocked_words(evidence)}. {OPENED_AGAIN}"


def restore_words(drift: Drift) -> str:
    """Return what Restore does, and who decides on it."""
    decides = "one approver decides" if drift.found.restores_less else "the approval chain decides"
    return f"asks for the approved settings; {decides}."


def _blocked_words(evidence: PartnerEvidence) -> str:
    use, guests = evidence.use, evidence.guests
    has_guests = guests is not None and guests.usage.count > 0
    known = counted(guests.usage.count, "guest") if guests is not None and has_guests else ""
    if guests is not None and known and guests.is_at_least:
        known = f"at least {known}"
    match use.state:
        case UseState.USED if use.people:
            people = counted(use.people, "person", "people")
            text = f"blocks these {people}"
            return f"{text} and {known}" if known else text
        case UseState.USED:
            return f"blocks {known}, some {_SEEN}"
        case UseState.UNUSED:
            return f"blocks {known}, none {_SEEN}" if known else f"blocks nobody {_SEEN}"
        case UseState.NOT_SEEN | UseState.UNKNOWN:
            return f"blocks {known}; who of them needs it is not known" if known else "whom it blocks is not known"

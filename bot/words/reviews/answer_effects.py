"""What each answer to a review needs and does, in words: facts of this partner, and no recommendation."""

from typing import Final

from bot.words.sentences import counted
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence, UseState
from workflows.core.partners.reviewing.evidence.usage import WINDOW
from workflows.core.posture.watch.drift import Drift

KEEP_NOT_POSSIBLE: Final = "not possible, nobody approved this."
REDUCE_ASKS: Final = "asks for less; approvers decide."
OPENED_AGAIN: Final = "Undo: new request."
OURS: Final = "also your people there"
"""Both directions are blocked. Our people who work in the partner's tenant leave no sign-in in ours."""
_SEEN: Final = f"seen in {WINDOW.days} days"


def revoke_words(evidence: PartnerEvidence) -> str:
    """Return whom a revocation blocks, as far as the last scan shows, and how it is undone."""
    return f"blocks {_blocked_people(evidence)}; {OURS}. {OPENED_AGAIN}"


def restore_words(drift: Drift) -> str:
    """Return what Restore does, and who decides on it."""
    approvers = "one approver" if drift.found.restores_less else "the approval chain"
    return f"asks {approvers} to undo the changes."


def _blocked_people(evidence: PartnerEvidence) -> str:
    use, guests = evidence.use, evidence.guests
    has_guests = guests is not None and guests.usage.count > 0
    known = counted(guests.usage.count, "guest account") if guests is not None and has_guests else ""
    if guests is not None and known and guests.is_at_least:
        known = f"at least {known}"
    match use.state:
        case UseState.USED if use.people:
            people = f"these {counted(use.people, 'person', 'people')}"
            return f"{people} and {known}" if known else people
        case UseState.USED:
            return f"{known}, some {_SEEN}"
        case UseState.UNUSED:
            return known or f"their people (nobody {_SEEN})"
        case UseState.NOT_SEEN | UseState.UNKNOWN:
            return f"{known}; who of them needs it is not known" if known else "their people (not known who)"

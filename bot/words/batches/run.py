"""The words about how far a batch is: what became of its partners, since when, and what comes next."""

from collections.abc import Mapping
from typing import Final

from bot.words.sentences import counted, minute
from workflows.core.batches.running.facts import NextStep, RunFacts

_NEXT: Final[Mapping[NextStep, str]] = {
    NextStep.CONFIRM: "Next: a member confirms the draft.",
    NextStep.PLAN: "Next: the partners are read and planned.",
    NextStep.DECIDE: "Next: the approvers decide.",
    NextStep.WRITE: "Next: the partners that are left are applied.",
    NextStep.WAIT: "Microsoft Graph asked for a pause. Next try: {at}.",
    NextStep.FROZEN: "A freeze is in force. It goes on when two admins end the freeze.",
    NextStep.ANSWER: (
        "It stopped by itself: {failed} of the {tried} partners tried could not be applied as approved. An admin "
        "continues or ends it."
    ),
    NextStep.NOTHING: "",
}


CONTINUED: Final = "The partners that are left are written. Those that could not be applied are not tried again."
ENDED: Final = "The partners that are left are not written, also those that start later. What was applied stays."


def run_words(facts: RunFacts) -> str:
    """Return what became of the partners of a batch so far; what became of none is left out."""
    counts = (
        (facts.scheduled, "{} starting later"),
        (facts.alone, "{} going on alone"),
        (facts.ended, "{} not applied"),
        (facts.waiting, "{} waiting"),
        (facts.left - facts.waiting, "{} left"),
    )
    parts = [text.format(count) for count, text in counts if count]
    return ", ".join([f"{facts.applied} of {counted(facts.total, 'partner')} applied", *parts])


def next_words(facts: RunFacts) -> str:
    """Say what comes next for a batch; empty when it has ended."""
    at = "" if facts.next_at is None else minute(facts.next_at)
    return _NEXT[facts.next_step].format(at=at, failed=facts.failed, tried=facts.tried)


def since_words(facts: RunFacts) -> str:
    """Say since when the partners are applied; empty before the approval."""
    return "" if facts.since is None else f"Since {minute(facts.since)}."

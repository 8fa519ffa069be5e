"""The words about how far a batch is: what became of its partners, since when, and what comes next."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bot.words.batches.kinds import SHEET, KindWords
from bot.words.sentences import counted, minute
from workflows.core.batches.batch import Tally
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
_NOT_ASKED: Final = "not asked for"
CONTINUED: Final = "The partners that are left are written. Those that could not be applied are not tried again."
ENDED: Final = "The partners that are left are not written, also those that start later. What was applied stays."


def run_words(facts: RunFacts, kind: KindWords = SHEET) -> str:
    """Return what became of the partners of a batch so far; see `tally_words`."""
    return tally_words(facts.counts, kind, waiting=facts.waiting, was_asked=facts.was_asked)


def tally_words(counts: Tally, kind: KindWords, *, waiting: int = 0, was_asked: bool = True) -> str:
    """Return what became of the partners of a batch; what became of none is left out. The numbers add up.

    :param waiting: how many of the partners that are left wait for Graph.
    :param was_asked: whether a person asked for the batch; otherwise it was only a draft.
    """
    parts = (
        (counts.scheduled, "{} starting later"),
        (counts.left, "{} with {own}"),
        (counts.ended, f"{{}} {kind.not_done}"),
        (waiting, "{} waiting"),
        (counts.open - waiting, "{} left"),
    )
    besides = (
        (counts.alone, "{} decided alone"),
        (counts.ended_before, "{} ended before the decision" if was_asked else "{} only in the draft"),
        (counts.not_asked, f"{{}} {_NOT_ASKED}"),
    )
    members = counted(counts.members, "partner")
    together = ", ".join([f"{counts.applied} of {members} {kind.done}", *_said(parts)]) if counts.members else ""
    others = ", ".join(_said(besides))
    if not together or not others:
        return together or others
    return f"{together}. Besides these: {others}"


def _said(parts: Iterable[tuple[int, str]]) -> Iterator[str]:
    for count, text in parts:
        if count:
            yield text.format(count, own="its own request" if count == 1 else "their own requests")


def next_words(facts: RunFacts) -> str:
    """Say what comes next for a batch; empty when it has ended."""
    at = "" if facts.next_at is None else minute(facts.next_at)
    return _NEXT[facts.next_step].format(at=at, failed=facts.failed, tried=facts.tried)


def since_words(facts: RunFacts) -> str:
    """Say since when the partners are applied; empty before the approval."""
    return "" if facts.since is None else f"Since {minute(facts.since)}."

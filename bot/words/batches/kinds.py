"""The words in which the kinds of batches differ: adopted settings, and access from a sheet. One place for both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workflows.core.batches.batch import Batch, BatchState, RowState

_STATES: Final[Mapping[BatchState, str]] = {
    BatchState.DRAFT: "draft, not sent",
    BatchState.PREPARING: "being prepared",
    BatchState.AWAITING_APPROVAL: "awaiting approval",
    BatchState.APPLYING: "approved, being recorded",
    BatchState.HALTED: "stopped by itself, an admin decides",
    BatchState.DONE: "done",
    BatchState.STOPPED: "ended before it was done",
    BatchState.REJECTED: "rejected",
    BatchState.WITHDRAWN: "withdrawn",
    BatchState.EXPIRED: "expired",
}
_ROW_STATES: Final[Mapping[RowState, str]] = {
    RowState.WAITING: "being planned",
    RowState.ALONE: "with its own request",
    RowState.NOT_ASKED: "cannot be adopted",
    RowState.PLANNED: "in this decision",
    RowState.LEFT: "with its own request",
    RowState.APPLIED: "adopted (verified)",
    RowState.SCHEDULED: "approved, starts later",
    RowState.ENDED: "not adopted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    """The words of one kind."""

    about: str
    """What a batch is about, after the number of its partners."""
    states: Mapping[BatchState, str]
    row_states: Mapping[RowState, str]
    done: str
    """What became of members that are applied."""
    not_done: str
    progress: str
    """What is counted while the members are applied."""
    opens: str
    """Before the kinds of access that are open afterwards."""
    written: str
    """What is written; empty where everything is."""
    approve: str
    """What an approval means, with the number of partners."""
    draft: str
    """What a confirmed draft leads to."""
    window: str
    not_asked: str
    """Before the number of rows for which nothing is asked."""


ADOPTION: Final = KindWords(
    about="adopt current settings",
    states=_STATES,
    row_states=_ROW_STATES,
    done="adopted (verified)",
    not_done="not adopted",
    progress="checked and recorded",
    opens="Open now: ",
    written="Nothing is written to the tenant.",
    approve="The settings of {size} stay as they are and become the record.",
    draft=(
        "After approval, these settings become the record: with a sponsor, reviews and an end. Nothing is written to "
        "the tenant. Every partner is read again before approval is requested."
    ),
    window="Adopt settings",
    not_asked="Cannot be adopted",
)
SHEET: Final = KindWords(
    about="access from a sheet",
    states={**_STATES, BatchState.APPLYING: "approved, being applied"},
    row_states={
        **_ROW_STATES,
        RowState.NOT_ASKED: "nothing is asked",
        RowState.APPLIED: "applied (verified)",
        RowState.ENDED: "not applied",
    },
    done="applied (verified)",
    not_done="not applied",
    progress="applied or ended",
    opens="Afterwards: ",
    written="",
    approve="{size} get the access that the list shows.",
    draft=(
        "After approval, these partners get the access of their rows. Every partner is read again before approval is "
        "requested."
    ),
    window="Ask for partners",
    not_asked="Nothing is asked for",
)


def words_of(batch: Batch) -> KindWords:
    """Return the words of a batch's kind."""
    return ADOPTION if batch.sheet is None else SHEET

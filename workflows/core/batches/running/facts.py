"""How far a batch is: counts, since when, and what comes next. Facts for every surface that shows it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workflows.core.batches.batch import Batch, BatchState, RowState, Tally, tally
from workflows.core.batches.running.retries import due


class NextStep(StrEnum):
    """What comes next for a batch."""

    CONFIRM = "confirm"
    """A person confirms the draft."""
    PLAN = "plan"
    DECIDE = "decide"
    """The approvers decide."""
    WRITE = "write"
    """The next members are applied."""
    WAIT = "wait"
    """Only members are left that wait; they are tried again at `RunFacts.next_at`."""
    FROZEN = "frozen"
    """The end of the freeze is awaited."""
    ANSWER = "answer"
    """It halted: an admin continues or ends it."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """How far a batch is. Members are the rows that were approved together."""

    state: BatchState
    counts: Tally
    """What became of its rows."""
    waiting: int
    """Of the members that are open: tried before, and waiting for Graph."""
    failed: int
    """How many could not be applied as approved in the present run."""
    tried: int
    """How many members the present run has tried."""
    since: datetime | None
    """When the present run began; None before the approval."""
    next_step: NextStep
    was_asked: bool = True
    """False for a draft that ended before anybody asked for it."""
    next_at: datetime | None = None
    """When the first member that waits is tried again; None when that is not known."""


def run_facts(batch: Batch, now: datetime, *, is_frozen: bool = False) -> RunFacts:
    """Return how far a batch is.

    :param is_frozen: whether a freeze is in force.
    """
    left = batch.in_state(RowState.WAITING, RowState.PLANNED)
    waiting = [row for row in left if row.waits_since is not None or row.not_before is not None]
    run = batch.runs[-1] if batch.runs else None
    step = _next_step(batch, is_frozen=is_frozen, only_waits=bool(left) and not due(left, now))
    return RunFacts(
        state=batch.state,
        counts=tally(batch),
        waiting=len(waiting),
        failed=0 if run is None else run.failed,
        tried=0 if run is None else run.tried,
        since=None if run is None else run.since,
        next_step=step,
        was_asked=batch.confirmed_at is not None or not batch.has_ended,
        next_at=min((row.not_before for row in left if row.not_before is not None), default=None)
        if step is NextStep.WAIT
        else None,
    )


def _next_step(batch: Batch, *, is_frozen: bool, only_waits: bool) -> NextStep:
    if batch.state is BatchState.APPLYING:
        if is_frozen and batch.writes:
            return NextStep.FROZEN
        return NextStep.WAIT if only_waits else NextStep.WRITE
    return {
        BatchState.DRAFT: NextStep.CONFIRM,
        BatchState.PREPARING: NextStep.PLAN,
        BatchState.AWAITING_APPROVAL: NextStep.DECIDE,
        BatchState.HALTED: NextStep.ANSWER,
    }.get(batch.state, NextStep.NOTHING)

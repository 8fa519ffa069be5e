"""What became of the rows of a batch, counted once for every surface. The parts add up to all rows. Pure."""

from dataclasses import dataclass

from workflows.core.batches.batch import Batch, BatchRow, RowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows of a batch are what. Each row is in exactly one of these numbers.

    Members are the rows that are, or were, decided together. The others are beside them.
    """

    applied: int
    """Members that are written and read back, or adopted."""
    scheduled: int
    """Members that are approved, with a later start."""
    left: int
    """Members that go on with their own request."""
    ended: int
    """Members that were not applied, for example because Graph refused the write."""
    open: int
    """Members that still need something from the batch."""
    alone: int
    """Beside the members: never decided together, with their own request."""
    ended_before: int
    """Beside the members: ended before anybody decided."""
    not_asked: int
    """Beside the members: nothing is asked for them."""

    @property
    def members(self) -> int:
        """Return how many rows are, or were, decided together."""
        return self.applied + self.scheduled + self.left + self.ended + self.open

    @property
    def done(self) -> int:
        """Return how many members need nothing more from the batch."""
        return self.members - self.open

    @property
    def beside(self) -> int:
        """Return how many rows were never decided together."""
        return self.alone + self.ended_before + self.not_asked


def tally(batch: Batch) -> Tally:
    """Count the rows of a batch."""
    members = [row for row in batch.rows if row.was_member]
    others = [row for row in batch.rows if not row.was_member]
    return Tally(
        applied=_in(members, RowState.APPLIED),
        scheduled=_in(members, RowState.SCHEDULED),
        left=_in(members, RowState.LEFT, RowState.ALONE),
        ended=_in(members, RowState.ENDED),
        open=_in(members, RowState.WAITING, RowState.PLANNED),
        alone=_in(others, RowState.ALONE, RowState.LEFT, RowState.SCHEDULED),
        ended_before=_in(others, RowState.ENDED),
        not_asked=_in(others, RowState.NOT_ASKED),
    )


def _in(rows: list[BatchRow], *states: RowState) -> int:
    return sum(row.state in states for row in rows)

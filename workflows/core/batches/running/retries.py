"""Members that cannot be advanced now: the others go first, and after many tries in vain one leaves the batch. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from workflows.core.batches.batch import Batch, BatchRow, RowCode
from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.settings.model import TenantId

MEMBER_READ_FOR: Final = timedelta(hours=6)
"""How long a batch tries to read one partner, while the tenant's default can be read."""
UNTRIED_FOR: Final = timedelta(minutes=30)
"""The longest time between two tries that counts for that. It is longer than every pause between tries."""
MAX_FAILURES: Final = 5
"""How many errors in Gatehouse may stop a member before it leaves the batch."""


def in_turn(batch: Batch, rows: Sequence[BatchRow], last: TenantId | None) -> list[BatchRow]:
    """Return rows of a batch in the order in which they are tried: those after the last one that was tried first.

    :param last: the last row of the wave before, if something in it waited; None for the usual order.
    """
    places = {row.tenant_id: place for place, row in enumerate(batch.rows)}
    last_place = -1 if last is None else places.get(last, -1)
    return sorted(rows, key=lambda row: (places[row.tenant_id] <= last_place, places[row.tenant_id]))


def after_wait(row: BatchRow, now: datetime, *, is_outage: bool = False) -> BatchRow:
    """Return a row whose partner could not be read, now or for longer.

    :param is_outage: whether the tenant's default cannot be read either. Then the time for this partner begins again.
    """
    if is_outage:
        return replace(row, waits_since=None, tried_at=None)
    is_tried = row.tried_at is not None and now - row.tried_at <= UNTRIED_FOR
    return replace(row, waits_since=(row.waits_since if is_tried else None) or now, tried_at=now)


def after_pause(row: BatchRow, now: datetime, seconds: float | None) -> BatchRow:
    """Return a row whose partner another system asked to leave alone for some seconds; None: it asked for no pause."""
    return replace(row, not_before=None if seconds is None else now + timedelta(seconds=seconds))


def due(rows: Sequence[BatchRow], now: datetime) -> list[BatchRow]:
    """Return the rows that may be tried now."""
    return [row for row in rows if row.not_before is None or row.not_before <= now]


def seconds_until_due(rows: Sequence[BatchRow], now: datetime) -> float:
    """Return how long the first of these rows still has to wait.

    :param rows: at least one.
    """
    return min(0.0 if row.not_before is None else (row.not_before - now).total_seconds() for row in rows)


def after_failure(row: BatchRow) -> BatchRow:
    """Return a row that an error in Gatehouse stopped once more."""
    return replace(row, failures=row.failures + 1)


def after_progress(before: BatchRow, after: BatchRow) -> BatchRow:
    """Return a row that was advanced. In a new state, it is tried as often as any other."""
    if before.state is after.state:
        return after
    return replace(after, waits_since=None, tried_at=None, not_before=None, failures=0)


def why_given_up(row: BatchRow, now: datetime, answer: Facts) -> Facts:
    """Return why a row is not tried any more; empty when it is tried again.

    :param answer: why it could not be read the last time.
    """
    if row.failures >= MAX_FAILURES:
        return (Fact(RowCode.KEEPS_FAILING),)
    if row.waits_since is not None and now - row.waits_since >= MEMBER_READ_FOR:
        return (Fact(RowCode.NOT_READ, {"answer": as_values(answer)}),)
    return ()

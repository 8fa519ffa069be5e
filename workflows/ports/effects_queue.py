"""Stored effects that wait to be performed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from workflows.core.errors.facts import Facts
from workflows.core.requests.effects import CheckPermission, Effect


class QueueCode(StrEnum):
    """Why an effect was given up by the queue itself."""

    UNREADABLE = "effect_unreadable"
    """Values: `problems`, how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEffect:
    """An effect that is stored and not yet performed."""

    id: int
    lane: str
    """Effects of one lane are performed one after the other, oldest first. Lanes run in parallel."""
    effect: Effect
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """An effect that was given up: stored, and not tried until somebody decides."""

    id: int
    lane: str
    error: Facts
    """Why it was given up."""
    effect: Effect | None
    """None when it cannot be read."""


class EffectsQueue(Protocol):
    """The queue of effects. `commit` of the records adds them in the same transaction."""

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List the oldest due effect of each lane: at most `limit` of each rank, the first rank first.

        An effect that waits for a later time does not delay its lane.
        """

    async def count_pending(self, now: datetime) -> tuple[int, int, int]:
        """Count the effects that are due, that wait for a later time, and that are parked."""

    async def done(self, effect_id: int) -> None:
        """Mark an effect as performed."""

    async def retry(self, effect_id: int, at: datetime, error: Facts) -> None:
        """Postpone an effect until `at`, and count one more attempt."""

    async def park(self, effect_id: int, error: Facts) -> None:
        """Give up an effect; it stays visible and does not delay its lane."""

    async def unchecked_clicks(self) -> Sequence[CheckPermission]:
        """List the stored, unchecked clicks, oldest first, without those that were given up."""

    async def given_up(self) -> Sequence[GivenUp]:
        """List the effects that were given up, oldest first."""

    async def retry_given_up(self, effect_id: int) -> None:
        """Retry a given-up effect, as if for the first time; do nothing when it is not given up."""

    async def drop_given_up(self, effect_id: int) -> None:
        """Drop a given-up effect; do nothing when it is not given up."""

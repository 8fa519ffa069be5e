"""Stored effects that wait to be performed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows.core.requests.effects import CheckPermission, Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEffect:
    """An effect that is stored and not yet performed."""

    id: int
    lane: str
    """Effects of one lane are performed one after the other, oldest first; lanes run side by side."""
    effect: Effect
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """An effect that was given up: stored, and not tried until somebody decides."""

    id: int
    lane: str
    error: str
    """Why."""
    effect: Effect | None
    """None where it cannot be read."""


class EffectsQueue(Protocol):
    """Where effects wait. `commit` of the records puts them there, in the same transaction."""

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List the oldest due effect of each lane: at most `limit` of each rank, the first rank first.

        One that waits for later does not hold up its lane.
        """

    async def count_pending(self, now: datetime) -> tuple[int, int, int]:
        """Count the effects that are due, that wait for later, and that are parked."""

    async def done(self, effect_id: int) -> None:
        """Mark an effect as performed."""

    async def retry(self, effect_id: int, at: datetime, error: str) -> None:
        """Put an effect off until `at`, counting one more attempt."""

    async def park(self, effect_id: int, error: str) -> None:
        """Return an effect up; it stays visible and holds no lane."""

    async def unjudged(self) -> Sequence[CheckPermission]:
        """List the clicks that are stored and not judged yet, oldest first; those that were given up are left out."""

    async def given_up(self) -> Sequence[GivenUp]:
        """List the effects that were given up, oldest first."""

    async def retry_given_up(self, effect_id: int) -> None:
        """Have a given up effect tried again, as if for the first time; nothing where it is not given up."""

    async def drop_given_up(self, effect_id: int) -> None:
        """Forget a given up effect; nothing where it is not given up."""

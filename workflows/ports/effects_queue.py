"""The interface to the queue of stored effects."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from workflows.core.errors.facts import Facts
from workflows.core.requests.effects import CheckPermission, Effect, WorkKind


class QueueCode(StrEnum):
    """Why an effect was given up by the queue itself."""

    UNREADABLE = "effect_unreadable"
    """Values: `problems`, how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEffect:
    """A stored effect that has not been performed yet."""

    id: int
    lane: str
    """Effects of one lane are performed one after the other: what closes access first, then oldest first.

    Lanes run in parallel.
    """
    effect: Effect
    attempts: int
    own_faults: int = 0
    """How often it failed because of an error in Gatehouse. Outages do not count."""


@dataclass(frozen=True, slots=True)
class Done:
    """An effect was performed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAt:
    """An attempt failed, and the effect is due again later."""

    due_at: datetime
    error: Facts
    """Why the attempt failed."""
    own_faults: int = 0
    """How often the effect has failed because of an error in Gatehouse, with this attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """An effect is given up. It stays stored, and no longer delays its lane."""

    error: Facts
    """Why it is given up."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An attempt was stopped, because another process has taken the effect over. Nothing of it is stored here."""


Outcome = Done | RetryAt | GivenUp | TakenOver
"""What came of one attempt to perform an effect."""


class EffectTakenOver(Exception):
    """Another process has taken over the effect that is being performed, because this one seemed to be dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUpEffect:
    """An effect that was given up. It stays stored, and is not performed until an admin decides about it."""

    id: int
    lane: str
    error: Facts
    """Why it was given up."""
    effect: Effect | None
    """The effect; None when it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMessage:
    """A message that was tried several times and is tried again."""

    lane: str
    error: Facts
    """Why the last attempt failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWork:
    """What is due, waits, and is open at one moment."""

    effects_due: int = 0
    effects_later: int = 0
    """Effects that wait for their next attempt."""
    effects_parked: int = 0
    due_records: frozenset[str] = frozenset()
    """The ids of the requests and of the partners for which something is due; see `RecordStore.due`."""
    open_alarms: Mapping[str, int] = field(default_factory=dict)
    """How many alarms are open, by the stored value of their code."""
    open_drifts: Mapping[str, int] = field(default_factory=dict)
    """For how many partners drift is open, by the value of its code."""
    last_complete_sweep: datetime | None = None
    """When the last complete sweep began; None when there was none."""
    incomplete_sweeps: int = 0
    """How many sweeps after it were incomplete."""
    is_frozen: bool = False
    """Whether writes that open access are frozen; True also when the record of the freeze cannot be read."""


class EffectsQueue(Protocol):
    """The queue of stored effects. `RecordStore.commit` adds effects in the same transaction as the records."""

    @property
    def shared_queue(self) -> "SharedQueue | None":
        """Return what several processes claim effects from; None when one process uses the store."""

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List one due effect of each lane, sorted by priority, at most `limit` of each priority and kind.

        It is the oldest one that closes access, otherwise the oldest. Of one priority, people take turns with their
        clicks and requests (`asked_by`), after what nobody asked for, such as a write. Preparations are a kind of their
        own, so that many of them hide no click.
        An effect that waits for a later time does not delay the others of its lane. What would be due later than any
        attempt is ever put off was stored before the clock was set back, and is due now.
        """

    async def count_pending(self, now: datetime) -> tuple[int, int, int]:
        """Count the effects that are due, that wait for their next attempt, and that are parked."""

    async def stored_work(self, now: datetime) -> StoredWork:
        """Read what is due, waits, and is open, as numbers and ids, with one statement. Unreadable records count."""

    async def may_change_alarms(self) -> bool:
        """Return whether anything is stored that an alarm can be about or that can end one, with one statement.

        That is an open alarm, an open request, an unchecked click, an effect that was given up, or a message that was
        tried several times. Unreadable ones count.
        """

    async def mark_done(self, effect_id: int) -> None:
        """Mark an effect as performed."""

    async def retry(self, effect_id: int, due_at: datetime, error: Facts) -> None:
        """Store that an attempt failed, and that the effect is due again at `due_at`.

        :param error: why the attempt failed.
        """

    async def give_up(self, effect_id: int, error: Facts) -> None:
        """Give up an effect. It stays stored, and no longer delays its lane.

        :param error: why it is given up.
        """

    async def is_still_mine(self) -> bool:
        """Return whether the effect that is being performed here is still this process's own.

        Another process may have taken it over while this one did not run, for example because it was suspended. In
        `SharedQueue.leading`: whether this process still leads. True elsewhere, and always for a store that one process
        uses.
        """

    async def unchecked_clicks(self) -> Sequence[CheckPermission]:
        """List the clicks whose permission has not been checked, oldest first, without those that were given up."""

    async def given_up_effects(self) -> Sequence[GivenUpEffect]:
        """List the effects that were given up, oldest first."""

    async def waiting_messages(self, attempts: int) -> Sequence[WaitingMessage]:
        """List the messages, cards and alarms that were tried at least so often and are tried again, oldest first."""

    async def retry_given_up(self, effect_id: int) -> None:
        """Make an effect that was given up due now; do nothing when it is not given up."""

    async def drop_given_up(self, effect_id: int) -> None:
        """Delete an effect that is not tried any more; do nothing when it is still tried."""


class SharedQueue(Protocol):
    """The queue of a store that several processes use. Each effect is claimed by one of them before it is performed."""

    replicas: int
    """How many processes perform effects, as far as this one knows; at least 1."""
    on_note: Callable[[str], None] | None
    """Called with the name of each note that any process stores (`ports.store.SharedNotes`), and with an empty name
    when notes may have been missed; None when nobody waits for them."""

    async def has_others(self) -> bool:
        """Return whether other processes live now. One that was killed does not, also while its heartbeat is new."""

    async def beat(self) -> bool:
        """Tell the others that this process lives, and take back what processes claimed that are dead.

        :returns: False when the others had taken this process for dead: what it claimed is not its own any more.
        """

    async def release_due(self) -> None:
        """Put what was delayed and is due now back into its lane."""

    async def claim(self, kinds: Collection[WorkKind]) -> PendingEffect | None:
        """Claim the most important effect of these kinds whose lane is free; None when there is none.

        Of one priority, what nobody asked for comes first, such as a write; then people take turns. No lane has two
        effects that are claimed, in whatever process. An effect that cannot be read is given up.
        """

    async def claim_one(self, effect_id: int) -> PendingEffect | None:
        """Claim one effect; None when it does not wait any more, or its lane is not free."""

    def leading(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Return a context in which one process does what only one may do; True when this is that process.

        A process keeps the lead from call to call, until it ends, resigns, or is silent for so long that it counts as
        dead. So what it remembers from call to call is of use, and a change of the lead is like a restart.
        """

    async def resign(self, name: str) -> None:
        """Give up the lead, so that another process has it at once."""

    async def leader(self, name: str) -> int | None:
        """Return the number of the process that has the lead now, as its log says it; None when none has it."""

    def in_lane(self, lane: str) -> AbstractAsyncContextManager[bool]:
        """Return a context in which this process takes part in a lane of which it has claimed no effect.

        False when something of the lane is performed now, in whatever process. It is not waited for.
        """

    def holding(self, pending: PendingEffect) -> AbstractContextManager[None]:
        """Return the context in which a claimed effect is performed and settled, for `EffectsQueue.is_still_mine`.

        An error that leaves it, as a cancellation, gives the effect back with the next heartbeat.
        """

    async def settle(self, pending: PendingEffect, outcome: Outcome) -> bool:
        """Store what came of an attempt, and free the lane.

        :returns: False when another process has taken the effect over. Then nothing is stored.
        """

    async def listen(self, woken: Callable[[], None]) -> None:
        """Call `woken` whenever an effect may be due that was not before. Ends only when it is cancelled, or fails."""

    async def leave(self) -> None:
        """Give back at once what this process has claimed, and tell the others that it has ended."""


class EffectsRunner(Protocol):
    """What performs stored effects as long as a process lives."""

    def wake(self) -> None:
        """Look for work now."""

    async def run(self) -> None:
        """Perform due effects until cancelled. Unfinished effects stay stored, and are performed later."""

    async def drain(self) -> None:
        """Begin nothing more, and wait until what is running has ended.

        The caller limits the time, and then cancels `run`.
        """

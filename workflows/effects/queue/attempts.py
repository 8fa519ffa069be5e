"""Perform one effect, and decide what comes of the attempt. The same for every store.

An effect is retried as long as another system does not accept it. After a few failures because of an error in
Gatehouse, an effect is given up ("parked"), and an alarm reports it. Effects that must not be given up, such as a
revocation, are never parked.
"""

import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from workflows.core.errors.facts import Facts, log_text, text_fact
from workflows.core.errors.raised import CodedError, FactsError
from workflows.core.requests.effects import Effect
from workflows.effects.queue.log_context import lines_name
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import Done, GivenUp, Outcome, PendingEffect, RetryAt
from workflows.ports.notifier import NotifierBlocked, NotifierRefused, NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.records import StoreNotWritable
from workflows.ports.tenant import MAX_RETRY_AFTER, TenantUnavailable

_MAX_RETRY_SECONDS: Final = 60.0
_MAX_BLOCKED_SECONDS: Final = 300.0
"""The longest pause of an effect that waits for an admin to repair something."""
_MAX_KEPT_SECONDS: Final = 300.0
"""The longest pause of an effect that must not be given up."""
_ATTEMPTS_WITH_OUR_OWN_FAULT: Final = 5

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Performs effects, one attempt at a time. Nothing is stored about the queue here."""

    clock: Clock
    perform: Callable[[Effect], Awaitable[None]]
    """Performs one effect; the error that it raises decides between retry and parking."""
    may_give_up: Callable[[Effect, Facts], Awaitable[bool]]
    """Called with the reason before an effect is parked. When it returns False, the effect is retried instead."""
    gave_up: Callable[[PendingEffect, Facts], Awaitable[None]]
    """Called with the reason after it was stored that an effect is parked."""
    pauses: Pauses = USUAL_PAUSES

    async def attempt(self, pending: PendingEffect) -> Outcome:
        """Perform an effect once, and return what came of it. Each log line names what the effect is about."""
        with lines_name(pending.effect):
            return await self._attempt(pending)

    async def _attempt(self, pending: PendingEffect) -> Outcome:
        log = _log.bind(effect=pending.effect.kind, effect_id=pending.id, attempt=pending.attempts + 1)
        try:
            await self.perform(pending.effect)
        except (TenantUnavailable, PeopleDirectoryUnavailable, NotifierUnavailable, StoreNotWritable) as error:
            log.warning("effect_waits", reason=str(error))
            longest = _MAX_BLOCKED_SECONDS if isinstance(error, NotifierBlocked) else _MAX_RETRY_SECONDS
            return self._retry_later(pending, error.facts, getattr(error, "retry_after", None), longest)
        except NotifierRefused as error:
            log.warning("effect_refused", reason=str(error))
            return await self._give_up(pending, error.facts, pending.own_faults)
        except Exception as error:
            log.exception("effect_failed")
            reason = error.facts if isinstance(error, FactsError | CodedError) else (text_fact(repr(error)),)
            own_faults = pending.own_faults + 1
            if own_faults >= _ATTEMPTS_WITH_OUR_OWN_FAULT:
                return await self._give_up(pending, reason, own_faults)
            return self._retry_later(pending, reason, own_faults=own_faults)
        return Done()

    async def _give_up(self, pending: PendingEffect, reason: Facts, own_faults: int) -> Outcome:
        """Give up an effect. An effect that must not be given up is retried instead."""
        if not await self._is_given_up(pending.effect, reason):
            return self._retry_later(pending, reason, longest=_MAX_KEPT_SECONDS, own_faults=own_faults)
        _log.warning("effect_parked", effect=pending.effect.kind, effect_id=pending.id, reason=log_text(reason))
        return GivenUp(error=reason)

    async def _is_given_up(self, effect: Effect, reason: Facts) -> bool:
        try:
            return await self.may_give_up(effect, reason)
        except Exception:
            _log.exception("giving_up_not_decided")  # not known whether it may be given up, so it is retried
            return False

    def _retry_later(
        self,
        pending: PendingEffect,
        error: Facts,
        after: float | None = None,
        longest: float = _MAX_RETRY_SECONDS,
        *,
        own_faults: int | None = None,
    ) -> RetryAt:
        if after is not None and after >= 0 and not math.isnan(after):
            seconds = min(after, MAX_RETRY_AFTER)
        else:
            # Half of the pause is random, so that many waiting effects are not retried at the same time.
            pause_seconds = min(longest, self.pauses.effect_retried_after * 2 ** min(pending.attempts, 20))
            seconds = pause_seconds * (0.5 + random.random() / 2)  # noqa: S311
        return RetryAt(
            due_at=self.clock.now() + timedelta(seconds=seconds),
            error=error,
            own_faults=pending.own_faults if own_faults is None else own_faults,
        )

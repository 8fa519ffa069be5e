"""A process that performs the effects of a database, for tests that kill or suspend it.

Run: python -m tests.workflows.store.postgres.replica URL NAME LOG DEAD_AFTER SECONDS. Each message is begun and
written to the log, unless another process has taken it over meanwhile, as a write to the tenant is. The message "one"
takes so many seconds.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.jobs_database import JobsStore
from workflows.core.errors.facts import Facts
from workflows.core.requests.effects import Effect, SendMessage
from workflows.effects.queue.attempts import Attempts
from workflows.effects.queue.job_worker import JobWorker
from workflows.ports.effects_queue import EffectTakenOver, PendingEffect


async def run(url: str, name: str, log: Path, dead_after: float, seconds: float) -> None:
    """Perform effects until the process ends."""
    clock = FixedClock()
    store = JobsStore(url, clock, dead_after=timedelta(seconds=dead_after))
    await store.open()

    def say(what: str, effect: SendMessage) -> None:
        with log.open("a") as file:
            file.write(f"{name} {what} {effect.fact.values['text']}\n")

    async def perform(effect: Effect) -> None:
        assert isinstance(effect, SendMessage)
        say("begins", effect)
        await asyncio.sleep(seconds if effect.fact.values["text"] == "one" else 0)
        if not await store.is_still_mine():
            say("leaves", effect)
            raise EffectTakenOver
        say("writes", effect)

    async def may_give_up(effect: Effect, reason: Facts) -> bool:
        return True

    async def gave_up(pending: PendingEffect, reason: Facts) -> None:
        return None

    attempts = Attempts(clock=clock, perform=perform, may_give_up=may_give_up, gave_up=gave_up)
    await JobWorker(queue=store.jobs, attempts=attempts, beats_every=dead_after / 5).run()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])))

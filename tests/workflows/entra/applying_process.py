"""A process that applies an approved batch through the real SDK, on a store file that others had before it.

python -m tests.workflows.entra.applying_process FILE GRAPH_URL AUTHORITY_URL BEGAN

It prints `ready` before its first request, and ends with status 0 when the batch has ended. It is meant to be killed:
it catches no signal, and keeps nothing that the file does not have. What it needs of people is the tests' usual ones.
"""

import asyncio
import logging
import sys
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from tests.workflows.app.batches.access import BATCH_OF_ACCESS
from tests.workflows.app.batches.many import batch_of
from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FixedClock
from tests.workflows.world import WAITS, open_world
from workflows.entra import EntraSettings, connect


@dataclass(slots=True)
class RunningClock(FixedClock):
    """A clock that runs as this machine's does, from the moment at which the batch was approved."""

    began: float = 0.0
    """That moment, in seconds since 1970."""

    def now(self) -> datetime:
        """The present."""
        return NOW + timedelta(seconds=time.time() - self.began)


async def apply(path: Path, settings: EntraSettings, began: float) -> None:
    """Advance the batch as the queue does until it has ended, with the pauses that are asked for."""
    async with open_world(path, clock=RunningClock(began=began)) as world:
        entra = connect(settings)
        try:
            runner = replace(
                world.performer.batches,
                applier=replace(world.applier, tenant=entra),
                preparer=replace(world.preparer, tenant=entra),
            )
            print("ready", flush=True)
            while not (await batch_of(world, BATCH_OF_ACCESS)).has_ended:
                try:
                    await runner.advance(BATCH_OF_ACCESS)
                except WAITS as error:
                    await asyncio.sleep(max(1.0, getattr(error, "retry_after", None) or 1.0))
        finally:
            await entra.close()


def main() -> None:
    """Apply the batch in a file. Nobody reads its standard output after the first line, so errors go elsewhere."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    file, graph_url, authority_url, began = sys.argv[1:]
    settings = EntraSettings(graph_url=graph_url, authority_host=authority_url)
    asyncio.run(apply(Path(file), settings, float(began)))


if __name__ == "__main__":
    main()

"""What it takes to write many partners with one decision: requests, calls in ten seconds, and kills in between.

The partners are written by a process of its own, which is killed with SIGKILL and started again on its file.

python -m tests.bench.waves [--count 1000] [--kills 20] [--seed N] [--share 0.1]
"""

import argparse
import asyncio
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from random import randrange
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from bot.sandbox import seed as sandbox_seed
from bot.sandbox.entra import TokenAuthority
from tests.workflows.entra.killed_processes import write_killed
from tests.workflows.entra.simulated_tenant import CLIENT_ID, SECRET
from tests.workflows.entra.test_waves_killed import check, told

REQUESTS_A_MEMBER: Final = 0.3
"""About how many requests each member takes. The kills are spread over as many."""


async def measure(count: int, kills: int, seed: int, share: float) -> str:
    """Write a batch, check that nothing is lost or doubled, and return the figures in one line."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        authority = TokenAuthority(
            tenant_id=sandbox_seed.HOME_TENANT_ID,
            client_id=CLIENT_ID,
            client_secret=SECRET,
            now=lambda: datetime.now(UTC),
        )
        await authority.start(folder)
        os.environ |= {
            "AZURE_TENANT_ID": sandbox_seed.HOME_TENANT_ID,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": SECRET,
            "SSL_CERT_FILE": str(authority.ca_file),
        }
        try:
            figures = await write_killed(
                authority,
                folder,
                count=count,
                kills=kills,
                requests=round(REQUESTS_A_MEMBER * count),
                seed=seed,
                share=share,
            )
        finally:
            await authority.stop()
        check(figures, count)
        return told(figures, seed)


def main() -> None:
    """Measure once, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--share", type=float, default=0.1)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    seed = randrange(10**6) if given.seed is None else given.seed
    print(asyncio.run(measure(given.count, given.kills, seed, given.share)))


if __name__ == "__main__":
    main()

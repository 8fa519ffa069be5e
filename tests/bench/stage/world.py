"""The simulated Slack and Entra as a process of their own, without a bot.

`python -m tests.bench.stage.world FOLDER`.
"""

import asyncio
import signal
import sys
from pathlib import Path

from bot.sandbox.server import Sandbox


async def main(data: Path) -> None:
    """Serve until SIGTERM. Prints the address when everything answers."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sandbox = Sandbox(data)
    await sandbox.start(0)
    print(sandbox.url, flush=True)
    await stop.wait()
    await sandbox.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

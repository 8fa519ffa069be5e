"""The least that such a bot can be: slack-bolt over aiohttp, which stores one row before it acknowledges.

It verifies the signature, stores durably (WAL, `synchronous=FULL`), and answers. What the bot takes beyond this is its
own. `python -m tests.bench.stage.bare FILE` with the bot's settings in the environment.
"""

import asyncio
import json
import os
import re
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp

_ANY: Final = re.compile(".*")


class Rows:
    """One table, and the one thread that writes it: an event loop must not wait for the disk."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.execute("create table if not exists clicks (id integer primary key, doc text not null)")

    async def add(self, doc: str) -> None:
        """Store one row durably."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._add, doc)

    def _add(self, doc: str) -> None:
        self._db.execute("insert into clicks (doc) values (?)", (doc,))


def application(rows: Rows) -> web.Application:
    """Return the application: any button and any form is stored, then acknowledged."""
    app = AsyncApp(
        name="bare",
        token=os.environ["SLACK_BOT_TOKEN"],
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        process_before_response=True,
    )
    app.client.base_url = os.environ["SLACK_API_URL"]

    @app.action(_ANY)
    @app.view(_ANY)
    async def store(ack: AsyncAck, body: dict[str, Any]) -> None:
        await rows.add(json.dumps(body))
        await ack()

    async def ready(_: web.Request) -> web.Response:
        return web.Response(text="ready\n")

    served: web.Application = app.web_app()
    served.router.add_get("/readyz", ready)
    return served


if __name__ == "__main__":
    web.run_app(
        application(Rows(sys.argv[1])), host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None
    )

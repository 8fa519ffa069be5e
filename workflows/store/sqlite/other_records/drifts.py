"""The drift that sweeps found, and the freeze, in the embedded store.

There is one record of drift for each partner and one for the default, and one record of the freeze.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from pydantic import ValidationError

from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.core.requests.request import AccessRequest
from workflows.ports.records import FreezeUnreadable
from workflows.store.codec import DRIFT, FREEZE, REQUEST, load
from workflows.store.columns import text_of
from workflows.store.sqlite.database import SqliteDatabase, readable

FREEZE_ID: Final = "freeze"
_OPEN: Final = "select subject as id, doc from drifts where is_open = 1 order by found_at, subject"

Picked = TypeVar("Picked")


class SqliteDrifts(SqliteDatabase):
    """Reads drift. `SqliteStore.commit` changes it."""

    async def drift(self, subject: DriftSubject) -> Drift | None:
        """Load the record of one partner's drift, also when it has ended."""
        rows = await self._query("select doc from drifts where subject = ?", subject)
        return load(DRIFT, rows[0]["doc"]) if rows else None

    async def open_drifts(self) -> Sequence[Drift]:
        """List the drift that has not ended, the oldest first."""
        return readable(DRIFT, await self._query(_OPEN))

    async def count_open_drifts(self) -> int:
        """Count the drift that has not ended."""
        rows = await self._query("select count(*) as count from drifts where is_open = 1")
        return int(rows[0]["count"])

    async def picked_drifts(self, pick: Callable[[Drift], Picked]) -> Sequence[Picked]:
        """List something of the drift that has not ended, the oldest first. Nothing else is kept in memory."""
        return await self._run_on_second_connection(partial(_picked, pick=pick))

    async def drifts_to_ask_again(self, now: datetime) -> Sequence[Drift]:
        """List the open drift with an acceptance that has ended."""
        sql = "select subject as id, doc from drifts where ask_again_at <= ? order by ask_again_at"
        return readable(DRIFT, await self._query(sql, text_of(now)))

    async def has_rewritten_drift(self, after: datetime, until: datetime) -> bool:
        """Return whether Gatehouse wrote a partner with open drift in this time."""
        # NB. the expression of the index `partnerships_by_since`, so that only partners written in this time are read.
        since = "julianday(json_extract(partnerships.doc, '$.since'))"
        sql = f"""select 1 from partnerships where json_valid(partnerships.doc) and {since} > julianday(?)
            and {since} <= julianday(?)
            and exists (select 1 from drifts where subject = tenant_id and is_open = 1) limit 1"""  # noqa: S608
        return bool(await self._query(sql, after.isoformat(), until.isoformat()))

    async def drifts_without_author(self) -> Sequence[Drift]:
        """List the open drift whose author the audit log has not named yet, the oldest first."""
        sql = "select subject as id, doc from drifts where is_open = 1 and needs_author = 1 order by found_at, subject"
        return readable(DRIFT, await self._query(sql))


def _picked(db: sqlite3.Connection, pick: Callable[[Drift], Picked]) -> list[Picked]:
    return [
        pick(drift) for subject, text in db.execute(_OPEN) for drift in readable(DRIFT, [{"id": subject, "doc": text}])
    ]


class SqliteFreezes(SqliteDatabase):
    """Reads the freeze. `SqliteStore.commit` changes it."""

    async def freeze(self) -> Freeze | None:
        """Load the newest freeze, also when it has ended; see `ports.records`."""
        rows = await self._query("select version, doc from freezes")
        if not rows:
            return None
        try:
            freeze = load(FREEZE, rows[0]["doc"])
        except ValidationError as error:
            raise FreezeUnreadable(rows[0]["version"]) from error
        if len(rows) > 1 or freeze.version != rows[0]["version"]:
            raise FreezeUnreadable(rows[0]["version"])
        return freeze

    async def requests_to_apply(self) -> Sequence[AccessRequest]:
        """List the requests whose plan is to be written, or is being written, oldest first."""
        sql = "select id, doc from requests where state = 'applying' order by created_at"
        return readable(REQUEST, await self._query(sql))


def is_stored_as_frozen(doc: str) -> bool:
    """Return whether a stored record says that it is frozen; True for one that cannot be read."""
    try:
        return load(FREEZE, doc).is_frozen
    except ValidationError:
        return True

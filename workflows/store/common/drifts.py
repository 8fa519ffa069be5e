"""The drift that sweeps found, and the freeze.

There is one record of drift for each partner and one for the default, and one record of the freeze.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.core.requests.request import AccessRequest
from workflows.ports.records import FreezeUnreadable
from workflows.store.codec import DRIFT, FREEZE, REQUEST, load
from workflows.store.columns import text_of
from workflows.store.common.queries import Queries
from workflows.store.common.reading import readable

OPEN_DRIFTS: Final = "select subject as id, doc from drifts where is_open = 1 order by found_at, subject"


class DriftRecords(Queries):
    """Reads drift. `commit` changes it."""

    async def drift(self, subject: DriftSubject) -> Drift | None:
        """Load the record of one partner's drift, also when it has ended."""
        rows = await self._query("select doc from drifts where subject = ?", subject)
        return load(DRIFT, rows[0]["doc"]) if rows else None

    async def open_drifts(self) -> Sequence[Drift]:
        """List the drift that has not ended, the oldest first."""
        return readable(DRIFT, await self._query(OPEN_DRIFTS))

    async def count_open_drifts(self) -> int:
        """Count the drift that has not ended."""
        rows = await self._query("select count(*) as count from drifts where is_open = 1")
        return int(rows[0]["count"])

    async def drifts_to_ask_again(self, now: datetime) -> Sequence[Drift]:
        """List the open drift with an acceptance that has ended."""
        sql = "select subject as id, doc from drifts where ask_again_at <= ? order by ask_again_at"
        return readable(DRIFT, await self._query(sql, text_of(now)))

    async def drifts_without_author(self) -> Sequence[Drift]:
        """List the open drift whose author the audit log has not named yet, the oldest first."""
        sql = "select subject as id, doc from drifts where is_open = 1 and needs_author = 1 order by found_at, subject"
        return readable(DRIFT, await self._query(sql))


class FreezeRecords(Queries):
    """Reads the freeze. `commit` changes it."""

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

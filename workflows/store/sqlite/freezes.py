"""The freeze of all writes that open access, in the embedded store: one record."""

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from workflows.core.policy.freeze import Freeze
from workflows.core.requests.request import AccessRequest
from workflows.ports.records import FreezeUnreadable
from workflows.store.codec import FREEZE, REQUEST, load
from workflows.store.sqlite.database import SqliteDatabase, readable

FREEZE_ID: Final = "freeze"


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

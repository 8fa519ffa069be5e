"""Read the freeze of all writes that open access, so that a record that cannot be read counts as a freeze."""

from datetime import UTC, datetime
from typing import Final

import structlog

from workflows.core.policy.stops.freeze import Freeze, FreezeState
from workflows.ports.records import FreezeUnreadable
from workflows.ports.store import Store

UNREADABLE: Final = Freeze(version=0, state=FreezeState.FROZEN, since=datetime.fromtimestamp(0, UTC), by="", reason="")
"""Stands for a record that cannot be read. Nothing that opens access is written until it is repaired."""

_log = structlog.get_logger()


async def known_freeze(store: Store) -> Freeze | None:
    """Return the freeze that is in force; `UNREADABLE` when that cannot be read; None when nothing is frozen."""
    freeze = await last_freeze(store)
    return freeze if freeze is not None and freeze.is_frozen else None


async def last_freeze(store: Store) -> Freeze | None:
    """Return the newest freeze, also when it has ended; `UNREADABLE` when it cannot be read."""
    try:
        return await store.freeze()
    except FreezeUnreadable as error:
        _log.error("freeze_unreadable", version=error.version)
        return UNREADABLE

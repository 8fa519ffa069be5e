"""Ask for a scan of sign-ins and guests although no review needs one.

A boundary: whoever asks does not know what scans.
"""

from datetime import datetime
from typing import Final

from workflows.ports.store import Store

WANTED_AT: Final = "usage_wanted_at"
"""The name of the mark with the time when somebody last asked for a scan."""


async def want_scan(store: Store, now: datetime) -> None:
    """Ask for a scan, although no review is due soon. It is taken when the last one is older than its interval."""
    await store.save_mark(WANTED_AT, now.isoformat())

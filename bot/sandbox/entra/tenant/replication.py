"""Keep what partners looked like shortly before, to serve reads from a replica that lags behind."""

import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

_KEEP_SECONDS = 3600.0


class PartnerHistory:
    """Before-images of partners by real time: a moved sandbox clock must not make a lagging replica catch up."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._images: list[tuple[float, str, Any]] = []

    def note(self, tenant_id: str, before: Mapping[str, Any] | None) -> None:
        """Remember that `tenant_id` looked like `before` (None = it was not there) until now."""
        now = self._monotonic()
        self._images = [row for row in self._images if row[0] > now - _KEEP_SECONDS]
        self._images.append((now, tenant_id, deepcopy(before)))

    def seen_with_lag(self, partners: Mapping[str, Any], lag_seconds: float) -> dict[str, Any]:
        """Return `partners` as they were `lag_seconds` ago (at most an hour)."""
        horizon = self._monotonic() - lag_seconds
        seen = dict(partners)
        # The newest first, so that the oldest image inside the lag has the last word.
        for written_at, tenant_id, before in reversed(self._images):
            if written_at <= horizon:
                break
            if before is None:
                seen.pop(tenant_id, None)
            else:
                seen[tenant_id] = before
        return seen

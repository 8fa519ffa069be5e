"""Keep two plans about one partner apart: the second is applied when the first has ended.

The lanes of the queue do this for requests of their own. Members of a batch are applied in the lane of their batch, so
a revocation of the same partner must wait here. Otherwise an opening that is on its way could arrive after the block.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from workflows.core.settings.model import TenantId


@dataclass(slots=True)
class _Turns:
    """The turns of one partner."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    """How many have or await a turn."""


@dataclass(frozen=True, slots=True)
class OneAtATime:
    """Gives turns, one at a time for each partner, in this process. A lane keeps several processes apart."""

    _turns: dict[TenantId, _Turns] = field(default_factory=dict)

    def is_taken(self, tenant_id: TenantId) -> bool:
        """Return whether a plan about the partner is being applied now, or waits for that."""
        return tenant_id in self._turns

    @asynccontextmanager
    async def turn(self, tenant_id: TenantId) -> AsyncIterator[None]:
        """Wait until no other plan about the partner is being applied."""
        turns = self._turns.setdefault(tenant_id, _Turns())
        turns.users += 1
        try:
            async with turns.lock:
                yield
        finally:
            turns.users -= 1
            if not turns.users:
                del self._turns[tenant_id]

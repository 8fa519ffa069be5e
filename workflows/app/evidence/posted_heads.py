"""Post the head of the audit log once a day, where people keep it who cannot change the database.

The entry `post_audit_head` says which head was posted when. Its key has the day, so that a restart posts nothing twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date

from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.audit.chain import BEGINNING
from workflows.core.audit.heads import HEAD_POSTED, head_of, head_text
from workflows.core.requests.effects import PostAuditHead
from workflows.ports.clock import Clock
from workflows.ports.records import Commit
from workflows.ports.store import Store


@dataclass(slots=True, kw_only=True)
class PostedHeads:
    """Posts the head of each day (UTC). On the first day of the log there is no day before it, so none is posted."""

    store: Store
    clock: Clock
    wake: Callable[[], None]
    start_name: Callable[[], Awaitable[str]]
    """Returns the installation and the number of its start; empty where they are not known."""
    _done: date | None = field(default=None, init=False)
    """The day that needs nothing more; only so that it is not looked up at each tick."""

    async def check(self) -> None:
        """Post the head of today, unless that was done. Safe to repeat, also after a restart."""
        now = self.clock.now().astimezone(UTC)
        if self._done == now.date():
            return
        key = f"{HEAD_POSTED}:{now.date().isoformat()}"
        if not await self.store.is_known(key) and await self._began_before(now.date()):
            end = await self.store.chain_end()
            head = head_text(head_of(end, now, await self.start_name()))
            entry = entry_of(key, now, None, HEAD_POSTED, {"head": head, "seq": end.seq})
            await self.store.commit(Commit(entry=entry, effects=(PostAuditHead(head=head, seq=end.seq),)))
            self.wake()
        self._done = now.date()

    async def _began_before(self, day: date) -> bool:
        first = await self.store.entries_after(BEGINNING.seq, limit=1)
        return bool(first) and first[0].entry.at.astimezone(UTC).date() < day

"""The advisory locks of a database, and the order in which locks are taken.

Whoever takes two takes them in this order, so that no two transactions wait for each other:

1. `USE_LOCK`, by a session of its own.
2. `MIGRATION_LOCK`, at the start of whatever writes.
3. `PEOPLE_LOCK`, `FREEZE_LOCK`, and then those with a name: `card_lock`, `entry_lock`, `only_open_lock`, `lane_lock`.
4. `NUMBERS_LOCK`, only where somebody has no number yet.
5. The rows of records in the order of `PostgresStore._put_everything`, App Homes, effects.
6. The row `audit_head`, at the end.

NB. a key or a name stays as it is: bots of two versions run beside each other while they are replaced.
"""

from typing import Final

from workflows.core.requests.effects import Effect, lane
from workflows.core.settings.model import TenantId
from workflows.ports.message_copies import ClickedCard

MIGRATION_LOCK: Final = 0x67617465_0001
"""Guards the tables: held alone by whoever changes them, and together by each transaction that writes."""
FREEZE_LOCK: Final = 0x67617465_0002
"""Guards what a freeze stops: held together by each commit of a request, and alone by that of a freeze."""
USE_LOCK: Final = 0x67617465_0003
"""Guards the whole database: held together by bots, and alone by a command that needs the records for itself."""
PEOPLE_LOCK: Final = 0x67617465_0005
"""Guards what names a person: held together by each commit, and alone by a part of an erasure."""
NUMBERS_LOCK: Final = 0x67617465_0006
"""Guards the numbers of people: held alone by who gives one."""

NAMED_LOCK: Final = "pg_advisory_xact_lock(hashtextextended(?, 0))"
"""What takes a lock with a name alone, until the transaction ends. Its value is the name."""


def card_lock(card: ClickedCard) -> str:
    """Return the name of the lock under which a clicked card is checked: two unknown ones must not count both."""
    return f"card:{card.channel}:{card.subject}"


def entry_lock(key: str) -> str:
    """Return the name of the lock under which an entry with this key is stored, so that it is stored once."""
    return f"entry:{key}"


def only_open_lock(tenant_id: TenantId) -> str:
    """Return the name of the lock under which a request is stored that must be the only open one about a tenant."""
    return f"only:{tenant_id}"


def lane_lock(effect: Effect) -> str:
    """Return the name of the lock under which an effect is put off, so that it waits once in its lane."""
    return f"lane:{lane(effect)}"

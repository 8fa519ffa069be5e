"""What is stored, counted, in the embedded store."""

from datetime import datetime
from typing import Final

from workflows.core.requests.effects import Priority
from workflows.core.requests.request import RequestState
from workflows.ports.measuring import StoredNumbers
from workflows.store.columns import text_of
from workflows.store.sqlite.database import SqliteDatabase

_COUNTED: Final = """select 'request' as what, state as value, count(*) as number, null as since
        from requests indexed by requests_searched group by state
    union all select 'review', '', count(*), null from partnerships where state = 'review_due'
    union all select 'effect', rank, count(*), min(case when due_at <= ? then due_at end)
        from effects where is_parked = 0 group by rank"""


class SqliteNumbers(SqliteDatabase):
    """Implements `ports.measuring.NumbersReader`. A boundary: each other query of the store reads records."""

    async def numbers(self, now: datetime) -> StoredNumbers:
        """Count what is stored now, with one statement. The states of requests are read from an index alone."""
        rows = await self._query(_COUNTED, text_of(now))
        effects = [row for row in rows if row["what"] == "effect"]
        return StoredNumbers(
            requests={RequestState(row["value"]): row["number"] for row in rows if row["what"] == "request"},
            reviews_due=sum(row["number"] for row in rows if row["what"] == "review"),
            effects={Priority(row["value"]): row["number"] for row in effects},
            overdue_since={
                Priority(row["value"]): datetime.fromisoformat(row["since"]) for row in effects if row["since"]
            },
        )

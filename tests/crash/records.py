"""What the bot has stored, read beside it: whole requests, and the rows that the invariants are about."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.stores.bot_database import BotDatabase
from workflows.core.partners.partnership import Partnership
from workflows.core.requests.request import AccessRequest
from workflows.store.codec import PARTNERSHIP, REQUEST, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Everything at one moment."""

    requests: Sequence[AccessRequest]
    """Oldest first."""
    partnerships: Sequence[Partnership]
    batches: Sequence[str]
    """Their states, oldest first."""
    alarms: Sequence[str]
    """The codes of the open ones."""
    parked: int
    copies: Sequence[dict[str, Any]]
    """The posted copies of cards."""
    audit: Sequence[dict[str, Any]]
    """Oldest first."""
    drifts: Sequence[str]
    """The codes of the open ones."""

    @property
    def newest(self) -> AccessRequest:
        """Return the newest request."""
        return self.requests[-1]


def read(database: BotDatabase) -> Stored:
    """Read the records, also while a bot uses them."""
    requests, partnerships, batches, alarms, given_up, copies, audit, drifts = database.rows(
        "select doc from requests order by created_at, id",
        "select doc from partnerships order by 1",
        "select state from batches order by created_at",
        "select code from alarms where is_open = 1",
        database.given_up,
        "select * from copies",
        "select * from audit order by seq",
        "select code from drifts where is_open = 1",
    )
    return Stored(
        requests=[load(REQUEST, row["doc"]) for row in requests],
        partnerships=[load(PARTNERSHIP, row["doc"]) for row in partnerships],
        batches=[row["state"] for row in batches],
        alarms=sorted(row["code"] for row in alarms),
        parked=given_up[0]["count"],
        copies=copies,
        audit=[{**row, "details": json.loads(row["details"])} for row in audit],
        drifts=sorted(row["code"] for row in drifts),
    )

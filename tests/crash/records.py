"""What is in the bot's file, read beside it: whole requests, and the rows that the invariants are about."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.core.partners.partnership import Partnership
from workflows.core.requests.request import AccessRequest
from workflows.store.codec import PARTNERSHIP, REQUEST, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Everything of the file at one moment."""

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


def read(path: Path) -> Stored:
    """Read the file, also while a bot uses it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        db.execute("begin")

        def rows(sql: str) -> list[dict[str, Any]]:
            return [dict(row) for row in db.execute(sql)]

        return Stored(
            requests=[load(REQUEST, row["doc"]) for row in rows("select doc from requests order by created_at, id")],
            partnerships=[load(PARTNERSHIP, row["doc"]) for row in rows("select doc from partnerships order by 1")],
            batches=[row["state"] for row in rows("select state from batches order by created_at")],
            alarms=sorted(row["code"] for row in rows("select code from alarms where is_open = 1")),
            parked=rows("select count(*) as n from effects where is_parked = 1")[0]["n"],
            copies=rows("select * from copies"),
            audit=[{**row, "details": json.loads(row["details"])} for row in rows("select * from audit order by seq")],
            drifts=sorted(row["code"] for row in rows("select code from drifts where is_open = 1")),
        )

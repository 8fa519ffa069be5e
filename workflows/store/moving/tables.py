"""Which tables move, and what a row of SQLite is in PostgreSQL.

Texts of records stay byte for byte, because their checksums and the signatures of the audit log are over them. What
only PostgreSQL has in columns is taken out of the text, as its store does for a new record. A record that cannot be
read moves too: whoever reads it later finds the same damage.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from workflows.ports.records import StoreUnusable
from workflows.store.codec import PARTNERSHIP, REQUEST, load
from workflows.store.common.rows import text_of
from workflows.store.postgres.opening.schema import BEING_MOVED
from workflows.store.postgres.rows import partnership_columns, request_columns
from workflows.store.sqlite.migrations import MOVED_TO

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MovedTable:
    """One table that both kinds of store have."""

    name: str
    key: tuple[str, ...]
    number: str = ""
    """The column of PostgreSQL with the order in which the rows were added. In SQLite each row has such a number."""
    named_by: str = ""
    """The table whose rows name the key of this one, in a column of the same name. It is moved later."""


TABLES: Final = (
    MovedTable("requests", ("id",), number="number"),
    MovedTable("partnerships", ("tenant_id",)),
    MovedTable("batches", ("id",)),
    MovedTable("campaigns", ("id",)),
    MovedTable("absences", ("id",)),
    MovedTable("drifts", ("subject",)),
    MovedTable("denied_notices", ("subject",)),
    MovedTable("freezes", ("id",)),
    MovedTable("audit", ("seq",)),
    MovedTable("people", ("number",), named_by="identities"),
    MovedTable("identities", ("identifier",)),
    MovedTable("copies", ("channel", "message_id"), number="number"),
    MovedTable("homes", ("person",)),
    MovedTable("alarms", ("id",)),
    MovedTable("marks", ("name",)),
    MovedTable("profiles", ("chat_id",)),
    MovedTable("usage_scans", ("id",)),
    MovedTable("partner_usage", ("tenant_id",)),
    MovedTable("import_lookups", ("home", "name")),
)
"""Every table but that of the effects, in the order in which they are moved."""
EFFECTS: Final = MovedTable("effects", ("id",))
"""Waiting work. Each is a job in PostgreSQL; see `moved_jobs`."""
ALL_TABLES: Final = (*TABLES, EFFECTS)
OWN_MARKS: Final = frozenset({MOVED_TO, BEING_MOVED})
"""The marks that belong to one place, and do not move."""
_EXACT: Final = frozenset({"doc"})
"""Columns whose text must be the same, byte for byte."""


def postgres_row(table: MovedTable, row: Mapping[str, Any]) -> Row:
    """Return the row of PostgreSQL for a row of SQLite.

    :raises StoreUnusable: when PostgreSQL cannot hold a text of it.
    """
    found = {name: _storable(table, name, row) for name, value in row.items()}
    if table.name == "requests":
        return {**found, **_request_columns(found)}
    if table.name == "partnerships":
        return {**found, **_partnership_columns(found)}
    return found


def key_of(table: MovedTable, row: Mapping[str, Any]) -> str:
    """Return the key of a row, for people."""
    return " ".join(str(row[name]) for name in table.key)


def _storable(table: MovedTable, name: str, row: Mapping[str, Any]) -> Any:
    """Return a value as PostgreSQL holds it: no text has the character NUL, as in everything that its store writes.

    NB. such a text is never one that is signed: then it is refused.
    """
    value = row[name]
    if not isinstance(value, str):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _refused(table, row, "is damaged: its text is no UTF-8") from None
    if "\x00" not in value:
        return value
    if table.name == "audit" or name in _EXACT:
        raise _refused(table, row, "has the character NUL, which PostgreSQL cannot hold")
    return value.replace("\x00", "")


def _refused(table: MovedTable, row: Mapping[str, Any], why: str) -> StoreUnusable:
    return StoreUnusable(f"a row of {table.name} {why}: {key_of(table, row)[:100]!a}")


def _request_columns(row: Row) -> Row:
    try:
        return request_columns(load(REQUEST, row["doc"]))
    except ValidationError:
        record = _object(row["doc"])
        fields = _object(record.get("particulars"))
        return {
            "kind": str(fields.get("kind", "")),
            "target": str(fields.get("target", "")),
            "template_name": str(fields.get("template", "")),
            "changed_at": _moment(record.get("changed_at")) or row["created_at"],
            "approved_at": None,
            "read_at": _moment(record.get("confirmed_at") or record.get("changed_at")) or row["created_at"],
            "is_sent": int(any(record.get(name) for name in ("writing_since", "sent_before"))),
        }


def _partnership_columns(row: Row) -> Row:
    try:
        return partnership_columns(load(PARTNERSHIP, row["doc"]))
    except ValidationError:
        record = _object(row["doc"])
        return {
            "since": _moment(record.get("since")),
            "named": str(_object(record.get("identity")).get("asked", "")),
            "has_setup": int(bool(record.get("setup"))),
            "request_id": record.get("request_id") if isinstance(record.get("request_id"), str) else None,
        }


def _object(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, or a text of one; empty when it is none."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _moment(value: Any) -> str:
    """Return a time as it is stored in columns; empty when it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    return text_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))

"""Find the records and the entries that name a person, and the texts by which they know them.

A boundary: it reads with any connection, so that a long search does not hold up the store's own.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter

from workflows.core.audit.erasing import PersonTexts, erase, found_texts, names_person, without_person
from workflows.core.audit.personal import Sealed
from workflows.ports.audit_log import KnownPerson
from workflows.store.codec import (
    ABSENCE,
    ALARM,
    BATCH,
    CAMPAIGN,
    CHECKSUM,
    DENIED_NOTICE,
    DRIFT,
    EFFECT,
    FREEZE,
    PARTNER_USAGE,
    PARTNERSHIP,
    REQUEST,
    USAGE_SCAN,
)
from workflows.store.columns import text_of
from workflows.store.sqlite.other_records.audit_chain import BESIDE_COLUMNS, RAW_COLUMNS, chained_row
from workflows.store.sqlite.other_records.drifts import is_stored_as_frozen

_PAGE: Final = 1000
_OF_A_PARTNER: Final = """id in (select json_extract(doc, '$.request_id') from partnerships
    where state <> 'revoked' and json_valid(doc) and json_extract(doc, '$.request_id') is not null)"""
# NB. without null: nothing is known to be outside of a list that has one.


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """A table with records that name people."""

    key: str
    adapter: TypeAdapter[Any]
    in_force: str
    """Whether a record is open or in force, for SQL; `:now` is the present time."""


_NAMED: Final = """exists (select 1 from json_each(:ids) where instr(doc, '"' || value || '"') > 0)"""
TABLES: Final[Mapping[str, PeopleTable]] = {
    "requests": PeopleTable("id", REQUEST, f"(is_open = 1 or {_OF_A_PARTNER})"),
    "partnerships": PeopleTable("tenant_id", PARTNERSHIP, "state <> 'revoked'"),
    "batches": PeopleTable("id", BATCH, "is_open = 1"),
    "campaigns": PeopleTable("id", CAMPAIGN, "is_open = 1"),
    "absences": PeopleTable("id", ABSENCE, "ends_at > :now"),
    "freezes": PeopleTable("id", FREEZE, "is_frozen(doc)"),
    "drifts": PeopleTable("subject", DRIFT, "is_open = 1"),
    "denied_notices": PeopleTable("subject", DENIED_NOTICE, "is_open = 1"),
    "alarms": PeopleTable("id", ALARM, "is_open = 1"),
    "effects": PeopleTable("id", EFFECT, "is_parked = 0"),
    "usage_scans": PeopleTable("id", USAGE_SCAN, "0"),
    "partner_usage": PeopleTable("tenant_id", PARTNER_USAGE, "0"),
}
"""The records that are rewritten. What is in force is not."""


def add_functions(db: sqlite3.Connection, texts: PersonTexts | None = None) -> None:
    """Add what the conditions of this module call."""
    db.create_function("is_frozen", 1, is_stored_as_frozen)
    if texts is not None:
        db.create_function("may_name_them", 1, texts.may_be_in)
        db.create_function("names_them", 1, texts.names_them)
        db.create_function("without_them", 1, texts.in_text)


def in_force(db: sqlite3.Connection, ids: Sequence[str], now: datetime) -> list[str]:
    """Return what names one of these identifiers and is in force, as `requests R-…`."""
    add_functions(db)
    values, found = {"now": text_of(now), "ids": json.dumps(list(ids))}, []
    for name, table in TABLES.items():
        sql = f"select {table.key} from {name} where {table.in_force} and {_NAMED} order by 1"  # noqa: S608
        found += [f"{name} {row[0]}" for row in db.execute(sql, values)]
    return found


def texts_of(db: sqlite3.Connection, person: KnownPerson) -> PersonTexts:
    """Return the texts by which records know a person. A record with another chat id of theirs may know more."""
    (begun,) = db.execute("select erasing from people where number = ?", [person.number]).fetchone()
    ids, names = json.loads(begun) if begun else ((), ())
    texts, count = PersonTexts(person.number, frozenset({*person.ids, *ids}), frozenset(names)), -1
    while count < len(texts.ids):
        count, values = len(texts.ids), {"ids": json.dumps(sorted(texts.ids))}
        for name in (*TABLES, "profiles"):
            rows = db.execute(f"select doc from {name} where json_valid(doc) and {_NAMED}", values)  # noqa: S608
            texts = found_texts((json.loads(row[0]) for row in rows), texts)
    return texts


def closed_records(db: sqlite3.Connection, texts: PersonTexts, now: datetime) -> Iterator[tuple[str, Any]]:
    """Give the table and the key of each record that names a person, or cannot be read and may name them."""
    add_functions(db, texts)
    for name, table in TABLES.items():
        sql = f"select {table.key}, doc from {name} where not {table.in_force} and may_name_them(doc)"  # noqa: S608
        for key, doc in db.execute(sql, {"now": text_of(now)}):
            try:
                record = content_of(doc)
            except ValueError:
                yield name, key
            else:
                if without_person(record, texts) != record:
                    yield name, key


def content_of(doc: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(doc)
    return {name: value for name, value in record.items() if name != CHECKSUM}


def entries_naming(db: sqlite3.Connection, texts: PersonTexts) -> tuple[list[int], int]:
    found, older, after = [], 0, -(2**63)
    sql = f"select {RAW_COLUMNS}, {BESIDE_COLUMNS} from audit where seq > ? order by seq limit ?"  # noqa: S608
    while rows := [chained_row(row) for row in db.execute(sql, [after, _PAGE])]:
        for row in rows:
            if row.references is None:
                older += names_person(row.entry, texts)
            elif erase(row.entry, Sealed(row.references, row.salts or ""), texts) is not None:
                found.append(row.seq)
        after = rows[-1].seq
    return found, older

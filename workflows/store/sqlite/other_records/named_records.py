"""Find the records and the entries that name a person, and the texts by which they know them.

A boundary: it reads with any connection, so that a long search does not hold up the store's own.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from workflows.core.audit.erasing import PersonTexts, erase, found_texts, names_person
from workflows.core.audit.personal import Sealed
from workflows.ports.audit_log import KnownPerson
from workflows.store.common.erasing import KEYS, begun_texts, names_them
from workflows.store.common.reading import is_stored_as_frozen
from workflows.store.common.rows import text_of
from workflows.store.sqlite.other_records.audit_chain import BESIDE_COLUMNS, RAW_COLUMNS, chained_row

_PAGE: Final = 1000
_OF_A_PARTNER: Final = """id in (select json_extract(doc, '$.request_id') from partnerships
    where state <> 'revoked' and json_valid(doc) and json_extract(doc, '$.request_id') is not null)"""
# NB. without null: nothing is known to be outside of a list that has one.


_NAMED: Final = """exists (select 1 from json_each(:ids) where instr(doc, '"' || value || '"') > 0)"""
IN_FORCE: Final[Mapping[str, str]] = {
    "requests": f"(is_open = 1 or {_OF_A_PARTNER})",
    "partnerships": "state <> 'revoked'",
    "batches": "is_open = 1",
    "campaigns": "is_open = 1",
    "absences": "ends_at > :now",
    "freezes": "is_frozen(doc)",
    "drifts": "is_open = 1",
    "denied_notices": "is_open = 1",
    "alarms": "is_open = 1",
    "effects": "is_parked = 0",
    "usage_scans": "0",
    "partner_usage": "0",
}
"""Whether a record is open or in force, for SQL; `:now` is the present time."""


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
    for name, is_in_force in IN_FORCE.items():
        sql = f"select {KEYS[name]} from {name} where {is_in_force} and {_NAMED} order by 1"  # noqa: S608
        found += [f"{name} {row[0]}" for row in db.execute(sql, values)]
    return found


def texts_of(db: sqlite3.Connection, person: KnownPerson) -> PersonTexts:
    """Return the texts by which records know a person. A record with another chat id of theirs may know more."""
    (begun,) = db.execute("select erasing from people where number = ?", [person.number]).fetchone()
    texts, count = begun_texts(person, begun), -1
    while count < len(texts.ids):
        count, values = len(texts.ids), {"ids": json.dumps(sorted(texts.ids))}
        for name in (*IN_FORCE, "profiles"):
            rows = db.execute(f"select doc from {name} where json_valid(doc) and {_NAMED}", values)  # noqa: S608
            texts = found_texts((json.loads(row[0]) for row in rows), texts)
    return texts


def closed_records(db: sqlite3.Connection, texts: PersonTexts, now: datetime) -> Iterator[tuple[str, Any]]:
    """Give the table and the key of each record that names a person, or cannot be read and may name them."""
    add_functions(db, texts)
    for name, is_in_force in IN_FORCE.items():
        sql = f"select {KEYS[name]}, doc from {name} where not {is_in_force} and may_name_them(doc)"  # noqa: S608
        for key, doc in db.execute(sql, {"now": text_of(now)}):
            if names_them(doc, texts):
                yield name, key


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

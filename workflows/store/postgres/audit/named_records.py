"""Find the records and the entries that name a person, and the texts by which they know them.

A boundary: it reads with a connection of a thread, so that a long search does not hold up the others.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from workflows.core.audit.erasing import PersonTexts, found_texts, names_person
from workflows.ports.audit_log import KnownPerson
from workflows.store.common.erasing import KEYS, begun_texts, erased_entry, names_them
from workflows.store.common.reading import is_stored_as_frozen
from workflows.store.common.rows import text_of
from workflows.store.postgres.audit.audit_chain import SMALLEST, stream_entries

_PAGE: Final = 100
_IN_FORCE: Final[Mapping[str, str]] = {
    "requests": """(is_open = 1 or id in (select request_id from partnerships
        where state <> 'revoked' and request_id is not null))""",
    "partnerships": "state <> 'revoked'",
    "batches": "is_open = 1",
    "campaigns": "is_open = 1",
    "absences": "ends_at > %(now)s",
    "freezes": "null::boolean",  # its document says it
    "drifts": "is_open = 1",
    "denied_notices": "is_open = 1",
    "alarms": "is_open = 1",
    "effects": "status <> 'failed'",
    "usage_scans": "false",
    "partner_usage": "false",
}
"""Whether a record is open or in force; `now` is the present time."""
# NB. without null: nothing is known to be outside of a list that has one.
_NAMED: Final = """exists (select 1 from unnest(%(ids)s::text[]) as one(value)
    where strpos(doc, '"' || value || '"') > 0)"""

TABLES: Final = tuple(_IN_FORCE)


def rows_in(table: str) -> str:
    """Return the rows of one table: `key`, `doc`, and `in_force`. Values: `now`."""
    if table == "effects":
        return f"""(select id as key, args->>'doc' as doc, {_IN_FORCE[table]} as in_force
            from procrastinate_jobs where task_name = 'effect') as rows"""  # noqa: S608
    return f"(select {KEYS[table]} as key, doc, {_IN_FORCE[table]} as in_force from {table}) as rows"  # noqa: S608


def is_in_force(doc: str, known: bool | None) -> bool:
    """Return whether a record is in force.

    :param known: what its columns say; None when only its document says it.
    """
    return is_stored_as_frozen(doc) if known is None else known


def in_force(connection: Connection[Any], ids: Sequence[str], now: datetime) -> list[str]:
    """Return what names one of these identifiers and is in force, as `requests R-…`."""
    values, found = {"now": text_of(now), "ids": list(ids)}, list[str]()
    for table in TABLES:
        sql = in_force_sql(table)
        found += [f"{table} {key}" for key, doc, known in connection.execute(sql, values) if is_in_force(doc, known)]
    return found


def in_force_sql(table: str) -> str:
    """Return what reads the rows that name one of `ids` and may be in force. Values: `now`, `ids`."""
    return f"""select key, doc, in_force from {rows_in(table)}
        where in_force is not false and {_NAMED} order by key"""  # noqa: S608


def texts_of(connection: Connection[Any], person: KnownPerson) -> PersonTexts:
    """Return the texts by which records know a person. A record with another chat id of theirs may know more."""
    begun = connection.execute("select erasing from people where number = %s", [person.number]).fetchone()
    texts, count = begun_texts(person, None if begun is None else begun[0]), -1
    while count < len(texts.ids):
        count = len(texts.ids)
        values = {"ids": sorted(texts.ids), "now": ""}
        for rows in (*map(rows_in, TABLES), "profiles"):
            found = _streamed(connection, f"select doc from {rows} where {_NAMED}", values)  # noqa: S608
            texts = found_texts((record for (doc,) in found if (record := _json(doc)) is not None), texts)
    return texts


def closed_records(connection: Connection[Any], texts: PersonTexts, now: datetime) -> list[tuple[str, Any]]:
    """Return the table and the key of each record that names a person, or cannot be read and may name them."""
    closed = list[tuple[str, Any]]()
    for table in TABLES:
        sql = f"select key, doc, in_force from {rows_in(table)} where in_force is not true"  # noqa: S608
        for key, doc, known in _streamed(connection, sql, {"now": text_of(now)}):
            if not is_in_force(doc, known) and texts.may_be_in(doc) and names_them(doc, texts):
                closed.append((table, key))
    return closed


def entries_naming(connection: Connection[Any], texts: PersonTexts) -> tuple[list[int], int]:
    """Return the numbers of the entries with texts to erase, and how many name the person in what is signed."""
    found, older = list[int](), 0
    for row in stream_entries(connection, SMALLEST):
        if row.references is None:
            older += names_person(row.entry, texts)
        elif erased_entry(row, texts) is not None:
            found.append(row.seq)
    return found, older


def _streamed(connection: Connection[Any], sql: str, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Read rows, a few at a time."""
    with connection.cursor(name="named_records") as cursor:
        cursor.itersize = _PAGE
        yield from cursor.execute(sql, values)


def _json(doc: str) -> Any:
    try:
        return json.loads(doc)
    except ValueError:
        return None

"""Read every partnership, and the requests that are needed to compare them with the tenant, at one moment.

From another process, this takes no lock, creates no file, migrates nothing and writes nothing.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from workflows.core.partners.records import Records
from workflows.core.settings.model import TenantId
from workflows.ports.records import StoreUnusable
from workflows.store.codec import PARTNERSHIP, REQUEST, load
from workflows.store.sqlite.migrations import require_known_steps

_PARTNERSHIPS: Final = "select tenant_id, doc from partnerships{only} order by domain, tenant_id"
_REQUESTS: Final = """select id, tenant_id, doc from requests
    where {only} (is_open = 1
        or id in (select json_extract(doc, '$.request_id') from partnerships where {only} json_valid(doc))
        or (tenant_id is not null and tenant_id not in (select tenant_id from partnerships)
            and json_valid(doc) and coalesce(json_extract(doc, '$.writing_since'), json_extract(doc, '$.sent_before'))
                is not null))
    order by created_at, id"""

Record = TypeVar("Record")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRows:
    """The stored texts of records, before they are parsed."""

    partnerships: Sequence[tuple[str, str]]
    """The tenant id and the document of each partnership."""
    requests: Sequence[tuple[str, str | None, str]]
    """The request id, the tenant id and the document of each request."""


async def read_records(path: Path) -> Records | None:
    """Read the records of the store in the file at `path`; None when there is no such file. A bot may be using it.

    :raises StoreUnusable: when the file is not a store, was changed by a newer version, or cannot be read.
    """
    return await asyncio.to_thread(_read, path)


def fetch_rows(db: sqlite3.Connection, tenant_id: TenantId | None = None) -> SnapshotRows:
    """Read both tables at one moment.

    :param tenant_id: read the records of this tenant only.
    """
    given = {} if tenant_id is None else {"tenant_id": tenant_id}
    partnerships = _PARTNERSHIPS.format(only=" where tenant_id = :tenant_id" if given else "")
    requests = _REQUESTS.format(only="tenant_id = :tenant_id and" if given else "")
    is_ours = not db.in_transaction
    if is_ours:
        db.execute("begin")
    try:
        return SnapshotRows(
            partnerships=[tuple(row) for row in db.execute(partnerships, given)],
            requests=[tuple(row) for row in db.execute(requests, given)],
        )
    finally:
        if is_ours:
            db.rollback()


def parse_rows(rows: SnapshotRows) -> Records:
    """Parse the texts. The result lists partners with an unreadable record; an unreadable request is left out."""
    partnerships = {key: _parsed(PARTNERSHIP, key, text) for key, text in rows.partnerships}
    requests = {key: _parsed(REQUEST, key, text) for key, _, text in rows.requests}
    known = {TenantId(key): one for key, one in partnerships.items() if one is not None}
    unreadable = {key for key, one in partnerships.items() if one is None}
    # NB. a request that cannot be read may have written its tenant. So the state of that tenant is not known either.
    unreadable |= {
        tenant for key, tenant, _ in rows.requests if tenant and requests[key] is None and tenant not in known
    }
    return Records(
        partnerships=known,
        requests={one.id: one for one in requests.values() if one is not None},
        unreadable=frozenset(map(TenantId, unreadable)),
    )


def _read(path: Path) -> Records | None:
    if not path.exists():
        return None
    # There is a WAL file while a process has the store open. Without it nobody writes, and with "immutable" SQLite
    # creates no files of its own (SQLite: "Write-Ahead Logging", read-only databases).
    path = path.resolve()
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as db:
            require_known_steps(Database(db), path.name)
            rows = fetch_rows(db)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnusable(f"{path.name} cannot be read as Gatehouse's records ({error})") from error
    return parse_rows(rows)


def _parsed(adapter: TypeAdapter[Record], key: str, text: str) -> Record | None:
    try:
        return load(adapter, text)
    except ValidationError:
        _log.error("record_unreadable", id=key)
        return None

"""Read every partnership, and the requests that are needed to compare them with the tenant, at one moment.

From another process, this takes no lock, creates no file, migrates nothing and writes nothing.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import ComparedRequest, Records, WrittenRequest, with_shared_values
from workflows.core.requests.request import RequestId
from workflows.core.settings.canonical import SharedValues
from workflows.core.settings.model import TenantId
from workflows.ports.records import StoreUnusable
from workflows.store.codec import PARTNERSHIP, REQUEST, load
from workflows.store.sqlite.migrations import require_known_steps, require_not_moved

_PARTNERSHIPS: Final = "select tenant_id, doc from partnerships{only} order by domain, tenant_id"
_REQUESTS: Final = """select id, tenant_id, doc from requests
    where {only} (is_open = 1
        or id in (select json_extract(doc, '$.request_id') from partnerships where {only} json_valid(doc))
        or (tenant_id is not null and tenant_id not in (select tenant_id from partnerships)
            and json_valid(doc) and coalesce(json_extract(doc, '$.writing_since'), json_extract(doc, '$.sent_before'))
                is not null))
    order by created_at, id"""

Picked = TypeVar("Picked")
Record = TypeVar("Record")
_log = structlog.get_logger()


async def read_records(path: Path, *, only_compared: bool = False) -> Records | None:
    """Read the records of the store in the file at `path`; None when there is no such file. A bot may be using it.

    :param only_compared: without what a posture does not compare; otherwise every request is whole.
    :raises StoreUnusable: when the file is not a store, was changed by a newer version, or cannot be read.
    """
    return await asyncio.to_thread(_read, path, only_compared=only_compared)


def records_of(db: sqlite3.Connection, tenant_id: TenantId) -> Records:
    """Read the records of one tenant at one moment. The requests are whole."""
    return _read_at_once(db, {"tenant_id": tenant_id}, only_compared=False)


def all_records(db: sqlite3.Connection, *, only_compared: bool) -> Records:
    """Read the records of all tenants at one moment, one after another: never all their texts at the same time.

    :param only_compared: keep of applied requests only what a posture compares.
    :returns: also which partners have an unreadable record. An unreadable request is left out.
    """
    return _read_at_once(db, {}, only_compared=only_compared)


def picked_partnerships(db: sqlite3.Connection, pick: Callable[[Partnership], Picked]) -> list[Picked]:
    """Return something of every partnership, by default domain. An unreadable record is logged and left out."""
    rows = db.execute(_PARTNERSHIPS.format(only=""))
    return [pick(record) for key, text in rows if (record := _parsed(PARTNERSHIP, key, text)) is not None]


def _read_at_once(db: sqlite3.Connection, given: Mapping[str, str], *, only_compared: bool) -> Records:
    is_ours = not db.in_transaction
    if is_ours:
        db.execute("begin")
    try:
        return _parse_or_none(db, given, only_compared=only_compared)
    finally:
        if is_ours:
            db.rollback()


def _parse_or_none(db: sqlite3.Connection, given: Mapping[str, str], *, only_compared: bool) -> Records:
    sql = _PARTNERSHIPS.format(only=" where tenant_id = :tenant_id" if given else "")
    known: dict[TenantId, Partnership] = {}
    requests: dict[RequestId, ComparedRequest] = {}
    unreadable: set[TenantId] = set()
    shared = SharedValues()
    for key, text in db.execute(sql, given):
        if (partnership := _parsed(PARTNERSHIP, key, text)) is None:
            unreadable.add(TenantId(key))
        else:
            known[TenantId(key)] = with_shared_values(partnership, shared) if only_compared else partnership
    sql = _REQUESTS.format(only="tenant_id = :tenant_id and" if given else "")
    for key, tenant, text in db.execute(sql, given):
        one = _parsed(REQUEST, key, text)
        if one is not None:
            is_short = only_compared and one.is_terminal and one.was_written
            requests[one.id] = WrittenRequest.of(one, shared) if is_short else one
        elif tenant and tenant not in known:
            # NB. a request that cannot be read may have written its tenant. So the state of that tenant is not known.
            unreadable.add(TenantId(tenant))
    return Records(partnerships=known, requests=requests, unreadable=frozenset(unreadable))


def _read(path: Path, *, only_compared: bool) -> Records | None:
    if not path.exists():
        return None
    # There is a WAL file while a process has the store open. Without it nobody writes, and with "immutable" SQLite
    # creates no files of its own (SQLite: "Write-Ahead Logging", read-only databases).
    path = path.resolve()
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as db:
            named = Database(db, execute_plugins=False)
            require_known_steps(named, path.name)
            require_not_moved(named, path.name)
            return all_records(db, only_compared=only_compared)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnusable(f"{path.name} cannot be read as Gatehouse's records ({error})") from error


def _parsed(adapter: TypeAdapter[Record], key: str, text: str) -> Record | None:
    try:
        return load(adapter, text)
    except ValidationError:
        _log.error("record_unreadable", id=key)
        return None

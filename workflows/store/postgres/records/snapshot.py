"""Read every partnership, and the requests that are needed to compare them with the tenant, at one moment.

Each function gets a connection in a transaction that sees one moment. Rows come a few at a time from the server.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import structlog
from psycopg import Connection
from pydantic import TypeAdapter, ValidationError

from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import ComparedRequest, Records, WrittenRequest, with_shared_values
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.request import RequestId
from workflows.core.settings.canonical import SharedValues
from workflows.core.settings.model import TenantId
from workflows.store.codec import DRIFT, PARTNERSHIP, REQUEST, load
from workflows.store.common.reading import readable
from workflows.store.common.records import OPEN_DRIFTS
from workflows.store.postgres.database import marked

_PARTNERSHIPS: Final = "select tenant_id, doc from partnerships{only} order by domain, tenant_id"
_REQUESTS: Final = """select id, tenant_id, doc from requests
    where {only} (is_open = 1
        or id in (select request_id from partnerships where {only} request_id is not null)
        or (tenant_id is not null and is_sent = 1
            and not exists (select 1 from partnerships where partnerships.tenant_id = requests.tenant_id)))
    order by created_at, id"""
_ROWS_TOGETHER: Final = 200

Picked = TypeVar("Picked")
Record = TypeVar("Record")
_log = structlog.get_logger()


def records_of(connection: "Connection[Any]", tenant_id: TenantId) -> Records:
    """Read the records of one tenant. The requests are whole."""
    return _read(connection, (tenant_id,), only_compared=False)


def all_records(connection: "Connection[Any]", *, only_compared: bool) -> Records:
    """Read the records of all tenants, one after another: never all their texts at the same time.

    :param only_compared: keep of applied requests only what a posture compares.
    :returns: also which partners have an unreadable record. An unreadable request is left out.
    """
    return _read(connection, (), only_compared=only_compared)


def picked_partnerships(connection: "Connection[Any]", pick: Callable[[Partnership], Picked]) -> list[Picked]:
    """Return something of every partnership, by default domain. An unreadable record is logged and left out."""
    rows = _stream(connection, _PARTNERSHIPS.format(only=""))
    return [pick(record) for key, text in rows if (record := _parsed(PARTNERSHIP, key, text)) is not None]


def picked_drifts(connection: "Connection[Any]", pick: Callable[[Drift], Picked]) -> list[Picked]:
    """Return something of the drift that has not ended, the oldest first."""
    rows = _stream(connection, OPEN_DRIFTS)
    return [pick(drift) for subject, text in rows for drift in readable(DRIFT, [{"id": subject, "doc": text}])]


def _read(connection: "Connection[Any]", given: tuple[str, ...], *, only_compared: bool) -> Records:
    known: dict[TenantId, Partnership] = {}
    requests: dict[RequestId, ComparedRequest] = {}
    unreadable: set[TenantId] = set()
    shared = SharedValues()
    for key, text in _stream(connection, _PARTNERSHIPS.format(only=" where tenant_id = ?" if given else ""), *given):
        if (partnership := _parsed(PARTNERSHIP, key, text)) is None:
            unreadable.add(TenantId(key))
        else:
            known[TenantId(key)] = with_shared_values(partnership, shared) if only_compared else partnership
    sql = _REQUESTS.format(only="tenant_id = ? and" if given else "")
    for key, tenant, text in _stream(connection, sql, *given, *given):
        one = _parsed(REQUEST, key, text)
        if one is not None:
            is_short = only_compared and one.is_terminal and one.was_written
            requests[one.id] = WrittenRequest.of(one, shared) if is_short else one
        elif tenant and tenant not in known:
            # NB. a request that cannot be read may have written its tenant. So the state of that tenant is not known.
            unreadable.add(TenantId(tenant))
    return Records(partnerships=known, requests=requests, unreadable=frozenset(unreadable))


def _stream(connection: "Connection[Any]", sql: str, *values: object) -> Iterator[Any]:
    with connection.cursor(name="rows") as cursor:
        cursor.itersize = _ROWS_TOGETHER
        yield from cursor.execute(marked(sql), values)


def _parsed(adapter: TypeAdapter[Record], key: str, text: str) -> Record | None:
    try:
        return load(adapter, text)
    except ValidationError:
        _log.error("record_unreadable", id=key)
        return None

"""Read from another process what waits, what was given up, alarms, marks, the freeze and all records, without a write.

A boundary: it turns what the server says into the errors that commands expect.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from psycopg import Connection
from pydantic import ValidationError

from workflows.core.audit.sealing import RecordProofs
from workflows.core.partners.records import Records
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.alarms import Alarm
from workflows.ports.audit_log import AuditKeys
from workflows.ports.records import StoreUnusable
from workflows.store.codec import ALARM, FREEZE, load, stored_facts
from workflows.store.common.reading import GivenUpRow, ServerFacts, WaitingWork
from workflows.store.common.rows import text_of
from workflows.store.postgres.audit.audit_chain import verify_entries
from workflows.store.postgres.jobs.stored_effects import IS_GIVEN_UP, IS_WAITING
from workflows.store.postgres.opening.schema import applied_step
from workflows.store.postgres.opening.server import Server
from workflows.store.postgres.records.snapshot import all_records

if TYPE_CHECKING:
    from workflows.core.audit.heads import Head
    from workflows.core.audit.verifying import ChainCheck

_SERVER_FACTS: Final = """select split_part(current_setting('server_version'), ' ', 1),
    exists (select 1 from pg_stat_ssl where pid = pg_backend_pid() and ssl),
    inet_client_addr() is null or inet_client_addr() <<= '127.0.0.0/8' or inet_client_addr() = '::1',
    (select count(*) from pg_stat_activity where backend_type = 'client backend'),
    current_setting('max_connections')::integer"""

Result = TypeVar("Result")


def has_records(server: Server) -> bool:
    """Return whether there are records; True also where that cannot be known: whoever reads them is told why."""
    try:
        with server.connect_now() as connection:
            return applied_step(connection, server) is not None
    except StoreUnusable:
        return True


def read_records(server: Server, *, only_compared: bool) -> Records | None:
    """Read all records; None when there are none.

    :raises StoreUnusable: when they cannot be read.
    """
    with server.connect_now() as connection:
        if applied_step(connection, server) is None:
            return None
    with server.readable() as connection:
        return all_records(connection, only_compared=only_compared)


def read_given_up(server: Server) -> Sequence[GivenUpRow]:
    """List the effects that were given up, oldest first.

    :raises OSError: when they cannot be read.
    """
    sql = f"select id, args->>'lane', args->>'error' from procrastinate_jobs where {IS_GIVEN_UP} order by id"  # noqa: S608
    rows = _rows(server, sql)
    return [GivenUpRow(id=row[0], lane=row[1], error=stored_facts(row[2])) for row in rows]


def read_waiting(server: Server, now: datetime) -> WaitingWork:
    """Count the effects that are not performed yet.

    :raises OSError: when they cannot be read.
    """
    sql = f"select args->>'due' from procrastinate_jobs where {IS_WAITING}"  # noqa: S608
    rows = _rows(server, sql)
    due = min((row[0] for row in rows if row[0] and row[0] <= text_of(now)), default="")
    return WaitingWork(count=len(rows), due_since=datetime.fromisoformat(due) if due else None)


def read_open_alarms(server: Server) -> Sequence[Alarm]:
    """List the alarms that are not cleared, oldest first.

    :raises OSError: when they cannot be read.
    """
    rows = _rows(server, "select doc from alarms where is_open = 1 order by raised_at, id")
    try:
        return [load(ALARM, row[0]) for row in rows]
    except ValidationError as error:
        raise OSError(f"{server.name} holds an alarm of another version") from error


def read_freeze(server: Server) -> Freeze | None:
    """Return the newest freeze, also when it has ended; None when there never was one.

    :raises OSError: when it cannot be read.
    """
    rows = _rows(server, "select doc from freezes")
    try:
        return load(FREEZE, rows[0][0]) if rows else None
    except ValidationError as error:
        raise OSError(f"the record of the freeze in {server.name} cannot be read") from error


def read_mark(server: Server, name: str) -> str:
    """Return a mark of the process; empty when it was never stored.

    :raises OSError: when it cannot be read.
    """
    return next((str(value) for key, value in _rows(server, "select name, value from marks") if key == name), "")


def count_entries(server: Server) -> int:
    """Return the number of the newest audit entry: about how many there are.

    :raises OSError: when it cannot be read.
    """
    return int(_rows(server, "select coalesce(max(seq), 0) from audit")[0][0])


def read_server(server: Server) -> ServerFacts:
    """Read what the server says about itself and about this connection.

    :raises OSError: when it cannot be read.
    """
    [(version, is_encrypted, is_local, connections, limit)] = _rows(server, _SERVER_FACTS)
    return ServerFacts(
        version=version,
        is_encrypted=is_encrypted,
        is_on_this_machine=is_local,
        connections=connections,
        max_connections=limit,
    )


def verify_audit(server: Server, keys: AuditKeys, head: "Head | None") -> "ChainCheck":
    """Verify the signatures of the audit log.

    :raises StoreUnusable: when there is no key.
    :raises OSError: when the log cannot be read.
    """
    ring = keys.ring(may_create=False)
    proofs = RecordProofs(keys=ring)
    return _read(server, lambda connection: verify_entries(connection, ring, head=head, proofs=proofs))


def _rows(server: Server, sql: str) -> Sequence[Any]:
    return _read(server, lambda connection: connection.execute(sql).fetchall())


def _read(server: Server, read: Callable[["Connection[Any]"], Result]) -> Result:
    try:
        with server.readable() as connection:
            return read(connection)
    except StoreUnusable as error:
        raise OSError(str(error)) from error

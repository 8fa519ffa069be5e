"""Create and change procrastinate's own tables, with its own schema and migrations.

Procrastinate records nowhere which of its migrations were applied; its documentation leaves that to whoever applies
them. So their names are kept in a table of ours.
"""

from importlib import resources
from typing import Any, Final

from procrastinate.schema import SchemaManager
from psycopg import Connection

from workflows.ports.records import StoreUnusable

_STEPS: Final = "create table if not exists job_schema_steps (name text primary key)"
_OWN_INDEXES: Final = """
    create index if not exists job_lanes on procrastinate_jobs ((args->>'lane')) where task_name = 'effect';
    create index if not exists job_locks on procrastinate_jobs (lock, id) where status in ('todo', 'doing');
    create index if not exists job_turns on procrastinate_jobs ((args->>'turns'), (args->>'by'), ((args->>'turn')::int))
        where status in ('todo', 'doing') and args->>'by' <> '';
    create index if not exists job_first_turns on procrastinate_jobs ((args->>'turns'), ((args->>'turn')::int))
        where status in ('todo', 'doing') and args->>'by' <> '' and queue_name <> 'later';
    create index if not exists jobs_delayed on procrastinate_jobs ((args->>'due'))
        where status = 'todo' and queue_name = 'later';
"""
"""Without `job_locks`, procrastinate's fetch reads a whole index for each job that waits."""


def prepare_jobs(connection: Connection[Any]) -> None:
    """Bring procrastinate's tables to the version of the library.

    NB. the caller holds the lock of the migrations, and a transaction.

    :raises StoreUnusable: when a newer version of Gatehouse has changed them.
    """
    connection.execute(_STEPS)
    found = connection.execute("select to_regclass('procrastinate_jobs')").fetchone()
    shipped = _shipped_steps()
    if found is None or not _first_value(found):
        connection.execute(SchemaManager.get_schema())
        _record(connection, shipped)
    else:
        rows = connection.execute("select name from job_schema_steps").fetchall()
        known = {str(_first_value(row)) for row in rows}
        if newer := sorted(known - set(shipped)):
            raise StoreUnusable(f"the queue was changed by a newer version of Gatehouse: {newer[0]}")
        missing = [name for name in shipped if name not in known]
        for name in missing:
            connection.execute(_text_of(name))
        _record(connection, missing)
    for statement in filter(str.strip, _OWN_INDEXES.split(";")):
        connection.execute(statement.encode())


def _shipped_steps() -> list[str]:
    """Return the names of procrastinate's migrations, in the order in which they are applied."""
    folder = resources.files("procrastinate.sql") / "migrations"
    return sorted(one.name for one in folder.iterdir() if one.name.endswith(".sql"))


def _text_of(name: str) -> bytes:
    return (resources.files("procrastinate.sql") / "migrations" / name).read_bytes()


def _record(connection: Connection[Any], names: list[str]) -> None:
    connection.execute("insert into job_schema_steps select unnest(%s::text[])", (names,))


def _first_value(row: Any) -> object:
    """Return the only value of a row, which is a tuple or a dict."""
    return next(iter(row.values())) if isinstance(row, dict) else row[0]

"""Copy every row that is not there yet, and compare every row of both places afterwards.

A move that was killed goes on: rows that it stored stay when they are still the same, some hundred are stored together.
Nobody has to know whether a bot used the file meanwhile, because the rows that are there are compared first. What is no
longer the same is taken away, and copied again.

What is compared is what a store reads: each text byte for byte, and of waiting work its lane, order, due time, tries,
and whether it was given up. The signatures of the audit log are checked in both places, with the same result.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, TypeAlias

from workflows.core.audit.verifying import ChainCheck
from workflows.ports.audit_log import AuditKeys
from workflows.ports.records import StoreUnusable
from workflows.store.moving.moved_jobs import EFFECT_COLUMNS, Jobs, effect_of_job, moved_effect
from workflows.store.moving.source import SqliteSource
from workflows.store.moving.tables import ALL_TABLES, EFFECTS, TABLES, MovedTable, Row, key_of, postgres_row
from workflows.store.moving.target import PostgresTarget
from workflows.store.postgres import beside
from workflows.store.sqlite.other_process.read_only import verify_file

OnRow: TypeAlias = Callable[[str], None]
"""Is called with the name of a table after each of its rows."""
MAX_NAMED: Final = 10
"""How many rows are named that differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row that is not the same in both places."""

    table: str
    key: str
    columns: tuple[str, ...]
    """The columns that differ; empty where the row is in one place only."""


def copy_all(source: SqliteSource, target: PostgresTarget, now: str, on_row: OnRow) -> int:
    """Copy every row that the target does not have. Returns how many it had already, from a move that was killed.

    :param now: the present time as `text_of` writes it.
    :raises StoreUnusable: when a row cannot be stored there.
    """
    kept = 0
    for table in TABLES:
        target.remove(table, _stale(table, _made(source, table), target.rows(table)))
        kept += target.put_missing(table, _counted(_made(source, table), table, on_row))
    target.remove(EFFECTS, _stale(EFFECTS, _jobs(source, now), target.jobs()))
    kept += target.put_missing_jobs(_counted(_jobs(source, now), EFFECTS, on_row))
    target.set_numbers(source.last_numbers())
    return kept


def _made(source: SqliteSource, table: MovedTable) -> Iterator[Row]:
    return (postgres_row(table, row) for row in source.rows(table))


def _jobs(source: SqliteSource, now: str) -> Iterator[Row]:
    jobs = Jobs(now)
    return (jobs.job_of(row) for row in source.rows(EFFECTS))


def _stale(table: MovedTable, expected: Iterator[Row], stored: Iterator[Row]) -> Iterator[Row]:
    """Yield the stored rows that are not as expected. Both come in the order of their keys."""
    one = next(expected, None)
    for row in stored:
        while one is not None and _key(table, one) < _key(table, row):
            one = next(expected, None)
        if one != row:
            yield row


def read_all(source: SqliteSource, on_row: OnRow) -> list[str]:
    """Read every row and make what it would be, without a target. Returns why some of them cannot move."""
    problems: list[str] = []
    for table in ALL_TABLES:
        for row in source.rows(table):
            try:
                postgres_row(table, row)
            except StoreUnusable as error:
                problems.append(str(error))
            on_row(table.name)
    return problems


def differences(source: SqliteSource, target: PostgresTarget, on_row: OnRow) -> list[Difference]:
    """Compare every row of both places, and the numbers of new rows. Returns the first that differ."""
    found: list[Difference] = []
    for table in TABLES:
        found += _compare(table, _counted(_made(source, table), table, on_row), target.rows(table))
    expected = (_effect(moved_effect(row)) for row in source.rows(EFFECTS))
    found += _compare(EFFECTS, _counted(expected, EFFECTS, on_row), map(_effect_or_none, target.jobs()))
    return [*found, *_other_numbers(source.last_numbers(), target.last_numbers())][:MAX_NAMED]


def _effect(row: Row) -> Row:
    if row.keys() != set(EFFECT_COLUMNS):
        raise StoreUnusable(f"effects has other columns than its rows: {sorted(row.keys() ^ set(EFFECT_COLUMNS))}")
    return row


def _effect_or_none(job: Mapping[str, Any]) -> Row:
    try:
        return effect_of_job(job)
    except ValueError:
        return {"id": job["id"]}


def _counted(rows: Iterable[Row], table: MovedTable, on_row: OnRow) -> Iterator[Row]:
    for row in rows:
        yield row
        on_row(table.name)


def _compare(table: MovedTable, expected: Iterable[Row], stored: Iterable[Row]) -> list[Difference]:
    """Compare rows that come in the order of their keys. After the first row that is in one place only, it ends."""
    found: list[Difference] = []
    for one, other in zip_longest(expected, stored):
        if one == other:
            continue
        if one is None or other is None or _key(table, one) != _key(table, other):
            [key] = [key_of(table, row) for row in (one or other,) if row is not None]
            return [*found, Difference(table=table.name, key=key, columns=())]
        columns = tuple(sorted(name for name in {*one, *other} if one.get(name) != other.get(name)))
        found.append(Difference(table=table.name, key=key_of(table, one), columns=columns))
        if len(found) == MAX_NAMED:
            break
    return found


def _key(table: MovedTable, row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in table.key)


def _other_numbers(given: Mapping[str, int], stored: Mapping[str, int]) -> Iterator[Difference]:
    """Yield each table whose next row would get a number that was given before."""
    for table, last in stored.items():
        if last < given.get(table, 0) or (table == "audit" and last != given.get(table, 0)):
            yield Difference(table=table, key="", columns=("last number",))


def check_logs(source: SqliteSource, target: PostgresTarget, keys: AuditKeys) -> tuple[ChainCheck, bool]:
    """Verify the signatures in both places. Returns what was found in the target, and whether both say the same.

    :raises OSError: when a log cannot be read.
    """
    ours = verify_file(source.path, keys, None)
    theirs = beside.verify_audit(target.server, keys, None)
    return theirs, _summary(ours) == _summary(theirs)


def _summary(check: ChainCheck) -> tuple[object, ...]:
    """Return what must be the same. NB. problems of records come in the order of the rows, which may be another one."""
    return check.count, check.last, check.problem_count, check.signed_later

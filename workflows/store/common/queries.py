"""The statements that every kind of store runs: what is written differently in each, pages of lists, and conditions.

A value is marked with `?`. A list of texts is one value: a list in JSON.
"""

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

from pydantic import TypeAdapter

from workflows.core.people import ChatId, PersonId
from workflows.core.requests.commands.clicks import RECEIVED_AS
from workflows.ports.audit_log import RECEIVED, RESULT_OF
from workflows.ports.pages import START, Cursor, Page, PagePosition, PartnerFilter, RequestFilter
from workflows.store.common.rows import text_of, typed_search_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Conditions on one column. Each but the last takes one value.

    NB. columns are constants in the code, never input.
    """

    among: str
    """The text of the column is in a list."""
    contains: str
    """The text of the column contains a text."""
    overlaps: str
    """The column, a list in JSON or an empty text, and a list have a text in common."""
    has_word_of: str
    """A word of the column is in a list. Words are separated by spaces."""
    unindexed: str
    """The column, so that its own index is not used."""


SQLITE: Final = Dialect(
    among="{0} in (select value from json_each(?))",
    contains="instr({0}, ?) > 0",
    # NB. json_each reads no empty text, but null.
    overlaps="""exists (select 1 from json_each(nullif({0}, '')) as one
        where one.value in (select value from json_each(?)))""",
    has_word_of="exists (select 1 from json_each(?) where instr(' ' || {0} || ' ', ' ' || value || ' ') > 0)",
    # SQLite: "The Query Optimizer Overview", unary plus
    unindexed="+{0}",
)

POSTGRES: Final = Dialect(
    among="{0} = any(array(select jsonb_array_elements_text(?::jsonb)))",
    contains="strpos({0}, ?) > 0",
    overlaps="""exists (select 1 from jsonb_array_elements_text(nullif({0}, '')::jsonb) as one(value)
        where one.value in (select jsonb_array_elements_text(?::jsonb)))""",
    has_word_of="string_to_array({0}, ' ') && array(select jsonb_array_elements_text(?::jsonb))",
    unindexed="{0}",
)


Statement: TypeAlias = tuple[str, tuple[object, ...]]
Rows: TypeAlias = list[dict[str, Any]]
Conditions: TypeAlias = tuple[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRows:
    """The rows of one page, with the number of rows before them and in the whole list."""

    rows: Rows
    count: int
    count_before: int
    first: Cursor
    last: Cursor


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The rows of a list: a table, conditions, and the columns by which they are sorted. The last column is unique.

    NB. tables, conditions and columns are constants in the code, never input.
    """

    table: str
    where: str
    values: tuple[object, ...]
    keys: tuple[str, ...]
    is_descending: bool = False
    read_columns: str = "doc"
    is_counted: bool = True
    """Whether the rows of the whole list are counted; otherwise both counts are 0."""

    def read(self, limit: int, position: PagePosition) -> Generator[Statement, Rows, PageRows]:
        """Read one page; the first page when a counted list has no rows at the given place any more.

        It yields statements, and is sent the rows of each. So every kind of store can run them in its own way.
        """
        cursor = position.cursor if len(position.cursor) == len(self.keys) else ()
        is_backwards = position.is_before and bool(cursor)
        direction = "desc" if is_backwards != self.is_descending else "asc"
        beyond_cursor, values = self._beyond_cursor(cursor, is_backwards=is_backwards)
        order = ", ".join(f"{key} {direction}" for key in self.keys)
        sql = f"""select {self.keys[-1]} as id, {", ".join(self.keys)}, {self.read_columns} from {self.table}
            where {self.where}{beyond_cursor} order by {order} limit ?"""  # noqa: S608
        rows = yield sql, (*self.values, *values, limit)
        if self.is_counted and cursor and (not rows or (is_backwards and len(rows) < limit)):
            return (yield from self.read(limit, START))
        if is_backwards:
            rows.reverse()
        first, last = (self._cursor(rows[0]), self._cursor(rows[-1])) if rows else ((), ())
        if not self.is_counted:
            return PageRows(rows=rows, count=0, count_before=0, first=first, last=last)
        if not cursor and len(rows) < limit:  # this is the whole list
            return PageRows(rows=rows, count=len(rows), count_before=0, first=first, last=last)
        count = yield from self._count(())
        count_before = (yield from self._count(first)) if cursor else 0
        return PageRows(rows=rows, count=count, count_before=count_before, first=first, last=last)

    def _beyond_cursor(self, cursor: Cursor, *, is_backwards: bool) -> tuple[str, Cursor]:
        if not cursor:
            return "", ()
        sign = "<" if is_backwards != self.is_descending else ">"
        return f" and ({', '.join(self.keys)}) {sign} ({', '.join('?' * len(cursor))})", cursor

    def _count(self, before: Cursor) -> Generator[Statement, Rows, int]:
        beyond_cursor, values = self._beyond_cursor(before, is_backwards=True)
        sql = f"select count(*) as count from {self.table} where {self.where}{beyond_cursor}"  # noqa: S608
        [row] = yield sql, (*self.values, *values)
        return int(row["count"])

    def _cursor(self, row: dict[str, Any]) -> Cursor:
        return tuple(str(row[key]) for key in self.keys)


def partner_conditions(dialect: Dialect, partner_filter: PartnerFilter, *, by_end: bool = False) -> Conditions:
    """Return the conditions of a list of partners, and their values.

    :param by_end: whether the list is sorted by the end of access. Otherwise the index of the list's order is used,
        not that of the states.
    """
    state = "state" if by_end else dialect.unindexed.format("state")
    conditions: list[Conditions] = [("1 = 1", ())]
    if partner_filter.states:
        # NB. these are values of an enum, never input. With them SQLite knows that an index of few rows is enough.
        state_list = ", ".join(f"'{state.value}'" for state in sorted(partner_filter.states))
        conditions.append((f"{state} in ({state_list})", ()))
    sponsor = f"{dialect.among.format('sponsor')} or {dialect.among.format('sponsor_account')}"
    if partner_filter.sponsors is not None:
        ids = json.dumps(sorted(partner_filter.sponsors))
        conditions.append((f"({sponsor})", (ids, ids)))
    if partner_filter.asked is not None:
        ids = json.dumps(sorted(partner_filter.asked))
        conditions.append((f"({sponsor} or {dialect.overlaps.format('asked_managers')})", (ids, ids, ids)))
    conditions += _text_conditions(
        dialect,
        sponsor_name=partner_filter.sponsor_text,
        template=partner_filter.template,
        sought=partner_filter.text,
    )
    if partner_filter.overdue_at is not None:
        ended = f"({state} = 'review_due' or (state <> 'revoked' and ends_at <> '' and ends_at <= ?))"
        conditions.append((ended, (text_of(partner_filter.overdue_at),)))
    if partner_filter.ends_after is not None:
        conditions.append(("ends_at > ?", (text_of(partner_filter.ends_after),)))
    if partner_filter.ends_by is not None:
        conditions.append(("ends_at <> '' and ends_at <= ?", (text_of(partner_filter.ends_by),)))
    return _all_of(conditions)


def request_conditions(dialect: Dialect, request_filter: RequestFilter) -> Conditions:
    """Return the conditions of a search for requests, and their values. Each uses a column of one index."""
    conditions: list[Conditions] = [("1 = 1", ())]
    if request_filter.sent_from is not None:
        conditions.append(("created_at >= ?", (text_of(request_filter.sent_from),)))
    if request_filter.sent_before is not None:
        conditions.append(("created_at < ?", (text_of(request_filter.sent_before),)))
    if request_filter.states:
        conditions.append((dialect.among.format("state"), (json.dumps(sorted(request_filter.states)),)))
    if request_filter.is_partly_applied:
        conditions.append(("is_part = 1", ()))
    conditions += _text_conditions(
        dialect,
        sought=request_filter.text,
        requester_sought=request_filter.requester,
        deciders=request_filter.approver,
        template=request_filter.template,
    )
    return _all_of(conditions)


def _text_conditions(dialect: Dialect, **texts: str) -> list[Conditions]:
    """Return the condition of each column of which a part was typed."""
    typed = ((column, typed_search_text(text)) for column, text in texts.items())
    return [(dialect.contains.format(column), (text,)) for column, text in typed if text]


def _all_of(conditions: list[Conditions]) -> Conditions:
    return " and ".join(text for text, _ in conditions), tuple(value for _, values in conditions for value in values)


def counted_for_limit(
    actor: ChatId,
    account: PersonId | None,
    commands: Sequence[str],
    since: datetime,
    *,
    before: str | None,
    is_waiting: str,
) -> Conditions:
    """Return which entries of a person count against a limit, and the values; see `ports.audit_log.AuditLog.times_of`.

    Of the clicks on one request one counts, and none where the checked click is on that request too.

    NB. they are one list: of two lists that are joined with "or", PostgreSQL compares each entry of the audit log.

    :param commands: the names that the commands have when they are accepted.
    :param before: the idempotency key of the click that is checked; None: only what was accepted counts.
    :param is_waiting: the condition that the check of a row `click` waits or is tried again, and is not given up.
    """
    marks, moment = marks_of(commands), text_of(since)
    sql = f"""seq in (
        select seq from audit where actor = ? and command in ({marks}) and at > ? and outcome = 'accepted'
        union select seq from audit where account = ? and command in ({marks}) and at > ? and outcome = 'accepted'
        union select min(click.seq) from audit as click join audit as checked on checked.key = ?
        where click.actor = ? and click.command in ({marks}) and click.at > ? and click.outcome = '{RECEIVED}'
        and click.seq < checked.seq and coalesce(click.request_id, click.key) <> coalesce(checked.request_id, '')
        and not exists (select 1 from audit as result where result.key = '{RESULT_OF}' || click.key)
        and {is_waiting} group by coalesce(click.request_id, click.key))"""  # noqa: S608
    clicks = [f"{RECEIVED_AS}{command}" for command in commands]
    return sql, (actor, *commands, moment, account, *commands, moment, before, actor, *clicks, moment)


def approved_before(click: str, actor: ChatId, account: PersonId, since: datetime) -> Statement:
    """Return the statement that lists the requests that a person approved shortly before a click, and its values.

    A row has `request_id`. A click that has no result yet counts as an approval; see `ports.audit_log`.

    :param click: the idempotency key of the click.
    """
    sql = """select request_id, min(seq) as first from (
            select click.request_id, click.seq from audit as click
            left join audit as result on result.key = ? || click.key
            where click.actor = ? and click.command = 'want_approve' and click.at > ?
            and click.outcome = 'received' and coalesce(result.outcome, 'accepted') = 'accepted'
            union all
            select request_id, seq from audit where account = ? and command = 'approve' and at > ?
            and outcome = 'accepted'
        ) as approved where request_id is not null and seq < (select seq from audit where key = ?)
        group by request_id order by first"""
    return sql, (RESULT_OF, actor, text_of(since), account, text_of(since), click)


Result = TypeVar("Result")


class Queries:
    """Runs statements. A value is marked with `?`; tables and columns are constants in the code, never input."""

    _dialect: Dialect

    async def _query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Return the rows of a statement that only reads."""
        raise NotImplementedError

    async def _write(self, sql: str, *values: object) -> None:
        """Run a statement in a transaction of its own."""
        raise NotImplementedError

    async def _page(
        self,
        adapter: TypeAdapter[Result],
        rows: ListQuery,
        limit: int,
        position: PagePosition,
        *,
        are_remembered: bool = False,
    ) -> Page[Result]:
        """Read one page of a list. An unreadable record is left out."""
        raise NotImplementedError


def marks_of(values: Sequence[object]) -> str:
    """Return a mark for each value."""
    return ", ".join("?" * len(values))

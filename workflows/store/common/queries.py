"""What the readers of records need of a database. Each kind of store implements it."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter

from workflows.ports.pages import Page, PagePosition
from workflows.store.common.dialect import Dialect
from workflows.store.common.lists import ListQuery

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

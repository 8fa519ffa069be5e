"""Tables of JSON rows in memory; every change is appended to a file."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class AppendOnlyTables:
    """Tables of JSON rows, in order of first writing.

    When `put` or `drop` returns, the operating system has the change: it survives SIGKILL, but not a power cut. At
    opening, the file is read and rewritten without replaced rows. An incomplete last line is ignored. Returned rows are
    the stored ones: read them, and `put` a new one to change them.
    """

    def __init__(self, path: Path, *, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._tables: dict[str, dict[str, Row]] = {}
        if path.exists():
            self._read(path)
        temporary = path.with_suffix(".new")
        with temporary.open("w", encoding="utf-8") as file:
            for table, rows in self._tables.items():
                file.writelines(_line(table, key, row) for key, row in rows.items())
        temporary.replace(path)
        self._file = path.open("a", encoding="utf-8")

    def rows(self, table: str) -> Mapping[str, Row]:
        """Return all rows of a table by key, oldest first."""
        return self._tables.get(table, {})

    def get(self, table: str, key: str) -> Row | None:
        """Return one row, or None."""
        return self._tables.get(table, {}).get(key)

    def put(self, table: str, key: str, row: Row) -> None:
        """Store a row; it replaces an older one with its key."""
        self._tables.setdefault(table, {})[key] = row
        self._append(_line(table, key, row))

    def drop(self, table: str, key: str) -> None:
        """Remove a row; nothing happens when there is none."""
        if self._tables.get(table, {}).pop(key, None) is not None:
            self._append(_line(table, key, None))

    def close(self) -> None:
        """Close the file; nothing can be written afterwards."""
        self._file.close()

    def _append(self, line: str) -> None:
        self._file.write(line)
        self._file.flush()
        self._on_change()

    def _read(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").split("\n"):
            try:
                table, key, row = json.loads(line)
            except ValueError:
                continue  # the last line, when its writing was interrupted, or the empty one after the last newline
            if row is None:
                self._tables.get(table, {}).pop(key, None)
            else:
                self._tables.setdefault(table, {})[key] = row


def _line(table: str, key: str, row: Row | None) -> str:
    return json.dumps([table, key, row], ensure_ascii=False, separators=(",", ":")) + "\n"

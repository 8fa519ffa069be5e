"""Where an export goes on: the cursor as a text, in a file, or the last whole line of the file that is appended to."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from workflows.core.audit.chain import BEGINNING, ChainPoint

_PATTERN: Final = re.compile(r"gatehouse-audit-cursor-1:(?P<seq>[0-9]{1,18}):(?P<mac>(?:[0-9a-f]{64})?)")
_BLOCK: Final = 64 * 1024


class WrongCursor(ValueError):
    """A text is no cursor, or a file has none."""


def cursor_text(point: ChainPoint) -> str:
    """Return a place in the chain as one word."""
    return f"gatehouse-audit-cursor-1:{point.seq}:{point.mac.hex()}"


def parse_cursor(text: str) -> ChainPoint:
    """Read a cursor.

    :raises WrongCursor: when it is none.
    """
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        raise WrongCursor("the text is no cursor; it begins with gatehouse-audit-cursor-1")
    return ChainPoint(int(found["seq"]), bytes.fromhex(found["mac"]))


def read_cursor(path: Path) -> ChainPoint:
    """Return the cursor in a file; the beginning of the log when there is no file.

    :raises WrongCursor: when the file has something else. It is never taken for the beginning.
    :raises OSError: when it cannot be read.
    """
    try:
        text = path.read_bytes().decode("ascii", "replace")
    except FileNotFoundError:
        return BEGINNING
    try:
        return parse_cursor(text)
    except WrongCursor:
        raise WrongCursor(f"{path} has no cursor; remove the file to begin at the first entry") from None


def write_cursor(path: Path, point: ChainPoint) -> None:
    """Store the cursor, so that after any kill the file has the old one or the new one.

    :raises OSError: when it cannot be written; the old one stays.
    """
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="ascii") as file:
        file.write(f"{cursor_text(point)}\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep a second export from the same cursor or output file.

    :raises OSError: when another export uses it.
    """
    with path.with_name(f"{path.name}.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"another export is using {path}") from None
        yield


def resume_output(file: IO[bytes]) -> ChainPoint:
    """Cut off a last line that is not whole, and return the place of the last whole one; the beginning without one.

    :param file: the file that is appended to, open to read and to write.
    :raises WrongCursor: when the last whole line is no entry. Nothing is cut off then.
    """
    end = _after_last_break(file, file.seek(0, os.SEEK_END))
    begin = _after_last_break(file, end - 1) if end else 0
    file.seek(begin)
    line = file.read(end - begin)
    point = BEGINNING
    if line:
        try:
            chain = json.loads(line)["unmapped"]
            point = ChainPoint(int(chain["seq"]), bytes.fromhex(chain["mac"] or ""))
        except (ValueError, KeyError, TypeError):
            raise WrongCursor("the output file does not end with an exported entry") from None
    elif file.read(1) not in (b"", b"{"):
        raise WrongCursor("the output file has something other than exported entries")
    file.truncate(end)
    file.seek(end)
    return point


def _after_last_break(file: IO[bytes], end: int) -> int:
    """Return the position after the last line break before a position; 0 when there is none."""
    while end > 0:
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0

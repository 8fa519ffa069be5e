"""Read a file that `gatehouse audit export` wrote, and verify that no byte of it was changed.

A boundary: a file from outside.
"""

import itertools
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.terminal.evidence.log_export.ocsf import ocsf_line
from workflows.core.audit.chain import BEGINNING, FIELDS, ChainedRow, ChainPoint, KeyRing
from workflows.core.audit.personal import PERSONAL

if TYPE_CHECKING:
    from workflows.core.audit.heads import Head
    from workflows.core.audit.verifying import ChainCheck


_AHEAD: Final = 1000
"""How many later rows are looked at to find one that was moved."""
_CHANGED: Final = "line"
"""A text that no signed entry has. It stands in the entry of a line that is not as it was written."""
_KEY_ID: Final = re.compile(rb'"key_id": ?"([0-9a-f]{8})"')
_MAC: Final = re.compile(rb'"mac": ?"([0-9a-f]{64})"')


def verify_exported(path: Path, keys: KeyRing, head: "Head | None") -> "ChainCheck":
    """Verify the rows of an exported file. A row in which anything was changed is not as it was signed.

    The signature before the first row is not in a file that does not begin with entry 1. So only the rows after it are
    verified then, and `unproven` of the result names it.

    :raises OSError: when the file cannot be read, or is empty.
    """
    from workflows.core.audit.verifying import ChainProblem, ChainProblemCode, verify, with_problems

    with path.open("rb") as lines:
        moved: list[int] = []
        rows = _in_order(_rows(lines), moved)
        first = next(rows, None)
        if first is None:
            raise OSError(f"{path} has no rows")
        if first.seq == BEGINNING.seq + 1:
            found = verify(itertools.chain((first,), rows), keys, head=head)
        else:
            found = verify(rows, keys, start=ChainPoint(first.seq, first.mac or b""), head=head)
            found = replace(found, count=found.count + 1, unproven=first.seq)
        return with_problems(found, (ChainProblem(ChainProblemCode.REORDERED, seq) for seq in moved))


def _in_order(rows: Iterator[ChainedRow], moved: list[int]) -> Iterator[ChainedRow]:
    """Put moved rows back to their places, so that each of them is one problem and the others are none.

    :param moved: gets the numbers of the moved rows.
    """
    ahead = deque(itertools.islice(rows, _AHEAD))
    held: dict[int, ChainedRow] = {}
    expected = min((row.seq for row in itertools.islice(ahead, 2)), default=0)
    while ahead or held:
        row = held.pop(expected, None) or _next_row(ahead, held, expected, moved)
        ahead.extend(itertools.islice(rows, _AHEAD - len(ahead)))
        expected = max(expected, row.seq + 1)
        yield row


def _next_row(ahead: deque[ChainedRow], held: dict[int, ChainedRow], expected: int, moved: list[int]) -> ChainedRow:
    """Return the row with the expected number where it is among the next ones, otherwise the next row.

    :param held: keeps the rows that stand too early, until their numbers are expected.
    """
    while ahead:
        first = ahead[0]
        is_late = first.seq > expected
        place = next((index for index, row in enumerate(ahead) if row.seq == expected), None) if is_late else None
        if place is None:
            return ahead.popleft()
        if ahead[1].seq == first.seq + 1:  # the next rows are in order: the expected one stands too late
            moved.append(expected)
            row = ahead[place]
            del ahead[place]
            return row
        moved.append(first.seq)
        held[first.seq] = ahead.popleft()
    return held.pop(min(held))


def _rows(lines: Iterable[bytes]) -> Iterator[ChainedRow]:
    """Read each line as an entry. One that is not exactly as it was written is no entry that was signed.

    It keeps its signature: the next row was signed after it.
    """
    before = ChainedRow(seq=BEGINNING.seq, entry=dict.fromkeys(FIELDS), key_id="", mac=b"")
    for line in lines:
        try:
            row, version = _row_of(json.loads(line))
            is_same = ocsf_line(row, version).encode() == line
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            mac, key_id = _MAC.search(line), _KEY_ID.search(line)
            known = bytes.fromhex(mac[1].decode()) if mac else b""
            row, is_same = replace(before, mac=known, key_id=key_id[1].decode() if key_id else ""), False
        if not is_same:
            number = row.seq if row.seq > before.seq else before.seq + 1
            changed = {**row.entry, _CHANGED: ""}
            row = ChainedRow(seq=number, entry=changed, key_id=before.key_id or row.key_id, mac=row.mac or b"")
        yield row
        before = row


def _row_of(event: dict[str, dict[str, object]]) -> tuple[ChainedRow, str]:
    """Return the entry of an event, and the version that wrote it.

    :raises ValueError, LookupError, TypeError, AttributeError: when it is no event of ours.
    """
    signed, product = event["unmapped"], event["metadata"]["product"]
    mac, entry, seq = signed["mac"], signed["entry"], signed["seq"]
    if not isinstance(entry, dict) or not isinstance(seq, int) or not isinstance(product, dict):
        raise TypeError("no event of an entry")
    records, key_id, salts = signed.get("records"), signed["key_id"], signed.get("salts")
    with_references = signed.get("signed")
    references = with_references[PERSONAL] if isinstance(with_references, dict) else None
    row = ChainedRow(
        seq=seq,
        entry={name: entry[name] for name in FIELDS},
        key_id=None if key_id is None else str(key_id),
        mac=None if mac is None else bytes.fromhex(str(mac)),
        references=None if references is None else str(references),
        salts=None if salts is None else str(salts),
        records=None if records is None else str(records),
    )
    return row, str(product["version"])

"""Read a file that `gatehouse audit export` wrote, and verify that no byte of it was changed.

A boundary: a file from outside.
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.terminal.evidence.log_export.ocsf import ocsf_line
from workflows.core.audit.chain import BEGINNING, FIELDS, ChainedRow, ChainPoint, KeyRing
from workflows.core.audit.personal import PERSONAL

if TYPE_CHECKING:
    from workflows.core.audit.heads import Head
    from workflows.core.audit.verifying import ChainCheck


def verify_exported(path: Path, keys: KeyRing, head: "Head | None") -> "ChainCheck":
    """Verify the rows of an exported file. A row in which anything was changed is not as it was signed.

    The signature before the first row is not in a file that does not begin with entry 1. So only the rows after it are
    verified then.

    :raises OSError: when the file cannot be read, or is empty.
    """
    from workflows.core.audit.verifying import verify

    with path.open("rb") as lines:
        rows = _rows(lines)
        first = next(rows, None)
        if first is None:
            raise OSError(f"{path} has no rows")
        if first.seq == BEGINNING.seq + 1:
            return verify(itertools.chain((first,), rows), keys, head=head)
        return verify(rows, keys, start=ChainPoint(first.seq, first.mac or b""), head=head)


def _rows(lines: Iterable[bytes]) -> Iterator[ChainedRow]:
    """Read each line as an entry. One that is not exactly as it was written gets no right signature."""
    before = ChainedRow(seq=BEGINNING.seq, entry=dict.fromkeys(FIELDS), key_id="", mac=b"")
    for line in lines:
        try:
            row, version = _row_of(json.loads(line))
            is_same = ocsf_line(row, version).encode() == line
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            row, is_same = before, False
        if not is_same:
            number = row.seq if row.seq > before.seq else before.seq + 1
            row = ChainedRow(seq=number, entry=row.entry, key_id=before.key_id or row.key_id, mac=b"")
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

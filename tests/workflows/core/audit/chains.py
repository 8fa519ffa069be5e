"""Chains for tests: signed rows as the store would have them, and what somebody may do to them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from workflows.core.audit.chain import BEGINNING, FIELDS, ChainedRow, ChainKey, KeyRing, sign

OLD: Final = ChainKey(bytes(range(32)))
NEW: Final = ChainKey(bytes(range(1, 33)))
RING: Final = KeyRing((OLD, NEW))


def entry(number: int, command: str = "approve") -> dict[str, str | None]:
    """An entry, which is different for each number."""
    texts = {name: f"{name} {number}" for name in FIELDS}
    return {**texts, "command": command, "tenant_id": None, "details": f'{{"n":{number}}}'}


def signed(
    entries: Sequence[dict[str, str | None]],
    key: ChainKey = OLD,
    *,
    first: int = 1,
    previous: bytes = BEGINNING.mac,
) -> list[ChainedRow]:
    """The rows of these entries."""
    rows: list[ChainedRow] = []
    for seq, one in enumerate(entries, first):
        previous = sign(previous, seq, one, key)
        rows.append(ChainedRow(seq=seq, entry=one, key_id=key.id, mac=previous))
    return rows


def chain(count: int, key: ChainKey = OLD) -> list[ChainedRow]:
    """A chain of so many entries."""
    return signed([entry(number) for number in range(1, count + 1)], key)


def renumbered(rows: Sequence[ChainedRow], first: int = 1) -> list[ChainedRow]:
    """The same rows with numbers without gaps, as somebody would write them who hides what was done."""
    return [replace(row, seq=seq) for seq, row in enumerate(rows, first)]
